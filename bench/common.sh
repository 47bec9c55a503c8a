# common.sh - sourced by the bench scripts: where things are, rows kept as JSON, medians.
#
# A script writes one JSON file a run into bench/results/; bench/tables.sh makes docs/results.md and its charts from them.
# A run whose file is there already is not repeated: remove the file to measure again.
set -u -o pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
for tool in jq gnuplot time; do
    [ -n "$(type -P $tool)" ] || { echo "install $tool first: apt-get install $tool" >&2; exit 1; }
done
sned=${SNED:-build/src/cli/sned}
[ -x "$sned" ] || { echo "build first: ./demo or ./check" >&2; exit 1; }
data=${SNED_DATA:-../shared}
results=bench/results
# Forms by the costs built in, not by what somebody has measured on this machine.
export SNED_PLAN=${SNED_PLAN:-builtin}
# Trained and packed networks stay here, for later runs and for whoever measures on them.
work=${SNED_BENCH:-${XDG_CACHE_HOME:-$HOME/.cache}/sned-bench}
mkdir -p "$results" "$work"

# output_of COMMAND...: the file after its -o, or nothing.
output_of() { sed -n 's/.* -o \([^ ]*\).*/\1/p' <<<"$*"; }

# measured NAME COMMAND...: the command's JSON into results/NAME.json, with the command line, its seconds (of the clock and of the
# processors) and its peak of memory in it, unless it is there and the file that the command makes too. Its progress can be
# watched in $work/NAME.log.
measured() {
    local name=$1 file=$results/$1.json made
    shift
    made=$(output_of "$@")
    [ ! -s "$file" ] || { [ -n "$made" ] && [ ! -e "$made" ]; } || return 0
    echo "\$ sned ${*:2}" >&2
    if /usr/bin/time -f '{"wall_seconds": %e, "cpu_user": %U, "cpu_system": %S, "peak_kilobytes": %M}' -o "$work/$name.time" "$@" --json >"$work/$name.out" 2>"$work/$name.log"; then
        jq --arg command "sned $(sed "s|$work/||g; s|$data/|DATA/|g" <<<"${*:2}")" --arg machine "$(machine)" \
            '(if .decisions then .steps = [.decisions[] | {phase, seconds_cut, seconds_retrained}] else . end) | del(.decisions)
             | . + $cost[0] + {command: $command, machine: $machine}' --slurpfile cost "$work/$name.time" "$work/$name.out" >"$file.new" && mv "$file.new" "$file"
    else
        echo "$name: failed: $(tail -n 1 "$work/$name.log")" >&2
        return 1
    fi
}

machine() { echo "$(nproc) x $(grep -m1 'model name' /proc/cpuinfo | sed 's/.*: //')"; }
