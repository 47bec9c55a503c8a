/*
 * axis.c - see axis.h.
 */
#include "cli/report/axis.h"

#include <math.h>

static const double AIR = 0.06; /* of the range, at each end */

/* 1, 2 or 5 times a power of ten: the largest of them that is no more than `size`. */
static double round_step(double size)
{
    const double power = pow(10, floor(log10(size))), rest = size / power;
    return power * (rest >= 5 ? 5 : rest >= 2 ? 2 : 1);
}

static void add_tick(struct chart_axis *axis, double value)
{
    if (axis->tick_count < AXIS_TICKS && value >= axis->low && value <= axis->high)
        axis->ticks[axis->tick_count++] = value;
}

static void linear_ticks(struct chart_axis *axis, int wanted)
{
    double step = round_step((axis->high - axis->low) / wanted * 2);
    for (double i = ceil(axis->low / step); i * step <= axis->high; i++)
        add_tick(axis, i * step);
}

/* In every power of ten 1, 2, 3, 4, 6, 8, or fewer where these are more than wanted: 1, 2, 5, or 1 alone. */
static void logarithmic_ticks(struct chart_axis *axis, int wanted)
{
    static const double finenesses[3][6] = {{1, 2, 3, 4, 6, 8}, {1, 2, 5}, {1}};
    const double powers = log10(axis->high / axis->low);
    const double *fine = finenesses[6 * powers <= wanted ? 0 : 3 * powers <= wanted ? 1 : 2];
    for (double power = pow(10, floor(log10(axis->low))); power <= axis->high; power *= 10)
        for (int i = 0; i < 6 && fine[i] > 0; i++)
            add_tick(axis, power * fine[i]);
}

struct chart_axis axis_make(double least, double most, int wanted, bool logarithmic)
{
    struct chart_axis axis = {.logarithmic = logarithmic && least > 0 && most >= 2 * least};
    if (axis.logarithmic) {
        const double air = pow(most / least, AIR);
        axis.low = least / air;
        axis.high = most * air;
        logarithmic_ticks(&axis, wanted);
    } else {
        const double air = most > least ? (most - least) * AIR : fmax(fabs(most), 1) * AIR;
        axis.low = least - air;
        axis.high = most + air;
    }
    if (axis.tick_count < 2) {
        axis.tick_count = 0;
        linear_ticks(&axis, wanted);
    }
    return axis;
}

double axis_place(const struct chart_axis *axis, double value)
{
    if (axis->logarithmic)
        return 100 * log(value / axis->low) / log(axis->high / axis->low);
    return 100 * (value - axis->low) / (axis->high - axis->low);
}
