/*
 * reshape.c - Flatten, Reshape and Transpose: the same elements in another shape, or in another order.
 */
#include "graph/operators/functions.h"

/* [1][everything]. Another axis than 1 is the same only where all dimensions before it are 1. */
sned_status sned_infer_flatten(const struct graph *graph, const struct node *node, struct shape *outputs,
                               sned_error *error)
{
    const struct shape *x = &graph->tensors[node->inputs[0]].shape;
    int axis = node->u.flatten.axis < 0 ? node->u.flatten.axis + x->rank : node->u.flatten.axis;
    bool fits = axis >= 1 && axis <= x->rank;
    for (int i = 1; fits && i < axis; i++)
        fits = x->dim[i] == 1;
    if (!fits)
        return sned_fail(error, SNED_ERROR_SHAPE, "axis %d would mix images of a batch; axis 1 is handled",
                         node->u.flatten.axis);
    *outputs = sned_shape(2, x->dim[0], (int64_t)(sned_shape_elements(x) / (size_t)x->dim[0]));
    return SNED_OK;
}

sned_status sned_infer_reshape(const struct graph *graph, const struct node *node, struct shape *outputs,
                               sned_error *error)
{
    const struct shape *x = &graph->tensors[node->inputs[0]].shape;
    *outputs = node->u.reshape.shape;
    if (!sned_shape_valid(outputs) || sned_shape_elements(outputs) != sned_shape_elements(x))
        return sned_fail(error, SNED_ERROR_SHAPE, "the new shape does not hold the input's %zu elements",
                         sned_shape_elements(x));
    return SNED_OK;
}

/* The same bytes. */
void sned_move_all(const struct graph *graph, const struct node *node, int input, int output,
                   struct movement *movement)
{
    movement->box = sned_shape(1, (int64_t)sned_shape_elements(&graph->tensors[node->inputs[0]].shape));
    movement->from_stride[0] = movement->to_stride[0] = 1;
}

sned_status sned_infer_transpose(const struct graph *graph, const struct node *node, struct shape *outputs,
                                 sned_error *error)
{
    const struct shape *x = &graph->tensors[node->inputs[0]].shape;
    unsigned seen = 0;
    *outputs = *x;
    for (int i = 0; i < x->rank; i++) {
        int from = node->u.transpose.order[i];
        if (from < 0 || from >= x->rank || (seen >> from & 1u))
            return sned_fail(error, SNED_ERROR_SHAPE, "the order is no permutation of %d axes", x->rank);
        seen |= 1u << from;
        outputs->dim[i] = x->dim[from];
    }
    if (node->u.transpose.order[0] != 0)
        return sned_fail(error, SNED_ERROR_SHAPE, "the order moves the batch away from the front");
    return SNED_OK;
}

void sned_move_transpose(const struct graph *graph, const struct node *node, int input, int output,
                         struct movement *movement)
{
    int64_t stride[GRAPH_MAX_RANK];
    movement->box = graph->tensors[node->outputs[0]].shape;
    sned_strides(&graph->tensors[node->inputs[0]].shape, stride);
    sned_strides(&movement->box, movement->to_stride);
    for (int i = 0; i < movement->box.rank; i++)
        movement->from_stride[i] = stride[node->u.transpose.order[i]];
}
