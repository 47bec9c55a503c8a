# tables_peers.sh - sourced by tables.sh: the rows of bench/peers/run, a table a kind of processor, and its chart; layers and
# micro-kernels against the bounds of the machine.

# What every program of jq here knows of a row: the fastest int8 peer, by the clock.
peers_words='def n: if . < 1 then . * 1000 | round / 1000 elif . < 10 then . * 100 | round / 100 else . * 10 | round / 10 end;
    def spread: "\(.[1] | n) (\(.[0] | n) to \(.[2] | n))";
    def peers: [.engines[] | select(.engine != "sned")];
    def fastest(precision): [peers[] | select(.precision == precision)] | min_by(.ms[1]);
    def own: .engines[] | select(.engine == "sned");'

# peers_wanted NETWORK: issue numbers, "times the fastest int8 peer".
peers_wanted() {
    case $1 in
    alexnet | resnet50-20) echo 2.5 ;;
    alexnet-pairs) echo 3.2 ;;
    vgg16) echo 1.8 ;;
    squeezenet) echo 1.2 ;;
    resnet20) echo 1.5 ;;
    mobilenetv2 | resnet50) echo 1 ;;
    lenet5) echo 3 ;;
    *) echo - ;;
    esac
}

peers_order="alexnet alexnet-pairs vgg16 resnet50-20 squeezenet resnet20 resnet20-56k mobilenetv2 resnet50 lenet5"

# peers_summary KIND: sned beside the fastest of the others, a line a network and thread count.
peers_summary() {
    local network threads file
    echo "| network | threads | weights kept | sned, ms | fastest int8 peer, ms | ratio, round by round | wanted | fastest float peer, ms |"
    echo "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for network in $peers_order; do
        for threads in 1 2; do
            file=$results/peers-$network-$threads-$1.json
            [ -s "$file" ] || continue
            jq -r --arg wanted "$(peers_wanted "$network")" "$peers_words"'
                fastest("int8") as $int8 | fastest("float") as $float
                | def peer: if . then "\(.ms | spread), \(.engine)" else "none" end;
                "| \(.what) | \(.threads) | \(.kept) of \(.weights) | \([own | .ms | spread][0] // "not reached: \(.missing.sned)") | \($int8 | peer) | \($int8.times_slower // null | if . then spread else "-" end) | \($wanted) | \($float | peer) |"' "$file"
        done
    done
    echo
}

# peers_all KIND: every engine of every network.
peers_all() {
    local network threads file
    echo "| network | threads | engine | ms | times sned's | top-1, % | classes as float, % | scores off, % |"
    echo "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for network in $peers_order; do
        for threads in 1 2; do
            file=$results/peers-$network-$threads-$1.json
            [ -s "$file" ] || continue
            jq -r "$peers_words"'def share: if . == null then "-" else . * 10 | round / 10 end;
                .what as $what | .threads as $threads | (.engines[] | "| \($what) | \($threads) | \(.engine) \(if .engine == "sned" then "" else "\(.version) " end)\(.precision) | \(.ms | spread) | \(if .times_slower then .times_slower | spread else "-" end) | \(.top1 | share) | \(.agreement | share) | \(.error | share) |"),
                (.missing | to_entries[] | "| \($what) | \($threads) | \(.key) | not reached: \(.value | gsub("\\|"; "/")) | | | | |")' "$file"
        done
    done
    echo
}

peers_section() {
    local kind file bounds
    ls $results/peers-*-[0-9]-*.json >/dev/null 2>&1 || return 0
    echo "## Beside other engines"
    echo
    echo "One picture at a time (batch 1). Every engine has the same network, which it got as ONNX with the packed weights in float and quantised by its own tools from the same pictures; each runs in a process of its own on so many processors, in turn with all others, those that wait stopped. Milliseconds and ratios are medians (quartiles) over rounds; a ratio is of turns in the same round. ONNX Runtime's int8 is QDQ with unsigned (u8s8) and with signed activations (s8s8). Synthetic: random weights at the densities that papers give, no accuracy; there, and beside accuracy, stands how far scores are off those of the float network in ONNX Runtime, in percent of their root mean square. Accuracies are of $(first .pictures "$(ls $results/peers-*-1-*.json | head -1)") pictures or fewer, the same for all."
    echo
    for kind in $(ls $results/peers-*-[0-9]-*.json | sed -E 's/.*-[0-9]-(.*)\.json/\1/' | sort -u); do
        file=$(ls $results/peers-*-[0-9]-"$kind".json | head -1)
        echo "### On $kind: $(first .machine "$file")"
        echo
        peers_summary "$kind"
        [ ! -s docs/charts/peers-"$kind".svg ] || printf '%s\n\n' "![times sned's, by network and engine](charts/peers-$kind.svg)"
        bounds=$results/machine-$kind.json
        [ ! -s "$bounds" ] || jq -r '"What the machine can do at most, of one core and of all \(.cores): \(.gmacs | to_entries | map("\(.value[0]) and \(.value[1]) GMAC/s of bytes by \(.key)") | join(", ")), \(.gbytes[0]) and \(.gbytes[1]) GB/s read from memory (`\(.command)`).\n"' "$bounds"
        peers_all "$kind"
        echo "$(command_of "$file"), and the like."
        echo
    done
}

# What share of the machine's bound networks' layers reach (bench/shares.sh).
shares_section() {
    local file
    ls $results/shares-*.json >/dev/null 2>&1 || return 0
    echo "## Layers against the machine's bounds"
    echo
    echo "Medians of one thread, within runs of the whole network. A convolution's rate is of products of weights that are not 0, its bound that of the column's multiply-accumulates on registers. A fully connected layer's is of bytes of weights, its bound reading from memory; weights that the last cache keeps from image to image come faster than that. Counted are the bytes of its form; of rows in several (mixed) those of the smallest. Wanted: 60 % over all convolutions, 80 % over all fully connected layers."
    echo
    echo "| network | column | layer | form | ms | GMAC/s | weights, GB/s | share of bound |"
    echo "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for file in $results/shares-*.json; do
        jq -r 'def n: . * 10 | round / 10; def row(name; form; is_conv): "| \(name) | \(form) | \(.ms * 1000 | round / 1000) | \(if is_conv then .rate | n else "" end) | \(if is_conv then "" else .rate | n end) | \(.share * 100 | round) % |";
            "| \(.network) | \(.column) " as $begin | $begin + (.layers[] | row(.name; .form; .op == "Conv")),
            $begin + (.conv | row("**all convolutions**"; ""; true)), $begin + (.fc | row("**all fully connected**"; ""; false))' "$file"
    done
    echo
    for file in $results/shares-*.json; do
        echo "$(command_of "$file") on $(first .machine "$file"): $(first '"\(.conv.bound) GMAC/s, \(.fc.bound) GB/s"' "$file")."
    done
    echo
}

# Each micro-kernel's speed against what the machine can do (bench/micro_kernels.sh).
micro_kernels_section() {
    local file
    ls $results/micro-kernels-*.json >/dev/null 2>&1 || return 0
    echo "## Micro-kernels against the machine's bounds"
    echo
    echo "On shapes of real layers, one core, the best of many short trials. GMAC/s counts products of weights that are not 0. The bound is what bench/machine measures: of convolutions the rate of the column's multiply-accumulates on registers, of rows (fully connected layers) memory's, where there are so many weights that they are read from there: of these no cache has any as a trial begins. Instructions a product are callgrind's, whose processor has neither AVX-512 nor AVX-VNNI. Of shared quads, filter lanes and sliding quads a call goes through the lists of all filters of a layer; depthwise is all channels, and like filter lanes and sliding quads requantized."
    echo
    echo "| kernel | column | shape | GMAC/s | weights, GB/s | share of bound | instructions a product |"
    echo "| --- | --- | --- | --- | --- | --- | --- |"
    for file in $results/micro-kernels-*.json; do
        jq -r 'def n: . * 10 | round / 10; .rows[] | "| \(.kernel) | \(.column) | \(.shape) | \(.gmacs | n) | \(.gbytes | n) | \(if .share then "\(.share * 100 | round) %" else "-" end) | \(if .instructions then .instructions * 1000 | round / 1000 else "-" end) |"' "$file"
    done
    echo
    for file in $results/micro-kernels-*.json; do
        echo "$(command_of "$file") on $(first .machine "$file"): $(first '"\(.bound_gmacs) GMAC/s, \(.bound_gbytes) GB/s"' "$file")."
    done
    echo
}
