/*
 * max_pool.c - see max_pool.h. The inner loops run over channels, which lie side by side; images go to
 * threads.
 */
#include "train/operators/max_pool.h"

#include <string.h>

static size_t image_size(const struct max_pool *pool, const int size[2])
{
    return (size_t)size[0] * (size_t)size[1] * pool->channels;
}

/* Offset of the pixel under a tap of window (y, x) in its image, in floats; -1: outside. */
static ptrdiff_t tap_offset(const struct max_pool *pool, int y, int x, int tap)
{
    const int row = y * pool->stride[0] - pool->pad[0] + tap / pool->kernel[1];
    const int column = x * pool->stride[1] - pool->pad[1] + tap % pool->kernel[1];
    if (row < 0 || row >= pool->in[0] || column < 0 || column >= pool->in[1])
        return -1;
    return ((ptrdiff_t)row * pool->in[1] + column) * (ptrdiff_t)pool->channels;
}

static void take_first(const float *restrict from, float *restrict best, int32_t *restrict winners,
                       int32_t tap, size_t count)
{
    memcpy(best, from, count * sizeof *best);
    for (size_t c = 0; winners && c < count; c++)
        winners[c] = tap;
}

static void take_higher(const float *restrict from, float *restrict best, int32_t *restrict winners,
                        int32_t tap, size_t count)
{
    if (!winners) {
        for (size_t c = 0; c < count; c++)
            best[c] = from[c] > best[c] ? from[c] : best[c];
        return;
    }
    /* Without branches, so that it vectorizes: all bits set where the new one is higher. */
#pragma omp simd
    for (size_t c = 0; c < count; c++) {
        const int32_t higher = -(int32_t)(from[c] > best[c]);
        winners[c] = (tap & higher) | (winners[c] & ~higher);
        best[c] = from[c] > best[c] ? from[c] : best[c];
    }
}

static void forward_window(const struct max_pool *pool, int y, int x, const float *in, float *out,
                           int32_t *winners)
{
    const int taps = pool->kernel[0] * pool->kernel[1];
    int seen = 0;
    for (int tap = 0; tap < taps; tap++) {
        const ptrdiff_t offset = tap_offset(pool, y, x, tap);
        if (offset < 0)
            continue;
        if (seen++ == 0)
            take_first(in + offset, out, winners, tap, pool->channels);
        else
            take_higher(in + offset, out, winners, tap, pool->channels);
    }
}

void max_pool_forward(const struct max_pool *pool, const float *in, float *out, int32_t *winners)
{
    const size_t in_size = image_size(pool, pool->in), out_size = image_size(pool, pool->out);
#pragma omp parallel for schedule(static)
    for (size_t n = 0; n < pool->batch; n++) {
        size_t at = n * out_size;
        for (int y = 0; y < pool->out[0]; y++)
            for (int x = 0; x < pool->out[1]; x++, at += pool->channels)
                forward_window(pool, y, x, in + n * in_size, out + at, winners ? winners + at : NULL);
    }
}

/* value where all bits of `mask` are set, 0 where none is: a choice without a branch. */
static inline float masked(float value, int32_t mask)
{
    union {
        float value;
        int32_t bits;
    } u = {value};
    u.bits &= mask;
    return u.value;
}

static void backward_window(const struct max_pool *pool, int y, int x, const float *restrict gradient,
                            const int32_t *restrict winners, float *restrict in_gradient)
{
    const int taps = pool->kernel[0] * pool->kernel[1];
    for (int tap = 0; tap < taps; tap++) {
        const ptrdiff_t offset = tap_offset(pool, y, x, tap);
        if (offset < 0)
            continue;
        float *restrict to = in_gradient + offset;
#pragma omp simd
        for (size_t c = 0; c < pool->channels; c++)
            to[c] += masked(gradient[c], -(int32_t)(winners[c] == tap));
    }
}

void max_pool_backward(const struct max_pool *pool, const float *gradient, const int32_t *winners,
                       float *in_gradient)
{
    const size_t in_size = image_size(pool, pool->in), out_size = image_size(pool, pool->out);
#pragma omp parallel for schedule(static)
    for (size_t n = 0; n < pool->batch; n++) {
        size_t at = n * out_size;
        memset(in_gradient + n * in_size, 0, in_size * sizeof *in_gradient);
        for (int y = 0; y < pool->out[0]; y++)
            for (int x = 0; x < pool->out[1]; x++, at += pool->channels)
                backward_window(pool, y, x, gradient + at, winners + at, in_gradient + n * in_size);
    }
}
