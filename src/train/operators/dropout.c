/*
 * dropout.c - Dropout in training: an element is 0 with probability `ratio`, else divided by 1 - ratio.
 *
 * What is dropped follows from (seed, iteration, node, block of elements) alone: the same whatever the
 * threads, and the same again when training goes on from a checkpoint.
 */
#include "base/memory.h"
#include "base/random.h"
#include "train/operators/operators.h"

enum { BLOCK = 4096 };

static sned_status call_drop(struct executor *executor, struct work *work, sned_error *error)
{
    const struct edge *input = plan_input(executor, work, 0), *output = plan_output_edge(executor, work);
    const float ratio = work->node->u.dropout.ratio, scale = 1 / (1 - ratio);
    const float *from = layout_data(input->value);
    float *to = layout_data(output->value), *factors = work->state;
    const size_t count = layout_floats(&output->desc), blocks = (count + BLOCK - 1) / BLOCK;
    const uint64_t first = (executor->iteration * (uint64_t)executor->judged + (uint64_t)work->index) << 24;
#pragma omp parallel for schedule(static)
    for (size_t block = 0; block < blocks; block++) {
        struct random random;
        sned_random_seed(&random, executor->options.seed, first + block);
        size_t end = (block + 1) * BLOCK < count ? (block + 1) * BLOCK : count;
        for (size_t i = block * BLOCK; i < end; i++) {
            factors[i] = sned_random_uniform(&random) < ratio ? 0 : scale;
            to[i] = from[i] * factors[i];
        }
    }
    return SNED_OK;
}

static sned_status call_drop_backward(struct executor *executor, struct work *work, sned_error *error)
{
    const struct edge *output = plan_output_edge(executor, work);
    const float *from = layout_data(output->gradient), *factors = work->state;
    float *to = layout_data(work->saved[0]);
    const size_t count = layout_floats(&output->desc);
    for (size_t i = 0; i < count; i++)
        to[i] = from[i] * factors[i];
    return SNED_OK;
}

static sned_status forward(struct executor *executor, struct work *work, sned_error *error)
{
    struct edge *input = plan_input(executor, work, 0);
    const float ratio = work->node->u.dropout.ratio;
    dnnl_memory_t output;
    if (!(ratio >= 0 && ratio < 1))
        return sned_fail(error, SNED_ERROR_ARGUMENT, "ratio %g must be at least 0 and below 1", ratio);
    SNED_TRY(plan_output(executor, work, &input->desc, &output, error));
    SNED_TRY(sned_alloc(&work->state, layout_floats(&input->desc), sizeof(float), error));
    return plan_call(executor, &executor->forward, work, call_drop, error);
}

static sned_status backward(struct executor *executor, struct work *work, sned_error *error)
{
    struct edge *input = plan_input(executor, work, 0);
    SNED_TRY(plan_gradient_target(executor, input, &input->desc, &work->saved[0], error));
    SNED_TRY(plan_call(executor, &executor->backward, work, call_drop_backward, error));
    return plan_gradient_done(executor, input, work->saved[0], error);
}

const struct operator_plan plan_dropout = {.forward = forward, .backward = backward};
