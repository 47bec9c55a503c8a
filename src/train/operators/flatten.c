/*
 * flatten.c - Flatten and Reshape: the same elements in the same row-major order under another shape. One
 * copy, from the input's layout to row-major, into the output seen under the input's shape.
 */
#include "train/operators/operators.h"

static sned_status forward(struct executor *executor, struct work *work, sned_error *error)
{
    struct edge *input = plan_input(executor, work, 0);
    dnnl_memory_desc_t as_input = layout_plain_like(&input->desc);
    dnnl_memory_t output, view;
    dnnl_dims_t dims;
    int rank;
    SNED_TRY(layout_dims(executor, work->node->outputs[0], &rank, dims, error));
    dnnl_memory_desc_t plain = layout_plain(rank, dims);
    SNED_TRY(plan_output(executor, work, &plain, &output, error));
    SNED_TRY(plan_view(executor, output, &as_input, &view, error));
    return plan_copy(executor, &executor->forward, input->value, view, false, error);
}

static sned_status backward(struct executor *executor, struct work *work, sned_error *error)
{
    struct edge *input = plan_input(executor, work, 0);
    dnnl_memory_desc_t as_input = layout_plain_like(&input->desc);
    dnnl_memory_t view;
    SNED_TRY(plan_view(executor, plan_output_edge(executor, work)->gradient, &as_input, &view, error));
    return plan_gradient_done(executor, input, view, error);
}

const struct operator_plan plan_flatten = {.forward = forward, .backward = backward};
