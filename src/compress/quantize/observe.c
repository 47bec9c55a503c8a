/*
 * observe.c - see observe.h. One batch after the other, from a data set or from memory.
 */
#include "compress/quantize/observe.h"
#include "base/clock.h"
#include "base/memory.h"
#include "train/executor/executor.h"

#include <stdlib.h>

enum { DEFAULT_IMAGES = 500, DEFAULT_BATCH = 16 };

struct run {
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
    const size_t wanted = options->images ? options->images : DEFAULT_IMAGES;
    return images->dataset && images->count > wanted ? wanted : images->count;
}

static void run_close(struct run *run)
{
    executor_free(run->executor);
    free(run->values);
}

static sned_status run_open(struct run *run, struct graph *graph, sned_error *error)
{
    size_t largest = 1;
    sned_status status;
    for (int t = 0; t < graph->tensor_count; t++) {
        const size_t elements = sned_shape_elements(&graph->tensors[t].shape);
        if (run->observer->wanted[t] && elements > largest)
            largest = elements;
    }
    const struct executor_options how = {.batch = (int)run->batch, .threads = run->options->threads};
    SNED_TRY_DONE(sned_alloc(&run->values, largest, run->batch * sizeof(float), error));
    SNED_TRY_DONE(executor_new(&run->executor, graph, &how, error));
done:
    if (status != SNED_OK)
        run_close(run);
    return status;
}

static sned_status show(struct run *run, int tensor, size_t count, sned_error *error)
{
    const struct observer *observer = run->observer;
    if (!observer->wanted[tensor])
        return SNED_OK;
    SNED_TRY(executor_read(run->executor, tensor, run->values, error));
    return observer->see(observer->context, tensor, run->values, count, error);
}

/* `values` [count][C][H][W], count <= batch. */
static sned_status run_batch(struct run *run, const float *values, size_t count, sned_error *error)
{
    const struct graph *graph = run->graph;
    const struct observer *observer = run->observer;
    SNED_TRY(executor_forward(run->executor, values, count, error));
    if (observer->wanted[graph->input])
        SNED_TRY(observer->see(observer->context, graph->input, values, count, error));
    for (int n = 0; n < graph->node_count; n++)
        for (int k = 0; k < graph->nodes[n].output_count; k++)
            SNED_TRY(show(run, graph->nodes[n].outputs[k], count, error));
    run->done += count;
    const struct progress progress = {.task = observer->task,
                                      .done = run->done,
                                      .total = run->images,
                                      .seconds = sned_clock() - run->started,
                                      .loss = -1,
                                      .accuracy = -1};
    sned_report_progress(run->options->reporter, &progress);
    return SNED_OK;
}

static sned_status run_values(struct run *run, const float *values, sned_error *error)
{
    const size_t elements = sned_shape_elements(&run->graph->tensors[run->graph->input].shape);
    for (size_t done = 0; done < run->images; done += run->batch) {
        size_t count = run->images - done < run->batch ? run->images - done : run->batch;
        SNED_TRY(run_batch(run, values + done * elements, count, error));
    }
    return SNED_OK;
}

/* Images spread evenly over `indices`: a set that is sorted by class is seen as a whole. */
static sned_status choose_images(uint32_t **chosen, const struct calibration_images *images, size_t count,
                                 sned_error *error)
{
    SNED_TRY(sned_alloc(chosen, count, sizeof **chosen, error));
    for (size_t i = 0; i < count; i++)
        (*chosen)[i] = images->indices[(size_t)((double)i * (double)images->count / (double)count)];
    return SNED_OK;
}

static sned_status run_dataset(struct run *run, const struct calibration_images *images, sned_error *error)
{
    struct batch_loader *loader = NULL;
    uint32_t *chosen = NULL;
    const float *values;
    const int32_t *labels;
    size_t got;
    sned_status status;
    SNED_TRY_DONE(choose_images(&chosen, images, run->images, error));
    const struct loader_options how = {.batch = run->batch, .rule = &run->graph->rule};
    SNED_TRY_DONE(loader_new(&loader, images->dataset, chosen, run->images, &how, error));
    for (;;) {
        SNED_TRY_DONE(loader_next(loader, &values, &labels, &got, error));
        if (got == 0)
            break;
        SNED_TRY_DONE(run_batch(run, values, got, error));
    }
done:
    loader_free(loader);
    free(chosen);
    return status;
}

sned_status observe(struct graph *graph, const struct calibration_images *images,
                    const struct calibration_options *options, const struct observer *observer,
                    sned_error *error)
{
    struct run run = {.graph = graph,
                      .options = options,
                      .observer = observer,
                      .batch = options->batch > 0 ? (size_t)options->batch : DEFAULT_BATCH,
                      .images = observed_images(images, options),
                      .started = sned_clock()};
    SNED_TRY(run_open(&run, graph, error));
    sned_status status =
        images->dataset ? run_dataset(&run, images, error) : run_values(&run, images->values, error);
    if (status == SNED_OK && run.done == 0)
        status = sned_fail(error, SNED_ERROR_DATA, "calibration: no images");
    run_close(&run);
    return status;
}
