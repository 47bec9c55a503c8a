/*
 * observe.c - see observe.h.
 */
#include "compress/quantize/observe.h"
#include "base/clock.h"
#include "base/memory.h"
#include "compress/quantize/inputs.h"
#include "train/executor/executor.h"

#include <stdlib.h>

enum { DEFAULT_IMAGES = 500, DEFAULT_BATCH = 16 };

struct observation {
    const struct graph *graph;
    const struct calibration_options *options;
    const struct observer *observer;
    struct executor *executor;
    size_t batch, images, done;
    float *values; /* [batch] of the largest activation */
    double started;
};

size_t observed_images(const struct calibration_images *images, const struct calibration_options *options)
{
    return inputs_count(images, options->images ? options->images : DEFAULT_IMAGES);
}

static void run_close(struct observation *observation)
{
    executor_free(observation->executor);
    free(observation->values);
}

static sned_status run_open(struct observation *observation, struct graph *graph, sned_error *error)
{
    size_t largest = 1;
    sned_status status;
    for (int t = 0; t < graph->tensor_count; t++) {
        const size_t elements = sned_shape_elements(&graph->tensors[t].shape);
        if (observation->observer->wanted[t] && elements > largest)
            largest = elements;
    }
    const struct executor_options how = {.batch = (int)observation->batch,
                                         .threads = observation->options->threads};
    SNED_TRY_DONE(sned_alloc(&observation->values, largest, observation->batch * sizeof(float), error));
    SNED_TRY_DONE(executor_new(&observation->executor, graph, &how, error));
done:
    if (status != SNED_OK)
        run_close(observation);
    return status;
}

static sned_status show(struct observation *observation, int tensor, size_t count, sned_error *error)
{
    const struct observer *observer = observation->observer;
    if (!observer->wanted[tensor])
        return SNED_OK;
    SNED_TRY(executor_read(observation->executor, tensor, observation->values, error));
    return observer->see(observer->context, tensor, observation->values, count, error);
}

/* `values` [count][C][H][W], count <= batch. */
static sned_status run_batch(void *context, const float *values, size_t count, sned_error *error)
{
    struct observation *observation = context;
    const struct graph *graph = observation->graph;
    const struct observer *observer = observation->observer;
    SNED_TRY(executor_forward(observation->executor, values, count, error));
    if (observer->wanted[graph->input])
        SNED_TRY(observer->see(observer->context, graph->input, values, count, error));
    for (int n = 0; n < graph->node_count; n++)
        for (int k = 0; k < graph->nodes[n].output_count; k++)
            SNED_TRY(show(observation, graph->nodes[n].outputs[k], count, error));
    observation->done += count;
    const struct progress progress = {.task = observer->task,
                                      .done = observation->done,
                                      .total = observation->images,
                                      .seconds = sned_clock() - observation->started,
                                      .loss = -1,
                                      .accuracy = -1};
    sned_report_progress(observation->options->reporter, &progress);
    return SNED_OK;
}

sned_status observe(struct graph *graph, const struct calibration_images *images,
                    const struct calibration_options *options, const struct observer *observer,
                    sned_error *error)
{
    struct observation observation = {.graph = graph,
                                      .options = options,
                                      .observer = observer,
                                      .batch = options->batch > 0 ? (size_t)options->batch : DEFAULT_BATCH,
                                      .images = observed_images(images, options),
                                      .started = sned_clock()};
    SNED_TRY(run_open(&observation, graph, error));
    const sned_status status =
        inputs_walk(images, graph, observation.images, observation.batch, run_batch, &observation, error);
    run_close(&observation);
    return status;
}
