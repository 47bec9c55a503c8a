/*
 * functions.h - the functions that the rows of operators.c name, and what these share.
 *
 * A function of an operator looks at one node of a graph. What is wrong it says in words of its own
 * (sned_fail); of which node, those say who call it (inner.h).
 */
#ifndef SNED_GRAPH_OPERATORS_FUNCTIONS_H
#define SNED_GRAPH_OPERATORS_FUNCTIONS_H

#include "graph/inner.h"
#include "graph/operator.h"

/* ---- layer.c ---- */
infer_function sned_infer_conv, sned_infer_gemm;

/* ---- pool.c ---- */
infer_function sned_infer_pool, sned_infer_global_pool;

/* ---- normalize.c ---- */
infer_function sned_infer_batch_normalization, sned_infer_lrn;
check_function sned_check_batch_normalization, sned_check_lrn;

/* ---- same.c: the output has the input's shape ---- */
infer_function sned_infer_same, sned_infer_softmax, sned_infer_binary;
check_function sned_check_dropout;

/* ---- join.c ---- */
infer_function sned_infer_concat, sned_infer_split;
movement_function sned_move_concat, sned_move_split;

/* ---- cut.c ---- */
infer_function sned_infer_slice, sned_infer_pad;
movement_function sned_move_slice, sned_move_pad;

/* ---- reshape.c ---- */
infer_function sned_infer_flatten, sned_infer_reshape, sned_infer_transpose;
movement_function sned_move_all, sned_move_transpose;

/* ---- depth_to_space.c ---- */
infer_function sned_infer_depth_to_space;
movement_function sned_move_depth_to_space;
extern const char *const sned_depth_modes[];

/* ---- hard_swish.c ---- */
value_function sned_hard_swish, sned_hard_swish_slope;

/* ---- windows (window.c) ---- */

/* Kernel, stride, dilation and pads are within the limits of graph.h. */
sned_status sned_window_check(const struct window *window, sned_error *error);
/* The last two sizes of `shape` from those of x, [1][C][H][W]; refuses a window that does not fit in. */
sned_status sned_window_infer(const struct window *window, bool ceil_mode, const struct shape *x,
                              struct shape *shape, sned_error *error);
/* From a window's first element to its last, both counted. */
int64_t sned_window_span(const struct window *window, int axis);

/* ---- what several need (needs.c) ---- */

sned_status sned_need_rank(const struct shape *x, int low, int high, sned_error *error);
/* Input `index`, if it is there, must be [length]. */
sned_status sned_need_vector(const struct graph *graph, const struct node *node, int index, int64_t length,
                             sned_error *error);
/* An axis of `rank` as ONNX writes it, from the end where negative; the batch is no axis to work on. */
sned_status sned_resolve_axis(int axis, int rank, int *resolved, sned_error *error);
/* From one element to the next along each axis, in elements. */
void sned_strides(const struct shape *shape, int64_t *strides);

#endif
