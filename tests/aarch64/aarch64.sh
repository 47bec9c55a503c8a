#!/usr/bin/env bash
# aarch64.sh BUILD SNED SCORES - libsned on 64-bit ARM, under qemu as two processors: one has the dot product instructions, one has
# not. There every micro-kernel is what portable C is, random layers are what plain loops give, and networks give the scores that they
# give here, bit for bit. Builds in the folder BUILD, by scripts/aarch64.ini; skips itself without Debian's cross compiler and qemu,
# and networks that are not there.
. "$(dirname "$0")/../harness.sh"
build=$1 sned=$2 here=$(realpath "$3")
models=${SNED_DATA:-../shared}/models
processors="max cortex-a53"
declare -A instructions=([max]=neon_dot [cortex-a53]=neon)

for tool in aarch64-linux-gnu-gcc qemu-aarch64; do
    command -v $tool >/dev/null || { skip "libsned on aarch64" "no $tool: apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user"; finish; }
done
holds "libsned is built for aarch64" eval \
    '{ [ -f "$build/build.ninja" ] || meson setup "$build" --cross-file scripts/aarch64.ini -Dlibrary_only=true; } && ninja -C "$build" tests/aarch64/scores tests/aarch64/checkkernels tests/aarch64/row_kernels tests/aarch64/random_layers'
[ $failed = 0 ] || { tail -n 5 "$work/held"; finish; }

# pack NAME MODEL: its scales are noise's, which is enough to compare with.
files=""
pack() {
    [ -f "$2" ] || { skip "the scores of $1" "no $2"; return; }
    "$sned" pack "$2" --calibration 1 -o "$work/$1.sned" -q && files="$files $1.sned"
}
"$sned" new lenet5 -o "$work/lenet5.onnx" -q
pack lenet5 "$work/lenet5.onnx"
pack resnet20 "$models/resnet20-cifar10/resnet20-cifar10.onnx"
pack squeezenet "$models/squeezenet/squeezenet.onnx"
pack mobilenetv2 "$models/mobilenetv2/mobilenetv2.onnx"

# Of each processor side by side: what the kernel tests say, and the networks' scores. An emulator takes ten times as long: it has some
# of the layers that this machine has 10,000 of each kind of (tests/meson.build).
declare -A layers=([conv]=1200 [rows]=1500 [pools]=2000 [numbers]=2000)
there=$(realpath "$build")/tests/aarch64
cd "$work" || exit 1
for processor in $processors; do
    { qemu-aarch64 -cpu $processor "$there/checkkernels" >$processor.kernels 2>&1
      qemu-aarch64 -cpu $processor "$there/row_kernels" >$processor.row_kernels 2>&1
      for kind in "${!layers[@]}"; do qemu-aarch64 -cpu $processor "$there/random_layers" $kind 0 ${layers[$kind]} >$processor.$kind 2>&1; done
      qemu-aarch64 -cpu $processor "$there/scores" $files >$processor.scores 2>&1; } &
done
holds "the networks run here" "$here" $files
cp held here.scores
wait

# passes FILE: what a test program said.
passes() {
    grep '^\[  PASSED  \]' "$1" || { tail -n 3 "$1"; return 1; }
}
for processor in $processors; do
    holds "$processor: every micro-kernel is what portable C is" passes $processor.kernels
    holds "$processor: the kernels of fully connected rows are what the matrix says" passes $processor.row_kernels
    for kind in "${!layers[@]}"; do
        holds "$processor: ${layers[$kind]} random layers ($kind) are what plain loops give, in every form" passes $processor.$kind
    done
    holds "$processor: its instruction set is ${instructions[$processor]}" grep -x "instructions: ${instructions[$processor]}" $processor.scores
    for file in $files; do
        holds "$processor: the scores of ${file%.sned} are those of this machine" diff <(grep "^$file: .*class" here.scores) <(grep "^$file" $processor.scores)
    done
done
finish
