/*
 * move.c - see move.h.
 */
#include "accel/compiler/move.h"
#include "accel/program/numbers.h"
#include "accel/program/vector_cycles.h"

enum { MOST_PITCH = (1 << 12) - 1, MOST_CHANNELS = (1 << 16) - 1 };

bool move_leaves_zeros(const struct graph *graph, const struct node *node, int output)
{
    int64_t zeros = (int64_t)sned_shape_elements(&graph->tensors[node->outputs[output]].shape);
    struct movement m;
    for (int i = 0; i < node->input_count; i++)
        if (sned_node_movement(graph, node, i, output, &m))
            zeros -= (int64_t)sned_shape_elements(&m.box);
    return zeros || node->op == OP_PAD;
}

/* Axes while they are looked for. */
struct axes {
    struct move_axis axis[MOVE_AXES];
    int count;
};

/* ---- axes that run on into the next row or plane ---- */

/* How many elements of an axis with this stride, of an end's tensor, fit before it runs on; 0: as many as
 * there are. */
static int64_t run_of(const struct extent *e, int64_t stride)
{
    const int64_t plane = (int64_t)e->height * e->width, unit = stride % e->width ? e->width : plane;
    return stride % plane == 0 ? 0 : divide_up(unit, stride);
}

/* The first axis that runs on becomes two; false where that is not even. *done: there is none. */
static bool cut_axis(struct axes *a, const struct extent *e, bool at_source, bool *done)
{
    for (int i = 0; i < a->count; i++) {
        struct move_axis *axis = &a->axis[i];
        const int64_t stride = at_source ? axis->from : axis->to, run = run_of(e, stride);
        if (!run || axis->count <= run)
            continue;
        const int64_t unit = stride % e->width ? e->width : (int64_t)e->height * e->width;
        if (unit % stride || axis->count % run || a->count == MOVE_AXES)
            return false;
        const struct move_axis outer = {axis->count / run, axis->from * run, axis->to * run, 0};
        for (int k = a->count; k > i; k--)
            a->axis[k] = a->axis[k - 1];
        a->axis[i] = outer;
        a->axis[i + 1].count = run;
        a->count++;
        return true;
    }
    *done = true;
    return true;
}

static bool cut_axes(struct axes *a, const struct extent *e, bool at_source)
{
    bool even = true;
    for (bool done = false; even && !done;)
        even = cut_axis(a, e, at_source, &done);
    return even;
}

/* ---- elements as bytes ---- */

struct place {
    int64_t channel, row, column;
};

static struct place place_of(const struct extent *e, int64_t element)
{
    return (struct place){element / e->width / e->height, element / e->width % e->height, element % e->width};
}

/* Where the box begins, in bytes from the spot's, and its strides; false: it runs on into another row. */
static bool to_bytes(struct axes *a, int64_t *offset, const struct spot *spot, bool at_source)
{
    struct place last = place_of(&spot->extent, *offset);
    *offset = last.channel * spot->plane + last.row * spot->pitch + last.column;
    for (int i = 0; i < a->count; i++) {
        int64_t *stride = at_source ? &a->axis[i].from : &a->axis[i].to;
        const struct place step = place_of(&spot->extent, *stride);
        last.channel += step.channel * (a->axis[i].count - 1);
        last.row += step.row * (a->axis[i].count - 1);
        last.column += step.column * (a->axis[i].count - 1);
        *stride = step.channel * spot->plane + step.row * spot->pitch + step.column;
        if (at_source)
            a->axis[i].kind = step.channel ? AXIS_CHANNEL : step.row ? AXIS_ROW : AXIS_COLUMN;
    }
    return last.channel < spot->extent.channels && last.row < spot->extent.height &&
           last.column < spot->extent.width;
}

/* ---- which axes are the walk's ---- */

static struct move_axis axis_at(const struct axes *a, int index)
{
    return index < 0 ? (struct move_axis){.count = 1, .kind = AXIS_COUNT} : a->axis[index];
}

/* Of a choice of axes, -1 for none: the elements of a walk with them; 0: the unit cannot. Columns far apart
 * are a walk each (walk_next), no better than none. Of equal ones the choice is better whose channels go
 * along channels and so on. */
static int64_t worth_of(const int picks[AXIS_COUNT], const struct axes *a)
{
    enum { MOST_RIGHT = 3 };
    const struct move_axis channels = axis_at(a, picks[AXIS_CHANNEL]), rows = axis_at(a, picks[AXIS_ROW]),
                           columns = axis_at(a, picks[AXIS_COLUMN]);
    int along = 0;
    for (int kind = 0; kind < AXIS_COUNT; kind++) {
        const int pick = picks[kind];
        along += axis_at(a, pick).kind == kind;
        if (pick >= 0 && (pick == picks[(kind + 1) % AXIS_COUNT] || pick == picks[(kind + 2) % AXIS_COUNT]))
            return 0;
    }
    if (channels.count > MOST_CHANNELS || rows.count > MOST_PITCH || rows.from > MOST_PITCH ||
        rows.to > MOST_PITCH || (columns.count > 1 && columns.to != 1) || columns.from > MOST_RIGHT ||
        columns.count * 3 > MOST_PITCH)
        return 0;
    return channels.count * rows.count * columns.count * (AXIS_COUNT + 1) + along;
}

static void pick_axes(int best[AXIS_COUNT], const struct axes *a)
{
    int64_t most = 0;
    for (int c = -1; c < a->count; c++)
        for (int r = -1; r < a->count; r++)
            for (int x = -1; x < a->count; x++) {
                const int picks[AXIS_COUNT] = {c, r, x};
                const int64_t worth = worth_of(picks, a);
                for (int kind = 0; kind < AXIS_COUNT && worth > most; kind++)
                    best[kind] = picks[kind];
                most = larger(most, worth);
            }
}

static void divide(struct move *move, const struct axes *a)
{
    int picks[AXIS_COUNT] = {-1, -1, -1};
    pick_axes(picks, a);
    move->walks = 1;
    for (int kind = 0; kind < AXIS_COUNT; kind++)
        move->walk[kind] = axis_at(a, picks[kind]);
    for (int i = 0; i < a->count; i++)
        if (i != picks[0] && i != picks[1] && i != picks[2]) {
            move->loops[move->loop_count++] = a->axis[i];
            move->walks = smaller(move->walks * a->axis[i].count, MOVE_WALKS + 1);
        }
}

sned_status move_of(struct move *move, const struct movement *m, const struct spot *in,
                    const struct spot *out, sned_error *error)
{
    struct axes a = {0};
    int64_t from = m->from_offset, to = m->to_offset;
    for (int i = 0; i < m->box.rank; i++)
        if (m->box.dim[i] > 1)
            a.axis[a.count++] = (struct move_axis){m->box.dim[i], m->from_stride[i], m->to_stride[i], 0};
    *move = (struct move){.in = in};
    if (!cut_axes(&a, &in->extent, true) || !cut_axes(&a, &out->extent, false) ||
        !to_bytes(&a, &from, in, true) || !to_bytes(&a, &to, out, false))
        return sned_fail(error, SNED_ERROR_UNSUPPORTED,
                         "the accelerator moves numbers along channels, rows and columns alone");
    divide(move, &a);
    if (move->walks > MOVE_WALKS)
        return sned_fail(error, SNED_ERROR_UNSUPPORTED, "its numbers would be moved in more than %d steps",
                         MOVE_WALKS);
    move->base = in->base + from;
    move->out_base = out->base + to;
    return SNED_OK;
}

/* ---- walks ---- */

/* Of an axis with one element the stride is anything. */
static int64_t or_else(int64_t stride, int64_t otherwise)
{
    return stride ? stride : otherwise;
}

bool move_next(struct vector_work *walk, struct move *move, const struct accel_config *config)
{
    const struct move_axis *channels = &move->walk[AXIS_CHANNEL], *rows = &move->walk[AXIS_ROW],
                           *columns = &move->walk[AXIS_COLUMN];
    const int64_t right = or_else(columns->from, 1), pitch = or_else(rows->from, move->in->pitch),
                  out_pitch = or_else(rows->to, columns->count);
    int64_t left = move->next++;
    if (left >= move->walks)
        return false;
    *walk = (struct vector_work){.operation = VECTOR_MAX,
                                 .is_signed = move->in->is_signed,
                                 .base = move->base,
                                 .plane = or_else(channels->from, move->in->plane),
                                 .out_base = move->out_base,
                                 .out_plane = or_else(channels->to, rows->count * out_pitch),
                                 .height = rows->count,
                                 .width = (columns->count - 1) * right + 1,
                                 .pitch = pitch,
                                 .row_step = pitch,
                                 .stride_down = 1,
                                 .stride_right = right,
                                 .segment_step = pool_outputs(config) * right,
                                 .kernel_height = 1,
                                 .kernel_width = 1,
                                 .out_height = rows->count,
                                 .out_width = columns->count,
                                 .out_pitch = out_pitch,
                                 .channels = channels->count};
    for (int i = move->loop_count - 1; i >= 0; i--) {
        const int64_t at = left % move->loops[i].count;
        left /= move->loops[i].count;
        walk->base += at * move->loops[i].from;
        walk->out_base += at * move->loops[i].to;
    }
    walk->second = walk->out_base;
    return true;
}
