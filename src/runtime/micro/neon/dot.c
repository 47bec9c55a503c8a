/*
 * dot.c - sums of products of bytes, in quads, for ARMv8-A with dot product instructions (ARMv8.2), and
 * the column.
 *
 * sdot multiplies the quads of four pixels by one quad of weights, which lies in an element of a register,
 * and adds the four products of each pixel to its sum in int32: 16 products in an instruction. Of rows of
 * bytes two stages of zip make quads first, once for all filters of a list. All else is as in quads.c,
 * and this file's functions are compiled for these instructions by attribute; columns.c says when they run.
 */
#include "runtime/micro/neon/neon.h"
#include "runtime/micro/ends.h"

#if defined(__aarch64__)
enum { MOST_FILTERS = 8, MOST_VECTORS = 6 };

/* ---- quads of four pixels by those of filters ---- */

/* Four filters' quads in a register; of two, in its first half; of one, in all four quarters. */
struct weights {
    int8x16_t fours[MOST_FILTERS / 4];
};

DOT_INLINE struct weights load_weights(const int8_t *weights, const int filters)
{
    struct weights loaded = {{vdupq_n_s8(0)}};
    for (int f = 0; f + 4 <= filters; f += 4)
        loaded.fours[f / 4] = vld1q_s8(weights + 4 * f);
    if (filters == 2)
        loaded.fours[0] = vcombine_s8(vld1_s8(weights), vdup_n_s8(0));
    if (filters == 1)
        loaded.fours[0] = neon_spread_quad(weights);
    return loaded;
}

DOT_INLINE int32x4_t add_quads(int32x4_t sums, int8x16_t pixels, struct weights weights, const int filter)
{
    const int8x16_t four = weights.fours[filter / 4];
    switch (filter % 4) {
    case 0:
        return vdotq_laneq_s32(sums, pixels, four, 0);
    case 1:
        return vdotq_laneq_s32(sums, pixels, four, 1);
    case 2:
        return vdotq_laneq_s32(sums, pixels, four, 2);
    default:
        return vdotq_laneq_s32(sums, pixels, four, 3);
    }
}

/* ---- dense ---- */

/* `count` pixels, in up to `vectors` vectors of four, of the filters from `first` on. */
DOT_INLINE void dense_block(int32_t *to, size_t step, size_t count, const int8_t *input,
                            const struct quad_list *list, int first, const int filters, const int vectors)
{
    int32x4_t sums[MOST_FILTERS][MOST_VECTORS];
    const int8_t *weights = list->weights + (size_t)first * 4;
    for (int f = 0; f < filters; f++)
        for (int i = 0; i < vectors; i++)
            sums[f][i] = vdupq_n_s32(list->start[first + f]);
    for (size_t q = 0; q < list->count; q++, weights += 4 * list->filters) {
        const int8_t *pixels = input + (size_t)list->offsets[q] * 4;
        const struct weights w = load_weights(weights, filters);
        for (int i = 0; i < vectors; i++) {
            const int8x16_t x = vld1q_s8(pixels + 16 * i);
            for (int f = 0; f < filters; f++)
                sums[f][i] = add_quads(sums[f][i], x, w, f);
        }
    }
    for (int f = 0; f < filters; f++)
        for (int i = 0; i < vectors; i++)
            neon_store_sums(to + (size_t)(first + f) * step, count, (size_t)i * 4, sums[f][i]);
}

/* All pixels of the filters from `first` on: in blocks of `most` vectors, three or six, then of less. */
DOT_INLINE void dense_rows(int32_t *to, size_t step, size_t count, const int8_t *input,
                           const struct quad_list *list, int first, const int filters, const int most)
{
    size_t at = 0;
    for (; most > 3 && at < count && count - at > 4 * 5; at += 4 * 6)
        dense_block(to + at, step, count - at, input + at * 4, list, first, filters, most);
    for (; at < count && count - at > 4 * 2; at += 4 * 3)
        dense_block(to + at, step, count - at, input + at * 4, list, first, filters, 3);
    if (at < count && count - at > 4)
        dense_block(to + at, step, count - at, input + at * 4, list, first, filters, 2);
    else if (at < count)
        dense_block(to + at, step, count - at, input + at * 4, list, first, filters, 1);
}

DOT static void dense(int32_t *to, size_t step, size_t count, const uint8_t *input,
                      const struct quad_list *list)
{
    const int8_t *bytes = (const int8_t *)input;
    int first = 0;
    for (; first + 8 <= list->filters; first += 8)
        dense_rows(to, step, count, bytes, list, first, 8, 3);
    for (; first + 4 <= list->filters; first += 4)
        dense_rows(to, step, count, bytes, list, first, 4, 6);
    for (; first + 2 <= list->filters; first += 2)
        dense_rows(to, step, count, bytes, list, first, 2, 6);
    for (; first < list->filters; first++)
        dense_rows(to, step, count, bytes, list, first, 1, 6);
}

/* ---- sparse ---- */

enum { MOST_SIXTEENS = 4 };

/* Four rows of 16 pixels as four times the quads of four. */
DOT_INLINE int8x16x4_t interleave(const int8_t *const rows[4], size_t at)
{
    const int8x16_t a = vld1q_s8(rows[0] + at), b = vld1q_s8(rows[1] + at);
    const int8x16_t c = vld1q_s8(rows[2] + at), d = vld1q_s8(rows[3] + at);
    const int16x8_t ab = vreinterpretq_s16_s8(vzip1q_s8(a, b)),
                    more_ab = vreinterpretq_s16_s8(vzip2q_s8(a, b));
    const int16x8_t cd = vreinterpretq_s16_s8(vzip1q_s8(c, d)),
                    more_cd = vreinterpretq_s16_s8(vzip2q_s8(c, d));
    return (int8x16x4_t){{vreinterpretq_s8_s16(vzip1q_s16(ab, cd)), vreinterpretq_s8_s16(vzip2q_s16(ab, cd)),
                          vreinterpretq_s8_s16(vzip1q_s16(more_ab, more_cd)),
                          vreinterpretq_s8_s16(vzip2q_s16(more_ab, more_cd))}};
}

/* `count` pixels, in up to `sixteens` vectors of 16. */
DOT_INLINE void sparse_block(int32_t *to, size_t step, size_t count, const int8_t *input,
                             const struct quad_list *list, const int filters, const int sixteens)
{
    int32x4_t sums[MOST_FILTERS / 2][4 * MOST_SIXTEENS];
    const int8_t *weights = list->weights;
    const uint32_t *offsets = list->offsets;
    for (int f = 0; f < filters; f++)
        for (int i = 0; i < 4 * sixteens; i++)
            sums[f][i] = vdupq_n_s32(list->start[f]);
    for (size_t q = list->count; q; q--, offsets += 4, weights += 4 * filters) {
        const int8_t *const rows[4] = {input + offsets[0], input + offsets[1], input + offsets[2],
                                       input + offsets[3]};
        const struct weights w = load_weights(weights, filters);
        for (int i = 0; i < sixteens; i++) {
            const int8x16x4_t pixels = interleave(rows, 16 * (size_t)i);
            for (int f = 0; f < filters; f++)
                for (int part = 0; part < 4; part++)
                    sums[f][4 * i + part] = add_quads(sums[f][4 * i + part], pixels.val[part], w, f);
        }
    }
    for (int f = 0; f < filters; f++)
        for (int i = 0; i < 4 * sixteens; i++)
            neon_store_sums(to + (size_t)f * step, count, (size_t)i * 4, sums[f][i]);
}

/* All pixels: in blocks of `most` vectors, then of one. */
DOT_INLINE void sparse_rows(int32_t *to, size_t step, size_t count, const int8_t *input,
                            const struct quad_list *list, const int filters, const int most)
{
    size_t at = 0;
    for (; at < count && count - at > (size_t)(most - 1) * 16; at += (size_t)most * 16)
        sparse_block(to + at, step, count - at, input + at, list, filters, most);
    for (; at < count; at += 16)
        sparse_block(to + at, step, count - at, input + at, list, filters, 1);
}

DOT static void sparse(int32_t *to, size_t step, size_t count, const uint8_t *input,
                       const struct quad_list *list)
{
    const int8_t *bytes = (const int8_t *)input;
    if (list->filters == 1)
        sparse_rows(to, step, count, bytes, list, 1, 4);
    else if (list->filters == 2)
        sparse_rows(to, step, count, bytes, list, 2, 2);
    else
        sparse_rows(to, step, count, bytes, list, 4, 1);
}

ENDED_ROWS(sned_neon_dot_ended_dense, dense, sned_neon_requantize, sned_neon_interleave)
ENDED_ROWS(sned_neon_dot_ended_sparse, sparse, sned_neon_requantize, NULL)

/* Costs are instructions of the loops here, counted in their listing; of rows 300 ps for each, and for two
 * bytes of memory: of no machine the time. */
const struct micro_kernels sned_micro_neon_dot = {
    .name = "neon_dot",
    .bytes = VALUE_S8,
    .dense_filters = 8,
    .piece_outputs = PIECE_OUTPUTS,
    .gather_bytes = GATHER_BYTES,
    .span_columns = SPAN_COLUMNS,
    .costs = {.taps = 15.5f,
              .dense_quad = 10,
              .dense_product = 4,
              .sparse_quad = 60,
              .sparse_product = 16,
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
              .row_dense = 2.2f,
              .row_masked = 2.4f,
              .row_masked_kept = 2.4f,
              .row_listed_kept = 1.5f,
              .memory_byte = 0.15f},
    .widen = {[VALUE_U8] = sned_widen_u8, [VALUE_S8] = sned_widen_s8, [VALUE_S16] = sned_widen_s16},
    .add_taps = sned_neon_add_taps,
    .dense = {[VALUE_U8] = sned_dense_u8, [VALUE_S8] = dense},
    .sparse = {[VALUE_U8] = sned_sparse_u8, [VALUE_S8] = sparse},
    .sliding = {[VALUE_U8] = sned_sliding_u8, [VALUE_S8] = sned_sliding_s8},
    .ended_dense = {[VALUE_U8] = sned_ended_dense_u8, [VALUE_S8] = sned_neon_dot_ended_dense},
    .ended_sparse = {[VALUE_U8] = sned_ended_sparse_u8, [VALUE_S8] = sned_neon_dot_ended_sparse},
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
    .dense_rows = {[VALUE_U8] = sned_dense_rows_u8, [VALUE_S8] = sned_neon_dot_dense_rows},
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
