/*
 * pool.c - the largest of a window, or its average.
 */
#include "graph/operators/functions.h"

/* A pool's window holds an element of the image at least: over none, there is no maximum and no average. */
static sned_status check_pool_pads(const struct window *window, int axis, int64_t input, sned_error *error)
{
    int64_t span = sned_window_span(window, axis), dilation = window->dilation[axis];
    bool fits = window->pad_begin[axis] < span && window->pad_end[axis] < span;
    /* Windows that start in the image hold their first element; the others start in the padding before it. */
    for (int64_t start = -window->pad_begin[axis]; fits && start < 0; start += window->stride[axis]) {
        int64_t first = (-start + dilation - 1) / dilation;
        fits = first < window->kernel[axis] && start + first * dilation < input;
    }
    if (!fits)
        return sned_fail(error, SNED_ERROR_SHAPE,
                         "pads %d and %d on axis %d leave windows of size %d without an element of the input",
                         window->pad_begin[axis], window->pad_end[axis], axis + 2, window->kernel[axis]);
    return SNED_OK;
}

sned_status sned_infer_pool(const struct graph *graph, const struct node *node, struct shape *outputs,
                            sned_error *error)
{
    const struct shape *x = &graph->tensors[node->inputs[0]].shape;
    const struct window *window = &node->u.pool.window;
    SNED_TRY(sned_need_rank(x, 4, 4, error));
    SNED_TRY(sned_window_check(window, error));
    *outputs = *x;
    SNED_TRY(sned_window_infer(window, node->u.pool.ceil_mode, x, outputs, error));
    for (int axis = 0; axis < 2; axis++)
        SNED_TRY(check_pool_pads(window, axis, x->dim[axis + 2], error));
    return SNED_OK;
}

sned_status sned_infer_global_pool(const struct graph *graph, const struct node *node, struct shape *outputs,
                                   sned_error *error)
{
    const struct shape *x = &graph->tensors[node->inputs[0]].shape;
    SNED_TRY(sned_need_rank(x, 4, 4, error));
    *outputs = *x;
    outputs->dim[2] = outputs->dim[3] = 1;
    return SNED_OK;
}
