/*
 * value.c - operators that make something of each number by itself, by the functions in their row
 * (operator.h): y = value(x), and its gradient dy slope(x).
 */
#include "graph/operator.h"
#include "train/executor/pointwise.h"
#include "train/operators/operators.h"

enum { SAVED_SOURCE, SAVED_TARGET };

static sned_status call_value(struct executor *executor, struct work *work, sned_error *error)
{
    const struct edge *output = plan_output_edge(executor, work);
    pointwise_value(work->node, layout_data(work->saved[SAVED_SOURCE]), layout_data(output->value),
                    layout_floats(&output->desc));
    return SNED_OK;
}

static sned_status call_slope(struct executor *executor, struct work *work, sned_error *error)
{
    const struct edge *output = plan_output_edge(executor, work);
    pointwise_slope(work->node, layout_data(work->saved[SAVED_SOURCE]), layout_data(output->gradient),
                    layout_data(work->saved[SAVED_TARGET]), layout_floats(&output->desc));
    return SNED_OK;
}

/* In the layout of the input, but where padding would become another number than 0. */
static sned_status forward(struct executor *executor, struct work *work, sned_error *error)
{
    struct edge *input = plan_input(executor, work, 0);
    const bool keeps_zero = sned_operator(work->node->op)->value(work->node, 0) == 0;
    const dnnl_memory_desc_t desc = keeps_zero ? input->desc : layout_plain_like(&input->desc);
    dnnl_memory_t output;
    SNED_TRY(plan_convert(executor, &executor->forward, input->value, &desc, executor->options.training,
                          &work->saved[SAVED_SOURCE], error));
    SNED_TRY(plan_output(executor, work, &desc, &output, error));
    return plan_call(executor, &executor->forward, work, call_value, error);
}

static sned_status backward(struct executor *executor, struct work *work, sned_error *error)
{
    struct edge *input = plan_input(executor, work, 0);
    const dnnl_memory_desc_t *desc = &plan_output_edge(executor, work)->desc;
    SNED_TRY(plan_gradient_target(executor, input, desc, &work->saved[SAVED_TARGET], error));
    SNED_TRY(plan_call(executor, &executor->backward, work, call_slope, error));
    return plan_gradient_done(executor, input, work->saved[SAVED_TARGET], error);
}

const struct operator_plan plan_value = {.forward = forward, .backward = backward};
