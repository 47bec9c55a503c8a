/*
 * depth_to_space.c - DepthToSpace: block * block channels become one, of block times the height and width.
 *
 * Of a block of 2 and four channels a, b, c, d of a pixel, with C' channels left over:
 *
 *     a b      DCR: a, b, c, d lie C' channels apart, so that the first C' are the upper left pixels of all
 *     c d      CRD: they are neighbours
 */
#include "graph/operators/functions.h"

const char *const sned_depth_modes[] = {[DEPTH_DCR] = "DCR", [DEPTH_CRD] = "CRD"};

sned_status sned_infer_depth_to_space(const struct graph *graph, const struct node *node,
                                      struct shape *outputs, sned_error *error)
{
    const struct shape *x = &graph->tensors[node->inputs[0]].shape;
    const int64_t block = node->u.depth_to_space.block;
    SNED_TRY(sned_need_rank(x, 4, 4, error));
    if (x->dim[1] % (block * block) != 0)
        return sned_fail(error, SNED_ERROR_SHAPE, "%lld channels are no squares of %lld x %lld pixels",
                         (long long)x->dim[1], (long long)block, (long long)block);
    *outputs = *x;
    outputs->dim[1] /= block * block;
    outputs->dim[2] *= block;
    outputs->dim[3] *= block;
    return SNED_OK;
}

/* The box is [C'][height][row in a square][column in a square][width]: pixels of the input one by one. */
void sned_move_depth_to_space(const struct graph *graph, const struct node *node, int input, int output,
                              struct movement *movement)
{
    enum { CHANNEL, HEIGHT, ROW, COLUMN, WIDTH };
    const struct shape *x = &graph->tensors[node->inputs[0]].shape;
    const struct shape *y = &graph->tensors[node->outputs[0]].shape;
    const int64_t block = node->u.depth_to_space.block, left = y->dim[1];
    const bool is_dcr = node->u.depth_to_space.mode == DEPTH_DCR;
    int64_t from[GRAPH_MAX_RANK], to[GRAPH_MAX_RANK];
    sned_strides(x, from);
    sned_strides(y, to);
    movement->box = sned_shape(5, left, x->dim[2], block, block, x->dim[3]);
    movement->from_stride[CHANNEL] = is_dcr ? from[1] : block * block * from[1];
    movement->from_stride[HEIGHT] = from[2];
    movement->from_stride[ROW] = block * (is_dcr ? left * from[1] : from[1]);
    movement->from_stride[COLUMN] = is_dcr ? left * from[1] : from[1];
    movement->from_stride[WIDTH] = from[3];
    movement->to_stride[CHANNEL] = to[1];
    movement->to_stride[HEIGHT] = block * to[2];
    movement->to_stride[ROW] = to[2];
    movement->to_stride[COLUMN] = to[3];
    movement->to_stride[WIDTH] = block * to[3];
}
