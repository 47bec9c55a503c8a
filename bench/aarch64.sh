#!/usr/bin/env bash
# aarch64.sh FILE.sned... - are the bytes of a packed network the same on x86-64 and on aarch64? Builds libsned for both,
# packs each file again in every format on both (aarch64 by qemu), and compares. Needs gcc-aarch64-linux-gnu,
# libc6-dev-arm64-cross and qemu-user, which nothing else here does.
set -u -o pipefail
cd "$(dirname "$0")/.." || exit 1
[ $# -gt 0 ] || { echo "usage: bench/aarch64.sh FILE.sned..." >&2; exit 2; }
for tool in aarch64-linux-gnu-gcc qemu-aarch64; do
    command -v $tool >/dev/null || { echo "$tool is missing: apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user" >&2; exit 1; }
done
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
cp "$(pkg-config --variable=includedir libxxhash)/xxhash.h" "$made" || exit 1

# build COMPILER OUTPUT: libc, libm and threads are all that libsned needs.
build() {
    "$1" -std=gnu11 -O2 -D_GNU_SOURCE -static -Iinclude -Isrc -I"$made" bench/pack_again.c \
        src/{base,graph,graph/operators,graph/passes,codec,codec/coder}/*.c -o "$2" -lm -lpthread
}
build gcc "$made/x86-64" && build aarch64-linux-gnu-gcc "$made/aarch64" || exit 1
"$made/x86-64" "$@" >"$made/x86-64.txt" && qemu-aarch64 "$made/aarch64" "$@" >"$made/aarch64.txt" || exit 1
diff "$made/x86-64.txt" "$made/aarch64.txt" || { echo "the machines differ (<: x86-64, >: aarch64)"; exit 1; }
cat "$made/x86-64.txt"
echo "x86-64 and aarch64 agree on all $(wc -l <"$made/x86-64.txt") files"
