/*
 * portable_pointwise.c - in plain C, what is done to each number of a row by itself, and LRN.
 */
#include "runtime/micro/columns.h"
#include "runtime/micro/requantize.h"

#include <math.h>

/* ---- sums to activations ---- */

#define REQUANTIZE(name, type)                                                                               \
    void name(void *restrict to, const int32_t *restrict input, size_t count, struct scaling scaling,        \
              const struct integer_rule *restrict rule)                                                      \
    {                                                                                                        \
        type *out = to;                                                                                      \
        for (size_t i = 0; i < count; i++)                                                                   \
            out[i] = (type)finish_value(scale_value(input[i], scaling), rule);                               \
    }
REQUANTIZE(sned_requantize_u8, uint8_t)
REQUANTIZE(sned_requantize_s8, int8_t)
REQUANTIZE(sned_requantize_s16, int16_t)

/* ---- LRN ---- */

#define SLIDE_SQUARES(name, type)                                                                            \
    void name(uint32_t *restrict sums, const void *entering, const void *leaving, size_t count)              \
    {                                                                                                        \
        const type *in = entering, *out = leaving;                                                           \
        for (size_t i = 0; i < count; i++)                                                                   \
            sums[i] += (uint32_t)(in[i] * in[i]) - (uint32_t)(out[i] * out[i]);                              \
    }
SLIDE_SQUARES(sned_slide_squares_u8, uint8_t)
SLIDE_SQUARES(sned_slide_squares_s8, int8_t)

#define NORMALIZE(name, type)                                                                                \
    void name(void *restrict to, const void *restrict input, const uint32_t *restrict sums, size_t count,    \
              const uint16_t *restrict table, int shift, const struct integer_rule *rule)                    \
    {                                                                                                        \
        const type *from = input;                                                                            \
        uint8_t *out = to;                                                                                   \
        for (size_t i = 0; i < count; i++) {                                                                 \
            const int64_t product = (int64_t)from[i] * table[lrn_index(sums[i])];                            \
            out[i] = (uint8_t)finish_value(round_shift(product, shift), rule);                               \
        }                                                                                                    \
    }
NORMALIZE(sned_normalize_u8, uint8_t)
NORMALIZE(sned_normalize_s8, int8_t)

/* ---- each number by itself ---- */

void sned_look_up(uint8_t *restrict to, const uint8_t *restrict from, size_t count,
                  const uint8_t *restrict table)
{
    for (size_t i = 0; i < count; i++)
        to[i] = table[from[i]];
}

#define QUANTIZE(name, type, TYPE)                                                                           \
    void name(void *restrict to, const float *restrict from, size_t count, float scale)                      \
    {                                                                                                        \
        const float low = (float)value_low(TYPE), high = (float)value_high(TYPE);                            \
        type *out = to;                                                                                      \
        for (size_t i = 0; i < count; i++) {                                                                 \
            const float q = floorf(from[i] / scale + 0.5f);                                                  \
            out[i] = (type)(isnan(q) ? 0 : q < low ? low : q > high ? high : q);                             \
        }                                                                                                    \
    }
QUANTIZE(sned_quantize_u8, uint8_t, VALUE_U8)
QUANTIZE(sned_quantize_s8, int8_t, VALUE_S8)

void sned_add_bytes(uint8_t *restrict to, const uint8_t *a, const uint8_t *b, size_t count,
                    const struct byte_sum *sum, const struct integer_rule *rule)
{
    for (size_t i = 0; i < count; i++) {
        const int32_t first = a[i] ^ sum->flip[0], second = b[i] ^ sum->flip[1];
        const int32_t all = first * sum->multiplier[0] + second * sum->multiplier[1] + sum->start;
        to[i] = (uint8_t)finish_value(all >> sum->shift, rule);
    }
}
