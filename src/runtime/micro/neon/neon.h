/*
 * neon.h - what the files of the columns for 64-bit ARM share: how they store the end of a row, and the
 * functions that both columns have.
 *
 *     neon.c       rows of int16, dot products, and the column for any ARMv8-A
 *     dot.c        sums of quads by dot product instructions, and the column of those that have them
 *     quads.c      sums of quads without
 *     layout.c     what they read
 *     requantize.c, window.c
 */
#ifndef SNED_RUNTIME_MICRO_NEON_NEON_H
#define SNED_RUNTIME_MICRO_NEON_NEON_H

#include "runtime/micro/columns.h"

#if defined(__aarch64__)
#include <arm_neon.h>
#include <string.h>

#define NEON_INLINE static inline __attribute__((always_inline))

micro_add_taps sned_neon_add_taps;
micro_quads sned_neon_dense, sned_neon_sparse;
micro_interleave sned_neon_interleave;
micro_pick sned_neon_pick;
micro_dot sned_neon_dot;
micro_requantize sned_neon_requantize_u8, sned_neon_requantize_s8, sned_neon_requantize_s16;
micro_window_max sned_neon_window_max_u8, sned_neon_window_max_s8, sned_neon_window_max_s16;
micro_window_sum sned_neon_window_sum_u8, sned_neon_window_sum_s8, sned_neon_window_sum_s16;

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
