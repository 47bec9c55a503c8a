/*
 * count.c - what a network costs: weights, weights that are not zero, multiply-accumulates, bytes.
 */
#include "graph/inner.h"

bool sned_node_has_weights(const struct node *node)
{
    return node->op == OP_CONV || node->op == OP_GEMM;
}

static const struct tensor *weights_of(const struct graph *graph, const struct node *node)
{
    if (!sned_node_has_weights(node) || node->input_count < 2 || node->inputs[1] < 0)
        return NULL;
    return &graph->tensors[node->inputs[1]];
}

uint64_t sned_node_weights(const struct graph *graph, const struct node *node)
{
    const struct tensor *weights = weights_of(graph, node);
    return weights ? sned_shape_elements(&weights->shape) : 0;
}

uint64_t sned_node_kept(const struct graph *graph, const struct node *node)
{
    const struct tensor *weights = weights_of(graph, node);
    if (!weights || !weights->data)
        return 0;
    size_t elements = sned_shape_elements(&weights->shape);
    uint64_t kept = 0;
    if (weights->type == TENSOR_I8) {
        const int8_t *values = weights->data;
        for (size_t i = 0; i < elements; i++)
            kept += values[i] != 0;
    } else if (weights->type == TENSOR_F32) {
        const float *values = weights->data;
        const uint8_t *mask = weights->mask;
        for (size_t i = 0; i < elements; i++)
            kept += values[i] != 0.0f && (!mask || mask[i]);
    }
    return kept;
}

/* Each output element is a sum over one filter. */
uint64_t sned_node_macs(const struct graph *graph, const struct node *node)
{
    const struct tensor *weights = weights_of(graph, node);
    if (!weights || weights->shape.dim[0] <= 0)
        return 0;
    uint64_t filter = sned_shape_elements(&weights->shape) / (uint64_t)weights->shape.dim[0];
    return sned_shape_elements(&graph->tensors[node->outputs[0]].shape) * filter;
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
