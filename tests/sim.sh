#!/usr/bin/env bash
# sim.sh SNED BUILD TWO_HEADS - networks through the simulated accelerator of the configuration `ci`, bit for bit; and what it refuses.
sned=$(realpath "$1") build=$(realpath "$2") two_heads=$(realpath "$3")
cd "$(dirname "$0")/.." || exit 1
. tests/harness.sh
command -v verilator >/dev/null || { skip "sim" "there is no verilator"; finish; }

export SNED_SIM=$build/simulation SNED_PARAMETERS=$build/sim/sned-parameters
succeeds "sim/build makes a simulation" sim/build ci "$SNED_SIM"
for net in lenet5 resnet20; do
    "$sned" new $net --densities .3 --seed 2 -q -o "$work/$net.onnx"
    "$sned" pack "$work/$net.onnx" -q -o "$work/$net.sned"
done
"$sned" data glyphs -o "$work/glyphs" --train-images 100 --test-images 100 -q
"$sned" data pictures "$work/lenet5.sned" --data "$work/glyphs" --limit 3 -o "$work/pictures" -q

# says NAME PYTHON: of `value`, the JSON in $work/out, this is so.
says() { holds "$1" python3 -c "import json, sys; value = json.load(open(sys.argv[1])); sys.exit(not ($2))" "$work/out"; }

succeeds "LeNet-5: three pictures, one behind the other" "$sned" sim "$work/lenet5.sned" "$work"/pictures/*.png --config ci --json --timeline "$work/t.svg"
says "LeNet-5: bit-exact" 'value["bit_exact"] is True'
says "sim: its keys" 'all(key in value for key in "bit_exact config clock_mhz cycles fps latency_ms busy images outputs layers".split())'
says "sim: each layer's" 'all(key in layer for layer in value["layers"] for key in "name cycles busy".split())'
holds "the timeline is XML" python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' "$work/t.svg"
"$sned" run "$work/lenet5.sned" "$work"/pictures/*.png --top 1 --json >"$work/run"
says "LeNet-5: the classes of sned run" "[i['class'] for i in value['images']] == [i['top'][0]['class'] for i in json.load(open('$work/run'))['images']]"
succeeds "with a memory that holds back" "$sned" sim "$work/lenet5.sned" "$work"/pictures/*.png --config ci --json --stalls 40
says "still bit-exact" 'value["bit_exact"] is True'
succeeds "LeNet-5: a picture, Convs in three parts" "$sned" sim "$work/lenet5.sned" "$(ls "$work"/pictures/*.png | head -1)" --config ci --json --parts 3
says "in parts: bit-exact" 'value["bit_exact"] is True'
succeeds "ResNet-20: noise" "$sned" sim "$work/resnet20.sned" --config ci --json
says "ResNet-20: bit-exact" 'value["bit_exact"] is True'

succeeds "a network of two outputs is made" "$two_heads" "$work/heads.sned"
succeeds "two outputs, behind a Split" "$sned" sim "$work/heads.sned" --config ci --json --stalls 20
says "each of them is bit-exact" 'value["bit_exact"] is True and [o["bit_exact"] for o in value["outputs"]] == [True, True]'
says "and has its elements" '[o["elements"] for o in value["outputs"]] == [10, 400]'
"$sned" sim "$work/heads.sned" --config ci >"$work/out" 2>"$work/told"
holds "the text names them" test "$(grep -c '^  [^ ]*: yes$' "$work/out")" = 2
holds "and says which of them has the classes" grep -q "the first of 2" "$work/told"

refuses "a configuration that there is not" 2 "no configuration 'vc709'; there are: zcu104, ecp5, ci" "$sned" sim "$work/lenet5.sned" --config vc709
refuses "a simulation that was not made" 1 'sim/build ecp5' "$sned" sim "$work/lenet5.sned" --config ecp5
cp "$SNED_SIM/libsned-sim-ci.so" "$work/libsned-sim-ecp5.so"
SNED_SIM=$work refuses "a program for another configuration" 1 "compiled for the configuration 'ecp5', the accelerator is 'ci'" "$sned" sim "$work/lenet5.sned" --config ecp5
refuses "a float network" 1 'is a float network' "$sned" sim "$work/lenet5.onnx" --config ci
"$sned" new vgg8-cifar --densities .05 -q -o "$work/vgg8.onnx"
"$sned" pack "$work/vgg8.onnx" -q -o "$work/vgg8.sned"
refuses "what is too large is named" 1 "node '.*'.*(bytes on chip|rows of inputs)" "$sned" sim "$work/vgg8.sned" --config ci
succeeds "and what is before it runs, with --allow-cpu" "$sned" sim "$work/vgg8.sned" --config ci --allow-cpu --json
says "bit-exact so far, and the CPU's layers are named" 'value["bit_exact"] is True and 0 < len(value["on_cpu"]) < 20'
refuses "a picture that there is not" 1 'nothing.png' "$sned" sim "$work/lenet5.sned" nothing.png --config ci
finish
