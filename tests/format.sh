#!/usr/bin/env bash
# format.sh - every C file is as clang-format would write it (.clang-format); skips where it is not installed.
cd "$(dirname "$0")/.." || exit 1
. tests/harness.sh
if command -v clang-format >/dev/null; then
    holds "every C file is formatted" clang-format --dry-run --Werror $(find src tests -name "*.[ch]" -not -path "tests/rtl/*") include/*.h fuzz/*.[ch] $(ls examples/*.c 2>/dev/null)
else
    skip "every C file is formatted" "clang-format"
fi
long=$(find src tests include fuzz -name '*.[ch]' -not -path 'tests/rtl/*' | xargs awk 'length($0) > 110 { print FILENAME ":" FNR }' | head -3 | tr '\n' ' ')
holds "no line of C is longer than 110 columns, comments included${long:+ ($long)}" test -z "$long"
# sim/ and tests/rtl include C headers as C++, and clang-format takes a C header for C++.
keywords='class|new|delete|operator|template|this|namespace|private|public|protected|virtual|typename|friend|using|try|catch|throw'
foreign=$(find src include -name '*.[ch]' | xargs sed -E 's|/\*.*||; s|^ \*.*||; s|"([^"\\]\|\\.)*"||g; /^#/d' | grep -oE "[a-z_]+ \*?($keywords)( ?[=;,)]|\[)" | sort -u | tr '\n' ' ')
holds "nothing of C is called by a keyword of C++${foreign:+ ($foreign)}" test -z "$foreign"
holds "no line ends in blanks" test -z "$(git grep -nIE '[[:blank:]]+$' -- '*.c' '*.h' '*.sh' '*.build' '*.md' 2>/dev/null | head -3)"
finish
