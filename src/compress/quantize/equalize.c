/*
 * equalize.c - channels that share a quantization brought nearer to one range, by moving weights.
 *
 * A channel that stays small beside the others of its activation uses few of the 255 levels. As channels.h
 * says, its filters may be divided by a factor s and the weights that read it multiplied by it. That is no
 * free gain: the weights of the channels that stay large now stand out in their filters, whose scales become
 * coarser beside the rest. With r the channel's range as a share of the largest beside it, s = sqrt(r) goes
 * half the way (Xiao et al. 2022, SmoothQuant, share the trouble in the same way).
 */
#include "base/memory.h"
#include "compress/quantize/calibrate_groups.h"
#include "compress/quantize/channels.h"
#include "compress/quantize/filter_scale.h"
#include "compress/quantize/observe.h"
#include "graph/operator.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

/* What was seen of a channel is a sample: one that hardly ever fires is not blown up without end. */
static const double least_share = 1.0 / 64;

struct equalization {
    struct graph *graph;
    struct channels channels;
    struct activation_groups groups;
    bool *wanted;   /* [tensor_count]: activations that are observed */
    float *range;   /* [channels.count]: of a root: largest magnitude seen in its class */
    float *largest; /* [tensor_count]: of a group's root: largest range in it */
    double *factor; /* [channels.count]: what the channel is divided by */
};

static void equalization_close(struct equalization *e)
{
    sned_channels_free(&e->channels);
    groups_free(&e->groups);
    free(e->wanted);
    free(e->range);
    free(e->largest);
    free(e->factor);
}

static int class_of(const struct equalization *e, int tensor, int channel)
{
    return e->channels.root[e->channels.first[tensor] + channel];
}

static sned_status equalization_open(struct equalization *e, struct graph *graph, sned_error *error)
{
    const size_t tensors = (size_t)graph->tensor_count;
    sned_status status;
    *e = (struct equalization){.graph = graph};
    for (size_t t = 0; t < tensors; t++)
        graph->tensors[t].quantization = (struct quantization){0};
    SNED_TRY_DONE(channels_find(&e->channels, graph, error));
    SNED_TRY_DONE(groups_find(&e->groups, graph, error));
    const size_t channels = (size_t)e->channels.count;
    SNED_TRY_DONE(sned_channels_fix_shared(&e->channels, graph, error));
    SNED_TRY_DONE(sned_alloc(&e->wanted, tensors, sizeof *e->wanted, error));
    SNED_TRY_DONE(sned_alloc(&e->range, channels, sizeof *e->range, error));
    SNED_TRY_DONE(sned_alloc(&e->largest, tensors, sizeof *e->largest, error));
    SNED_TRY_DONE(sned_alloc(&e->factor, channels, sizeof *e->factor, error));
    groups_computed(&e->groups, graph, e->wanted);
done:
    if (status != SNED_OK)
        equalization_close(e);
    return status;
}

/* ---- ranges ---- */

static sned_status see_ranges(void *context, int tensor, const float *values, size_t count, sned_error *error)
{
    struct equalization *e = context;
    const int channels = channels_of(e->graph, tensor);
    const size_t plane = sned_shape_elements(&e->graph->tensors[tensor].shape) / (size_t)channels;
    float *largest = &e->largest[e->groups.root[tensor]];
    bool finite = true; /* asked of every value: a maximum passes a NaN over */
    for (size_t i = 0; i < count * (size_t)channels; i++) {
        float *range = &e->range[class_of(e, tensor, (int)(i % (size_t)channels))];
        for (size_t p = 0; p < plane; p++) {
            const float magnitude = fabsf(values[i * plane + p]);
            finite &= magnitude <= FLT_MAX;
            *range = fmaxf(*range, magnitude);
        }
        *largest = fmaxf(*largest, *range);
    }
    if (finite)
        return SNED_OK;
    return sned_fail(error, SNED_ERROR_DATA, "calibration: activation '%.80s' has a value that is no number",
                     e->graph->tensors[tensor].name);
}

/* ---- weights ---- */

/* One filter of a Conv or Gemm and what it reads: weight i is of channel `first_channel` + i / window. */
struct scaled_filter {
    float *weights;
    int count, window, first_channel;
};

static struct scaled_filter filter_of(const struct graph *graph, const struct node *node, int k)
{
    const struct tensor *weights = &graph->tensors[node_weights(node, 0)];
    const int filters = (int)weights->shape.dim[0], inputs = (int)weights->shape.dim[1];
    const int count = (int)(sned_shape_elements(&weights->shape) / (size_t)filters);
    const int groups = sned_op_is(node->op, OPERATOR_WINDOW) ? node->u.conv.groups : 1;
    return (struct scaled_filter){.weights = (float *)weights->data + (size_t)k * (size_t)count,
                                  .count = count,
                                  .window = count / inputs,
                                  .first_channel = k / (filters / groups) * inputs};
}

static int filter_count(const struct graph *graph, const struct node *node)
{
    return (int)graph->tensors[node_weights(node, 0)].shape.dim[0];
}

static void choose_factors(struct equalization *e)
{
    const struct graph *graph = e->graph;
    for (int i = 0; i < e->channels.count; i++)
        e->factor[i] = 1;
    for (int t = 0; t < graph->tensor_count; t++)
        for (int c = 0; e->channels.first[t] >= 0 && c < channels_of(graph, t); c++) {
            const int number = e->channels.first[t] + c, group = e->groups.root[t];
            const bool is_root = e->channels.root[number] == number;
            if (is_root && group >= 0 && !e->channels.fixed[number] && e->range[number] > 0)
                e->factor[number] = sqrt(fmax(e->range[number] / e->largest[group], least_share));
        }
}

static sned_status scale_filters(struct equalization *e, const struct node *node, sned_error *error)
{
    const int bias_tensor = node_bias(node, 0);
    float *bias = bias_tensor >= 0 ? e->graph->tensors[bias_tensor].data : NULL;
    for (int k = 0; k < filter_count(e->graph, node); k++) {
        const struct scaled_filter filter = filter_of(e->graph, node, k);
        const double made = e->factor[class_of(e, node->outputs[0], k)];
        bool finite = true;
        for (int i = 0; i < filter.count; i++) {
            const double read =
                e->factor[class_of(e, node->inputs[0], filter.first_channel + i / filter.window)];
            filter.weights[i] = (float)(filter.weights[i] * (read / made));
            finite &= isfinite(filter.weights[i]) != 0;
        }
        if (bias)
            bias[k] = (float)(bias[k] / made);
        if (!finite || (bias && !isfinite(bias[k])))
            return sned_fail(error, SNED_ERROR_DATA,
                             "equalizing: node '%.80s' (%s): filter %d times %g is no float", node->name,
                             sned_op_name(node->op), k, 1 / made);
    }
    return SNED_OK;
}

sned_status quantize_equalize(struct graph *graph, const struct calibration_images *images,
                              const struct calibration_options *options, sned_error *error)
{
    struct equalization e;
    sned_status status;
    SNED_TRY(equalization_open(&e, graph, error));
    const struct observer observer = {
        .task = "equalize", .wanted = e.wanted, .see = see_ranges, .context = &e};
    SNED_TRY_DONE(observe(graph, images, options, &observer, error));
    choose_factors(&e);
    for (int n = 0; n < graph->node_count; n++)
        if (has_filters(&graph->nodes[n]))
            SNED_TRY_DONE(scale_filters(&e, &graph->nodes[n], error));
done:
    equalization_close(&e);
    return status;
}
