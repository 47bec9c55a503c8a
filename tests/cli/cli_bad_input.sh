#!/usr/bin/env bash
# cli_bad_input.sh - what people do wrong, and what goes wrong around them: one clear line, exit status 1 or 2, nothing lost.
#   cli_bad_input.sh SNED
sned=$(realpath "$1")
cd "$(dirname "$0")/../.." || exit 1
. tests/harness.sh
here=$PWD/tests
data=${SNED_DATA:-../shared}
[ -d "$data" ] && data=$(realpath "$data")
cd "$work" || exit 1

# --- good files to damage: all made by sned itself ---
"$sned" data glyphs -o glyphs --train-images 300 --test-images 100 -q || { fail "glyphs are drawn" "cannot go on"; finish; }
"$sned" new lenet300 -o net.onnx -q && "$sned" pack net.onnx --data glyphs -o net.sned -q ||
    { fail "a network is made and packed" "cannot go on"; finish; }

# --- usage: status 2 ---
refuses "no command" 2 'which command' "$sned"
refuses "an unknown command" 2 "'frobnicate' is not a command" "$sned" frobnicate
refuses "a command with an escape sequence, which does not reach the terminal" 2 "'..m' is not a command" "$sned" $'\x1b[m'
for command in new data train compress pack eval run inspect export bench; do
    refuses "$command: an unknown option" 2 "'--frobnicate' is not an option" "$sned" $command --frobnicate x
    refuses "$command: nothing given" 2 'something is missing' "$sned" $command
    succeeds "$command: --help" "$sned" $command --help
done
refuses "new: an unknown network" 2 "resnet99" "$sned" new resnet99 -o x.onnx
refuses "new: no output" 2 '-o FILE is missing' "$sned" new lenet300
refuses "new: a number that is none" 2 "'many' is not a whole number" "$sned" new lenet300 --classes many -o x.onnx
refuses "new: densities that do not fit" 2 'densit' "$sned" new lenet300 --densities .1,.2 -o x.onnx
refuses "new: a density over 1" 2 'densit' "$sned" new lenet300 --densities 1.5 -o x.onnx
refuses "eval: no data" 2 '--data D is missing' "$sned" eval net.onnx
refuses "eval: noise, which has no labels" 1 'noise has no labels' "$sned" eval net.onnx --data noise:5
refuses "eval: a split that is none" 2 "'dev' is not train or test" "$sned" eval net.onnx --data glyphs --split dev
refuses "train: a schedule that is none" 2 "'sine' is not" "$sned" train net.onnx --data glyphs --schedule sine -o x.onnx
refuses "eval: a scale of 0" 2 '0 makes all pixels alike' "$sned" eval net.onnx --data glyphs --scale 0
refuses "eval: too many means" 2 'mean' "$sned" eval net.onnx --data glyphs --mean 1,2,3
refuses "run: --input that is no size" 2 "'28' is no picture's size; 1x28x28 is gray" "$sned" run net.onnx x.png --input 28
refuses "inspect: --input of four numbers" 2 "is no picture's size" "$sned" inspect net.onnx --input 1x1x28x28
refuses "inspect: --input of two channels" 2 "is no picture's size" "$sned" inspect net.onnx --input 28x28x2
refuses "inspect: --input that does not fit" 2 'is .N..1..28..28.; a picture of 27x28 in gray does not fit' "$sned" inspect net.onnx --input 1x27x28
refuses "inspect: --input that is not that of a packed network" 2 'takes 1 x 28 x 28, which is part of a .sned file' "$sned" inspect net.sned --input 3x28x28
succeeds "inspect: --input that says what is known" "$sned" inspect net.sned --input 28x28
refuses "pack: a format that is none" 2 "'zip' is not" "$sned" pack net.onnx --data glyphs --format zip -o x.sned
refuses "pack: a target without pictures" 2 'need --data' "$sned" pack net.onnx --max-bytes 60k -o x.sned
refuses "pack: bytes that cannot be had" 1 'the smallest file of this network has [0-9]' "$sned" pack net.onnx --data glyphs --max-bytes 10 -o x.sned -q
refuses "one argument too many" 2 'one argument too many' "$sned" inspect net.onnx net.onnx
refuses "train: a packed network" 1 'cannot be trained' "$sned" train net.sned --data glyphs -o x.onnx -q
refuses "export: --qdq is not there yet, and not offered" 2 "'--qdq' is not an option" "$sned" export net.sned --qdq -o x.onnx

# --- models: missing, empty, truncated, renamed, damaged ---
printf '' >empty
printf '\x89PNG\r\n\x1a\n0000' >renamed
for kind in onnx sned; do
    size=$(stat -c %s net.$kind)
    head -c $((size / 2)) net.$kind >half.$kind
    cp empty empty.$kind
    cp renamed renamed.$kind
    for what in missing empty half renamed; do
        refuses "$what .$kind: inspect" 1 "$what.$kind" "$sned" inspect $what.$kind
        refuses "$what .$kind: eval" 1 "$what.$kind" "$sned" eval $what.$kind --data glyphs -q
    done
done
python3 - <<'P' 2>/dev/null
d = bytearray(open('net.sned', 'rb').read()); d[len(d) // 2] ^= 16; open('flipped.sned', 'wb').write(d)
P
if [ -f flipped.sned ]; then refuses "a flipped bit in a .sned" 1 'checksum' "$sned" inspect flipped.sned; else skip "a flipped bit" "python3"; fi
refuses "a folder for a model" 1 'glyphs' "$sned" inspect glyphs

# --- names that are no names ---
# A layer's name is the file's: an escape sequence in it does not reach the terminal, and what JSON cannot hold is said.
LC_ALL=C sed 's/fc1/\x1b[m/g; s/fc2/\xc2\x9bm/g' net.onnx >escape.onnx
LC_ALL=C sed 's/fc1/\xc4c1/g' net.onnx >latin1.onnx
succeeds "escape sequences in layers' names: inspect" "$sned" inspect escape.onnx
holds "none reaches the terminal: but for histograms' blocks all is ASCII" \
    test -z "$(LC_ALL=C sed 's/\xe2\x96[\x81-\x88]//g' "$work/out" | LC_ALL=C tr -d '\n\040-\176')"
refuses "a layer's name that is not UTF-8: inspect --json" 1 "layer '.c1': JSON cannot hold it" "$sned" inspect latin1.onnx --json
succeeds "the same as a table" "$sned" inspect latin1.onnx

# --- a mapped file that shrinks: the system sends SIGBUS to whoever reads it ---
"$sned" train net.onnx --data glyphs --epochs 100000 -o bus.onnx -q 2>bus.err &
for _ in $(seq 200); do [ -e bus.onnx.checkpoint ] && break; sleep .1; done
kill -BUS $!
wait $! 2>/dev/null
holds "SIGBUS ends a run with exit status 1" test $? = 1
rm -f .bus.onnx.checkpoint.*.tmp # of a run that ends in the middle of writing, until it is next written: kill.sh
holds "and one line that says why" grep -qx 'sned: an input file became shorter while it was read .*' bus.err

# --- data: IDX ---
damage_glyphs() { rm -rf bad; cp -r glyphs bad; }
damage_glyphs; head -c 5000 glyphs/t10k-images-idx3-ubyte >bad/t10k-images-idx3-ubyte
refuses "IDX images truncated" 1 't10k-images' "$sned" eval net.onnx --data bad -q
damage_glyphs; : >bad/t10k-labels-idx1-ubyte
refuses "IDX labels empty" 1 't10k-labels' "$sned" eval net.onnx --data bad -q
damage_glyphs; cp renamed bad/t10k-images-idx3-ubyte
refuses "IDX images renamed" 1 't10k-images' "$sned" eval net.onnx --data bad -q
damage_glyphs; head -c 58 glyphs/t10k-labels-idx1-ubyte >bad/t10k-labels-idx1-ubyte
refuses "IDX labels truncated" 1 't10k-labels' "$sned" eval net.onnx --data bad -q
damage_glyphs; printf '\xc8' | dd of=bad/t10k-labels-idx1-ubyte bs=1 seek=20 conv=notrunc status=none
refuses "a label out of range" 1 'label' "$sned" eval net.onnx --data bad -q
damage_glyphs; printf '\x1f\x8b\x08' | cat - <(head -c 100 glyphs/t10k-images-idx3-ubyte) >bad/t10k-images-idx3-ubyte.gz; rm bad/t10k-images-idx3-ubyte
refuses "a .gz that is none" 1 't10k-images' "$sned" eval net.onnx --data bad -q
"$sned" new lenet300 --classes 3 -o three.onnx -q
printf 'Birne\n\304pfel\nKirsche\n' >latin1.txt
refuses "names of classes that are not UTF-8" 1 'latin1.txt:2: is not UTF-8' "$sned" eval three.onnx --data glyphs --labels latin1.txt -q
printf 'one\ntwo\n' >two.txt
refuses "fewer names than classes" 1 'two.txt: has 2 names, the network 3 classes' "$sned" eval three.onnx --data glyphs --labels two.txt -q
"$sned" data pictures net.onnx --data glyphs -o drawn --limit 4 -q
mkdir -p folders/a folders/b 'folders/b c' folders/d; cp drawn/00000-* folders/a/1.png; cp drawn/00001-* folders/b/1.png; touch folders/d/1.webp
refuses "more class folders than classes" 1 'folders: has 4 class folders, the network 3 classes' "$sned" eval three.onnx --data folders -q
refuses "more class folders than classes: train" 1 '4 class folders' "$sned" train three.onnx --data folders --epochs 1 -o x.onnx -q
refuses "fewer class folders than classes" 1 '4 class folders, the network 10' "$sned" eval net.onnx --data folders -q
printf 'b\nd\nx\n' >names3.txt
refuses "a class folder that the network does not know" 1 "the class folder a is none of the network's classes" "$sned" eval three.onnx --data folders --labels names3.txt -q
refuses "fewer classes than the labels" 1 'label|class' "$sned" eval three.onnx --data glyphs -q
refuses "fewer classes than the labels: train" 1 'label|class' "$sned" train three.onnx --data glyphs --epochs 1 -o x.onnx -q
refuses "data that are not there" 1 'nowhere' "$sned" eval net.onnx --data nowhere -q
mkdir nothing
refuses "an empty folder" 1 'nothing' "$sned" eval net.onnx --data nothing -q

# --- data: CIFAR, tar, pictures ---
mkdir cifar
head -c 3000 /dev/urandom >cifar/test_batch.bin; cp cifar/test_batch.bin cifar/data_batch_1.bin
refuses "CIFAR truncated" 1 'test_batch|data_batch' "$sned" eval net.onnx --data cifar -q
: >cifar/test_batch.bin
refuses "CIFAR empty" 1 'test_batch|data_batch' "$sned" eval net.onnx --data cifar -q
if [ -f "$data/data/imagenet/imagenet-val-a.tar" ]; then
    head -c 300000 "$data/data/imagenet/imagenet-val-a.tar" >cut.tar
    cp "$data/data/imagenet/imagenet-val-a.labels.txt" cut.labels.txt
    refuses "a tar truncated" 1 'cut' "$sned" eval net.onnx --data cut.tar -q
    cp "$data/data/imagenet/imagenet-val-a.tar" lone.tar
    refuses "a tar without labels" 1 'lone' "$sned" eval net.onnx --data lone.tar -q
    head -c 50 "$data/data/imagenet/imagenet-val-a.labels.txt" | sed 's/ .*//' >bad.labels.txt
    refuses "labels that are none" 1 'bad.labels.txt' "$sned" eval net.onnx --data lone.tar:bad.labels.txt -q
else
    skip "tar files" "imagenet-val-a.tar"
fi
cp empty empty.tar; cp empty empty.labels.txt
refuses "a tar empty" 1 'empty' "$sned" eval net.onnx --data empty.tar -q
mkdir -p pictures/0 pictures/1
for i in 1 2 3; do cp renamed pictures/0/$i.png; cp empty pictures/1/$i.jpg; done
refuses "pictures that are none" 1 'damaged|picture|image' "$sned" eval net.onnx --data pictures -q
for picture in empty renamed net.onnx missing.jpg glyphs; do
    refuses "run: $picture as a picture" 1 "$picture" "$sned" run net.sned $picture -q
done
printf '\xff\xd8\xff\xe0\x00\x10JFIF' >stub.jpg
refuses "run: a JPEG truncated" 1 'stub.jpg' "$sned" run net.sned stub.jpg -q

# --- recipes ---
: >empty.yaml; printf 'order: [reversed\n' >broken.yaml; printf 'ordre: reversed\n' >key.yaml
printf 'order: sideways\n' >value.yaml; printf 'retrain:\n  epochs: many\n' >type.yaml; head -c 200 /dev/urandom >noise.yaml
for recipe in broken key value type noise missing; do
    refuses "recipe: $recipe" 1 "$recipe.yaml" "$sned" compress net.onnx --data glyphs --recipe $recipe.yaml -o x.sned -q
done
printf 'layers:\n  - layer: nosuch\n    skip: true\n' >layer.yaml
refuses "recipe: a layer that is not there" 1 'nosuch|layer.yaml' "$sned" compress net.onnx --data glyphs --recipe layer.yaml -o x.sned -q

# --- what would otherwise be found at the end of hours: compress and train say it in the first second ---
# at_once NAME STATUS PATTERN COMMAND...: refuses, and has not begun to train or measure: no file is new, and it took no epoch.
at_once() {
    local name=$1 before after
    before=$(find . -type f ! -path ./out ! -path ./err | sort)
    refuses "$@" -q
    after=$(find . -type f ! -path ./out ! -path ./err | sort)
    holds "$name: nothing is written" test "$before" = "$after"
}
compress="$sned compress net.onnx --data glyphs"
train="$sned train net.onnx --data glyphs"
printf 'one\ntwo\n' >two.txt
at_once "compress: an output that is a folder" 1 'glyphs: exists' $compress -o glyphs
at_once "compress: an output in no folder" 1 'nowhere' $compress -o nowhere/x.sned
at_once "compress: a checkpoint in no folder" 1 'checkpoint.*nowhere' $compress -o x.sned --checkpoint nowhere/c
at_once "compress: a checkpoint that is the model" 2 'net.onnx would be written over' $compress -o x.sned --checkpoint ./net.onnx
at_once "compress: a checkpoint that is the output" 2 'x.sned is the output' $compress -o x.sned --checkpoint x.sned
at_once "compress: an output that is the model" 2 'net.onnx would be written over' $compress -o ./net.onnx
at_once "pack: an output that is the model" 2 'net.onnx would be written over' "$sned" pack net.onnx -o net.onnx
at_once "export: an output that is the model" 2 'net.sned would be written over' "$sned" export net.sned -o net.sned
at_once "train: an output that is the file of class names" 2 'two.txt would be written over' $train --labels two.txt -o two.txt
at_once "compress: an output that is a file of the data" 2 'ubyte would be written over' $compress -o glyphs/train-labels-idx1-ubyte
at_once "train: an output that is the labels text of the data" 2 'two.txt would be written over' "$sned" train net.onnx --data glyphs:two.txt -o two.txt
at_once "data pictures: the folder of the data" 2 'glyphs/ holds the data' "$sned" data pictures net.onnx --data glyphs -o ./glyphs/
echo "dear diary" >diary
at_once "compress: a checkpoint that is another file" 2 'diary is there and is no checkpoint' $compress -o x.sned --checkpoint diary
at_once "train: an output that is a folder" 1 'glyphs: exists' $train -o glyphs
at_once "train: a checkpoint that is another file" 2 'diary is there and is no checkpoint' $train -o x.onnx --checkpoint diary
holds "the other file is as it was" grep -q 'dear diary' diary
at_once "compress: too few class names" 1 'two.txt: has 2 names' $compress -o x.sned --labels two.txt
at_once "train: too few class names" 1 'two.txt: has 2 names' $train -o x.onnx --labels two.txt
at_once "compress: class names that are not there" 1 'nowhere.txt' $compress -o x.sned --labels nowhere.txt
at_once "compress: fewer classes than the labels" 1 'label|class' "$sned" compress three.onnx --data glyphs -o x.sned
rm -rf untested; cp -r glyphs untested; rm untested/t10k-*
at_once "compress: no test split" 1 't10k|test' "$sned" compress net.onnx --data untested -o x.sned
at_once "train: no test split" 1 't10k|test' "$sned" train net.onnx --data untested -o x.onnx
printf 'target_kept: 0.05\nlayers:\n  - kind: fc\n    min_density: 0.2\n' >contrary.yaml
at_once "compress: limits that contradict" 2 'target_kept 0.05.*min_density' $compress -o x.sned --recipe contrary.yaml
printf 'target_kept: 0.5\nlayers:\n  - layer: fc1\n    skip: true\n' >skipped.yaml
at_once "compress: skipped layers above the target" 2 'target_kept 0.5.*skip' $compress -o x.sned --recipe skipped.yaml
at_once "compress: fewer bytes than a file without weights has" 1 '--max-bytes 10: .*takes [0-9]+ bytes even with one unit in each layer and every weight 0' $compress -o x.sned --max-bytes 10
at_once "compress: more accuracy than the network has" 1 '--min-accuracy 99.9: the network itself has' $compress -o x.sned --min-accuracy 99.9
at_once "compress: an accuracy without labels" 2 '--no-labels goes with' $compress -o x.sned --no-labels --min-accuracy 50
at_once "compress: a size by method paper" 2 '--max-bytes: method: paper searches within --max-drop' $compress -o x.sned --max-bytes 30k --recipe contrary.yaml
printf 'method: rate\npeak: true\n' >both.yaml
at_once "compress: a key of the other method" 1 'both.yaml: peak is a key of method: paper' $compress -o x.sned --recipe both.yaml
at_once "train: steps without the step schedule" 2 'step-epochs.*--schedule step' $train -o x.onnx --step-epochs 3
if command -v python3 >/dev/null; then
    python3 "$here/onnx/odd_onnx.py" slope slope.onnx; python3 "$here/onnx/odd_onnx.py" window window.onnx
    at_once "compress: what can be trained and not be lowered" 1 'the_gemm.*no integer form' "$sned" compress slope.onnx --data glyphs -o x.sned
    at_once "compress: a format that cannot hold a layer" 1 'the_conv.*ccoo16' "$sned" compress window.onnx --data glyphs -o x.sned --format ccoo16
    succeeds "what cannot be lowered can be trained" "$sned" train slope.onnx --data glyphs -o slope-trained.onnx --epochs 0.2 --rate 0.0001 -q
    rm slope-trained.onnx
else
    skip "networks that cannot be lowered" "python3"
fi
mkdir -p split/train/0 split/train/1 split/test/0 split/test/1
"$sned" data pictures net.sned --data glyphs --limit 4 -o split/some -q 2>/dev/null && mv split/some/* split/train/0/ && rmdir split/some
cp split/train/0/* split/train/1/; cp renamed split/test/0/a.png; cp renamed split/test/1/b.png
"$sned" new lenet300 --classes 2 -o pair.onnx -q
at_once "train: test pictures that cannot be read" 1 'split|a.png|b.png' "$sned" train pair.onnx --data split -o x.onnx

# --- outputs: unwritable places, a full disk; the old file stays ---
refuses "an output in no folder" 1 'nowhere' "$sned" new lenet300 -o nowhere/x.onnx -q
refuses "an output under a file" 1 'net.onnx/x' "$sned" pack net.onnx --data glyphs -o net.onnx/x.sned -q
refuses "an output that is a folder" 1 'glyphs' "$sned" new lenet300 -o glyphs -q
refuses "train: no folder, before any work" 1 'nowhere' "$sned" train net.onnx --data glyphs -o nowhere/x.onnx -q
limited() { ( trap '' XFSZ; ulimit -f 8; "$@" ); } # files end at 8 KB, as on a full disk
cp net.onnx old.onnx; cp net.sned old.sned
refuses "a disk full: new" 1 'old.onnx' limited "$sned" new lenet300 -o old.onnx -q
refuses "a disk full: pack" 1 'old.sned' limited "$sned" pack net.onnx --data glyphs -o old.sned -q
refuses "a disk full: export" 1 'old.onnx' limited "$sned" export net.sned -o old.onnx -q
refuses "a disk full: glyphs" 1 'full' limited "$sned" data glyphs -o full --train-images 100 --test-images 100 -q
holds "old files are whole after a full disk" cmp net.onnx old.onnx
holds "old packed files are whole after a full disk" cmp net.sned old.sned
holds "nothing temporary is left" test -z "$(find . -name '*.tmp')"
"$sned" inspect net.sned --json >/dev/full 2>err.txt
holds "a full standard output is an error" test $? = 1 -a "$(wc -l <err.txt)" = 1
finish
