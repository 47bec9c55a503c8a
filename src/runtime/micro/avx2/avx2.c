/*
 * avx2.c - micro-kernels for AVX2: convolution rows, dot products, and the table of the column.
 *
 * Exact without instructions for 8 bits: activations and weights are int16, vpmaddwd multiplies pairs of
 * them and adds the two products in int32. Everything here is compiled for AVX2 by attribute, so that the
 * file is part of any build for x86-64; columns.c says when it may run.
 */
#include "runtime/micro/columns.h"

#if defined(__x86_64__)
#include "runtime/micro/avx2/avx2.h"

#include <string.h>

enum { PIXELS = 16, MOST_VECTORS = 4 /* of PIXELS; two registers of sums each */ };

/* ---- convolution ---- */

/* To the first `count` of eight sums. */
AVX2_INLINE void add_to(int32_t *sums, size_t count, __m256i value)
{
    int32_t part[8];
    if (count >= 8) {
        value = _mm256_add_epi32(value, _mm256_loadu_si256((const __m256i *)sums));
        _mm256_storeu_si256((__m256i *)sums, value);
        return;
    }
    _mm256_storeu_si256((__m256i *)part, value);
    for (size_t i = 0; i < count; i++)
        sums[i] += part[i];
}

/* `vectors` times 16 pixels, of which the last vector may have fewer. Two taps' pixels interleaved are
 * pairs, in the order 0 to 3, 8 to 11 and 4 to 7, 12 to 15; the sums stay in that order until they are
 * stored. */
AVX2_INLINE void add_pixels(int32_t *sums, size_t count, const int16_t *input, const struct tap_pair *pairs,
                            size_t pair_count, const int vectors)
{
    __m256i low[MOST_VECTORS], high[MOST_VECTORS];
    for (int v = 0; v < vectors; v++)
        low[v] = high[v] = _mm256_setzero_si256();
    for (; pair_count; pair_count--, pairs++) {
        const int16_t *a = input + pairs->offset[0], *b = input + pairs->offset[1];
        int32_t both;
        memcpy(&both, pairs->weight, sizeof both);
        const __m256i weights = _mm256_set1_epi32(both);
        for (int v = 0; v < vectors; v++) {
            const __m256i x = _mm256_loadu_si256((const __m256i *)(a + v * PIXELS));
            const __m256i y = _mm256_loadu_si256((const __m256i *)(b + v * PIXELS));
            low[v] = _mm256_add_epi32(low[v], _mm256_madd_epi16(_mm256_unpacklo_epi16(x, y), weights));
            high[v] = _mm256_add_epi32(high[v], _mm256_madd_epi16(_mm256_unpackhi_epi16(x, y), weights));
        }
    }
    for (int v = 0; v < vectors; v++, sums += PIXELS, count -= PIXELS) {
        const __m256i first = _mm256_permute2x128_si256(low[v], high[v], 0x20);
        const __m256i second = _mm256_permute2x128_si256(low[v], high[v], 0x31);
        add_to(sums, count, first);
        if (count > 8)
            add_to(sums + 8, count - 8, second);
    }
}

AVX2 void sned_avx2_add_taps(int32_t *sums, size_t count, const int16_t *input, const struct tap_pair *pairs,
                             size_t pair_count)
{
    for (; count > 3 * PIXELS; sums += 4 * PIXELS, input += 4 * PIXELS) {
        const size_t part = count < 4 * PIXELS ? count : 4 * PIXELS;
        add_pixels(sums, part, input, pairs, pair_count, 4);
        if ((count -= part) == 0)
            return;
    }
    if (count > 2 * PIXELS)
        add_pixels(sums, count, input, pairs, pair_count, 3);
    else if (count > PIXELS)
        add_pixels(sums, count, input, pairs, pair_count, 2);
    else if (count > 0)
        add_pixels(sums, count, input, pairs, pair_count, 1);
}

/* ---- dot products ---- */

AVX2_INLINE int32_t sum_lanes(__m256i value)
{
    __m128i sum = _mm_add_epi32(_mm256_castsi256_si128(value), _mm256_extracti128_si256(value, 1));
    sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0x4E));
    sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0xB1));
    return _mm_cvtsi128_si32(sum);
}

AVX2_INLINE __m256i products(const int8_t *weights, const int16_t *input)
{
    const __m256i w = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)weights));
    return _mm256_madd_epi16(w, _mm256_loadu_si256((const __m256i *)input));
}

AVX2 int32_t sned_avx2_dot(const int8_t *weights, const int16_t *input, size_t count)
{
    __m256i first = _mm256_setzero_si256(), second = first;
    for (; count >= 32; count -= 32, weights += 32, input += 32) {
        first = _mm256_add_epi32(first, products(weights, input));
        second = _mm256_add_epi32(second, products(weights + 16, input + 16));
    }
    if (count >= 16) {
        first = _mm256_add_epi32(first, products(weights, input));
        count -= 16, weights += 16, input += 16;
    }
    return sum_lanes(_mm256_add_epi32(first, second)) + sned_dot(weights, input, count);
}

const struct micro_kernels sned_micro_avx2 = {
    .name = "avx2",
    .bytes = VALUE_U8,
    .pair_limit = 128,
    .dense_filters = 4,
    .is_narrow = true,
    .piece_outputs = 8,
    .gather_bytes = 16,
    .span_columns = 64,
    .costs = {.taps = 0.6f,
              .dense_quad = 0.03f,
              .dense_product = 0.463f,
              .sparse_quad = 1.07f,
              .sparse_product = 1.68f,
              .sparse_far = 1.5f,
              .shared_product = 20,
              .sliding_quad = 90,
              .lane_product = 19,
              .lane_end = 124,
              .depthwise_channel = 11.5f,
              .depthwise_piece = 0.53f,
              .depthwise_quad = 0.52f,
              .requantize = 1.5f,
              .widen = 0.33f,
              .pick = 0.6f,
              .interleave = 0.48f,
              .fill_row = 1.6f,
              .fill_mixed_row = 18,
              .call = 15,
              .row_dense = 1.01f,
              .row_step = 2.65f,
              .row_listed_kept = 0.176f,
              .memory_byte = 0.025f},
    .widen = {[VALUE_U8] = sned_widen_u8, [VALUE_S8] = sned_widen_s8, [VALUE_S16] = sned_widen_s16},
    .add_taps = sned_avx2_add_taps,
    .dense = {[VALUE_U8] = sned_avx2_dense, [VALUE_S8] = sned_dense_s8},
    .sparse = {[VALUE_U8] = sned_avx2_sparse, [VALUE_S8] = sned_sparse_s8},
    .sliding = {[VALUE_U8] = sned_sliding_u8, [VALUE_S8] = sned_sliding_s8},
    .ended_dense = {[VALUE_U8] = sned_avx2_ended_dense, [VALUE_S8] = sned_ended_dense_s8},
    .ended_sparse = {[VALUE_U8] = sned_avx2_ended_sparse, [VALUE_S8] = sned_ended_sparse_s8},
    .add_shared = {[VALUE_U8] = sned_add_shared_u8, [VALUE_S8] = sned_add_shared_s8},
    .end_shared = sned_end_shared,
    .ended_sliding = {[VALUE_U8] = sned_ended_sliding_u8, [VALUE_S8] = sned_ended_sliding_s8},
    .ended_filter_lanes = {[VALUE_U8] = sned_ended_filter_lanes_u8, [VALUE_S8] = sned_ended_filter_lanes_s8},
    .depthwise = {[VALUE_U8] = sned_avx2_depthwise, [VALUE_S8] = sned_depthwise_s8},
    .interleave = sned_avx2_interleave,
    .pick = sned_avx2_pick,
    .lines = sned_lines,
    .dot = sned_avx2_dot,
    .dense_rows = {[VALUE_U8] = sned_dense_rows_u8, [VALUE_S8] = sned_dense_rows_s8},
    .masked_rows = {[VALUE_U8] = sned_masked_rows_u8, [VALUE_S8] = sned_masked_rows_s8},
    .spanned_rows = {[VALUE_U8] = sned_avx2_spanned_rows, [VALUE_S8] = sned_spanned_rows_s8},
    .listed_rows = sned_avx2_listed_rows,
    .span_rows = true,
    .requantize = {[VALUE_U8] = sned_avx2_requantize_u8,
                   [VALUE_S8] = sned_avx2_requantize_s8,
                   [VALUE_S16] = sned_avx2_requantize_s16},
    .finish_rows = sned_finish_rows,
    .window_max = {[VALUE_U8] = sned_avx2_window_max_u8,
                   [VALUE_S8] = sned_avx2_window_max_s8,
                   [VALUE_S16] = sned_avx2_window_max_s16},
    .window_sum = {[VALUE_U8] = sned_avx2_window_sum_u8,
                   [VALUE_S8] = sned_avx2_window_sum_s8,
                   [VALUE_S16] = sned_window_sum_s16},
    .lrn = {[VALUE_U8] = sned_avx2_lrn_u8, [VALUE_S8] = sned_avx2_lrn_s8},
    .look_up = sned_avx2_look_up,
    .quantize = {[VALUE_U8] = sned_avx2_quantize_u8, [VALUE_S8] = sned_avx2_quantize_s8},
    .add = sned_avx2_add_bytes,
};
#endif
