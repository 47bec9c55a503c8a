/*
 * parameters.c - the constants of a graph in an executor: loaded, stored, rounded; step.c changes them.
 *
 * They live in the layout of the operator that reads them, masks and momentum beside them in the same layout,
 * so that a step is one pass over memory. Rounded weights are the exception: their masters are row-major, as
 * the scales need, and `refresh` makes the operator's copy after each change.
 */
#include "base/memory.h"
#include "train/executor/calls.h"
#include "train/executor/pointwise.h"
#include "train/executor/round_blocks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void round_constant(const struct edge *edge, const struct tensor *tensor)
{
    const float *values = layout_data(edge->master);
    const float step = tensor->quantization.scale;
    const size_t count = layout_floats(layout_of(edge->master)), channels = (size_t)tensor->shape.dim[0];
    if (edge->is_weights)
        pointwise_quantize_weights(values, layout_data(edge->rounded), channels, count / channels, step);
    else
        pointwise_round(values, layout_data(edge->rounded), count, step);
    if (edge->learns_step)
        round_blocks(tensor, values, step, layout_data(edge->rounded), sizeof(float));
}

/* One after the other: rounded copies share their memory. */
sned_status parameters_refresh(struct executor *executor, sned_error *error)
{
    const struct graph *graph = executor->graph;
    int threads = executor_threads_enter(executor);
    sned_status status = SNED_OK;
    for (int t = 0; t < graph->tensor_count && status == SNED_OK; t++) {
        const struct edge *edge = &executor->edges[t];
        if (!edge->rounded)
            continue;
        round_constant(edge, &graph->tensors[t]);
        status = tape_play(executor, &executor->refresh, edge->refresh, edge->refresh + 1, error);
    }
    executor_threads_leave(threads);
    return status;
}

/* ---- loading ---- */

static sned_status load_mask(struct executor *executor, struct edge *edge, const struct tensor *tensor,
                             float *plain, sned_error *error)
{
    dnnl_memory_t memory = NULL;
    float *laid_out = NULL;
    sned_status status = SNED_OK;
    free(edge->mask);
    edge->mask = NULL;
    if (!tensor->mask || !edge->momentum)
        goto done;
    const dnnl_memory_desc_t *desc = layout_of(edge->master);
    const size_t floats = layout_floats(desc), elements = sned_shape_elements(&tensor->shape);
    for (size_t i = 0; i < elements; i++)
        plain[i] = tensor->mask[i];
    SNED_TRY_DONE(sned_alloc(&laid_out, floats, sizeof *laid_out, error));
    SNED_TRY_DONE(
        onednn_check(dnnl_memory_create(&memory, desc, executor->engine, laid_out), "a mask", error));
    SNED_TRY_DONE(executor_copy_in(executor, memory, plain, error));
    SNED_TRY_DONE(sned_alloc(&edge->mask, floats, 1, error));
    for (size_t i = 0; i < floats; i++)
        edge->mask[i] = laid_out[i] != 0;
done:
    dnnl_memory_destroy(memory);
    free(laid_out);
    return status;
}

static sned_status load_edge(struct executor *executor, int index, sned_error *error)
{
    const struct tensor *tensor = &executor->graph->tensors[index];
    struct edge *edge = &executor->edges[index];
    const size_t elements = sned_shape_elements(&tensor->shape);
    const float *data = tensor->data;
    float *plain = NULL;
    sned_status status;
    SNED_TRY_DONE(sned_alloc(&plain, elements, sizeof *plain, error));
    SNED_TRY_DONE(load_mask(executor, edge, tensor, plain, error));
    for (size_t i = 0; i < elements; i++)
        plain[i] = tensor->mask && !tensor->mask[i] ? 0 : data[i];
    SNED_TRY_DONE(executor_copy_in(executor, edge->master, plain, error));
    if (edge->learns_step && expf(edge->step.log) != tensor->quantization.scale)
        edge->step.log = logf(tensor->quantization.scale);
done:
    free(plain);
    return status;
}

/* Constants that this executor holds. */
static bool is_held(const struct executor *executor, int tensor)
{
    return executor->graph->tensors[tensor].data && executor->edges[tensor].master;
}

sned_status executor_load(struct executor *executor, sned_error *error)
{
    for (int t = 0; t < executor->graph->tensor_count; t++)
        if (is_held(executor, t))
            SNED_TRY(load_edge(executor, t, error));
    return parameters_refresh(executor, error);
}

sned_status executor_store(struct executor *executor, sned_error *error)
{
    for (int t = 0; t < executor->graph->tensor_count; t++)
        if (is_held(executor, t))
            SNED_TRY(executor_copy_out(executor, executor->edges[t].master, executor->graph->tensors[t].data,
                                       error));
    return SNED_OK;
}

/* ---- learned steps ---- */

void executor_set_cost(struct executor *executor, int tensor, const struct layer_cost *cost)
{
    executor->edges[tensor].cost = cost;
}

void executor_integers(const struct executor *executor, int tensor, int8_t *integers)
{
    const struct edge *edge = &executor->edges[tensor];
    const float *weights = layout_data(edge->master);
    const float step = executor->graph->tensors[tensor].quantization.scale;
    for (size_t i = 0, count = layout_floats(layout_of(edge->master)); i < count; i++)
        integers[i] = (int8_t)pointwise_integer(weights[i] / step);
    round_blocks(&executor->graph->tensors[tensor], weights, step, integers, 1);
}

/* ---- what steps remember, for checkpoints ---- */

enum { STEP_FLOATS = sizeof(struct learned_step) / sizeof(float) };

size_t executor_state_of(const struct executor *executor, int tensor)
{
    const struct edge *edge = &executor->edges[tensor];
    const size_t elements = sned_shape_elements(&executor->graph->tensors[tensor].shape);
    return (edge->momentum ? elements : 0) + (edge->squares ? elements : 0) +
           (edge->learns_step ? STEP_FLOATS : 0);
}

size_t executor_state_size(const struct executor *executor)
{
    size_t floats = 0;
    for (int t = 0; t < executor->graph->tensor_count; t++)
        floats += executor_state_of(executor, t);
    return floats;
}

/* From or to *state, which is moved on. */
static sned_status transfer_memory(struct executor *executor, dnnl_memory_t memory, size_t elements,
                                   float **state, bool out, sned_error *error)
{
    if (!memory)
        return SNED_OK;
    SNED_TRY(out ? executor_copy_out(executor, memory, *state, error)
                 : executor_copy_in(executor, memory, *state, error));
    *state += elements;
    return SNED_OK;
}

static sned_status transfer_state(struct executor *executor, float *state, bool out, sned_error *error)
{
    for (int t = 0; t < executor->graph->tensor_count; t++) {
        struct tensor *tensor = &executor->graph->tensors[t];
        struct edge *edge = &executor->edges[t];
        const size_t elements = sned_shape_elements(&tensor->shape);
        SNED_TRY(transfer_memory(executor, edge->momentum, elements, &state, out, error));
        SNED_TRY(transfer_memory(executor, edge->squares, elements, &state, out, error));
        if (!edge->learns_step)
            continue;
        memcpy(out ? state : (float *)&edge->step, out ? (float *)&edge->step : state, sizeof edge->step);
        tensor->quantization.scale = expf(edge->step.log);
        state += STEP_FLOATS;
    }
    return SNED_OK;
}

sned_status executor_state_read(struct executor *executor, float *state, sned_error *error)
{
    return transfer_state(executor, state, true, error);
}

sned_status executor_state_write(struct executor *executor, const float *state, sned_error *error)
{
    SNED_TRY(transfer_state(executor, (float *)state, false, error));
    return parameters_refresh(executor, error);
}
