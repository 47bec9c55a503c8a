/*
 * quads.c - sums of products of bytes for AVX2: see struct quad_list in micro.h.
 *
 * vpmaddubsw multiplies unsigned activations by signed weights and adds neighbours in 16 bits, where it
 * saturates. 255 * 128 is below 2^15: with a pair_limit of 128 no sum of two does, and it is exact. vpmaddwd
 * by ones adds the two halves of a quad in 32 bits.
 */
#include "runtime/micro/columns.h"

#if defined(__x86_64__)
#include "runtime/micro/avx2/avx2.h"
#include "runtime/micro/ends.h"

#include <string.h>

enum { EIGHT = 8, SIXTEEN = 16, DENSE_VECTORS = 3 /* of eight pixels, at most */, MOST_FILTERS = 4 };

/* sum + the products of eight quads. The addition is assembler: compilers that see what it is move the sums
 * from register to register in every turn of a loop, and to memory and back. */
AVX2_INLINE __m256i add_products(__m256i sum, __m256i activations, __m256i weights)
{
    const __m256i pairs = _mm256_maddubs_epi16(activations, weights);
    const __m256i products = _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
    __asm__("vpaddd %1, %0, %0" : "+x"(sum) : "x"(products));
    return sum;
}

AVX2_INLINE __m256i spread_quad(const int8_t weights[4])
{
    int32_t quad;
    memcpy(&quad, weights, sizeof quad);
    return _mm256_set1_epi32(quad);
}

/* ---- dense: eight pixels' quads are a vector ---- */

/* Pixels 0 to 8 * vectors, the last of them as far as `count` says. */
AVX2_INLINE void dense_block(int32_t *sums, size_t step, size_t count, const uint8_t *input,
                             const struct quad_list *list, const int filters, const int vectors)
{
    __m256i sum[MOST_FILTERS][DENSE_VECTORS];
    const int8_t *weights = list->weights;
    for (int f = 0; f < filters; f++)
        for (int v = 0; v < vectors; v++)
            sum[f][v] = _mm256_set1_epi32(list->start[f]);
    for (size_t q = 0; q < list->count; q++, weights += filters * 4) {
        const uint8_t *from = input + (size_t)list->offsets[q] * 4;
        for (int v = 0; v < vectors; v++) {
            const __m256i activations = load(from + v * 32);
            for (int f = 0; f < filters; f++)
                sum[f][v] = add_products(sum[f][v], activations, spread_quad(weights + f * 4));
        }
    }
    for (int f = 0; f < filters; f++)
        for (int v = 0; v < vectors; v++) {
            const size_t left = count - (size_t)v * EIGHT;
            store_part(sums + f * step + v * EIGHT, sum[f][v], (left < EIGHT ? left : EIGHT) * sizeof *sums);
        }
}

AVX2_INLINE void dense_row(int32_t *sums, size_t step, size_t count, const uint8_t *input,
                           const struct quad_list *list, const int filters)
{
    size_t at = 0;
    for (; count - at >= DENSE_VECTORS * EIGHT; at += DENSE_VECTORS * EIGHT)
        dense_block(sums + at, step, DENSE_VECTORS * EIGHT, input + at * 4, list, filters, DENSE_VECTORS);
    const size_t left = count - at;
    if (left > 2 * EIGHT)
        dense_block(sums + at, step, left, input + at * 4, list, filters, 3);
    else if (left > EIGHT)
        dense_block(sums + at, step, left, input + at * 4, list, filters, 2);
    else if (left > 0)
        dense_block(sums + at, step, left, input + at * 4, list, filters, 1);
}

AVX2 void sned_avx2_dense(int32_t *sums, size_t step, size_t count, const uint8_t *input,
                          const struct quad_list *list)
{
    switch (list->filters) {
    case 1:
        dense_row(sums, step, count, input, list, 1);
        break;
    case 2:
        dense_row(sums, step, count, input, list, 2);
        break;
    case 3:
        dense_row(sums, step, count, input, list, 3);
        break;
    default:
        dense_row(sums, step, count, input, list, 4);
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

/* The sums of two vectors of quads_of, pixels 0 to 31 of a row being asked for as far as `count` says. */
AVX2_INLINE void store_quads(int32_t *sums, size_t count, const __m256i sum[2], const bool second)
{
    const size_t low = second ? EIGHT : 0, high = low + SIXTEEN;
    const __m256i first = _mm256_permute2x128_si256(sum[0], sum[1], 0x20);
    const __m256i last = _mm256_permute2x128_si256(sum[0], sum[1], 0x31);
    if (count > low)
        store_part(sums + low, first, (count - low < EIGHT ? count - low : EIGHT) * sizeof *sums);
    if (count > high)
        store_part(sums + high, last, (count - high < EIGHT ? count - high : EIGHT) * sizeof *sums);
}

/* `vectors` times 32 pixels of `filters` filters; where `halves` is 1, only one half of each 16 of them. */
AVX2_INLINE void sparse_block(int32_t *sums, size_t step, size_t count, const uint8_t *input,
                              const struct quad_list *list, const int filters, const int vectors,
                              const int first_half, const int halves)
{
    __m256i sum[MOST_FILTERS][2][2][2]; /* [filter][32 pixels][half] */
    const int8_t *weights = list->weights;
    const uint32_t *offsets = list->offsets;
    for (int f = 0; f < filters; f++)
        for (int i = 0; i < vectors * halves; i++)
            sum[f][i / halves][i % halves][0] = sum[f][i / halves][i % halves][1] =
                _mm256_set1_epi32(list->start[f]);
    for (size_t q = 0; q < list->count; q++, weights += filters * 4, offsets += 4)
        for (int v = 0; v < vectors; v++) {
            __m256i rows[4], quads[2];
            for (int j = 0; j < 4; j++)
                rows[j] = load(input + offsets[j] + v * 32);
            for (int h = 0; h < halves; h++) {
                quads_of(quads, rows, first_half + h);
                for (int f = 0; f < filters; f++)
                    for (int i = 0; i < 2; i++)
                        sum[f][v][h][i] =
                            add_products(sum[f][v][h][i], quads[i], spread_quad(weights + f * 4));
            }
        }
    for (int f = 0; f < filters; f++)
        for (int v = 0; v < vectors; v++)
            for (int h = 0; h < halves; h++)
                store_quads(sums + f * step + v * 32, count - (size_t)v * 32, sum[f][v][h], first_half + h);
}

/* At most 32 pixels, of as many filters as registers hold the sums of. */
AVX2_INLINE void sparse_pixels(int32_t *sums, size_t step, size_t count, const uint8_t *input,
                               const struct quad_list *list)
{
    switch (list->filters) {
    case 1:
        sparse_block(sums, step, count, input, list, 1, 1, 0, 2);
        break;
    case 2:
        sparse_block(sums, step, count, input, list, 2, 1, 0, 2);
        break;
    default:
        sparse_block(sums, step, count, input, list, 4, 1, 0, 1);
        if (count > EIGHT)
            sparse_block(sums, step, count, input, list, 4, 1, 1, 1);
    }
}

/* Whole blocks have a count that compilers see. */
AVX2 void sned_avx2_sparse(int32_t *sums, size_t step, size_t count, const uint8_t *input,
                           const struct quad_list *list)
{
    for (; list->filters == 1 && count >= 64; count -= 64, sums += 64, input += 64)
        sparse_block(sums, step, 64, input, list, 1, 2, 0, 2);
    for (; count >= 32; count -= 32, sums += 32, input += 32)
        sparse_pixels(sums, step, 32, input, list);
    if (count > 0)
        sparse_pixels(sums, step, count, input, list);
}

/* ---- and what they become ---- */

static micro_requantize *const requantize[MICRO_TYPES] = {sned_avx2_requantize_u8, sned_avx2_requantize_s8,
                                                          sned_avx2_requantize_s16};
ENDED_QUADS(sned_avx2_ended_dense, sned_avx2_dense, 4, requantize)
ENDED_QUADS(sned_avx2_ended_sparse, sned_avx2_sparse, 1, requantize)

/* ---- their inputs ---- */

/* 16 bytes, `stride` apart: 1, 2 or 4. */
AVX2_INLINE __m128i pick_sixteen(const uint8_t *from, const size_t stride)
{
    if (stride == 1)
        return _mm_loadu_si128((const __m128i *)from);
    if (stride == 2) {
        const __m256i pairs = _mm256_and_si256(load(from), _mm256_set1_epi16(UINT8_MAX));
        return _mm_packus_epi16(_mm256_castsi256_si128(pairs), _mm256_extracti128_si256(pairs, 1));
    }
    const __m256i first = _mm256_and_si256(load(from), _mm256_set1_epi32(UINT8_MAX));
    const __m256i second = _mm256_and_si256(load(from + 32), _mm256_set1_epi32(UINT8_MAX));
    const __m256i pairs = _mm256_permute4x64_epi64(_mm256_packs_epi32(first, second), 0xD8);
    return _mm_packus_epi16(_mm256_castsi256_si128(pairs), _mm256_extracti128_si256(pairs, 1));
}

AVX2_INLINE void interleave_row(uint8_t *to, const uint8_t *const rows[4], size_t count, const size_t stride,
                                uint8_t flip)
{
    const __m256i flips = _mm256_set1_epi8((char)flip);
    for (size_t i = 0; i < count; i = next_vector(i, count, SIXTEEN)) {
        __m128i row[4];
        for (int j = 0; j < 4; j++)
            row[j] = pick_sixteen(rows[j] + i * stride, stride);
        const __m128i ab = _mm_unpacklo_epi8(row[0], row[1]), cd = _mm_unpacklo_epi8(row[2], row[3]);
        const __m128i AB = _mm_unpackhi_epi8(row[0], row[1]), CD = _mm_unpackhi_epi8(row[2], row[3]);
        const __m256i first = _mm256_set_m128i(_mm_unpackhi_epi16(ab, cd), _mm_unpacklo_epi16(ab, cd));
        const __m256i second = _mm256_set_m128i(_mm_unpackhi_epi16(AB, CD), _mm_unpacklo_epi16(AB, CD));
        const size_t left = count - i;
        store_part(to + i * 4, _mm256_xor_si256(first, flips), (left < EIGHT ? left : EIGHT) * 4);
        if (left > EIGHT)
            store_part(to + i * 4 + 32, _mm256_xor_si256(second, flips),
                       (left < SIXTEEN ? left - EIGHT : EIGHT) * 4);
    }
}

AVX2 void sned_avx2_interleave(uint8_t *to, const uint8_t *const rows[4], size_t count, size_t stride,
                               uint8_t flip)
{
    if (stride == 1)
        interleave_row(to, rows, count, 1, flip);
    else if (stride == 2)
        interleave_row(to, rows, count, 2, flip);
    else if (stride == 4)
        interleave_row(to, rows, count, 4, flip);
    else
        sned_interleave(to, rows, count, stride, flip);
}

AVX2_INLINE void pick_rows(uint8_t *to, const uint8_t *input, const struct plane_rows *rows,
                           const size_t stride)
{
    const __m128i flips = _mm_set1_epi8((char)rows->flip);
    const size_t count = rows->count;
    for (size_t r = rows->rows; r; r--, to += rows->step, input += rows->image_step)
        for (size_t i = 0; i < count; i = next_vector(i, count, SIXTEEN)) {
            const __m128i picked = _mm_xor_si128(pick_sixteen(input + i * stride, stride), flips);
            store_part(to + i, _mm256_castsi128_si256(picked), count - i < SIXTEEN ? count - i : SIXTEEN);
        }
}

AVX2 void sned_avx2_pick(uint8_t *to, const uint8_t *input, const struct plane_rows *rows)
{
    if (rows->stride == 1)
        pick_rows(to, input, rows, 1);
    else if (rows->stride == 2)
        pick_rows(to, input, rows, 2);
    else if (rows->stride == 4)
        pick_rows(to, input, rows, 4);
    else
        sned_pick(to, input, rows);
}
#endif
