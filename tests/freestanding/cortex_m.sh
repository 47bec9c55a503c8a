#!/usr/bin/env bash
# cortex_m.sh LIBRARY SNED SCORES - the library where there is no system: what it asks of libc, examples/freestanding here and on a
# Cortex-M3 under qemu, and all test networks there, whose scores are those of this machine to the bit. LIBRARY is the freestanding
# build for this machine; skips by name what there is no compiler or emulator for.
library=$(realpath "$1") sned=$(realpath "$2") scores=$(realpath "$3")
. "$(dirname "$0")/../harness.sh"
top=$PWD example=$PWD/examples/freestanding
sources=$(cat src/freestanding/sources.txt)
flags="-std=gnu11 -Os -Wall -Wextra -Werror -Wno-unused-parameter -I$top/include -I$top/src -I$example -I$work"

# ---- what it asks for ----

# All of sned.h and sned_freestanding.h, linked with nothing: what is missing is what somebody has to bring along.
api=$(sed -nE 's/^(SNED_API )?[a-z].*[ *](sned_[a-z_]+)\(.*/\2/p' include/sned.h include/sned_freestanding.h | sort -u | grep -vxE 'sned_open(_with)?')
cc -nostdlib -nostartfiles -no-pie -Wl,--gc-sections -Wl,-e,sned_version $(printf ' -Wl,-u,%s' $api) "$library" -lgcc -o "$work/alone" 2>"$work/missing"
foreign=$(sed -nE "s/.*undefined reference to \`(.*)'/\1/p" "$work/missing" | sort -u |
    grep -vxE 'mem(chr|cmp|cpy|move|set)|str(cmp|len)|bsearch|qsort|exp|log|(floor|fmax|fmin)f' | tr '\n' ' ')
holds "it takes no more of libc than memory, strings, sorting and exp${foreign:+, not $foreign}" test -s "$work/missing" -a -z "$foreign"

strange=$(grep -noE '%[^"a-zA-Z %]*(hh|h|ll|l|z|j|t)?[a-zA-Z]' $(grep -v freestanding/ <<<"$sources") |
    grep -vE '%((\.[0-9]+|\.\*)?s|(ll|z)?[du]|g)$' | grep -E ':[0-9]+:%[-+#0-9.*a-zA-Z]+$' | tr '\n' ' ')
holds "texts are made with the conversions of src/freestanding/format.c${strange:+, not $strange}" test -z "$strange"

# ---- the example ----

# The picture as PNG, and its scores as bits.
python3 - <<'P' >"$work/seven.png"
import struct, sys, zlib
pixels = open('examples/seven.pgm', 'rb').read()[-784:]
chunk = lambda kind, body: struct.pack('>I', len(body)) + kind + body + struct.pack('>I', zlib.crc32(kind + body))
sys.stdout.buffer.write(b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', 28, 28, 8, 0, 0, 0, 0)) +
    chunk(b'IDAT', zlib.compress(b''.join(b'\0' + pixels[i:i + 28] for i in range(0, 784, 28)))) + chunk(b'IEND', b''))
P
succeeds "sned runs the example's network" "$sned" run "$example/lenet5.sned" "$work/seven.png" --raw "$work/scores.npy" -q
tail -c 40 "$work/scores.npy" | od -An -v -tx4 -w4 | tr -d ' ' >"$work/expected"
bits() { sed -nE 's/^[0-9]  .*  ([0-9a-f]{8})$/\1/p' "$1"; }
agrees() { holds "$1" diff "$work/expected" <(bits "$2"); }

here() {
    "$sned" export "$example/lenet5.sned" --c-array --format gap16 -o "$work/lenet5.c" -q
    make -s -C "$example" out="$work" "$work/picture.h"
    cc $flags -DMEMORY=200000 "$example"/{main,board_host}.c "$work/lenet5.c" "$library" -Wl,--gc-sections -lm -o "$work/here"
}
succeeds "the example is built for this machine" here
succeeds "it says what the digit is" "$work/here"
holds "a seven" grep -x "It is a 7" "$work/out"
cp "$work/out" "$work/here.out"
agrees "its scores are those of sned run, to the bit" "$work/here.out"

# ---- a Cortex-M3 ----

for tool in arm-none-eabi-gcc qemu-system-arm; do
    command -v $tool >/dev/null || { skip "a Cortex-M3" "no $tool: apt-get install gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm"; finish; }
done
# on_board PROGRAM: under qemu, in its time, which counts instructions.
on_board() { timeout 60 make -s -C "$example" out="$work/m3" program="$1" run; }

succeeds "the example is built for the board" make -s -j2 -C "$example" out="$work/m3" SNED="$sned" all
holds "no warning of a compiler or linker" test ! -s "$work/err"
succeeds "it says there what the digit is" on_board "$work/m3/lenet5.elf"
cp "$work/out" "$work/there.out"
agrees "its scores are those of sned run there, too" "$work/there.out"
holds "their digits are those of here" diff <(grep '^[0-9]' "$work/here.out") <(grep '^[0-9]' "$work/there.out")
grep -vE '^[0-9]' "$work/there.out"
make -s -C "$example" out="$work/m3" size

# Networks of every operator, and of every way to store weights.
networks=$(ls tests/vectors/*.sned tests/vectors/format1/*.sned fuzz/corpus/sned/*.sned fuzz/corpus/sned_content/*.sned "$example/lenet5.sned")
{
    echo 'extern const struct carried { const char *name; const unsigned char *begin, *end; } networks[];'
    i=0
    for file in $networks; do
        i=$((i + 1))
        echo "__asm__(\".section .rodata.networks\\nbegin$i: .incbin \\\"$(realpath "$file")\\\"\\nend$i:\\n.previous\");"
        echo "extern const unsigned char begin$i[], end$i[];"
    done
    echo 'const struct carried networks[] = {'
    i=0
    for file in $networks; do i=$((i + 1)); echo "{\"$file\", begin$i, end$i},"; done
    echo '{0}};'
} >"$work/networks.c"
cpu="-mcpu=cortex-m3 -mthumb"
all_networks() {
    arm-none-eabi-gcc $cpu $flags -ffunction-sections -DMEMORY=0x200000 tests/freestanding/scores.c "$work/networks.c" src/base/random.c \
        $(sed "s|^src/|$work/m3/|; s|\.c$|.o|" <<<"$sources") "$work/m3/board_mps2.o" -nostartfiles -T "$example/mps2.ld" \
        -Wl,--gc-sections -Wl,--defsym=FLASH_SIZE=4M -Wl,--defsym=RAM_SIZE=4M -lm -o "$work/networks.elf"
}
succeeds "a program with all test networks is built" all_networks
succeeds "it runs them" on_board "$work/networks.elf"
cp "$work/out" "$work/there"
"$scores" $networks | sed -nE 's/, class .*//p' >"$work/all"
holds "there are some" test "$(wc -l <"$work/all")" -ge 30
holds "their scores are those of this machine" diff "$work/all" "$work/there"
finish
