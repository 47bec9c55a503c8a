/*
 * pointwise.h - loops over the floats of a buffer, whatever its layout: activations, rounding, sums, SGD.
 *
 * All are split evenly over OpenMP's threads where the buffer is large; no result depends on the split.
 */
#ifndef SNED_TRAIN_EXECUTOR_POINTWISE_H
#define SNED_TRAIN_EXECUTOR_POINTWISE_H

#include "graph/graph.h"

enum { PARALLEL_MIN = 1 << 15 }; /* floats below which waking threads costs more than it saves */

/* Whether 0 stays 0. Where it does not, an activation may not be applied to a layout with padding, which
 * oneDNN relies on being zeros. */
bool pointwise_keeps_zero(const struct activation *activation);
void pointwise_activate(const struct activation *activation, float *values, size_t count);
/* gradients *= the derivative at the input, told from the outputs: 0 or 1, or the slope below 0. */
void pointwise_activate_backward(const struct activation *activation, const float *outputs, float *gradients,
                                 size_t count);
/* Rounds values that the activation has already been applied to; codes (or NULL) for the way back. */
void pointwise_quantize(const struct quantization *quantization, const struct activation *activation,
                        float *values, uint8_t *codes, size_t count);
void pointwise_quantize_backward(const struct activation *activation, const uint8_t *codes, float *gradients,
                                 size_t count);
/* Of an operator whose row has value and slope: results, and gradients from those of its results. */
void pointwise_value(const struct node *node, const float *values, float *results, size_t count);
void pointwise_slope(const struct node *node, const float *values, const float *result_gradients,
                     float *gradients, size_t count);
/* One constant's floats, and what an optimizer remembers of them. */
struct parameter {
    float *values, *momentum;
    float *squares; /* Adam's second mean */
    const float *gradients;
    const uint8_t *mask; /* where it (or NULL: all kept) is 0, values and memories are 0 */
    size_t count;
};
/* struct update says what they do. */
struct sgd {
    float rate, momentum, decay;
};
void pointwise_sgd(const struct sgd *sgd, const struct parameter *parameter);
struct adam {
    float rate, decay;
    uint64_t count;
};
void pointwise_adam(const struct adam *adam, const struct parameter *parameter);

/* floor for |x| below 2^31, in a form that vectorizes without SSE 4.1. */
static inline float pointwise_floor(float x)
{
    float whole = (float)(int32_t)x;
    return whole > x ? whole - 1 : whole;
}

/* The nearest integer of -127 to 127, halves upwards; of a NaN -127. */
static inline float pointwise_integer(float x)
{
    x = pointwise_floor((x > -127 ? (x < 127 ? x : 127) : -127) + 0.5f);
    return x;
}
void pointwise_round(const float *values, float *rounded, size_t count, float step); /* to its multiples */
/* Weights [channels][n], rounded to int8: in multiples of `step`, or, where that is 0, with one scale a
 * channel, max |w| / 127. */
void pointwise_quantize_weights(const float *weights, float *rounded, size_t channels, size_t n, float step);

#endif
