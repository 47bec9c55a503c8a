/*
 * kernel_shape.c - the operators that only move integers: all of them are one strided copy of a box.
 */
#include "runtime/kernel.h"

#include <string.h>

/* Element [i0][i1]... lies at offset + i0 * stride[0] + i1 * stride[1] + ..., in elements. */
struct layout {
    size_t offset;
    size_t stride[GRAPH_MAX_RANK];
};

static struct layout row_major(const struct shape *shape)
{
    struct layout layout = {0};
    size_t stride = 1;
    for (int axis = shape->rank - 1; axis >= 0; axis--) {
        layout.stride[axis] = stride;
        stride *= (size_t)shape->dim[axis];
    }
    return layout;
}

/* One row along the last axis; `bytes` an element, 1 or 2. */
static void copy_row(uint8_t *to, size_t to_stride, const uint8_t *from, size_t from_stride, size_t count,
                     size_t bytes)
{
    if (to_stride == 1 && from_stride == 1) {
        memcpy(to, from, count * bytes);
        return;
    }
    for (size_t i = 0; i < count; i++)
        memcpy(to + i * to_stride * bytes, from + i * from_stride * bytes, bytes);
}

/* The elements of `box`, from one layout to another. */
static void copy_box(const struct shape *box, void *to, const struct layout *to_layout, const void *from,
                     const struct layout *from_layout, size_t bytes)
{
    int64_t index[GRAPH_MAX_RANK] = {0};
    const int last = box->rank - 1;
    for (;;) {
        size_t to_at = to_layout->offset, from_at = from_layout->offset;
        for (int axis = 0; axis < last; axis++) {
            to_at += (size_t)index[axis] * to_layout->stride[axis];
            from_at += (size_t)index[axis] * from_layout->stride[axis];
        }
        copy_row((uint8_t *)to + to_at * bytes, to_layout->stride[last],
                 (const uint8_t *)from + from_at * bytes, from_layout->stride[last], (size_t)box->dim[last],
                 bytes);
        int axis = last - 1;
        while (axis >= 0 && ++index[axis] == box->dim[axis])
            index[axis--] = 0;
        if (axis < 0)
            return;
    }
}

static sned_status shape_prepare(struct step *step, sned_error *error)
{
    step->scratch_size = 0;
    return SNED_OK;
}

static const struct shape *shape_of(const struct step *step, int tensor)
{
    return &step->graph->tensors[tensor].shape;
}

static size_t output_bytes(const struct step *step)
{
    return value_size(sned_value(step->graph, step->node->outputs[0]).type);
}

static void copy_run(const struct step *step, const void *const *inputs, void *output, void *scratch)
{
    memcpy(output, inputs[0], sned_value(step->graph, step->node->outputs[0]).elements * output_bytes(step));
}

static void concat_run(const struct step *step, const void *const *inputs, void *output, void *scratch)
{
    const struct node *node = step->node;
    struct layout to = row_major(shape_of(step, node->outputs[0]));
    for (int i = 0; i < node->input_count; i++) {
        const struct shape *box = shape_of(step, node->inputs[i]);
        const struct layout from = row_major(box);
        copy_box(box, output, &to, inputs[i], &from, output_bytes(step));
        to.offset += (size_t)box->dim[node->u.concat.axis] * to.stride[node->u.concat.axis];
    }
}

static void slice_run(const struct step *step, const void *const *inputs, void *output, void *scratch)
{
    const struct node *node = step->node;
    const struct shape *box = shape_of(step, node->outputs[0]);
    const struct layout to = row_major(box);
    struct layout from = row_major(shape_of(step, node->inputs[0]));
    for (int axis = 0; axis < box->rank; axis++) {
        from.offset += (size_t)node->u.slice.start[axis] * from.stride[axis];
        from.stride[axis] *= (size_t)node->u.slice.step[axis];
    }
    copy_box(box, output, &to, inputs[0], &from, output_bytes(step));
}

static void pad_run(const struct step *step, const void *const *inputs, void *output, void *scratch)
{
    const struct node *node = step->node;
    const struct shape *box = shape_of(step, node->inputs[0]);
    const struct layout from = row_major(box);
    struct layout to = row_major(shape_of(step, node->outputs[0]));
    memset(output, 0, sned_value(step->graph, node->outputs[0]).elements * output_bytes(step));
    for (int axis = 0; axis < box->rank; axis++)
        to.offset += (size_t)node->u.pad.before[axis] * to.stride[axis];
    copy_box(box, output, &to, inputs[0], &from, output_bytes(step));
}

static void transpose_run(const struct step *step, const void *const *inputs, void *output, void *scratch)
{
    const struct node *node = step->node;
    const struct shape *box = shape_of(step, node->outputs[0]);
    const struct layout to = row_major(box), source = row_major(shape_of(step, node->inputs[0]));
    struct layout from = {0};
    for (int axis = 0; axis < box->rank; axis++)
        from.stride[axis] = source.stride[node->u.transpose.order[axis]];
    copy_box(box, output, &to, inputs[0], &from, output_bytes(step));
}

const struct kernel sned_kernel_copy = {"copy", shape_prepare, copy_run, NULL};
const struct kernel sned_kernel_concat = {"concat", shape_prepare, concat_run, NULL};
const struct kernel sned_kernel_slice = {"slice", shape_prepare, slice_run, NULL};
const struct kernel sned_kernel_pad = {"pad", shape_prepare, pad_run, NULL};
const struct kernel sned_kernel_transpose = {"transpose", shape_prepare, transpose_run, NULL};
