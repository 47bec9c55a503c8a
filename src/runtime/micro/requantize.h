/*
 * requantize.h - the scaling, slope and clamp that end every integer operator: docs/arithmetic.md, "Scaling".
 */
#ifndef SNED_RUNTIME_MICRO_REQUANTIZE_H
#define SNED_RUNTIME_MICRO_REQUANTIZE_H

#include "graph/graph.h"

enum { SCALING_MAX_SHIFT = 62, SLOPE_BITS = 15 };

/* floor(sum / 2^shift + 1/2). Right shifts of negative numbers are arithmetic, as compilers have them. */
static inline int64_t round_shift(int64_t sum, int shift)
{
    return (sum + ((int64_t)1 << (shift - 1))) >> shift;
}

static inline int64_t scale_value(int64_t value, struct scaling scaling)
{
    return round_shift(value * scaling.multiplier, scaling.shift);
}

/* In two steps, of which compilers make moves and no branches, which nobody could foresee. */
static inline int32_t clamp_value(int64_t value, int32_t low, int32_t high)
{
    const int64_t above = value < low ? low : value;
    return (int32_t)(above > high ? high : above);
}

/* What follows the scaling: LeakyReLU's slope, then the clamp. */
static inline int32_t finish_value(int64_t scaled, const struct integer_rule *rule)
{
    if (rule->slope && scaled < 0)
        scaled = round_shift(scaled * rule->slope, SLOPE_BITS);
    return clamp_value(scaled, rule->low, rule->high);
}

#endif
