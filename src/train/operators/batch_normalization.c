/*
 * batch_normalization.c - BatchNormalization: by the batch's statistics in training, by the running ones
 * else.
 *
 * Running averages follow ONNX: running = momentum * running + (1 - momentum) * batch, with the batch's
 * population variance.
 */
#include "train/operators/operators.h"

enum { SLOT_SCALE = 1, SLOT_SHIFT, SLOT_MEAN, SLOT_VARIANCE };
enum { SAVED_MEAN, SAVED_VARIANCE };

static sned_status call_average(struct executor *executor, struct work *work, sned_error *error)
{
    const float momentum = work->node->u.batch_normalization.momentum;
    for (int i = 0; i < 2; i++) {
        struct edge *running = plan_input(executor, work, SLOT_MEAN + i);
        float *average = layout_data(running->value);
        const float *batch = layout_data(work->saved[i]);
        for (size_t c = 0; c < layout_floats(&running->desc); c++)
            average[c] = momentum * average[c] + (1 - momentum) * batch[c];
    }
    return SNED_OK;
}

static sned_status forward(struct executor *executor, struct work *work, sned_error *error)
{
    const bool training = executor->options.training;
    struct edge *input = plan_input(executor, work, 0);
    dnnl_batch_normalization_desc_t operation;
    unsigned flags = dnnl_use_scale | dnnl_use_shift | (training ? 0 : dnnl_use_global_stats);
    SNED_TRY(onednn_check(dnnl_batch_normalization_forward_desc_init(
                              &operation, training ? dnnl_forward_training : dnnl_forward_inference,
                              &input->desc, work->node->u.batch_normalization.epsilon, flags),
                          "a batch normalization of this shape", error));
    SNED_TRY(onednn_describe(executor->engine, &operation, NULL, NULL, &work->hint, error));
    dnnl_memory_t constants[SLOT_VARIANCE + 1], output;
    dnnl_memory_desc_t row = layout_plain(1, &input->desc.dims[1]);
    for (int slot = SLOT_SCALE; slot <= SLOT_VARIANCE; slot++)
        SNED_TRY(plan_constant(executor, work, slot, &row, &constants[slot], error));
    for (int i = 0; i < 2; i++) {
        work->saved[i] = constants[SLOT_MEAN + i];
        if (training)
            SNED_TRY(plan_memory(executor, &row, &work->saved[i], error));
    }
    SNED_TRY(plan_output(executor, work, &input->desc, &output, error));
    dnnl_exec_arg_t arguments[] = {{DNNL_ARG_SRC, input->value},
                                   {DNNL_ARG_SCALE, constants[SLOT_SCALE]},
                                   {DNNL_ARG_SHIFT, constants[SLOT_SHIFT]},
                                   {DNNL_ARG_MEAN, work->saved[SAVED_MEAN]},
                                   {DNNL_ARG_VARIANCE, work->saved[SAVED_VARIANCE]},
                                   {DNNL_ARG_DST, output}};
    SNED_TRY(plan_run(executor, &executor->forward, work->hint, arguments, 6, error));
    return training ? plan_call(executor, &executor->forward, work, call_average, error) : SNED_OK;
}

static sned_status backward(struct executor *executor, struct work *work, sned_error *error)
{
    struct edge *input = plan_input(executor, work, 0);
    struct edge *scale = plan_input(executor, work, SLOT_SCALE),
                *shift = plan_input(executor, work, SLOT_SHIFT);
    dnnl_batch_normalization_desc_t operation;
    dnnl_primitive_desc_t description = NULL;
    dnnl_memory_t to, to_scale, to_shift;
    sned_status status;
    SNED_TRY_DONE(onednn_check(
        dnnl_batch_normalization_backward_desc_init(&operation, dnnl_backward, &input->desc, &input->desc,
                                                    work->node->u.batch_normalization.epsilon,
                                                    dnnl_use_scale | dnnl_use_shift),
        "a batch normalization's gradient", error));
    SNED_TRY_DONE(onednn_describe(executor->engine, &operation, NULL, work->hint, &description, error));
    /* Wanted or not, oneDNN gives all three. */
    if (input->wants_gradient)
        SNED_TRY_DONE(plan_gradient_target(executor, input, &input->desc, &to, error));
    else
        SNED_TRY_DONE(plan_temporary(executor, &input->desc, &to, error));
    SNED_TRY_DONE(plan_gradient_target(executor, scale, &scale->desc, &to_scale, error));
    SNED_TRY_DONE(plan_gradient_target(executor, shift, &shift->desc, &to_shift, error));
    dnnl_exec_arg_t arguments[] = {{DNNL_ARG_SRC, input->value},
                                   {DNNL_ARG_MEAN, work->saved[SAVED_MEAN]},
                                   {DNNL_ARG_VARIANCE, work->saved[SAVED_VARIANCE]},
                                   {DNNL_ARG_SCALE, scale->value},
                                   {DNNL_ARG_SHIFT, shift->value},
                                   {DNNL_ARG_DIFF_DST, plan_output_edge(executor, work)->gradient},
                                   {DNNL_ARG_DIFF_SRC, to},
                                   {DNNL_ARG_DIFF_SCALE, to_scale},
                                   {DNNL_ARG_DIFF_SHIFT, to_shift}};
    SNED_TRY_DONE(plan_run(executor, &executor->backward, description, arguments, 9, error));
    if (input->wants_gradient)
        SNED_TRY_DONE(plan_gradient_done(executor, input, to, error));
    SNED_TRY_DONE(plan_gradient_done(executor, scale, to_scale, error));
    SNED_TRY_DONE(plan_gradient_done(executor, shift, to_shift, error));
done:
    dnnl_primitive_desc_destroy(description);
    return status;
}

const struct operator_plan plan_batch_normalization = {
    .forward = forward, .backward = backward, .statistics = SLOT_MEAN};
