#!/usr/bin/env bash
# defaults.sh [NET...] - what `sned train` reaches where no option says how (docs/training.md): lenet300 and lenet5 on MNIST, three
# seeds; vgg8-cifar on CIFAR-10 (half an hour on two quiet cores), one.
. "$(dirname "$0")/common.sh"
for net in ${*:-lenet300 lenet5 vgg8-cifar}; do
    images=$data/data/mnist seeds="1 2 3"
    [ $net != vgg8-cifar ] || { images=$data/data/cifar10 seeds=1; }
    for seed in $seeds; do
        $sned new $net -o "$work/$net-$seed-new.onnx" --seed "$seed" -q || exit 1
        measured train-defaults-$net-$seed $sned train "$work/$net-$seed-new.onnx" --data "$images" -o "$work/$net-$seed-defaults.onnx" --seed "$seed" || exit 1
    done
done
