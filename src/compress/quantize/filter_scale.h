/*
 * filter_scale.h - the scale of a filter's int8 weights, which is its accumulator's unit too, and the
 * integers that follow.
 */
#ifndef SNED_COMPRESS_QUANTIZE_FILTER_SCALE_H
#define SNED_COMPRESS_QUANTIZE_FILTER_SCALE_H

#include "graph/graph.h"

/* Whether a node is a Conv or Gemm, or like them: its weights are filters over its first input, and it has no
 * others. */
bool has_filters(const struct node *node);

/* One filter as it is in floats, all of them finite. */
struct filter {
    const float *weights; /* [count] */
    size_t count;
    float bias;
    float step;                  /* of the layer's weights (tensor->quantization); 0: it has none */
    float bias_step;             /* the same of its biases */
    struct quantization in, out; /* of what the node reads and makes */
};

/* The layer's step, where it has one. Else 0 where the filter has neither a weight nor a bias. */
double filter_scale(const struct filter *filter);

int8_t filter_weight(float weight, double scale);
/* Of a layer with a step a multiple of the largest power of two that is at most the step of its biases, or,
 * where they have none, half a step of the output:
 * finer biases would take more bits in the file than they are worth. */
int32_t filter_bias(const struct filter *filter, double scale);

#endif
