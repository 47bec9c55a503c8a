/*
 * ending.c - a last Softmax, LogSoftmax or Sigmoid moves behind what only moves its numbers.
 *
 * Exporters write Softmax -> Reshape, Softmax -> Squeeze, Sigmoid -> Flatten. The ending is what the network
 * ends in, whether its numbers are given another shape afterwards or before:
 *
 *     logits -> Softmax -> Reshape -> result        becomes        logits -> Reshape -> Softmax -> result
 */
#include "graph/inner.h"

/* Also a Slice that takes everything: x[:, :, 0, 0] of what has but one row and column. */
static bool only_moves(const struct graph *graph, const struct node *node)
{
    if (node->op == OP_SLICE)
        return sned_shape_equal(&graph->tensors[node->inputs[0]].shape,
                                &graph->tensors[node->outputs[0]].shape);
    return node->op == OP_FLATTEN || node->op == OP_RESHAPE || node->op == OP_TRANSPOSE ||
           node->op == OP_IDENTITY || node->op == OP_DROPOUT;
}

struct ending sned_graph_ending(const struct graph *graph)
{
    struct ending ending = {.node = -1, .first = -1, .last = -1};
    int tensor = graph->outputs[0], producer = sned_graph_producer(graph, tensor);
    while (producer >= 0 && sned_graph_consumers(graph, tensor) == 1 &&
           only_moves(graph, &graph->nodes[producer])) {
        ending.first = producer;
        ending.last = ending.last < 0 ? producer : ending.last;
        tensor = graph->nodes[producer].inputs[0];
        producer = sned_graph_producer(graph, tensor);
    }
    if (producer >= 0 && sned_graph_consumers(graph, tensor) == 1 &&
        sned_op_is_ending(graph->nodes[producer].op))
        ending.node = producer;
    return ending;
}

/* The axis that holds all elements; -1: there is none. */
static int only_axis(const struct shape *shape)
{
    const size_t elements = sned_shape_elements(shape);
    for (int i = shape->rank - 1; i > 0; i--)
        if ((size_t)shape->dim[i] == elements)
            return i;
    return -1;
}

sned_status sned_graph_move_ending(struct graph *graph, sned_error *error)
{
    const struct ending ending = sned_graph_ending(graph);
    if (ending.node < 0 || ending.first < 0)
        return SNED_OK;
    struct node *node = &graph->nodes[ending.node];
    const struct shape *result = &graph->tensors[graph->outputs[0]].shape;
    const int between = node->outputs[0], axis = only_axis(result);
    if (node->op != OP_SIGMOID) {
        const size_t along = (size_t)graph->tensors[node->inputs[0]].shape.dim[node->u.softmax.axis];
        if (axis < 0 || along != sned_shape_elements(result))
            return SNED_OK; /* sned_graph_check_scores says why where classes are asked for */
        node->u.softmax.axis = axis;
    }
    graph->tensors[between].shape = *result;
    graph->nodes[ending.first].inputs[0] = node->inputs[0];
    graph->nodes[ending.last].outputs[0] = between;
    node->inputs[0] = between;
    node->outputs[0] = graph->outputs[0];
    return sned_graph_sort(graph, error);
}
