/*
 * weighted.c - see weighted.h.
 */
#include "train/operators/weighted.h"

enum { SAVED_SOURCE, SAVED_WEIGHTS };

struct weighted_layouts weighted_layouts(struct executor *executor, const struct work *work)
{
    const dnnl_memory_desc_t *source = layout_of(work->saved[SAVED_SOURCE]);
    const dnnl_memory_desc_t *weights = layout_of(work->saved[SAVED_WEIGHTS]);
    const dnnl_memory_desc_t *result = &plan_output_edge(executor, work)->desc;
    return (struct weighted_layouts){.source = layout_any(source->ndims, source->dims),
                                     .weights = layout_any(weights->ndims, weights->dims),
                                     .bias = layout_plain(1, &result->dims[1]),
                                     .result = layout_any(result->ndims, result->dims),
                                     .has_bias = plan_input(executor, work, 2) != NULL};
}

sned_status weighted_forward(struct executor *executor, struct work *work, const_dnnl_op_desc_t operation,
                             sned_error *error)
{
    const struct activation *fused = work->activation.kind != ACTIVATION_NONE ? &work->activation : NULL;
    work->activation_done = true;
    SNED_TRY(onednn_describe(executor->engine, operation, fused, NULL, &work->hint, error));
    dnnl_memory_desc_t source = onednn_query(work->hint, dnnl_query_src_md);
    dnnl_memory_desc_t weights = onednn_query(work->hint, dnnl_query_weights_md);
    dnnl_memory_desc_t result = onednn_query(work->hint, dnnl_query_dst_md);
    dnnl_memory_t bias = NULL, output;
    SNED_TRY(plan_convert(executor, &executor->forward, plan_input(executor, work, 0)->value, &source,
                          executor->options.training, &work->saved[SAVED_SOURCE], error));
    SNED_TRY(plan_constant(executor, work, 1, &weights, &work->saved[SAVED_WEIGHTS], error));
    if (plan_input(executor, work, 2)) {
        dnnl_memory_desc_t row = layout_plain(1, &result.dims[1]);
        SNED_TRY(plan_constant(executor, work, 2, &row, &bias, error));
    }
    SNED_TRY(plan_output(executor, work, &result, &output, error));
    dnnl_exec_arg_t arguments[] = {{DNNL_ARG_SRC, work->saved[SAVED_SOURCE]},
                                   {DNNL_ARG_WEIGHTS, work->saved[SAVED_WEIGHTS]},
                                   {DNNL_ARG_BIAS, bias},
                                   {DNNL_ARG_DST, output}};
    return plan_run(executor, &executor->forward, work->hint, arguments, 4, error);
}

sned_status weighted_backward_weights(struct executor *executor, struct work *work,
                                      const_dnnl_op_desc_t operation, sned_error *error)
{
    struct edge *edge = plan_input(executor, work, 1), *bias_edge = plan_input(executor, work, 2);
    dnnl_primitive_desc_t description = NULL;
    dnnl_memory_t from, to, gradient, bias_gradient = NULL;
    sned_status status;
    SNED_TRY_DONE(onednn_describe(executor->engine, operation, NULL, work->hint, &description, error));
    dnnl_memory_desc_t source = onednn_query(description, dnnl_query_src_md);
    dnnl_memory_desc_t result = onednn_query(description, dnnl_query_diff_dst_md);
    dnnl_memory_desc_t weights = onednn_query(description, dnnl_query_diff_weights_md);
    SNED_TRY_DONE(
        plan_convert(executor, &executor->backward, work->saved[SAVED_SOURCE], &source, false, &from, error));
    SNED_TRY_DONE(plan_output_gradient(executor, work, &result, &gradient, error));
    SNED_TRY_DONE(plan_gradient_target(executor, edge, &weights, &to, error));
    if (bias_edge)
        SNED_TRY_DONE(plan_gradient_target(executor, bias_edge, &bias_edge->desc, &bias_gradient, error));
    dnnl_exec_arg_t arguments[] = {{DNNL_ARG_SRC, from},
                                   {DNNL_ARG_DIFF_DST, gradient},
                                   {DNNL_ARG_DIFF_WEIGHTS, to},
                                   {DNNL_ARG_DIFF_BIAS, bias_gradient}};
    SNED_TRY_DONE(plan_run(executor, &executor->backward, description, arguments, 4, error));
    SNED_TRY_DONE(plan_gradient_done(executor, edge, to, error));
    if (bias_edge)
        SNED_TRY_DONE(plan_gradient_done(executor, bias_edge, bias_gradient, error));
done:
    dnnl_primitive_desc_destroy(description);
    return status;
}

sned_status weighted_backward_data(struct executor *executor, struct work *work,
                                   const_dnnl_op_desc_t operation, sned_error *error)
{
    struct edge *edge = plan_input(executor, work, 0);
    dnnl_primitive_desc_t description = NULL;
    dnnl_memory_t from, to, gradient;
    sned_status status;
    SNED_TRY_DONE(onednn_describe(executor->engine, operation, NULL, work->hint, &description, error));
    dnnl_memory_desc_t source = onednn_query(description, dnnl_query_diff_src_md);
    dnnl_memory_desc_t result = onednn_query(description, dnnl_query_diff_dst_md);
    dnnl_memory_desc_t weights = onednn_query(description, dnnl_query_weights_md);
    SNED_TRY_DONE(plan_convert(executor, &executor->backward, work->saved[SAVED_WEIGHTS], &weights, false,
                               &from, error));
    SNED_TRY_DONE(plan_output_gradient(executor, work, &result, &gradient, error));
    SNED_TRY_DONE(plan_gradient_target(executor, edge, &source, &to, error));
    dnnl_exec_arg_t arguments[] = {
        {DNNL_ARG_WEIGHTS, from}, {DNNL_ARG_DIFF_DST, gradient}, {DNNL_ARG_DIFF_SRC, to}};
    SNED_TRY_DONE(plan_run(executor, &executor->backward, description, arguments, 3, error));
    SNED_TRY_DONE(plan_gradient_done(executor, edge, to, error));
done:
    dnnl_primitive_desc_destroy(description);
    return status;
}
