/*
 * executor.c - see executor.h: the plan (plan.h) and what a caller does with it. Parameters are in
 * parameters.c, the loss in loss.c.
 */
#include "base/memory.h"
#include "base/thread.h"
#include "train/executor/calls.h"
#include "train/executor/plan.h"
#include "train/executor/pointwise.h"

#include <stdlib.h>
#include <string.h>

static sned_status build(struct executor *executor, sned_error *error)
{
    SNED_TRY(onednn_check(dnnl_engine_create(&executor->engine, dnnl_cpu, 0), "the processor", error));
    SNED_TRY(onednn_check(dnnl_stream_create(&executor->stream, executor->engine, dnnl_stream_default_flags),
                          "the processor", error));
    SNED_TRY(plan_build(executor, error));
    return executor_load(executor, error);
}

sned_status executor_new(struct executor **executor, struct graph *graph,
                         const struct executor_options *options, sned_error *error)
{
    struct executor *e = NULL;
    *executor = NULL;
    if (options->batch < 1)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "batch %d must be at least 1", options->batch);
    if (graph->state_count > 0)
        return sned_fail(error, SNED_ERROR_UNSUPPORTED,
                         "network '%.80s' keeps state from run to run, which training, evaluation and "
                         "calibration in floats do not handle",
                         graph->name);
    SNED_TRY(sned_alloc(&e, 1, sizeof *e, error));
    e->graph = graph;
    e->tensor_count = graph->tensor_count;
    e->node_count = graph->node_count;
    e->options = *options;
    if (e->options.threads < 1)
        e->options.threads = sned_thread_count();
    int threads = executor_threads_enter(e);
    sned_status status = build(e, error);
    executor_threads_leave(threads);
    if (status != SNED_OK) {
        executor_free(e);
        return sned_error_context(error, status, "graph %s", graph->name ? graph->name : "");
    }
    *executor = e;
    return SNED_OK;
}

void executor_free(struct executor *executor)
{
    if (!executor)
        return;
    plan_free(executor);
    if (executor->stream)
        dnnl_stream_destroy(executor->stream);
    if (executor->engine)
        dnnl_engine_destroy(executor->engine);
    free(executor->loss_scores);
    free(executor->loss_gradient);
    free(executor);
}

void executor_set_iteration(struct executor *executor, uint64_t iteration)
{
    executor->iteration = iteration;
}

/* ---- forward ---- */

static void take_input(struct executor *executor, const float *values, size_t count)
{
    const struct graph *graph = executor->graph;
    struct edge *edge = &executor->edges[graph->input];
    const struct quantization *quantization = &graph->tensors[graph->input].quantization;
    size_t all = layout_floats(&edge->desc), used = all / (size_t)executor->options.batch * count;
    float *input = layout_data(edge->value);
    memcpy(input, values, used * sizeof *input);
    memset(input + used, 0, (all - used) * sizeof *input);
    if (quantization->scale != 0)
        pointwise_quantize(quantization, &(struct activation){0}, input, NULL, all);
}

sned_status executor_forward(struct executor *executor, const float *values, size_t count, sned_error *error)
{
    size_t batch = (size_t)executor->options.batch;
    if (count < 1 || count > batch || (executor->options.training && count != batch))
        return sned_fail(error, SNED_ERROR_ARGUMENT, "%zu images do not fit an executor for batches of %zu",
                         count, batch);
    int threads = executor_threads_enter(executor);
    take_input(executor, values, count);
    executor->count = count;
    sned_status status = tape_play(executor, &executor->forward, 0, executor->forward.count, error);
    executor->iteration += executor->options.training;
    executor_threads_leave(threads);
    return status;
}

const float *executor_output(const struct executor *executor, int index)
{
    return layout_data(executor->outputs[index]);
}

/* ---- looking inside ---- */

sned_status executor_read(struct executor *executor, int tensor, float *values, sned_error *error)
{
    const struct graph *graph = executor->graph;
    if (tensor < 0 || tensor >= graph->tensor_count)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "tensor %d does not exist", tensor);
    struct edge *edge = plan_edge(executor, tensor);
    if (executor->absorbed[tensor])
        return sned_fail(error, SNED_ERROR_UNSUPPORTED,
                         "tensor %s is overwritten by the activation that follows it",
                         graph->tensors[tensor].name);
    if (!edge->value)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "tensor %s is not computed",
                         graph->tensors[tensor].name);
    return executor_copy_out(executor, edge->value, values, error);
}

sned_status executor_gradient(struct executor *executor, int tensor, float *values, sned_error *error)
{
    const struct graph *graph = executor->graph;
    if (tensor < 0 || tensor >= graph->tensor_count)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "tensor %d does not exist", tensor);
    struct edge *edge = plan_edge(executor, tensor);
    if (!edge->gradient || (tensor != graph->input && !graph->tensors[tensor].data))
        return sned_fail(error, SNED_ERROR_ARGUMENT, "tensor %s has no gradient",
                         graph->tensors[tensor].name);
    return executor_copy_out(executor, edge->gradient, values, error);
}

/* ---- backward ---- */

sned_status executor_set_output_gradient(struct executor *executor, const float *values, sned_error *error)
{
    struct edge *edge = plan_edge(executor, executor->graph->outputs[0]);
    if (!executor->options.training)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "this executor was not made for training");
    executor->backward_begin = 0;
    return executor_copy_in(executor, edge->gradient, values, error);
}

sned_status executor_backward(struct executor *executor, sned_error *error)
{
    if (!executor->options.training)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "this executor was not made for training");
    int threads = executor_threads_enter(executor);
    sned_status status =
        tape_play(executor, &executor->backward, executor->backward_begin, executor->backward.count, error);
    executor_threads_leave(threads);
    return status;
}
