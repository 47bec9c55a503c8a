/*
 * quads.h - sums of products of bytes in vectors of 32 bytes: see struct quad_list in micro.h. The source of
 * two columns, of which each compiles it once, behind its own
 *
 *     __m256i add_products(__m256i sum, __m256i activations, __m256i weights)    sum + those of eight quads
 *     PAIR_LIMIT      what weights are to keep to for that (micro.h); 0: nothing, as vpdpbusd is exact
 *
 * Blocks store whole vectors. Where a row ends within one, they do so into memory of this file's, unless
 * there is room behind each row: what becomes outputs has it.
 */
#ifndef SNED_RUNTIME_MICRO_AVX2_QUADS_H
#define SNED_RUNTIME_MICRO_AVX2_QUADS_H

#include "runtime/micro/avx2/avx2.h"
#include "runtime/micro/ends.h"

#if defined(__x86_64__)
#include <string.h>

enum { QUAD_PIXELS = 8 /* of a vector */, QUAD_FILTERS = 4, BLOCK_PIXELS = 64 /* at most, of all blocks */ };

/* Where rows of sums go. */
struct sum_rows {
    int32_t *to;
    size_t step;
    bool has_room; /* behind each row, to the end of a block */
};

AVX2_INLINE __m256i spread_quad(const int8_t weights[4])
{
    int32_t quad;
    memcpy(&quad, weights, sizeof quad);
    return _mm256_set1_epi32(quad);
}

/* Where a block of so many pixels stores its sums, of which the first `left` are asked for. */
static inline struct sum_rows block_rows(const struct sum_rows *rows, size_t at, size_t left, size_t pixels,
                                         int32_t part[QUAD_FILTERS * BLOCK_PIXELS])
{
    if (__builtin_expect(left >= pixels || rows->has_room, true))
        return (struct sum_rows){rows->to + at, rows->step, true};
    return (struct sum_rows){part, BLOCK_PIXELS, false};
}

/* And to where they belong. */
static inline void end_block(const struct sum_rows *rows, size_t at, size_t left,
                             const struct sum_rows *block, int filters)
{
    if (__builtin_expect(block->has_room, true))
        return;
    for (int f = 0; f < filters; f++)
        memcpy(rows->to + (size_t)f * rows->step + at, block->to + (size_t)f * block->step,
               left * sizeof *block->to);
}

/* ---- dense: eight pixels' quads are a vector ---- */

/* Of one vector four sums are too few for vpdpbusd, which has each wait five cycles until it is added to
 * again: there quads take turns at two sums. Where products are added by vpaddd, that waits for one. */
enum { DENSE_VECTORS = 3 /* at most */, DENSE_TURNS = 2 };

typedef __m256i dense_sums[QUAD_FILTERS][DENSE_VECTORS];

AVX2_INLINE void add_dense_quad(dense_sums sums, const uint8_t *input, const struct quad_list *list, size_t q,
                                const int filters, const int vectors)
{
    const uint8_t *from = input + (size_t)list->offsets[q] * 4;
    const int8_t *weights = list->weights + q * (size_t)filters * 4;
    __m256i activations[DENSE_VECTORS];
    for (int v = 0; v < vectors; v++)
        activations[v] = load(from + v * 32);
    for (int f = 0; f < filters; f++) {
        const __m256i weight = spread_quad(weights + f * 4);
        for (int v = 0; v < vectors; v++)
            sums[f][v] = add_products(sums[f][v], activations[v], weight);
    }
}

AVX2_INLINE void dense_block(const struct sum_rows *rows, const uint8_t *input, const struct quad_list *list,
                             const int filters, const int vectors)
{
    const int turns = vectors == 1 && !PAIR_LIMIT ? DENSE_TURNS : 1;
    const size_t even = list->count - list->count % (size_t)turns;
    dense_sums sums[DENSE_TURNS];
    for (int f = 0; f < filters; f++)
        for (int v = 0; v < vectors; v++) {
            sums[0][f][v] = _mm256_set1_epi32(list->start[f]);
            sums[1][f][v] = _mm256_setzero_si256();
        }
    for (size_t q = 0; q < even; q += (size_t)turns)
        for (int t = 0; t < turns; t++)
            add_dense_quad(sums[t], input, list, q + (size_t)t, filters, vectors);
    if (even < list->count)
        add_dense_quad(sums[0], input, list, even, filters, vectors);
    for (int f = 0; f < filters; f++)
        for (int v = 0; v < vectors; v++) {
            __m256i *sum = &sums[0][f][v];
            *sum = turns > 1 ? _mm256_add_epi32(*sum, sums[1][f][v]) : *sum;
            store(rows->to + (size_t)f * rows->step + v * QUAD_PIXELS, *sum);
        }
}

AVX2_INLINE void dense_rows(const struct sum_rows *rows, size_t count, const uint8_t *input,
                            const struct quad_list *list, const int filters)
{
    int32_t part[QUAD_FILTERS * BLOCK_PIXELS];
    for (size_t at = 0, pixels; at < count; at += pixels) {
        const size_t left = count - at, vectors = (left + QUAD_PIXELS - 1) / QUAD_PIXELS;
        const uint8_t *from = input + at * 4;
        pixels = (vectors < DENSE_VECTORS ? vectors : DENSE_VECTORS) * QUAD_PIXELS;
        const struct sum_rows block = block_rows(rows, at, left, pixels, part);
        if (vectors >= DENSE_VECTORS)
            dense_block(&block, from, list, filters, DENSE_VECTORS);
        else if (vectors == 2)
            dense_block(&block, from, list, filters, 2);
        else
            dense_block(&block, from, list, filters, 1);
        end_block(rows, at, left, &block, filters);
    }
}

AVX2 static void sum_dense(const struct sum_rows *rows, size_t count, const uint8_t *input,
                           const struct quad_list *list)
{
    switch (list->filters) {
    case 1:
        dense_rows(rows, count, input, list, 1);
        break;
    case 2:
        dense_rows(rows, count, input, list, 2);
        break;
    case 3:
        dense_rows(rows, count, input, list, 3);
        break;
    default:
        dense_rows(rows, count, input, list, 4);
    }
}

/* ---- sparse: four rows of 32 pixels become four vectors of quads ---- */

/* Of 32 pixels' quads the first or the second half of each 16: of the lower half of a register 0 to 7 or 8 to
 * 15, of the upper one 16 to 23 or 24 to 31. The first of two vectors has the first four of each. */
AVX2_INLINE void quads_of(__m256i quads[2], const __m256i rows[4], const bool second)
{
    const __m256i ab =
        second ? _mm256_unpackhi_epi8(rows[0], rows[1]) : _mm256_unpacklo_epi8(rows[0], rows[1]);
    const __m256i cd =
        second ? _mm256_unpackhi_epi8(rows[2], rows[3]) : _mm256_unpacklo_epi8(rows[2], rows[3]);
    quads[0] = _mm256_unpacklo_epi16(ab, cd);
    quads[1] = _mm256_unpackhi_epi16(ab, cd);
}

/* The sums of two vectors of quads_of: of eight pixels, and of those 16 further. */
AVX2_INLINE void store_halves(int32_t *to, const __m256i sums[2])
{
    store(to, _mm256_permute2x128_si256(sums[0], sums[1], 0x20));
    store(to + 16, _mm256_permute2x128_si256(sums[0], sums[1], 0x31));
}

/* `vectors` times 32 pixels of `filters` filters; where `halves` is 1, only one half of each 16 of them. */
AVX2_INLINE void sparse_block(const struct sum_rows *rows, const uint8_t *input, const struct quad_list *list,
                              const int filters, const int vectors, const int first_half, const int halves)
{
    __m256i sum[QUAD_FILTERS][2][2][2]; /* [filter][32 pixels][half] */
    const int8_t *weights = list->weights;
    const uint32_t *offsets = list->offsets;
    for (int f = 0; f < filters; f++)
        for (int i = 0; i < vectors * halves; i++)
            sum[f][i / halves][i % halves][0] = sum[f][i / halves][i % halves][1] =
                _mm256_set1_epi32(list->start[f]);
    for (size_t q = list->count; q; q--, weights += filters * 4, offsets += 4)
        for (int v = 0; v < vectors; v++) {
            __m256i taps[4], quads[2];
            for (int j = 0; j < 4; j++)
                taps[j] = load(input + offsets[j] + v * 32);
            for (int h = 0; h < halves; h++) {
                quads_of(quads, taps, first_half + h);
                for (int f = 0; f < filters; f++)
                    for (int i = 0; i < 2; i++)
                        sum[f][v][h][i] =
                            add_products(sum[f][v][h][i], quads[i], spread_quad(weights + f * 4));
            }
        }
    for (int f = 0; f < filters; f++)
        for (int v = 0; v < vectors; v++)
            for (int h = 0; h < halves; h++) {
                int32_t *to = rows->to + (size_t)f * rows->step + v * 32 + (first_half + h) * QUAD_PIXELS;
                store_halves(to, sum[f][v][h]);
            }
}

/* 64 pixels at a time of one filter, and else 32: of as many as registers hold the sums of. */
AVX2_INLINE void sparse_rows(const struct sum_rows *rows, size_t count, const uint8_t *input,
                             const struct quad_list *list, const int filters)
{
    int32_t part[QUAD_FILTERS * BLOCK_PIXELS];
    for (size_t at = 0, pixels; at < count; at += pixels) {
        const size_t left = count - at;
        pixels = filters == 1 && left > 32 ? 64 : 32;
        const struct sum_rows block = block_rows(rows, at, left, pixels, part);
        if (filters == 4) {
            sparse_block(&block, input + at, list, 4, 1, 0, 1);
            if (left > QUAD_PIXELS)
                sparse_block(&block, input + at, list, 4, 1, 1, 1);
        } else if (pixels == 32) {
            sparse_block(&block, input + at, list, filters, 1, 0, 2);
        } else {
            sparse_block(&block, input + at, list, filters, 2, 0, 2);
        }
        end_block(rows, at, left, &block, filters);
    }
}

AVX2 static void sum_sparse(const struct sum_rows *rows, size_t count, const uint8_t *input,
                            const struct quad_list *list)
{
    switch (list->filters) {
    case 1:
        sparse_rows(rows, count, input, list, 1);
        break;
    case 2:
        sparse_rows(rows, count, input, list, 2);
        break;
    default:
        sparse_rows(rows, count, input, list, 4);
    }
}

/* ---- and what they become ---- */

static micro_requantize *const sned_avx2_requantize[MICRO_TYPES] = {
    sned_avx2_requantize_u8, sned_avx2_requantize_s8, sned_avx2_requantize_s16};

/* A micro-kernel of sums, and one that ends them. A piece of those has room: it is a multiple of a block. */
#define AVX2_QUADS(of_sums, ended, sum, interleave)                                                          \
    AVX2 void of_sums(int32_t *sums, size_t step, size_t count, const uint8_t *input,                        \
                      const struct quad_list *list)                                                          \
    {                                                                                                        \
        sum(&(struct sum_rows){sums, step, false}, count, input, list);                                      \
    }                                                                                                        \
    static void ended##_sums(int32_t *sums, size_t step, size_t count, const uint8_t *input,                 \
                             const struct quad_list *list)                                                   \
    {                                                                                                        \
        sum(&(struct sum_rows){sums, step, true}, count, input, list);                                       \
    }                                                                                                        \
    ENDED_ROWS(ended, ended##_sums, sned_avx2_requantize, interleave)
#endif

#endif
