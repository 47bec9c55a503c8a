#!/usr/bin/env bash
# cli_costs.sh - what kernels cost on this machine: measured, kept, used and told; and every place where it cannot be kept.
#   cli_costs.sh SNED
sned=$(realpath "$1")
cd "$(dirname "$0")/../.." || exit 1
. tests/harness.sh
cd "$work" || exit 1
unset SNED_PLAN
export XDG_CACHE_HOME=$work/cache
costs=$XDG_CACHE_HOME/sned/costs-portable
export SNED_CPU=portable

# chosen_by NAME COSTS: what a plan says of its costs, in both ways.
chosen_by() {
    holds "$1" grep -q "forms chosen by $2 costs" <("$sned" inspect net.sned --plan)
    holds "$1, as JSON" grep -q "\"costs\": \"$2\"" <("$sned" inspect net.sned --plan --json)
}

"$sned" data glyphs -o glyphs --train-images 200 --test-images 50 -q
"$sned" new lenet5 -o net.onnx --seed 3 -q
"$sned" pack net.onnx --data glyphs -o net.sned -q
chosen_by "a plan of a machine that was not calibrated" built-in
# Of the test images: all but how long it took.
results() { "$sned" eval net.sned --data glyphs --json | tr , '\n' | grep -E 'top1|top5|loss'; }
scores=$(results)
holds "opening models makes no file" test ! -e cache

succeeds "bench --calibrate" "$sned" bench --calibrate
holds "it says what it found, beside what is built in, and where it is" \
    test "$(grep -cE "^(taps|row_dense) +[0-9.]+ +[0-9.]+$|^kept in $costs" out)" = 3
holds "the file is for nobody else" test "$(stat -c %a:%F "$costs")" = "600:regular file"
holds "and so are the folders that were made" test "$(stat -c %a cache cache/sned | uniq)" = 700
holds "nothing temporary is left" test "$(ls -A cache/sned)" = costs-portable
chosen_by "a plan of a machine that was calibrated" calibrated
holds "results are the same" test "$(results)" = "$scores"
SNED_PLAN=builtin chosen_by "SNED_PLAN=builtin" built-in
SNED_PLAN=measured chosen_by "SNED_PLAN=measured" measured
holds "results of a measured plan are the same" test "$(SNED_PLAN=measured results)" = "$scores"
refuses "SNED_PLAN of another name" 2 'SNED_PLAN=best: ' env SNED_PLAN=best "$sned" inspect net.sned --plan

succeeds "bench --calibrate as JSON, once more" "$sned" bench --calibrate --json
holds "it tells the file, the machine and each cost" python3 -c 'import json, sys
told = json.load(open(sys.argv[1]))
assert told["file"] == sys.argv[2] and told["instructions"] == "portable" and told["processor"]
assert all(cost["built_in"] > 0 and cost["here"] > 0 for cost in told["nanoseconds"])
assert "taps" in [cost["name"] for cost in told["nanoseconds"]]' out "$costs"
printf x >>"$costs"
chosen_by "a plan beside a file that is damaged" built-in
echo "dear diary" >diary; ln -sf "$work/diary" "$costs"
chosen_by "a plan beside a link" built-in
succeeds "bench --calibrate where a link is" "$sned" bench --calibrate
holds "it is no link any more" test -f "$costs" -a ! -L "$costs"
holds "what it led to is as it was" grep -q 'dear diary' diary

refuses "bench of nothing" 2 'MODEL' "$sned" bench
refuses "--calibrate of a model" 2 'takes no MODEL' "$sned" bench net.sned --calibrate
rm "$costs"; mkdir "$costs"
chosen_by "a plan beside a folder" built-in
refuses "--calibrate where a folder is" 1 'costs-portable: exists and is not a regular file' "$sned" bench --calibrate
refuses "--calibrate under a file" 1 'diary' env XDG_CACHE_HOME="$work/diary" "$sned" bench --calibrate
refuses "--calibrate where there is no place for caches" 1 'XDG_CACHE_HOME' env -u HOME XDG_CACHE_HOME=here "$sned" bench --calibrate
holds "the working directory is none" test ! -e here
finish
