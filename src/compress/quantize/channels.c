/*
 * channels.c - see channels.h. Union and find over all channels of all activations.
 *
 * A Conv or Gemm ends one class and begins another: its filters can take up any factor. Pools, ReLU and their
 * like hand a factor through channel by channel, Add needs the same on both sides. Where numbers only move,
 * the channels that they go to have the factor of those that they come from: Concat's side by side, Flatten's
 * many of one. All else, and the network's input and outputs, have units that are not ours to change.
 */
#include "compress/quantize/channels.h"
#include "base/memory.h"
#include "base/union_find.h"
#include "compress/quantize/filter_scale.h"
#include "graph/operator.h"

#include <stdlib.h>

int channels_of(const struct graph *graph, int tensor)
{
    const struct shape *shape = &graph->tensors[tensor].shape;
    return shape->rank > 1 ? (int)shape->dim[1] : 1;
}

static void join(struct channels *channels, int a, int b)
{
    a = find_root(channels->root, a);
    b = find_root(channels->root, b);
    channels->fixed[b] |= channels->fixed[a];
    channels->root[a] = b;
}

static void fix(struct channels *channels, const struct graph *graph, int tensor)
{
    for (int c = 0; tensor >= 0 && channels->first[tensor] >= 0 && c < channels_of(graph, tensor); c++)
        channels->fixed[find_root(channels->root, channels->first[tensor] + c)] = true;
}

static void join_all(struct channels *channels, const struct graph *graph, int input, int output)
{
    for (int c = 0; c < channels_of(graph, output); c++)
        join(channels, channels->first[input] + c, channels->first[output] + c);
}

/* ---- numbers that move ---- */

static int64_t plane_of(const struct graph *graph, int tensor)
{
    return (int64_t)sned_shape_elements(&graph->tensors[tensor].shape) / channels_of(graph, tensor);
}

/* The channel where each number comes from, with that where it goes to. */
static void join_moved(struct channels *channels, const struct graph *graph, int input, int output,
                       const struct movement *movement)
{
    const int64_t from_plane = plane_of(graph, input), to_plane = plane_of(graph, output);
    int64_t at[GRAPH_MAX_RANK] = {0}, from = movement->from_offset, to = movement->to_offset;
    const struct shape *box = &movement->box;
    for (int axis = 0; axis >= 0;) {
        join(channels, channels->first[input] + (int)(from / from_plane),
             channels->first[output] + (int)(to / to_plane));
        for (axis = box->rank - 1; axis >= 0; axis--) { /* to the next number: the last axis is the fastest */
            from += movement->from_stride[axis];
            to += movement->to_stride[axis];
            if (++at[axis] < box->dim[axis])
                break;
            from -= movement->from_stride[axis] * at[axis];
            to -= movement->to_stride[axis] * at[axis];
            at[axis] = 0;
        }
    }
}

/* Reshape, Slice, Pad, Transpose and a Concat of other axes could hand their channels on as well as the rest;
 * that they do not keeps what is packed of a network as it was when files were first made of it. */
static bool moves_channels(const struct node *node)
{
    static const bool stays[OP_COUNT] = {
        [OP_RESHAPE] = true, [OP_SLICE] = true, [OP_PAD] = true, [OP_TRANSPOSE] = true};
    return sned_op_is(node->op, OPERATOR_MOVES) && !stays[node->op] &&
           !(node->op == OP_CONCAT && node->u.concat.axis != 1);
}

static void join_node_moved(struct channels *channels, const struct graph *graph, const struct node *node)
{
    struct movement movement;
    for (int i = 0; i < node->input_count; i++)
        for (int k = 0; k < node->output_count; k++)
            if (sned_node_movement(graph, node, i, k, &movement))
                join_moved(channels, graph, node->inputs[i], node->outputs[k], &movement);
}

/* ---- nodes ---- */

static void fix_node(struct channels *channels, const struct graph *graph, const struct node *node)
{
    for (int i = 0; i < node->input_count; i++)
        fix(channels, graph, node->inputs[i]);
    for (int k = 0; k < node->output_count; k++)
        fix(channels, graph, node->outputs[k]);
}

static bool reads_activations(const struct channels *channels, const struct node *node)
{
    for (int i = 0; i < node->input_count; i++)
        if (node->inputs[i] < 0 || channels->first[node->inputs[i]] < 0)
            return false;
    return true;
}

/* Operators for which f(a x) = a f(x) of each channel x and each positive a, sums of several inputs too. */
static bool is_linear_in_factors(enum op op)
{
    const struct operator_row *row = sned_operator(op);
    return row->activation == ACTIVATION_RELU || row->activation == ACTIVATION_LEAKY_RELU ||
           row->integer == INTEGER_INPUTS || sned_op_is(op, OPERATOR_SELECTS | OPERATOR_AVERAGES);
}

static void join_node(struct channels *channels, const struct graph *graph, const struct node *node)
{
    const bool reads = reads_activations(channels, node);
    if (reads && moves_channels(node))
        join_node_moved(channels, graph, node);
    else if (reads && is_linear_in_factors(node->op))
        for (int i = 0; i < node->input_count; i++)
            join_all(channels, graph, node->inputs[i], node->outputs[0]);
    else if (!has_filters(node))
        fix_node(channels, graph, node);
    /* A bound of Clip is in the units of its output. */
    if (node->activation.kind == ACTIVATION_CLIP)
        fix(channels, graph, node->outputs[0]);
}

sned_status channels_find(struct channels *channels, const struct graph *graph, sned_error *error)
{
    sned_status status;
    *channels = (struct channels){0};
    SNED_TRY_DONE(sned_alloc(&channels->first, (size_t)graph->tensor_count, sizeof *channels->first, error));
    for (int t = 0; t < graph->tensor_count; t++) {
        channels->first[t] = graph->tensors[t].data ? -1 : channels->count;
        channels->count += graph->tensors[t].data ? 0 : channels_of(graph, t);
    }
    SNED_TRY_DONE(sned_alloc(&channels->root, (size_t)channels->count, sizeof *channels->root, error));
    SNED_TRY_DONE(sned_alloc(&channels->fixed, (size_t)channels->count, sizeof *channels->fixed, error));
    for (int c = 0; c < channels->count; c++)
        channels->root[c] = c;
    fix(channels, graph, graph->input);
    for (int k = 0; k < graph->output_count; k++)
        fix(channels, graph, graph->outputs[k]);
    for (int n = 0; n < graph->node_count; n++)
        join_node(channels, graph, &graph->nodes[n]);
    for (int c = 0; c < channels->count; c++)
        channels->root[c] = find_root(channels->root, c);
done:
    if (status != SNED_OK)
        channels_free(channels);
    return status;
}

void channels_free(struct channels *channels)
{
    free(channels->first);
    free(channels->root);
    free(channels->fixed);
    *channels = (struct channels){0};
}
