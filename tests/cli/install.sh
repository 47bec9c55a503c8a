#!/usr/bin/env bash
# install.sh - what meson install puts in place, and that it works from there: the tool, the library and its header by
# way of pkg-config, the example that is built against them with one line of cc.
#   install.sh BUILD SANITIZERS, as of meson's b_sanitize
build=$(realpath "$1") sanitizers=$2
cd "$(dirname "$0")/../.." || exit 1
. tests/harness.sh
source=$PWD

succeeds "meson install" meson install -C "$build" --no-rebuild --destdir "$work/root"
prefix=$(find "$work/root" -name include -type d -printf '%h\n')
there() { holds "installs $1" test -s "$prefix/$1"; }
for file in bin/sned include/sned.h share/man/man1/sned.1 share/bash-completion/completions/sned share/doc/sned/LICENSE \
    share/doc/sned/README.md share/doc/sned/docs/format.md share/doc/sned/examples/classify.c; do
    there $file
done
for command in "$source"/src/cli/cmd_*.c; do
    command=${command##*cmd_}
    there "share/man/man1/sned-${command%.c}.1"
done
pc=$(find "$prefix" -name sned.pc)
libraries=$(dirname "$(find "$prefix" -name libsned.so)")
holds "installs sned.pc beside the libraries" test "$pc" = "$libraries/pkgconfig/sned.pc"
broken=$(grep -oE '\]\((docs/)?[a-z]+\.md' "$prefix/share/doc/sned/README.md" "$prefix"/share/doc/sned/docs/*.md | grep -v CONTRIBUTING |
    sed -E 's/^(.*)\/[^/]*:\]\((.*)/\1\/\2/' | while read -r link; do [ -e "$link" ] || echo "$link"; done)
holds "the documents that README refers to are there${broken:+: not $broken}" test -z "$broken"

# --- the library ---
# Sanitizers add names and libraries of their own.
if [ "$sanitizers" = none ]; then
    exported=$(objdump -T "$libraries/libsned.so" | awk '/\.text/ { print $NF, $(NF - 1) }' | sort)
    declared=$(sed -nE 's/^SNED_API .*[ *](sned_[a-z_]+)\(.*/\1 SNED_0/p' "$prefix/include/sned.h" | sort)
    holds "libsned.so exports what sned.h declares, no more, each with its version" test "$exported" = "$declared"
    foreign=$(readelf -d "$libraries/libsned.so" | sed -nE 's/.*NEEDED.*\[(.*)\]/\1/p' | grep -vE '^lib[cm]\.so' | tr '\n' ' ')
    strip -o "$work/stripped.so" "$libraries/libsned.so"
    holds "libsned.so, stripped, has 500,000 bytes at most" test "$(stat -c %s "$work/stripped.so")" -le 500000
    holds "libsned.so needs libc and libm alone${foreign:+, not $foreign}" test -z "$foreign"
else
    skip "libsned.so's names and needs" "sanitizers"
fi
unlike=$(nm --defined-only -g 2>/dev/null "$libraries/libsned.a" | awk 'NF == 3 { print $3 }' | grep -v '^_*sned_' | grep -vE '^(__odr_asan|_GLOBAL__)' | sort -u | tr '\n' ' ')
holds "libsned.a keeps to names that begin with sned_${unlike:+, not $unlike}" test -z "$unlike"

# --- the tool ---
export LD_LIBRARY_PATH=$libraries
cd "$work" || exit 1
sned=$prefix/bin/sned
succeeds "the installed tool says its version" "$sned" --version
holds "which is sned.pc's" test "$(cat "$work/out")" = "sned $(sed -n 's/^Version: //p' "$pc")"
succeeds "the installed tool makes a network" "$sned" new lenet300 -o gray.onnx
succeeds "and packs it" "$sned" pack gray.onnx -o gray.sned
succeeds "and one for colours" "$sned" new vgg8-cifar -o color.onnx
succeeds "and packs that" "$sned" pack color.onnx -o color.sned --calibration 2 --color BGR

# --- the example ---
# The staging folder stands before every path, as pkg-config knows; flags of the sanitizers where the library has them.
export PKG_CONFIG_PATH=$libraries/pkgconfig PKG_CONFIG_SYSROOT_DIR=$work/root
sanitize=""
[ "$sanitizers" = none ] || sanitize=-fsanitize=$sanitizers
line="cc $sanitize $source/examples/classify.c \$(pkg-config --cflags --libs sned) -o classify"
succeeds "classify.c is built by one line" bash -c "$line"
succeeds "and is C11 without a warning" bash -c "${line/cc /cc -std=c11 -pedantic -Wall -Wextra -Wconversion -Wshadow -Werror }"
if command -v c++ >/dev/null; then
    succeeds "sned.h is C++ as well" c++ -std=c++11 -pedantic -Wall -Wextra -Werror -fsyntax-only -x c++ "$prefix/include/sned.h"
else
    skip "sned.h as C++" "no C++ compiler"
fi
if [ "$sanitizers" = none ]; then
    succeeds "and by one line statically" bash -c "cc -static $source/examples/classify.c \$(pkg-config --static --cflags --libs sned) -o classify-static"
    holds "static is static" bash -c '! readelf -d classify-static | grep -q NEEDED'
else
    skip "a static classify" "sanitizers"
fi

{
    echo 'void readme(const uint8_t *pixels, float *scores); void readme(const uint8_t *pixels, float *scores) {'
    awk '/^```/ { block = $0 == "```c"; next } block' "$source/README.md" | grep -v '^#include'
    echo '}'
} >readme.c
succeeds "README's lines of C are C" bash -c "cc -Werror -Wall -c -include stdio.h -include sned.h readme.c \$(pkg-config --cflags sned)"
holds "and are there" grep -q sned_open readme.c

# --- a program that carries its network in itself: what it holds is the file, and opens ---
"$sned" export gray.sned --c-array -o "$work/my net.c" -q
cat >carried.c <<'C'
#include <sned.h>
#include <stdio.h>
#include <stdlib.h>
extern const unsigned char my_net_sned[];
extern const size_t my_net_sned_size;
int main(void)
{
    sned_model *model;
    sned_error error;
    if (sned_open_memory(&model, my_net_sned, my_net_sned_size, &error)) {
        fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    sned_close(model);
    return fwrite(my_net_sned, 1, my_net_sned_size, stdout) == my_net_sned_size ? 0 : 1;
}
C
succeeds "an exported array is C without a warning" bash -c "cc $sanitize -std=c11 -pedantic -Wall -Wextra -Werror carried.c 'my net.c' \$(pkg-config --cflags --libs sned) -o carried"
holds "a program that carries its network opens it, and it is the file" bash -c './carried | cmp - gray.sned'

# Pictures of noise, each as PNG for sned run and as PPM or PGM for classify.
python3 - <<'P'
import random, struct, zlib
def picture(name, width, height, channels, white=255, dark=()):
    random.seed(name)
    rows = [bytes(random.randrange(256) for _ in range(width * channels)) for _ in range(height)]
    rows = [bytes(v // 8 for v in row) if y in dark else row for y, row in enumerate(rows)]
    chunk = lambda kind, body: struct.pack('>I', len(body)) + kind + body + struct.pack('>I', zlib.crc32(kind + body))
    open(name + '.png', 'wb').write(b'\x89PNG\r\n\x1a\n' +
        chunk(b'IHDR', struct.pack('>IIBBBBB', width, height, 8, 0 if channels == 1 else 2, 0, 0, 0)) +
        chunk(b'IDAT', zlib.compress(b''.join(b'\0' + row for row in rows))) + chunk(b'IEND', b''))
    kind = b'P5' if channels == 1 else b'P6'
    open(name + '.ppm', 'wb').write(kind + b' # noise\n%d %d\n%d\n' % (width, height, white) + b''.join(rows))
picture('gray', 28, 28, 1)
picture('color', 32, 32, 3)
picture('high', 64, 128, 3)
picture('tall', 64, 128, 3, dark=range(32, 96))
# Each pixel of color four times over, in the middle of a wider black one: cropped and averaged it is color again.
small = open('color.ppm', 'rb').read()[-32 * 32 * 3:]
wide = b''
for y in range(64):
    row = small[y // 2 * 96:y // 2 * 96 + 96]
    wide += bytes(30) + b''.join(row[x * 3:x * 3 + 3] * 2 for x in range(32)) + bytes(30)
open('wide.ppm', 'wb').write(b'P6\n84 64\n255\n' + wide)
ramp = bytes(range(16)) * 49
open('dark.ppm', 'wb').write(b'P5\n28 28\n15\n' + ramp)
open('bright.ppm', 'wb').write(b'P5\n28 28\n255\n' + bytes(v * 17 for v in ramp))
P
# order_by_tool MODEL PNG, order_by_example MODEL PPM: the five best classes in their order.
order_by_tool() { "$sned" run "$1" "$2" --quiet | awk 'NR > 1 { print $3 }' | xargs; }
order_by_example() { ${program:-./classify} "$1" "$2" | awk 'NR > 1 { print $2 }' | xargs; }
agrees() { holds "$1" test "$(order_by_tool "$2" "$3" | wc -w)-$(order_by_tool "$2" "$3")" = "5-$(order_by_example "$2" "$4")"; }
agrees "a gray picture: classify's five are sned run's" gray.sned gray.png gray.ppm
agrees "a coloured picture, to a network of BGR" color.sned color.png color.ppm
agrees "a picture twice as large and wider" color.sned color.png wide.ppm
# Each way of resizing shows something else of them, and no two have the same order of classes for both.
for how in squash cover 64; do
    "$sned" pack color.onnx -o $how.sned --calibration 2 --resize $how -q
    agrees "a higher picture, resized as $how" $how.sned high.png high.ppm
    agrees "one with a dark middle, resized as $how" $how.sned tall.png tall.ppm
    echo "$(order_by_tool $how.sned high.png) $(order_by_tool $how.sned tall.png)" >>orders.txt
done
holds "the three ways differ" test "$(sort -u orders.txt | wc -l)" = 3
[ "$sanitizers" != none ] || program=./classify-static agrees "the static program too" color.sned color.png color.ppm
holds "a picture of 15 shades is one of 255" test "$(./classify gray.sned dark.ppm | tail -n 5)" = "$(./classify gray.sned bright.ppm | tail -n 5)"
succeeds "a coloured picture to a gray network" ./classify gray.sned color.ppm
succeeds "a gray picture to a coloured network" ./classify color.sned gray.ppm
succeeds "the picture in examples/" ./classify gray.sned "$source/examples/seven.pgm"

# --- what classify refuses, in one line ---
bad() { printf "$2" >bad.ppm; refuses "classify: $1" 1 "^bad.ppm: .*$3" ./classify gray.sned bad.ppm; }
bad "an empty file" '' 'not a binary'
bad "another kind of file" 'P3\n1 1\n255\n0 0 0' 'not a binary'
bad "a header without numbers" 'P5\n' header
bad "letters for a size" 'P5\nab 28\n255\n' header
bad "a size of nothing" 'P5\n0 28\n255\n' header
bad "a negative size" 'P5\n-28 28\n255\n' header
bad "a size beyond any integer" 'P5\n99999999999999999999 28\n255\n' header
bad "a comment without end" 'P5\n28 # 28' header
bad "more pixels than fit" 'P6\n65535 65535\n255\n' large
bad "pixels that are missing" 'P5\n28 28\n255\nxxx' 'ends before'
bad "two bytes a sample" 'P5\n28 28\n65535\n' shades
bad "no white at all" 'P5\n28 28\n0\n' header
refuses "classify: no picture" 1 'none.ppm: No such' ./classify gray.sned none.ppm
refuses "classify: no model" 1 'none.sned' ./classify none.sned gray.ppm
refuses "classify: a picture for a model" 1 'gray.ppm' ./classify gray.ppm gray.ppm
refuses "classify: wrong usage" 2 usage ./classify gray.sned
finish
