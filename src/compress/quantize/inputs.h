/*
 * inputs.h - calibration images one batch after the other, from a data set or from memory.
 */
#ifndef SNED_COMPRESS_QUANTIZE_INPUTS_H
#define SNED_COMPRESS_QUANTIZE_INPUTS_H

#include "compress/quantize/quantize.h"

/* values [count][C][H][W], as the network takes them; only valid during the call. */
typedef sned_status inputs_visit(void *context, const float *values, size_t count, sned_error *error);

/*
 * Shows `wanted` images in batches of `batch`, spread evenly over those of a data set: a set that is sorted
 * by class is seen as a whole. Values in memory are all shown, in their order. None at all is
 * SNED_ERROR_DATA.
 */
sned_status inputs_walk(const struct calibration_images *images, const struct graph *graph, size_t wanted,
                        size_t batch, inputs_visit *visit, void *context, sned_error *error);
/* How many that are. */
size_t inputs_count(const struct calibration_images *images, size_t wanted);

#endif
