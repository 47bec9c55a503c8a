#!/usr/bin/env bash
# peers_size.sh [NETWORK.sned[=MODEL.onnx]]... - packed networks beside what others make of the same: NNCodec and xz of the same
# integers, and, where the float model is given, ONNX Runtime's and OpenVINO's int8 files of it. Two Python environments are made
# for them (nncodec wants an older numpy): the first run downloads some gigabytes. A row a network in results/peers-size-NAME.json,
# and a table of all that are there.
. "$(dirname "$0")/common.sh"

# environment NAME PACKAGE...: python3 with those packages, in $work/NAME.
environment() {
    local folder=$work/$1
    shift
    [ ! -e "$folder/complete" ] || return 0
    { python3 -m venv "$folder" && "$folder/bin/pip" install -q "$@"; } >"$folder.log" 2>&1 ||
        { echo "$folder: not made: $(tail -n 1 "$folder.log")" >&2; return 1; }
    touch "$folder/complete"
}

# row NETWORK.sned MODEL.onnx: one network's JSON.
row() {
    local plain=$work/peers-plain.sned
    build/bench/pack_again "$1" dense8 "$plain" || return 1
    { "$work/peers-nncodec/bin/python" bench/peers_size.py integers "$1" "$plain" 2>"$work/peers.log" | tail -n 1
      [ -z "$2" ] || "$work/peers-int8/bin/python" bench/peers_size.py int8 "$2" 2>>"$work/peers.log" | tail -n 1; } |
        jq -se --arg machine "$(machine)" 'if length > 0 then add + {machine: $machine} else error("no row") end'
}

if [ $# -gt 0 ]; then
    environment peers-nncodec nncodec || exit 1
    environment peers-int8 onnx onnxruntime openvino nncf || exit 1
fi
for pair in "$@"; do
    network=${pair%%=*} model=
    [ "$pair" = "$network" ] || model=${pair#*=}
    file=$results/peers-size-$(basename "$network" .sned).json
    if [ ! -s "$file" ]; then
        row "$network" "$model" >"$file.new" && mv "$file.new" "$file" ||
            { echo "$network: failed: $(tail -n 1 "$work/peers.log")" >&2; rm -f "$file.new"; exit 1; }
    fi
done
jq -rs '["network", "kept", "sned", "NNCodec", "xz, integers", "xz, plain file", "ONNX Runtime int8", "OpenVINO int8"],
    (.[] | [.network, .kept, .sned_bytes, .nncodec_bytes, .xz_integers_bytes, .xz_plain_bytes, .onnxruntime_int8_bytes // "-",
            .openvino_int8_bytes // "-"]) | @tsv' $results/peers-size-*.json | column -t -s $'\t'
