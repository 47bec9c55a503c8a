/*
 * channels.c - see channels.h. Union and find over all channels of all activations.
 *
 * A Conv or Gemm ends one class and begins another: its filters can take up any factor. Pools, ReLU and their
 * like hand a factor through channel by channel, Concat side by side, Add needs the same on both sides, and
 * Flatten makes many channels of one. All else, and the network's input and output, have units that are not
 * ours to change.
 */
#include "compress/quantize/channels.h"
#include "base/memory.h"
#include "base/union_find.h"

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

static void join_concat(struct channels *channels, const struct graph *graph, const struct node *node)
{
    int at = channels->first[node->outputs[0]];
    for (int i = 0; i < node->input_count; i++)
        for (int c = 0; c < channels_of(graph, node->inputs[i]); c++)
            join(channels, channels->first[node->inputs[i]] + c, at++);
}

/* [1][C][H][W] to [1][C H W]: each channel becomes H W of them. */
static void join_flatten(struct channels *channels, const struct graph *graph, const struct node *node)
{
    const int from = channels_of(graph, node->inputs[0]), each = channels_of(graph, node->outputs[0]) / from;
    for (int c = 0; c < from * each; c++)
        join(channels, channels->first[node->inputs[0]] + c / each, channels->first[node->outputs[0]] + c);
}

static void fix_node(struct channels *channels, const struct graph *graph, const struct node *node)
{
    for (int i = 0; i < node->input_count; i++)
        fix(channels, graph, node->inputs[i]);
    fix(channels, graph, node->outputs[0]);
}

static bool reads_activations(const struct channels *channels, const struct node *node)
{
    for (int i = 0; i < node->input_count; i++)
        if (node->inputs[i] < 0 || channels->first[node->inputs[i]] < 0)
            return false;
    return true;
}

static void join_node(struct channels *channels, const struct graph *graph, const struct node *node)
{
    switch (node->op) {
    case OP_CONV:
    case OP_GEMM:
        break;
    case OP_RELU:
    case OP_LEAKY_RELU:
    case OP_MAX_POOL:
    case OP_AVERAGE_POOL:
    case OP_GLOBAL_AVERAGE_POOL:
        join_all(channels, graph, node->inputs[0], node->outputs[0]);
        break;
    case OP_CONCAT:
        if (node->u.concat.axis == 1 && reads_activations(channels, node))
            join_concat(channels, graph, node);
        else
            fix_node(channels, graph, node);
        break;
    case OP_FLATTEN:
        if (node->u.flatten.axis == 1)
            join_flatten(channels, graph, node);
        else
            fix_node(channels, graph, node);
        break;
    case OP_ADD:
        if (reads_activations(channels, node)) {
            join_all(channels, graph, node->inputs[0], node->outputs[0]);
            join_all(channels, graph, node->inputs[1], node->outputs[0]);
        } else {
            fix_node(channels, graph, node);
        }
        break;
    default:
        fix_node(channels, graph, node);
    }
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
    fix(channels, graph, graph->outputs[0]);
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
