/*
 * compile_moves.c - nodes that only move numbers, where these do not lie where they belong: copies, which are
 * walks of windows of one element (walk.h).
 *
 * What goes from an input to an output is a box of elements, with a stride along each axis at either end
 * (struct movement). Most boxes are channels, rows and columns at both ends, as those of Slices, Splits, Pads
 * and Concats: one walk. Others are copied by several, move.h.
 */
#include "accel/compiler/compile.h"
#include "accel/compiler/move.h"
#include "accel/compiler/walk.h"
#include "accel/place/axes.h"
#include "graph/operator.h"

/* ---- channels, rows and columns ---- */

/* One end of a box: a spot, and the shape of the tensor that lies there. */
struct end {
    const struct spot *spot;
    const struct shape *shape;
};

static bool is_own_shape(const struct end *end)
{
    const struct extent e = sned_shape_extent(end->shape), s = end->spot->extent;
    return end->shape->rank <= 4 && e.channels == s.channels && e.height == s.height && e.width == s.width;
}

/* Where a box begins at an end, and its step from one element to the next of each axis, in elements of that
 * axis; false: it steps otherwise. */
static bool steps_of(int64_t start[AXIS_COUNT], int64_t step[AXIS_COUNT], const struct end *end,
                     const struct shape *box, int64_t offset, const int64_t *stride)
{
    const struct shape *shape = end->shape;
    int64_t from[GRAPH_MAX_RANK], by[GRAPH_MAX_RANK], next = 1;
    bool all = box->rank == shape->rank;
    for (int axis = shape->rank - 1; all && axis > 0; axis--) {
        from[axis] = offset / next % shape->dim[axis];
        by[axis] = stride[axis] / next;
        all = stride[axis] % next == 0 && from[axis] + by[axis] * (box->dim[axis] - 1) < shape->dim[axis];
        next *= shape->dim[axis];
    }
    if (all) {
        axes_of(start, shape->rank, from, 0);
        axes_of(step, shape->rank, by, 1);
    }
    return all;
}

/* The box as one walk; false: its axes are not those of both ends, or it leaves places between. */
static bool one_walk(struct vector_work *walk, const struct movement *m, const struct end *in,
                     const struct end *out, const struct accel_config *config)
{
    static const int one[2] = {1, 1}, none[2] = {0, 0};
    int64_t from[AXIS_COUNT], step[AXIS_COUNT], to[AXIS_COUNT], to_step[AXIS_COUNT], count[AXIS_COUNT];
    if (!is_own_shape(in) || !is_own_shape(out) ||
        !steps_of(from, step, in, &m->box, m->from_offset, m->from_stride) ||
        !steps_of(to, to_step, out, &m->box, m->to_offset, m->to_stride))
        return false;
    axes_of(count, m->box.rank, m->box.dim, 1);
    for (int axis = 0; axis < AXIS_COUNT; axis++)
        if (to_step[axis] != 1)
            return false;
    *walk = walk_of(in->spot, out->spot, one, one, none, config);
    walk->stride_down = step[AXIS_ROW];
    walk->row_step = step[AXIS_ROW] * in->spot->pitch;
    walk->stride_right = step[AXIS_COLUMN];
    walk->segment_step *= step[AXIS_COLUMN];
    walk->base += from[AXIS_CHANNEL] * in->spot->plane;
    walk->plane *= step[AXIS_CHANNEL];
    walk->out_base += to[AXIS_CHANNEL] * out->spot->plane + to[AXIS_ROW] * out->spot->pitch + to[AXIS_COLUMN];
    walk->channels = count[AXIS_CHANNEL];
    walk->out_height = count[AXIS_ROW];
    walk->out_width = count[AXIS_COLUMN];
    walk_from(walk, from[AXIS_ROW], from[AXIS_COLUMN]);
    return true;
}

/* ---- a node ---- */

static sned_status copy_box(struct compiler *c, int index, const struct movement *m, const struct end *in,
                            const struct end *out, sned_error *error)
{
    struct vector_work walk;
    struct move move;
    if (one_walk(&walk, m, in, out, c->config))
        return compile_walk(c, index, &walk, error);
    SNED_TRY(move_of(&move, m, in->spot, out->spot, error));
    while (move_next(&walk, &move, c->config))
        SNED_TRY(compile_walk(c, index, &walk, error));
    return SNED_OK;
}

/* The lower bytes of a spot of 16 bits, or the upper ones; of one of 8 bits all. */
static struct spot bytes_of(const struct spot *spot, bool upper)
{
    struct spot bytes = *spot;
    if (spot->wide)
        bytes.bytes = spot->bytes / 2;
    bytes.base += upper ? bytes.bytes : 0;
    bytes.wide = false;
    return bytes;
}

static sned_status compile_bytes(struct compiler *c, int index, int output, bool upper, sned_error *error)
{
    const struct node *node = &c->graph->nodes[index];
    const int made = node->outputs[output];
    const struct spot to = bytes_of(placement_spot(c->placement, made), upper);
    const struct end out = {&to, &c->graph->tensors[made].shape};
    if (move_leaves_zeros(c->graph, node, output))
        SNED_TRY(compile_runs(c, index, &to, &to, &to, &(struct vector_work){.shift = 1}, error));
    for (int i = 0; i < node->input_count; i++) {
        struct movement m;
        if (placement_in_place(c->placement, index, i, output) ||
            !sned_node_movement(c->graph, node, i, output, &m))
            continue;
        const struct spot from = bytes_of(placement_spot(c->placement, node->inputs[i]), upper);
        const struct end in = {&from, &c->graph->tensors[node->inputs[i]].shape};
        SNED_TRY(copy_box(c, index, &m, &in, &out, error));
    }
    return SNED_OK;
}

sned_status compile_moves(struct compiler *c, int index, sned_error *error)
{
    const struct node *node = &c->graph->nodes[index];
    for (int o = 0; o < node->output_count; o++) {
        SNED_TRY(compile_bytes(c, index, o, false, error));
        if (placement_spot(c->placement, node->outputs[o])->wide)
            SNED_TRY(compile_bytes(c, index, o, true, error));
    }
    return SNED_OK;
}

/* ---- space-to-depth ---- */

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
