#!/usr/bin/env bash
# micro_kernels.sh [COLUMN]... - each micro-kernel on shapes of real layers: useful multiply-accumulates a second, their share of what the
# machine can do at most, and instructions a product, counted by callgrind where it knows them (of x86-64 AVX2's). A file a column in
# results/micro-kernels-COLUMN.json; default: every column that this machine runs, but plain C. Two
# minutes.
. "$(dirname "$0")/common.sh"
bench=build/bench/micro_kernels
# What is compared with what: a kernel of convolutions with the rate of its column's own instruction, one of rows with reading memory,
# where its weights come from there.
bounds=$(build/bench/machine 1000) || exit 1

# instructions COLUMN ROW CALLS: all that a run with so many calls executes; fails where valgrind's processor has no such column.
instructions() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null $bench "$@" 2>&1 >/dev/null | sed -n 's/.*Collected : \([0-9]*\).*/\1/p'
}

# counted COLUMN: a JSON object, by row: instructions a product, by what ten more calls add.
counted() {
    local row few many
    if [ -z "$(type -P valgrind)" ] || ! instructions "$1" 0 1 >/dev/null; then
        echo '{}'
        return
    fi
    for row in $($bench "$1" | jq '.[].row'); do
        few=$(instructions "$1" "$row" 1) && many=$(instructions "$1" "$row" 11) && echo "{\"$row\": (($many - $few) / 10 / $($bench "$1" "$row" 1))}"
    done | { echo "[null"; sed "s|^|, |"; echo "] | add // {}"; } | jq -n -f /dev/stdin
}

for column in ${*:-$($bench columns | grep -v portable)}; do
    file=$results/micro-kernels-$column.json
    [ ! -s "$file" ] || continue
    counts=$(counted "$column")
    $bench "$column" | jq --argjson bounds "$bounds" --argjson counts "$counts" --arg column "$column" --arg machine "$(machine)" '
        {column: $column, bound_gmacs: $bounds.gmacs[$column][0], bound_gbytes: $bounds.gbytes[0],
         rows: [.[] | . + {gmacs: (.products / .ns), gbytes: (.weight_bytes / .ns), instructions: $counts["\(.row)"]}
            | . + {share: (if .kernel | endswith("_rows") then (if .cold then .gbytes / $bounds.gbytes[0] else null end) elif $bounds.gmacs[$column] then .gmacs / $bounds.gmacs[$column][0] else null end)}],
         command: "bench/micro_kernels.sh \($column)", machine: $machine}' >"$file.new" && mv "$file.new" "$file" || exit 1
done
jq -rs 'def n: . * 10 | round / 10; ["kernel", "column", "shape", "GMAC/s", "GB/s", "share of bound", "instructions a product"],
    (.[].rows[] | [.kernel, .column, .shape, (.gmacs | n), (.gbytes | n), (if .share then "\(.share * 100 | round) %" else "-" end), (.instructions | if . then . * 1000 | round / 1000 else "-" end)]) | @tsv' \
    $results/micro-kernels-*.json | column -t -s $'\t'
