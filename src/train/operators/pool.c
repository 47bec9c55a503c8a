/*
 * pool.c - MaxPool, AveragePool and GlobalAveragePool.
 *
 * ONNX and oneDNN differ in one thing: an AveragePool with ceil_mode and count_include_pad has last windows
 * that hang over the padded image. ONNX divides by the elements inside the padded image, oneDNN by the
 * kernel's. Such a pool is followed by a multiplication with [1][1][H][W] corrections, and its gradient
 * likewise.
 */
#include "base/memory.h"
#include "train/operators/operators.h"

enum { SAVED_WORKSPACE, SAVED_CORRECTION };

struct pooling {
    dnnl_alg_kind_t algorithm;
    dnnl_dims_t in, out, strides, kernel, dilations, before, after;
    bool overhangs[2]; /* last windows reach beyond the padded image */
};

static sned_status pool_geometry(struct executor *executor, const struct work *work, struct pooling *p,
                                 sned_error *error)
{
    const struct node *node = work->node;
    SNED_TRY(layout_image(executor, node->inputs[0], p->in, error));
    SNED_TRY(layout_image(executor, node->outputs[0], p->out, error));
    bool global = node->op == OP_GLOBAL_AVERAGE_POOL;
    p->algorithm = node->op == OP_MAX_POOL                     ? dnnl_pooling_max
                   : !global && node->u.pool.count_include_pad ? dnnl_pooling_avg_include_padding
                                                               : dnnl_pooling_avg_exclude_padding;
    for (int i = 0; i < 2; i++) {
        const struct window *window = &node->u.pool.window;
        p->kernel[i] = global ? p->in[2 + i] : window->kernel[i];
        p->strides[i] = global ? 1 : window->stride[i];
        p->dilations[i] = global ? 0 : window->dilation[i] - 1;
        p->before[i] = global ? 0 : window->pad_begin[i];
        int64_t reach = (p->out[2 + i] - 1) * p->strides[i] + (p->kernel[i] - 1) * (p->dilations[i] + 1) + 1;
        int64_t after = reach - p->in[2 + i] - p->before[i];
        p->after[i] = after > 0 ? after : 0;
        p->overhangs[i] = !global && after > window->pad_end[i];
    }
    return SNED_OK;
}

static bool needs_correction(const struct pooling *p)
{
    return p->algorithm == dnnl_pooling_avg_include_padding && (p->overhangs[0] || p->overhangs[1]);
}

/* Elements of window `o` inside the padded image, along one axis. */
static int64_t inside(const struct pooling *p, const struct window *window, int axis, int64_t o)
{
    int64_t begin = o * p->strides[axis], step = p->dilations[axis] + 1;
    int64_t end = p->in[2 + axis] + p->before[axis] + window->pad_end[axis], count = 0;
    for (int64_t k = 0; k < p->kernel[axis]; k++)
        count += begin + k * step < end;
    return count;
}

static sned_status make_correction(struct executor *executor, struct work *work, const struct pooling *p,
                                   sned_error *error)
{
    dnnl_dims_t dims = {1, 1, p->out[2], p->out[3]};
    dnnl_memory_desc_t desc = layout_plain(4, dims);
    SNED_TRY(plan_memory(executor, &desc, &work->saved[SAVED_CORRECTION], error));
    float *factors = layout_data(work->saved[SAVED_CORRECTION]);
    const struct window *window = &work->node->u.pool.window;
    for (int64_t h = 0; h < p->out[2]; h++)
        for (int64_t w = 0; w < p->out[3]; w++)
            factors[h * p->out[3] + w] = (float)(p->kernel[0] * p->kernel[1]) /
                                         (float)(inside(p, window, 0, h) * inside(p, window, 1, w));
    return SNED_OK;
}

static sned_status plan_correction(struct executor *executor, struct work *work, struct tape *tape,
                                   dnnl_memory_t from, dnnl_memory_t to, sned_error *error)
{
    dnnl_binary_desc_t operation;
    dnnl_primitive_desc_t description = NULL;
    sned_status status;
    SNED_TRY_DONE(onednn_check(dnnl_binary_desc_init(&operation, dnnl_binary_mul, layout_of(from),
                                                     layout_of(work->saved[SAVED_CORRECTION]), layout_of(to)),
                               "an average pool's correction", error));
    SNED_TRY_DONE(onednn_describe(executor->engine, &operation, NULL, NULL, &description, error));
    dnnl_exec_arg_t arguments[] = {
        {DNNL_ARG_SRC_0, from}, {DNNL_ARG_SRC_1, work->saved[SAVED_CORRECTION]}, {DNNL_ARG_DST, to}};
    SNED_TRY_DONE(plan_run(executor, tape, description, arguments, 3, error));
done:
    dnnl_primitive_desc_destroy(description);
    return status;
}

static bool is_dilated(const struct pooling *p)
{
    return p->dilations[0] > 0 || p->dilations[1] > 0;
}

static sned_status describe(struct executor *executor, struct work *work, const struct pooling *p,
                            const dnnl_memory_desc_t *source, const dnnl_memory_desc_t *result,
                            sned_error *error)
{
    dnnl_prop_kind_t kind = executor->options.training ? dnnl_forward_training : dnnl_forward_inference;
    dnnl_pooling_desc_t plain;
    dnnl_pooling_v2_desc_t dilated;
    const_dnnl_op_desc_t operation = is_dilated(p) ? (const void *)&dilated : (const void *)&plain;
    dnnl_status_t status =
        is_dilated(p)
            ? dnnl_pooling_v2_forward_desc_init(&dilated, kind, p->algorithm, source, result, p->strides,
                                                p->kernel, p->dilations, p->before, p->after)
            : dnnl_pooling_forward_desc_init(&plain, kind, p->algorithm, source, result, p->strides,
                                             p->kernel, p->before, p->after);
    SNED_TRY(onednn_check(status, "a pool of these shapes", error));
    return onednn_describe(executor->engine, operation, NULL, NULL, &work->hint, error);
}

static sned_status forward(struct executor *executor, struct work *work, sned_error *error)
{
    struct pooling p;
    struct edge *input = plan_input(executor, work, 0);
    if (max_pool_is_here(executor, work))
        return plan_max_pool_channels_last.forward(executor, work, error);
    SNED_TRY(pool_geometry(executor, work, &p, error));
    dnnl_memory_desc_t any = layout_any(4, p.out);
    SNED_TRY(describe(executor, work, &p, &input->desc, &any, error));
    dnnl_memory_desc_t result = onednn_query(work->hint, dnnl_query_dst_md);
    dnnl_memory_desc_t workspace = onednn_query(work->hint, dnnl_query_workspace_md);
    dnnl_memory_t output;
    SNED_TRY(plan_output(executor, work, &result, &output, error));
    if (dnnl_memory_desc_get_size(&workspace))
        SNED_TRY(plan_memory(executor, &workspace, &work->saved[SAVED_WORKSPACE], error));
    dnnl_exec_arg_t arguments[] = {{DNNL_ARG_SRC, input->value},
                                   {DNNL_ARG_DST, output},
                                   {DNNL_ARG_WORKSPACE, work->saved[SAVED_WORKSPACE]}};
    SNED_TRY(plan_run(executor, &executor->forward, work->hint, arguments, 3, error));
    if (!needs_correction(&p))
        return SNED_OK;
    SNED_TRY(make_correction(executor, work, &p, error));
    return plan_correction(executor, work, &executor->forward, output, output, error);
}

static sned_status describe_backward(struct executor *executor, struct work *work, const struct pooling *p,
                                     dnnl_primitive_desc_t *description, sned_error *error)
{
    const dnnl_memory_desc_t *source = &plan_input(executor, work, 0)->desc;
    const dnnl_memory_desc_t *result = &plan_output_edge(executor, work)->desc;
    dnnl_pooling_desc_t plain;
    dnnl_pooling_v2_desc_t dilated;
    const_dnnl_op_desc_t operation = is_dilated(p) ? (const void *)&dilated : (const void *)&plain;
    dnnl_status_t status =
        is_dilated(p) ? dnnl_pooling_v2_backward_desc_init(&dilated, p->algorithm, source, result, p->strides,
                                                           p->kernel, p->dilations, p->before, p->after)
                      : dnnl_pooling_backward_desc_init(&plain, p->algorithm, source, result, p->strides,
                                                        p->kernel, p->before, p->after);
    SNED_TRY(onednn_check(status, "a pool's gradient", error));
    return onednn_describe(executor->engine, operation, NULL, work->hint, description, error);
}

static sned_status backward(struct executor *executor, struct work *work, sned_error *error)
{
    struct edge *input = plan_input(executor, work, 0);
    dnnl_memory_t gradient = plan_output_edge(executor, work)->gradient, to;
    dnnl_primitive_desc_t description = NULL;
    struct pooling p;
    sned_status status;
    if (max_pool_is_here(executor, work))
        return plan_max_pool_channels_last.backward(executor, work, error);
    SNED_TRY_DONE(pool_geometry(executor, work, &p, error));
    SNED_TRY_DONE(describe_backward(executor, work, &p, &description, error));
    if (work->saved[SAVED_CORRECTION])
        SNED_TRY_DONE(plan_correction(executor, work, &executor->backward, gradient, gradient, error));
    SNED_TRY_DONE(plan_gradient_target(executor, input, &input->desc, &to, error));
    dnnl_exec_arg_t arguments[] = {{DNNL_ARG_DIFF_DST, gradient},
                                   {DNNL_ARG_DIFF_SRC, to},
                                   {DNNL_ARG_WORKSPACE, work->saved[SAVED_WORKSPACE]}};
    SNED_TRY_DONE(plan_run(executor, &executor->backward, description, arguments, 3, error));
    SNED_TRY_DONE(plan_gradient_done(executor, input, to, error));
done:
    dnnl_primitive_desc_destroy(description);
    return status;
}

const struct operator_plan plan_pool = {.forward = forward, .backward = backward};
