/*
 * window.c - the window of Conv and the pools: where it may stand, and how many of them there are.
 */
#include "graph/operators/functions.h"

int64_t sned_window_span(const struct window *window, int axis)
{
    return (int64_t)window->dilation[axis] * (window->kernel[axis] - 1) + 1;
}

static int64_t floor_divide(int64_t a, int64_t b)
{
    return a / b - (a % b != 0 && a < 0);
}

int64_t sned_window_output(const struct window *window, int axis, int64_t input, bool ceil_mode)
{
    int64_t stride = window->stride[axis];
    int64_t room = input + window->pad_begin[axis] + window->pad_end[axis] - sned_window_span(window, axis);
    int64_t output = floor_divide(ceil_mode ? room + stride - 1 : room, stride) + 1;
    if (ceil_mode && (output - 1) * stride >= input + window->pad_begin[axis])
        output--;
    return output > 0 ? output : 0;
}

static bool in_range(int value, int low, int high)
{
    return value >= low && value <= high;
}

sned_status sned_window_check(const struct window *window, sned_error *error)
{
    for (int axis = 0; axis < 2; axis++) {
        if (!in_range(window->kernel[axis], 1, GRAPH_MAX_WINDOW) ||
            !in_range(window->stride[axis], 1, GRAPH_MAX_WINDOW) ||
            !in_range(window->dilation[axis], 1, GRAPH_MAX_WINDOW))
            return sned_fail(error, SNED_ERROR_SHAPE,
                             "kernel %d, stride %d and dilation %d on axis %d must be from 1 to %d",
                             window->kernel[axis], window->stride[axis], window->dilation[axis], axis + 2,
                             GRAPH_MAX_WINDOW);
        if (!in_range(window->pad_begin[axis], 0, GRAPH_MAX_WINDOW) ||
            !in_range(window->pad_end[axis], 0, GRAPH_MAX_WINDOW))
            return sned_fail(error, SNED_ERROR_SHAPE, "pads %d and %d on axis %d must be from 0 to %d",
                             window->pad_begin[axis], window->pad_end[axis], axis + 2, GRAPH_MAX_WINDOW);
    }
    return SNED_OK;
}

sned_status sned_window_infer(const struct window *window, bool ceil_mode, const struct shape *x,
                              struct shape *shape, sned_error *error)
{
    for (int axis = 0; axis < 2; axis++) {
        shape->dim[axis + 2] = sned_window_output(window, axis, x->dim[axis + 2], ceil_mode);
        if (shape->dim[axis + 2] == 0)
            return sned_fail(
                error, SNED_ERROR_SHAPE,
                "a window of size %d with dilation %d does not fit into %lld padded by %d and %d",
                window->kernel[axis], window->dilation[axis], (long long)x->dim[axis + 2],
                window->pad_begin[axis], window->pad_end[axis]);
    }
    return SNED_OK;
}
