#!/usr/bin/env bash
# models.sh - trained networks of others: float accuracy, and after quantisation from calibration images alone.
. "$(dirname "$0")/common.sh"
imagenet=$data/data/imagenet
models=$data/models
for net in squeezenet mobilenetv2; do
    measured eval-$net $sned eval "$models/$net/$net.onnx" --data "$imagenet/imagenet-val-a.tar" || exit 1
    measured pack-$net $sned pack "$models/$net/$net.onnx" --data "$imagenet/imagenet-calib-500.tar" -o "$work/$net.sned" || exit 1
    measured agree-packed-$net $sned eval "$work/$net.sned" --data "$imagenet/imagenet-val-a.tar" --against "$models/$net/$net.onnx" || exit 1
done
if [ ! -s $results/quantize-steps.json ]; then
    build/bench/quantize_steps "$models/squeezenet/squeezenet.onnx" "$imagenet/imagenet-calib-500.tar" 300 |
        jq --arg machine "$(machine)" '. + {command: "build/bench/quantize_steps squeezenet.onnx imagenet-calib-500.tar 300", machine: $machine}' >$results/quantize-steps.json.new &&
        mv $results/quantize-steps.json.new $results/quantize-steps.json || exit 1
fi
measured compress-squeezenet-distill $sned compress "$models/squeezenet/squeezenet.onnx" --data "$imagenet/imagenet-calib-500.tar" --recipe bench/recipes/squeezenet-distill.yaml -o "$work/squeezenet-distill.sned" --seed 1 || exit 1
measured eval-squeezenet-distill $sned eval "$work/squeezenet-distill.sned" --data "$imagenet/imagenet-val-a.tar" || exit 1
measured bench-squeezenet-int8 $sned bench "$work/squeezenet.sned" --threads 1 || exit 1
measured bench-squeezenet $sned bench "$models/squeezenet/squeezenet.onnx" --threads 1 || exit 1
for net in resnet20 resnet56; do
    measured eval-$net $sned eval "$models/$net-cifar10/$net-cifar10.onnx" --data "$data/data/cifar10" || exit 1
    measured pack-$net $sned pack "$models/$net-cifar10/$net-cifar10.onnx" --data "$data/data/cifar10" -o "$work/$net.sned" || exit 1
    measured agree-packed-$net $sned eval "$work/$net.sned" --data "$data/data/cifar10" --against "$models/$net-cifar10/$net-cifar10.onnx" || exit 1
done
# Peak memory of importing a 244 MB network, against the file's size.
if [ ! -s $results/memory-alexnet.json ]; then
    command -v /usr/bin/time >/dev/null || { echo "install time first: apt-get install time" >&2; exit 1; }
    [ -f "$work/alexnet.onnx" ] || $sned new alexnet -o "$work/alexnet.onnx" -q
    peak=$(/usr/bin/time -f %M $sned inspect "$work/alexnet.onnx" 2>&1 >/dev/null | tail -1)
    jq -n --argjson peak "$((peak * 1024))" --argjson file "$(stat -c %s "$work/alexnet.onnx")" --arg machine "$(machine)" \
        '{peak_bytes: $peak, file_bytes: $file, command: "/usr/bin/time -f %M sned inspect alexnet.onnx", machine: $machine}' >$results/memory-alexnet.json
    rm "$work/alexnet.onnx"
fi
