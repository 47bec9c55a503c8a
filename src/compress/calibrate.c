/*
 * calibrate.c - a quantization for every activation of a float graph, from the values it takes on images.
 *
 * The graph runs in float; the values of each activation that is computed, not only moved, go into the
 * histogram of its group (calibrate_groups.h). Then each group's range is the clipping point of the least
 * squared error. Two groups are told otherwise: the input of an image network has the exact range of its
 * pixels, and the scores get 16 bits with room to spare.
 */
#include "compress/quantize.h"
#include "base/memory.h"
#include "compress/calibrate_groups.h"
#include "compress/calibrate_histogram.h"
#include "train/executor.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

enum {
    DEFAULT_IMAGES = 500,
    DEFAULT_BATCH = 16,
    LEVELS_UNSIGNED = 255,
    LEVELS_SIGNED = 127,
    LEVELS_WIDE = 32767
};

struct calibration {
    struct graph *graph;
    const struct calibration_options *options;
    struct activation_groups groups;
    struct histogram **histograms; /* [tensor_count]: of the roots; NULL elsewhere */
    struct executor *executor;
    int batch;
    float *values; /* [batch] of the largest activation */
    size_t images, done;
    double started;
};

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void calibration_close(struct calibration *calibration)
{
    executor_free(calibration->executor);
    for (int t = 0; calibration->histograms && t < calibration->graph->tensor_count; t++)
        free(calibration->histograms[t]);
    free(calibration->histograms);
    free(calibration->values);
    groups_free(&calibration->groups);
}

/* The graph runs in plain float: what an earlier calibration left is taken away. */
static sned_status calibration_open(struct calibration *calibration, struct graph *graph, size_t images,
                                    const struct calibration_options *options, sned_error *error)
{
    const int batch = options->batch > 0 ? options->batch : DEFAULT_BATCH;
    size_t largest = 1;
    sned_status status;
    *calibration = (struct calibration){.graph = graph, .options = options, .batch = batch, .started = now()};
    calibration->images = images;
    for (int t = 0; t < graph->tensor_count; t++)
        graph->tensors[t].quantization = (struct quantization){0};
    SNED_TRY_DONE(groups_find(&calibration->groups, graph, error));
    SNED_TRY_DONE(
        sned_alloc(&calibration->histograms, graph->tensor_count, sizeof *calibration->histograms, error));
    for (int t = 0; t < graph->tensor_count; t++) {
        const size_t elements = sned_shape_elements(&graph->tensors[t].shape);
        if (calibration->groups.root[t] == t)
            SNED_TRY_DONE(
                sned_alloc(&calibration->histograms[t], 1, sizeof **calibration->histograms, error));
        if (calibration->groups.root[t] >= 0 && elements > largest)
            largest = elements;
    }
    SNED_TRY_DONE(sned_alloc(&calibration->values, largest, (size_t)batch * sizeof(float), error));
    const struct executor_options how = {.batch = batch, .threads = options->threads};
    SNED_TRY_DONE(executor_new(&calibration->executor, graph, &how, error));
done:
    if (status != SNED_OK)
        calibration_close(calibration);
    return status;
}

static sned_status observe(struct calibration *calibration, int tensor, const float *values, size_t count,
                           sned_error *error)
{
    const struct tensor *of = &calibration->graph->tensors[tensor];
    struct histogram *histogram = calibration->histograms[calibration->groups.root[tensor]];
    if (histogram_add(histogram, values, count * sned_shape_elements(&of->shape)))
        return SNED_OK;
    return sned_fail(error, SNED_ERROR_DATA, "calibration: activation '%.80s' has a value that is no number",
                     of->name);
}

/* `values` [count][C][H][W], count <= batch. */
static sned_status calibrate_batch(struct calibration *calibration, const float *values, size_t count,
                                   sned_error *error)
{
    const struct graph *graph = calibration->graph;
    SNED_TRY(executor_forward(calibration->executor, values, count, error));
    SNED_TRY(observe(calibration, graph->input, values, count, error));
    for (int n = 0; n < graph->node_count; n++) {
        const struct node *node = &graph->nodes[n];
        if (moves_numbers(node->op) || calibration->groups.root[node->output] < 0)
            continue;
        SNED_TRY(executor_read(calibration->executor, node->output, calibration->values, error));
        SNED_TRY(observe(calibration, node->output, calibration->values, count, error));
    }
    calibration->done += count;
    const struct progress progress = {.task = "calibrate",
                                      .done = calibration->done,
                                      .total = calibration->images,
                                      .seconds = now() - calibration->started,
                                      .loss = -1,
                                      .accuracy = -1};
    sned_report_progress(calibration->options->reporter, &progress);
    return SNED_OK;
}

/* The largest magnitude that a pixel from 0 to 255 becomes; 0 where the input is no image. */
static float pixel_range(const struct graph *graph)
{
    const struct input_rule *rule = &graph->rule;
    const int channels = sned_shape_extent(&graph->tensors[graph->input].shape).channels;
    float range = 0;
    for (int c = 0; rule->is_image && c < channels && c < GRAPH_MAX_CHANNELS_MEAN; c++) {
        range = fmaxf(range, fabsf((0 - rule->mean[c]) * rule->scale[c]));
        range = fmaxf(range, fabsf((255 - rule->mean[c]) * rule->scale[c]));
    }
    return range;
}

static struct quantization group_quantization(const struct calibration *calibration, int root)
{
    const struct histogram *histogram = calibration->histograms[root];
    struct quantization quantization = {.bits = 8, .is_signed = !calibration->groups.positive[root]};
    if (root == calibration->groups.wide) {
        /* Twice the largest score seen fits: clipping a score could change the answer, and 16 bits have the
         * room. */
        quantization = (struct quantization){2 * histogram->largest / LEVELS_WIDE, 16, true};
    } else {
        int levels = quantization.is_signed ? LEVELS_SIGNED : LEVELS_UNSIGNED;
        float range = histogram_clip(histogram, levels);
        if (root == calibration->groups.root[calibration->graph->input])
            range = fmaxf(range, pixel_range(calibration->graph));
        quantization.scale = range / (float)levels;
    }
    if (!(quantization.scale >= 1e-30f)) /* only zeros seen: any scale will do */
        quantization.scale = 1;
    return quantization;
}

static sned_status calibration_finish(struct calibration *calibration, sned_error *error)
{
    struct graph *graph = calibration->graph;
    if (calibration->done == 0)
        return sned_fail(error, SNED_ERROR_DATA, "calibration: no images");
    for (int t = 0; t < graph->tensor_count; t++)
        if (calibration->groups.root[t] == t)
            graph->tensors[t].quantization = group_quantization(calibration, t);
    for (int t = 0; t < graph->tensor_count; t++)
        if (calibration->groups.root[t] >= 0)
            graph->tensors[t].quantization = graph->tensors[calibration->groups.root[t]].quantization;
    return SNED_OK;
}

sned_status quantize_calibrate_values(struct graph *graph, const float *values, size_t count,
                                      const struct calibration_options *options, sned_error *error)
{
    const size_t elements = sned_shape_elements(&graph->tensors[graph->input].shape);
    struct calibration calibration;
    sned_status status;
    SNED_TRY(calibration_open(&calibration, graph, count, options, error));
    for (size_t done = 0; done < count; done += (size_t)calibration.batch) {
        size_t now_count =
            count - done < (size_t)calibration.batch ? count - done : (size_t)calibration.batch;
        SNED_TRY_DONE(calibrate_batch(&calibration, values + done * elements, now_count, error));
    }
    SNED_TRY_DONE(calibration_finish(&calibration, error));
done:
    calibration_close(&calibration);
    return status;
}

/* Images spread evenly over `indices`: a set that is sorted by class is seen as a whole. */
static sned_status choose_images(uint32_t **chosen, const uint32_t *indices, size_t count, size_t images,
                                 sned_error *error)
{
    SNED_TRY(sned_alloc(chosen, images, sizeof **chosen, error));
    for (size_t i = 0; i < images; i++)
        (*chosen)[i] = indices[(size_t)((double)i * (double)count / (double)images)];
    return SNED_OK;
}

sned_status quantize_calibrate(struct graph *graph, struct dataset *dataset, const uint32_t *indices,
                               size_t count, const struct calibration_options *options, sned_error *error)
{
    const size_t wanted = options->images ? options->images : DEFAULT_IMAGES,
                 images = count < wanted ? count : wanted;
    struct calibration calibration;
    struct loader *loader = NULL;
    uint32_t *chosen = NULL;
    const float *values;
    const int32_t *labels;
    size_t got;
    sned_status status;
    SNED_TRY(calibration_open(&calibration, graph, images, options, error));
    SNED_TRY_DONE(choose_images(&chosen, indices, count, images, error));
    const struct loader_options how = {.batch = (size_t)calibration.batch, .rule = &graph->rule};
    SNED_TRY_DONE(loader_new(&loader, dataset, chosen, images, &how, error));
    for (;;) {
        SNED_TRY_DONE(loader_next(loader, &values, &labels, &got, error));
        if (got == 0)
            break;
        SNED_TRY_DONE(calibrate_batch(&calibration, values, got, error));
    }
    SNED_TRY_DONE(calibration_finish(&calibration, error));
done:
    loader_free(loader);
    free(chosen);
    calibration_close(&calibration);
    return status;
}
