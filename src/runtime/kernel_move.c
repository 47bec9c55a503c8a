/*
 * kernel_move.c - the operators that only move integers: strided copies of boxes, one for each pair of an
 * input and an output, as struct movement tells them. Boxes are done in parts of their first axis.
 */
#include "runtime/kernel.h"
#include "base/memory.h"
#include "graph/operator.h"

#include <string.h>

enum { PARTS = 16 /* of a box */ };

struct move_work {
    struct movement *movements; /* [inputs][outputs] */
    bool fills;                 /* some of the outputs' elements come from nowhere: they are 0 */
};

static void move_release(struct step *step)
{
    struct move_work *work = step->state;
    if (work)
        sned_free(work->movements);
    sned_free(work);
}

/* The same movement with fewer axes and longer rows: an axis of one element goes, and one whose step is the
 * whole of the axis behind it, on both sides, becomes part of that. */
static struct movement merge_axes(const struct movement *movement)
{
    struct movement merged = {
        .box.rank = 0, .from_offset = movement->from_offset, .to_offset = movement->to_offset};
    for (int axis = 0; axis < movement->box.rank; axis++) {
        const int64_t size = movement->box.dim[axis];
        const int64_t from = movement->from_stride[axis], to = movement->to_stride[axis];
        int last = merged.box.rank - 1;
        if (size == 1 && axis < movement->box.rank - 1)
            continue;
        if (last >= 0 && merged.from_stride[last] == from * size && merged.to_stride[last] == to * size) {
            merged.box.dim[last] *= size;
        } else {
            last = merged.box.rank++;
            merged.box.dim[last] = size;
        }
        merged.from_stride[last] = from;
        merged.to_stride[last] = to;
    }
    return merged;
}

static sned_status move_prepare(struct step *step, const struct graph *graph, const struct node *node,
                                sned_error *error)
{
    const size_t pairs = (size_t)step->input_count * step->output_count;
    struct move_work *work;
    struct movement movement = {0};
    size_t moved = 0, wanted = 0;
    SNED_TRY(sned_alloc(&work, 1, sizeof *work, error));
    step->state = work;
    SNED_TRY(sned_alloc(&work->movements, pairs, sizeof *work->movements, error));
    for (size_t i = 0; i < pairs; i++) {
        sned_node_next_movement(graph, node, (int)(i / step->output_count), (int)(i % step->output_count),
                                &movement);
        work->movements[i] = merge_axes(&movement);
        moved += sned_shape_elements(&movement.box);
    }
    for (int o = 0; o < step->output_count; o++)
        wanted += step->outputs[o].elements;
    work->fills = moved < wanted;
    step->tasks[0] = work->fills ? step->output_count : 0;
    step->tasks[1] = (int)pairs * PARTS;
    return SNED_OK;
}

/* The parts [first, end) of PARTS of a box, along its first axis. */
static struct movement parts_of(const struct movement *movement, int first, int end)
{
    struct movement some = *movement;
    const int64_t size = movement->box.dim[0], before = size * first / PARTS;
    some.box.dim[0] = size * end / PARTS - before;
    some.from_offset += before * movement->from_stride[0];
    some.to_offset += before * movement->to_stride[0];
    return some;
}

/* One row along the last axis; `bytes` an element, 1 or 2. */
static void copy_row(uint8_t *to, int64_t to_stride, const uint8_t *from, int64_t from_stride, int64_t count,
                     int64_t bytes)
{
    if (to_stride == 1 && from_stride == 1)
        memcpy(to, from, (size_t)(count * bytes));
    else if (bytes == 1)
        for (int64_t i = 0; i < count; i++)
            to[i * to_stride] = from[i * from_stride];
    else
        for (int64_t i = 0; i < count; i++)
            memcpy(to + i * to_stride * bytes, from + i * from_stride * bytes, (size_t)bytes);
}

/* The last two axes as rows of bytes that are picked together; of long rows memcpy is as quick. */
static bool find_rows(struct plane_rows *rows, const struct movement *movement, int64_t bytes)
{
    enum { LONG_ROW = 512 };
    const int last = movement->box.rank - 1, before = last - 1;
    const int64_t row = movement->box.dim[last] * bytes, stride = movement->from_stride[last];
    const bool is_picked = stride == 1 ? row < LONG_ROW : bytes == 1;
    if (movement->to_stride[last] != 1 || !is_picked)
        return false;
    *rows = (struct plane_rows){.rows = 1, .count = (size_t)row, .stride = (size_t)stride};
    if (before >= 0) {
        rows->rows = (size_t)movement->box.dim[before];
        rows->step = (size_t)(movement->to_stride[before] * bytes);
        rows->image_step = (size_t)(movement->from_stride[before] * bytes);
    }
    return true;
}

static void copy_box(micro_pick *pick, const struct movement *movement, uint8_t *to, const uint8_t *from,
                     int64_t bytes)
{
    const struct shape *box = &movement->box;
    const int last = box->rank - 1;
    struct plane_rows rows;
    const bool are_rows = find_rows(&rows, movement, bytes);
    const int outer = are_rows ? last - 1 : last; /* axes */
    int64_t index[GRAPH_MAX_RANK] = {0};
    for (;;) {
        int64_t to_at = movement->to_offset, from_at = movement->from_offset;
        for (int axis = 0; axis < outer; axis++) {
            to_at += index[axis] * movement->to_stride[axis];
            from_at += index[axis] * movement->from_stride[axis];
        }
        if (are_rows)
            pick(to + to_at * bytes, from + from_at * bytes, &rows);
        else
            copy_row(to + to_at * bytes, movement->to_stride[last], from + from_at * bytes,
                     movement->from_stride[last], box->dim[last], bytes);
        int axis = outer - 1;
        while (axis >= 0 && ++index[axis] == box->dim[axis])
            index[axis--] = 0;
        if (axis < 0)
            return;
    }
}

/* Phase 0, a task an output: zeros, where some are left. Phase 1, a task a part of a box. */
static void move_run(const struct step *step, const struct step_work *run, int phase, int first, int end)
{
    const struct move_work *work = step->state;
    const size_t bytes = value_size(step->outputs[0].type);
    for (int task = first; phase == 0 && task < end; task++)
        memset(run->outputs[task], 0, step->outputs[task].elements * bytes);
    for (int task = first, next; phase == 1 && task < end; task = next) {
        const int pair = task / PARTS, behind = (pair + 1) * PARTS;
        next = end < behind ? end : behind;
        const struct movement parts = parts_of(&work->movements[pair], task % PARTS, next - pair * PARTS);
        if (parts.box.dim[0] > 0)
            copy_box(step->micro->pick, &parts, run->outputs[pair % step->output_count],
                     run->inputs[pair / step->output_count], (int64_t)bytes);
    }
}

const struct kernel sned_kernel_move = {
    .name = "move", .prepare = move_prepare, .run = move_run, .release = move_release};
