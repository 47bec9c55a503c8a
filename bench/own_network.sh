#!/usr/bin/env bash
# own_network.sh - README's "Your own network", as it comes out: a small network of five classes, trained and exported by
# PyTorch (examples/train_torch.py) and by Keras (examples/train_keras.py), through sned.
#   bash bench/own_network.sh         prints the commands and what they print; leaves its files in $work/own
# The pictures are five classes of Tiny-ImageNet in class folders. PyTorch and Keras come into virtual environments of their own
# there (some GB, once), or are TORCH_PYTHON's and KERAS_PYTHON's.
. "$(dirname "$0")/common.sh"
sned=$(realpath "$sned") here=$PWD images=$(realpath "$data/data/tiny-imagenet-20")
mkdir -p "$work/own" && cd "$work/own" || exit 1

# pictures/SPLIT/CLASS/*.JPEG
make_pictures() {
    local split number name
    for split in train val; do
        while IFS=, read -r number name; do
            mkdir -p "pictures.new/$split/$name"
            tar -xf "$images/$split.tar.xz" --strip-components=1 -C "pictures.new/$split/$name" "$number"
        done <<<$'n01443537,goldfish\nn01882714,koala\nn02165456,ladybug\nn07749582,lemon\nn04146614,school bus'
    done
    mv pictures.new pictures
}

# environment NAME PACKAGE...: its python.
environment() {
    local folder=$PWD/$1
    shift
    [ -f "$folder/ready" ] || { python3 -m venv "$folder" && "$folder/bin/pip" install -q "$@" && touch "$folder/ready"; } >&2 || exit 1
    echo "$folder/bin/python"
}

show() {
    echo "\$ ${*//$sned/sned}"
    "$@" 2>/dev/null || exit 1
}

[ -d pictures ] || make_pictures
torch=${TORCH_PYTHON:-$(environment torch torch torchvision onnxscript)} || exit 1
keras=${KERAS_PYTHON:-$(environment keras tensorflow-cpu keras tf2onnx onnx)} || exit 1
[ -f pets.onnx ] || "$torch" "$here/examples/train_torch.py" pictures pets.onnx >torch.log || exit 1
[ -f keras.onnx ] || TF_CPP_MIN_LOG_LEVEL=3 "$keras" "$here/examples/train_keras.py" pictures keras.onnx >keras.log || exit 1
preprocessing=(--mean 123.675,116.28,103.53 --scale 0.01712,0.01751,0.01743 --resize squash)

grep pictures torch.log
show "$sned" inspect pets.onnx
show "$sned" eval pets.onnx --data pictures "${preprocessing[@]}"
show "$sned" compress pets.onnx --data pictures "${preprocessing[@]}" --max-bytes 10k -o pets.sned
show "$sned" eval pets.sned --data pictures
show "$sned" run pets.sned "$(ls pictures/val/koala/*.JPEG | head -1)" "$(ls pictures/val/goldfish/*.JPEG | head -1)" --top 2
grep pictures keras.log
show "$sned" eval keras.onnx --data pictures --resize squash
show "$sned" pack keras.onnx --data pictures --resize squash -o keras.sned
