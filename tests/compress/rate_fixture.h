/*
 * rate_fixture.h - for the tests of rate-aware training: the network and the data of compress_fixture.h,
 * trained with bits in the loss, killed in some epoch.
 */
#ifndef SNED_TESTS_COMPRESS_RATE_FIXTURE_H
#define SNED_TESTS_COMPRESS_RATE_FIXTURE_H

#include "tests/compress/compress_fixture.h"
#include "compress/quantize/quantize.h"
#include "compress/rate/rate.h"

struct rated {
    struct graph *graph, *integer;
    struct rate_result result;
};

static inline uint32_t *all_images(void)
{
    static uint32_t indices[TRAIN];
    for (uint32_t i = 0; i < TRAIN; i++)
        indices[i] = i;
    return indices;
}

static inline struct rate_options quick_rate(void)
{
    struct rate_options options = rate_defaults();
    options.epochs = 6;
    options.batch = 30;
    options.rate = 3e-3f;
    options.lambda = 3e-5;
    options.threads = 1;
    return options;
}

/* What the next networks' zeros keep to; STRUCTURE_NOT_SAID: none. */
static struct structure conv_structure, fc_structure;

static inline struct graph *calibrated(void)
{
    const struct calibration_images images = {.dataset = dataset, .indices = all_images(), .count = TRAIN};
    struct graph *graph;
    assert_int_equal(sned_graph_copy(&graph, trained, NULL), SNED_OK);
    assert_int_equal(sned_graph_prepare(graph, NULL), SNED_OK);
    for (int n = 0; n < graph->node_count; n++) {
        if (!sned_node_has_weights(&graph->nodes[n]))
            continue;
        struct tensor *weights = &graph->tensors[node_weights(&graph->nodes[n], 0)];
        weights->structure = weights->shape.rank > 2 ? conv_structure : fc_structure;
    }
    assert_int_equal(quantize_calibrate(graph, &images, &(struct calibration_options){.threads = 1}, NULL),
                     SNED_OK);
    return graph;
}

static inline struct rated rated_with(const struct rate_options *options)
{
    struct rated rated = {.graph = calibrated()};
    sned_error error = {0};
    if (rate_train(rated.graph, dataset, all_images(), TRAIN, options, &rated.result, &error) != SNED_OK)
        fail_msg("%s", error.message);
    if (quantize_lower(&rated.integer, rated.graph, &error) != SNED_OK)
        fail_msg("%s", error.message);
    return rated;
}

static inline void rated_free(struct rated *rated)
{
    sned_graph_free(rated->graph);
    sned_graph_free(rated->integer);
}

static inline double accuracy(const struct graph *integer)
{
    struct evaluation evaluation;
    assert_int_equal(evaluate_integer(integer, dataset, all_images(), TRAIN,
                                      &(struct evaluate_options){.threads = 1}, &evaluation, NULL),
                     SNED_OK);
    return evaluation.top1;
}

static inline int64_t filters(const struct graph *graph, const char *name)
{
    return graph->tensors[node_weights(find(graph, name), 0)].shape.dim[0];
}

/* ---- interruptions ---- */

static inline void die_in_epoch(void *argument, const struct progress *progress)
{
    int epoch = 0;
    if (sscanf(progress->task, "epoch %d", &epoch) == 1 && epoch == *(int *)argument)
        _exit(9); /* as kill -9 would: nothing is cleaned up */
}

static inline void run_until(struct rate_options options, int epoch)
{
    struct reporter reporter = {.progress = die_in_epoch, .argument = &epoch};
    int result = 0;
    pid_t child = fork();
    if (child == 0) {
        struct graph *graph = calibrated();
        struct rate_result rate;
        options.reporter = &reporter;
        rate_train(graph, dataset, all_images(), TRAIN, &options, &rate, NULL);
        _exit(0);
    }
    assert_true(child > 0 && waitpid(child, &result, 0) == child && WIFEXITED(result));
    assert_int_equal(WEXITSTATUS(result), 9);
}

#endif
