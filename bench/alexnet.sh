#!/usr/bin/env bash
# alexnet.sh [full] - AlexNet: of 20 classes, trained on Tiny-ImageNet's pictures scaled to 227 x 227 for an hour on two
# cores and compressed 13x by the whole method (two hours in all); and with 1000 classes and synthetic weights, for the size
# of the full network, where the paper's 8.7 MB stand beside the entropy of its weights (a minute; `full` does this alone). Their files stay in $work: the accelerator is measured on them.
. "$(dirname "$0")/common.sh"
densities=.84,.38,.35,.37,.37,.09,.09,.25
if [ ! -f "$work/alexnet-1000.sned" ] || [ ! -s $results/pack-alexnet-1000.json ]; then
    $sned new alexnet --densities $densities --seed 1 -o "$work/alexnet-1000.onnx" -q || exit 1
    measured pack-alexnet-1000 $sned pack "$work/alexnet-1000.onnx" -o "$work/alexnet-1000.sned" || exit 1
fi
# Of 13 weights one, of 5 bits: a file that opens in 150 ms on one core.
if [ ! -s $results/laplace-alexnet-1000.json ]; then
    build/bench/laplace_network "$work/alexnet-1000.sned" "$work/alexnet-laplace.sned" 13 150 |
        jq --arg machine "$(machine)" '. + {command: "build/bench/laplace_network alexnet-1000.sned alexnet-laplace.sned 13 150", machine: $machine}' \
            >$results/laplace-alexnet-1000.json || exit 1
fi
if [ ! -s $results/memory-alexnet-1000.json ]; then
    build/bench/open_memory "$work/alexnet-laplace.sned" 1 |
        jq --arg machine "$(machine)" '. + {command: "build/bench/open_memory alexnet-laplace.sned 1", machine: $machine}' \
            >$results/memory-alexnet-1000.json || exit 1
fi
[ "${1:-}" != full ] || exit 0
images=$data/data/tiny-imagenet-20
if [ ! -f "$work/alexnet-1.onnx" ]; then
    $sned new alexnet --classes 20 --seed 1 -o "$work/alexnet-1-new.onnx" -q || exit 1
    measured train-alexnet-1 $sned train "$work/alexnet-1-new.onnx" --data "$images" -o "$work/alexnet-1.onnx" --seed 1 $(cat bench/recipes/train-alexnet.options) || exit 1
fi
measured eval-alexnet $sned eval "$work/alexnet-1.onnx" --data "$images" || exit 1
measured compress-alexnet-1 $sned compress "$work/alexnet-1.onnx" --data "$images" --recipe bench/recipes/alexnet.yaml -o "$work/alexnet-1.sned" --seed 1 || exit 1
measured agree-alexnet $sned eval "$work/alexnet-1.sned" --data "$images" --against "$work/alexnet-1.onnx" || exit 1
