/*
 * vector.c - a Vector descriptor: pools and copies, sums, LRN, as docs/arithmetic.md defines them.
 */
#include "accel/golden/golden.h"
#include "base/memory.h"

#include <stdlib.h>

static int64_t wrapped(const struct golden *g, int64_t place)
{
    return place & (g->program->config->activation_bytes - 1);
}

static int read_byte(const struct golden *g, int64_t place, bool is_signed)
{
    const uint8_t byte = g->memory[wrapped(g, place)];
    return is_signed ? (int8_t)byte : byte;
}

static void write_byte(struct golden *g, int64_t place, int64_t value)
{
    g->memory[wrapped(g, place)] = (uint8_t)value;
}

/* A window's largest element, or sum. One without elements: -256, or 0. */
static int64_t window_of(const struct golden *g, const struct vector_work *w, int64_t c, int64_t y, int64_t x)
{
    const bool max = w->operation == VECTOR_MAX;
    int64_t result = max ? -256 : 0;
    for (int64_t r = 0; r < w->kernel_height; r++)
        for (int64_t s = 0; s < w->kernel_width; s++) {
            const int64_t row = y * w->stride_down - w->pad_top + r,
                          column = x * w->stride_right - w->pad_left + s;
            if (row < 0 || row >= w->height || column < 0 || column >= w->width)
                continue;
            const int value = read_byte(g, w->base + c * w->plane + row * w->pitch + column, w->is_signed);
            if (!max)
                result += value;
            else if (value > result)
                result = value;
        }
    return result;
}

static void write_average(struct golden *g, const struct vector_work *w, int64_t place, int64_t sum)
{
    const int64_t value = golden_scale(sum * w->multiplier, (int)w->shift, w->low, w->high);
    write_byte(g, w->out_base + place, value);
    if (w->wide)
        write_byte(g, w->second + place, value >> 8);
}

static void run_pool(struct golden *g, const struct vector_work *w)
{
    for (int64_t c = 0; c < w->channels; c++)
        for (int64_t y = 0; y < w->out_height; y++)
            for (int64_t x = 0; x < w->out_width; x++) {
                const int64_t window = window_of(g, w, c, y, x);
                const int64_t place = c * w->out_plane + y * w->out_pitch + x;
                if (w->operation == VECTOR_MAX)
                    write_byte(g, w->out_base + place, window);
                else
                    write_average(g, w, place, window);
            }
}

static void run_reduce(struct golden *g, const struct vector_work *w)
{
    for (int64_t c = 0; c < w->channels; c++) {
        int64_t sum = 0;
        for (int64_t y = 0; y < w->height; y++)
            for (int64_t x = 0; x < w->width; x++)
                sum += read_byte(g, w->base + c * w->plane + y * w->pitch + x, w->is_signed);
        write_average(g, w, c * w->out_plane, sum);
    }
}

static void run_add(struct golden *g, const struct vector_work *w)
{
    for (int64_t i = 0; i < w->length; i++) {
        const int64_t a = read_byte(g, w->base + i, w->is_signed),
                      b = read_byte(g, w->second + i, w->second_signed);
        write_byte(
            g, w->out_base + i,
            golden_scale(a * w->multiplier + b * w->second_multiplier, (int)w->shift, w->low, w->high));
    }
}

static int64_t lrn_index(int64_t sum)
{
    int e = 6;
    while (sum >> (e + 1))
        e++;
    const int64_t index = sum < 64 ? sum : 64 * (e - 5) + (sum >> (e - 6)) % 64;
    return index > LRN_TABLE_SIZE - 1 ? LRN_TABLE_SIZE - 1 : index;
}

/* Sums of a pixel's window come from the input alone, also where results are written over it. */
static sned_status run_lrn(struct golden *g, const struct vector_work *w, sned_error *error)
{
    int *values;
    SNED_TRY(sned_alloc(&values, (size_t)w->channels + 1, sizeof *values, error));
    for (int64_t p = 0; p < w->length; p++) {
        for (int64_t c = 0; c < w->channels; c++)
            values[c] = read_byte(g, w->base + c * w->plane + p, w->is_signed);
        for (int64_t c = 0; c < w->channels; c++) {
            int64_t sum = 0;
            for (int64_t i = c - (w->lrn_size - 1) / 2; i <= c + w->lrn_after; i++)
                sum += i < 0 || i >= w->channels ? 0 : (int64_t)values[i] * values[i];
            write_byte(
                g, w->out_base + c * w->out_plane + p,
                golden_scale((int64_t)values[c] * g->lrn[lrn_index(sum)], (int)w->shift, w->low, w->high));
        }
    }
    free(values);
    return SNED_OK;
}

sned_status golden_vector(struct golden *g, const struct vector_work *w, sned_error *error)
{
    const int64_t memory = g->program->config->activation_bytes;
    if (w->base >= memory || w->out_base >= memory || w->second >= memory ||
        (w->operation != VECTOR_MAX && !w->shift))
        return sned_fail(error, SNED_ERROR_DATA, "a Vector operation beyond the activation memory");
    switch (w->operation) {
    case VECTOR_MAX:
    case VECTOR_AVERAGE:
        run_pool(g, w);
        break;
    case VECTOR_REDUCE:
        run_reduce(g, w);
        break;
    case VECTOR_ADD:
        run_add(g, w);
        break;
    case VECTOR_LRN:
        return run_lrn(g, w, error);
    default:
        return sned_fail(error, SNED_ERROR_DATA, "no Vector operation %d", (int)w->operation);
    }
    return SNED_OK;
}
