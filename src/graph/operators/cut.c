/*
 * cut.c - Slice and Pad: a part of a tensor, or a tensor as part of a larger one.
 */
#include "graph/operators/functions.h"

sned_status sned_infer_slice(const struct graph *graph, const struct node *node, struct shape *outputs,
                             sned_error *error)
{
    const struct shape *x = &graph->tensors[node->inputs[0]].shape;
    *outputs = *x;
    for (int i = 0; i < x->rank; i++) {
        int64_t start = node->u.slice.start[i], end = node->u.slice.end[i], step = node->u.slice.step[i];
        if (start < 0 || end <= start || end > x->dim[i] || step < 1)
            return sned_fail(error, SNED_ERROR_SHAPE,
                             "start %lld, end %lld, step %lld select nothing of the %lld on axis %d",
                             (long long)start, (long long)end, (long long)step, (long long)x->dim[i], i);
        outputs->dim[i] = (end - start - 1) / step + 1;
    }
    return SNED_OK;
}

void sned_move_slice(const struct graph *graph, const struct node *node, int input, int output,
                     struct movement *movement)
{
    const struct shape *x = &graph->tensors[node->inputs[0]].shape;
    movement->box = graph->tensors[node->outputs[0]].shape;
    sned_strides(x, movement->from_stride);
    sned_strides(&movement->box, movement->to_stride);
    for (int i = 0; i < x->rank; i++) {
        movement->from_offset += node->u.slice.start[i] * movement->from_stride[i];
        movement->from_stride[i] *= node->u.slice.step[i];
    }
}

sned_status sned_infer_pad(const struct graph *graph, const struct node *node, struct shape *outputs,
                           sned_error *error)
{
    const struct shape *x = &graph->tensors[node->inputs[0]].shape;
    *outputs = *x;
    for (int i = 0; i < x->rank; i++) {
        int64_t before = node->u.pad.before[i], after = node->u.pad.after[i];
        if (before < 0 || after < 0 || before > GRAPH_MAX_DIM || after > GRAPH_MAX_DIM)
            return sned_fail(error, SNED_ERROR_SHAPE, "pads %lld and %lld on axis %d", (long long)before,
                             (long long)after, i);
        outputs->dim[i] += before + after;
    }
    return SNED_OK;
}

void sned_move_pad(const struct graph *graph, const struct node *node, int input, int output,
                   struct movement *movement)
{
    movement->box = graph->tensors[node->inputs[0]].shape;
    sned_strides(&movement->box, movement->from_stride);
    sned_strides(&graph->tensors[node->outputs[0]].shape, movement->to_stride);
    for (int i = 0; i < movement->box.rank; i++)
        movement->to_offset += node->u.pad.before[i] * movement->to_stride[i];
}
