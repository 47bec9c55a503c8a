/*
 * count.c - what a network costs: weights, weights that are not zero, multiply-accumulates, bytes.
 */
#include "graph/inner.h"
#include "graph/operator.h"

static const struct tensor *weights_of(const struct graph *graph, const struct node *node, int index)
{
    const int tensor = node_weights(node, index);
    return tensor >= 0 ? &graph->tensors[tensor] : NULL;
}

/* That are not 0; stretches whose count fits a byte become vector instructions. */
uint64_t sned_bytes_kept(const int8_t *values, size_t count)
{
    enum { STRETCH = 128 };
    uint64_t kept = 0;
    for (size_t i = 0; i < count; i += STRETCH) {
        const size_t end = count - i < STRETCH ? count : i + STRETCH;
        uint8_t some = 0;
        for (size_t k = i; k < end; k++)
            some = (uint8_t)(some + (values[k] != 0));
        kept += some;
    }
    return kept;
}

uint64_t sned_tensor_kept(const struct tensor *tensor)
{
    const size_t elements = sned_shape_elements(&tensor->shape);
    uint64_t kept = 0;
    if (tensor->data && tensor->type == TENSOR_I8) {
        kept = sned_bytes_kept(tensor->data, elements);
    } else if (tensor->data && tensor->type == TENSOR_F32) {
        const float *values = tensor->data;
        const uint8_t *mask = tensor->mask;
        for (size_t i = 0; i < elements; i++)
            kept += values[i] != 0.0f && (!mask || mask[i]);
    }
    return kept;
}

uint64_t sned_node_weights(const struct graph *graph, const struct node *node)
{
    uint64_t elements = 0;
    for (int i = 0; i < sned_node_weight_count(node); i++) {
        const struct tensor *weights = weights_of(graph, node, i);
        elements += weights ? sned_shape_elements(&weights->shape) : 0;
    }
    return elements;
}

uint64_t sned_node_kept(const struct graph *graph, const struct node *node)
{
    uint64_t kept = 0;
    for (int i = 0; i < sned_node_weight_count(node); i++) {
        const struct tensor *weights = weights_of(graph, node, i);
        kept += weights ? sned_tensor_kept(weights) : 0;
    }
    return kept;
}

/* Each element of the output is a sum over one filter of each of the weights. */
uint64_t sned_node_macs(const struct graph *graph, const struct node *node)
{
    uint64_t filters = 0;
    for (int i = 0; i < sned_node_weight_count(node); i++) {
        const struct tensor *weights = weights_of(graph, node, i);
        if (weights && weights->shape.dim[0] > 0)
            filters += sned_shape_elements(&weights->shape) / (uint64_t)weights->shape.dim[0];
    }
    return filters * sned_shape_elements(&graph->tensors[node->outputs[0]].shape);
}

uint64_t sned_graph_parameter_bytes(const struct graph *graph)
{
    uint64_t elements = 0;
    for (int i = 0; i < graph->tensor_count; i++) {
        const struct tensor *tensor = &graph->tensors[i];
        /* An integer graph's LRN tables are no parameters: the float network has none. */
        if (tensor->data && tensor->type != TENSOR_U16)
            elements += sned_shape_elements(&tensor->shape);
    }
    return elements * sizeof(float);
}

/* ---- whole graphs, of strangers too: sums stay at the largest number ---- */

static uint64_t add(uint64_t sum, uint64_t more)
{
    return more > UINT64_MAX - sum ? UINT64_MAX : sum + more;
}

uint64_t sned_graph_macs(const struct graph *graph)
{
    uint64_t macs = 0;
    for (int i = 0; i < graph->node_count; i++)
        macs = add(macs, sned_node_macs(graph, &graph->nodes[i]));
    return macs;
}

/* Numbers of the input that one number of the result looks at, of an operator without weights. */
static uint64_t window_size(const struct graph *graph, const struct node *node)
{
    const struct shape *input = &graph->tensors[node->inputs[0]].shape;
    if (node->op == OP_LRN)
        return (uint64_t)node->u.lrn.size;
    if (sned_op_is(node->op, OPERATOR_WINDOW))
        return (uint64_t)node->u.pool.window.kernel[0] * (uint64_t)node->u.pool.window.kernel[1];
    if (sned_op_is(node->op, OPERATOR_AVERAGES))
        return sned_shape_elements(input) / (uint64_t)input->dim[1];
    return 1;
}

uint64_t sned_graph_operations(const struct graph *graph)
{
    uint64_t operations = sned_graph_macs(graph);
    for (int i = 0; i < graph->node_count; i++) {
        const struct node *node = &graph->nodes[i];
        for (int k = 0; k < node->output_count && !sned_node_has_weights(node); k++)
            operations = add(operations, sned_shape_elements(&graph->tensors[node->outputs[k]].shape) *
                                             window_size(graph, node));
    }
    return operations;
}

uint64_t sned_graph_constant_bytes(const struct graph *graph)
{
    uint64_t bytes = 0;
    for (int i = 0; i < graph->tensor_count; i++) {
        const struct tensor *tensor = &graph->tensors[i];
        if (tensor->data || tensor->type != TENSOR_F32)
            bytes = add(bytes, sned_shape_elements(&tensor->shape) * sned_type_size(tensor->type));
    }
    return bytes;
}
