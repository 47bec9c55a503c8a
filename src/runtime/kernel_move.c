/*
 * kernel_move.c - the operators that only move integers: strided copies of boxes, one for each pair of an
 * input and an output, as struct movement tells them.
 */
#include "runtime/kernel.h"
#include "base/memory.h"
#include "graph/operator.h"

#include <stdlib.h>
#include <string.h>

struct move_work {
    struct movement *movements; /* [inputs][outputs] */
    bool fills;                 /* some of the outputs' elements come from nowhere: they are 0 */
};

static void move_release(struct step *step)
{
    struct move_work *work = step->state;
    if (work)
        free(work->movements);
    free(work);
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
    return SNED_OK;
}

/* One row along the last axis; `bytes` an element, 1 or 2. */
static void copy_row(uint8_t *to, int64_t to_stride, const uint8_t *from, int64_t from_stride, int64_t count,
                     int64_t bytes)
{
    if (to_stride == 1 && from_stride == 1) {
        memcpy(to, from, (size_t)(count * bytes));
        return;
    }
    if (bytes == 1)
        for (int64_t i = 0; i < count; i++)
            to[i * to_stride] = from[i * from_stride];
    else
        for (int64_t i = 0; i < count; i++)
            memcpy(to + i * to_stride * bytes, from + i * from_stride * bytes, (size_t)bytes);
}

static void copy_box(const struct movement *movement, uint8_t *to, const uint8_t *from, int64_t bytes)
{
    const struct shape *box = &movement->box;
    const int last = box->rank - 1;
    int64_t index[GRAPH_MAX_RANK] = {0};
    for (;;) {
        int64_t to_at = movement->to_offset, from_at = movement->from_offset;
        for (int axis = 0; axis < last; axis++) {
            to_at += index[axis] * movement->to_stride[axis];
            from_at += index[axis] * movement->from_stride[axis];
        }
        copy_row(to + to_at * bytes, movement->to_stride[last], from + from_at * bytes,
                 movement->from_stride[last], box->dim[last], bytes);
        int axis = last - 1;
        while (axis >= 0 && ++index[axis] == box->dim[axis])
            index[axis--] = 0;
        if (axis < 0)
            return;
    }
}

static void move_run(const struct step *step, const struct step_work *run, int phase, int first, int end)
{
    const struct move_work *work = step->state;
    const struct movement *movement = work->movements;
    const size_t bytes = value_size(step->outputs[0].type);
    for (int o = 0; work->fills && o < step->output_count; o++)
        memset(run->outputs[o], 0, step->outputs[o].elements * bytes);
    for (int i = 0; i < step->input_count; i++)
        for (int o = 0; o < step->output_count; o++, movement++)
            copy_box(movement, run->outputs[o], run->inputs[i], (int64_t)bytes);
}

const struct kernel sned_kernel_move = {"move", move_prepare, move_run, move_release};
