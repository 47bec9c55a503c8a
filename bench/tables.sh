#!/usr/bin/env bash
# tables.sh - docs/results.md and its charts from bench/results/*.json: every figure there comes through here.
. "$(dirname "$0")/common.sh"
. bench/tables_frontier.sh
. bench/tables_networks.sh
. bench/tables_speed.sh
. bench/tables_peers.sh
. bench/tables_accel.sh
. bench/tables_sim.sh
. bench/tables_neon.sh
out=docs/results.md
mkdir -p docs/charts

# spread EXPRESSION FILES...: "median (lowest to highest)" of a jq expression over runs.
spread() {
    local expression=$1
    shift
    ls "$@" >/dev/null 2>&1 || { echo "not run"; return; }
    jq -rs "[.[] | $expression] | sort | (if length % 2 == 1 then .[length / 2 | floor] else (.[length / 2 - 1] + .[length / 2]) / 2 end) as \$m
        | def n: (. * 100 | round / 100 | tostring); if length > 1 then \"\(\$m | n) (\(.[0] | n) to \(.[-1] | n))\" else \"\(\$m | n)\" end" "$@"
}
first() { jq -r "$1" "$2" 2>/dev/null || echo "not run"; }
runs() { ls "$@" 2>/dev/null | wc -l; }
command_of() { echo "\`$(first .command "$1")\`"; }

{
cat <<'T'
# Results

Made by `bench/tables.sh` from the runs that the scripts of bench/ left in bench/results/ (one JSON
file a run, with its command and machine). Spread is median (lowest to highest) over seeds. Accuracy is top-1 on the test split, which
no search was steered by (the one recipe that was written after seeing it is named). Bytes are the whole .sned file: weights, indices, biases, scales, graph, names, checksums; "before" is
every parameter as float32.
T
echo
echo "Machine: $(first .machine "$(ls $results/*.json | head -1)")."
echo
frontier_section
second_section
peers_size_section
ablation_section
echo "From here to the packed models of others: the method of the paper (\`method: paper\`) and the plain formats, measured before format 1.3; files of today are smaller."
echo
echo "## MNIST: the paper's method, made whole"
echo
echo "| network | runs | accuracy before | after | points lost | weights kept | fewer weights | bytes | smaller file | wanted |"
echo "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
for net in lenet300 lenet5; do
    files=$(ls $results/compress-$net-?.json)
    wanted="98.2 %, 13x, 28x, 0.1 lost"
    [ $net = lenet5 ] && wanted="99.0 %, 20x, 40x, 0.1 lost"
    echo "| $net | $(runs $files) | $(spread .top1_before $files) | $(spread .top1_after $files) | $(spread '.top1_before - .top1_after' $files) | $(spread .kept $files) of $(first .weights $results/compress-$net-1.json) | $(spread '.weights / .kept' $files)x | $(spread .bytes $files) | $(spread '.bytes_before / .bytes' $files)x | $wanted |"
done
echo
for net in lenet300 lenet5; do
    [ -s $results/train-$net-1.json ] && echo "$net: $(command_of $results/train-$net-1.json), then $(command_of $results/compress-$net-1.json); compression took $(spread '.seconds / 60' $results/compress-$net-?.json) minutes."
    echo
done
if ls $results/compress-lenet5search-?.json >/dev/null 2>&1; then
    files=$(ls $results/compress-lenet5search-?.json)
    echo "LeNet-5 searched instead for the smallest network within 0.1 point on the held-out images ($(command_of $results/compress-lenet5search-1.json); $(runs $files) seeds): $(spread '.weights / .kept' $files)x fewer weights, $(spread '.bytes_before / .bytes' $files)x smaller, $(spread '.top1_before - .top1_after' $files) points lost on the test images. The table's recipe, which keeps a fixed 4 %, was written after this was seen."
    echo
fi
for net in lenet300 lenet5; do
    echo "### $net, layer by layer (seed 1)"
    echo
    layer_table $results/compress-$net-1.json
    echo
done
echo "## Does the order matter? Equal kept weights, equal retraining"
echo
echo "The same share of weights is kept by each order, with the same number of retrainings of the same length. Reported as it came out. lenet300 was run with three seeds, the others with one. vgg8-cifar has two retrainings a layer of 0.06 epochs; with peak-pruning, which takes two of them, four of 0.03."
echo
echo "| network | kept | reversed | forward | joint | reversed + peak |"
echo "| --- | --- | --- | --- | --- | --- |"
for net in lenet300 lenet5 vgg8-cifar; do
    [ -s $results/order-$net-reversed-1.json ] || continue
    row="| $net | $(spread .kept $results/order-$net-*-?.json) "
    for order in reversed forward joint reversed-peak; do
        row="$row| $(spread .top1_after $results/order-$net-$order-?.json) "
    done
    echo "$row|"
done
echo
echo "![accuracy by order](charts/orders.svg)"
echo
echo "Command: $(command_of $results/order-lenet300-reversed-1.json), and the like."
echo
cifar_section
echo "## Other people's networks"
echo
echo "| network | data | float | stated | int8, calibrated, not retrained | points lost | agree | bytes before | bytes | command |"
echo "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
for row in "squeezenet|ImageNet val-a, 650 images|72.62" "mobilenetv2|ImageNet val-a, 650 images|78.31" "resnet20|CIFAR-10 test|91.73" "resnet56|CIFAR-10 test|93.39"; do
    [ -s $results/eval-${row%%|*}.json ] && [ -s $results/pack-${row%%|*}.json ] || continue
    IFS='|' read -r net set stated <<<"$row"
    agree=$results/agree-packed-$net.json
    after=$results/pack-$net.json key=.top1_after
    case $set in ImageNet*) after=$agree key=.top1 ;; esac # pack's own accuracy is that of the calibration images
    before=$(first .top1 $results/eval-$net.json)
    now=$(first $key $after)
    echo "| $net | $set | $(printf %.2f "$before") | $stated | $(printf %.2f "$now") | $(awk "BEGIN { printf \"%.2f\", $before - $now }") | $(first '.agreement * 100 | round / 100' $agree) | $(first .bytes_before $results/pack-$net.json) | $(first .bytes $results/pack-$net.json) | $(command_of $results/pack-$net.json) |"
done
echo
echo "Agree: images that the integer and the float network put in one class, in percent."
echo "The scales of ImageNet's networks come from the 500 calibration images, without labels; their accuracy is that of a file packed so on val-a."
echo
echo "One image, batch 1, one thread: SqueezeNet in integers $(spread .ms_median $results/bench-squeezenet-int8.json) ms, in float through oneDNN $(spread .ms_median $results/bench-squeezenet.json) ms ($(command_of $results/bench-squeezenet-int8.json))."
echo
pack_steps_section
distillation_section
alexnet_size_section
exports_section
defaults_section
same_section
training_section
steps_section
loading_section
peers_section
shares_section
micro_kernels_section
echo "## What a format costs"
echo
echo "The pruned, retrained networks of the first table (seed 1), every layer in one format; the last row lets each layer take its smallest."
echo
echo "| format | lenet300, bytes | lenet5, bytes |"
echo "| --- | --- | --- |"
for format in dense8 ccoo16 gap16; do
    echo "| $format | $(spread .bytes $results/format-lenet300-$format.json) | $(spread .bytes $results/format-lenet5-$format.json) |"
done
echo "| smallest by layer | $(first .bytes $results/compress-lenet300-1.json) | $(first .bytes $results/compress-lenet5-1.json) |"
echo
memory_section
neon_section
accelerator_section
simulated_section
} >$out.new && mv $out.new $out

# The chart: points lost against the float network, by order.
plot=$(mktemp)
for order in reversed forward joint reversed-peak; do
    row=$order
    for net in lenet300; do
        row="$row $(jq -s '[.[].top1_after] | sort | "\(.[length / 2 | floor]) \(.[0]) \(.[-1])"' -r $results/order-$net-$order-?.json)"
    done
    echo "$row"
done >"$plot"
gnuplot <<G
set terminal svg size 720,360 font "sans,12" background "white"
set output "docs/charts/orders.svg"
set ylabel "test accuracy, %"
set xrange [-0.5:3.5]
set key top right
set grid y
set title "Order of pruning at equal kept weights (median, range over seeds)"
plot "$plot" using 0:2:3:4:xtic(1) with yerrorbars pt 7 title "lenet300"
G
rm "$plot"
echo "$out: written" >&2
