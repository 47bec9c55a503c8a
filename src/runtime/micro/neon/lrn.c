/*
 * lrn.c - LRN's factors for any ARMv8-A. Of its sums of squares compilers make what is to be had.
 *
 * With a sum moved up until its highest bit is bit 31, by clz places, its seven highest bits are 64 + m,
 * where m is the step in its octave. So the entry for it, 64 * (31 - clz - 5) + m for sums from 64 on, is
 * 1600 - 64 * clz + the sum's seven highest bits.
 */
#include "runtime/micro/lrn.h"
#include "runtime/micro/neon/neon.h"

#if defined(__aarch64__)
enum { EIGHT = 8, MOST_SHIFT = 30 };

/* Whatever a sum is, behind a row's end too, its index is one. */
NEON_INLINE uint32x4_t index_four(uint32x4_t sums)
{
    const uint32x4_t zeros = vclzq_u32(sums), whole = vshlq_u32(sums, vreinterpretq_s32_u32(zeros));
    const uint32x4_t octave = vmlsq_n_u32(vdupq_n_u32(25 * 64), zeros, 64);
    const uint32x4_t steps = vsraq_n_u32(octave, whole, 25);
    const uint32x4_t index = vbslq_u32(vcltq_u32(sums, vdupq_n_u32(64)), sums, steps);
    return vminq_u32(index, vdupq_n_u32(LRN_TABLE_SIZE - 1));
}

NEON_INLINE uint16x8_t factors_of(const uint32_t *sums, const uint16_t *table)
{
    const uint16x8_t index =
        vmovn_high_u32(vmovn_u32(index_four(vld1q_u32(sums))), index_four(vld1q_u32(sums + 4)));
    uint16x8_t factors = vdupq_n_u16(0);
    factors = vld1q_lane_u16(table + vgetq_lane_u16(index, 0), factors, 0);
    factors = vld1q_lane_u16(table + vgetq_lane_u16(index, 1), factors, 1);
    factors = vld1q_lane_u16(table + vgetq_lane_u16(index, 2), factors, 2);
    factors = vld1q_lane_u16(table + vgetq_lane_u16(index, 3), factors, 3);
    factors = vld1q_lane_u16(table + vgetq_lane_u16(index, 4), factors, 4);
    factors = vld1q_lane_u16(table + vgetq_lane_u16(index, 5), factors, 5);
    factors = vld1q_lane_u16(table + vgetq_lane_u16(index, 6), factors, 6);
    return vld1q_lane_u16(table + vgetq_lane_u16(index, 7), factors, 7);
}

/* Four numbers of a type of 8 bits by their factors: 24 bits. */
NEON_INLINE int32x4_t multiply_four(int16x4_t numbers, uint16x4_t factors, const bool is_signed)
{
    return is_signed ? vmulq_s32(vmovl_s16(numbers), vreinterpretq_s32_u32(vmovl_u16(factors)))
                     : vreinterpretq_s32_u32(vmull_u16(vreinterpret_u16_s16(numbers), factors));
}

NEON_INLINE int16x8_t load_eight(const uint8_t *from, const bool is_signed)
{
    const uint8x8_t bytes = vld1_u8(from);
    return is_signed ? vmovl_s8(vreinterpret_s8_u8(bytes)) : vreinterpretq_s16_u16(vmovl_u8(bytes));
}

NEON_INLINE uint8x8_t normalize_eight(const uint8_t *input, const uint32_t *sums, const uint16_t *table,
                                      const struct neon_short_end *end, const bool is_signed,
                                      const bool has_slope)
{
    const int16x8_t numbers = load_eight(input, is_signed);
    const uint16x8_t factors = factors_of(sums, table);
    const int32x4_t first = multiply_four(vget_low_s16(numbers), vget_low_u16(factors), is_signed);
    const int32x4_t second = multiply_four(vget_high_s16(numbers), vget_high_u16(factors), is_signed);
    return neon_end_eight(vrshlq_s32(first, end->shift), vrshlq_s32(second, end->shift), end, has_slope);
}

NEON_INLINE void normalize_row(uint8_t *to, const uint8_t *input, const uint32_t *sums, size_t count,
                               const uint16_t *table, const struct neon_short_end *end, const bool is_signed,
                               const bool has_slope)
{
    for (; count >= EIGHT; count -= EIGHT, to += EIGHT, input += EIGHT, sums += EIGHT)
        vst1_u8(to, normalize_eight(input, sums, table, end, is_signed, has_slope));
    if (count) {
        uint8_t last[EIGHT];
        vst1_u8(last, normalize_eight(input, sums, table, end, is_signed, has_slope));
        memcpy(to, last, count);
    }
}

/* A product of 24 bits, shifted by more than MOST_SHIFT, is 0, as by MOST_SHIFT. */
NEON_INLINE void normalize(uint8_t *to, const uint8_t *input, const uint32_t *sums, size_t count,
                           const struct lrn_strip *strip, const struct integer_rule *rule,
                           const bool is_signed)
{
    const struct neon_short_end end =
        neon_short_end_of(strip->shift < MOST_SHIFT ? strip->shift : MOST_SHIFT, rule);
    if (rule->slope)
        normalize_row(to, input, sums, count, strip->table, &end, is_signed, true);
    else
        normalize_row(to, input, sums, count, strip->table, &end, is_signed, false);
}

#define LRN(type_name, is_signed)                                                                            \
    static void normalize_##type_name(void *to, const void *input, const uint32_t *sums, size_t count,       \
                                      const struct lrn_strip *strip, const struct integer_rule *rule)        \
    {                                                                                                        \
        normalize(to, input, sums, count, strip, rule, is_signed);                                           \
    }                                                                                                        \
    void sned_neon_lrn_##type_name(uint8_t *to, const uint8_t *input, const struct lrn_strip *strip,         \
                                   const struct integer_rule *rule)                                          \
    {                                                                                                        \
        sned_lrn_by_rows(to, input, strip, rule, sned_slide_squares_##type_name, normalize_##type_name);     \
    }
LRN(u8, false)
LRN(s8, true)
#endif
