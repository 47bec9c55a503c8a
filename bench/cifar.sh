#!/usr/bin/env bash
# cifar.sh [NET...] - CIFAR-10 through the whole path: vgg8-cifar, trained here, and resnet20, trained by others. One seed:
# each run takes half an hour on two cores.
. "$(dirname "$0")/common.sh"
cifar=$data/data/cifar10
for net in ${*:-vgg8-cifar resnet20}; do
    trained=$work/$net-1.onnx
    [ $net != resnet20 ] || trained=$data/models/resnet20-cifar10/resnet20-cifar10.onnx
    if [ ! -f "$trained" ]; then
        # A long one-cycle, then a short second one from where it ended.
        first=$work/$net-first-1.onnx
        if [ ! -f "$first" ]; then
            $sned new $net -o "$work/$net-1-new.onnx" --seed 1 -q
            measured train-$net-first-1 $sned train "$work/$net-1-new.onnx" --data "$cifar" -o "$first" --seed 1 $(cat bench/recipes/train-$net-first.options) || exit 1
        fi
        measured train-$net-1 $sned train "$first" --data "$cifar" -o "$trained" --seed 1 $(cat bench/recipes/train-$net.options) || exit 1
    fi
    measured eval-$net $sned eval "$trained" --data "$cifar" || exit 1
    measured compress-$net-1 $sned compress "$trained" --data "$cifar" --recipe bench/recipes/$net.yaml -o "$work/$net-1.sned" --seed 1 || exit 1
    measured agree-$net $sned eval "$work/$net-1.sned" --data "$cifar" --against "$trained" || exit 1
done
