/*
 * ending.c - a last Softmax, LogSoftmax or Sigmoid moves behind what only moves its numbers.
 *
 * Exporters write Softmax -> Reshape, Softmax -> Squeeze, Sigmoid -> Flatten. The ending is what the network
 * ends in, whether its numbers are given another shape afterwards or before:
 *
 *     logits -> Softmax -> Reshape -> result        becomes        logits -> Reshape -> Softmax -> result
 */
#include "graph/passes/passes.h"

/* The axis that holds all elements; -1: there is none. */
static int only_axis(const struct shape *shape)
{
    const size_t elements = sned_shape_elements(shape);
    for (int i = shape->rank - 1; i > 0; i--)
        if ((size_t)shape->dim[i] == elements)
            return i;
    return -1;
}

static void move_ending(struct graph *graph, int index)
{
    const struct ending ending = sned_graph_ending(graph, index);
    if (ending.node < 0 || ending.first < 0)
        return;
    struct node *node = &graph->nodes[ending.node];
    const struct shape *result = &graph->tensors[graph->outputs[index]].shape;
    const int between = node->outputs[0], axis = only_axis(result);
    if (node->op != OP_SIGMOID) {
        const size_t along = (size_t)graph->tensors[node->inputs[0]].shape.dim[node->u.softmax.axis];
        if (axis < 0 || along != sned_shape_elements(result))
            return; /* sned_graph_check_scores says why where classes are asked for */
        node->u.softmax.axis = axis;
    }
    graph->tensors[between].shape = *result;
    graph->nodes[ending.first].inputs[0] = node->inputs[0];
    graph->nodes[ending.last].outputs[0] = between;
    node->inputs[0] = between;
    node->outputs[0] = graph->outputs[index];
}

sned_status sned_graph_move_ending(struct graph *graph, sned_error *error)
{
    for (int k = 0; k < graph->output_count; k++)
        move_ending(graph, k);
    return sned_graph_sort(graph, error);
}
