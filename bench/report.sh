#!/usr/bin/env bash
# report.sh - docs/images/report.png: the report of a real run, LeNet-300-100 within half a point in a minute, as a browser shows it.
. "$(dirname "$0")/common.sh"
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome) ||
    { echo "report.sh: skipped: there is no chromium to look with (apt-get install chromium)" >&2; exit 0; }
network=lenet300-1-defaults.onnx
[ -s "$work/$network" ] || { echo "report.sh: skipped: $work/$network is not there: bench/defaults.sh trains it" >&2; exit 0; }

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
picture=$PWD/docs/images/report.png
cp "$work/$network" "$folder/lenet300.onnx"
ln -s "$(realpath "$data/data/mnist")" "$folder/mnist"
sned=$(realpath "$sned")
cd "$folder" || exit 1
"$sned" compress lenet300.onnx --data mnist --max-drop 0.5 --time-budget 1m -o lenet300.sned \
    --report lenet300.html --seed 1 --threads 1 || exit 1
"$browser" --headless --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$folder/profile" --window-size=1040,2120 \
    --screenshot="$picture" "file://$folder/lenet300.html" >/dev/null 2>&1 || exit 1
mogrify +dither -colors 96 "$picture" 2>/dev/null || true # a quarter of the bytes, where ImageMagick is there
ls -l "$picture" >&2
