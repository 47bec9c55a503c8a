/*
 * quantize.h - float graph to integer graph: calibration, lowering, and back.
 */
#ifndef SNED_COMPRESS_QUANTIZE_H
#define SNED_COMPRESS_QUANTIZE_H

#include "base/report.h"
#include "graph/graph.h"
#include "io/dataset.h"

struct calibration_options {
    size_t images; /* at most; 0: 500 */
    int batch, threads;
    const struct reporter *reporter;
};

/* Sets a quantization on every activation of a prepared float graph, from the values it takes on images
 * `indices`. The clipping point minimises the mean squared error over a histogram. Tensors that an operator
 * passes through or joins (pools, Concat, Slice, Pad, reshapes) share one. */
sned_status quantize_calibrate(struct graph *graph, struct dataset *dataset, const uint32_t *indices,
                               size_t count, const struct calibration_options *options, sned_error *error);

/* The same on inputs that are preprocessed already, [count][C][H][W]; options->images does not count. */
sned_status quantize_calibrate_values(struct graph *graph, const float *values, size_t count,
                                      const struct calibration_options *options, sned_error *error);

/* A prepared, calibrated float graph to a new integer graph: docs/arithmetic.md. Proves per filter that the
 * accumulator cannot overflow. Operators without an integer form are SNED_ERROR_UNSUPPORTED by name. */
sned_status quantize_lower(struct graph **integer, const struct graph *graph, sned_error *error);

/* The float graph whose values an integer graph approximates: `sned export`. */
sned_status quantize_raise(struct graph **graph, const struct graph *integer, sned_error *error);

/* The scale of weights [K][n] for output channel k: what fake quantization in training and lowering share. */
float quantize_weight_scale(const float *weights, size_t n);

#endif
