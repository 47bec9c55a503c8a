#!/usr/bin/env bash
# layers.sh - the shape of the source: a room includes only rooms above it, libsned only itself, files and rooms stay small,
# tags, guards and names are what they say. That no two files lean on each other: circles.sh.
cd "$(dirname "$0")/.." || exit 1
. tests/harness.sh

order=(base graph graph/operators graph/passes codec/coder codec runtime/micro runtime/micro/avx2 runtime/micro/avxvnni runtime/micro/avx512 runtime/micro/neon runtime/costs runtime runtime/conv runtime/rows runtime/hosted freestanding
    accel/program accel/golden accel/place accel/compiler accel/cycles accel/driver
    io/files io/pictures io/data io/sources io/onnx io/onnx/node io/onnx/operators io/onnx/import io/onnx/export
    zoo train/executor train/operators train compress/aim compress/quantize compress/second compress/prune compress/rate compress compress/search cli/terminal cli/options cli/common cli/steps cli/calibrate cli/contents cli/report cli)
declare -A place
for i in "${!order[@]}"; do place[${order[$i]}]=$i; done

for room in $(find src -name '*.[ch]' -printf '%h\n' | sort -u); do
    room=${room#src/}
    mine=${place[$room]:--1}
    holds "src/$room has a place in the order" test "$mine" -ge 0
    bad=""
    while IFS=: read -r file _ line; do
        [[ $line =~ \"([a-z_/0-9]+)/[^/]*\" ]] && theirs=${place[${BASH_REMATCH[1]}]:--1}
        [ "$theirs" -ge 0 ] && [ "$theirs" -le "$mine" ] || bad="$bad $file:${BASH_REMATCH[1]}"
    done < <(grep -nE '#include "[a-z]+/' "src/$room"/*.[ch] /dev/null)
    holds "src/$room includes only what stands above it${bad:+ ($bad)}" test -z "$bad"
    files=$(find "src/$room" -maxdepth 1 -type f | wc -l)
    holds "src/$room holds 30 files at most ($files)" test "$files" -le 30
done

foreign=$(grep -hoE '#include <[a-z_/0-9.]+>' src/{base,graph,graph/operators,graph/passes,codec,codec/coder,runtime,runtime/conv,runtime/rows,runtime/costs,runtime/hosted,runtime/micro,runtime/micro/avx2,runtime/micro/avxvnni,runtime/micro/avx512,runtime/micro/neon,freestanding}/*.[ch] include/*.h | sort -u |
    grep -vE '<(arm_neon|assert|cpuid|ctype|dirent|errno|fcntl|float|immintrin|inttypes|limits|math|pthread|sched|signal|stdalign|stdarg|stdatomic|stdbool|stddef|stdint|stdio|stdlib|string|time|unistd|sys/(auxv|mman|random|stat|types))\.h>' | tr '\n' ' ')
holds "libsned includes libc, libm and threads alone${foreign:+ ($foreign)}" test -z "$foreign"
# What a system gives, they ask by base/system.h and its like. Which functions of libc that leaves: tests/freestanding/cortex_m.sh.
hosted=$(grep -nE '#include (<(dirent|errno|fcntl|pthread|sched|signal|stdatomic|stdio|time|unistd|sys/(mman|random|stat|types))\.h>|"base/(file|random|report)\.h")' \
    src/{graph,graph/operators,graph/passes,codec,codec/coder,runtime,runtime/conv,runtime/rows,runtime/micro,runtime/micro/avx2,runtime/micro/avxvnni,runtime/micro/avx512,runtime/micro/neon,freestanding}/*.[ch] | grep -v '^src/runtime/share.c' | tr '\n' ' ')
holds "graph, codec and runtime need no system but in runtime/costs and runtime/hosted${hosted:+ ($hosted)}" test -z "$hosted"

long=$(find src include \( -name '*.c' -o -name '*.h' \) -exec awk 'END { if (NR > 500) print FILENAME }' {} \; | tr '\n' ' ')
holds "no source file is longer than 500 lines${long:+ ($long)}" test -z "$long"

long=$(find rtl -mindepth 2 -name '*.sv' -exec awk 'END { if (NR > 200) print FILENAME }' {} \; | tr '\n' ' ')
holds "no module of rtl is longer than 200 lines${long:+ ($long)}" test -z "$long"
misnamed=$(for file in rtl/*/*.sv; do grep -qE "^module $(basename "$file" .sv)\b" "$file" && [ "$(grep -c '^module ' "$file")" = 1 ] || echo "$file"; done | tr '\n' ' ')
holds "each file of rtl is the module of its name${misnamed:+ ($misnamed)}" test -z "$misnamed"

twice=$(grep -rhoE '^(struct|union|enum) [a-z_0-9]+ \{' src include | sort | uniq -d | sed 's/ {//' | tr '\n' ' ')
holds "no struct, union or enum of one tag is defined twice${twice:+ ($twice)}" test -z "$twice"

unguarded=$(find src -name '*.h' | while read -r file; do
    guard=SNED_$(sed -E 's|^src/||; s|[/.]|_|g' <<<"$file" | tr '[:lower:]' '[:upper:]')
    grep -q "^#ifndef $guard\$" "$file" || echo "$file"
done | tr '\n' ' ')
holds "every header is guarded by its path${unguarded:+ ($unguarded)}" test -z "$unguarded"

# In comments and pages, too: a name of a file is a promise that it is there. NAME and the like stand for any.
gone=$(grep -rIhoP '(?<![\w./-])(include|src|tests|rtl|sim|fuzz|fpga|bench|scripts|demo|examples|docs)/[\w/.-]+\.(c|h|cpp|sv|sh|py|md)\b' \
    ./*.md check docs include src tests rtl sim fuzz fpga bench scripts demo examples | grep -vE '[A-Z]{4}' | sort -u |
    while read -r path; do [ -e "$path" ] || [ -e "tests/$path" ] || echo "$path"; done | tr '\n' ' ')
holds "every file that is named is there${gone:+ ($gone)}" test -z "$gone"

silent=$(for file in $(find src -name "*.[ch]"); do head -2 "$file" | grep -qE "^ \* $(basename "$file") - " || echo "$file"; done | tr '\n' ' ')
holds "every source file opens with its name and what it is${silent:+ ($silent)}" test -z "$silent"
finish
