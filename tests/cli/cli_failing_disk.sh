#!/usr/bin/env bash
# cli_failing_disk.sh - each write of each command that writes fails once: exit status 1, one line that names the file and
# the reason, the old file whole, nothing left beside it.
#   cli_failing_disk.sh SNED SHIM [STEP]   (SHIM: failing_disk.c as a shared module; STEP: every so many writes, else every one)
sned=$(realpath "$1") shim=$(realpath "$2") step=${3:-1}
cd "$(dirname "$0")/../.." || exit 1
. tests/harness.sh
tests=$PWD/tests
cd "$work" || exit 1
export ASAN_OPTIONS="${ASAN_OPTIONS:-}:verify_asan_link_order=0"

"$sned" data glyphs -o glyphs --train-images 200 --test-images 40 -q
"$sned" new lenet300 -o new.onnx --seed 3 -q
"$sned" train new.onnx --data glyphs --epochs 1 -o trained.onnx -q
"$sned" pack trained.onnx --data glyphs -o packed.sned -q
cat >short.yaml <<'R'
method: paper
order: joint
target_kept: 0.5
peak: false
target_cuts: 1
retrain:
  epochs: 0.1
settle:
  passes: 1
  epochs: 0.1
finish:
  epochs: 0.1
quantize:
  epochs: 0.1
R

# fresh TARGET: what stands there before the command: an old file for each that the command makes.
echo "an old file" >old
fresh() {
    local file
    rm -rf "$1" "$1.checkpoint"
    [ ! -d made ] || mkdir "$1"
    for file in $(find made -type f); do cp old "$1${file#made}"; done
}

# stands_whole TARGET CALL: every file is the old one. Where files were renamed already (CALL), it may be the new one.
stands_whole() {
    local file new
    for new in $(find made -type f); do
        file=$1${new#made}
        cmp -s "$file" old && continue
        case $2 in sync-folder | set) cmp -s "$file" "$new" && continue ;; esac
        return 1
    done
}

# what_is_wrong STATUS TARGET CALL: after a failed command; nothing where all is as it should be.
what_is_wrong() {
    local status=$1 target=$2 call=$3
    [ "$status" = 1 ] || echo "exit status $status"
    [ "$(wc -l <err)" = 1 ] || echo "not one line: $(head -c 300 err)"
    grep -qE "^sned [a-z]+: .*$target.*: (No space left on device|Input/output error)" err || echo "says: $(head -c 300 err)"
    [ ! -s out ] || echo "printed on stdout"
    stands_whole "$target" "$call" || echo "$target is not the old one"
    [ -z "$(find . -name '.*.tmp')" ] || echo "left $(find . -name '.*.tmp')"
    [ ! -e "$target.checkpoint" ] || python3 "$tests/whole_checkpoint.py" "$target.checkpoint" || echo "half a checkpoint"
}

# every_failure NAME TARGET MODES LATE COMMAND...: the 1st, 2nd, 3rd ... write fails, until the command succeeds. MODES: alone,
# and with all later ones (every third). LATE: calls whose failure may leave a part of a set of files new.
every_failure() {
    local name=$1 target=$2 modes=$3 late=$4 n mode on status call wrong="" failures=0
    shift 4
    rm -rf made "$target" "$target.checkpoint"
    "$@" -o "$target" -q >out 2>err || { fail "$name" "does not work on a disk that does: $(cat err)"; return; }
    mv "$target" made
    for mode in $modes; do
        on=$([ $mode = alone ] || echo 1)
        for n in $(seq 1 $((on ? 3 * step : step)) 500); do
            fresh "$target"
            rm -f log
            SNED_FAIL_AT=$n SNED_FAIL_ON=$on SNED_FAIL_LOG=$PWD/log LD_PRELOAD=$shim "$@" -o "$target" -q >out 2>err </dev/null
            status=$?
            [ -e log ] || break
            call=$(head -1 log | cut -d' ' -f1)
            case " $late " in *" $call "*) call=set ;; esac
            wrong=$(what_is_wrong $status "$target" "$call")
            [ -z "$wrong" ] || { fail "$name" "failure $n, $mode ($(head -1 log)): $wrong"; return; }
            failures=$((failures + 1))
        done
        [ $status = 0 ] && diff -r "$target" made >/dev/null || { fail "$name" "without a failure: $status, $(cat err)"; return; }
    done
    if [ $((failures * step)) -ge 5 ]; then pass "$name ($failures failures)"; else fail "$name" "only $failures failures"; fi
}

# goes_on NAME TARGET N COMMAND...: after its N-th write failed, the command ends with the same bytes all the same.
goes_on() {
    local name=$1 target=$2 n=$3
    shift 3
    rm -f "$target" "$target.checkpoint"
    "$@" -o "$target" -q && mv "$target" made.file
    SNED_FAIL_AT=$n LD_PRELOAD=$shim "$@" -o "$target" -q 2>err
    if [ ! -e "$target.checkpoint" ] || [ -e "$target" ]; then fail "$name" "failure $n left no checkpoint alone: $(cat err)"; return; fi
    "$@" -o "$target" >out 2>&1
    if ! grep -qE 'going on|resuming' out; then fail "$name" "does not go on: $(cat out)"; return; fi
    holds "$name" cmp "$target" made.file
}

# A disk that is nearly full is seen before the work: both numbers are said, and nothing is trained.
nearly_full() { SNED_FREE_BYTES=$1 LD_PRELOAD=$shim "${@:2}"; }
refuses "compress: no room for checkpoint and result" 1 '50,000 bytes free, and up to [0-9,]{9,} may' \
    nearly_full 50000 "$sned" compress trained.onnx --data glyphs --recipe short.yaml -o z.sned -q
refuses "train: no room for checkpoint and result" 1 '50,000 bytes free, and up to [0-9,]{9,} may' \
    nearly_full 50000 "$sned" train new.onnx --data glyphs --epochs 1 -o z.onnx -q
refuses "train: no room for the result alone" 1 '50,000 bytes free, and up to 1,[0-9]{3},[0-9]{3} may' \
    nearly_full 50000 "$sned" train new.onnx --data glyphs --epochs 1 --checkpoint none -o z.onnx -q
succeeds "compress: room enough" nearly_full 20000000 "$sned" compress trained.onnx --data glyphs --recipe short.yaml -o z.sned -q
holds "nothing is left of a refusal" test -z "$(find . -name 'z.onnx*' -o -name 'z.sned.*')"

both="alone later"
every_failure "new: the old file stays" x.onnx "$both" "" "$sned" new lenet300 --seed 3
every_failure "train: the old file stays" x.onnx "$both" "" "$sned" train new.onnx --data glyphs --epochs 1
every_failure "compress: the old file stays" x.sned alone "" "$sned" compress trained.onnx --data glyphs --recipe short.yaml
every_failure "pack: the old file stays" x.sned "$both" "" "$sned" pack trained.onnx --data glyphs
every_failure "export: the old file stays" x.onnx "$both" "" "$sned" export packed.sned
every_failure "data glyphs: the old set stays" x "$both" rename "$sned" data glyphs --train-images 100 --test-images 40
every_failure "data pictures: each old picture stays" x "$both" "open write sync close rename sync-folder" \
    "$sned" data pictures packed.sned --data glyphs --limit 3
goes_on "train goes on after a failure" y.onnx 20 "$sned" train new.onnx --data glyphs --epochs 3
goes_on "compress goes on after a failure" y.sned 30 "$sned" compress trained.onnx --data glyphs --recipe short.yaml
finish
