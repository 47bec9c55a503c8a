#!/usr/bin/env bash
# rtl.sh BUILD LAYERS_LIBRARY - lint of all RTL over several parameter sets; every module that has a C twin against it, in Verilator.
cd "$(dirname "$0")/.." || exit 1
. tests/harness.sh
build=$(realpath "$1") layers=$(realpath "$2")
command -v verilator >/dev/null || { skip "rtl" "there is no verilator"; finish; }

sources="rtl/waivers.vlt rtl/sned_pkg.sv $(ls rtl/*/*.sv | tr '\n' ' ')"

# simulate TEST MODULE NAME=VALUE...: builds tests/rtl/TEST.cpp around the module and runs it. A parameter has its name in
# Verilog, and in C++ the same in capitals; one that is in capitals to begin with is for C++ alone, a name (128'h...) for Verilog.
# $multipliers: what Verilator needs besides, for the multipliers of another device.
multipliers=""
simulate() {
    local test=$1 module=$2 folder parameters="" defines="" pair name
    folder=$build/rtl/$test-$(cksum <<<"$multipliers $*" | cut -d' ' -f1)
    shift 2
    for pair; do
        name=${pair%%=*}
        [[ $name == [A-Z][A-Z]* ]] || parameters="$parameters -G$pair"
        [[ $pair == *\'* ]] || defines="$defines -D$(sed 's/\([a-z]\)\([A-Z]\)/\1_\2/g' <<<"$name" | tr '[:lower:]' '[:upper:]')=${pair#*=}"
    done
    mkdir -p "$folder"
    rm -f "$folder/$test" "$folder/$test".[od] # make does not see that the C libraries or headers changed
    verilator --cc --exe --build --assert -DSNED_CHECK -Wall -sv -O3 --top-module "$module" $parameters --Mdir "$folder" \
        -CFLAGS "-std=c++17 -O1 -I$PWD/src -I$PWD/include -I$PWD -I$PWD/tests $defines" \
        -LDFLAGS "$layers $build/src/accel/libsned-accel.a $build/libsned-core.a -lcmocka -lm -pthread" \
        $multipliers $sources "$PWD/tests/rtl/$test.cpp" -o "$test" >"$folder/log" 2>&1 || { tail -n 20 "$folder/log"; return 1; }
    "$folder/$test"
}

lint() { verilator --lint-only -Wall -sv $sources --top-module "$@"; }
for module in $(basename -as .sv rtl/*/*.sv); do
    holds "$module: no lint" lint "$module"
done
small="-GAddressBits=14 -GTableRows=1024"
for set in "-GLanes=4 -GPixels=32 -GSlots=8" "-GLanes=2 -GPixels=8 -GHalfRows=32 -GSlots=4 $small" \
    "-GLanes=3 -GPixels=10 -GHalfRows=64 -GSlots=4 -GGroup=4 $small"; do
    holds "sned_array $set: no lint" lint sned_array $set
done

holds "lanes of 8 pixels, like their C twin" simulate test_lane sned_lane Pixels=8 HalfRows=32 Slots=4 Group=8
holds "lanes of 10 pixels in groups of 4" simulate test_lane sned_lane Pixels=10 HalfRows=64 Slots=8 Group=4
holds "the activation memory: 98 bytes from lines of 64" simulate test_memory sned_memory Width=98 LineBytes=64 Lines=512 PIXELS=98
holds "the activation memory: 16 bytes from lines of 8" simulate test_memory sned_memory Width=16 LineBytes=8 Lines=1024 PIXELS=16
holds "scaling to 8 bits" simulate test_scale sned_scale
multipliers="-DSNED_DSP48E2 -DSNED_CELL_MODELS -Wno-PINCONNECTEMPTY -Wno-UNUSEDSIGNAL fpga/xilinx_cells.sv"
holds "lanes of DSP48E2, by a model of that cell" simulate test_lane sned_lane Pixels=8 HalfRows=32 Slots=4 Group=8
holds "scaling in a DSP48E2, by a model of that cell" simulate test_scale sned_scale
multipliers="-DSNED_MULT18"
holds "lanes of multipliers of 18 bits" simulate test_lane sned_lane Pixels=8 HalfRows=32 Slots=4 Group=8
holds "scaling by multipliers of 18 bits" simulate test_scale sned_scale
holds "numbers of the vector unit, scaled by multipliers of 18 bits" simulate test_weigh sned_weigh Lanes=8 Multipliers=3
multipliers=""
holds "an array of 2 lanes x 8 pixels" simulate test_array sned_array Lanes=2 Pixels=8 HalfRows=32 Slots=4 Group=8 AddressBits=18 LAYERS=${RTL_LAYERS:-60}
holds "an array of 3 lanes x 13 pixels in groups of 4" simulate test_array sned_array Lanes=3 Pixels=13 HalfRows=64 Slots=8 Group=4 AddressBits=18 LAYERS=${RTL_LAYERS:-60}
holds "a Conv from memory to memory: 2 lanes" simulate test_conv sned_conv Lanes=2 Columns=1 Pixels=8 HalfRows=32 Slots=4 Group=8 AddressBits=18 TablePairs=64 LAYERS=${RTL_LAYERS:-40}
holds "a Conv from memory to memory: 4 lanes, two collectors" simulate test_conv sned_conv Lanes=4 Columns=2 Pixels=13 HalfRows=64 Slots=8 Group=4 AddressBits=18 TablePairs=64 LAYERS=${RTL_LAYERS:-40}
holds "LRN of a pixel" simulate test_lrn_pixel sned_lrn_pixel
holds "AXI reads" simulate test_axi_read sned_axi_read BurstBeats=16 TagBits=8 SEEDS=200 RATE=95
holds "AXI reads: two bursts of 4, a FIFO of 8" simulate test_axi_read sned_axi_read BurstBeats=4 Outstanding=2 FifoBeats=8 TagBits=3 SEEDS=200 RATE=0
holds "AXI writes" simulate test_axi_write sned_axi_write BurstBeats=16 SEEDS=200 RATE=95
holds "AXI writes: two bursts of 64" simulate test_axi_write sned_axi_write BurstBeats=64 Outstanding=2 FifoBeats=2 SEEDS=100 RATE=0
holds "AXI4-Lite to registers" simulate test_axi_lite sned_axi_lite ReadLatency=3 SEEDS=2000
holds "AXI4-Lite to registers of latency 1" simulate test_axi_lite sned_axi_lite ReadLatency=1 SEEDS=2000
holds "numbers of the vector unit, scaled" simulate test_weigh sned_weigh Lanes=8 Multipliers=3
holds "pools, averages, sums and LRN in any order: 4 lanes" simulate test_vector sned_vector Pixels=16 Multipliers=4 LrnLanes=4 AddLanes=4 AddressBits=18 LAYERS=400
holds "pools, averages, sums and LRN in any order: 16 lanes, 5 of them LRN, sums in 21" simulate test_vector sned_vector Pixels=24 Multipliers=16 LrnLanes=5 AddLanes=21 AddressBits=18 LAYERS=400
holds "FC: a port of 4 lanes" simulate test_fc sned_fc Ports=1 Lanes=4 Rows=64 Pixels=8 AddressBits=18 LAYERS=200 TIMED=32
holds "FC: 2 ports of 16 lanes, busy in 90 % of the cycles" simulate test_fc sned_fc Ports=2 Lanes=16 Rows=64 Pixels=20 AddressBits=18 LAYERS=200 TIMED=256
holds "the whole accelerator behind its driver, with what may go wrong" simulate test_top sned_top $("$build/sim/sned-parameters" ci) LimitBits=16 NETWORKS=40 FLIPS=100

# A campaign, by hand: RTL_SETS random sets of parameters, the same each time, and RTL_LAYERS random layers on each. On small
# layers that wait for an odd number of lanes' collector the cycle model is up to 4 % too slow.
RANDOM=104
for ((set = 1; set <= ${RTL_SETS:-0}; set++)); do
    columns=$((1 + RANDOM % 2))
    parameters="Lanes=$((columns * (1 + RANDOM % 3))) Columns=$columns Pixels=$((6 + RANDOM % 19)) HalfRows=$((32 << RANDOM % 3))"
    parameters="$parameters Slots=$((4 << RANDOM % 3)) Group=$((4 << RANDOM % 2))"
    holds "set $set of the campaign: $parameters" simulate test_conv sned_conv $parameters AddressBits=18 TablePairs=64 \
        FIRST=$((set * 100000)) APART=3 LAYERS=${RTL_LAYERS:-100}
done
finish
