/*
 * pointwise.c - what is done to each number of a row by itself, for any ARMv8-A: tables of bytes, real
 * numbers to integers, sums of two rows.
 */
#include "runtime/micro/neon/neon.h"

#if defined(__aarch64__)
enum { EIGHT = 8, SIXTEEN = 16 };

/* ---- tables ----
 *
 * tbl looks up 64 entries in four registers, and gives 0 for an index beyond them; tbx leaves such a byte as
 * it is. So each quarter of the table is looked up with 64 less than the one before, and finds those that are
 * its own: below its first entry an index has wrapped, and is 192 or more. */

enum { QUARTER = 64, QUARTERS = 4 };

NEON_INLINE uint8x16_t look_up_sixteen(const uint8x16x4_t quarters[QUARTERS], uint8x16_t index)
{
    uint8x16_t entries = vqtbl4q_u8(quarters[0], index);
    for (int q = 1; q < QUARTERS; q++) {
        index = vsubq_u8(index, vdupq_n_u8(QUARTER));
        entries = vqtbx4q_u8(entries, quarters[q], index);
    }
    return entries;
}

/* The last ones, which are fewer than 16, once more with some before them. */
void sned_neon_look_up(uint8_t *to, const uint8_t *from, size_t count, const uint8_t *table)
{
    uint8x16x4_t quarters[QUARTERS];
    if (count < SIXTEEN) {
        sned_look_up(to, from, count, table);
        return;
    }
    for (int q = 0; q < QUARTERS; q++)
        quarters[q] = vld1q_u8_x4(table + q * QUARTER);
    size_t i = 0;
    for (; i + SIXTEEN <= count; i += SIXTEEN)
        vst1q_u8(to + i, look_up_sixteen(quarters, vld1q_u8(from + i)));
    if (i < count)
        vst1q_u8(to + count - SIXTEEN, look_up_sixteen(quarters, vld1q_u8(from + count - SIXTEEN)));
}

/* ---- real numbers ----
 *
 * fcvtms rounds down to int32; what is beyond it becomes its end, and what is no number 0. */

NEON_INLINE int16x8_t quantize_eight(const float *from, float32x4_t scale)
{
    const float32x4_t half = vdupq_n_f32(0.5f);
    const int32x4_t first = vcvtmq_s32_f32(vaddq_f32(vdivq_f32(vld1q_f32(from), scale), half));
    const int32x4_t second = vcvtmq_s32_f32(vaddq_f32(vdivq_f32(vld1q_f32(from + 4), scale), half));
    return vqmovn_high_s32(vqmovn_s32(first), second);
}

void sned_neon_quantize_u8(void *to, const float *from, size_t count, float scale)
{
    uint8_t *out = to;
    for (; count >= EIGHT; count -= EIGHT, out += EIGHT, from += EIGHT)
        vst1_u8(out, vqmovun_s16(quantize_eight(from, vdupq_n_f32(scale))));
    sned_quantize_u8(out, from, count, scale);
}

void sned_neon_quantize_s8(void *to, const float *from, size_t count, float scale)
{
    int8_t *out = to;
    for (; count >= EIGHT; count -= EIGHT, out += EIGHT, from += EIGHT)
        vst1_s8(out, vqmovn_s16(quantize_eight(from, vdupq_n_f32(scale))));
    sned_quantize_s8(out, from, count, scale);
}

/* ---- sums of two rows ---- */

/* What is the same for all of a row. */
struct two_terms {
    uint8x16_t flip[2];
    uint16x8_t multipliers; /* in the first two elements */
    uint32x4_t start;
    struct neon_short_end end;
};

NEON_INLINE struct two_terms terms_of(const struct byte_sum *sum, const struct integer_rule *rule)
{
    const uint32_t both = sum->multiplier[0] | (uint32_t)sum->multiplier[1] << 16;
    return (struct two_terms){.flip = {vdupq_n_u8(sum->flip[0]), vdupq_n_u8(sum->flip[1])},
                              .multipliers = vreinterpretq_u16_u32(vdupq_n_u32(both)),
                              .start = vdupq_n_u32((uint32_t)sum->start),
                              .end = neon_short_end_of(sum->shift, rule)};
}

/* `start` has the half that rounds: the shift does not. */
NEON_INLINE uint8x8_t add_eight(uint16x8_t a, uint16x8_t b, const struct two_terms *terms,
                                const bool has_slope)
{
    const uint16x8_t m = terms->multipliers;
    const uint32x4_t low =
        vmlal_laneq_u16(vmlal_laneq_u16(terms->start, vget_low_u16(a), m, 0), vget_low_u16(b), m, 1);
    const uint32x4_t high = vmlal_high_laneq_u16(vmlal_high_laneq_u16(terms->start, a, m, 0), b, m, 1);
    return neon_end_eight(vshlq_s32(vreinterpretq_s32_u32(low), terms->end.shift),
                          vshlq_s32(vreinterpretq_s32_u32(high), terms->end.shift), &terms->end, has_slope);
}

NEON_INLINE uint8x16_t add_sixteen(const uint8_t *a, const uint8_t *b, const struct two_terms *terms,
                                   const bool has_slope)
{
    const uint8x16_t x = veorq_u8(vld1q_u8(a), terms->flip[0]), y = veorq_u8(vld1q_u8(b), terms->flip[1]);
    const uint8x8_t first = add_eight(vmovl_u8(vget_low_u8(x)), vmovl_u8(vget_low_u8(y)), terms, has_slope);
    return vcombine_u8(first, add_eight(vmovl_high_u8(x), vmovl_high_u8(y), terms, has_slope));
}

NEON_INLINE void add_row(uint8_t *to, const uint8_t *a, const uint8_t *b, size_t count,
                         const struct two_terms *terms, const bool has_slope)
{
    size_t i = 0;
    for (; i + SIXTEEN <= count; i += SIXTEEN)
        vst1q_u8(to + i, add_sixteen(a + i, b + i, terms, has_slope));
    if (i < count) {
        uint8_t last[SIXTEEN];
        vst1q_u8(last, add_sixteen(a + i, b + i, terms, has_slope));
        memcpy(to + i, last, count - i);
    }
}

void sned_neon_add_bytes(uint8_t *to, const uint8_t *a, const uint8_t *b, size_t count,
                         const struct byte_sum *sum, const struct integer_rule *rule)
{
    const struct two_terms terms = terms_of(sum, rule);
    if (rule->slope)
        add_row(to, a, b, count, &terms, true);
    else
        add_row(to, a, b, count, &terms, false);
}
#endif
