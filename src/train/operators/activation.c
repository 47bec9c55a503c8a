/*
 * activation.c - Relu, Clip, LeakyRelu and Identity that could not be merged with the node before them: a
 * copy; the activation itself is applied to the copy in place, as behind every other node (build.c).
 */
#include "train/operators/operators.h"

static sned_status forward(struct executor *executor, struct work *work, sned_error *error)
{
    struct edge *input = plan_input(executor, work, 0);
    dnnl_memory_desc_t desc = layout_for_activation(&input->desc, &work->activation);
    dnnl_memory_t output;
    SNED_TRY(plan_output(executor, work, &desc, &output, error));
    return plan_copy(executor, &executor->forward, input->value, output, false, error);
}

static sned_status backward(struct executor *executor, struct work *work, sned_error *error)
{
    return plan_gradient_done(executor, plan_input(executor, work, 0),
                              plan_output_edge(executor, work)->gradient, error);
}

const struct operator_plan plan_lone_activation = {.forward = forward, .backward = backward};
