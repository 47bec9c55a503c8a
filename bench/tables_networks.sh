# tables_networks.sh - sourced by tables.sh: networks other than MNIST's. Each function prints one section, or says what was
# not run.

# compressed_row NAME FLOAT-ACCURACY WANTED: one network's row from compress-NAME-1.json and agree-NAME.json.
compressed_row() {
    local net=$1 wanted=$2 file=$results/compress-$1-1.json
    [ -s "$file" ] || return 0
    echo "| $net | $(jq -r '"\(.top1_before * 100 | round / 100) | \(.top1_after * 100 | round / 100) | \((.top1_before - .top1_after) * 100 | round / 100) | \(.kept) of \(.weights) | \(.weights / .kept * 100 | round / 100)x | \(.bytes) | \(.bytes_before / .bytes * 100 | round / 100)x"' "$file") | $(first '.agreement * 100 | round / 100' $results/agree-$net.json) | $wanted |"
}

layer_table() {
    echo "| layer | weights | kept | % | bits | format | bytes |"
    echo "| --- | --- | --- | --- | --- | --- | --- |"
    jq -r '.layers[] | "| \(.name) | \(.weights) | \(.kept) | \(.kept / .weights * 10000 | round / 100) | \(.bits) | \(.format) | \(.bytes) |"' "$1"
}

cifar_section() {
    echo "## CIFAR-10 and Tiny-ImageNet: the whole method"
    echo
    echo "One seed: a run takes half an hour on two cores. alexnet was cut by reversed-pruning, then peak-pruning, resnet20 by all layers jointly (bench/recipes). Agreement: test images that the compressed integer network and the float network it came from put in one class, in percent."
    echo
    echo "| network | accuracy before | after | points lost | weights kept | fewer weights | bytes | smaller file | agreement | wanted |"
    echo "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    compressed_row vgg8-cifar "87 %, 13x, 28x, 0.3 lost"
    compressed_row resnet20 "3x, 8x, 0.7 lost"
    compressed_row alexnet "13x"
    echo
    local net
    for net in vgg8-cifar alexnet; do
        [ ! -s $results/train-$net-1.json ] || echo "$net was trained by $([ ! -s $results/train-$net-first-1.json ] || echo "$(command_of $results/train-$net-first-1.json) ($(first '.top1 * 100 | round / 100' $results/train-$net-first-1.json) %), then ")$(command_of $results/train-$net-1.json): $(first '.top1 * 100 | round / 100' $results/train-$net-1.json) % of the test images."
    done
    for net in vgg8-cifar resnet20 alexnet; do
        [ ! -s $results/compress-$net-1.json ] || echo "$net: $(command_of $results/compress-$net-1.json), $(first '.seconds / 60 | round' $results/compress-$net-1.json) minutes."
    done
    for net in vgg8-cifar resnet20 alexnet; do
        [ -s $results/compress-$net-1.json ] || continue
        echo
        echo "### $net, layer by layer"
        echo
        layer_table $results/compress-$net-1.json
    done
    echo
}

distillation_section() {
    local file=$results/compress-squeezenet-distill.json
    [ -s "$file" ] || return 0
    echo "## Pruned without labels"
    echo
    echo "SqueezeNet cut to a quarter of its weights (a third of them were not zero to begin with) and retrained on the 500 calibration images alone, without their labels: the network as it was given is the teacher (docs/method.md)."
    echo
    echo "| | float | int8, not pruned | pruned to 25 %, int8 |"
    echo "| --- | --- | --- | --- |"
    echo "| val-a, top-1 | $(first '.top1 * 100 | round / 100' $results/eval-squeezenet.json) | $(first '.top1 * 100 | round / 100' $results/agree-packed-squeezenet.json) | $(first '.top1 * 100 | round / 100' $results/eval-squeezenet-distill.json) |"
    echo "| bytes | $(first .bytes_before $file) | $(first .bytes $results/pack-squeezenet.json) | $(first .bytes $file) |"
    echo
    echo "$(command_of $file), $(first '.seconds / 60 | round' $file) minutes."
    echo
}

pack_steps_section() {
    local file=$results/quantize-steps.json
    [ -s "$file" ] || return 0
    echo "## What each step of pack is worth"
    echo
    echo "SqueezeNet, $(first .images $file) calibration images: mean Kullback-Leibler divergence of the quantised network's classes from the float network's, simulated in float, in thousandths."
    echo
    echo "| | activations rounded | weights rounded | both |"
    echo "| --- | --- | --- | --- |"
    jq -r 'def k: . * 10000 | round / 10; .steps[] | "| \(.step) | \(.activations | k) | \(.weights | k) | \(.both | k) |"' "$file"
    echo
    echo "$(command_of $file)"
    echo
}

# second_row NET BYTES FLOAT-ACCURACY WANTED: a network packed to a number of bytes by second.sh.
second_row() {
    local file=$results/second-$1-$2.json accuracy
    [ -s "$file" ] || return 0
    accuracy=$(first .top1_after "$file")
    if [ -s "$results/eval-second-$1-$2.json" ]; then
        accuracy=$(first .top1 "$results/eval-second-$1-$2.json")
    elif [ "$(first .accuracy_on "$file")" != test ]; then
        return 0 # those are the images that it was packed with
    fi
    echo "| $1 | $(first .bytes "$file") | $(jq -n "$3 * 100 | round / 100") | $(jq -n "$accuracy * 100 | round / 100") | $(jq -n "($3 - $accuracy) * 100 | round / 100") | $(first '.estimated_drop * 100 | round / 100' "$file") | $4 | $(command_of "$file") |"
}

second_section() {
    local net bytes rows=($results/second-*.json)
    [ -s "${rows[0]}" ] || return 0
    echo "## Without labels and without retraining, at a given size"
    echo
    echo "\`sned pack --max-bytes\`: steps by Fisher's information, rounding that makes its errors good (docs/method.md); accuracy on CIFAR-10's test images, and on ImageNet's val-a. The estimate is by agreement on calibration images that set nothing; CIFAR-10's have trained the networks, which know them by heart."
    echo
    echo "| network | bytes | float | packed | points lost | estimated | wanted | command |"
    echo "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for net in resnet20 resnet56 squeezenet mobilenetv2; do
        [ -s $results/eval-$net.json ] || continue
        while read -r bytes wanted; do
            second_row $net $bytes "$(first .top1 $results/eval-$net.json)" "$wanted"
        done < <(grep "^$net " <<'END' | cut -d' ' -f2-
resnet20 90k 0.4 lost at a third of the int8 file
resnet20 80k 91.4 %
resnet20 70k beyond: 91.4 %
resnet56 285k 0.4 lost at a third of the int8 file
squeezenet 500k 0.7 lost
squeezenet 420k 1.5 lost
squeezenet 400k beyond: 1.0 lost
mobilenetv2 2.5M 1.0 lost
mobilenetv2 2M beyond: 1.0 lost
END
        )
    done
    echo
    [ ! -s $results/second-alexnet.json ] || echo "Layers of AlexNet's size, up to 4096 x 9216: $(first '.seconds | round' $results/second-alexnet.json) s and $(first '.peak_bytes / 1e6 | round' $results/second-alexnet.json) MB at the peak ($(command_of $results/second-alexnet.json))."
    echo
}

alexnet_size_section() {
    local file=$results/pack-alexnet-1000.json
    [ -s "$file" ] || return 0
    echo "## The full AlexNet's size"
    echo
    echo "1000 classes, synthetic weights at the densities .84 .38 .35 .37 .37 .09 .09 .25 (\`bench/alexnet.sh full\`): $(first .kept $file) of $(first .weights $file) weights, $(first '.bytes' $file) bytes of $(first .bytes_before $file), $(first '.bytes_before / .bytes * 10 | round / 10' $file)x smaller. Coded as files are by default; the paper's own 8.7 MB, in its two formats, are at 14x fewer weights, this is at $(first '.weights / .kept * 10 | round / 10' $file)x."
    echo
    layer_table $file
    echo
}

# What train reaches without options (bench/defaults.sh).
defaults_section() {
    local net files
    ls $results/train-defaults-*.json >/dev/null 2>&1 || return 0
    echo "## \`sned train\` without options"
    echo
    echo "New networks, the settings that docs/training.md says; accuracy on the test images. Minutes are of one run beside other work."
    echo
    echo "| network | seeds | test accuracy | minutes | command |"
    echo "| --- | --- | --- | --- | --- |"
    for net in lenet300 lenet5 vgg8-cifar; do
        files=$(ls $results/train-defaults-$net-?.json 2>/dev/null) || continue
        echo "| $net | $(runs $files) | $(spread .top1 $files) | $(spread '.seconds / 60' $files) | $(command_of "$(head -1 <<<"$files")") |"
    done
    echo
}

exporters_torch() { jq -r --arg exporter "$1" '[.exports[] | select(.exporter == $exporter).torch] | unique | join(", ")' $results/torch-exports.json; }

exports_section() {
    local file=$results/torch-exports.json
    [ -s "$file" ] || return 0
    echo "## Models as PyTorch exports them"
    echo
    echo "Random weights. dynamo is PyTorch's default exporter (torch.export; PyTorch $(exporters_torch dynamo), opsets 18 and 20, weights in a file beside the model); torchscript the older one (PyTorch $(exporters_torch torchscript), opsets 13 and 16, with and without constant folding, in eval mode and as in training). Differences are to PyTorch's own output, relative to its largest value. Agreement of int8 with float is on 100 pictures; random networks have close scores."
    echo
    echo "| model | exporter | exports | nodes read | largest difference | int8 agrees with float, % | bytes packed | compressed in 20 seconds |"
    echo "| --- | --- | --- | --- | --- | --- | --- | --- |"
    jq -r 'def joined(values): [values] | unique | if length == 0 then "–" else map(tostring) | join(", ") end;
        .exports | group_by([.model, .exporter])[] | "| \(.[0].model) | \(.[0].exporter) | \(length) | " + (if .[0].refused then "refused by name: \(.[0].refused | gsub("\\|"; " or ")) | – | – | – | – |"
            else "\(joined(.[].nodes)) | \([.[].difference] | max * 1e7 | round / 1e7) | \(joined(.[].agree_int8 | values)) | \(joined(.[].packed_bytes | values)) | \([.[].compress | values | "\(.kept) of \(.weights) weights, \(.bytes) bytes"] | if length == 0 then "–" else join("; ") end) |" end)' "$file"
    echo
    echo "dynamo: \`$(first .command $file) --exporter dynamo --no-compress\`. torchscript: the same script on a python3 with that PyTorch, in an earlier session."
    echo
}
