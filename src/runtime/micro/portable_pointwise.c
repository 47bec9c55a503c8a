/*
 * portable_pointwise.c - in plain C, what is done to each number of a row by itself, and LRN.
 */
#include "runtime/micro/columns.h"
#include "runtime/micro/requantize.h"

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
