#!/usr/bin/env bash
# chart_frontier.sh - docs/charts/frontier-lenet5.svg and -lenet300.svg: bytes against error, sned's rows of frontier.sh (whole
# files, median and range over seeds) beside what papers published (their numbers are of weights alone).
. "$(dirname "$0")/common.sh"
mkdir -p docs/charts

# published NET: name, bytes, error in percent, a line each.
published() {
    case $1 in
    lenet5) printf '%s\n' '"Deep Compression" 44000 0.74' '"MIRACLE" 3000 0.69' '"EPR" 2840 1.0' ;;
    lenet300) printf '%s\n' '"Deep Compression" 27000 1.58' '"EPR" 8560 1.9' ;;
    esac
}

# own NET: for each target bytes, error, and the lowest and highest error over seeds.
own() {
    local target
    for target in $(ls $results/frontier-$1-*-?.json 2>/dev/null | sed -E "s/.*frontier-$1-(.*)-[0-9]\.json/\1/" | sort -u); do
        jq -rs 'def middle: sort | .[length / 2 | floor]; [.[] | 100 - .top1_after] as $error |
            "\([.[].bytes] | middle) \($error | middle) \($error | min) \($error | max)"' $results/frontier-$1-$target-?.json
    done
}

for net in lenet5 lenet300; do
    points=$(mktemp) rows=$(mktemp)
    published $net >"$points"
    own $net >"$rows"
    [ -s "$rows" ] || { echo "chart_frontier.sh: skipped $net: frontier.sh has left no rows of it" >&2; rm "$points" "$rows"; continue; }
    gnuplot <<G
set terminal svg size 720,400 font "sans,12" background "white"
set output "docs/charts/frontier-$net.svg"
set title "$([ $net = lenet5 ] && echo LeNet-5 || echo LeNet-300-100), MNIST: bytes against error"
set xlabel "bytes (logarithmic)"
set ylabel "test error, %"
set logscale x
set xtics ("1 KB" 1000, "2 KB" 2000, "3 KB" 3000, "5 KB" 5000, "10 KB" 10000, "20 KB" 20000, "50 KB" 50000, "100 KB" 100000)
set xrange [1500:150000]
set yrange [0:*]
set offsets graph 0, graph 0.05, graph 0.1, graph 0.05
set grid x y
set key top right
plot "$rows" using 1:2:3:4 with yerrorbars pt 7 ps 1.2 lw 1.5 lc rgb "#b2421a" title "sned: whole files, median and range over seeds", \\
     "$points" using 2:3 with points pt 6 ps 1.2 lw 1.5 lc rgb "#1f5fa8" title "published: weights alone", \\
     "$points" using 2:3:1 with labels left offset 1,0.5 notitle
G
    rm "$points" "$rows"
    echo "docs/charts/frontier-$net.svg: written" >&2
done
