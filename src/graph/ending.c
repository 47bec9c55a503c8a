/*
 * ending.c - the Softmax, LogSoftmax or Sigmoid that an output of the network comes from.
 */
#include "graph/inner.h"
#include "graph/operator.h"

/* The same numbers, in another shape or order: also a Slice that takes everything, x[:, :, 0, 0] of what has
 * but one row and column. */
static bool only_moves(const struct graph *graph, const struct node *node)
{
    return sned_op_is(node->op, OPERATOR_MOVES | OPERATOR_PASSES) && node->input_count == 1 &&
           node->output_count == 1 &&
           sned_shape_elements(&graph->tensors[node->inputs[0]].shape) ==
               sned_shape_elements(&graph->tensors[node->outputs[0]].shape);
}

struct ending sned_graph_ending(const struct graph *graph, int index)
{
    struct ending ending = {.node = -1, .first = -1, .last = -1};
    int tensor = graph->outputs[index], producer = sned_graph_producer(graph, tensor);
    while (producer >= 0 && sned_graph_consumers(graph, tensor) == 1 &&
           only_moves(graph, &graph->nodes[producer])) {
        ending.first = producer;
        ending.last = ending.last < 0 ? producer : ending.last;
        tensor = graph->nodes[producer].inputs[0];
        producer = sned_graph_producer(graph, tensor);
    }
    if (producer >= 0 && sned_graph_consumers(graph, tensor) == 1 &&
        sned_op_is(graph->nodes[producer].op, OPERATOR_ENDING))
        ending.node = producer;
    return ending;
}

sned_status sned_graph_check_ending(const struct graph *graph, sned_error *error)
{
    const struct ending ending = sned_graph_ending(graph, 0);
    const struct node *last = ending.node >= 0 ? &graph->nodes[ending.node] : NULL;
    if (!last || last->op == OP_SIGMOID)
        return SNED_OK;
    const struct shape *shape = &graph->tensors[last->outputs[0]].shape;
    const size_t along = (size_t)shape->dim[last->u.softmax.axis], all = sned_shape_elements(shape);
    if (along != all)
        return sned_node_fail(error, SNED_ERROR_UNSUPPORTED, last,
                              "is over %zu of the %zu numbers of the result; a classification's is over all",
                              along, all);
    if (ending.first >= 0)
        return sned_node_fail(error, SNED_ERROR_UNSUPPORTED, last,
                              "its %zu numbers are spread over several axes behind it", all);
    return SNED_OK;
}
