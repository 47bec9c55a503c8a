/*
 * softmax.c - Softmax and LogSoftmax. The loss does not pass through a last one: it attaches to its input
 * (loss.c).
 */
#include "train/operators/operators.h"

static int softmax_axis(const struct executor *executor, const struct work *work)
{
    int rank = executor->graph->tensors[work->node->outputs[0]].shape.rank, axis = work->node->u.softmax.axis;
    if (axis < 0)
        axis += rank;
    return rank == 3 && axis == 2 ? 3 : axis; /* rank 3 is held as [N][C][1][W] */
}

static sned_status forward(struct executor *executor, struct work *work, sned_error *error)
{
    struct edge *input = plan_input(executor, work, 0);
    dnnl_softmax_desc_t operation;
    dnnl_memory_t output;
    dnnl_prop_kind_t kind = executor->options.training ? dnnl_forward_training : dnnl_forward_inference;
    const int axis = softmax_axis(executor, work);
    SNED_TRY(onednn_check(work->node->op == OP_SOFTMAX
                              ? dnnl_softmax_forward_desc_init(&operation, kind, &input->desc, axis)
                              : dnnl_logsoftmax_forward_desc_init(&operation, kind, &input->desc, axis),
                          "a Softmax of this shape", error));
    SNED_TRY(onednn_describe(executor->engine, &operation, NULL, NULL, &work->hint, error));
    SNED_TRY(plan_output(executor, work, &input->desc, &output, error));
    dnnl_exec_arg_t arguments[] = {{DNNL_ARG_SRC, input->value}, {DNNL_ARG_DST, output}};
    return plan_run(executor, &executor->forward, work->hint, arguments, 2, error);
}

static sned_status backward(struct executor *executor, struct work *work, sned_error *error)
{
    struct edge *input = plan_input(executor, work, 0), *output = plan_output_edge(executor, work);
    dnnl_softmax_desc_t operation;
    dnnl_primitive_desc_t description = NULL;
    dnnl_memory_t to;
    sned_status status;
    const int axis = softmax_axis(executor, work);
    SNED_TRY_DONE(
        onednn_check(work->node->op == OP_SOFTMAX
                         ? dnnl_softmax_backward_desc_init(&operation, &input->desc, &output->desc, axis)
                         : dnnl_logsoftmax_backward_desc_init(&operation, &input->desc, &output->desc, axis),
                     "a Softmax's gradient", error));
    SNED_TRY_DONE(onednn_describe(executor->engine, &operation, NULL, work->hint, &description, error));
    SNED_TRY_DONE(plan_gradient_target(executor, input, &input->desc, &to, error));
    dnnl_exec_arg_t arguments[] = {
        {DNNL_ARG_DST, output->value}, {DNNL_ARG_DIFF_DST, output->gradient}, {DNNL_ARG_DIFF_SRC, to}};
    SNED_TRY_DONE(plan_run(executor, &executor->backward, description, arguments, 3, error));
    SNED_TRY_DONE(plan_gradient_done(executor, input, to, error));
done:
    dnnl_primitive_desc_destroy(description);
    return status;
}

const struct operator_plan plan_softmax = {.forward = forward, .backward = backward};
