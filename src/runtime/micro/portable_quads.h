/*
 * portable_quads.h - sums of products of bytes in plain C: see struct quad_list in micro.h. All of it is a
 * macro, of bytes of either kind: what columns take lesser instructions for (portable_quads.c), and what no
 * machine's column takes (portable_signed.c).
 *
 * Sums are unsigned here: they may wrap on their way, and end within int32 where the caller's start makes up
 * for its flips.
 */
#ifndef SNED_RUNTIME_MICRO_PORTABLE_QUADS_H
#define SNED_RUNTIME_MICRO_PORTABLE_QUADS_H

#include "runtime/micro/columns.h"
#include "runtime/micro/ends.h"

/* A filter's sums begin with its start. */
static inline void quad_begin(uint32_t *restrict sums, size_t count, int32_t start)
{
    for (size_t p = 0; p < count; p++)
        sums[p] = (uint32_t)start;
}

static inline size_t filters_of_set(unsigned set)
{
    size_t filters = 0;
    for (; set; set &= set - 1)
        filters++;
    return filters;
}

#define DENSE(name, type)                                                                                    \
    void name(int32_t *sums, size_t step, size_t count, const uint8_t *restrict input,                       \
              const struct quad_list *list)                                                                  \
    {                                                                                                        \
        for (int f = 0; f < list->filters; f++, sums += step) {                                              \
            uint32_t *restrict row = (uint32_t *)sums;                                                       \
            quad_begin(row, count, list->start[f]);                                                          \
            for (size_t q = 0; q < list->count; q++) {                                                       \
                const type *from = (const type *)input + (size_t)list->offsets[q] * 4;                       \
                const int8_t *w = list->weights + (q * (size_t)list->filters + (size_t)f) * 4;               \
                const int w0 = w[0], w1 = w[1], w2 = w[2], w3 = w[3];                                        \
                for (size_t p = 0; p < count; p++, from += 4)                                                \
                    row[p] += (uint32_t)(from[0] * w0 + from[1] * w1 + from[2] * w2 + from[3] * w3);         \
            }                                                                                                \
        }                                                                                                    \
    }

/* A filter's products of a quad, four rows. Once and not wherever it is called: it is long where compilers
 * make vectors of it. */
#define ADD_QUAD(name, type)                                                                                 \
    static __attribute__((noinline)) void name(uint32_t *restrict row, size_t count, const type *restrict a, \
                                               const type *restrict b, const type *restrict c,               \
                                               const type *restrict d, const int8_t *w)                      \
    {                                                                                                        \
        const int16_t w0 = w[0], w1 = w[1], w2 = w[2], w3 = w[3];                                            \
        for (size_t p = 0; p < count; p++)                                                                   \
            row[p] += (uint32_t)(a[p] * w0 + b[p] * w1 + c[p] * w2 + d[p] * w3);                             \
    }

#define SPARSE(name, type, add)                                                                              \
    void name(int32_t *sums, size_t step, size_t count, const uint8_t *restrict input,                       \
              const struct quad_list *list)                                                                  \
    {                                                                                                        \
        for (int f = 0; f < list->filters; f++, sums += step) {                                              \
            quad_begin((uint32_t *)sums, count, list->start[f]);                                             \
            const type *rows = (const type *)input;                                                          \
            const uint32_t *at = list->offsets;                                                              \
            const int8_t *weights = list->weights + f * 4;                                                   \
            for (size_t q = list->count; q; q--, at += 4, weights += list->filters * 4)                      \
                add((uint32_t *)sums, count, rows + at[0], rows + at[1], rows + at[2], rows + at[3],         \
                    weights);                                                                                \
        }                                                                                                    \
    }

/* A filter's weights of a quad come behind those of the set's filters before it. */
#define SHARED(name, type, add)                                                                              \
    void name(struct line_sums *to, const uint8_t *restrict input, const struct quad_list *list)             \
    {                                                                                                        \
        const type *rows = (const type *)input;                                                              \
        for (unsigned f = 0; f < (unsigned)list->filters; f++) {                                             \
            uint32_t *sums = (uint32_t *)to->of[f];                                                          \
            const uint16_t *at = list->lines;                                                                \
            const int8_t *weights = list->weights;                                                           \
            if (list->start)                                                                                 \
                quad_begin(sums, LINE_PIXELS, list->start[f]);                                               \
            for (unsigned set = 1; set < QUAD_SETS; set++) {                                                 \
                const size_t before = filters_of_set(set & ((1u << f) - 1)) * 4,                             \
                             size = filters_of_set(set) * 4;                                                 \
                for (size_t q = list->sets[set]; q; q--, at += 4, weights += size)                           \
                    if (set >> f & 1)                                                                        \
                        add(sums, LINE_PIXELS, rows + at[0] * LINE_UNIT, rows + at[1] * LINE_UNIT,           \
                            rows + at[2] * LINE_UNIT, rows + at[3] * LINE_UNIT, weights + before);           \
            }                                                                                                \
        }                                                                                                    \
    }

/* A row of a filter's. */
#define SLIDING_ROW(name, type)                                                                              \
    static void name(uint32_t *restrict sums, size_t count, size_t stride, const type *restrict input,       \
                     const struct quad_list *list, int filter)                                               \
    {                                                                                                        \
        quad_begin(sums, count, list->start[filter]);                                                        \
        for (size_t q = 0; q < list->count; q++) {                                                           \
            const type *from = input + list->offsets[q];                                                     \
            const int8_t *w = list->weights + (q * (size_t)list->filters + (size_t)filter) * 4;              \
            const int w0 = w[0], w1 = w[1], w2 = w[2], w3 = w[3];                                            \
            for (size_t p = 0; p < count; p++, from += stride)                                               \
                sums[p] += (uint32_t)(from[0] * w0 + from[1] * w1 + from[2] * w2 + from[3] * w3);            \
        }                                                                                                    \
    }

#define SLIDING(name, type, row)                                                                             \
    void name(int32_t *sums, size_t step, const struct quad_rows *pixels, const uint8_t *input,              \
              const struct quad_list *list)                                                                  \
    {                                                                                                        \
        for (int f = 0; f < list->filters; f++)                                                              \
            for (size_t y = 0; y < pixels->rows; y++)                                                        \
                row((uint32_t *)sums + (size_t)f * step + y * pixels->count, pixels->count, pixels->stride,  \
                    (const type *)input + y * pixels->row_step, list, f);                                    \
    }

/* A pixel of a filter at a time. */
#define ENDED_FILTER_LANES(name, number)                                                                     \
    void name(void *to, size_t step, const struct quad_rows *pixels, const uint8_t *input,                   \
              const struct quad_list *list, const struct quad_ends *ends)                                    \
    {                                                                                                        \
        const size_t size = value_size(ends->type), count = pixels->count;                                   \
        for (size_t i = 0; i < (size_t)list->filters * pixels->rows * count; i++) {                          \
            const size_t x = i % count, y = i / count % pixels->rows, f = i / count / pixels->rows;          \
            const size_t pixel = y * count + x;                                                              \
            const size_t at = ends->in_quads ? (f / 4 * step + pixel) * 4 + f % 4 : f * step + pixel;        \
            const number *first = (const number *)input + y * pixels->row_step + x * pixels->stride;         \
            uint32_t sum = (uint32_t)list->start[f];                                                         \
            for (size_t q = 0; q < list->count; q++) {                                                       \
                const number *from = first + (size_t)list->offsets[q] * 4;                                   \
                const int8_t *w = list->weights + (q * FILTER_LANES + f) * 4;                                \
                sum += (uint32_t)(from[0] * w[0] + from[1] * w[1] + from[2] * w[2] + from[3] * w[3]);        \
            }                                                                                                \
            sned_requantize[ends->type]((uint8_t *)to + at * size, (int32_t *)&sum, 1, ends->scalings[f],    \
                                        ends->rule);                                                         \
        }                                                                                                    \
    }

/* A piece's sums. */
#define PIECE(name, type)                                                                                    \
    static void name(uint32_t sums[PIECE_OUTPUTS], size_t count, const uint8_t *input,                       \
                     const struct channel_pieces *pieces, const struct quad_gather *gathers,                 \
                     const int8_t *weights)                                                                  \
    {                                                                                                        \
        for (size_t q = 0; q < pieces->quads; q++, weights += 4) {                                           \
            const uint8_t(*order)[4] = pieces->orders[gathers[q].order];                                     \
            const uint8_t *from = input + gathers[q].offset;                                                 \
            for (size_t i = 0; i < count; i++)                                                               \
                for (int j = 0; j < 4; j++) {                                                                \
                    const uint8_t byte = order[i][j] < GATHER_BYTES ? from[order[i][j]] : 0;                 \
                    sums[i] += (uint32_t)((type)(byte ^ pieces->flip) * weights[j]);                         \
                }                                                                                            \
        }                                                                                                    \
    }

#define CHANNELS(name, sum_piece)                                                                            \
    void name(void *to, const uint8_t *input, const struct channel_range *range,                             \
              const struct channel_pieces *pieces, const struct quad_ends *ends)                             \
    {                                                                                                        \
        const size_t size = value_size(ends->type);                                                          \
        for (size_t c = 0; c < range->count; c++, input += range->step)                                      \
            for (size_t p = 0; p < pieces->count; p++) {                                                     \
                const size_t channel = range->first + c, at = pieces->first[p];                              \
                const size_t count = pieces->first[p + 1] - at;                                              \
                uint32_t sums[PIECE_OUTPUTS];                                                                \
                quad_begin(sums, count, pieces->start[channel]);                                             \
                sum_piece(sums, count, input, pieces, pieces->gathers + p * pieces->quads,                   \
                          pieces->weights + channel * pieces->quads * 4);                                    \
                sned_requantize[ends->type]((uint8_t *)to + (c * range->to_step + at) * size,                \
                                            (const int32_t *)sums, count, ends->scalings[channel],           \
                                            ends->rule);                                                     \
            }                                                                                                \
    }

/* All of a kind of bytes but sliding. */
#define PORTABLE_QUADS(kind, type)                                                                           \
    DENSE(sned_dense_##kind, type)                                                                           \
    ADD_QUAD(add_quad, type)                                                                                 \
    SPARSE(sned_sparse_##kind, type, add_quad)                                                               \
    SHARED(sned_add_shared_##kind, type, add_quad)                                                           \
    ENDED_ROWS(sned_ended_dense_##kind, sned_dense_##kind, sned_requantize, sned_interleave)                 \
    ENDED_ROWS(sned_ended_sparse_##kind, sned_sparse_##kind, sned_requantize, NULL)                          \
    ENDED_SLIDING(sned_ended_sliding_##kind, sned_sliding_##kind, sned_requantize)                           \
    ENDED_FILTER_LANES(sned_ended_filter_lanes_##kind, type)                                                 \
    PIECE(sum_piece, type)                                                                                   \
    CHANNELS(sned_depthwise_##kind, sum_piece)

#endif
