/*
 * results.c - the way out of a network: an output's integers as floats, and what its ending (Softmax,
 * LogSoftmax, Sigmoid) makes of them.
 */
#include "runtime/model.h"

#include <math.h>

/* In double, so that the sum does not depend on how a compiler orders it. */
static void softmax(float *values, int count, bool as_logarithms)
{
    float max = values[0];
    double sum = 0;
    for (int i = 1; i < count; i++)
        max = values[i] > max ? values[i] : max;
    for (int i = 0; i < count; i++)
        sum += exp((double)values[i] - max);
    for (int i = 0; i < count; i++)
        values[i] =
            (float)(as_logarithms ? (double)values[i] - max - log(sum) : exp((double)values[i] - max) / sum);
}

static void sigmoid(float *values, int count)
{
    for (int i = 0; i < count; i++)
        values[i] = (float)(1 / (1 + exp(-(double)values[i])));
}

void sned_result_write(const sned_model *model, int index, const void *integers, float *result)
{
    const struct scores *scores = &model->scores[index];
    const struct value value = sned_value(model->graph, scores->logits);
    const float scale = model->graph->tensors[scores->logits].quantization.scale;
    for (size_t i = 0; i < value.elements; i++)
        result[i] = scale * (float)value_load(integers, value.type, i);
    if (scores->ending == OP_SIGMOID)
        sigmoid(result, scores->count);
    else if (scores->ending != OP_IDENTITY)
        softmax(result, scores->count, scores->ending == OP_LOG_SOFTMAX);
}
