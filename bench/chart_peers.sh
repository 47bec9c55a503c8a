#!/usr/bin/env bash
# chart_peers.sh - docs/charts/peers-KIND.svg: sned's speed as a multiple of the fastest int8 peer's and the fastest float peer's,
# network by network, from the rows of bench/peers/run on one thread; a chart a kind of processor.
. "$(dirname "$0")/common.sh"
. bench/tables_peers.sh
mkdir -p docs/charts
for kind in $(ls $results/peers-*-1-*.json 2>/dev/null | sed -E 's/.*-1-(.*)\.json/\1/' | sort -u); do
    rows=$(mktemp)
    for network in $peers_order; do
        file=$results/peers-$network-1-$kind.json
        [ ! -s "$file" ] || jq -r --arg wanted "$(peers_wanted "$network")" "$peers_words"'
            def bars: if .times_slower then "\(.times_slower[1]) \(.times_slower[0]) \(.times_slower[2])" else "NaN NaN NaN" end;
            "\"\(.what | sub(", synthetic"; ""))\" \(fastest("int8") | bars) \(fastest("float") | bars) \($wanted | sub("-"; "NaN"))"' "$file"
    done >"$rows"
    gnuplot <<G
set terminal svg size 900,420 font "sans,12" background "white"
set output "docs/charts/peers-$kind.svg"
set title "sned beside the fastest peer, one picture, one thread, $kind (median, quartiles)"
set ylabel "times as fast as the peer"
set style data histograms
set style histogram errorbars gap 1.5 lw 1.2
set style fill solid 0.8 border -1
set xtics rotate by -30
set yrange [0:*]
set grid y
set key top right
plot "$rows" using 2:3:4:xtic(1) lc rgb "#b2421a" title "fastest int8 peer", "" using 5:6:7 lc rgb "#1f5fa8" title "fastest float peer", \\
     "" using 0:8 with points pt 2 ps 1.4 lw 2 lc rgb "black" title "wanted of the first", 1 with lines lc rgb "gray" notitle
G
    rm "$rows"
    echo "docs/charts/peers-$kind.svg: written" >&2
done
