#!/usr/bin/env bash
# orders.sh [SEED...] - reversed, forward, joint, reversed + peak at equal kept weights and equal retraining (docs/method.md).
# Needs the trained networks of mnist.sh; NETS=vgg8-cifar that of cifar.sh.
. "$(dirname "$0")/common.sh"
declare -A set_of=([vgg8-cifar]=cifar10) # the others: mnist
seeds=${*:-1 2 3}
for seed in $seeds; do
    for net in ${NETS:-lenet300}; do
        for order in reversed forward joint reversed-peak; do
            measured order-$net-$order-$seed $sned compress "$work/$net-$seed.onnx" --data "$data/data/${set_of[$net]:-mnist}" --recipe bench/recipes/order-$net-$order.yaml \
                -o "$work/order-$net-$order-$seed.sned" --seed "$seed" || exit 1
        done
    done
done
