/*
 * input.c - what a network does first to each channel of a picture is part of the picture's rule.
 *
 * Networks bring the scaling of their pixels along: Keras' Rescaling and Normalization layers, a division by
 * 255. The rule makes value = (pixel - mean) * scale of a pixel, and the network then scale' * value +
 * shift': together (pixel - (mean - shift' / (scale' * scale))) * (scale' * scale), a rule again.
 */
#include "base/memory.h"
#include "graph/operator.h"
#include "graph/passes/passes.h"

#include <math.h>

/* The one node that reads `tensor`; NULL: several, or it is read from outside too. */
static const struct node *only_reader(const struct graph *graph, int tensor)
{
    const struct node *reader = NULL;
    for (int i = 0; i < graph->node_count; i++)
        for (int k = 0; k < graph->nodes[i].input_count; k++) {
            if (graph->nodes[i].inputs[k] != tensor)
                continue;
            if (reader)
                return NULL;
            reader = &graph->nodes[i];
        }
    return sned_graph_outer_readers(graph, tensor) > 0 ? NULL : reader;
}

/* The same numbers, in another shape at most. */
static bool keeps_numbers(const struct node *node)
{
    return sned_op_is(node->op, OPERATOR_RESHAPES | OPERATOR_PASSES);
}

/* The constant of an Add or Mul that could be a mean or a scale: a number, or one a channel; else NULL. */
static const struct tensor *channel_constant(const struct graph *graph, const struct node *node)
{
    if ((node->op != OP_ADD && node->op != OP_MUL) || node->activation.kind != ACTIVATION_NONE)
        return NULL;
    const struct tensor *constant = &graph->tensors[node->inputs[1]];
    const struct shape *x = &graph->tensors[node->inputs[0]].shape;
    const struct shape *input = &graph->tensors[graph->input].shape;
    bool fits = constant->data && constant->type == TENSOR_F32 &&
                (sned_shape_elements(&constant->shape) == 1 || sned_shape_equal(x, input));
    return fits ? constant : NULL;
}

/* The rule of channel c with `constant` behind it; false where that is none: a scale of 0. */
static bool compose(const struct node *node, const struct tensor *constant, int c, double *mean,
                    double *scale)
{
    const float *values = constant->data;
    double value = values[sned_shape_elements(&constant->shape) == 1 ? 0 : c];
    if (node->op == OP_MUL)
        *scale *= value;
    else
        *mean -= value / *scale;
    return *scale != 0 && isfinite((float)*scale) && isfinite((float)*mean) && (float)*scale != 0;
}

/* One node into the numbers of all channels; false, and they are as they were, where it does not fit. */
static bool compose_node(const struct graph *graph, const struct node *node, int channels, double *mean,
                         double *scale)
{
    const struct tensor *constant = channel_constant(graph, node);
    double means[GRAPH_MAX_CHANNELS_MEAN], scales[GRAPH_MAX_CHANNELS_MEAN];
    if (constant == NULL)
        return false;
    for (int c = 0; c < channels; c++) {
        means[c] = mean[c];
        scales[c] = scale[c];
        if (!compose(node, constant, c, &means[c], &scales[c]))
            return false;
    }
    for (int c = 0; c < channels; c++) {
        mean[c] = means[c];
        scale[c] = scales[c];
    }
    return true;
}

/* The nodes that the rule takes in, in their order, to taken[]: at most graph->node_count. Behind them,
 * `rule` is the whole. */
static int find_taken(const struct graph *graph, struct input_rule *rule, int *taken)
{
    const int channels = sned_shape_extent(&graph->tensors[graph->input].shape).channels;
    double mean[GRAPH_MAX_CHANNELS_MEAN], scale[GRAPH_MAX_CHANNELS_MEAN];
    int count = 0;
    *rule = graph->rule;
    if (!rule->is_image || graph->integer || channels > GRAPH_MAX_CHANNELS_MEAN)
        return 0;
    for (int c = 0; c < channels; c++) {
        mean[c] = rule->mean[c];
        scale[c] = rule->scale[c];
    }
    const struct node *node = only_reader(graph, graph->input);
    while (node && sned_graph_outer_readers(graph, node->outputs[0]) == 0) {
        if (compose_node(graph, node, channels, mean, scale))
            taken[count++] = (int)(node - graph->nodes);
        else if (!keeps_numbers(node))
            break;
        node = only_reader(graph, node->outputs[0]);
    }
    for (int c = 0; count > 0 && c < channels; c++) {
        rule->mean[c] = (float)mean[c];
        rule->scale[c] = (float)scale[c];
    }
    return count;
}

sned_status sned_graph_whole_rule(const struct graph *graph, struct input_rule *rule, int *count,
                                  sned_error *error)
{
    int *taken;
    SNED_TRY(sned_alloc(&taken, (size_t)graph->node_count, sizeof *taken, error));
    *count = find_taken(graph, rule, taken);
    sned_free(taken);
    return SNED_OK;
}

sned_status sned_graph_absorb_input(struct graph *graph, sned_error *error)
{
    int *taken;
    SNED_TRY(sned_alloc(&taken, (size_t)graph->node_count, sizeof *taken, error));
    int count = find_taken(graph, &graph->rule, taken);
    for (int i = 0; i < count; i++) {
        struct node *node = &graph->nodes[taken[i]];
        for (int n = 0; n < graph->node_count; n++)
            for (int k = 0; k < graph->nodes[n].input_count; k++)
                if (graph->nodes[n].inputs[k] == node->outputs[0])
                    graph->nodes[n].inputs[k] = node->inputs[0];
        sned_node_remove(node);
    }
    sned_free(taken);
    if (count == 0)
        return SNED_OK;
    sned_graph_close_gaps(graph);
    return sned_graph_remove_unused(graph, error);
}
