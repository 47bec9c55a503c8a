/*
 * retrain.c - the network trained again after what was done to it, and measured on the images that steer.
 */
#include "compress/compression.h"
#include "compress/prune/regrow.h"

#include <stdlib.h>

/* A shift by more than a twelfth of a picture is none of the same thing; inputs that are no pictures are not
 * shifted. */
static int most_shift(const struct graph *graph)
{
    const struct extent input = sned_shape_extent(&graph->tensors[graph->input].shape);
    return (input.height < input.width ? input.height : input.width) / 12;
}

/* What the recipe says of every retraining. */
static struct train_options train_options(const struct compression *compression, const struct graph *graph)
{
    const struct recipe_retrain *retrain = &compression->recipe->retrain;
    struct train_options options = train_defaults();
    options.batch = retrain->batch;
    if ((size_t)options.batch > compression->train_count)
        options.batch = (int)compression->train_count;
    options.momentum = retrain->momentum;
    options.decay = retrain->decay;
    options.schedule = retrain->schedule;
    options.step_epochs = retrain->step_epochs;
    options.step_factor = retrain->step_factor;
    options.augmentation = retrain->augmentation;
    if (options.augmentation.shift > most_shift(graph))
        options.augmentation.shift = most_shift(graph);
    options.teacher = compression->teacher;
    options.teacher_weight = compression->recipe->distill.weight;
    options.temperature = compression->recipe->distill.temperature;
    options.mix = options.teacher ? compression->recipe->distill.mix : 0;
    options.threads = compression->options->threads;
    return options;
}

static sned_status train_guided(struct compression *compression, struct graph *graph, double epochs,
                                float rate, bool quantize_weights, const struct train_guide *guide,
                                struct train_result *result, sned_error *error)
{
    struct reporter quiet = {0}; /* the bar, but no line an epoch: each step ends in a line of its own */
    struct train_options options = train_options(compression, graph);
    if (compression->options->reporter)
        quiet = *compression->options->reporter;
    quiet.message = NULL;
    options.reporter = &quiet;
    options.epochs = epochs;
    options.rate = rate * (float)compression->rate_factor;
    options.quantize_weights = quantize_weights;
    options.guide = guide;
    options.seed = compression->options->seed * 1000003 + compression->journal.position;
    SNED_TRY(train_network(graph, compression->dataset, compression->indices, compression->train_count,
                           &options, result, error));
    if (result->images_per_second > 0)
        compression->images_per_second = result->images_per_second;
    return SNED_OK;
}

sned_status compression_train(struct compression *compression, struct graph *graph, double epochs, float rate,
                              bool quantize_weights, struct train_result *result, sned_error *error)
{
    return train_guided(compression, graph, epochs, rate, quantize_weights, NULL, result, error);
}

sned_status compression_recover(struct compression *compression, struct train_result *result,
                                sned_error *error)
{
    const struct recipe *recipe = compression->recipe;
    struct regrowth regrowth = {.graph = compression->graph, .share = recipe->regrow};
    const struct train_guide guide = regrow_guide(&regrowth);
    int *tensors = NULL;
    sned_status status;
    SNED_TRY_DONE(sned_alloc(&tensors, (size_t)compression->layer_count, sizeof *tensors, error));
    for (int i = 0; i < compression->layer_count; i++)
        if (!compression->layers[i].skip)
            tensors[regrowth.count++] = compression->layers[i].tensor;
    regrowth.tensors = tensors;
    status = train_guided(compression, compression->graph, recipe->retrain.epochs, recipe->retrain.rate,
                          false, recipe->regrow > 0 ? &guide : NULL, result, error);
done:
    free(tensors);
    return status;
}

sned_status compression_measure(const struct compression *compression, struct graph *graph, size_t images,
                                bool quantize_weights, struct measure *measure, sned_error *error)
{
    const struct evaluate_options how = {.quantize_weights = quantize_weights,
                                         .threads = compression->options->threads};
    const size_t held = compression->held_count, count = images > 0 && images < held ? images : held;
    struct evaluation evaluation = {0};
    SNED_TRY(evaluate_network(graph, compression->dataset, compression->indices + compression->train_count,
                              count, &how, &evaluation, error));
    *measure = (struct measure){evaluation.top1, evaluation.loss};
    return SNED_OK;
}
