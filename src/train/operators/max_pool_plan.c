/*
 * max_pool_plan.c - MaxPool over images with channels last, by max_pool.h; pool.c asks here first.
 */
#include "base/memory.h"
#include "train/operators/max_pool.h"
#include "train/operators/operators.h"

struct winners {
    struct max_pool pool;
    int32_t winners[]; /* like the output; in training */
};

static bool is_channels_last(const dnnl_memory_desc_t *desc)
{
    dnnl_memory_desc_t last;
    return desc->ndims == LAYOUT_RANK &&
           dnnl_memory_desc_init_by_tag(&last, LAYOUT_RANK, desc->dims, dnnl_f32, dnnl_nhwc) ==
               dnnl_success &&
           dnnl_memory_desc_equal(desc, &last);
}

/* Without dilation, every window of a pad below the kernel has a tap inside the image. */
bool max_pool_is_here(struct executor *executor, const struct work *work)
{
    const struct window *window = &work->node->u.pool.window;
    if (work->node->op != OP_MAX_POOL)
        return false;
    for (int i = 0; i < 2; i++)
        if (window->dilation[i] != 1 || window->pad_begin[i] >= window->kernel[i])
            return false;
    return executor->channels_last && is_channels_last(&plan_input(executor, work, 0)->desc);
}

static sned_status call_forward(struct executor *executor, struct work *work, sned_error *error)
{
    struct winners *kept = work->state;
    max_pool_forward(&kept->pool, layout_data(plan_input(executor, work, 0)->value),
                     layout_data(plan_output_edge(executor, work)->value),
                     executor->options.training ? kept->winners : NULL);
    return SNED_OK;
}

static sned_status call_backward(struct executor *executor, struct work *work, sned_error *error)
{
    struct winners *kept = work->state;
    max_pool_backward(&kept->pool, layout_data(plan_output_edge(executor, work)->gradient), kept->winners,
                      layout_data(work->saved[0]));
    return SNED_OK;
}

static struct max_pool geometry(const struct node *node, const dnnl_dims_t in, const dnnl_dims_t out)
{
    struct max_pool pool = {.batch = (size_t)in[0], .channels = (size_t)in[1]};
    for (int i = 0; i < 2; i++) {
        pool.in[i] = (int)in[2 + i];
        pool.out[i] = (int)out[2 + i];
        pool.kernel[i] = node->u.pool.window.kernel[i];
        pool.stride[i] = node->u.pool.window.stride[i];
        pool.pad[i] = node->u.pool.window.pad_begin[i];
    }
    return pool;
}

static sned_status forward(struct executor *executor, struct work *work, sned_error *error)
{
    dnnl_dims_t out;
    dnnl_memory_t output;
    struct winners *kept = NULL;
    SNED_TRY(layout_image(executor, work->node->outputs[0], out, error));
    dnnl_memory_desc_t result = layout_for_conv(executor, out);
    SNED_TRY(plan_output(executor, work, &result, &output, error));
    const size_t winners = executor->options.training ? layout_floats(&result) : 0;
    SNED_TRY(sned_alloc(&kept, 1, sizeof *kept + winners * sizeof *kept->winners, error));
    work->state = kept;
    kept->pool = geometry(work->node, plan_input(executor, work, 0)->desc.dims, out);
    return plan_call(executor, &executor->forward, work, call_forward, error);
}

static sned_status backward(struct executor *executor, struct work *work, sned_error *error)
{
    struct edge *input = plan_input(executor, work, 0);
    SNED_TRY(plan_gradient_target(executor, input, &input->desc, &work->saved[0], error));
    SNED_TRY(plan_call(executor, &executor->backward, work, call_backward, error));
    return plan_gradient_done(executor, input, work->saved[0], error);
}

const struct operator_plan plan_max_pool_channels_last = {.forward = forward, .backward = backward};
