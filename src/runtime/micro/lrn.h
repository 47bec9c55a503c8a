/*
 * lrn.h - what LRN's micro-kernels share: the channels of a window, a sum's entry in the table, and how a
 * strip is done row by row, for columns that do no better.
 */
#ifndef SNED_RUNTIME_MICRO_LRN_H
#define SNED_RUNTIME_MICRO_LRN_H

#include "runtime/micro/micro.h"

/* Pixels that a micro-kernel does at once, at most. */
enum { LRN_PIXELS = 512 };
extern const uint8_t sned_lrn_zeros[LRN_PIXELS];

/* A channel from a pixel on; beyond the first and the last one there are zeros. */
static inline const uint8_t *lrn_channel(const uint8_t *input, const struct lrn_strip *strip, int channel)
{
    return channel >= 0 && channel < strip->channels ? input + (size_t)channel * strip->step : sned_lrn_zeros;
}

/* The entry of the table for a sum of squares: exact below 64, then 64 steps an octave. */
static inline int lrn_index(uint32_t sum)
{
    if (sum < 64)
        return (int)sum;
    int exponent = 31 - __builtin_clz(sum);
    int index = 64 * (exponent - 5) + (int)((sum >> (exponent - 6)) & 63);
    return index < LRN_TABLE_SIZE ? index : LRN_TABLE_SIZE - 1;
}

/* The window moves on by a channel: sums[i] += entering[i]^2 - leaving[i]^2, all three of them input. */
typedef void lrn_slide(uint32_t *sums, const void *entering, const void *leaving, size_t count);
/* A channel's results, of the sums of its window, which are input too. */
typedef void lrn_normalize(void *to, const void *input, const uint32_t *sums, size_t count,
                           const struct lrn_strip *strip, const struct integer_rule *rule);
lrn_slide sned_slide_squares_u8,
    sned_slide_squares_s8; /* in plain C, of which compilers make what is to be had */
void sned_lrn_by_rows(uint8_t *to, const uint8_t *input, const struct lrn_strip *strip,
                      const struct integer_rule *rule, lrn_slide *slide, lrn_normalize *normalize);

#endif
