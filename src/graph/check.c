/*
 * check.c - is this a graph? Every invariant of graph.h, for graphs from untrusted places.
 *
 * In this order, so that each step may rely on those before: counts, tensors, where the graph begins and ends
 * (check_ends.c), its nodes: order and shapes, attributes, the integer rules (check_integer.c). Nothing is
 * multiplied before its factors are bounded.
 */
#include "base/memory.h"
#include "graph/inner.h"
#include "graph/operator.h"

#include <math.h>
#include <string.h>

/* ---- tensors ---- */

static sned_status check_counts(const struct graph *graph, sned_error *error)
{
    const char *name = graph->name ? graph->name : "";
    if (graph->tensor_count < 1 || graph->tensor_count > GRAPH_MAX_TENSORS || !graph->tensors)
        return sned_fail(error, SNED_ERROR_FORMAT, "network '%.80s' has %d tensors, but 1 to %d are handled",
                         name, graph->tensor_count, GRAPH_MAX_TENSORS);
    if (graph->node_count < 1 || graph->node_count > GRAPH_MAX_NODES || !graph->nodes)
        return sned_fail(error, SNED_ERROR_FORMAT, "network '%.80s' has %d nodes, but 1 to %d are handled",
                         name, graph->node_count, GRAPH_MAX_NODES);
    if (graph->label_count < 0 || (graph->label_count > 0 && !graph->labels))
        return sned_fail(error, SNED_ERROR_FORMAT, "network '%.80s' has %d labels", name, graph->label_count);
    for (int i = 0; i < graph->label_count; i++)
        if (!graph->labels[i])
            return sned_fail(error, SNED_ERROR_FORMAT, "network '%.80s': label %d is missing", name, i);
    return SNED_OK;
}

static sned_status check_finite(const struct tensor *tensor, sned_error *error)
{
    const float *values = tensor->data;
    size_t elements = sned_shape_elements(&tensor->shape);
    for (size_t i = 0; i < elements; i++)
        if (!isfinite(values[i]))
            return sned_fail(error, SNED_ERROR_FORMAT, "tensor '%.80s': element %zu is %s", tensor->name, i,
                             isnan(values[i]) ? "NaN" : "infinite");
    return SNED_OK;
}

static sned_status check_mask(const struct tensor *tensor, sned_error *error)
{
    const float *values = tensor->data;
    size_t elements = sned_shape_elements(&tensor->shape);
    if (!values || tensor->type != TENSOR_F32)
        return sned_fail(error, SNED_ERROR_FORMAT, "tensor '%.80s' has a mask, but is no float constant",
                         tensor->name);
    for (size_t i = 0; i < elements; i++) {
        if (tensor->mask[i] > 1)
            return sned_fail(error, SNED_ERROR_FORMAT, "tensor '%.80s': element %zu of the mask is %d",
                             tensor->name, i, tensor->mask[i]);
        if (!tensor->mask[i] && values[i] != 0.0f)
            return sned_fail(error, SNED_ERROR_FORMAT, "tensor '%.80s': element %zu is pruned, but not zero",
                             tensor->name, i);
    }
    return SNED_OK;
}

static sned_status check_quantization(const struct tensor *tensor, sned_error *error)
{
    const struct quantization *quantization = &tensor->quantization;
    if (quantization->scale == 0.0f)
        return SNED_OK;
    if (!isfinite(quantization->scale) || quantization->scale < 0.0f)
        return sned_fail(error, SNED_ERROR_FORMAT, "tensor '%.80s': the scale must be a positive number",
                         tensor->name);
    if (quantization->bits != 8 && !(quantization->bits == 16 && quantization->is_signed))
        return sned_fail(error, SNED_ERROR_FORMAT, "tensor '%.80s': %d bits%s are not handled", tensor->name,
                         quantization->bits, quantization->is_signed ? "" : " without a sign");
    return SNED_OK;
}

/* apart: weights may be elsewhere. */
static sned_status check_tensor(const struct tensor *tensor, int index, bool apart, sned_error *error)
{
    if (!tensor->name)
        return sned_fail(error, SNED_ERROR_FORMAT, "tensor %d has no name", index);
    if (sned_type_size(tensor->type) == 0)
        return sned_fail(error, SNED_ERROR_FORMAT, "tensor '%.80s': type %d is unknown", tensor->name,
                         (int)tensor->type);
    if (!sned_shape_valid(&tensor->shape))
        return sned_fail(error, SNED_ERROR_SHAPE,
                         "tensor '%.80s': the shape is empty or larger than %d elements", tensor->name,
                         GRAPH_MAX_ELEMENTS);
    if (!tensor->data && tensor->type != TENSOR_F32 && !(apart && tensor->type == TENSOR_I8))
        return sned_fail(error, SNED_ERROR_FORMAT, "tensor '%.80s': a constant without its elements",
                         tensor->name);
    if (tensor->data && tensor->type == TENSOR_F32)
        SNED_TRY(check_finite(tensor, error));
    if (tensor->mask)
        SNED_TRY(check_mask(tensor, error));
    return tensor->data ? SNED_OK : check_quantization(tensor, error);
}

/* ---- attributes that are no shapes ---- */

/* Clip's bounds may be infinite: ONNX lets either be absent. */
static sned_status check_activation(const struct node *node, sned_error *error)
{
    const struct activation *activation = &node->activation;
    const enum activation_kind own = sned_operator(node->op)->activation;
    const bool fuses = sned_op_is(node->op, OPERATOR_FUSES);
    if ((unsigned)activation->kind > ACTIVATION_LEAKY_RELU)
        return sned_node_fail(error, SNED_ERROR_FORMAT, node, "activation %d is unknown",
                              (int)activation->kind);
    if (own != ACTIVATION_NONE ? activation->kind != own : activation->kind != ACTIVATION_NONE && !fuses)
        return sned_node_fail(error, SNED_ERROR_FORMAT, node,
                              "activation %d does not belong to this operator", (int)activation->kind);
    if (activation->kind == ACTIVATION_CLIP && !(activation->low <= activation->high))
        return sned_node_fail(error, SNED_ERROR_FORMAT, node, "clips to the empty range from %g to %g",
                              activation->low, activation->high);
    if (activation->kind == ACTIVATION_LEAKY_RELU && !isfinite(activation->slope))
        return sned_node_fail(error, SNED_ERROR_FORMAT, node, "the slope must be finite");
    return SNED_OK;
}

static sned_status check_attributes(const struct graph *graph, const struct node *node, sned_error *error)
{
    const struct operator_row *row = sned_operator(node->op);
    SNED_TRY(check_activation(node, error));
    for (const struct operator_attribute *attribute = row->attributes; attribute->name; attribute++) {
        if (attribute->kind == ATTRIBUTE_AXIS && sned_attribute_int(node, attribute) < 0)
            return sned_node_fail(error, SNED_ERROR_FORMAT, node, "%s %d is not counted from the front",
                                  attribute->name, sned_attribute_int(node, attribute));
        if (attribute->kind == ATTRIBUTE_FLOAT && !isfinite(sned_attribute_float(node, attribute)))
            return sned_node_fail(error, SNED_ERROR_FORMAT, node, "%s %g is no finite number",
                                  attribute->name, sned_attribute_float(node, attribute));
    }
    return row->check ? sned_node_context(error, row->check(graph, node, error), node) : SNED_OK;
}

/* A float graph computes on float constants only, and has no tables. */
static sned_status check_float_constants(const struct graph *graph, const struct node *node,
                                         sned_error *error)
{
    for (int i = 0; i < node->input_count; i++) {
        if (sned_input_role(node->op, i) == INPUT_TABLE)
            return sned_node_fail(error, SNED_ERROR_FORMAT, node,
                                  "has a table, but the network is a float one");
        const struct tensor *tensor = node->inputs[i] < 0 ? NULL : &graph->tensors[node->inputs[i]];
        if (tensor && tensor->data && tensor->type != TENSOR_F32)
            return sned_node_fail(error, SNED_ERROR_FORMAT, node, "the constant '%.80s' must be float32",
                                  tensor->name);
    }
    return SNED_OK;
}

/* ---- order and shapes ---- */

/* outputs: room for the shapes of this node's. made[tensor]: it can be read. */
static sned_status check_outputs(const struct graph *graph, const struct node *node, struct shape *outputs,
                                 uint8_t *made, sned_error *error)
{
    for (int k = 0; k < node->output_count; k++) {
        if (made[node->outputs[k]])
            return sned_node_fail(error, SNED_ERROR_FORMAT, node, "makes '%.80s', which is made already",
                                  graph->tensors[node->outputs[k]].name);
        made[node->outputs[k]] = 1;
    }
    SNED_TRY(sned_node_infer(graph, node, outputs, error));
    for (int k = 0; k < node->output_count; k++)
        if (!sned_shape_equal(&outputs[k], &graph->tensors[node->outputs[k]].shape))
            return sned_node_fail(error, SNED_ERROR_SHAPE, node, "the shape of the output '%.80s' is another",
                                  graph->tensors[node->outputs[k]].name);
    return SNED_OK;
}

static sned_status check_node(const struct graph *graph, const struct node *node, struct shape *outputs,
                              uint8_t *made, sned_error *error)
{
    if (!node->name)
        return sned_node_fail(error, SNED_ERROR_FORMAT, node, "has no name");
    SNED_TRY(sned_node_check_tensors(graph, node, error));
    for (int i = 0; i < node->input_count; i++)
        if (node->inputs[i] >= 0 && !made[node->inputs[i]])
            return sned_node_fail(error, SNED_ERROR_FORMAT, node,
                                  "reads '%.80s', which no node before it makes",
                                  graph->tensors[node->inputs[i]].name);
    SNED_TRY(check_outputs(graph, node, outputs, made, error));
    SNED_TRY(check_attributes(graph, node, error));
    return graph->integer ? sned_node_check_integer(graph, node, error)
                          : check_float_constants(graph, node, error);
}

static sned_status check_nodes(const struct graph *graph, sned_error *error)
{
    sned_status status;
    struct shape *outputs = NULL; /* of one node */
    uint8_t *made = NULL;         /* for each tensor: it can be read */
    SNED_TRY_DONE(sned_alloc(&outputs, (size_t)sned_graph_most_outputs(graph), sizeof *outputs, error));
    SNED_TRY_DONE(sned_alloc(&made, (size_t)graph->tensor_count, 1, error));
    for (int i = 0; i < graph->tensor_count; i++)
        made[i] = sned_tensor_is_given(graph, i);
    for (int i = 0; i < graph->node_count; i++)
        SNED_TRY_DONE(check_node(graph, &graph->nodes[i], outputs, made, error));
    for (int i = 0; i < graph->tensor_count; i++)
        if (!made[i]) {
            status =
                sned_fail(error, SNED_ERROR_FORMAT, "tensor '%.80s' is neither a constant nor made by a node",
                          graph->tensors[i].name);
            goto done;
        }
    status = SNED_OK;
done:
    sned_free(outputs);
    sned_free(made);
    return status;
}

static sned_status check_graph(const struct graph *graph, bool apart, sned_error *error)
{
    SNED_TRY(check_counts(graph, error));
    for (int i = 0; i < graph->tensor_count; i++)
        SNED_TRY(check_tensor(&graph->tensors[i], i, apart, error));
    SNED_TRY(sned_graph_check_ends(graph, error));
    SNED_TRY(check_nodes(graph, error));
    SNED_TRY(sned_graph_check_endings(graph, error));
    SNED_TRY(sned_graph_check_states(graph, error));
    return sned_graph_check_rule(graph, error);
}

sned_status sned_graph_check(const struct graph *graph, sned_error *error)
{
    return check_graph(graph, false, error);
}

sned_status sned_graph_check_apart(const struct graph *graph, sned_error *error)
{
    return check_graph(graph, graph->integer, error);
}
