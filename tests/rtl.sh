#!/usr/bin/env bash
# rtl.sh BUILD LAYERS_LIBRARY - lint of all RTL over several parameter sets; every module that has a C twin against it, in Verilator.
cd "$(dirname "$0")/.." || exit 1
. tests/harness.sh
build=$(realpath "$1") layers=$(realpath "$2")
command -v verilator >/dev/null || { skip "rtl" "there is no verilator"; finish; }

sources="rtl/waivers.vlt rtl/sned_pkg.sv $(ls rtl/*/*.sv | tr '\n' ' ')"

# simulate TEST MODULE NAME=VALUE...: builds tests/rtl/TEST.cpp around the module and runs it. A parameter has its name in
# Verilog, and in C++ the same in capitals; one that is in capitals to begin with is for C++ alone.
simulate() {
    local test=$1 module=$2 folder parameters="" defines="" pair name
    folder=$build/rtl/$(tr ' =' '--' <<<"$*")
    shift 2
    for pair; do
        name=${pair%%=*}
        [[ $name == [A-Z][A-Z]* ]] || parameters="$parameters -G$pair"
        defines="$defines -D$(sed 's/\([a-z]\)\([A-Z]\)/\1_\2/g' <<<"$name" | tr '[:lower:]' '[:upper:]')=${pair#*=}"
    done
    mkdir -p "$folder"
    rm -f "$folder/$test" "$folder/$test".[od] # make does not see that the C libraries or headers changed
    verilator --cc --exe --build -Wall -sv -O3 --top-module "$module" $parameters --Mdir "$folder" \
        -CFLAGS "-std=c++17 -O1 -I$PWD/src -I$PWD/include -I$PWD/tests $defines" \
        -LDFLAGS "$layers $build/src/accel/libsned-accel.a $build/libsned-core.a -lm -pthread" \
        $sources "$PWD/tests/rtl/$test.cpp" -o "$test" >"$folder/log" 2>&1 || { tail -n 20 "$folder/log"; return 1; }
    "$folder/$test"
}

lint() { verilator --lint-only -Wall -sv $sources --top-module "$@"; }
for module in $(basename -as .sv rtl/*/*.sv); do
    holds "$module: no lint" lint "$module"
done
small="-GLineBytes=4 -GLines=4096 -GTableRows=1024"
for set in "-GLanes=4 -GPixels=32 -GSlots=8 -GLineBytes=16" "-GLanes=2 -GPixels=8 -GHalfRows=32 -GSlots=4 $small" \
    "-GLanes=3 -GPixels=10 -GHalfRows=64 -GSlots=4 -GGroup=4 $small"; do
    holds "sned_array $set: no lint" lint sned_array $set
done

holds "lanes of 8 pixels, like their C twin" simulate test_lane sned_lane Pixels=8 HalfRows=32 Slots=4 Group=8
holds "lanes of 10 pixels in groups of 4" simulate test_lane sned_lane Pixels=10 HalfRows=64 Slots=8 Group=4
holds "scaling to 8 bits" simulate test_scale sned_scale
holds "an array of 2 lanes x 8 pixels" simulate test_array sned_array Lanes=2 Pixels=8 HalfRows=32 Slots=4 Group=8 LineBytes=4 Lines=65536 ADDRESS_BITS=18 LAYERS=60
holds "an array of 3 lanes x 13 pixels in groups of 4" simulate test_array sned_array Lanes=3 Pixels=13 HalfRows=64 Slots=8 Group=4 LineBytes=4 Lines=65536 ADDRESS_BITS=18 LAYERS=60
holds "a Conv from memory to memory: 2 lanes" simulate test_conv sned_conv Lanes=2 Columns=1 Pixels=8 HalfRows=32 Slots=4 Group=8 LineBytes=4 Lines=65536 TablePairs=64 ADDRESS_BITS=18 LAYERS=40
holds "a Conv from memory to memory: 4 lanes, two collectors" simulate test_conv sned_conv Lanes=4 Columns=2 Pixels=13 HalfRows=64 Slots=8 Group=4 LineBytes=8 Lines=32768 TablePairs=64 ADDRESS_BITS=18 LAYERS=40
holds "max pools, memory to memory" simulate test_max_pool sned_max_pool Pixels=16 AddressBits=18 ADDRESS_BITS=18 LAYERS=150
holds "LRN of a pixel" simulate test_lrn_pixel sned_lrn_pixel
finish
