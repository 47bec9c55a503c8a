/*
 * compile_moves.c - nodes that only move numbers, where these do not lie where they belong: copies, which are
 * walks of windows of one element.
 */
#include "accel/place/axes.h"
#include "accel/compiler/compile.h"
#include "accel/compiler/walk.h"

static sned_status refuse(sned_error *error, const char *why)
{
    return sned_fail(error, SNED_ERROR_UNSUPPORTED, "the accelerator has no %s", why);
}

/* Every step-th element from `start` on; of an image's rows, columns and channels. */
static sned_status compile_slice(struct compiler *c, int index, const struct spot *in, const struct spot *out,
                                 sned_error *error)
{
    const struct node *node = &c->graph->nodes[index];
    const int rank = c->graph->tensors[node->outputs[0]].shape.rank;
    static const int one[2] = {1, 1}, none[2] = {0, 0};
    int64_t start[AXIS_COUNT], step[AXIS_COUNT];
    axes_of(start, rank, node->u.slice.start, 0);
    axes_of(step, rank, node->u.slice.step, 1);
    struct vector_work work = walk_of(in, out, one, one, none, c->config);
    work.stride_down = step[AXIS_ROW];
    work.row_step = step[AXIS_ROW] * in->pitch;
    work.stride_right = step[AXIS_COLUMN];
    work.segment_step *= step[AXIS_COLUMN];
    work.base += start[AXIS_CHANNEL] * in->plane;
    work.plane *= step[AXIS_CHANNEL];
    work.channels = out->extent.channels;
    walk_from(&work, start[AXIS_ROW], start[AXIS_COLUMN]);
    return compile_walk(c, index, &work, error);
}

/* A copy of `in` into `out` from a corner on. */
static sned_status add_copy(struct compiler *c, int index, const struct spot *in, const struct spot *out,
                            const int64_t corner[AXIS_COUNT], sned_error *error)
{
    struct vector_work work = walk_copy(in, out, c->config);
    work.out_base += corner[AXIS_CHANNEL] * out->plane + corner[AXIS_ROW] * out->pitch + corner[AXIS_COLUMN];
    return compile_walk(c, index, &work, error);
}

/* Zeros, and a copy into them. */
static sned_status compile_pad(struct compiler *c, int index, const struct spot *in, const struct spot *out,
                               sned_error *error)
{
    const struct node *node = &c->graph->nodes[index];
    int64_t before[AXIS_COUNT];
    axes_of(before, c->graph->tensors[node->outputs[0]].shape.rank, node->u.pad.before, 0);
    SNED_TRY(compile_runs(c, index, out, out, out, &(struct vector_work){.shift = 1}, error));
    return add_copy(c, index, in, out, before, error);
}

/* Where an input of a Concat begins in the result. */
static void corner_of(int64_t corner[AXIS_COUNT], const struct graph *graph, const struct node *concat,
                      int input)
{
    const int axis = concat->u.concat.axis, rank = graph->tensors[concat->outputs[0]].shape.rank;
    for (int kind = 0; kind < AXIS_COUNT; kind++)
        corner[kind] = 0;
    for (int i = 0; i < input; i++)
        corner[axis_kind(rank, axis)] += graph->tensors[concat->inputs[i]].shape.dim[axis];
}

/* A copy of each input that does not lie in the result as it is. One that is another shape's bytes becomes a
 * part of a vector: element after element. */
static sned_status compile_concat(struct compiler *c, int index, const struct spot *out, sned_error *error)
{
    const struct node *node = &c->graph->nodes[index];
    for (int i = 0; i < node->input_count; i++) {
        const struct spot *in = placement_spot(c->placement, node->inputs[i]);
        const struct shape *shape = &c->graph->tensors[node->inputs[i]].shape;
        struct spot to = *out;
        int64_t corner[AXIS_COUNT];
        if (placement_in_place(c->placement, index, i, 0))
            continue;
        corner_of(corner, c->graph, node, i);
        if (sned_shape_extent(shape).channels != in->extent.channels) {
            if (out->plane != 1)
                return refuse(error, "copy of elements into a vector whose elements are no neighbours");
            to.base += corner[AXIS_CHANNEL];
            to.pitch = in->extent.width;
            to.plane = in->extent.height * in->extent.width;
            corner[AXIS_CHANNEL] = 0;
        }
        SNED_TRY(add_copy(c, index, in, &to, corner, error));
    }
    return SNED_OK;
}

/* A copy for each phase that a tap reads: pixels (y stride + phase, x stride + phase). Past the image's edge
 * a window without elements gives 0. */
sned_status compile_copy(struct compiler *c, int index, sned_error *error)
{
    const struct node *node = &c->graph->nodes[index];
    const struct window *w = &node->u.conv.window;
    const struct spot *in = placement_spot(c->placement, node->inputs[0]);
    const struct spot *copy = placement_copy(c->placement, index);
    static const int one[2] = {1, 1}, none[2] = {0, 0};
    for (int phase = 0; copy && phase < w->stride[0] * w->stride[1]; phase++) {
        if (!spot_keeps_phase(copy, phase))
            continue;
        struct vector_work work = walk_of(in, copy, one, w->stride, none, c->config);
        walk_from(&work, phase / w->stride[1], phase % w->stride[1]);
        work.out_base += (int64_t)spot_phase_index(copy, phase) * copy->plane;
        work.out_plane = (int64_t)copy->plane * spot_phases(copy);
        work.out_height = copy->height;
        work.out_width = copy->width;
        SNED_TRY(compile_walk(c, index, &work, error));
    }
    return SNED_OK;
}

sned_status compile_moves(struct compiler *c, int index, sned_error *error)
{
    const struct node *node = &c->graph->nodes[index];
    const struct spot *in = placement_spot(c->placement, node->inputs[0]),
                      *out = placement_spot(c->placement, node->outputs[0]);
    switch (node->op) {
    case OP_SLICE:
        return compile_slice(c, index, in, out, error);
    case OP_PAD:
        return compile_pad(c, index, in, out, error);
    case OP_CONCAT:
        return compile_concat(c, index, out, error);
    default:
        return refuse(error, "unit for it");
    }
}
