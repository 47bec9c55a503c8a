/*
 * channels.c - see channels.h. Union and find over all channels of all activations.
 *
 * A Conv or Gemm ends one class and begins another: its filters can take up any factor. Pools, ReLU and their
 * like hand a factor through channel by channel, Add needs the same on both sides. Where numbers only move,
 * the channels that they go to have the factor of those that they come from: Concat's side by side, Flatten's
 * many of one. All else, and the network's input and outputs, have units that are not ours to change.
 */
#include "compress/quantize/channels.h"
#include "compress/quantize/filter_scale.h"
#include "graph/operator.h"

/* Reshape, Slice, Pad, Transpose and a Concat of other axes could hand their channels on as well as the rest;
 * that they do not keeps what is packed of a network as it was when files were first made of it. */
static bool moves_channels(const struct node *node)
{
    static const bool stays[OP_COUNT] = {
        [OP_RESHAPE] = true, [OP_SLICE] = true, [OP_PAD] = true, [OP_TRANSPOSE] = true};
    return sned_op_is(node->op, OPERATOR_MOVES) && !stays[node->op] &&
           !(node->op == OP_CONCAT && node->u.concat.axis != 1);
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
        sned_channels_join_moved(channels, graph, node);
    else if (reads && is_linear_in_factors(node->op))
        for (int i = 0; i < node->input_count; i++)
            sned_channels_join_all(channels, graph, node->inputs[i], node->outputs[0]);
    else if (!has_filters(node))
        sned_channels_fix_node(channels, graph, node);
    /* A bound of Clip is in the units of its output. */
    if (node->activation.kind == ACTIVATION_CLIP)
        sned_channels_fix(channels, graph, node->outputs[0]);
}

sned_status channels_find(struct channels *channels, const struct graph *graph, sned_error *error)
{
    SNED_TRY(sned_channels_open(channels, graph, error));
    for (int n = 0; n < graph->node_count; n++)
        join_node(channels, graph, &graph->nodes[n]);
    sned_channels_settle(channels);
    return SNED_OK;
}
