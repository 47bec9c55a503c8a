/*
 * requantize.c - the end of every integer operator for any ARMv8-A, exact.
 *
 * sqdmulh gives the high half of twice a product of 32 bits, rounded down, and srshl by -t shifts right by t,
 * rounding half up without losing a carry, whatever t. With m made m * 2^15, which stays below 2^31,
 *
 *     floor((v * m + 2^(s-1)) / 2^s) = floor((floor(v * m / 2^16) + 2^(t-1)) / 2^t),    t = s - 16,
 *
 * where t is 1 or more: 2^(s-1) is a whole multiple of 2^16 then, and to divide by integers one after the
 * other, rounding down each time, is to divide by their product. Smaller shifts are ratios of 1/2 and more,
 * which few layers have: those are smull and srshl in 64 bits, which sqxtn brings to int32, and what lies
 * beyond to its ends. So is a slope, by 2^15.
 *
 * What is beyond the output's type becomes its end in the steps from 32 to 16 and 8 bits, as the clamp would
 * have it, whose bounds are in that type: it comes last, on 16 or 8 numbers at once. With a slope, what has
 * become -2^31 has gone to -2^16 even by the least one, 1 / 2^15: below the lowest bound that there is, as
 * what it stands for is.
 */
#include "runtime/micro/neon/neon.h"

#if defined(__aarch64__)
#include <string.h>

enum { PIXELS = 16, EASY_BITS = 15, EASY_SHIFT = EASY_BITS + 2 /* and above: see the head of this file */ };

/* What is the same for all of a row. */
struct neon_end {
    int32x4_t multiplier, slope;
    int32x4_t shift; /* to the left, of an easy row */
    int64x2_t long_shift;
};

NEON_INLINE struct neon_end neon_end_of(struct scaling scaling, const struct integer_rule *rule,
                                        const bool is_easy)
{
    return (struct neon_end){.multiplier = vdupq_n_s32(scaling.multiplier << (is_easy ? EASY_BITS : 0)),
                             .slope = vdupq_n_s32(rule->slope),
                             .shift = vdupq_n_s32(EASY_BITS + 1 - scaling.shift),
                             .long_shift = vdupq_n_s64(-(int64_t)scaling.shift)};
}

NEON_INLINE int32x4_t finish_four(const int32_t *input, const struct neon_end *end, const bool is_easy,
                                  const bool has_slope)
{
    const int32x4_t sums = vld1q_s32(input);
    const int32x4_t scaled = is_easy ? vrshlq_s32(vqdmulhq_s32(sums, end->multiplier), end->shift)
                                     : neon_scale_in_64_bits(sums, end->multiplier, end->long_shift);
    return has_slope ? neon_slope_four(scaled, end->slope) : scaled;
}

NEON_INLINE int16x8_t finish_eight(const int32_t *input, const struct neon_end *end, const bool is_easy,
                                   const bool has_slope)
{
    return vqmovn_high_s32(vqmovn_s32(finish_four(input, end, is_easy, has_slope)),
                           finish_four(input + 4, end, is_easy, has_slope));
}

/* 16 results, clamped, to `to`. */
NEON_INLINE void store_sixteen(void *to, int16x8_t first, int16x8_t second, const struct integer_rule *rule,
                               const enum value_type type)
{
    if (type == VALUE_U8) {
        const uint8x16_t values = vqmovun_high_s16(vqmovun_s16(first), second);
        const uint8x16_t low = vdupq_n_u8((uint8_t)rule->low), high = vdupq_n_u8((uint8_t)rule->high);
        vst1q_u8(to, vminq_u8(vmaxq_u8(values, low), high));
    } else if (type == VALUE_S8) {
        const int8x16_t values = vqmovn_high_s16(vqmovn_s16(first), second);
        const int8x16_t low = vdupq_n_s8((int8_t)rule->low), high = vdupq_n_s8((int8_t)rule->high);
        vst1q_s8(to, vminq_s8(vmaxq_s8(values, low), high));
    } else {
        const int16x8_t low = vdupq_n_s16((int16_t)rule->low), high = vdupq_n_s16((int16_t)rule->high);
        vst1q_s16(to, vminq_s16(vmaxq_s16(first, low), high));
        vst1q_s16((int16_t *)to + 8, vminq_s16(vmaxq_s16(second, low), high));
    }
}

/* The last vector reads behind `input`, as it may, and is written as far as asked for. */
NEON_INLINE void requantize_row(uint8_t *to, const int32_t *input, size_t count, const struct neon_end *end,
                                const struct integer_rule *rule, const bool is_easy, const bool has_slope,
                                const enum value_type type)
{
    const size_t size = type == VALUE_S16 ? 2 : 1;
    for (size_t at = 0; at < count; at += PIXELS) {
        const int16x8_t first = finish_eight(input + at, end, is_easy, has_slope);
        const int16x8_t second = finish_eight(input + at + 8, end, is_easy, has_slope);
        int16_t last[PIXELS];
        if (count - at >= PIXELS) {
            store_sixteen(to + at * size, first, second, rule, type);
        } else {
            store_sixteen(last, first, second, rule, type);
            memcpy(to + at * size, last, (count - at) * size);
        }
    }
}

/* Which of the four loops it is depends on the layer, not on its numbers. */
NEON_INLINE void requantize(void *to, const int32_t *input, size_t count, struct scaling scaling,
                            const struct integer_rule *rule, const enum value_type type)
{
    const bool is_easy = scaling.shift >= EASY_SHIFT;
    const struct neon_end end = neon_end_of(scaling, rule, is_easy);
    if (is_easy && rule->slope)
        requantize_row(to, input, count, &end, rule, true, true, type);
    else if (is_easy)
        requantize_row(to, input, count, &end, rule, true, false, type);
    else if (rule->slope)
        requantize_row(to, input, count, &end, rule, false, true, type);
    else
        requantize_row(to, input, count, &end, rule, false, false, type);
}

#define REQUANTIZE(name, type)                                                                               \
    void name(void *to, const int32_t *input, size_t count, struct scaling scaling,                          \
              const struct integer_rule *rule)                                                               \
    {                                                                                                        \
        requantize(to, input, count, scaling, rule, type);                                                   \
    }
REQUANTIZE(sned_neon_requantize_u8, VALUE_U8)
REQUANTIZE(sned_neon_requantize_s8, VALUE_S8)
REQUANTIZE(sned_neon_requantize_s16, VALUE_S16)
#endif
