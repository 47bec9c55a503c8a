/*
 * neon.h - what the files of the columns for 64-bit ARM share: how they store the end of a row, and the
 * functions that both columns have.
 *
 *     neon.c       rows of int16, dot products, and the column for any ARMv8-A
 *     dot.c        sums of quads by dot product instructions, and the column of those that have them
 *     quads.c      sums of quads without
 *     layout.c     what they read
 *     rows.c       rows of bytes of a fully connected layer, with those instructions and without
 *     lrn.c, pointwise.c, requantize.c, window.c
 */
#ifndef SNED_RUNTIME_MICRO_NEON_NEON_H
#define SNED_RUNTIME_MICRO_NEON_NEON_H

#include "runtime/micro/columns.h"
#include "runtime/micro/requantize.h"

#if defined(__aarch64__)
#include <arm_neon.h>
#include <string.h>

#define NEON_INLINE static inline __attribute__((always_inline))
/* Of functions for dot product instructions (ARMv8.2). */
#define DOT        __attribute__((target("arch=armv8.2-a+dotprod")))
#define DOT_INLINE static inline __attribute__((target("arch=armv8.2-a+dotprod"), always_inline))

micro_add_taps sned_neon_add_taps;
micro_quads sned_neon_dense, sned_neon_sparse;
micro_interleave sned_neon_interleave;
micro_pick sned_neon_pick;
micro_dot sned_neon_dot;
micro_dense_rows sned_neon_dense_rows, sned_neon_dot_dense_rows;
micro_ended_rows sned_neon_ended_dense, sned_neon_ended_sparse;
micro_ended_rows sned_neon_dot_ended_dense, sned_neon_dot_ended_sparse;
micro_ended_rows sned_neon_ended_sliding;
extern micro_requantize *const sned_neon_requantize[MICRO_TYPES];
micro_requantize sned_neon_requantize_u8, sned_neon_requantize_s8, sned_neon_requantize_s16;
micro_window_max sned_neon_window_max_u8, sned_neon_window_max_s8, sned_neon_window_max_s16;
micro_window_sum sned_neon_window_sum_u8, sned_neon_window_sum_s8, sned_neon_window_sum_s16;

micro_lrn sned_neon_lrn_u8, sned_neon_lrn_s8;
micro_look_up sned_neon_look_up;
micro_quantize sned_neon_quantize_u8, sned_neon_quantize_s8;
micro_add sned_neon_add_bytes;

/* round_shift(values * multiplier, -shift), as int32, where it saturates. */
NEON_INLINE int32x4_t neon_scale_in_64_bits(int32x4_t values, int32x4_t multiplier, int64x2_t shift)
{
    const int64x2_t low = vmull_s32(vget_low_s32(values), vget_low_s32(multiplier));
    const int64x2_t high = vmull_high_s32(values, multiplier);
    return vqmovn_high_s64(vqmovn_s64(vrshlq_s64(low, shift)), vrshlq_s64(high, shift));
}

/* LeakyReLU: what is below 0 by the slope. */
NEON_INLINE int32x4_t neon_slope_four(int32x4_t values, int32x4_t slope)
{
    const int32x4_t sloped = neon_scale_in_64_bits(values, slope, vdupq_n_s64(-SLOPE_BITS));
    return vbslq_s32(vcltzq_s32(values), sloped, values);
}

/* The end of what has no more than 32 bits: a shift, with rounding or without, then slope and clamp. */
struct neon_short_end {
    int32x4_t shift, slope; /* the first to the left */
    int16x8_t low, high;
};

NEON_INLINE struct neon_short_end neon_short_end_of(int shift, const struct integer_rule *rule)
{
    return (struct neon_short_end){.shift = vdupq_n_s32(-shift),
                                   .slope = vdupq_n_s32(rule->slope),
                                   .low = vdupq_n_s16((int16_t)rule->low),
                                   .high = vdupq_n_s16((int16_t)rule->high)};
}

/* Eight results of 8 bits, after the shift: the low byte of a clamped one is it, whatever its type. */
NEON_INLINE uint8x8_t neon_end_eight(int32x4_t first, int32x4_t second, const struct neon_short_end *end,
                                     const bool has_slope)
{
    if (has_slope) {
        first = neon_slope_four(first, end->slope);
        second = neon_slope_four(second, end->slope);
    }
    const int16x8_t all = vqmovn_high_s32(vqmovn_s32(first), second);
    return vreinterpret_u8_s8(vmovn_s16(vminq_s16(vmaxq_s16(all, end->low), end->high)));
}

/* A quad of weights, wherever it lies, in all four lanes. */
NEON_INLINE int8x16_t neon_spread_quad(const int8_t *weights)
{
    int32_t quad;
    memcpy(&quad, weights, sizeof quad);
    return vreinterpretq_s8_s32(vdupq_n_s32(quad));
}

/* Sums `at` to at + 3 of a row of `count`: those that it has. */
NEON_INLINE void neon_store_sums(int32_t *row, size_t count, size_t at, int32x4_t sums)
{
    if (at + 4 <= count) {
        vst1q_s32(row + at, sums);
        return;
    }
    if (at + 1 <= count)
        vst1q_lane_s32(row + at, sums, 0);
    if (at + 2 <= count)
        vst1q_lane_s32(row + at + 1, sums, 1);
    if (at + 3 <= count)
        vst1q_lane_s32(row + at + 2, sums, 2);
}
#endif

#endif
