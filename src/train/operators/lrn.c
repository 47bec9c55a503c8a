/*
 * lrn.c - LRN across channels: y = x / (bias + alpha / size * S)^beta, S the sum of squares over `size`
 * channels.
 *
 * The window goes from c - floor((size-1)/2) to c + ceil((size-1)/2). oneDNN has odd sizes; even ones are
 * done here, on row-major memory.
 */
#include "train/operators/operators.h"

#include <math.h>

enum { SAVED_WORKSPACE, SAVED_SOURCE, SAVED_TARGET };

static bool is_even(const struct work *work)
{
    return work->node->u.lrn.size % 2 == 0;
}

/* ---- even sizes ---- */

struct extents {
    int64_t images, channels, pixels, below, above;
};

static struct extents lrn_extents(const struct work *work, const dnnl_memory_desc_t *desc)
{
    struct extents e = {desc->dims[0], desc->dims[1], 1, (work->node->u.lrn.size - 1) / 2,
                        work->node->u.lrn.size / 2};
    for (int i = 2; i < desc->ndims; i++)
        e.pixels *= desc->dims[i];
    return e;
}

/* bias + alpha / size * S at channel c; `values` points to channel 0 of one pixel. */
static float lrn_base(const struct work *work, const struct extents *e, const float *values, int64_t c)
{
    double sum = 0;
    for (int64_t k = c - e->below < 0 ? 0 : c - e->below; k <= c + e->above && k < e->channels; k++)
        sum += (double)values[k * e->pixels] * values[k * e->pixels];
    return (float)(work->node->u.lrn.bias + work->node->u.lrn.alpha / work->node->u.lrn.size * sum);
}

static sned_status call_even(struct executor *executor, struct work *work, sned_error *error)
{
    const struct extents e = lrn_extents(work, layout_of(work->saved[SAVED_SOURCE]));
    const float *from = layout_data(work->saved[SAVED_SOURCE]);
    float *to = layout_data(plan_output_edge(executor, work)->value);
#pragma omp parallel for schedule(static)
    for (int64_t i = 0; i < e.images * e.pixels; i++) {
        int64_t at = i / e.pixels * e.channels * e.pixels + i % e.pixels;
        for (int64_t c = 0; c < e.channels; c++)
            to[at + c * e.pixels] =
                from[at + c * e.pixels] * powf(lrn_base(work, &e, from + at, c), -work->node->u.lrn.beta);
    }
    return SNED_OK;
}

/* dx_i = dy_i B_i^-beta
 *        - 2 alpha beta / size x_i sum over j with i in j's window of dy_j x_j B_j^(-beta-1) */
static void even_backward_pixel(const struct work *work, const struct extents *e, const float *x,
                                const float *dy, float *dx)
{
    const float beta = work->node->u.lrn.beta;
    const float factor = 2 * work->node->u.lrn.alpha * beta / (float)work->node->u.lrn.size;
    for (int64_t c = 0; c < e->channels; c++)
        dx[c * e->pixels] = dy[c * e->pixels] * powf(lrn_base(work, e, x, c), -beta);
    for (int64_t j = 0; j < e->channels; j++) {
        float shared =
            factor * dy[j * e->pixels] * x[j * e->pixels] * powf(lrn_base(work, e, x, j), -beta - 1);
        for (int64_t c = j - e->below < 0 ? 0 : j - e->below; c <= j + e->above && c < e->channels; c++)
            dx[c * e->pixels] -= x[c * e->pixels] * shared;
    }
}

static sned_status call_even_backward(struct executor *executor, struct work *work, sned_error *error)
{
    const struct extents e = lrn_extents(work, layout_of(work->saved[SAVED_SOURCE]));
    const float *x = layout_data(work->saved[SAVED_SOURCE]);
    const float *dy = layout_data(plan_output_edge(executor, work)->gradient);
    float *dx = layout_data(work->saved[SAVED_TARGET]);
#pragma omp parallel for schedule(static)
    for (int64_t i = 0; i < e.images * e.pixels; i++) {
        int64_t at = i / e.pixels * e.channels * e.pixels + i % e.pixels;
        even_backward_pixel(work, &e, x + at, dy + at, dx + at);
    }
    return SNED_OK;
}

static sned_status forward_even(struct executor *executor, struct work *work, sned_error *error)
{
    struct edge *input = plan_input(executor, work, 0);
    dnnl_memory_desc_t plain = layout_plain_like(&input->desc);
    dnnl_memory_t output;
    SNED_TRY(plan_convert(executor, &executor->forward, input->value, &plain, true,
                          &work->saved[SAVED_SOURCE], error));
    SNED_TRY(plan_output(executor, work, &plain, &output, error));
    return plan_call(executor, &executor->forward, work, call_even, error);
}

static sned_status backward_even(struct executor *executor, struct work *work, sned_error *error)
{
    struct edge *input = plan_input(executor, work, 0);
    dnnl_memory_desc_t plain = layout_plain_like(&input->desc);
    SNED_TRY(plan_gradient_target(executor, input, &plain, &work->saved[SAVED_TARGET], error));
    SNED_TRY(plan_call(executor, &executor->backward, work, call_even_backward, error));
    return plan_gradient_done(executor, input, work->saved[SAVED_TARGET], error);
}

/* ---- odd sizes ---- */

static sned_status forward(struct executor *executor, struct work *work, sned_error *error)
{
    struct edge *input = plan_input(executor, work, 0);
    const struct node *node = work->node;
    dnnl_prop_kind_t kind = executor->options.training ? dnnl_forward_training : dnnl_forward_inference;
    dnnl_lrn_desc_t operation;
    dnnl_memory_t output;
    if (is_even(work))
        return forward_even(executor, work, error);
    SNED_TRY(onednn_check(dnnl_lrn_forward_desc_init(&operation, kind, dnnl_lrn_across_channels, &input->desc,
                                                     node->u.lrn.size, node->u.lrn.alpha, node->u.lrn.beta,
                                                     node->u.lrn.bias),
                          "an LRN of this shape", error));
    SNED_TRY(onednn_describe(executor->engine, &operation, NULL, NULL, &work->hint, error));
    dnnl_memory_desc_t workspace = onednn_query(work->hint, dnnl_query_workspace_md);
    if (dnnl_memory_desc_get_size(&workspace))
        SNED_TRY(plan_memory(executor, &workspace, &work->saved[SAVED_WORKSPACE], error));
    SNED_TRY(plan_output(executor, work, &input->desc, &output, error));
    dnnl_exec_arg_t arguments[] = {{DNNL_ARG_SRC, input->value},
                                   {DNNL_ARG_DST, output},
                                   {DNNL_ARG_WORKSPACE, work->saved[SAVED_WORKSPACE]}};
    return plan_run(executor, &executor->forward, work->hint, arguments, 3, error);
}

static sned_status backward(struct executor *executor, struct work *work, sned_error *error)
{
    struct edge *input = plan_input(executor, work, 0);
    const struct node *node = work->node;
    dnnl_lrn_desc_t operation;
    dnnl_primitive_desc_t description = NULL;
    dnnl_memory_t to;
    sned_status status;
    if (is_even(work))
        return backward_even(executor, work, error);
    SNED_TRY_DONE(onednn_check(dnnl_lrn_backward_desc_init(&operation, dnnl_lrn_across_channels, &input->desc,
                                                           &input->desc, node->u.lrn.size, node->u.lrn.alpha,
                                                           node->u.lrn.beta, node->u.lrn.bias),
                               "an LRN's gradient", error));
    SNED_TRY_DONE(onednn_describe(executor->engine, &operation, NULL, work->hint, &description, error));
    SNED_TRY_DONE(plan_gradient_target(executor, input, &input->desc, &to, error));
    dnnl_exec_arg_t arguments[] = {{DNNL_ARG_SRC, input->value},
                                   {DNNL_ARG_DIFF_DST, plan_output_edge(executor, work)->gradient},
                                   {DNNL_ARG_DIFF_SRC, to},
                                   {DNNL_ARG_WORKSPACE, work->saved[SAVED_WORKSPACE]}};
    SNED_TRY_DONE(plan_run(executor, &executor->backward, description, arguments, 4, error));
    SNED_TRY_DONE(plan_gradient_done(executor, input, to, error));
done:
    dnnl_primitive_desc_destroy(description);
    return status;
}

const struct operator_plan plan_lrn = {.forward = forward, .backward = backward};
