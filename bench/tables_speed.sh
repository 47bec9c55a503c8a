# tables_speed.sh - sourced by tables.sh: what training, its steps and loading cost.

training_section() {
    local file
    ls $results/train-speed*.json >/dev/null 2>&1 || return 0
    echo "## Training speed"
    echo
    echo "Images per second of training steps (forward, loss, backward, SGD), sned and PyTorch in turn in one run; median (lowest to highest) over rounds. Noise for images. PyTorch in the faster of its two layouts."
    echo
    echo "| network | batch | threads | sned | PyTorch | ratio, round by round | forward, loss, backward, SGD: ms a step |"
    echo "| --- | --- | --- | --- | --- | --- | --- |"
    for file in $results/train-speed*.json; do
        jq -r '.torch as $torch | .rows[] | "| \(.net) | \(.batch) | \(.threads) | \(.sned_images_per_second | "\(.[0]) (\(.[1]) to \(.[2]))") | \(.torch_images_per_second | "\(.[0]) (\(.[1]) to \(.[2]))") (\($torch)) | \(.ratio | "\(.[0]) (\(.[1]) to \(.[2]))") | \(.profile_ms | "\(.forward), \(.loss), \(.backward), \(.step)") |"' "$file"
    done
    echo
    for file in $results/train-speed*.json; do
        echo "\`$(first .command "$file")\` on $(first .machine "$file")."
    done
    echo
}

memory_section() {
    echo "## Memory"
    echo
    echo "Importing AlexNet, $(first '.file_bytes / 1e6 | round' $results/memory-alexnet.json) MB of ONNX, peaks at $(first '.peak_bytes / .file_bytes * 100 | round / 100' $results/memory-alexnet.json) times the file's size (\`$(first .command $results/memory-alexnet.json)\`)."
    [ ! -s $results/memory-train-alexnet.json ] || echo "Training AlexNet at batch 64 peaks at $(first '.peak_bytes / 1e9 * 100 | round / 100' $results/memory-train-alexnet.json) GB (\`$(first .command $results/memory-train-alexnet.json)\`). A split whose decoded pictures fit in 128 MiB is kept in memory on top of that (50 MB each here, nothing for all 10,000 training pictures): below $(first "(.peak_bytes + 2 * 134217728) / 1e9 * 100 | ceil / 100" $results/memory-train-alexnet.json) GB with two splits."
    local open=$results/memory-alexnet-1000.json
    [ ! -s $open ] || echo "A program that runs AlexNet at a thirteenth of its weights with libsned: the file of $(first '.file_bytes / 1e6 * 100 | round / 100' $results/laplace-alexnet-1000.json) MB opens in $(first '.open_ms | round' $open) ms on one thread, with $(first '.opening_bytes / 1e6 * 10 | round / 10' $open) MB of memory for the whole process, and runs in $(first '.running_bytes / 1e6 * 10 | round / 10' $open) MB, a picture in $(first .run_ms $open) ms (\`$(first .command $open)\`)."
    echo
}

steps_section() {
    local file
    grep -lq '"steps"' $results/compress-*.json 2>/dev/null || return 0
    echo "## What a step of the search costs beside its retraining"
    echo
    echo "Choosing and cutting weights and measuring (quantize: calibrating), against the training epoch: the largest over a run."
    echo
    echo "| run | steps | seconds of the slowest cut with its measurements | calibration | an epoch of retraining |"
    echo "| --- | --- | --- | --- | --- |"
    for file in $(grep -l '"steps"' $results/compress-*.json); do
        jq -r --arg name "$(basename "$file" .json)" '(.epoch_seconds // null) as $epoch | [.steps[] | select(.phase != "quantize" and .phase != "finish" and .phase != "settle")] as $cuts
            | "| \($name) | \($cuts | length) | \([$cuts[].seconds_cut] | max * 10 | round / 10) | \([.steps[] | select(.phase == "quantize") | .seconds_cut] | max * 10 | round / 10) | \(if $epoch then ($epoch * 10 | round / 10) else "not measured" end) |"' "$file"
    done
    echo
}

loading_section() {
    local file=$results/loading.json
    [ -s "$file" ] || return 0
    echo "## Loading pictures"
    echo
    echo "Images per second on two cores, median (lowest to highest): through the data set (find, decode, resize, order the channels; nothing cached), and decoded by libjpeg-turbo alone. An epoch's share is that of AlexNet's training at the speed above."
    echo
    echo "| pictures | to | loaded | libjpeg-turbo alone | share of an AlexNet epoch |"
    echo "| --- | --- | --- | --- | --- |"
    jq -r '.rows[] | "| \(.pictures) | \(.side) x \(.side) | \(.loaded) | \(.decoded) | \(.share) |"' "$file"
    echo
    echo "\`$(first .command $file)\`"
    echo
}

same_section() {
    local file=$results/same.json
    [ -s "$file" ] || return 0
    echo "## Rebuilt, and the same"
    echo
    jq -r '"What the first version made, and what is made now that its types are rebuilt: \([.files[] | select(.bytes)] | length) files made by both from the same inputs (new, train, compress, pack) and \([.files[] | select(.bytes | not)] | length) tables of the cycle model. The same to the byte: \([.files[] | select(.same)] | length) of \(.files | length) (\([.files[].what] | join(", ")))."' "$file"
    echo
    echo "A run of one image on one thread, both in turn; milliseconds, medians, and the ratio round by round (median, lowest to highest). SNED_CPU=portable takes the inner loops of plain C, which is what the first version had; the others are those of the processor."
    echo
    echo "| network | first version | now, portable | ratio | now | ratio |"
    echo "| --- | --- | --- | --- | --- | --- |"
    jq -r 'def n: . * 1000 | round / 1000; def r: "\(.ratio | . * 100 | round / 100) (\(.least | . * 100 | round / 100) to \(.most | . * 100 | round / 100))";
        .times as $all | $all[] | select(.what | contains("SNED_CPU") | not) | . as $now | ($all[] | select(.what == $now.what + ", SNED_CPU=portable")) as $plain
        | "| \($now.what | rtrimstr(".sned")) | \($plain.before_ms | n) | \($plain.now_ms | n) | \($plain | r) | \($now.now_ms | n) | \($now | r) |"' "$file"
    echo
    echo "\`$(first .command "$file")\` on $(first .machine "$file")."
    echo
}
