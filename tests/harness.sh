# harness.sh - sourced by shell tests: each case is a function call that says its name; the end counts as cmocka does.

passed=0 failed=0 skipped=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export SNED_PLAN=builtin # what was calibrated on this machine is the user's, and no test's

pass() { passed=$((passed + 1)); echo "[       OK ] $1"; }
fail() { failed=$((failed + 1)); echo "[  FAILED  ] $1: $2"; }
skip() { skipped=$((skipped + 1)); echo "[  SKIPPED ] $1: $2"; }

# refuses NAME STATUS PATTERN COMMAND...: exits with STATUS, says one line on stderr that matches, nothing on stdout.
refuses() {
    local name=$1 want=$2 pattern=$3 got
    shift 3
    "$@" >"$work/out" 2>"$work/err" </dev/null
    got=$?
    if [ $got != "$want" ]; then
        fail "$name" "exit status $got, not $want: $(head -c 300 "$work/err")"
    elif [ "$(wc -l <"$work/err")" != 1 ]; then
        fail "$name" "not one line: $(head -c 600 "$work/err")"
    elif ! grep -qE -- "$pattern" "$work/err"; then
        fail "$name" "'$(cat "$work/err")' does not match '$pattern'"
    elif [ -s "$work/out" ]; then
        fail "$name" "printed on stdout: $(head -c 200 "$work/out")"
    else
        pass "$name"
    fi
}

# succeeds NAME COMMAND...: exits with 0; its output is in $work/out and $work/err.
succeeds() {
    local name=$1
    shift
    if "$@" >"$work/out" 2>"$work/err" </dev/null; then
        pass "$name"
    else
        fail "$name" "exit status $?: $(tail -c 600 "$work/err")"
    fi
}

# holds NAME COMMAND...: a condition.
holds() {
    local name=$1
    shift
    if "$@" >"$work/held" 2>&1; then pass "$name"; else fail "$name" "$(head -c 400 "$work/held")"; fi
}

finish() {
    echo "[  PASSED  ] $passed test(s)."
    [ $skipped = 0 ] || echo "[  SKIPPED ] $skipped test(s)."
    [ $failed = 0 ] || echo "[  FAILED  ] $failed test(s)."
    exit $((failed > 0))
}
