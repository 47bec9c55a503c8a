#!/usr/bin/env bash
# area.sh - what the accelerator takes: zcu104 by Yosys alone, ecp5 placed and routed. Not within bounds is a result, too.
. "$(dirname "$0")/common.sh"

# synthesised NAME COMMAND...: the command's JSON into results/NAME.json, with the command line in it, unless it is there.
synthesised() {
    local name=$1 file=$results/$1.json
    shift
    [ ! -s "$file" ] || return 0
    echo "\$ $*" >&2
    "$@" >"$work/$name.out" 2>"$work/$name.log" || tail -n 1 "$work/$name.log" >&2
    [ -s "$work/$name.out" ] && jq --arg command "$*" --arg machine "$(machine)" '. + {command: $command, machine: $machine}' "$work/$name.out" >"$file.new" &&
        mv "$file.new" "$file"
}

failed=0
synthesised area-zcu104 fpga/area --config zcu104 --json || failed=1
synthesised ecp5 fpga/ecp5 --json || failed=1
exit $failed
