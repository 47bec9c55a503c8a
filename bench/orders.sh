#!/usr/bin/env bash
# orders.sh [SEED...] - reversed, forward, joint, reversed + peak at equal kept weights and equal retraining (docs/method.md).
# Needs the trained networks of mnist.sh.
. "$(dirname "$0")/common.sh"
mnist=$data/data/mnist
seeds=${*:-1 2 3}
for seed in $seeds; do
    for net in ${NETS:-lenet300}; do
        for order in reversed forward joint reversed-peak; do
            measured order-$net-$order-$seed $sned compress "$work/$net-$seed.onnx" --data "$mnist" --recipe bench/recipes/order-$net-$order.yaml \
                -o "$work/order-$net-$order-$seed.sned" --seed "$seed" || exit 1
        done
    done
done
