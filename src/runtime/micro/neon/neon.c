/*
 * neon.c - micro-kernels for any ARMv8-A: convolution rows and dot products of int16, and the column.
 *
 * smlal multiplies four int16 by a weight that lies in one element of a register and adds the products to
 * four sums in int32. A row's sums stay in registers while all taps of a filter go by.
 */
#include "runtime/micro/neon/neon.h"
#include "runtime/micro/ends.h"

#if defined(__aarch64__)
#include <string.h>

enum { PIXELS = 8, MOST_VECTORS = 8 /* of PIXELS; two registers of sums each, of 32 that there are */ };

/* ---- convolution ---- */

/* To the first `count` of eight sums. */
NEON_INLINE void add_to(int32_t *sums, size_t count, int32x4_t low, int32x4_t high)
{
    int32_t part[PIXELS] = {0};
    int32_t *place = count < PIXELS ? part : sums;
    if (count < PIXELS)
        memcpy(part, sums, count * sizeof *sums);
    vst1q_s32(place, vaddq_s32(vld1q_s32(place), low));
    vst1q_s32(place + 4, vaddq_s32(vld1q_s32(place + 4), high));
    if (count < PIXELS)
        memcpy(sums, part, count * sizeof *sums);
}

/* `vectors` times 8 pixels, of which the last ones may have fewer or none. */
NEON_INLINE void add_pixels(int32_t *sums, size_t count, const int16_t *input, const struct tap_pair *pairs,
                            size_t pair_count, const int vectors)
{
    int32x4_t low[MOST_VECTORS], high[MOST_VECTORS];
    for (int v = 0; v < vectors; v++)
        low[v] = high[v] = vdupq_n_s32(0);
    for (; pair_count; pair_count--, pairs++) {
        const int16_t *a = input + pairs->offset[0], *b = input + pairs->offset[1];
        int32_t both;
        memcpy(&both, pairs->weight, sizeof both);
        const int16x4_t weights = vreinterpret_s16_s32(vdup_n_s32(both));
        for (int v = 0; v < vectors; v++) {
            const int16x8_t x = vld1q_s16(a + v * PIXELS), y = vld1q_s16(b + v * PIXELS);
            low[v] = vmlal_lane_s16(low[v], vget_low_s16(x), weights, 0);
            high[v] = vmlal_high_lane_s16(high[v], x, weights, 0);
            low[v] = vmlal_lane_s16(low[v], vget_low_s16(y), weights, 1);
            high[v] = vmlal_high_lane_s16(high[v], y, weights, 1);
        }
    }
    for (int v = 0; v < vectors && count; v++, sums += PIXELS) {
        const size_t part = count < PIXELS ? count : PIXELS;
        add_to(sums, part, low[v], high[v]);
        count -= part;
    }
}

/* 64 pixels at a time; then what is left, in 64, 48, 32, 16 or 8: at most 15 too many are read. */
void sned_neon_add_taps(int32_t *sums, size_t count, const int16_t *input, const struct tap_pair *pairs,
                        size_t pair_count)
{
    for (; count > 6 * PIXELS; sums += 8 * PIXELS, input += 8 * PIXELS) {
        const size_t part = count < 8 * PIXELS ? count : 8 * PIXELS;
        add_pixels(sums, part, input, pairs, pair_count, 8);
        if ((count -= part) == 0)
            return;
    }
    if (count > 4 * PIXELS)
        add_pixels(sums, count, input, pairs, pair_count, 6);
    else if (count > 2 * PIXELS)
        add_pixels(sums, count, input, pairs, pair_count, 4);
    else if (count > PIXELS)
        add_pixels(sums, count, input, pairs, pair_count, 2);
    else if (count > 0)
        add_pixels(sums, count, input, pairs, pair_count, 1);
}

/* ---- dot products ---- */

int32_t sned_neon_dot(const int8_t *weights, const int16_t *input, size_t count)
{
    int32x4_t sums[4];
    for (int i = 0; i < 4; i++)
        sums[i] = vdupq_n_s32(0);
    for (; count >= 16; count -= 16, weights += 16, input += 16) {
        const int8x16_t bytes = vld1q_s8(weights);
        const int16x8_t w = vmovl_s8(vget_low_s8(bytes)), more = vmovl_high_s8(bytes);
        const int16x8_t x = vld1q_s16(input), y = vld1q_s16(input + 8);
        sums[0] = vmlal_s16(sums[0], vget_low_s16(w), vget_low_s16(x));
        sums[1] = vmlal_high_s16(sums[1], w, x);
        sums[2] = vmlal_s16(sums[2], vget_low_s16(more), vget_low_s16(y));
        sums[3] = vmlal_high_s16(sums[3], more, y);
    }
    const int32x4_t sum = vaddq_s32(vaddq_s32(sums[0], sums[1]), vaddq_s32(sums[2], sums[3]));
    return vaddvq_s32(sum) + sned_dot(weights, input, count);
}

micro_requantize *const sned_neon_requantize[MICRO_TYPES] = {sned_neon_requantize_u8, sned_neon_requantize_s8,
                                                             sned_neon_requantize_s16};
ENDED_ROWS(sned_neon_ended_dense, sned_neon_dense, sned_neon_requantize, sned_neon_interleave)
ENDED_ROWS(sned_neon_ended_sparse, sned_neon_sparse, sned_neon_requantize, NULL)
ENDED_SLIDING(sned_neon_ended_sliding, sned_sliding_s8, sned_neon_requantize)

/* What is left to portable.c, compilers make these instructions of. Costs are instructions of the loops here,
 * counted in their listing; of rows 300 ps for each, and for two bytes of memory: of no machine the time. */
const struct micro_kernels sned_micro_neon = {
    .name = "neon",
    .bytes = VALUE_S8,
    .dense_filters = 4,
    .piece_outputs = PIECE_OUTPUTS,
    .gather_bytes = GATHER_BYTES,
    .span_columns = SPAN_COLUMNS,
    .costs = {.taps = 15.5f,
              .dense_quad = 34,
              .dense_product = 12,
              .sparse_quad = 45,
              .sparse_product = 60,
              .sparse_far = 1,
              .shared_product = 100,
              .sliding_quad = 400,
              .lane_product = 320,
              .lane_end = 124,
              .depthwise_channel = 1,
              .depthwise_piece = 34,
              .depthwise_quad = 55,
              .requantize = 33,
              .widen = 6,
              .pick = 7,
              .interleave = 6,
              .fill_row = 40,
              .fill_mixed_row = 200,
              .call = 60,
              .row_dense = 5.1f,
              .row_masked = 2.4f,
              .row_masked_kept = 2.4f,
              .row_listed_kept = 1.5f,
              .memory_byte = 0.15f},
    .widen = {[VALUE_U8] = sned_widen_u8, [VALUE_S8] = sned_widen_s8, [VALUE_S16] = sned_widen_s16},
    .add_taps = sned_neon_add_taps,
    .dense = {[VALUE_U8] = sned_dense_u8, [VALUE_S8] = sned_neon_dense},
    .sparse = {[VALUE_U8] = sned_sparse_u8, [VALUE_S8] = sned_neon_sparse},
    .sliding = {[VALUE_U8] = sned_sliding_u8, [VALUE_S8] = sned_sliding_s8},
    .ended_dense = {[VALUE_U8] = sned_ended_dense_u8, [VALUE_S8] = sned_neon_ended_dense},
    .ended_sparse = {[VALUE_U8] = sned_ended_sparse_u8, [VALUE_S8] = sned_neon_ended_sparse},
    .add_shared = {[VALUE_U8] = sned_add_shared_u8, [VALUE_S8] = sned_add_shared_s8},
    .end_shared = sned_end_shared,
    .ended_sliding = {[VALUE_U8] = sned_ended_sliding_u8, [VALUE_S8] = sned_neon_ended_sliding},
    .ended_filter_lanes = {[VALUE_U8] = sned_ended_filter_lanes_u8, [VALUE_S8] = sned_ended_filter_lanes_s8},
    .depthwise = {[VALUE_U8] = sned_depthwise_u8, [VALUE_S8] = sned_depthwise_s8},
    .interleave = sned_neon_interleave,
    .pick = sned_neon_pick,
    .lines = sned_lines,
    .dot = sned_neon_dot,
    .byte_rows = true,
    .dense_rows = {[VALUE_U8] = sned_dense_rows_u8, [VALUE_S8] = sned_neon_dense_rows},
    .masked_rows = {[VALUE_U8] = sned_masked_rows_u8, [VALUE_S8] = sned_masked_rows_s8},
    .spanned_rows = {[VALUE_U8] = sned_spanned_rows_u8, [VALUE_S8] = sned_spanned_rows_s8},
    .listed_rows = sned_listed_rows,
    .requantize = {[VALUE_U8] = sned_neon_requantize_u8,
                   [VALUE_S8] = sned_neon_requantize_s8,
                   [VALUE_S16] = sned_neon_requantize_s16},
    .finish_rows = sned_finish_rows,
    .window_max = {[VALUE_U8] = sned_neon_window_max_u8,
                   [VALUE_S8] = sned_neon_window_max_s8,
                   [VALUE_S16] = sned_neon_window_max_s16},
    .window_sum = {[VALUE_U8] = sned_neon_window_sum_u8,
                   [VALUE_S8] = sned_neon_window_sum_s8,
                   [VALUE_S16] = sned_neon_window_sum_s16},
    .lrn = {[VALUE_U8] = sned_neon_lrn_u8, [VALUE_S8] = sned_neon_lrn_s8},
    .look_up = sned_neon_look_up,
    .quantize = {[VALUE_U8] = sned_neon_quantize_u8, [VALUE_S8] = sned_neon_quantize_s8},
    .add = sned_neon_add_bytes,
};
#endif
