#!/usr/bin/env bash
# accel.sh - the accelerator's cycle model on the networks of docs/results.md, and the alternatives that it was chosen from.
. "$(dirname "$0")/common.sh"
model=build/bench/accel_cycles
[ -x "$model" ] || { echo "build first: ./demo or ./check" >&2; exit 1; }

# made NAME NEW-OPTION...: a packed network of synthetic weights, kept for later runs.
made() {
    local name=$1
    shift
    [ ! -f "$work/$name.sned" ] || return 0
    $sned new "$@" --seed 1 -o "$work/$name-new.onnx" -q && $sned pack "$work/$name-new.onnx" --calibration 2 -o "$work/$name.sned" -q >/dev/null &&
        rm "$work/$name-new.onnx"
}
alexnet=.84,.38,.35,.37,.37,.09,.09,.25
vgg=.58,.22,.34,.36,.53,.24,.42,.32,.27,.34,.35,.29,.36,.04,.04,.23
made alexnet-1000 alexnet --densities $alexnet || exit 1
made alexnet-1000-pairs alexnet --densities $alexnet --block 2x1 || exit 1
made vgg16-1000 vgg16 --densities $vgg || exit 1
made resnet50-1000 resnet50 --densities "$(seq -s, 54 | sed 's/[0-9]*[0-9]/.35/g')" || exit 1
[ -f "$work/squeezenet.sned" ] || { echo "squeezenet.sned is made by bench/models.sh; left out" >&2; }

# The chosen configuration, and each of its neighbours.
for net in alexnet-1000 alexnet-1000-pairs vgg16-1000 resnet50-1000 squeezenet; do
    [ -f "$work/$net.sned" ] || continue
    for values in "lanes=16" "lanes=20 pixels=85" "lanes=16 pixels=104" "lanes=32 pixels=49" "lanes=12 pixels=128" "half=128" "half=512" "drain=4" "collectors=1"; do
        $model "$work/$net.sned" zcu104 json $values | jq -c --arg net $net --arg values "$values" '{file: $net, values: $values} + .'
    done
done | jq -s --arg command "build/bench/accel_cycles NET.sned zcu104 json lanes=16 ..." '{command: $command, rows: .}' >$results/accel-model.json
jq -r '.rows[] | [.file, .values, .fps, .latency_ms, .issued, .useful] | @tsv' $results/accel-model.json
