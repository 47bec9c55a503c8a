#!/usr/bin/env bash
# aarch64.sh FILE.sned... - are the bytes of a packed network the same on x86-64 and on aarch64? Packs each file again in every
# format on both (aarch64 by qemu), and compares. Builds for aarch64 where the test of that name does.
set -u -o pipefail
cd "$(dirname "$0")/.." || exit 1
[ $# -gt 0 ] || { echo "usage: bench/aarch64.sh FILE.sned..." >&2; exit 2; }
for tool in aarch64-linux-gnu-gcc qemu-aarch64; do
    command -v $tool >/dev/null || { echo "$tool is missing: apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user" >&2; exit 1; }
done
[ -x build/bench/pack_again ] || { echo "build first: ./demo or ./check" >&2; exit 1; }
[ -f build/aarch64/build.ninja ] || meson setup build/aarch64 --cross-file scripts/aarch64.ini -Dlibrary_only=true >/dev/null || exit 1
ninja -C build/aarch64 tests/aarch64/pack_again >/dev/null || exit 1
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
build/bench/pack_again "$@" >"$made/x86-64.txt" && qemu-aarch64 build/aarch64/tests/aarch64/pack_again "$@" >"$made/aarch64.txt" || exit 1
diff "$made/x86-64.txt" "$made/aarch64.txt" || { echo "the machines differ (<: x86-64, >: aarch64)"; exit 1; }
cat "$made/x86-64.txt"
echo "x86-64 and aarch64 agree on all $(wc -l <"$made/x86-64.txt") files"
