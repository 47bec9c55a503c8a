#!/usr/bin/env bash
# shares.sh [NETWORK]... - what share of the machine's bound each layer of a network reaches, on one thread: a convolution's useful
# multiply-accumulates a second (weights that are not 0) of the rate of its column's own instruction, a fully connected layer's bytes of
# weights a second of reading memory (build/bench/machine measures both). For the networks of bench/peers/run, which must have made
# them; default: alexnet vgg16. A file each in results/shares-NETWORK-COLUMN.json; SNED_CPU chooses the column. Half a minute, for a
# quiet machine.
#
# Weights are counted as they are in the form that the layer has (build/bench/row_bytes); of rows in several forms, which the engine
# chooses for the rows of each piece, as if all were in the smallest.
. "$(dirname "$0")/common.sh"
bounds=$(build/bench/machine 1000) || exit 1

for network in ${*:-alexnet vgg16}; do
    file=$work/peers/$network/network.sned
    [ -s "$file" ] || { echo "$network: $file is not there: bench/peers/run $network makes it" >&2; exit 1; }
    column=$($sned inspect "$file" --plan --json | jq -r .plan.instructions) || exit 1
    made=$results/shares-$network-$column.json
    [ ! -s "$made" ] || continue
    bytes=$(build/bench/row_bytes "$file" | jq -Rn '[inputs | split("\t") | {(.[4]): ([.[:4][] | tonumber] | {dense: .[0], masked: .[1], spans: .[2], listed: .[3]})}] | add // {}') || exit 1
    $sned bench "$file" --steps --threads 1 --runs 100 --json -q |
        jq --argjson bounds "$bounds" --argjson bytes "$bytes" --arg network "$network" --arg column "$column" --arg machine "$(machine)" '
        $bounds.gmacs[$column][0] as $gmacs | $bounds.gbytes[0] as $gbytes
        | def bytes: .form as $form | $bytes[.name] + {wide: $bytes[.name].dense} | .[$form] // ([.[] | select(. > 0)] | min);
          def total(bound): (map(.ms) | add) as $ms | (map(.amount) | add) as $amount
            | {ms: $ms, amount: $amount, rate: ($amount / $ms * 1e-6), bound: bound} | .share = .rate / bound;
          [.steps[] | select(.op == "Conv" or .op == "Gemm") | {name, op, form, ms: .ms_median, macs, products}
            | .amount = if .op == "Conv" then .products else bytes end | .rate = .amount / .ms * 1e-6
            | .share = .rate / (if .op == "Conv" then $gmacs else $gbytes end)] as $layers
        | {network: $network, column: $column, ms: .ms_median, layers: $layers,
           conv: ($layers | map(select(.op == "Conv")) | total($gmacs)), fc: ($layers | map(select(.op == "Gemm")) | total($gbytes)),
           command: "bench/shares.sh \($network)", machine: $machine}' >"$made.new" && mv "$made.new" "$made" || exit 1
done
jq -rs 'def n: . * 10 | round / 10; ["network", "layer", "form", "ms", "GMAC/s or GB/s", "share of bound"],
    (.[] | .network as $network | (.layers[] | [$network, .name, .form, .ms, (.rate | n), "\(.share * 100 | round) %"]),
        ([["all convolutions", .conv], ["all FC", .fc]][] | [$network, .[0], "", (.[1].ms | . * 1000 | round / 1000), (.[1].rate | n), "\(.[1].share * 100 | round) %"])) | @tsv' \
    $results/shares-*.json | column -t -s $'\t'
