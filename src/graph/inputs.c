/*
 * inputs.c - what each operator reads: how many tensors, which of them activations and which constants.
 */
#include "graph/inner.h"

/* How many inputs each operator takes, and how many of the first are activations; the others are constants.
 */
static const struct {
    int least, most, activations;
} arities[OP_COUNT] = {
    [OP_CONV] = {2, 3, 1},
    [OP_GEMM] = {2, 3, 1},
    [OP_BATCH_NORMALIZATION] = {5, 5, 1},
    [OP_RELU] = {1, 1, 1},
    [OP_CLIP] = {1, 1, 1},
    [OP_LEAKY_RELU] = {1, 1, 1},
    [OP_MAX_POOL] = {1, 1, 1},
    [OP_AVERAGE_POOL] = {1, 1, 1},
    [OP_GLOBAL_AVERAGE_POOL] = {1, 1, 1},
    [OP_LRN] = {1, 2, 1},
    [OP_ADD] = {2, 2, 1},
    [OP_MUL] = {2, 2, 1},
    [OP_CONCAT] = {1, GRAPH_MAX_NODES, GRAPH_MAX_NODES},
    [OP_SLICE] = {1, 1, 1},
    [OP_PAD] = {1, 1, 1},
    [OP_FLATTEN] = {1, 1, 1},
    [OP_RESHAPE] = {1, 1, 1},
    [OP_TRANSPOSE] = {1, 1, 1},
    [OP_SOFTMAX] = {1, 1, 1},
    [OP_LOG_SOFTMAX] = {1, 1, 1},
    [OP_SIGMOID] = {1, 1, 1},
    [OP_DROPOUT] = {1, 1, 1},
    [OP_IDENTITY] = {1, 1, 1},
};

static sned_status check_input(const struct graph *graph, const struct node *node, int i, sned_error *error)
{
    int tensor = node->inputs[i];
    bool optional = (node->op == OP_CONV || node->op == OP_GEMM) && i == 2;
    if (tensor == -1 && optional)
        return SNED_OK;
    if (tensor < 0 || tensor >= graph->tensor_count)
        return sned_node_fail(error, SNED_ERROR_FORMAT, node, "input %d is tensor %d of %d", i, tensor,
                              graph->tensor_count);
    bool constant = tensor_is_constant(graph, tensor);
    if (i < arities[node->op].activations ? !constant : constant)
        return SNED_OK;
    if ((node->op == OP_ADD || node->op == OP_MUL) && i == 1)
        return SNED_OK;
    return sned_node_fail(error, SNED_ERROR_UNSUPPORTED, node, "input %d ('%.60s') must %s", i,
                          graph->tensors[tensor].name,
                          constant ? "be computed, but is a constant" : "be a constant, but is computed");
}

sned_status sned_node_check_inputs(const struct graph *graph, const struct node *node, sned_error *error)
{
    if ((unsigned)node->op >= OP_COUNT)
        return sned_node_fail(error, SNED_ERROR_FORMAT, node, "operator %d is unknown", (int)node->op);
    if (node->input_count < arities[node->op].least || node->input_count > arities[node->op].most ||
        !node->inputs)
        return sned_node_fail(error, SNED_ERROR_FORMAT, node, "%d inputs, which this operator does not take",
                              node->input_count);
    for (int i = 0; i < node->input_count; i++)
        SNED_TRY(check_input(graph, node, i, error));
    if (node->outputs[0] < 0 || node->outputs[0] >= graph->tensor_count)
        return sned_node_fail(error, SNED_ERROR_FORMAT, node, "the output is tensor %d of %d",
                              node->outputs[0], graph->tensor_count);
    if (tensor_is_constant(graph, node->outputs[0]))
        return sned_node_fail(error, SNED_ERROR_FORMAT, node, "the output '%.60s' is a constant",
                              graph->tensors[node->outputs[0]].name);
    return SNED_OK;
}
