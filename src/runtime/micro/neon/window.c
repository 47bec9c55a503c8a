/*
 * window.c - the windows of pools for any ARMv8-A: a few outputs at a time, over all taps of their
 * windows, so that each is written once. Rows of a stride of 2 are loaded by ld2, which takes every other
 * number; longer strides are left to portable C.
 */
#include "runtime/micro/neon/neon.h"

#if defined(__aarch64__)
#include <string.h>

/* ---- the largest number ---- */

/* One of the types: `bits` is what its intrinsics end in, `lanes` how many numbers a register holds. */
#define WINDOW_MAX(bits, type, vector, lanes)                                                                \
    NEON_INLINE vector largest_##bits(const type *row, const struct window_row *windows, vector value,       \
                                      const size_t stride)                                                   \
    {                                                                                                        \
        for (int r = 0; r < windows->rows; r++, row += windows->row_step)                                    \
            for (int c = 0; c < windows->columns; c++) {                                                     \
                const type *tap = row + c * windows->column_step;                                            \
                value = vmaxq_##bits(value, stride == 1 ? vld1q_##bits(tap) : vld2q_##bits(tap).val[0]);     \
            }                                                                                                \
        return value;                                                                                        \
    }                                                                                                        \
    NEON_INLINE void row_of_##bits(type *to, const type *input, size_t count,                                \
                                   const struct window_row *windows, const struct integer_rule *rule,        \
                                   const size_t stride)                                                      \
    {                                                                                                        \
        const vector low = vdupq_n_##bits((type)rule->low), high = vdupq_n_##bits((type)rule->high);         \
        for (; count >= lanes; count -= lanes, to += lanes, input += lanes * stride)                         \
            vst1q_##bits(to, vminq_##bits(largest_##bits(input, windows, low, stride), high));               \
        if (count) {                                                                                         \
            type last[lanes];                                                                                \
            vst1q_##bits(last, vminq_##bits(largest_##bits(input, windows, low, stride), high));             \
            memcpy(to, last, count * sizeof *to);                                                            \
        }                                                                                                    \
    }                                                                                                        \
    NEON_INLINE void rows_of_##bits(type *to, const type *input, const struct window_rows *windows,          \
                                    const struct integer_rule *rule, const size_t stride)                    \
    {                                                                                                        \
        for (size_t r = windows->rows; r; r--, to += windows->to_step, input += windows->step)               \
            row_of_##bits(to, input, windows->count, &windows->row, rule, stride);                           \
    }                                                                                                        \
    void sned_neon_window_max_##bits(void *to, const void *input, const struct window_rows *windows,         \
                                     const struct integer_rule *rule)                                        \
    {                                                                                                        \
        if (windows->row.stride == 1)                                                                        \
            rows_of_##bits(to, input, windows, rule, 1);                                                     \
        else if (windows->row.stride == 2)                                                                   \
            rows_of_##bits(to, input, windows, rule, 2);                                                     \
        else                                                                                                 \
            sned_window_max_##bits(to, input, windows, rule);                                                \
    }
WINDOW_MAX(u8, uint8_t, uint8x16_t, 16)
WINDOW_MAX(s8, int8_t, int8x16_t, 16)
WINDOW_MAX(s16, int16_t, int16x8_t, 8)

/* ---- the sum ---- */

/* Eight numbers as int16: a uint8 fits. */
NEON_INLINE int16x8_t eight_u8(const uint8_t *at, const size_t stride)
{
    return vreinterpretq_s16_u16(vmovl_u8(stride == 1 ? vld1_u8(at) : vld2_u8(at).val[0]));
}

NEON_INLINE int16x8_t eight_s8(const int8_t *at, const size_t stride)
{
    return vmovl_s8(stride == 1 ? vld1_s8(at) : vld2_s8(at).val[0]);
}

NEON_INLINE int16x8_t eight_s16(const int16_t *at, const size_t stride)
{
    return stride == 1 ? vld1q_s16(at) : vld2q_s16(at).val[0];
}

/* The one window of a global pool goes along its rows instead, and reads to its end and not further. */
#define WINDOW_SUM(bits, type)                                                                               \
    NEON_INLINE void sums_of_##bits(int32_t *to, const type *input, size_t count,                            \
                                    const struct window_row *windows, const size_t stride)                   \
    {                                                                                                        \
        const type *row = input;                                                                             \
        int32x4_t low = vdupq_n_s32(0), high = low;                                                          \
        for (int r = 0; r < windows->rows; r++, row += windows->row_step)                                    \
            for (int c = 0; c < windows->columns; c++) {                                                     \
                const int16x8_t values = eight_##bits(row + c * windows->column_step, stride);               \
                low = vaddw_s16(low, vget_low_s16(values));                                                  \
                high = vaddw_high_s16(high, values);                                                         \
            }                                                                                                \
        int32_t part[8];                                                                                     \
        int32_t *place = count < 8 ? part : to;                                                              \
        vst1q_s32(place, low);                                                                               \
        vst1q_s32(place + 4, high);                                                                          \
        if (count < 8)                                                                                       \
            memcpy(to, part, count * sizeof *to);                                                            \
    }                                                                                                        \
    NEON_INLINE int32_t whole_sum_##bits(const type *row, const struct window_row *windows)                  \
    {                                                                                                        \
        int32x4_t sums = vdupq_n_s32(0);                                                                     \
        int32_t rest = 0;                                                                                    \
        for (int r = 0; r < windows->rows; r++, row += windows->row_step) {                                  \
            int c = 0;                                                                                       \
            for (; c + 8 <= windows->columns; c += 8)                                                        \
                sums = vpadalq_s16(sums, eight_##bits(row + c, 1));                                          \
            for (; c < windows->columns; c++)                                                                \
                rest += row[c];                                                                              \
        }                                                                                                    \
        return vaddvq_s32(sums) + rest;                                                                      \
    }                                                                                                        \
    void sned_neon_window_sum_##bits(int32_t *to, const void *input, size_t count,                           \
                                     const struct window_row *windows)                                       \
    {                                                                                                        \
        const type *row = input;                                                                             \
        if (count == 1 && windows->column_step == 1)                                                         \
            to[0] = whole_sum_##bits(row, windows);                                                          \
        else if (windows->stride == 1)                                                                       \
            for (size_t i = 0; i < count; i += 8)                                                            \
                sums_of_##bits(to + i, row + i, count - i, windows, 1);                                      \
        else if (windows->stride == 2)                                                                       \
            for (size_t i = 0; i < count; i += 8)                                                            \
                sums_of_##bits(to + i, row + 2 * i, count - i, windows, 2);                                  \
        else                                                                                                 \
            sned_window_sum_##bits(to, input, count, windows);                                               \
    }
WINDOW_SUM(u8, uint8_t)
WINDOW_SUM(s8, int8_t)
WINDOW_SUM(s16, int16_t)
#endif
