#!/usr/bin/env bash
# mnist.sh [SEED...] - LeNet-300-100 and LeNet-5 on MNIST through the whole path, by default for seeds 1 2 3.
. "$(dirname "$0")/common.sh"
mnist=$data/data/mnist
seeds=${*:-1 2 3}
for seed in $seeds; do
    for net in lenet300 lenet5; do
        trained=$work/$net-$seed.onnx
        if [ ! -f "$trained" ]; then
            $sned new $net -o "$work/$net-$seed-new.onnx" --seed "$seed" -q
            measured train-$net-$seed $sned train "$work/$net-$seed-new.onnx" --data "$mnist" -o "$trained" --seed "$seed" $(cat bench/recipes/train-$net.options) || exit 1
        fi
        measured eval-$net-$seed $sned eval "$trained" --data "$mnist" || exit 1
        measured compress-$net-$seed $sned compress "$trained" --data "$mnist" --recipe bench/recipes/$net.yaml -o "$work/$net-$seed.sned" --seed "$seed" || exit 1
        for format in dense8 ccoo16 gap16; do
            [ "$net-$format" != lenet300-ccoo16 ] || continue
            [ $seed = 1 ] || continue
            $sned export "$work/$net-$seed.sned" -o "$work/$net-$seed-export.onnx" -q &&
                measured format-$net-$format $sned pack "$work/$net-$seed-export.onnx" --format $format -o "$work/$net-$format.sned"
        done
    done
done
