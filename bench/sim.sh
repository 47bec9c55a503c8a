#!/usr/bin/env bash
# sim.sh - networks on the simulated accelerator, zcu104: one picture, and a stream of eight; and what the cycle model says of each
# layer. Needs the networks of accel.sh and models.sh, and sim/build zcu104 (six minutes). A quarter of an hour.
. "$(dirname "$0")/common.sh"
model=build/bench/accel_cycles
sim/build zcu104 ${SNED_SIM:+"$SNED_SIM"} || exit 1
pictures=$work/pictures
if [ ! -d "$pictures" ]; then
    mkdir -p "$pictures"
    tar xf "$data/data/imagenet/imagenet-calib-500.tar" -C "$pictures" $(tar tf "$data/data/imagenet/imagenet-calib-500.tar" | grep -i jpe | head -8) || exit 1
fi
one=$(ls "$pictures"/* | head -1)
for net in alexnet-1000 alexnet-1000-pairs squeezenet resnet50-1000 vgg16-1000; do
    [ -f "$work/$net.sned" ] || { echo "$net.sned is not there; left out" >&2; continue; }
    measured sim-$net-1 $sned sim "$work/$net.sned" "$one" --config zcu104 || exit 1
    [[ $net != alexnet* ]] || measured sim-$net-8 $sned sim "$work/$net.sned" "$pictures"/* --config zcu104 || exit 1
    $model "$work/$net.sned" zcu104 json >$results/sim-model-$net.json || exit 1
done
