#!/usr/bin/env bash
# frontier.sh [PART...] - how few bytes at which accuracy: one command a row, the whole file, test images that steered nothing.
# Parts: lenet300 lenet5 resnet20 (seeds 1 2 3) vgg8-cifar alexnet alexnet-150 (rate-aware) paper (AlexNet by method: paper). What is packed
# without retraining: second.sh. A part takes minutes (lenets) to two hours (alexnet) on two cores; time and memory are in its JSON.
. "$(dirname "$0")/common.sh"
mnist=$data/data/mnist cifar=$data/data/cifar10 tiny=$data/data/tiny-imagenet-20
models=$data/models
seeds=${SEEDS:-1 2 3}

# trained NET SEED DATA: $work/NET-SEED-defaults.onnx, trained by `sned train` without options where it is not there yet.
trained() {
    [ ! -f "$work/$1-$2-defaults.onnx" ] || return 0
    $sned new "$1" -o "$work/$1-$2-new.onnx" --seed "$2" -q &&
        measured train-defaults-$1-$2 $sned train "$work/$1-$2-new.onnx" --data "$3" -o "$work/$1-$2-defaults.onnx" --seed "$2"
}

# rate NAME SEED MODEL DATA OPTION...: a row of the rate-aware method.
rate() {
    local name=$1 seed=$2 model=$3 from=$4
    shift 4
    measured frontier-$name-$seed $sned compress "$model" --data "$from" -o "$work/frontier-$name-$seed.sned" --seed "$seed" "$@"
}

lenets() { # NET TARGET...
    local net=$1 seed target
    shift
    for seed in $seeds; do
        trained $net $seed "$mnist" || return 1
        for target; do
            rate $net-$target $seed "$work/$net-$seed-defaults.onnx" "$mnist" --max-bytes $target || return 1
        done
    done
}

# The whole AlexNet of 20 classes, as bench/alexnet.sh trains it.
alexnet_trained() { [ -f "$work/alexnet-1.onnx" ] || { echo "bench/alexnet.sh trains it first" >&2; return 1; }; }

part() {
    case $1 in
    lenet300) lenets lenet300 4300 3800 8500 ;;
    lenet5) lenets lenet5 3000 2600 ;;
    resnet20)
        local seed
        for seed in $seeds; do
            rate resnet20-56k $seed "$models/resnet20-cifar10/resnet20-cifar10.onnx" "$cifar" --max-bytes 56k --time-budget 20m --threads 1 || return 1
        done
        ;;
    vgg8-cifar) trained vgg8-cifar 1 "$cifar" && rate vgg8-cifar-89k 1 "$work/vgg8-cifar-1-defaults.onnx" "$cifar" --max-bytes 89k --time-budget 1h ;;
    alexnet) alexnet_trained && rate alexnet-3.79M 1 "$work/alexnet-1.onnx" "$tiny" --max-bytes 3.79M --time-budget 2h ;;
    alexnet-150) alexnet_trained && rate alexnet-1.52M 1 "$work/alexnet-1.onnx" "$tiny" --max-bytes 1.52M --time-budget 100m --threads 1 ;;
    paper) alexnet_trained && measured frontier-alexnet-paper-1 $sned compress "$work/alexnet-1.onnx" --data "$tiny" --recipe bench/recipes/alexnet-paper.yaml -o "$work/frontier-alexnet-paper-1.sned" --seed 1 --threads 1 ;;
    *) echo "frontier.sh: '$1' is no part" >&2; return 1 ;;
    esac
}

for name in ${*:-lenet300 lenet5 resnet20 vgg8-cifar alexnet paper}; do
    part $name || exit 1
done
