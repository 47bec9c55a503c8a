/*
 * axis.h - where numbers lie on a chart: a range with a little air, its round numbers, and per cent of a
 * side.
 *
 * Charts are laid out in per cent of their box, and text in them in points, so that a chart fits a phone with
 * letters as large as those of the page around it.
 */
#ifndef SNED_CLI_REPORT_AXIS_H
#define SNED_CLI_REPORT_AXIS_H

#include <stdbool.h>

enum { AXIS_TICKS = 12 };
struct chart_axis {
    double low, high;
    bool logarithmic; /* low > 0 */
    double ticks[AXIS_TICKS];
    int tick_count;
};
/* An axis for numbers from `least` to `most`; of logarithms where they are apart enough for it to matter and
 * it is asked for. At most `wanted` ticks, or one or two more. */
struct chart_axis axis_make(double least, double most, int wanted, bool logarithmic);
/* 0 at the low end, 100 at the high end. */
double axis_place(const struct chart_axis *axis, double value);

#endif
