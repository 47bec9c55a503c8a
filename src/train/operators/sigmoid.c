/*
 * sigmoid.c - Sigmoid, which ends a network. The loss does not pass through it: it attaches to its input
 * (loss.c).
 */
#include "train/operators/operators.h"

static sned_status forward(struct executor *executor, struct work *work, sned_error *error)
{
    struct edge *input = plan_input(executor, work, 0);
    dnnl_eltwise_desc_t operation;
    dnnl_memory_t output;
    dnnl_prop_kind_t kind = executor->options.training ? dnnl_forward_training : dnnl_forward_inference;
    SNED_TRY(onednn_check(
        dnnl_eltwise_forward_desc_init(&operation, kind, dnnl_eltwise_logistic, &input->desc, 0, 0),
        "a Sigmoid of this shape", error));
    SNED_TRY(onednn_describe(executor->engine, &operation, NULL, NULL, &work->hint, error));
    SNED_TRY(plan_output(executor, work, &input->desc, &output, error));
    dnnl_exec_arg_t arguments[] = {{DNNL_ARG_SRC, input->value}, {DNNL_ARG_DST, output}};
    return plan_run(executor, &executor->forward, work->hint, arguments, 2, error);
}

static sned_status backward(struct executor *executor, struct work *work, sned_error *error)
{
    struct edge *input = plan_input(executor, work, 0), *output = plan_output_edge(executor, work);
    dnnl_eltwise_desc_t operation;
    dnnl_primitive_desc_t description = NULL;
    dnnl_memory_t to;
    sned_status status;
    SNED_TRY_DONE(onednn_check(
        dnnl_eltwise_backward_desc_init(&operation, dnnl_eltwise_logistic, &output->desc, &input->desc, 0, 0),
        "a Sigmoid's gradient", error));
    SNED_TRY_DONE(onednn_describe(executor->engine, &operation, NULL, work->hint, &description, error));
    SNED_TRY_DONE(plan_gradient_target(executor, input, &input->desc, &to, error));
    dnnl_exec_arg_t arguments[] = {
        {DNNL_ARG_SRC, input->value}, {DNNL_ARG_DIFF_DST, output->gradient}, {DNNL_ARG_DIFF_SRC, to}};
    SNED_TRY_DONE(plan_run(executor, &executor->backward, description, arguments, 3, error));
    SNED_TRY_DONE(plan_gradient_done(executor, input, to, error));
done:
    dnnl_primitive_desc_destroy(description);
    return status;
}

const struct operator_plan plan_sigmoid = {.forward = forward, .backward = backward};
