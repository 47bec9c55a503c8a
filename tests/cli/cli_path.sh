#!/usr/bin/env bash
# cli_path.sh - the whole path on small data: every command, its JSON keys, determinism, and resuming after kill -9.
#   cli_path.sh SNED
sned=$(realpath "$1")
cd "$(dirname "$0")/../.." || exit 1
. tests/harness.sh
cd "$work" || exit 1

# keys NAME KEY...: $work/out is one JSON object with these keys.
keys() {
    local name=$1
    shift
    holds "$name" python3 -c '
import json, sys
value = json.load(open(sys.argv[1]))
for path in sys.argv[2:]:
    at = value
    for key in path.split("."):
        at = at[0] if isinstance(at, list) else at
        at = at[key]
' "$work/out" "$@"
}

succeeds "data glyphs" "$sned" data glyphs -o glyphs --train-images 2000 --test-images 500 --json
keys "data: keys" output train test
"$sned" data glyphs -o again --train-images 2000 --test-images 500 -q
holds "glyphs repeat for their seed" diff -r glyphs again
succeeds "new" "$sned" new lenet300 -o new.onnx --seed 3 -q
"$sned" new lenet300 -o new2.onnx --seed 3 -q; "$sned" new lenet300 -o new3.onnx --seed 4 -q
holds "new repeats for its seed" cmp new.onnx new2.onnx
holds "new differs for another seed" test "$(cmp new.onnx new3.onnx 2>&1)" != ""
succeeds "train" "$sned" train new.onnx --data glyphs --epochs 6 --rate 0.05 -o trained.onnx --json
keys "train: keys" output loss top1 images seconds
succeeds "train without options" "$sned" train new.onnx --data glyphs --time-budget 0.2 -o default.onnx
holds "it tells what it trains by, once" test "$(grep -cE '^training for [0-9]+ epochs at rate [0-9.]+, one-cycle, batch [0-9]+, .* that is new$' err)" = 1
succeeds "train with some options" "$sned" train trained.onnx --data glyphs --epochs 0.5 --rate 0.001 --shift 2 -o default.onnx
holds "they override what is chosen, which is less of a network that is trained" \
    grep -qE '^training for 0.5 epochs at rate 0.001, cosine, .* shift 2, .* that is trained already$' err
rm default.onnx
holds "nothing but the result stays after training" test ! -e trained.onnx.checkpoint
succeeds "eval of .onnx" "$sned" eval trained.onnx --data glyphs --json
keys "eval: keys" top1 top5 images skipped seconds
holds "six epochs have taught it something" python3 -c 'import json,sys; sys.exit(json.load(open(sys.argv[1]))["top1"] < 40)' "$work/out"

cat >fast.yaml <<'R'
method: paper
order: reversed
max_drop: 3
retrain:
  epochs: 0.5
search:
  rounds: 1
finish:
  epochs: 1
quantize:
  epochs: 0.5
R
succeeds "compress" "$sned" compress trained.onnx --data glyphs --recipe fast.yaml -o small.sned --time-budget 20 --json
keys "compress: keys" weights kept bytes_before bytes top1_before top1_after layers.name layers.shape
holds "a recipe that names its method is not talked about" test -z "$(grep 'names no method' "$work/err")"
sed /method/d fast.yaml >first.yaml
succeeds "compress by a recipe of the first version, which names no method" \
    "$sned" compress trained.onnx --data glyphs --recipe first.yaml -o first.sned --time-budget 20
holds "a line says that it is one of method: paper, and by which key" \
    grep -qE '^first.yaml: names no method, and order is a key of method: paper; so it is that$' "$work/err"
printf 'train:\n  epochs: 3\n  rate: 0.01\n' >rate.yaml; printf 'train:\n  epochs: 0.2\n' >quick.yaml
succeeds "compress to a size" "$sned" compress trained.onnx --data glyphs --recipe rate.yaml --max-bytes 120k -o sized.sned --json
keys "compress to a size: keys" bytes top1_after heldout_before heldout_after points.bytes points.accuracy points.chosen
succeeds "compress for the accelerator" "$sned" compress trained.onnx --data glyphs --recipe quick.yaml --target zcu104 --max-bytes 1M -o pairs.sned -q
holds "the file is no larger" test "$(stat -c %s sized.sned)" -le 120000
refuses "a size that is not reached" 1 'sized.sned is written, and is not what was asked for: 3000 bytes' "$sned" compress trained.onnx --data glyphs --recipe quick.yaml --max-bytes 3000 -o sized.sned -q
holds "and is written all the same" test "$(stat -c %s sized.sned)" -gt 3000
succeeds "eval of .sned" "$sned" eval small.sned --data glyphs --json
keys "eval of .sned: keys" top1 top5 images skipped seconds
succeeds "inspect" "$sned" inspect small.sned --json
keys "inspect: keys" weights kept bytes macs layers.name layers.op layers.shape layers.weights layers.kept layers.bits layers.format layers.bytes layers.macs layers.density \
    layers.bits_a_weight layers.percent_of_file layers.parts.positions layers.histogram.bins bytes_of_no_layer
holds "inspect's bytes are the file's" python3 -c 'import json,os,sys; sys.exit(json.load(open(sys.argv[1]))["bytes"] != os.path.getsize("small.sned"))' "$work/out"
holds "inspect: layers and the rest are the whole file" python3 -c 'import json,sys; v=json.load(open(sys.argv[1])); sys.exit(sum(l["bytes"] for l in v["layers"]) + v["bytes_of_no_layer"] != v["bytes"])' "$work/out"
holds "inspect: a histogram has every weight that is kept" python3 -c 'import json,sys; v=json.load(open(sys.argv[1])); sys.exit(any(abs(sum(l["histogram"]["bins"]) - l["kept"]) > 1e-3 for l in v["layers"]))' "$work/out"
succeeds "inspect of .onnx as a table" "$sned" inspect trained.onnx
succeeds "pack" "$sned" pack trained.onnx --data glyphs -o packed.sned --json
keys "pack: keys" weights kept bytes_before bytes top1_before top1_after layers lambda judged agreement estimated_drop divergence
succeeds "pack to a drop" "$sned" pack trained.onnx --data glyphs --max-drop 1.5 -o dropped.sned --json
holds "the drop is kept" python3 -c 'import json,sys; sys.exit(json.load(open(sys.argv[1]))["estimated_drop"] > 1.5)' "$work/out"
"$sned" data pictures trained.onnx --data glyphs -o loose --limit 40 -q
succeeds "pack with pictures that have no labels" "$sned" pack trained.onnx --data loose -o loose.sned
holds "says that it cannot measure" grep -q 'loose: has no labels; accuracy is not measured' "$work/err"
refuses "eval wants labels" 1 'no labels text' "$sned" eval trained.onnx --data loose
succeeds "compress from pictures that have no labels" "$sned" compress trained.onnx --data loose --recipe rate.yaml --no-labels --max-bytes 1M -o loose.sned --json
keys "compress --no-labels: keys" agreement
holds "accuracy is not known then" python3 -c 'import json,sys; sys.exit(json.load(open(sys.argv[1]))["top1_after"] is not None)' "$work/out"
succeeds "pack without data" "$sned" pack trained.onnx -o noise.sned --json
succeeds "export" "$sned" export packed.sned -o exported.onnx -q
succeeds "eval of what was exported" "$sned" eval exported.onnx --data glyphs --json
succeeds "eval against the network it came from" "$sned" eval packed.sned --data glyphs --against trained.onnx --json
keys "eval --against: keys" agreement top1
holds "a model agrees with itself on every image" grep -q '"agreement": 100.0' <("$sned" eval packed.sned --data glyphs --against packed.sned --json)
succeeds "bench of .sned" "$sned" bench packed.sned --runs 3 --json
keys "bench: keys" ms_min ms_median threads runs
succeeds "bench of .sned, step by step" "$sned" bench packed.sned --runs 3 --steps --threads 2
holds "bench --steps: a line for each of its layers" test "$(grep -cE ' (Conv|Gemm) ' "$work/out")" -ge 2
succeeds "bench of .sned, step by step as JSON" "$sned" bench packed.sned --runs 3 --steps --json
holds "bench --steps: each step has a kernel and a time" python3 -c 'import json, sys
steps = json.load(open(sys.argv[1]))["steps"]
assert steps and all(s["kernel"] and s["ms_median"] >= 0 and s["products"] <= s["macs"] for s in steps)' "$work/out"
refuses "bench --steps of .onnx" 1 'float network' "$sned" bench trained.onnx --steps
succeeds "inspect --plan" "$sned" inspect packed.sned --plan
holds "inspect --plan: each layer has a kernel and a form" test "$(grep -cE ' (conv|gemm) [a-z]+ ' "$work/out")" -ge 2
succeeds "inspect --plan --measure as JSON" "$sned" inspect packed.sned --plan --measure --json
holds "inspect --plan: what a step reads was made, and lies within the memory; each step was measured" python3 -c 'import json, sys
told = json.load(open(sys.argv[1]))
steps, measured, memory, made = told["plan"]["steps"], told["measured"], told["plan"]["memory"], set()
for step in steps:
    assert all(value["name"] in made for value in step["reads"]) or step is steps[0]
    assert all(value["offset"] + value["bytes"] <= memory for value in step["reads"] + step["makes"])
    made |= {value["name"] for value in step["makes"]}
assert [step["name"] for step in steps] == [step["name"] for step in measured]' "$work/out"
refuses "inspect --plan of .onnx" 1 'float network' "$sned" inspect trained.onnx --plan
refuses "inspect --measure alone" 2 'of --plan' "$sned" inspect packed.sned --measure
succeeds "bench of .onnx" "$sned" bench trained.onnx --runs 3 --json

# A picture: one test image written as PNG with the standard library alone.
python3 - glyphs <<'P'
import struct, sys, zlib
raw = open(sys.argv[1] + '/t10k-images-idx3-ubyte', 'rb').read()[16:16 + 784]
chunk = lambda kind, body: struct.pack('>I', len(body)) + kind + body + struct.pack('>I', zlib.crc32(kind + body))
rows = b''.join(b'\0' + raw[y * 28:y * 28 + 28] for y in range(28))
open('digit.png', 'wb').write(b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', 28, 28, 8, 0, 0, 0, 0)) +
                              chunk(b'IDAT', zlib.compress(rows)) + chunk(b'IEND', b''))
P
succeeds "run" "$sned" run packed.sned digit.png --json --top 3
keys "run: keys" images.file images.top.class images.top.label images.top.score
succeeds "run of .onnx" "$sned" run trained.onnx digit.png
printf '\357\273\277name-%s\r\n' $(seq 0 9) | sed '2,$s/^\xef\xbb\xbf//' >marked.txt
succeeds "run with names behind a byte order mark" "$sned" run trained.onnx digit.png --labels marked.txt --json --top 10
holds "each class has its name" python3 -c '
import json, sys
for top in json.load(open(sys.argv[1]))["images"][0]["top"]:
    assert top["label"] == "name-%d" % top["class"], top
' "$work/out"

# --- the first test images, sorted into class folders ---
"$sned" data pictures trained.onnx --data glyphs -o loose40 --limit 40 -q
for class in 0 1 2 3 4 5 6 7 8 9; do
    mkdir -p sorted/$class
    cp loose40/*-$class.png sorted/$class
done
touch sorted/0/a.webp sorted/1/Thumbs.db
"$sned" eval trained.onnx --data glyphs --limit 40 --json -q >first40.json
succeeds "eval of class folders" "$sned" eval trained.onnx --data sorted --json
holds "says what it leaves out" grep -q 'sorted: 1 file that is no JPEG or PNG is left out: .webp 1' "$work/err"
holds "class folders have the labels that the pictures had" python3 -c '
import json, sys
folders, data = (json.load(open(name)) for name in sys.argv[1:])
assert folders["ignored"] == 1 and folders["images"] == 40, folders
assert folders["top1"] == data["top1"], (folders, data)
' "$work/out" first40.json

# --- kill -9 whenever progress has just been kept, then the same command: the result of an uninterrupted run ---
# interrupt CHECKPOINT COMMAND...: kills the command when its checkpoint changes; fails where it ended before.
interrupt() {
    local checkpoint=$1 before after process
    shift
    before=$(stat -c %i-%y "$checkpoint" 2>/dev/null)
    "$@" >/dev/null 2>&1 &
    process=$!
    for _ in $(seq 6000); do
        after=$(stat -c %i-%y "$checkpoint" 2>/dev/null)
        [ "$after" = "$before" ] || [ -z "$after" ] || break
        kill -0 $process 2>/dev/null || break
        sleep 0.01
    done
    kill -9 $process 2>/dev/null
    wait $process 2>/dev/null
    [ -e "$checkpoint" ]
}
train_again() { "$sned" train new.onnx --data glyphs --epochs 6 -o "$1" -q; }
train_again whole.onnx
for time in 1st 2nd 3rd; do
    holds "train is killed for the $time time" interrupt resumed.onnx.checkpoint "$sned" train new.onnx --data glyphs --epochs 6 -o resumed.onnx -q
done
succeeds "train goes on after kill -9" train_again resumed.onnx
holds "and ends with the result of an uninterrupted run" cmp whole.onnx resumed.onnx
cat >kill.yaml <<'R'
method: paper
peak: false
max_drop: 5
retrain:
  epochs: 0.3
settle:
  passes: 1
  epochs: 0.3
search:
  finest: 0.6
finish:
  epochs: 1
quantize:
  epochs: 0.5
R
compress_again() { "$sned" compress trained.onnx --data glyphs --recipe kill.yaml -o "$1" -q; }
compress_again whole.sned
for time in 1st 2nd 3rd; do
    holds "compress is killed for the $time time" interrupt resumed.sned.checkpoint "$sned" compress trained.onnx --data glyphs --recipe kill.yaml -o resumed.sned -q
done
succeeds "compress goes on after kill -9" compress_again resumed.sned
holds "and ends with the same file" cmp whole.sned resumed.sned
holds "nothing else is left behind" test -z "$(find . -name '*.checkpoint' -o -name '.*.tmp')"

# --- divergence: said, rolled back, and the old file stays ---
cp trained.onnx kept.onnx
refuses "a rate that cannot work" 1 'diverge|rate' "$sned" train new.onnx --data glyphs --epochs 2 --rate 1000000 -o kept.onnx -q
holds "leaves the old file whole" cmp trained.onnx kept.onnx
finish
