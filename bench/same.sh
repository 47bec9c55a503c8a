#!/usr/bin/env bash
# same.sh BEFORE - what a rebuilding must leave as it was, against another checkout that is built (BEFORE, its folder): the
# bytes of what new, train, compress and pack make, the cycle model's tables, and the time of a run, round by round in turn.
# Writes bench/results/same.json and fails where a byte differs. Ten minutes.
before=$(realpath "${1:?usage: bench/same.sh BEFORE}")
. "$(dirname "$0")/common.sh"
[ -x "$before/build/src/cli/sned" ] || { echo "$before: not built" >&2; exit 1; }
sned=$(realpath "$sned") data=$(realpath "$data") here=$PWD rounds=${ROUNDS:-9}
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
mkdir "$made/before" "$made/now"
models=$data/models mnist=$data/data/mnist cifar=$data/data/cifar10 calibration=$data/data/imagenet/imagenet-calib-500.tar

tool_of() { if [ "$1" = now ]; then echo "$sned"; else echo "$before/build/src/cli/sned"; fi; }
shown() { sed "s|$data/|DATA/|g; s|$here/||g" <<<"$*"; }

# both FILE COMMAND...: the command with both tools, in a folder each; one row.
both() {
    local file=$1 side same=false
    shift
    for side in before now; do
        (cd "$made/$side" && "$(tool_of $side)" "$@" -o "$file" -q) || { echo "$file ($side): failed" >&2; return 1; }
    done
    ! cmp -s "$made/before/$file" "$made/now/$file" || same=true
    jq -n --arg what "$file" --arg command "sned $(shown "$@") -o $file" --argjson bytes "$(stat -c %s "$made/now/$file")" \
        --argjson same $same '{what: $what, command: $command, bytes: $bytes, same: $same}'
}

# modelled FILE CONFIG: the cycle model's table of both.
modelled() {
    local same=false
    "$before/build/bench/accel_cycles" "$made/before/$1" "$2" >"$made/before/table"
    build/bench/accel_cycles "$made/now/$1" "$2" >"$made/now/table"
    ! cmp -s "$made/before/table" "$made/now/table" || [ ! -s "$made/now/table" ] || same=true
    jq -n --arg what "$1 on $2" --argjson same $same '{what: $what, command: "build/bench/accel_cycles", same: $same}'
}

# timed FILE [VARIABLE=VALUE]: milliseconds of a run, both in turn; the median of the rounds' ratios.
timed() {
    local round
    for round in $(seq "$rounds"); do
        env "${2:-LC_ALL=C}" "$(tool_of before)" bench "$made/now/$1" --json | jq '{side: "before", ms: .ms_median}'
        env "${2:-LC_ALL=C}" "$(tool_of now)" bench "$made/now/$1" --json | jq '{side: "now", ms: .ms_median}'
    done | jq -s --arg what "$1${2:+, $2}" '
        def median: sort | .[length / 2 | floor];
        def of($side): map(select(.side == $side).ms);
        [of("now"), of("before")] as [$now, $before]
        | ([$now, $before] | transpose | map(.[0] / .[1])) as $ratios
        | {what: $what, before_ms: ($before | median), now_ms: ($now | median), ratio: ($ratios | median), least: ($ratios | min), most: ($ratios | max)}'
}

files() {
    both lenet300.onnx new lenet300 && both lenet5.onnx new lenet5 && both alexnet.onnx new alexnet --densities 0.3
    both lenet300-trained.onnx train lenet300.onnx --data "$mnist" --limit 3000 --epochs 1
    both lenet5-trained.onnx train lenet5.onnx --data "$mnist" --limit 3000 --epochs 1
    both lenet300-compressed.sned compress lenet300-trained.onnx --data "$mnist" --limit 3000 --recipe "$here/bench/same.yaml"
    both lenet5-compressed.sned compress lenet5-trained.onnx --data "$mnist" --limit 3000 --recipe "$here/bench/same.yaml"
    both lenet5.sned pack lenet5-trained.onnx --data "$mnist" --limit 500
    both mnist-8.sned pack "$models/mnist-8/mnist-8.onnx" --data "$mnist" --limit 500
    both resnet20.sned pack "$models/resnet20-cifar10/resnet20-cifar10.onnx" --data "$cifar" --limit 300
    both resnet56.sned pack "$models/resnet56-cifar10/resnet56-cifar10.onnx" --data "$cifar" --limit 100
    both squeezenet.sned pack "$models/squeezenet/squeezenet.onnx" --data "$calibration" --calibration 100 --limit 100
    both mobilenetv2.sned pack "$models/mobilenetv2/mobilenetv2.onnx" --data "$calibration" --calibration 50 --limit 50
    both alexnet.sned pack alexnet.onnx --seed 2
    for file in lenet5 resnet20 squeezenet alexnet; do modelled $file.sned zcu104; done
    for file in lenet5 resnet20; do modelled $file.sned ecp5; done
}
files | jq -s . >"$made/files.json" || exit 1
for file in lenet5 resnet20 squeezenet mobilenetv2 alexnet; do
    timed $file.sned
    timed $file.sned SNED_CPU=portable
done | jq -s . >"$made/times.json"
jq -n --slurpfile files "$made/files.json" --slurpfile times "$made/times.json" --arg machine "$(machine)" \
    --arg command "bench/same.sh $(git -C "$before" rev-parse --short HEAD)" \
    '{files: $files[0], times: $times[0], command: $command, machine: $machine}' >$results/same.json
jq -r '(.files[] | "\(.same)\t\(.what)"), (.times[] | "\(.before_ms) -> \(.now_ms) ms, \(.ratio) (\(.least) to \(.most))\t\(.what)")' $results/same.json
jq -e '.files | length > 15 and all(.same)' $results/same.json >/dev/null
