#!/usr/bin/env bash
# ablation.sh [SEED...] - what each part of rate-aware training is worth: LeNet-300-100 to 5,000 bytes in ten epochs, with one part
# changed at a time; error on the held-out images, by which parts were chosen. A few minutes a seed on one core.
. "$(dirname "$0")/common.sh"
rate_train=build/bench/rate_train
# NAME WORDS: what is changed.
variants=(
    "all"
    "steps-fixed steps=0"
    "sgd sgd=1 rate=0.02 steps=0.02"
    "no-shift shift=0"
    "taught taught=0.5"
    "narrowed weights=60000"
    "epochs-20 epochs=20"
    "epochs-30 epochs=30"
)
for seed in ${*:-1 2 3}; do
    for variant in "${variants[@]}"; do
        read -r name words <<<"$variant"
        file=$results/ablation-lenet300-$name-$seed.json
        [ ! -s "$file" ] || continue
        arguments="$words bytes=5000 seed=$seed"
        [[ $words == *epochs=* ]] || arguments="epochs=10 $arguments"
        $rate_train "$work/lenet300-$seed-defaults.onnx" "$data/data/mnist" $arguments 2>"$work/ablation.log" |
            jq --arg command "rate_train lenet300-$seed-defaults.onnx DATA/data/mnist $arguments" --arg machine "$(machine)" \
                '. + {command: $command, machine: $machine}' >"$file.new" && [ -s "$file.new" ] && mv "$file.new" "$file" ||
            { echo "ablation $name, seed $seed: $(tail -n 1 "$work/ablation.log")" >&2; exit 1; }
    done
done
