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

#include <stdlib.h>

bool moves_numbers(enum op op)
{
    return op == OP_MAX_POOL || op == OP_CONCAT || op == OP_SLICE || op == OP_PAD || op == OP_FLATTEN ||
           op == OP_RESHAPE || op == OP_TRANSPOSE || op == OP_DROPOUT || op == OP_IDENTITY;
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
        if (!moves_numbers(node->op))
            continue;
        for (int i = 0; i < node->input_count; i++)
            if (is_activation(graph, node->inputs[i]))
                root[find_root(root, node->inputs[i])] = find_root(root, node->outputs[0]);
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

/* Operators that make no negative value of inputs that have none. */
static bool keeps_sign(enum op op)
{
    return moves_numbers(op) || op == OP_AVERAGE_POOL || op == OP_GLOBAL_AVERAGE_POOL || op == OP_LRN ||
           op == OP_ADD || op == OP_MUL || op == OP_CLIP || op == OP_LEAKY_RELU;
}

static bool node_is_positive(const struct graph *graph, const struct node *node, const bool *positive)
{
    if (node->activation.kind == ACTIVATION_RELU ||
        (node->activation.kind == ACTIVATION_CLIP && node->activation.low >= 0))
        return true;
    /* A clamp or slope may lie below 0 all the same. */
    if (!keeps_sign(node->op) || (node->activation.kind == ACTIVATION_CLIP && node->activation.high < 0) ||
        (node->activation.kind == ACTIVATION_LEAKY_RELU && node->op != OP_LEAKY_RELU))
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
        positive[graph->nodes[n].outputs[0]] = node_is_positive(graph, &graph->nodes[n], positive);
    for (int t = 0; t < graph->tensor_count; t++)
        if (is_activation(graph, t) && !positive[t])
            positive[find_root(root, t)] = false;
}

/* ---- the scores ---- */

static bool can_be_wide(enum op op)
{
    return op == OP_CONV || op == OP_GEMM || op == OP_AVERAGE_POOL || op == OP_GLOBAL_AVERAGE_POOL;
}

/* Back from the output over what only reshapes, to the node that computes the scores. 16 bits where that node
 * can make them and nobody else reads them. */
static int find_wide(const struct graph *graph, const struct uses *uses, int *root)
{
    int tensor = sned_graph_scores(graph).logits, chain = 1, members = 0;
    int producer = uses->producer[tensor];
    while (producer >= 0 && uses->consumers[tensor] == 1 &&
           (graph->nodes[producer].op == OP_FLATTEN || graph->nodes[producer].op == OP_RESHAPE)) {
        tensor = graph->nodes[producer].inputs[0];
        producer = uses->producer[tensor];
        chain++;
    }
    if (producer < 0 || !can_be_wide(graph->nodes[producer].op) || uses->consumers[tensor] != 1)
        return -1;
    for (int t = 0; t < graph->tensor_count; t++)
        members += is_activation(graph, t) && find_root(root, t) == find_root(root, tensor);
    return members == chain ? find_root(root, tensor) : -1;
}

sned_status groups_find(struct activation_groups *groups, const struct graph *graph, sned_error *error)
{
    struct uses uses = {0};
    sned_status status;
    *groups = (struct activation_groups){.wide = -1};
    SNED_TRY_DONE(sned_uses_find(&uses, graph, error));
    SNED_TRY_DONE(sned_alloc(&groups->root, graph->tensor_count, sizeof *groups->root, error));
    SNED_TRY_DONE(sned_alloc(&groups->positive, graph->tensor_count, sizeof *groups->positive, error));
    for (int t = 0; t < graph->tensor_count; t++)
        groups->root[t] = t;
    join_moved(graph, groups->root);
    find_signs(graph, groups->root, groups->positive);
    groups->wide = find_wide(graph, &uses, groups->root);
    for (int t = 0; t < graph->tensor_count; t++)
        groups->root[t] = find_root(groups->root, t);
    for (int t = 0; t < graph->tensor_count; t++)
        if (!is_activation(graph, t))
            groups->root[t] = -1;
    if (sned_graph_scores(graph).logits != graph->outputs[0])
        groups->root[graph->outputs[0]] = -1;
done:
    sned_uses_free(&uses);
    if (status != SNED_OK)
        groups_free(groups);
    return status;
}

void groups_free(struct activation_groups *groups)
{
    free(groups->root);
    free(groups->positive);
    *groups = (struct activation_groups){.wide = -1};
}
