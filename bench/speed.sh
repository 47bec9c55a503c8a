#!/usr/bin/env bash
# speed.sh - training steps against PyTorch, memory of training AlexNet, loading of pictures. For a quiet machine: five
# minutes. PYTHON is a python3 with torch (default: python3).
. "$(dirname "$0")/common.sh"
command -v /usr/bin/time >/dev/null || { echo "install time first: apt-get install time" >&2; exit 1; }
tiny=$data/data/tiny-imagenet-20 calibration=$data/data/imagenet/imagenet-calib-500.tar

[ -s $results/train-speed-2.json ] || ${PYTHON:-python3} bench/train_speed.py --threads 2 --rounds 7 -o $results/train-speed-2.json || exit 1

# Peak memory. Decoded pictures, kept where a split fits in 128 MiB, come on top: 50 MB a split here, none for all 10,000, which do not fit.
if [ ! -s $results/memory-train-alexnet.json ]; then
    $sned new alexnet --classes 20 -o "$work/alexnet-20.onnx" -q
    peak=$(/usr/bin/time -f %M $sned train "$work/alexnet-20.onnx" --data "$tiny" --limit 320 --holdout 0 --epochs 1 --batch 64 -o "$work/alexnet-20-trained.onnx" -q 2>&1 | tail -1)
    jq -n --argjson peak "$((peak * 1024))" --arg machine "$(machine)" \
        '{peak_bytes: $peak, command: "/usr/bin/time -f %M sned train alexnet-20.onnx --data DATA/data/tiny-imagenet-20 --limit 320 --holdout 0 --epochs 1 --batch 64", machine: $machine}' >$results/memory-train-alexnet.json
    rm "$work/alexnet-20.onnx" "$work/alexnet-20-trained.onnx"
fi

# loading_row NAME DATA SIDE ARCHIVE: rounds of both, as one row.
loading_row() {
    local folder trained
    folder=$(mktemp -d)
    tar xf "$4" -C "$folder"
    trained=$(jq '.rows[] | select(.net == "alexnet") | .sned_images_per_second[0]' $results/train-speed-2.json)
    find "$folder" -type f -iname '*.jpeg' -print0 | xargs -0 build/bench/load_images "$2" "$3" 2 5 |
        jq -Rs --arg name "$1" --argjson side "$3" --argjson trained "$trained" '
            def spread: sort | "\(.[length / 2 | floor] | round) (\(.[0] | round) to \(.[-1] | round))";
            [split("\n")[] | select(length > 0) | split(" ") | map(tonumber)]
            | {pictures: $name, side: $side, loaded: (map(.[0]) | spread), decoded: (map(.[1]) | spread),
               share: "\($trained / (map(.[0]) | sort | .[length / 2 | floor]) * 1000 | round / 10) %"}'
    rm -r "$folder"
}
if [ ! -s $results/loading.json ]; then
    { loading_row "500 of 256 x 256" "$calibration" 227 "$calibration"
      loading_row "500 of 256 x 256" "$calibration" 128 "$calibration"
      loading_row "10,000 of 64 x 64" "$tiny" 227 "$tiny/train.tar.xz"; } |
        jq -s --arg machine "$(machine)" '{rows: ., command: "bench/speed.sh", machine: $machine}' >$results/loading.json
fi
