/*
 * calibrate_histogram.c - see calibrate_histogram.h.
 *
 * The range doubles when a larger value comes, and pairs of bins become one: so one pass over the images is
 * enough, and at least half of the bins are in use.
 */
#include "compress/quantize/calibrate_histogram.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { CANDIDATES = 128 };               /* clipping points that are tried */
static const double least_share = 0.125; /* of the largest value seen: the lowest of them */

static void double_range(struct histogram *histogram)
{
    for (int i = 0; i < HISTOGRAM_BINS / 2; i++)
        histogram->bins[i] = histogram->bins[2 * i] + histogram->bins[2 * i + 1];
    memset(histogram->bins + HISTOGRAM_BINS / 2, 0, sizeof histogram->bins / 2);
    histogram->range *= 2;
}

bool histogram_add(struct histogram *histogram, const float *values, size_t count)
{
    float largest = 0;
    int finite = 1;
    for (size_t i = 0; i < count; i++) {
        float magnitude = fabsf(values[i]);
        finite &= magnitude <= FLT_MAX / 4;
        largest = magnitude > largest ? magnitude : largest;
    }
    if (!finite)
        return false;
    if (largest < FLT_MIN)
        return true;
    if (histogram->range == 0)
        histogram->range = largest;
    while (histogram->range < largest)
        double_range(histogram);
    histogram->largest = largest > histogram->largest ? largest : histogram->largest;
    const float per_bin = HISTOGRAM_BINS / histogram->range;
    for (size_t i = 0; i < count; i++) {
        int bin = (int)(fabsf(values[i]) * per_bin);
        if (values[i] != 0)
            histogram->bins[bin < HISTOGRAM_BINS ? bin : HISTOGRAM_BINS - 1]++;
    }
    return true;
}

static double squared_error(const struct histogram *histogram, double clip, int levels)
{
    const double width = histogram->range / HISTOGRAM_BINS, step = clip / levels;
    double sum = 0;
    for (int i = 0; i < HISTOGRAM_BINS; i++) {
        if (!histogram->bins[i])
            continue;
        double magnitude = (i + 0.5) * width, nearest = floor(magnitude / step + 0.5) * step;
        double error = magnitude - (nearest < clip ? nearest : clip);
        sum += (double)histogram->bins[i] * error * error;
    }
    return sum;
}

float histogram_clip(const struct histogram *histogram, int levels)
{
    double best = histogram->largest, least = squared_error(histogram, best, levels);
    if (histogram->range == 0)
        return 0;
    for (int i = 1; i <= CANDIDATES; i++) {
        double clip = histogram->largest * (1 - (1 - least_share) * i / CANDIDATES);
        double error = squared_error(histogram, clip, levels);
        if (error < least)
            best = clip, least = error;
    }
    return (float)best;
}
