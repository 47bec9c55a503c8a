/*
 * real_bytes.h - what weights and biases take in the file as the coder makes it, which the model of it
 * (codec/cost.h) is measured against.
 */
#ifndef SNED_COMPRESS_RATE_REAL_BYTES_H
#define SNED_COMPRESS_RATE_REAL_BYTES_H

#include "compress/rate/layers.h"

/* Of a calibrated graph whose weights lie on their grids, lowered and packed as it is, the layers' alone.
 * Where it cannot be lowered (SNED_ERROR_UNSUPPORTED) *bytes is 0, and nothing has failed. */
sned_status rate_real_bytes(double *bytes, const struct graph *graph, const struct rate_layers *layers,
                            sned_error *error);

#endif
