#!/usr/bin/env bash
# format.sh - every C file is as clang-format would write it (.clang-format); skips where it is not installed.
cd "$(dirname "$0")/.." || exit 1
. tests/harness.sh
if command -v clang-format >/dev/null; then
    holds "every C file is formatted" clang-format --dry-run --Werror $(find src tests -name "*.[ch]" -not -path "tests/rtl/*") include/*.h fuzz/*.[ch] $(ls examples/*.c 2>/dev/null)
else
    skip "every C file is formatted" "clang-format"
fi
holds "no line ends in blanks" test -z "$(git grep -nIE '[[:blank:]]+$' -- '*.c' '*.h' '*.sh' '*.build' '*.md' 2>/dev/null | head -3)"
finish
