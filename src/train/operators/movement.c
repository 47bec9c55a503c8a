/*
 * movement.c - operators of one input that only move numbers, by what their row says of how (operator.h).
 *
 * Each output is one copy between two windows on row-major memory, a window being sides, strides and an
 * offset. Backward is the same copy the other way; what goes nowhere has no gradient.
 */
#include "graph/operator.h"
#include "train/operators/operators.h"

#include <string.h>

enum { SAVED_TARGET };

/* One side of a movement on an activation's row-major memory: the batch, then the box. */
static dnnl_memory_desc_t window_on(const struct executor *executor, int tensor, const struct shape *box,
                                    int64_t offset, const int64_t *strides)
{
    const struct shape *whole = &executor->graph->tensors[tensor].shape;
    dnnl_dims_t dims = {executor->options.batch}, steps = {(dnnl_dim_t)sned_shape_elements(whole)};
    int rank = 1;
    for (int i = 0; i < box->rank; i++) {
        if (box->dim[i] == 1)
            continue;
        dims[rank] = box->dim[i];
        steps[rank++] = strides[i];
    }
    /* Not through dnnl_memory_desc_init_by_strides: it takes rows that a Slice skips for overlapping ones. */
    dnnl_memory_desc_t desc = layout_plain(rank, dims);
    memcpy(desc.format_desc.blocking.strides, steps, sizeof steps);
    desc.offset0 = offset;
    return desc;
}

/* The windows that output `slot` is copied between, `from` on memory like the input's and `to` on its own. */
static sned_status plan_windows(struct executor *executor, const struct work *work, int slot,
                                dnnl_memory_t input, dnnl_memory_t output, dnnl_memory_t *from,
                                dnnl_memory_t *to, sned_error *error)
{
    const struct node *node = work->node;
    struct movement m;
    sned_node_movement(executor->graph, node, 0, slot, &m);
    const dnnl_memory_desc_t on_input =
        window_on(executor, node->inputs[0], &m.box, m.from_offset, m.from_stride);
    const dnnl_memory_desc_t on_output =
        window_on(executor, node->outputs[slot], &m.box, m.to_offset, m.to_stride);
    SNED_TRY(plan_view(executor, input, &on_input, from, error));
    return plan_view(executor, output, &on_output, to, error);
}

static sned_status forward(struct executor *executor, struct work *work, sned_error *error)
{
    struct edge *input = plan_input(executor, work, 0);
    dnnl_memory_desc_t plain = layout_plain_like(&input->desc);
    dnnl_memory_t source, output, from, to;
    SNED_TRY(plan_convert(executor, &executor->forward, input->value, &plain, false, &source, error));
    for (int slot = 0; slot < work->node->output_count; slot++) {
        dnnl_dims_t dims;
        int rank;
        SNED_TRY(layout_dims(executor, work->node->outputs[slot], &rank, dims, error));
        plain = layout_plain(rank, dims);
        SNED_TRY(plan_output_slot(executor, work, slot, &plain, &output, error)); /* zeroed, and stays so */
        SNED_TRY(plan_windows(executor, work, slot, source, output, &from, &to, error));
        SNED_TRY(plan_copy(executor, &executor->forward, from, to, false, error));
    }
    return SNED_OK;
}

static sned_status call_clear(struct executor *executor, struct work *work, sned_error *error)
{
    dnnl_memory_t target = work->saved[SAVED_TARGET];
    memset(layout_data(target), 0, dnnl_memory_desc_get_size(layout_of(target)));
    return SNED_OK;
}

/* Elements of the input that go to an output which has a gradient. */
static size_t count_moved(struct executor *executor, const struct work *work)
{
    size_t moved = 0;
    for (int slot = 0; slot < work->node->output_count; slot++) {
        struct movement m;
        sned_node_movement(executor->graph, work->node, 0, slot, &m);
        if (plan_edge(executor, work->node->outputs[slot])->gradient_begun)
            moved += sned_shape_elements(&m.box);
    }
    return moved;
}

static sned_status backward(struct executor *executor, struct work *work, sned_error *error)
{
    struct edge *input = plan_input(executor, work, 0);
    const struct tensor *whole = &executor->graph->tensors[work->node->inputs[0]];
    dnnl_memory_desc_t plain = layout_plain_like(&input->desc);
    dnnl_memory_t target, from, to;
    SNED_TRY(plan_gradient_target(executor, input, &plain, &target, error));
    if (count_moved(executor, work) < sned_shape_elements(&whole->shape)) {
        work->saved[SAVED_TARGET] = target;
        SNED_TRY(plan_call(executor, &executor->backward, work, call_clear, error));
    }
    for (int slot = 0; slot < work->node->output_count; slot++) {
        struct edge *output = plan_edge(executor, work->node->outputs[slot]);
        if (!output->gradient_begun)
            continue;
        SNED_TRY(plan_windows(executor, work, slot, target, output->gradient, &to, &from, error));
        SNED_TRY(plan_copy(executor, &executor->backward, from, to, false, error));
    }
    return plan_gradient_done(executor, input, target, error);
}

const struct operator_plan plan_movement = {.forward = forward, .backward = backward};
