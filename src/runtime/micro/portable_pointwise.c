/*
 * portable_pointwise.c - in plain C, what is done to each number of a row by itself, and LRN.
 */
#include "runtime/micro/columns.h"
#include "runtime/micro/lrn.h"
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
micro_requantize *const sned_requantize[MICRO_TYPES] = {sned_requantize_u8, sned_requantize_s8,
                                                        sned_requantize_s16};

void sned_finish_rows(void *to, enum value_type type, const int32_t *sums, size_t rows, const int32_t *start,
                      const struct scaling *scalings, const struct integer_rule *rule)
{
    for (size_t r = 0; r < rows; r++) {
        const int32_t sum = (int32_t)((uint32_t)sums[r] + (uint32_t)start[r]);
        value_store(to, type, r, finish_value(scale_value(sum, scalings[r]), rule));
    }
}

/* ---- LRN ---- */

const uint8_t sned_lrn_zeros[LRN_PIXELS];

/* Integers: nothing is lost on the way from channel to channel. */
void sned_lrn_by_rows(uint8_t *to, const uint8_t *input, const struct lrn_strip *strip,
                      const struct integer_rule *rule, lrn_slide *slide, lrn_normalize *normalize)
{
    for (size_t at = 0, count; at < strip->pixels; at += count, input += count, to += count) {
        uint32_t sums[LRN_PIXELS + MICRO_OVER_READ / sizeof(uint32_t)] = {0};
        count = strip->pixels - at < LRN_PIXELS ? strip->pixels - at : LRN_PIXELS;
        for (int c = -strip->after; c < strip->channels; c++) {
            slide(sums, lrn_channel(input, strip, c + strip->after),
                  lrn_channel(input, strip, c - strip->before - 1), count);
            if (c >= 0)
                normalize(to + (size_t)c * strip->step, lrn_channel(input, strip, c), sums, count, strip,
                          rule);
        }
    }
}

#define LRN(type_name, type)                                                                                 \
    void sned_slide_squares_##type_name(uint32_t *restrict sums, const void *entering, const void *leaving,  \
                                        size_t count)                                                        \
    {                                                                                                        \
        const type *in = entering, *out = leaving;                                                           \
        for (size_t i = 0; i < count; i++)                                                                   \
            sums[i] += (uint32_t)(in[i] * in[i]) - (uint32_t)(out[i] * out[i]);                              \
    }                                                                                                        \
    static void normalize_##type_name(void *restrict to, const void *restrict input,                         \
                                      const uint32_t *restrict sums, size_t count,                           \
                                      const struct lrn_strip *strip, const struct integer_rule *rule)        \
    {                                                                                                        \
        const type *from = input;                                                                            \
        uint8_t *out = to;                                                                                   \
        for (size_t i = 0; i < count; i++) {                                                                 \
            const int64_t product = (int64_t)from[i] * strip->table[lrn_index(sums[i])];                     \
            out[i] = (uint8_t)finish_value(round_shift(product, strip->shift), rule);                        \
        }                                                                                                    \
    }                                                                                                        \
    void sned_lrn_##type_name(uint8_t *to, const uint8_t *input, const struct lrn_strip *strip,              \
                              const struct integer_rule *rule)                                               \
    {                                                                                                        \
        sned_lrn_by_rows(to, input, strip, rule, sned_slide_squares_##type_name, normalize_##type_name);     \
    }
LRN(u8, uint8_t)
LRN(s8, int8_t)

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
