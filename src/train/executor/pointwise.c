/*
 * pointwise.c - see pointwise.h.
 */
#include "train/executor/pointwise.h"
#include "graph/operator.h"
#include "train/executor/plan.h"

#include <math.h>

static float activate(const struct activation *activation, float x)
{
    switch (activation->kind) {
    case ACTIVATION_RELU:
        return x > 0 ? x : 0;
    case ACTIVATION_CLIP:
        return fminf(fmaxf(x, activation->low), activation->high);
    case ACTIVATION_LEAKY_RELU:
        return x > 0 ? x : x * activation->slope;
    case ACTIVATION_NONE:
        break;
    }
    return x;
}

bool pointwise_keeps_zero(const struct activation *activation)
{
    return activate(activation, 0) == 0;
}

void pointwise_activate(const struct activation *activation, float *values, size_t count)
{
    struct activation a = *activation;
    if (a.kind == ACTIVATION_RELU) {
#pragma omp parallel for simd schedule(static) if (count >= PARALLEL_MIN)
        for (size_t i = 0; i < count; i++)
            values[i] = values[i] > 0 ? values[i] : 0;
        return;
    }
#pragma omp parallel for schedule(static) if (count >= PARALLEL_MIN)
    for (size_t i = 0; i < count; i++)
        values[i] = activate(&a, values[i]);
}

void pointwise_activate_backward(const struct activation *activation, const float *outputs, float *gradients,
                                 size_t count)
{
    struct activation a = *activation;
    if (a.kind == ACTIVATION_RELU) {
#pragma omp parallel for simd schedule(static) if (count >= PARALLEL_MIN)
        for (size_t i = 0; i < count; i++)
            gradients[i] = outputs[i] > 0 ? gradients[i] : 0;
    } else if (a.kind == ACTIVATION_CLIP) {
#pragma omp parallel for simd schedule(static) if (count >= PARALLEL_MIN)
        for (size_t i = 0; i < count; i++)
            gradients[i] = (outputs[i] > a.low) & (outputs[i] < a.high) ? gradients[i] : 0;
    } else if (a.kind == ACTIVATION_LEAKY_RELU) {
#pragma omp parallel for simd schedule(static) if (count >= PARALLEL_MIN)
        for (size_t i = 0; i < count; i++)
            gradients[i] = outputs[i] > 0 ? gradients[i] : gradients[i] * a.slope;
    }
}

struct integer_range {
    float low, high;
};

static struct integer_range integer_range(const struct quantization *quantization)
{
    if (quantization->bits == 16)
        return (struct integer_range){-32768, 32767};
    if (quantization->is_signed)
        return (struct integer_range){-128, 127};
    return (struct integer_range){0, 255};
}

/* Where the gradient passes whole: outputs between the two, both left out; and what it does elsewhere. */
struct passage {
    float low, high;
    uint8_t elsewhere;
};

static struct passage passage_of(const struct activation *activation)
{
    switch (activation->kind) {
    case ACTIVATION_RELU:
        return (struct passage){0, INFINITY, PASS_BLOCKED};
    case ACTIVATION_CLIP:
        return (struct passage){activation->low, activation->high, PASS_BLOCKED};
    case ACTIVATION_LEAKY_RELU:
        return (struct passage){0, INFINITY, PASS_SLOPE};
    case ACTIVATION_NONE:
        break;
    }
    return (struct passage){-INFINITY, INFINITY, PASS_WHOLE};
}

void pointwise_quantize(const struct quantization *quantization, const struct activation *activation,
                        float *restrict values, uint8_t *restrict codes, size_t count)
{
    const struct integer_range range = integer_range(quantization);
    const float scale = quantization->scale, least = range.low, most = range.high;
    const struct passage pass = passage_of(activation);
    /* To just outside the range first: the conversion to an integer is then defined, and NaN is the low
     * end. */
    const float low = least - 2, high = most + 2;
    if (codes) {
#pragma omp parallel for simd schedule(static) if (count >= PARALLEL_MIN)
        for (size_t i = 0; i < count; i++) {
            float x = values[i] / scale + 0.5f;
            x = pointwise_floor(x > low ? (x < high ? x : high) : low);
            const int code = values[i] > pass.low && values[i] < pass.high ? PASS_WHOLE : pass.elsewhere;
            codes[i] = (uint8_t)(x >= least && x <= most ? code : PASS_BLOCKED);
            x = x > least ? x : least;
            values[i] = (x < most ? x : most) * scale;
        }
        return;
    }
#pragma omp parallel for simd schedule(static) if (count >= PARALLEL_MIN)
    for (size_t i = 0; i < count; i++) {
        float x = values[i] / scale + 0.5f;
        x = pointwise_floor(x > low ? (x < high ? x : high) : low);
        x = x > least ? x : least;
        values[i] = (x < most ? x : most) * scale;
    }
}

void pointwise_quantize_backward(const struct activation *activation, const uint8_t *restrict codes,
                                 float *restrict gradients, size_t count)
{
    const float slope = activation->slope;
#pragma omp parallel for simd schedule(static) if (count >= PARALLEL_MIN)
    for (size_t i = 0; i < count; i++)
        gradients[i] *= codes[i] == PASS_WHOLE ? 1 : codes[i] == PASS_SLOPE ? slope : 0;
}

void pointwise_value(const struct node *node, const float *values, float *results, size_t count)
{
    value_function *value = sned_operator(node->op)->value;
#pragma omp parallel for schedule(static) if (count >= PARALLEL_MIN)
    for (size_t i = 0; i < count; i++)
        results[i] = value(node, values[i]);
}

void pointwise_slope(const struct node *node, const float *values, const float *result_gradients,
                     float *gradients, size_t count)
{
    value_function *slope = sned_operator(node->op)->slope;
#pragma omp parallel for schedule(static) if (count >= PARALLEL_MIN)
    for (size_t i = 0; i < count; i++)
        gradients[i] = result_gradients[i] * slope(node, values[i]);
}

void pointwise_sgd(const struct sgd *sgd, const struct parameter *parameter)
{
    const float rate = sgd->rate, momentum = sgd->momentum, decay = sgd->decay;
    float *restrict weights = parameter->values, *restrict velocities = parameter->momentum;
    const float *restrict gradients = parameter->gradients;
    const uint8_t *restrict mask = parameter->mask;
    const size_t count = parameter->count;
    if (!mask) {
#pragma omp parallel for simd schedule(static) if (count >= PARALLEL_MIN)
        for (size_t i = 0; i < count; i++) {
            velocities[i] = momentum * velocities[i] + gradients[i] + decay * weights[i];
            weights[i] -= rate * velocities[i];
        }
        return;
    }
#pragma omp parallel for simd schedule(static) if (count >= PARALLEL_MIN)
    for (size_t i = 0; i < count; i++) {
        float v = momentum * velocities[i] + gradients[i] + decay * weights[i];
        float w = weights[i] - rate * v;
        velocities[i] = mask[i] ? v : 0;
        weights[i] = mask[i] ? w : 0;
    }
}

void pointwise_adam(const struct adam *adam, const struct parameter *parameter)
{
    const float keep = 0.9f, keep_squares = 0.999f, least = 1e-8f, decay = adam->rate * adam->decay;
    const float rate = (float)(adam->rate / (1 - pow(0.9, (double)adam->count)));
    const float correction = (float)(1 / (1 - pow(0.999, (double)adam->count)));
    float *restrict weights = parameter->values, *restrict means = parameter->momentum;
    float *restrict squares = parameter->squares;
    const float *restrict gradients = parameter->gradients;
    const uint8_t *restrict mask = parameter->mask;
    const size_t count = parameter->count;
#pragma omp parallel for simd schedule(static) if (count >= PARALLEL_MIN)
    for (size_t i = 0; i < count; i++) {
        const float g = gradients[i], kept = mask ? mask[i] : 1;
        const float m = keep * means[i] + (1 - keep) * g;
        const float v = keep_squares * squares[i] + (1 - keep_squares) * g * g;
        const float w = weights[i] - decay * weights[i] - rate * m / (sqrtf(v * correction) + least);
        means[i] = kept * m;
        squares[i] = kept * v;
        weights[i] = kept * w;
    }
}

void pointwise_round(const float *values, float *rounded, size_t count, float step)
{
    for (size_t i = 0; i < count; i++)
        rounded[i] = floorf(values[i] / step + 0.5f) * step;
}

/* Multiples of a step, -127 to 127 of it. */
static void round_to_step(const float *restrict weights, float *restrict rounded, size_t count, float step)
{
#pragma omp parallel for simd schedule(static) if (count >= PARALLEL_MIN)
    for (size_t i = 0; i < count; i++)
        rounded[i] = pointwise_integer(weights[i] / step) * step;
}

void pointwise_quantize_weights(const float *weights, float *rounded, size_t channels, size_t n, float step)
{
    if (step > 0) {
        round_to_step(weights, rounded, channels * n, step);
        return;
    }
#pragma omp parallel for schedule(static) if (channels * n >= PARALLEL_MIN)
    for (size_t k = 0; k < channels; k++) {
        const float *from = weights + k * n;
        float largest = 0;
        for (size_t i = 0; i < n; i++)
            largest = fmaxf(largest, fabsf(from[i]));
        float scale = largest > 0 ? largest / 127 : 1;
        for (size_t i = 0; i < n; i++)
            rounded[k * n + i] = floorf(from[i] / scale + 0.5f) * scale;
    }
}
