# tables_sim.sh - sourced by tables.sh: networks on the simulated accelerator (bench/sim.sh).

# simulated NET NAME WANTED: a row.
simulated() {
    local one=$results/sim-$1-1.json stream=$results/sim-$1-stream.json
    [ -s "$one" ] && [ -s "$stream" ] || return 0
    jq -r --slurpfile stream "$stream" --arg name "$2" --arg wanted "$3" '$stream[0] as $s
        | ([.layers[] | select(.op == "Conv") | .cycles] | add) as $conv
        | "| \($name) | \($s.fps * 10 | round / 10) | \($s.images | length) | \(.latency_ms * 100 | round / 100) | \(.busy * 1000 | round / 10) | \(.cycles) | \($conv) | \(.ddr_bytes / 1e5 | round / 10) | \((.ddr_bytes * 0.24e-6 + .busy * $conv * 16 * 98 * 1.71e-9) * 100 | round / 100) | \(if .bit_exact and $s.bit_exact then "yes" else "NO" end) | \($wanted) |"' "$one"
}

# apart NET: the layers of one picture, one after the other, simulated and modelled.
apart() {
    [ -s "$results/sim-$1-whole.json" ] && [ -s "$results/sim-model-$1.json" ] || return 0
    jq -r --slurpfile model "$results/sim-model-$1.json" --arg net "$1" '
        def sums: group_by(.name) | map({(.[0].name): (map(.cycles) | add)}) | add;
        ([.layers[] | select(.cycles > 0 and .op != "Gemm")] | sums) as $rtl | ($model[0].layers | sums) as $m
        | [$rtl | to_entries[] | select($m[.key]) | ((.value - $m[.key]) / .value * 100) | if . < 0 then -. else . end] as $off
        | ([$rtl | to_entries[] | select($m[.key]) | .value] | add) as $all | ([$rtl | keys[] | $m[.] // 0] | add) as $all_model
        | "| \($net) | \($off | length) | \($all) | \($all_model) | \(($all - $all_model) / $all * 10000 | round / 100) | \($off | max * 100 | round / 100) |"' "$results/sim-$1-whole.json"
}

simulated_section() {
    [ -s $results/sim-alexnet-1000-1.json ] || return 0
    echo "## The accelerator, simulated"
    echo
    echo "The RTL in Verilator, the full zcu104 configuration, with a model of DDR (sim/ddr.h: 40 cycles of latency, 76.8 bytes a cycle, assumed); scores bit for bit those of golden model and C runtime. Frames a second are cycles at 200 MHz, an assumed clock: of a stream of single pictures, from the first one's load to the last one's scores. Latency: one picture alone. No board has run it. Energy of a picture is a model, of lanes and DDR alone, with the constants of M. Horowitz, \"Computing's energy problem\", ISSCC 2014 (45 nm): 0.24 nJ a byte of DRAM, 0.23 pJ an 8-bit multiply-add, 1.25 pJ a byte of small SRAM; a lower bound for an FPGA."
    echo
    echo "| network | fps | stream of | latency, ms | lanes issue, % | cycles of one picture | of these Conv | DDR, MB | energy, mJ | bit-exact | wanted: fps, beyond |"
    echo "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    simulated alexnet-1000 "AlexNet at .84 .38 .35 .37 .37 .09 .09 .25" "1000, 1250"
    simulated alexnet-1000-pairs "the same, masks shared by pairs" "–, 1700"
    simulated vgg16-1000 "VGG-16 at Deep Compression's densities" "65, 90"
    simulated resnet50-1000 "ResNet-50, all layers at .35" "150, 270"
    simulated squeezenet "SqueezeNet as it is" "500, 900"
    simulated alexnet-1 "AlexNet of 20 classes, trained and compressed here" "–"
    echo
    echo "Layers of lanes and vector unit, one after the other (\`--parts 1\`), simulated and by the cycle model (ResNet-50's strided Convs with the copies of their input; VGG-16's first layers in strips, where pools run beside the next strip's Convs even so and wait for the memory: that is the whole difference there, its Convs are within 0.02 %):"
    echo
    echo "| network | layers | simulated, cycles | model | apart, % | worst layer, % |"
    echo "| --- | --- | --- | --- | --- | --- |"
    local net
    for net in alexnet-1000 alexnet-1000-pairs vgg16-1000 resnet50-1000 squeezenet alexnet-1; do apart $net; done
    echo
    echo "\`bench/sim.sh\`"
    echo
}
