/*
 * calibrate.c - a quantization for every activation of a float graph, from the values it takes on images.
 *
 * The graph runs in float; the values of each activation that is computed, not only moved, go into the
 * histogram of its group (calibrate_groups.h). Then each group's range is the clipping point of the least
 * squared error. Two groups are told otherwise: the input of an image network has the exact range of its
 * pixels, and the scores get 16 bits with room to spare.
 */
#include "base/memory.h"
#include "compress/quantize/calibrate_groups.h"
#include "compress/quantize/calibrate_histogram.h"
#include "compress/quantize/observe.h"

#include <math.h>
#include <stdlib.h>

enum { LEVELS_UNSIGNED = 255, LEVELS_SIGNED = 127, LEVELS_WIDE = 32767 };

struct calibration {
    struct graph *graph;
    struct activation_groups groups;
    struct histogram **histograms; /* [tensor_count]: of the roots; NULL elsewhere */
    bool *computed;                /* [tensor_count]: activations with values of their own */
};

static void calibration_close(struct calibration *calibration)
{
    for (int t = 0; calibration->histograms && t < calibration->graph->tensor_count; t++)
        free(calibration->histograms[t]);
    free(calibration->histograms);
    free(calibration->computed);
    groups_free(&calibration->groups);
}

/* The graph runs in plain float: what an earlier calibration left is taken away. */
static sned_status calibration_open(struct calibration *calibration, struct graph *graph, sned_error *error)
{
    const size_t tensors = (size_t)graph->tensor_count;
    sned_status status;
    *calibration = (struct calibration){.graph = graph};
    for (size_t t = 0; t < tensors; t++)
        if (!graph->tensors[t].data) /* weights keep their steps */
            graph->tensors[t].quantization = (struct quantization){0};
    SNED_TRY_DONE(groups_find(&calibration->groups, graph, error));
    SNED_TRY_DONE(sned_alloc(&calibration->histograms, tensors, sizeof *calibration->histograms, error));
    SNED_TRY_DONE(sned_alloc(&calibration->computed, tensors, sizeof *calibration->computed, error));
    for (int t = 0; t < graph->tensor_count; t++)
        if (calibration->groups.root[t] == t)
            SNED_TRY_DONE(
                sned_alloc(&calibration->histograms[t], 1, sizeof **calibration->histograms, error));
    calibration->computed[graph->input] = calibration->groups.root[graph->input] >= 0;
    groups_computed(&calibration->groups, graph, calibration->computed);
done:
    if (status != SNED_OK)
        calibration_close(calibration);
    return status;
}

static sned_status add_values(void *context, int tensor, const float *values, size_t count, sned_error *error)
{
    const struct calibration *calibration = context;
    const struct tensor *of = &calibration->graph->tensors[tensor];
    struct histogram *histogram = calibration->histograms[calibration->groups.root[tensor]];
    if (histogram_add(histogram, values, count * sned_shape_elements(&of->shape)))
        return SNED_OK;
    return sned_fail(error, SNED_ERROR_DATA, "calibration: activation '%.80s' has a value that is no number",
                     of->name);
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
    if (calibration->groups.wide[root]) {
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

static void calibration_finish(struct calibration *calibration)
{
    struct graph *graph = calibration->graph;
    for (int t = 0; t < graph->tensor_count; t++)
        if (calibration->groups.root[t] == t)
            graph->tensors[t].quantization = group_quantization(calibration, t);
    for (int t = 0; t < graph->tensor_count; t++)
        if (calibration->groups.root[t] >= 0)
            graph->tensors[t].quantization = graph->tensors[calibration->groups.root[t]].quantization;
}

sned_status quantize_calibrate(struct graph *graph, const struct calibration_images *images,
                               const struct calibration_options *options, sned_error *error)
{
    struct calibration calibration;
    SNED_TRY(calibration_open(&calibration, graph, error));
    const struct observer observer = {
        .task = "calibrate", .wanted = calibration.computed, .see = add_values, .context = &calibration};
    sned_status status = observe(graph, images, options, &observer, error);
    if (status == SNED_OK)
        calibration_finish(&calibration);
    calibration_close(&calibration);
    return status;
}
