/*
 * rehearse.c - a compression in small before the long one: see compress.h.
 *
 * Scales are those of a few images and weights those of the unpruned network, so what depends on numbers
 * (that no accumulator overflows, that a scale fits) is shown for these alone; what depends on the network's
 * operators, shapes and names, and on the recipe, is shown for good.
 */
#include "compress/phases.h"
#include "compress/quantize/quantize.h"
#include "train/checkpoint.h"
#include "train/executor/executor.h"

enum { REHEARSED_IMAGES = 4 };

/* Whether training knows every operator, and how to plan it. */
static sned_status can_train(struct graph *graph, bool quantize_weights, int threads, sned_error *error)
{
    const struct executor_options how = {
        .batch = 1, .training = true, .quantize_weights = quantize_weights, .threads = threads};
    struct executor *executor = NULL;
    const sned_status status = executor_new(&executor, graph, &how, error);
    executor_free(executor);
    return status;
}

static sned_status quantize_in_small(struct graph **integer, struct graph *graph,
                                     const struct compression *compression, sned_error *error)
{
    const struct calibration_options how = {
        .images = REHEARSED_IMAGES, .batch = REHEARSED_IMAGES, .threads = compression->options->threads};
    const struct calibration_images images = {
        .dataset = compression->dataset, .indices = compression->indices, .count = compression->train_count};
    SNED_TRY(sned_graph_prepare(graph, error));
    SNED_TRY(quantize_calibrate(graph, &images, &how, error));
    SNED_TRY(can_train(graph, true, how.threads, error));
    return quantize_lower(integer, graph, error);
}

/* Networks that are in checkpoints at a time: a state that was accepted, and one on trial; or, of training
 * with Adam, one and its two means. */
static uint64_t states_kept(enum method method)
{
    return method == METHOD_PAPER ? 2 : 4;
}

sned_status compress_rehearse(struct graph **integer, uint64_t *checkpoint, const struct graph *graph,
                              struct dataset *dataset, const struct compress_options *options,
                              sned_error *error)
{
    struct compress_options alone = *options;
    struct compress_result result = {0};
    struct compression compression = {0};
    struct graph *copy = NULL;
    sned_status status;
    alone.checkpoint = NULL;
    *integer = NULL;
    SNED_TRY_DONE(sned_graph_copy(&copy, graph, error));
    SNED_TRY_DONE(compression_open(&compression, copy, dataset, &alone, &result, error));
    *checkpoint = states_kept(options->recipe.method) * compression.snapshot.size;
    if (options->recipe.method == METHOD_PAPER)
        SNED_TRY_DONE(prune_check_target(&compression, error));
    SNED_TRY_DONE(can_train(copy, false, options->threads, error));
    status = quantize_in_small(integer, copy, &compression, error);
done:
    compression_close(&compression);
    compress_result_free(&result);
    sned_graph_free(copy);
    return status;
}
