/*
 * connections.c - what each node reads and makes: how many tensors, which of them computed and which
 * constant, by its operator's row.
 */
#include "graph/inner.h"
#include "graph/operator.h"

static sned_status check_input(const struct graph *graph, const struct node *node, int i, sned_error *error)
{
    const enum input_role role = sned_input_role(node->op, i);
    const int tensor = node->inputs[i];
    if (tensor == -1 && role == INPUT_BIAS)
        return SNED_OK;
    if (tensor < 0 || tensor >= graph->tensor_count)
        return sned_node_fail(error, SNED_ERROR_FORMAT, node, "input %d is tensor %d of %d", i, tensor,
                              graph->tensor_count);
    const bool constant = tensor_is_constant(graph, tensor);
    if (role == INPUT_OPERAND || constant == (role != INPUT_ACTIVATION))
        return SNED_OK;
    return sned_node_fail(error, SNED_ERROR_UNSUPPORTED, node, "input %d ('%.60s') must %s", i,
                          graph->tensors[tensor].name,
                          constant ? "be computed, but is a constant" : "be a constant, but is computed");
}

static sned_status check_output(const struct graph *graph, const struct node *node, int k, sned_error *error)
{
    const int tensor = node->outputs[k];
    if (tensor < 0 || tensor >= graph->tensor_count)
        return sned_node_fail(error, SNED_ERROR_FORMAT, node, "output %d is tensor %d of %d", k, tensor,
                              graph->tensor_count);
    if (tensor_is_constant(graph, tensor))
        return sned_node_fail(error, SNED_ERROR_FORMAT, node, "output %d ('%.60s') is a constant", k,
                              graph->tensors[tensor].name);
    return SNED_OK;
}

sned_status sned_node_check_tensors(const struct graph *graph, const struct node *node, sned_error *error)
{
    const struct operator_row *row = sned_operator(node->op);
    const int inputs_most = row->inputs_most == OPERATOR_ANY ? GRAPH_MAX_NODES : row->inputs_most;
    const int outputs_most = row->outputs_most == OPERATOR_ANY ? graph->tensor_count : row->outputs_most;
    if ((unsigned)node->op >= OP_COUNT)
        return sned_node_fail(error, SNED_ERROR_FORMAT, node, "operator %d is unknown", (int)node->op);
    if (node->input_count < row->inputs_least || node->input_count > inputs_most || !node->inputs)
        return sned_node_fail(error, SNED_ERROR_FORMAT, node, "%d inputs, which this operator does not take",
                              node->input_count);
    if (node->output_count < 1 || node->output_count > outputs_most || !node->outputs)
        return sned_node_fail(error, SNED_ERROR_FORMAT, node, "%d outputs, which this operator does not make",
                              node->output_count);
    for (int i = 0; i < node->input_count; i++)
        SNED_TRY(check_input(graph, node, i, error));
    for (int k = 0; k < node->output_count; k++)
        SNED_TRY(check_output(graph, node, k, error));
    return SNED_OK;
}
