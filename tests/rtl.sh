#!/usr/bin/env bash
# rtl.sh BUILD - lint of all RTL over several parameter sets; every module that has a C twin against it, in Verilator.
cd "$(dirname "$0")/.." || exit 1
. tests/harness.sh
build=$(realpath "$1")
command -v verilator >/dev/null || { skip "rtl" "there is no verilator"; finish; }

packages=rtl/sned_pkg.sv
sources="$packages $(ls rtl/*/*.sv | tr '\n' ' ')"

lint() { verilator --lint-only -Wall -sv $sources --top-module "$@"; }
for set in "-GPixels=98 -GHalfRows=256 -GSlots=16" "-GPixels=32 -GHalfRows=256 -GSlots=8" "-GPixels=8 -GHalfRows=32 -GSlots=4" "-GPixels=10 -GHalfRows=64 -GSlots=4 -GGroup=4"; do
    holds "sned_lane $set: no lint" lint sned_lane $set
done

# simulate NAME MODULE PIXELS HALF_ROWS SLOTS GROUP: builds tests/rtl/NAME.cpp around the module and runs it.
simulate() {
    local folder=$build/rtl/$1-$3-$4-$5-$6
    mkdir -p "$folder"
    verilator --cc --exe --build -Wall -sv -O3 --top-module "$2" -GPixels=$3 -GHalfRows=$4 -GSlots=$5 -GGroup=$6 --Mdir "$folder" \
        -CFLAGS "-std=c++17 -O1 -I$PWD/src -I$PWD/include -DPIXELS=$3 -DHALF_ROWS=$4 -DSLOTS=$5 -DGROUP=$6" \
        -LDFLAGS "$build/src/accel/libsned-accel.a $build/libsned-core.a -lm -pthread" \
        $sources "$PWD/tests/rtl/$1.cpp" -o "$1" >"$folder/log" 2>&1 || { tail -20 "$folder/log"; return 1; }
    "$folder/$1"
}
holds "lanes of 8 pixels, like their C twin" simulate test_lane sned_lane 8 32 4 8
holds "lanes of 10 pixels in groups of 4" simulate test_lane sned_lane 10 64 8 4
finish
