# tables_frontier.sh - sourced by tables.sh: the rows of bench/frontier.sh.

# frontier_row LABEL WANTED FILES...: one target, over seeds; what trains or what packs.
frontier_row() {
    local label=$1 wanted=$2 kept
    shift 2
    ls "$@" >/dev/null 2>&1 || return 0
    kept="$(spread .kept "$@") of $(first .weights "$1")"
    echo "| $label | $(runs "$@") | $(spread .bytes "$@") | $(spread '.bytes_before / .bytes' "$@")x | $kept | $(spread .top1_before "$@") | $(spread .top1_after "$@") | $(spread '.top1_before - .top1_after' "$@") | $(spread '.wall_seconds / 60' "$@") | $(spread '.peak_kilobytes / 1024 | round' "$@") | $wanted |"
}

frontier_head() {
    echo "| network, target | seeds | bytes, whole file | smaller | weights kept | accuracy before | after | points lost | minutes | MB | wanted |"
    echo "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
}

frontier_section() {
    ls $results/frontier-*.json >/dev/null 2>&1 || return 0
    local net target
    echo "## The frontier: bytes at an accuracy"
    echo
    echo "Whole files: graph, names, checksums and all; accuracy of the integer network on the test split, which steered nothing. Minutes and peak memory are of the whole command, on two cores beside other work. docs/method.md says what was published before."
    echo
    frontier_head
    for target in 4300 3800; do
        frontier_row "LeNet-300-100, $target bytes" "$([ $target = 4300 ] && echo '4,300 B at 98.60 %' || echo '3,800 B at 98.65 %')" $results/frontier-lenet300-$target-?.json
    done
    frontier_row "LeNet-300-100, 8500 bytes" "8,500 B at no loss" $results/frontier-lenet300-8500-?.json
    frontier_row "LeNet-5, 3000 bytes" "3,000 B at 99.20 %" $results/frontier-lenet5-3000-?.json
    frontier_row "LeNet-5, 2600 bytes" "2,600 B at 99.25 %" $results/frontier-lenet5-2600-?.json
    frontier_row "ResNet-20, 56 KB, 40 minutes" "56 KB at 91.1 %" $results/frontier-resnet20-56k-?.json
    frontier_row "vgg8-cifar, a hundredth, an hour" "1/100 at 0.3 lost" $results/frontier-vgg8-cifar-89k-?.json
    frontier_row "AlexNet, 20 classes, a sixtieth" "60x at 0.3 lost" $results/frontier-alexnet-3.79M-?.json
    frontier_row "AlexNet, 20 classes, a 150th" "beyond: 150x" $results/frontier-alexnet-1.52M-?.json
    frontier_row "AlexNet, 20 classes, method: paper" "28x at 0.5 lost" $results/frontier-alexnet-paper-?.json
    echo
    [ ! -s docs/charts/frontier-lenet5.svg ] || printf '%s\n\n' "![LeNet-5: bytes against error](charts/frontier-lenet5.svg)" "![LeNet-300-100: bytes against error](charts/frontier-lenet300.svg)"
    for net in lenet300-4300 lenet5-3000 resnet20-56k vgg8-cifar-89k alexnet-3.79M alexnet-1.52M alexnet-paper; do
        [ ! -s $results/frontier-$net-1.json ] || echo "- $(command_of $results/frontier-$net-1.json)"
    done
    echo
}

# What others make of the same (bench/peers_size.sh).
peers_size_section() {
    local name words file
    ls $results/peers-size-*.json >/dev/null 2>&1 || return 0
    echo "## The same integers by other coders, the same networks by other quantisers"
    echo
    echo "Bytes. NNCodec (ISO/IEC 15938-17) and xz -9e code the file's own integers, NNCodec without graph, scales and checksums, which sned's whole file has; ONNX Runtime and OpenVINO quantise the float network to 8 bits."
    echo
    echo "| network | weights kept | sned, whole file | NNCodec | xz, integers | xz, the plain .sned | ONNX Runtime int8 | OpenVINO int8 |"
    echo "| --- | --- | --- | --- | --- | --- | --- | --- |"
    while IFS=: read -r name words; do
        file=$results/peers-size-$name.json
        [ ! -s "$file" ] || jq -r --arg words "$words" '"| \($words) | \(.kept) | \(.sned_bytes) | \(.nncodec_bytes) | \(.xz_integers_bytes) | \(.xz_plain_bytes) | \(.onnxruntime_int8_bytes // "") | \(.openvino_int8_bytes // "") |"' "$file"
    done <<'T'
frontier-lenet300-3800-1:LeNet-300-100
frontier-lenet5-2600-1:LeNet-5
frontier-resnet20-56k-1:ResNet-20
resnet20-70k:ResNet-20, packed
resnet56-285k:ResNet-56, packed
frontier-vgg8-cifar-89k-1:vgg8-cifar
squeezenet-400k:SqueezeNet, packed
mobilenetv2-2M:MobileNetV2, packed
T
    echo
    echo "\`bench/peers_size.sh NETWORK.sned=MODEL.onnx ...\`, of the files that the rows above made."
    echo
}

# What each part of rate-aware training is worth (bench/ablation.sh).
ablation_section() {
    local variant name words files
    ls $results/ablation-lenet300-all-?.json >/dev/null 2>&1 || return 0
    echo "## What each part of rate-aware training is worth"
    echo
    echo "LeNet-300-100 to 5,000 bytes in ten epochs, one part changed at a time; error on the 5,000 held-out images, not the test images: it is what parts were chosen by."
    echo
    echo "| | seeds | error, % | bytes, whole file | weights kept |"
    echo "| --- | --- | --- | --- | --- |"
    while IFS=: read -r name words; do
        files=$(ls $results/ablation-lenet300-$name-?.json 2>/dev/null) || continue
        echo "| $words | $(runs $files) | $(spread .error $files) | $(spread .file $files) | $(spread .kept $files) |"
    done <<'T'
all:all of it
steps-fixed:steps of layers as at the start, not learned
sgd:SGD in place of Adam
no-shift:no shifts by a pixel
taught:half of the loss a teacher's
narrowed:narrowed to 60,000 weights first
epochs-20:20 epochs
epochs-30:30 epochs
T
    echo
    echo "$(command_of $results/ablation-lenet300-all-1.json)"
    echo
}
