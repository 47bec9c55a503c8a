#!/usr/bin/env bash
# sim.sh - networks on the simulated accelerator, zcu104: one picture; one with its layers one after the other, and what the cycle model says of them; a stream. Needs the
# networks of accel.sh, models.sh and alexnet.sh. Ten minutes for sim/build zcu104, then half an hour, two simulations at a time.
. "$(dirname "$0")/common.sh"
model=build/bench/accel_cycles
sim/build zcu104 ${SNED_SIM:+"$SNED_SIM"} || exit 1
pictures=$work/pictures-16
if [ ! -d "$pictures" ]; then
    mkdir -p "$pictures"
    tar xf "$data/data/imagenet/imagenet-calib-500.tar" -C "$pictures" $(tar tf "$data/data/imagenet/imagenet-calib-500.tar" | grep -i jpe | head -16) || exit 1
fi
one=$(ls "$pictures"/* | head -1)
# A stream's pictures: as many as make what comes before the first and after the last small, and minutes few.
declare -A length=([alexnet-1000]=16 [alexnet-1000-pairs]=16 [alexnet-1]=16 [squeezenet]=16 [resnet50-1000]=8 [vgg16-1000]=4)
simulate() {
    measured sim-$1-1 $sned sim "$work/$1.sned" "$one" --config zcu104 &&
        measured sim-$1-whole $sned sim "$work/$1.sned" "$one" --config zcu104 --parts 1 &&
        measured sim-$1-stream $sned sim "$work/$1.sned" $(ls "$pictures"/* | head -${length[$1]}) --config zcu104
}
for net in alexnet-1000 resnet50-1000 vgg16-1000 alexnet-1000-pairs squeezenet alexnet-1; do
    [ -f "$work/$net.sned" ] || { echo "$net.sned is not there; left out" >&2; continue; }
    [ "$(jobs -rp | wc -l)" -lt 2 ] || wait -n || exit 1
    simulate $net &
done
while [ -n "$(jobs -rp)" ]; do wait -n || exit 1; done
for net in "${!length[@]}"; do
    [ ! -f "$work/$net.sned" ] || $model "$work/$net.sned" zcu104 json >$results/sim-model-$net.json || exit 1
done
