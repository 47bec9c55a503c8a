/*
 * results.c - the way out of a network: an output's integers as floats, and what its ending (Softmax,
 * LogSoftmax, Sigmoid) makes of them; and every activation, of a context that keeps them.
 */
#include "runtime/context.h"

#include <math.h>

struct result sned_result_find(const struct graph *graph, int index)
{
    const struct scores scores = sned_graph_output_scores(graph, index);
    const struct shape *shape = &graph->tensors[graph->outputs[index]].shape;
    struct result result = {scores.ending, scores.logits, sned_shape_elements(shape), 1, 1};
    if (scores.ending == OP_SOFTMAX || scores.ending == OP_LOG_SOFTMAX) {
        const int axis = graph->nodes[sned_graph_producer(graph, graph->outputs[index])].u.softmax.axis;
        result.along = (size_t)shape->dim[axis];
        for (int i = axis + 1; i < shape->rank; i++)
            result.inner *= (size_t)shape->dim[i];
    }
    return result;
}

/* Of `count` values, `step` apart. In double, so that the sum does not depend on how a compiler orders it. */
static void softmax(float *values, size_t count, size_t step, bool as_logarithms)
{
    float max = values[0];
    double sum = 0;
    for (size_t i = 1; i < count; i++)
        max = values[i * step] > max ? values[i * step] : max;
    for (size_t i = 0; i < count; i++)
        sum += exp((double)values[i * step] - max);
    for (size_t i = 0; i < count; i++) {
        const double above = (double)values[i * step] - max;
        values[i * step] = (float)(as_logarithms ? above - log(sum) : exp(above) / sum);
    }
}

static void softmax_all(const struct result *result, float *values)
{
    const size_t block = result->along * result->inner;
    for (size_t first = 0; first < result->elements; first += block)
        for (size_t i = 0; i < result->inner; i++)
            softmax(values + first + i, result->along, result->inner, result->ending == OP_LOG_SOFTMAX);
}

static void sigmoid(float *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        values[i] = (float)(1 / (1 + exp(-(double)values[i])));
}

void sned_result_write(const struct result *result, const struct graph *graph, const void *integers,
                       float *values)
{
    const enum value_type type = sned_value(graph, result->logits).type;
    const float scale = graph->tensors[result->logits].quantization.scale;
    for (size_t i = 0; i < result->elements; i++)
        values[i] = scale * (float)value_load(integers, type, i);
    if (result->ending == OP_SIGMOID)
        sigmoid(values, result->elements);
    else if (result->ending != OP_IDENTITY)
        softmax_all(result, values);
}

/* ---- activations ---- */

void sned_context_widen(sned_context *context)
{
    const struct graph *graph = context->model->graph;
    for (int t = 0; t < graph->tensor_count; t++) {
        if (!context->widened[t])
            continue;
        const struct value value = sned_value(graph, t);
        for (size_t i = 0; i < value.elements; i++)
            context->widened[t][i] = value_load(context->memory + context->plan->tensors[t], value.type, i);
    }
}

const int32_t *sned_context_activation(const sned_context *context, int tensor)
{
    if (!context || !context->widened || tensor < 0 || tensor >= context->model->graph->tensor_count)
        return NULL;
    return context->widened[tensor];
}
