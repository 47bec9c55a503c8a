/*
 * join.c - Concat and Split: pieces of one tensor, one behind the other along an axis.
 *
 *     pieces  |  a  |  b  |   c   |      piece `b` begins where the lengths of those before it end
 *     whole   |  a     b      c   |
 */
#include "graph/operators/functions.h"

sned_status sned_infer_concat(const struct graph *graph, const struct node *node, struct shape *outputs,
                              sned_error *error)
{
    const struct shape *x = &graph->tensors[node->inputs[0]].shape;
    int axis;
    SNED_TRY(sned_resolve_axis(node->u.concat.axis, x->rank, &axis, error));
    *outputs = *x;
    for (int i = 1; i < node->input_count; i++) {
        struct shape other = graph->tensors[node->inputs[i]].shape;
        int64_t length = axis < other.rank ? other.dim[axis] : 0;
        if (other.rank == x->rank)
            other.dim[axis] = x->dim[axis];
        if (!sned_shape_equal(&other, x))
            return sned_fail(error, SNED_ERROR_SHAPE, "input '%.60s' differs on another axis than %d",
                             graph->tensors[node->inputs[i]].name, axis);
        outputs->dim[axis] += length;
    }
    return SNED_OK;
}

sned_status sned_infer_split(const struct graph *graph, const struct node *node, struct shape *outputs,
                             sned_error *error)
{
    const struct shape *x = &graph->tensors[node->inputs[0]].shape;
    int axis;
    int64_t left;
    SNED_TRY(sned_resolve_axis(node->u.split.axis, x->rank, &axis, error));
    if (!node->u.split.sizes)
        return sned_fail(error, SNED_ERROR_FORMAT, "the sizes of its %d outputs are missing",
                         node->output_count);
    left = x->dim[axis];
    for (int k = 0; k < node->output_count; k++) {
        const int64_t size = node->u.split.sizes[k];
        if (size < 1 || size > left)
            return sned_fail(error, SNED_ERROR_SHAPE,
                             "output %d takes %lld of the %lld that are left of %lld on axis %d", k,
                             (long long)size, (long long)left, (long long)x->dim[axis], axis);
        left -= size;
        outputs[k] = *x;
        outputs[k].dim[axis] = size;
    }
    if (left == 0)
        return SNED_OK;
    return sned_fail(error, SNED_ERROR_SHAPE, "the sizes of its outputs leave %lld of %lld on axis %d",
                     (long long)left, (long long)x->dim[axis], axis);
}

void sned_move_concat(const struct graph *graph, const struct node *node, int input, int output,
                      struct movement *movement)
{
    const struct shape *piece = &graph->tensors[node->inputs[input]].shape;
    const struct shape *whole = &graph->tensors[node->outputs[0]].shape;
    const int axis = node->u.concat.axis;
    const int64_t begin =
        input > 0 ? movement->to_offset + movement->box.dim[axis] * movement->to_stride[axis] : 0;
    movement->box = *piece;
    sned_strides(piece, movement->from_stride);
    sned_strides(whole, movement->to_stride);
    movement->to_offset = begin;
}

void sned_move_split(const struct graph *graph, const struct node *node, int input, int output,
                     struct movement *movement)
{
    const struct shape *whole = &graph->tensors[node->inputs[0]].shape;
    const struct shape *piece = &graph->tensors[node->outputs[output]].shape;
    const int axis = node->u.split.axis;
    const int64_t begin =
        output > 0 ? movement->from_offset + movement->box.dim[axis] * movement->from_stride[axis] : 0;
    movement->box = *piece;
    sned_strides(whole, movement->from_stride);
    sned_strides(piece, movement->to_stride);
    movement->from_offset = begin;
}
