/*
 * calibrate_histogram.h - the magnitudes that an activation takes, and the clipping point that suits them
 * best.
 */
#ifndef SNED_COMPRESS_QUANTIZE_CALIBRATE_HISTOGRAM_H
#define SNED_COMPRESS_QUANTIZE_CALIBRATE_HISTOGRAM_H

#include "base/error.h"
#include <stdbool.h>
#include <stdint.h>

enum { HISTOGRAM_BINS = 2048 };

/* Zero-initialised: empty. Bin i counts magnitudes from i / BINS * range on; exact zeros are not counted, as
 * they cost nothing. */
struct histogram {
    float range; /* 0: nothing seen */
    float largest;
    uint64_t bins[HISTOGRAM_BINS];
};

/* False where a value is NaN or infinite. */
bool histogram_add(struct histogram *histogram, const float *values, size_t count);

/* The magnitude to clip at, with `levels` steps between 0 and it, for the least mean squared error of what
 * was seen, rounding and clipping together; 0 where only zeros were seen. */
float histogram_clip(const struct histogram *histogram, int levels);

#endif
