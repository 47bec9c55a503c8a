/*
 * infer.c - the shape of every activation, by ONNX's rules: those of each operator stand in its row.
 *
 * Whatever passes here has sizes within the limits of graph.h, so that those who allocate and loop by them
 * need not check again.
 */
#include "base/memory.h"
#include "graph/inner.h"
#include "graph/operator.h"

/* ---- one node ---- */

static sned_status check_ranges(const struct node *node, sned_error *error)
{
    const struct operator_attribute *attribute = sned_operator(node->op)->attributes;
    for (; attribute->name; attribute++) {
        if (attribute->kind != ATTRIBUTE_INT && attribute->kind != ATTRIBUTE_CHOICE)
            continue;
        const int value = sned_attribute_int(node, attribute);
        if (value < attribute->least || value > attribute->most)
            return sned_node_fail(error, SNED_ERROR_SHAPE, node, "%s %d must be from %d to %d",
                                  attribute->name, value, attribute->least, attribute->most);
    }
    return SNED_OK;
}

sned_status sned_node_infer(const struct graph *graph, const struct node *node, struct shape *outputs,
                            sned_error *error)
{
    SNED_TRY(check_ranges(node, error));
    const sned_status status = sned_operator(node->op)->infer(graph, node, outputs, error);
    if (status != SNED_OK)
        return sned_node_context(error, status, node);
    for (int k = 0; k < node->output_count; k++) {
        if (!sned_shape_valid(&outputs[k]))
            return sned_node_fail(error, SNED_ERROR_SHAPE, node, "the output is larger than %d elements",
                                  GRAPH_MAX_ELEMENTS);
        if (outputs[k].dim[0] != 1)
            return sned_node_fail(error, SNED_ERROR_SHAPE, node,
                                  "the output's first dimension is %lld instead of 1, the batch",
                                  (long long)outputs[k].dim[0]);
    }
    return SNED_OK;
}

/* ---- the whole graph ---- */

int sned_graph_most_outputs(const struct graph *graph)
{
    int most = 1;
    for (int i = 0; i < graph->node_count; i++)
        most = graph->nodes[i].output_count > most ? graph->nodes[i].output_count : most;
    return most < graph->tensor_count ? most : graph->tensor_count;
}

static void resolve_axes(struct node *node, int rank)
{
    const struct operator_attribute *attribute = sned_operator(node->op)->attributes;
    for (; attribute->name; attribute++)
        if (attribute->kind == ATTRIBUTE_AXIS && sned_attribute_int(node, attribute) < 0)
            sned_attribute_set_int(node, attribute, sned_attribute_int(node, attribute) + rank);
}

static sned_status check_input_shape(const struct graph *graph, sned_error *error)
{
    if (graph->input < 0 || graph->input >= graph->tensor_count || tensor_is_constant(graph, graph->input))
        return sned_fail(error, SNED_ERROR_FORMAT, "network '%.80s' has no input", graph->name);
    const struct tensor *input = &graph->tensors[graph->input];
    if (!sned_shape_valid(&input->shape) || input->shape.rank < 2 || input->shape.dim[0] != 1)
        return sned_fail(
            error, SNED_ERROR_SHAPE,
            "input '%.80s': the shape must be [1][...] with at most %d elements and %d dimensions",
            input->name, GRAPH_MAX_ELEMENTS, GRAPH_MAX_RANK);
    return SNED_OK;
}

static sned_status check_known(const struct graph *graph, const struct node *node, sned_error *error)
{
    for (int k = 0; k < node->input_count; k++) {
        const struct tensor *tensor = node->inputs[k] < 0 ? NULL : &graph->tensors[node->inputs[k]];
        if (tensor && !sned_shape_valid(&tensor->shape))
            return sned_node_fail(error, SNED_ERROR_SHAPE, node, "reads '%.60s', %s", tensor->name,
                                  tensor->data ? "whose shape is empty or too large"
                                               : "which no node before it makes");
    }
    return SNED_OK;
}

sned_status sned_graph_infer(struct graph *graph, sned_error *error)
{
    sned_status status;
    struct shape *outputs = NULL; /* of one node */
    SNED_TRY(check_input_shape(graph, error));
    for (int i = 0; i < graph->tensor_count; i++) /* rank 0: not yet known */
        if (!sned_tensor_is_given(graph, i))
            graph->tensors[i].shape.rank = 0;
    SNED_TRY_DONE(sned_alloc(&outputs, (size_t)sned_graph_most_outputs(graph), sizeof *outputs, error));
    for (int i = 0; i < graph->node_count; i++) {
        struct node *node = &graph->nodes[i];
        SNED_TRY_DONE(sned_node_check_tensors(graph, node, error));
        SNED_TRY_DONE(check_known(graph, node, error));
        SNED_TRY_DONE(sned_node_infer(graph, node, outputs, error));
        resolve_axes(node, graph->tensors[node->inputs[0]].shape.rank);
        for (int k = 0; k < node->output_count; k++)
            graph->tensors[node->outputs[k]].shape = outputs[k];
    }
    status = SNED_OK;
done:
    sned_free(outputs);
    return status;
}
