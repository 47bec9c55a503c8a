/*
 * needs.c - what the functions of several operators share: what they need of their inputs, and axes.
 */
#include "graph/operators/functions.h"

sned_status sned_need_rank(const struct shape *x, int low, int high, sned_error *error)
{
    if (x->rank >= low && x->rank <= high)
        return SNED_OK;
    if (low == high)
        return sned_fail(error, SNED_ERROR_SHAPE, "the input has %d dimensions instead of %d", x->rank, low);
    return sned_fail(error, SNED_ERROR_SHAPE, "the input has %d dimensions instead of %d to %d", x->rank, low,
                     high);
}

sned_status sned_need_vector(const struct graph *graph, const struct node *node, int index, int64_t length,
                             sned_error *error)
{
    if (index >= node->input_count || node->inputs[index] < 0)
        return SNED_OK;
    const struct shape *shape = &graph->tensors[node->inputs[index]].shape;
    if (shape->rank == 1 && shape->dim[0] == length)
        return SNED_OK;
    return sned_fail(error, SNED_ERROR_SHAPE, "input %d ('%.60s') must be [%lld]", index,
                     graph->tensors[node->inputs[index]].name, (long long)length);
}

sned_status sned_resolve_axis(int axis, int rank, int *resolved, sned_error *error)
{
    *resolved = axis < 0 ? axis + rank : axis;
    if (*resolved >= 1 && *resolved < rank)
        return SNED_OK;
    return sned_fail(error, SNED_ERROR_SHAPE, "axis %d is the batch or outside of an input of %d dimensions",
                     axis, rank);
}

void sned_strides(const struct shape *shape, int64_t *strides)
{
    int64_t stride = 1;
    for (int i = shape->rank - 1; i >= 0; i--) {
        strides[i] = stride;
        stride *= shape->dim[i];
    }
}
