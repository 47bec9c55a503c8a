/*
 * pixel_range.c - see pixel_range.h.
 *
 * Most training code makes pixels numbers from 0 to 1 and then subtracts a mean and divides by a deviation of
 * that size: 0.485 and 0.229 for red. sned's rule, value = (pixel - mean) * scale, is for pixels from 0 to
 * 255: 123.675 and 1 / 58.395. Such numbers mistaken for each other give confident nonsense. They can be told
 * apart, for a deviation of pixels is between a fiftieth of their range and all of it:
 *
 *     scale         what it is                        what it should be
 *     below 0.02    1 / deviation of 0 to 255         itself
 *     to 1          a deviation of 0 to 1 (*)         1 / (255 scale)
 *     1 to 20       1 / deviation of 0 to 1 (**)      scale / 255
 *     from 20       a deviation of 0 to 255           1 / scale
 *
 * (*) only where the mean is one of 0 to 1, too; (**) 1 itself only there: it is also no scale at all.
 */
#include "cli/common/pixel_range.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const float PIXEL_MAX = 255, DEVIATION_MIN = 0.02f, DEVIATION_MAX = 20,
                   LEAST_RANGE = 0.05f; /* of values that 256 pixels are told apart by */

const char *numbers_text(char text[NUMBERS_TEXT], const float *numbers, int count)
{
    size_t length = 0;
    bool alike = true;
    for (int i = 1; i < count; i++)
        alike = alike && numbers[i] == numbers[0];
    text[0] = 0;
    for (int i = 0; i < (alike ? 1 : count) && length < NUMBERS_TEXT; i++)
        length += (size_t)snprintf(text + length, NUMBERS_TEXT - length, "%s%.6g", i ? "," : "",
                                   (double)numbers[i]);
    return text;
}

/* Means of pixels from 0 to 1. All 0 is none: it is right for either range. */
static bool is_unit_mean(const float *mean, int channels)
{
    bool any = false, all = true;
    for (int c = 0; c < channels; c++) {
        any = any || mean[c] > 0;
        all = all && mean[c] >= 0 && mean[c] < 1;
    }
    return any && all;
}

static float byte_scale(float scale, bool unit_mean)
{
    if (scale >= DEVIATION_MAX)
        return 1 / scale;
    if (scale > 1 || (scale == 1 && unit_mean))
        return scale / PIXEL_MAX;
    return unit_mean && scale >= DEVIATION_MIN ? 1 / (PIXEL_MAX * scale) : scale;
}

/* Do mean and scale look like numbers for pixels from 0 to 1? *fixed: those for pixels from 0 to 255. */
static bool is_for_unit_pixels(const struct input_rule *rule, int channels, struct input_rule *fixed)
{
    const bool unit_mean = is_unit_mean(rule->mean, channels);
    bool differs = unit_mean;
    *fixed = *rule;
    for (int c = 0; c < channels; c++) {
        fixed->mean[c] = unit_mean ? rule->mean[c] * PIXEL_MAX : rule->mean[c];
        fixed->scale[c] = byte_scale(rule->scale[c], unit_mean);
        differs = differs || fixed->scale[c] != rule->scale[c];
    }
    return differs;
}

/* Pixels are hardly told apart: where the network scales them too, somebody did what it does already. */
static bool is_scaled_twice(const struct input_rule *whole, int channels)
{
    bool all = true;
    for (int c = 0; c < channels; c++)
        all = all && fabsf(whole->scale[c]) * PIXEL_MAX < LEAST_RANGE;
    return all;
}

/* What the network's first layers make of pixels, behind the rule. */
static void warn_of_own_scaling(const struct graph *graph, int channels, const char *path,
                                const struct reporter *reporter)
{
    struct input_rule whole, fixed;
    char texts[2][NUMBERS_TEXT];
    int count;
    if (sned_graph_whole_rule(graph, &whole, &count, NULL) != SNED_OK || count == 0)
        return;
    const char *mean = numbers_text(texts[0], whole.mean, channels);
    const char *scale = numbers_text(texts[1], whole.scale, channels);
    if (is_for_unit_pixels(&whole, channels, &fixed))
        sned_report(
            reporter,
            "%s: its first layers make (pixel - %s) * %s, which looks made for pixels from 0 to 1, but "
            "pixels are 0 to 255 here: did you mean --scale 0.00392157?",
            path, mean, scale);
    else if (is_scaled_twice(&whole, channels))
        sned_report(reporter,
                    "%s: its first layers scale pixels too, which are multiplied by %s in all: did you mean "
                    "--scale 1?",
                    path, scale);
}

void warn_of_pixel_range(const struct graph *graph, const char *path, const struct reporter *reporter)
{
    const struct input_rule *rule = &graph->rule;
    const int channels = sned_shape_extent(&graph->tensors[graph->input].shape).channels;
    struct input_rule fixed;
    char texts[4][NUMBERS_TEXT];
    if (!rule->is_image || channels > GRAPH_MAX_CHANNELS_MEAN)
        return;
    if (is_for_unit_pixels(rule, channels, &fixed))
        sned_report(
            reporter,
            "%s: mean %s and scale %s look like numbers for pixels from 0 to 1, but pixels are 0 to "
            "255 here: %s --mean %s --scale %s?",
            path, numbers_text(texts[0], rule->mean, channels), numbers_text(texts[1], rule->scale, channels),
            graph->integer ? "should it be packed with" : "did you mean",
            numbers_text(texts[2], fixed.mean, channels), numbers_text(texts[3], fixed.scale, channels));
    else
        warn_of_own_scaling(graph, channels, path, reporter);
}
