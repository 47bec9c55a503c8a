/*
 * shape.c - Slice, Pad and Transpose: operators that only move numbers.
 *
 * Each is one copy between two windows on row-major memory, a window being dims, strides and an offset: Slice
 * reads every step-th element, Pad writes inside a border of zeros, Transpose permutes strides. Backward is
 * the same copy the other way.
 */
#include "train/operators/operators.h"

#include <string.h>

struct view {
    int rank;
    dnnl_dims_t dims, strides;
    int64_t offset; /* in elements */
};

static struct view plain_view(const struct executor *executor, int tensor)
{
    const struct shape *shape = &executor->graph->tensors[tensor].shape;
    struct view view = {.rank = shape->rank};
    int64_t stride = 1;
    for (int i = shape->rank - 1; i >= 0; i--) {
        view.dims[i] = i == 0 ? executor->options.batch : shape->dim[i];
        view.strides[i] = stride;
        stride *= view.dims[i];
    }
    return view;
}

static void slice_view(struct view *view, const struct node *node, const struct view *result)
{
    for (int i = 1; i < view->rank; i++) {
        view->offset += node->u.slice.start[i] * view->strides[i];
        view->strides[i] *= node->u.slice.step[i];
    }
    memcpy(view->dims, result->dims, sizeof view->dims);
}

static void pad_view(struct view *view, const struct node *node, const struct view *source)
{
    for (int i = 1; i < view->rank; i++)
        view->offset += node->u.pad.before[i] * view->strides[i];
    memcpy(view->dims, source->dims, sizeof view->dims);
}

static void transpose_view(struct view *view, const struct node *node)
{
    struct view from = *view;
    for (int i = 0; i < view->rank; i++) {
        view->dims[i] = from.dims[node->u.transpose.order[i]];
        view->strides[i] = from.strides[node->u.transpose.order[i]];
    }
}

static sned_status find_views(const struct executor *executor, const struct work *work, struct view *from,
                              struct view *to, sned_error *error)
{
    const struct node *node = work->node;
    *from = plain_view(executor, node->inputs[0]);
    *to = plain_view(executor, node->outputs[0]);
    switch (node->op) {
    case OP_SLICE:
        if (node->u.slice.start[0] != 0 || node->u.slice.end[0] < 1)
            return sned_fail(error, SNED_ERROR_UNSUPPORTED, "the batch cannot be sliced");
        slice_view(from, node, to);
        break;
    case OP_PAD:
        if (node->u.pad.before[0] || node->u.pad.after[0])
            return sned_fail(error, SNED_ERROR_UNSUPPORTED, "the batch cannot be padded");
        pad_view(to, node, from);
        break;
    case OP_TRANSPOSE:
        if (node->u.transpose.order[0] != 0)
            return sned_fail(error, SNED_ERROR_UNSUPPORTED, "the batch must stay the first dimension");
        transpose_view(from, node);
        break;
    default:
        return sned_fail(error, SNED_ERROR_UNSUPPORTED, "not an operator that moves numbers");
    }
    return SNED_OK;
}

static sned_status make_view(struct executor *executor, dnnl_memory_t whole, const struct view *view,
                             dnnl_memory_t *memory, sned_error *error)
{
    /* Not through dnnl_memory_desc_init_by_strides: it takes rows that a Slice skips for overlapping ones. */
    dnnl_memory_desc_t desc = layout_plain(view->rank, view->dims);
    memcpy(desc.format_desc.blocking.strides, view->strides, sizeof view->strides);
    desc.offset0 = view->offset;
    return plan_view(executor, whole, &desc, memory, error);
}

static sned_status forward(struct executor *executor, struct work *work, sned_error *error)
{
    struct edge *input = plan_input(executor, work, 0);
    struct view from, to;
    dnnl_memory_t source, output, source_view, output_view;
    dnnl_dims_t dims;
    int rank;
    SNED_TRY(find_views(executor, work, &from, &to, error));
    dnnl_memory_desc_t plain = layout_plain_like(&input->desc);
    SNED_TRY(plan_convert(executor, &executor->forward, input->value, &plain, false, &source, error));
    SNED_TRY(layout_dims(executor, work->node->outputs[0], &rank, dims, error));
    plain = layout_plain(rank, dims);
    SNED_TRY(plan_output(executor, work, &plain, &output, error)); /* zeroed: Pad's border stays so */
    SNED_TRY(make_view(executor, source, &from, &source_view, error));
    SNED_TRY(make_view(executor, output, &to, &output_view, error));
    return plan_copy(executor, &executor->forward, source_view, output_view, false, error);
}

static sned_status call_clear(struct executor *executor, struct work *work, sned_error *error)
{
    memset(layout_data(work->saved[0]), 0, dnnl_memory_desc_get_size(layout_of(work->saved[0])));
    return SNED_OK;
}

static sned_status backward(struct executor *executor, struct work *work, sned_error *error)
{
    struct edge *input = plan_input(executor, work, 0);
    struct view from, to;
    dnnl_memory_t target, target_view, gradient_view;
    SNED_TRY(find_views(executor, work, &from, &to, error));
    dnnl_memory_desc_t plain = layout_plain_like(&input->desc);
    SNED_TRY(plan_gradient_target(executor, input, &plain, &target, error));
    SNED_TRY(make_view(executor, target, &from, &target_view, error));
    SNED_TRY(make_view(executor, plan_output_edge(executor, work)->gradient, &to, &gradient_view, error));
    if (work->node->op == OP_SLICE) { /* what is cut away has no gradient */
        work->saved[0] = target;
        SNED_TRY(plan_call(executor, &executor->backward, work, call_clear, error));
    }
    SNED_TRY(plan_copy(executor, &executor->backward, gradient_view, target_view, false, error));
    return plan_gradient_done(executor, input, target, error);
}

const struct operator_plan plan_shape = {.forward = forward, .backward = backward};
