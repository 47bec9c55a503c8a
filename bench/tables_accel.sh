# tables_accel.sh - sourced by tables.sh: the accelerator. All of it is modelled or synthesised, none of it measured on a board.

accelerator_section() {
    local file=$results/accel-model.json
    [ -s "$file" ] || return 0
    echo "## The accelerator: cycle model"
    echo
    echo "A model on real masks (docs/accelerator.md), not a measurement: frames a second of a stream of single images at 200 MHz, an assumed clock, with DDR4-2400 x 64 at an assumed 80 % of its peak and 37 % of an FC layer's inputs not zero (assumed). \`issued\`: share of lane-cycles in which a lane multiplies. \`useful\`: multiplications with a weight that is not 0, of all that the DSPs could do."
    echo
    echo "| network | anchor | fps | latency, ms | issued, % | useful, % | wanted: fps, beyond |"
    echo "| --- | --- | --- | --- | --- | --- | --- |"
    jq -r '.rows[] | select(.values == "lanes=16") | .file as $f
        | {"alexnet-1000": ["AlexNet at .84 .38 .35 .37 .37 .09 .09 .25", "987 (structured sparse, ZCU102)", "1000, 1250"],
           "alexnet-1000-pairs": ["the same, masks shared by pairs (`--block 2x1`)", "987", "–, 1700"],
           "vgg16-1000": ["VGG-16 at Deep Compression'"'"'s densities", "97 (DPU, channel-pruned)", "65, 90"],
           "resnet50-1000": ["ResNet-50, all layers at .35", "271 (DPU, pruned)", "150, 270"],
           "squeezenet": ["SqueezeNet as it is", "–", "500, 900"]}[$f] as $w
        | "| \($w[0]) | \($w[1]) | \(.fps | round) | \(.latency_ms * 100 | round / 100) | \(.issued * 1000 | round / 10) | \(.useful * 1000 | round / 10) | \($w[2]) |"' "$file"
    echo
    echo "Other shapes of the machine, fps (the first line is the one chosen, zcu104: 16 lanes x 2 filters x 98 pixels, half-tiles of 256 rows, two collectors):"
    echo
    echo "| | AlexNet | AlexNet in pairs | VGG-16 | ResNet-50 | SqueezeNet |"
    echo "| --- | --- | --- | --- | --- | --- |"
    jq -r '.rows as $rows | [$rows[] | select(.file == "alexnet-1000") | .values][] as $v
        | "| \($v) | " + ([["alexnet-1000", "alexnet-1000-pairs", "vgg16-1000", "resnet50-1000", "squeezenet"][] as $f
        | [$rows[] | select(.file == $f and .values == $v) | .fps | round | tostring] | first // "not run"] | join(" | ")) + " |"' "$file"
    echo
    echo "\`bench/accel.sh\`"
    echo
    [ -s $results/area-sned_lane.md ] || return 0
    echo "### Area of a lane"
    echo
    echo "Yosys 0.70, synth_xilinx for xcup, no placement: \`fpga/area sned_lane 16\`. The rest (feeder, banks, collectors) is not in it; vector unit, FC engine and DMA are not built yet."
    echo
    cat $results/area-sned_lane.md
    echo
}
