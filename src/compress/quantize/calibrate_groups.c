/*
 * calibrate_groups.c - activations that are joined by operators which only move numbers share one
 * quantization.
 *
 * Groups are found by union and find (Galler and Fischer 1964). Signs follow from the structure alone, not
 * from what was seen: a tensor is unsigned where no input whatever can make a value below 0.
 */
#include "compress/quantize/calibrate_groups.h"
#include "base/memory.h"
#include "base/union_find.h"
#include "graph/operator.h"

#include <stdlib.h>

/* Whether each number of the results is one of the inputs', so that they share a quantization. */
static bool hands_on(enum op op)
{
    return sned_op_is(op, OPERATOR_KEEPS_QUANTIZATION | OPERATOR_PASSES);
}

static bool is_activation(const struct graph *graph, int tensor)
{
    return tensor >= 0 && !graph->tensors[tensor].data;
}

/* ---- groups ---- */

static void join_moved(const struct graph *graph, int *root)
{
    for (int n = 0; n < graph->node_count; n++) {
        const struct node *node = &graph->nodes[n];
        if (!hands_on(node->op))
            continue;
        for (int i = 0; i < node->input_count; i++)
            if (is_activation(graph, node->inputs[i]))
                root[find_root(root, node->inputs[i])] = find_root(root, node->outputs[0]);
        for (int k = 1; k < node->output_count; k++)
            root[find_root(root, node->outputs[k])] = find_root(root, node->outputs[0]);
    }
}

/* ---- signs ---- */

/* Pixels from 0 to 255 stay at 0 or above. */
static bool input_is_positive(const struct graph *graph)
{
    const struct extent input = sned_shape_extent(&graph->tensors[graph->input].shape);
    if (!graph->rule.is_image || input.channels > GRAPH_MAX_CHANNELS_MEAN)
        return false;
    for (int c = 0; c < input.channels; c++)
        for (int pixel = 0; pixel <= 255; pixel += 255)
            if (((float)pixel - graph->rule.mean[c]) * graph->rule.scale[c] < 0)
                return false;
    return true;
}

/* Operators that make no negative value of inputs that have none: means, sums, products, LRN's factors. */
static bool keeps_sign(enum op op)
{
    const struct operator_row *row = sned_operator(op);
    return hands_on(op) || sned_op_is(op, OPERATOR_AVERAGES) || row->activation != ACTIVATION_NONE ||
           row->roles[1] == INPUT_OPERAND || row->integer == INTEGER_SHIFT;
}

static bool node_is_positive(const struct graph *graph, const struct node *node, const bool *positive)
{
    if (node->activation.kind == ACTIVATION_RELU ||
        (node->activation.kind == ACTIVATION_CLIP && node->activation.low >= 0))
        return true;
    /* A clamp or slope may lie below 0 all the same. */
    const bool is_fused = sned_operator(node->op)->activation == ACTIVATION_NONE;
    if (!keeps_sign(node->op) || (node->activation.kind == ACTIVATION_CLIP && node->activation.high < 0) ||
        (node->activation.kind == ACTIVATION_LEAKY_RELU && is_fused))
        return false;
    for (int i = 0; i < node->input_count; i++)
        if (node->inputs[i] >= 0 && !(is_activation(graph, node->inputs[i]) && positive[node->inputs[i]]))
            return false;
    return true;
}

static void find_signs(const struct graph *graph, int *root, bool *positive)
{
    positive[graph->input] = input_is_positive(graph);
    for (int n = 0; n < graph->node_count; n++)
        for (int k = 0; k < graph->nodes[n].output_count; k++)
            positive[graph->nodes[n].outputs[k]] = node_is_positive(graph, &graph->nodes[n], positive);
    for (int t = 0; t < graph->tensor_count; t++)
        if (is_activation(graph, t) && !positive[t])
            positive[find_root(root, t)] = false;
}

/* ---- the results ---- */

/* What an output of the graph is computed as: the input of its ending, which is itself in floats. */
static int result_of(const struct graph *graph, const struct uses *uses, int output)
{
    const int producer = uses->producer[output];
    const bool ends = producer >= 0 && sned_op_is(graph->nodes[producer].op, OPERATOR_ENDING);
    return ends ? graph->nodes[producer].inputs[0] : output;
}

static bool can_be_wide(const struct node *node)
{
    return sned_node_has_weights(node) || sned_op_is(node->op, OPERATOR_AVERAGES);
}

/* Whether nobody reads a tensor but endings, and whoever takes the graph's outputs. */
static bool only_ends(const struct graph *graph, const struct uses *uses, int tensor)
{
    int count = 0;
    for (int k = 0; k < graph->output_count; k++)
        count += graph->outputs[k] == tensor;
    for (int n = 0; n < graph->node_count; n++)
        count += sned_op_is(graph->nodes[n].op, OPERATOR_ENDING) && graph->nodes[n].inputs[0] == tensor;
    return uses->consumers[tensor] == count;
}

/* Back from a result over what only reshapes, to the node that computes it: the root of 16 bits where that
 * node can make them and nobody else reads them, or -1. */
static int find_wide(const struct graph *graph, const struct uses *uses, int *root, int tensor)
{
    int chain = 1, members = 0, producer = uses->producer[tensor];
    bool alone = only_ends(graph, uses, tensor);
    while (alone && producer >= 0 && sned_op_is(graph->nodes[producer].op, OPERATOR_RESHAPES)) {
        tensor = graph->nodes[producer].inputs[0];
        producer = uses->producer[tensor];
        alone = uses->consumers[tensor] == 1;
        chain++;
    }
    if (producer < 0 || !can_be_wide(&graph->nodes[producer]) || !alone)
        return -1;
    for (int t = 0; t < graph->tensor_count; t++)
        members += is_activation(graph, t) && find_root(root, t) == find_root(root, tensor);
    return members == chain ? find_root(root, tensor) : -1;
}

static void find_results(struct activation_groups *groups, const struct graph *graph, const struct uses *uses)
{
    for (int k = 0; k < graph->output_count; k++) {
        const int root = find_wide(graph, uses, groups->root, result_of(graph, uses, graph->outputs[k]));
        if (root >= 0)
            groups->wide[root] = true;
    }
}

/* ---- all of it ---- */

/* The root of each activation, instead of a way to it; none where nothing is quantized. */
static void settle_roots(struct activation_groups *groups, const struct graph *graph, const struct uses *uses)
{
    for (int t = 0; t < graph->tensor_count; t++)
        groups->root[t] = find_root(groups->root, t);
    for (int t = 0; t < graph->tensor_count; t++)
        if (!is_activation(graph, t))
            groups->root[t] = -1;
    for (int k = 0; k < graph->output_count; k++)
        if (result_of(graph, uses, graph->outputs[k]) != graph->outputs[k])
            groups->root[graph->outputs[k]] = -1;
}

sned_status groups_find(struct activation_groups *groups, const struct graph *graph, sned_error *error)
{
    const size_t tensors = (size_t)graph->tensor_count;
    struct uses uses = {0};
    sned_status status;
    *groups = (struct activation_groups){0};
    if (graph->state_count > 0)
        return sned_fail(
            error, SNED_ERROR_UNSUPPORTED,
            "network '%.80s' has a state ('%.60s'), a value that outlives a run: the scales of such "
            "a network cannot be set from images",
            graph->name, graph->tensors[graph->states[0].tensor].name);
    SNED_TRY_DONE(sned_uses_find(&uses, graph, error));
    SNED_TRY_DONE(sned_alloc(&groups->root, tensors, sizeof *groups->root, error));
    SNED_TRY_DONE(sned_alloc(&groups->positive, tensors, sizeof *groups->positive, error));
    SNED_TRY_DONE(sned_alloc(&groups->wide, tensors, sizeof *groups->wide, error));
    for (int t = 0; t < graph->tensor_count; t++)
        groups->root[t] = t;
    join_moved(graph, groups->root);
    find_signs(graph, groups->root, groups->positive);
    find_results(groups, graph, &uses);
    settle_roots(groups, graph, &uses);
done:
    sned_uses_free(&uses);
    if (status != SNED_OK)
        groups_free(groups);
    return status;
}

void groups_computed(const struct activation_groups *groups, const struct graph *graph, bool *computed)
{
    for (int n = 0; n < graph->node_count; n++)
        for (int k = 0; k < graph->nodes[n].output_count; k++) {
            const int tensor = graph->nodes[n].outputs[k];
            computed[tensor] = !hands_on(graph->nodes[n].op) && groups->root[tensor] >= 0;
        }
}

void groups_free(struct activation_groups *groups)
{
    free(groups->root);
    free(groups->positive);
    free(groups->wide);
    *groups = (struct activation_groups){0};
}
