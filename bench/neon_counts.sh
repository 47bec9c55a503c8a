#!/usr/bin/env bash
# neon_counts.sh - instructions of the kernels for 64-bit ARM, and multiply instructions among them, for each product of a weight that
# is not 0: bench/results/neon-counts.json. Counted under qemu, which logs each block of code once with its instructions and then each
# time that it runs it. A count is no time: a processor takes one instruction a cycle or three, and waits for memory or does not.
. "$(dirname "$0")/common.sh"
for tool in aarch64-linux-gnu-gcc qemu-aarch64; do
    command -v $tool >/dev/null || { echo "$tool is missing: ./check installs it" >&2; exit 1; }
done
[ -f build/aarch64/build.ninja ] || meson setup build/aarch64 --cross-file scripts/aarch64.ini -Dlibrary_only=true >/dev/null || exit 1
ninja -C build/aarch64 tests/aarch64/neon_counts >/dev/null || exit 1
counted=build/aarch64/tests/aarch64/neon_counts
file=$results/neon-counts.json
[ ! -s $file ] || exit 0
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
mkfifo "$made/log"

# counts COLUMN ARGUMENT...: "products instructions multiplies" of neon_counts, between its two marks. The dot products are
# told by their bits: qemu has no name for them.
counts() {
    awk '/^Trace/ && !counting { if ($5 == "counted_begin") counting = 1; next }
        /^IN: /         { at = ""; next }
        /^0x/           { if (at == "") { at = substr($1, 3, length($1) - 3); all[at] = multiplies[at] = 0 }
                          all[at]++
                          if ($3 ~ /^[su]?(mull2?|mlal2?|mlsl2?|qdmulh|mul|mla|mls|madd|msub|maddl|msubl)$/ || $2 ~ /^[46]f[89ab].e|^[46]e[89].9[4-7]/) multiplies[at]++
                          next }
        /^Trace/        { split($4, part, "/"); pc = part[2]; sub(/^0+/, "", pc); pc = sprintf("%08s", pc); gsub(/ /, "0", pc)
                          if ($5 == "counted_end") counting = 0
                          else { sum += all[pc]; times += multiplies[pc] } }
        END             { print sum, times }' "$made/log" >"$made/counts" &
    SNED_CPU=$1 qemu-aarch64 -cpu max -d in_asm,exec,nochain -D "$made/log" $counted "${@:2}" >"$made/products" || return 1
    wait $!
    echo "$(cat "$made/products") $(cat "$made/counts")"
}

# row COLUMN WHAT SHARE ARGUMENT...: SHARE of the products are of weights that are not 0.
row() {
    local column=$1 what=$2 share=$3 numbers
    shift 3
    numbers=$(counts "$column" "$@") || { echo "failed: $column $*" >&2; exit 1; }
    read -r products instructions multiplies <<<"$numbers"
    jq -n --arg column "$column" --arg what "$what" --arg kernel "$1" --argjson products "$products" --argjson share "$share" \
        --argjson instructions "$instructions" --argjson multiplies "$multiplies" \
        '{$what, $kernel, $column, useful: ($products * $share), $instructions, $multiplies}'
    echo "$column, $1, $what" >&2
}

# Sums of a tile: pixels, filters at once, terms of a filter. Dense kernels do all terms, whatever is 0.
kernels() {
    local column=$1 filters=$2
    row $column "3 x 3, 256 channels, 13 x 13, density .35: taps" 1 add_taps 193 8 806
    row $column "the same: quads of one filter" 1 sparse 193 1 804
    row $column "the same in blocks 2x1: quads of two filters" 1 sparse 193 2 804
    row $column "the same in blocks 4x1: quads of four" 1 sparse 193 4 804
    row $column "the same, dense" 0.35 dense 193 "$filters" 2304
    row $column "3 x 3, 64 channels, 56 x 56, density 1" 1 dense 230 "$filters" 576
    row $column "1 x 1, 256 channels, 14 x 14, density 1" 1 dense 196 "$filters" 256
    row $column "3 x 3, 512 channels, 7 x 7, density 1" 1 dense 61 "$filters" 4608
    row $column "3 x 3 depthwise, 28 x 28" 1 sparse 838 1 12
    row $column "dot product of 4096" 1 dot 1 1 4096
    row $column "32 rows of 4096, all bytes" 1 dense_rows 1 32 4096
    row $column "the same, 10 % listed" 1 listed_rows 1 32 410
    numbers $column
}

# An instruction's share of a number.
numbers() {
    local column=$1
    row $column "of a number: end of a row of 196" 1 requantize 196 1 1
    row $column "of a number: sum of two rows of 784" 1 add 784 1 1
    row $column "of a number: look-up in a table, 784" 1 look_up 784 1 1
    row $column "of a number: from a real one, 784" 1 quantize 784 1 1
    row $column "of a number: LRN, 729 of 32 channels" 1 lrn 729 1 32
}

# Opening is not counted, and quick where weights are not coded.
networks() {
    local model=$data/models
    "$sned" new lenet5 -o "$made/lenet5.onnx" -q
    for path in "$made/lenet5.onnx" "$model/resnet20-cifar10/resnet20-cifar10.onnx"; do
        [ -f "$path" ] || { echo "$path is missing" >&2; continue; }
        "$sned" pack "$path" --calibration 1 --format dense8 -o "$made/net.sned" -q || exit 1
        for column in portable neon neon_dot; do
            row $column "$(basename "$path" .onnx), all of it" 1 network "$made/net.sned"
        done
    done
}

{ numbers portable; kernels neon 4; kernels neon_dot 8; networks; } |
    jq -s --arg machine "$(qemu-aarch64 --version | head -n 1)" --arg compiler "$(aarch64-linux-gnu-gcc --version | head -n 1)" \
        '{rows: ., command: "bench/neon_counts.sh", $compiler, $machine}' >"$made/all" && mv "$made/all" $file
