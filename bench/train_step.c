/*
 * train_step.c - the training step alone, for bench/train_speed.py: no images are read, nothing is written.
 *
 *   train_step NET.onnx BATCH THREADS [rate]
 *
 * With `rate`, steps are those of rate-aware training: Adam, weights on grids that are learned at a price of
 * bits, of which 1 in 50 looks at the integers anew.
 * Reads numbers from standard input, one a line; for each N makes N steps (forward, loss, backward, SGD) on a
 * batch of noise and prints the seconds they took. The peer is timed in between, so that both meet the
 * machine in the same state. `profile N` instead prints the seconds of N steps spent in the forward pass, the
 * loss, the backward pass and SGD.
 */
#include "base/clock.h"
#include "base/memory.h"
#include "base/random.h"
#include "io/onnx/onnx.h"
#include "compress/rate/layers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOOK_STEPS = 50 };
enum { PART_FORWARD, PART_LOSS, PART_BACKWARD, PART_STEP, PART_COUNT };

struct bench {
    struct graph *graph;
    struct executor *executor;
    float *values;   /* [batch][C][H][W] */
    int32_t *labels; /* [batch] */
    size_t batch;
    bool is_rate_aware;
    struct rate_layers layers;
};

static sned_status prepare(struct bench *bench, const char *path, int batch, int threads, sned_error *error)
{
    struct random random;
    struct executor_options options = {.batch = batch, .training = true, .threads = threads, .seed = 1};
    SNED_TRY(onnx_read(&bench->graph, path, error));
    if (bench->is_rate_aware) {
        SNED_TRY(sned_graph_prepare(bench->graph, error));
        SNED_TRY(rate_layers_find(&bench->layers, bench->graph, error));
        rate_layers_give_steps(&bench->layers, bench->graph);
        options.optimizer = OPTIMIZER_ADAM;
        options.quantize_weights = options.learn_steps = true;
    }
    SNED_TRY(executor_new(&bench->executor, bench->graph, &options, error));
    const size_t inputs = sned_shape_elements(&bench->graph->tensors[bench->graph->input].shape);
    const uint32_t classes =
        (uint32_t)sned_shape_elements(&bench->graph->tensors[bench->graph->outputs[0]].shape);
    bench->batch = (size_t)batch;
    SNED_TRY(sned_alloc(&bench->values, bench->batch, inputs * sizeof(float), error));
    SNED_TRY(sned_alloc(&bench->labels, bench->batch, sizeof(int32_t), error));
    sned_random_seed(&random, 1, 0);
    for (size_t i = 0; i < bench->batch * inputs; i++)
        bench->values[i] = (float)sned_random_below(&random, 1000) / 500 - 1;
    for (size_t i = 0; i < bench->batch; i++)
        bench->labels[i] = (int32_t)sned_random_below(&random, classes);
    return SNED_OK;
}

static sned_status run(struct bench *bench, int steps, double seconds[PART_COUNT], sned_error *error)
{
    struct update update = {
        .rate = 0.001f, .momentum = 0.9f, .decay = 5e-4f, .lambda = 1e-7f, .step_rate = 1};
    double loss, times[PART_COUNT + 1];
    size_t correct;
    memset(seconds, 0, PART_COUNT * sizeof *seconds);
    for (int i = 0; i < steps; i++) {
        times[0] = sned_clock();
        SNED_TRY(executor_forward(bench->executor, bench->values, bench->batch, error));
        times[1] = sned_clock();
        SNED_TRY(executor_loss(bench->executor, bench->labels, &loss, &correct, error));
        times[2] = sned_clock();
        SNED_TRY(executor_backward(bench->executor, error));
        times[3] = sned_clock();
        update.count++;
        if (i % LOOK_STEPS == 0)
            SNED_TRY(rate_layers_look(&bench->layers, bench->executor, error));
        SNED_TRY(executor_step(bench->executor, &update, error));
        times[4] = sned_clock();
        for (int part = 0; part < PART_COUNT; part++)
            seconds[part] += times[part + 1] - times[part];
    }
    return SNED_OK;
}

static sned_status serve(struct bench *bench, sned_error *error)
{
    char line[64];
    while (fgets(line, sizeof line, stdin)) {
        double seconds[PART_COUNT];
        const bool profile = strncmp(line, "profile ", 8) == 0;
        const int steps = atoi(profile ? line + 8 : line);
        const double start = sned_clock();
        SNED_TRY(run(bench, steps, seconds, error));
        if (profile)
            printf("forward %.6f loss %.6f backward %.6f step %.6f\n", seconds[PART_FORWARD],
                   seconds[PART_LOSS], seconds[PART_BACKWARD], seconds[PART_STEP]);
        else
            printf("%.6f\n", sned_clock() - start);
        fflush(stdout);
    }
    return SNED_OK;
}

int main(int argc, char **argv)
{
    struct bench bench = {0};
    sned_error error = {0};
    if (argc != 4 && (argc != 5 || strcmp(argv[4], "rate") != 0)) {
        fprintf(stderr, "usage: train_step NET.onnx BATCH THREADS [rate]\n");
        return 2;
    }
    bench.is_rate_aware = argc == 5;
    sned_status status = prepare(&bench, argv[1], atoi(argv[2]), atoi(argv[3]), &error);
    if (status == SNED_OK)
        status = serve(&bench, &error);
    if (status != SNED_OK)
        fprintf(stderr, "%s\n", error.message);
    executor_free(bench.executor);
    rate_layers_free(&bench.layers);
    sned_graph_free(bench.graph);
    free(bench.values);
    free(bench.labels);
    return status != SNED_OK;
}
