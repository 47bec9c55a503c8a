#!/usr/bin/env bash
# kill.sh - train and compress, killed at random moments: the same command goes on and ends with the bytes of an
# uninterrupted run; the old file is whole until then, no checkpoint is ever half, nothing stays beside the result.
#   kill.sh [KILLS [SEED [SNED]]]   kills of each command (default 50), seed of the moments (default: the time)
cd "$(dirname "$0")/../.." || exit 1
kills=${1:-50} seed=${2:-$(date +%s)} sned=$(realpath "${3:-build/src/cli/sned}")
. tests/harness.sh
tests=$PWD/tests
cd "$work" || exit 1
RANDOM=$seed
echo "$kills kills of each command, seed $seed"

"$sned" data glyphs -o glyphs --train-images 1000 --test-images 100 -q
"$sned" new lenet300 -o new.onnx --seed 3 -q
"$sned" train new.onnx --data glyphs --epochs 1 -o trained.onnx -q
cat >short.yaml <<'R'
method: paper
order: joint
target_kept: 0.3
peak: false
target_cuts: 2
retrain:
  epochs: 0.5
settle:
  passes: 1
  epochs: 0.5
finish:
  epochs: 1
quantize:
  epochs: 0.5
R
cat >rate.yaml <<'R'
method: rate
train:
  epochs: 4
R
echo "an old file" >old

# kill_after MILLISECONDS COMMAND...: true where the command was still running then.
kill_after() {
    local moment=$1 process
    shift
    "$@" >/dev/null 2>&1 &
    process=$!
    sleep "$(printf '%d.%03d' $((moment / 1000)) $((moment % 1000)))"
    kill -9 $process 2>/dev/null
    wait $process 2>/dev/null
    [ $? = 137 ]
}

# what_is_wrong TARGET: after a kill; nothing where all is as it should be.
what_is_wrong() {
    cmp -s "$1" old || cmp -s "$1" whole || echo "neither the old file nor the new one"
    [ ! -e "$1.checkpoint" ] || python3 "$tests/whole_checkpoint.py" "$1.checkpoint" || echo "half a checkpoint"
}

# what_is_left TARGET: after the command's second run; nothing where all is as it should be.
what_is_left() {
    cmp "$1" whole
    find . -name "$1.checkpoint" -o -name ".$1.*"
}

# goes_on NAME TARGET COMMAND...: as often as asked, each kill followed by a second run to the end.
goes_on() {
    local name=$1 target=$2 start duration moment wrong done=0 late=0 halves=0 resumed=0
    shift 2
    start=$(date +%s%N)
    "$@" -o whole -q >out 2>&1 || { fail "$name" "does not work uninterrupted: $(cat out)"; return; }
    duration=$((($(date +%s%N) - start) / 1000000))
    while [ $done -lt "$kills" ] && [ $late -le $((4 * kills)) ]; do
        rm -f "$target.checkpoint"
        cp old "$target"
        moment=$((duration * RANDOM / 32768))
        kill_after $moment "$@" -o "$target" -q || { late=$((late + 1)); continue; }
        done=$((done + 1))
        halves=$((halves + $(find . -name ".$target.*.tmp" | wc -l)))
        resumed=$((resumed + $([ -e "$target.checkpoint" ] && echo 1 || echo 0)))
        wrong=$(what_is_wrong "$target")
        "$@" -o "$target" -q >out 2>&1 || wrong="$wrong, does not go on: $(cat out)"
        wrong=$wrong$(what_is_left "$target" 2>&1)
        [ -z "$wrong" ] || { fail "$name" "killed after $moment of $duration ms: $wrong"; return; }
    done
    echo "$(basename "$1") $2: $done kills within $duration ms; $resumed left a checkpoint, $halves a temporary file; $late came too late"
    if [ $done = "$kills" ]; then pass "$name"; else fail "$name" "only $done kills in time"; fi
}

# collects NAME TARGET COMMAND...: a run removes what dead processes left for its own files, and nothing else.
collects() {
    local name=$1 target=$2 dead
    shift 2
    dead=$(sh -c 'echo $$')
    touch ".$target.$dead.tmp" ".$target.checkpoint.$dead.tmp" ".another.$dead.tmp" ".$target.$$.tmp"
    "$@" -o "$target" -q >out 2>&1
    find . -name ".*.tmp" | sort >left
    printf "%s\n" "./.another.$dead.tmp" "./.$target.$$.tmp" | sort >expected
    holds "$name" cmp left expected
    rm -f .*.tmp
}

collects "train collects what killed runs left" x.onnx "$sned" train new.onnx --data glyphs --epochs 1
collects "compress collects what killed runs left" x.sned "$sned" compress trained.onnx --data glyphs --recipe short.yaml
goes_on "train goes on after every kill" killed.onnx "$sned" train new.onnx --data glyphs --epochs 12
goes_on "compress goes on after every kill" killed.sned "$sned" compress trained.onnx --data glyphs --recipe short.yaml
goes_on "compress to a size goes on after every kill" sized.sned "$sned" compress trained.onnx --data glyphs --recipe rate.yaml --max-bytes 1M
finish
