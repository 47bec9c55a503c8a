#!/usr/bin/env bash
# second.sh - networks of others made small without labels and without retraining: sned pack to a number of bytes, and what it
# takes on layers of AlexNet's size. Images that set and judge are training images; what is reported is accuracy on others.
. "$(dirname "$0")/common.sh"
imagenet=$data/data/imagenet
models=$data/models

# packed NET BYTES: calibrated on CIFAR-10's training split; the row has the accuracy on its test split.
packed() {
    measured "second-$1-$2" $sned pack "$models/$1-cifar10/$1-cifar10.onnx" --data "$data/data/cifar10" --max-bytes "$2" --threads 1 \
        -o "$work/$1-$2.sned"
}
# packed_imagenet NET BYTES: calibrated on the 500 images without their labels, then measured on val-a.
packed_imagenet() {
    measured "second-$1-$2" $sned pack "$models/$1/$1.onnx" --data "$imagenet/imagenet-calib-500.tar" --max-bytes "$2" --threads 1 \
        -o "$work/$1-$2.sned" &&
        measured "eval-second-$1-$2" $sned eval "$work/$1-$2.sned" --data "$imagenet/imagenet-val-a.tar"
}
packed resnet20 80k && packed resnet20 70k && packed resnet20 90k || exit 1 # 90k: a third of the int8 file
packed resnet56 285k || exit 1                                             # the same
packed_imagenet squeezenet 500k && packed_imagenet squeezenet 420k && packed_imagenet squeezenet 400k || exit 1
packed_imagenet mobilenetv2 2.5M && packed_imagenet mobilenetv2 2M || exit 1

# Layers of up to 4096 x 9216: time and peak memory, pictures from Tiny-ImageNet, weights as `sned new` draws them.
if [ ! -s $results/second-alexnet.json ]; then
    command -v /usr/bin/time >/dev/null || { echo "install time first: apt-get install time" >&2; exit 1; }
    [ -f "$work/alexnet.onnx" ] || $sned new alexnet -o "$work/alexnet.onnx" -q
    pictures=$data/data/tiny-imagenet-20/train.tar.xz
    used=$(/usr/bin/time -f '%M %e' $sned pack "$work/alexnet.onnx" --data "$pictures" --calibration 200 --max-bytes 20M \
        -o "$work/alexnet-second.sned" -q 2>&1 >/dev/null | tail -1) || exit 1
    jq -n --argjson peak "$((${used% *} * 1024))" --argjson seconds "${used#* }" --arg machine "$(machine)" \
        '{peak_bytes: $peak, seconds: $seconds, command: "sned pack alexnet.onnx --data DATA/data/tiny-imagenet-20/train.tar.xz --calibration 200 --max-bytes 20M -o alexnet-second.sned", machine: $machine}' >$results/second-alexnet.json
    rm "$work/alexnet.onnx"
fi
