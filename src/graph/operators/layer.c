/*
 * layer.c - Conv and Gemm: sums over filters of weights.
 */
#include "graph/operators/functions.h"

sned_status sned_infer_conv(const struct graph *graph, const struct node *node, struct shape *outputs,
                            sned_error *error)
{
    const struct shape *x = &graph->tensors[node->inputs[0]].shape;
    const struct window *window = &node->u.conv.window;
    const struct shape *weights = &graph->tensors[node->inputs[1]].shape;
    int groups = node->u.conv.groups;
    SNED_TRY(sned_need_rank(x, 4, 4, error));
    SNED_TRY(sned_window_check(window, error));
    if (weights->rank != 4)
        return sned_fail(error, SNED_ERROR_SHAPE, "the weights have %d dimensions instead of 4",
                         weights->rank);
    if (groups < 1 || x->dim[1] % groups != 0 || weights->dim[0] % groups != 0)
        return sned_fail(error, SNED_ERROR_SHAPE,
                         "%d groups do not divide %lld input and %lld output channels", groups,
                         (long long)x->dim[1], (long long)weights->dim[0]);
    if (weights->dim[1] != x->dim[1] / groups)
        return sned_fail(error, SNED_ERROR_SHAPE,
                         "the weights want %lld channels a group, the input has %lld",
                         (long long)weights->dim[1], (long long)(x->dim[1] / groups));
    if (weights->dim[2] != window->kernel[0] || weights->dim[3] != window->kernel[1])
        return sned_fail(error, SNED_ERROR_SHAPE, "kernel %d x %d, but weights of %lld x %lld",
                         window->kernel[0], window->kernel[1], (long long)weights->dim[2],
                         (long long)weights->dim[3]);
    SNED_TRY(sned_need_vector(graph, node, 2, weights->dim[0], error));
    *outputs = *x;
    outputs->dim[1] = weights->dim[0];
    return sned_window_infer(window, false, x, outputs, error);
}

sned_status sned_infer_gemm(const struct graph *graph, const struct node *node, struct shape *outputs,
                            sned_error *error)
{
    const struct shape *x = &graph->tensors[node->inputs[0]].shape;
    const struct shape *weights = &graph->tensors[node->inputs[1]].shape;
    SNED_TRY(sned_need_rank(x, 2, 2, error));
    if (weights->rank != 2 || weights->dim[1] != x->dim[1])
        return sned_fail(error, SNED_ERROR_SHAPE, "the weights must be [outputs][%lld], as the input is",
                         (long long)x->dim[1]);
    SNED_TRY(sned_need_vector(graph, node, 2, weights->dim[0], error));
    *outputs = *x;
    outputs->dim[1] = weights->dim[0];
    return SNED_OK;
}
