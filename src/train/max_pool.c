/*
 * max_pool.c - see max_pool.h. The inner loops run over channels, which lie side by side; images go to
 * threads.
 */
#include "train/max_pool.h"

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

static void take_first(const float *restrict from, float *restrict best, uint8_t *restrict winners,
                       uint8_t tap, size_t count)
{
    memcpy(best, from, count * sizeof *best);
    if (winners)
        memset(winners, tap, count);
}

static void take_higher(const float *restrict from, float *restrict best, uint8_t *restrict winners,
                        uint8_t tap, size_t count)
{
    if (!winners) {
        for (size_t c = 0; c < count; c++)
            best[c] = from[c] > best[c] ? from[c] : best[c];
        return;
    }
    for (size_t c = 0; c < count; c++) {
        const int higher = from[c] > best[c];
        best[c] = higher ? from[c] : best[c];
        winners[c] = higher ? tap : winners[c];
    }
}

static void forward_window(const struct max_pool *pool, int y, int x, const float *in, float *out,
                           uint8_t *winners)
{
    const int taps = pool->kernel[0] * pool->kernel[1];
    int seen = 0;
    for (int tap = 0; tap < taps; tap++) {
        const ptrdiff_t offset = tap_offset(pool, y, x, tap);
        if (offset < 0)
            continue;
        if (seen++ == 0)
            take_first(in + offset, out, winners, (uint8_t)tap, pool->channels);
        else
            take_higher(in + offset, out, winners, (uint8_t)tap, pool->channels);
    }
}

void max_pool_forward(const struct max_pool *pool, const float *in, float *out, uint8_t *winners)
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

static void backward_window(const struct max_pool *pool, int y, int x, const float *restrict gradient,
                            const uint8_t *restrict winners, float *restrict in_gradient)
{
    const int taps = pool->kernel[0] * pool->kernel[1];
    for (int tap = 0; tap < taps; tap++) {
        const ptrdiff_t offset = tap_offset(pool, y, x, tap);
        if (offset < 0)
            continue;
        float *restrict to = in_gradient + offset;
        for (size_t c = 0; c < pool->channels; c++)
            to[c] += winners[c] == tap ? gradient[c] : 0;
    }
}

void max_pool_backward(const struct max_pool *pool, const float *gradient, const uint8_t *winners,
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
