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
    area_section
    ecp5_section
}

area_section() {
    local file=$results/area-zcu104.json
    [ -s "$file" ] || return 0
    echo "### Area on the ZCU104"
    echo
    echo "Yosys 0.70, synth_xilinx for xcup, no placement, and so no clock: \`$(first .command "$file")\`. One of each kind of module is synthesised and counted as often as it comes; nothing is optimised across the modules of the table. Wanted: at most 85 % of LUTs and BRAM. $(jq -r '(if .fits then "It fits." else "It does not fit yet." end)' "$file")"
    echo
    echo "| module | count | LUT | of it RAM | FF | DSP48E2 | BRAM36 | URAM |"
    echo "| --- | --- | --- | --- | --- | --- | --- | --- |"
    jq -r 'def row: "\(.LUT) | \(.LUTRAM) | \(.FF) | \(.DSP48E2) | \(.BRAM36) | \(.URAM) |";
        (.rows[] | .count as $n | "| \(if .module == "sned_top" or .module == "sned_fc" then .module + ", the rest" else .module end) | \($n) | " + (.each | map_values(. * $n) | row)),
        "| in all | | " + (.total | row), "| XCZU7EV | | " + (.available | row), "| % | | " + (.percent | row)' "$file"
    echo
}

ecp5_section() {
    local file=$results/ecp5.json
    [ -s "$file" ] || return 0
    echo "### ecp5, placed and routed"
    echo
    jq -r '"Yosys and nextpnr-ecp5 for an \(.device), behind a harness of four pins (fpga/ecp5_top.sv): not a design for a board. `\(.command)`: **\(.mhz) MHz** by nextpnr (\(.needed_mhz) wanted, beyond 100); the slowest path, \(.slowest_path.ns) ns of which \(.slowest_path.routing_ns) in wires, is from `\(.slowest_path.from)` to `\(.slowest_path.to)`."' "$file"
    echo
    echo "| | used | LFE5U-85F | % |"
    echo "| --- | --- | --- | --- |"
    jq -r '.used[] | "| \(.resource) | \(.used) | \(.available) | \(.used * 1000 / .available | round / 10) |"' "$file"
    echo
}
