/*
 * quantize.h - float graph to integer graph: calibration, lowering, and back.
 */
#ifndef SNED_COMPRESS_QUANTIZE_QUANTIZE_H
#define SNED_COMPRESS_QUANTIZE_QUANTIZE_H

#include "base/report.h"
#include "graph/graph.h"
#include "io/data/dataset.h"

struct calibration_options {
    size_t images; /* of a data set, at most; 0: 500 */
    int batch, threads;
    const struct reporter *reporter;
};

/* Images `indices` [count] of a data set; or, where `dataset` is NULL, inputs that are preprocessed already,
 * values [count][C][H][W]. All borrowed. Labels are not looked at. */
struct calibration_images {
    struct dataset *dataset;
    const uint32_t *indices;
    const float *values;
    size_t count;
};

/* Sets a quantization on every activation of a prepared float graph, from the values it takes on images. The
 * clipping point minimises the mean squared error over a histogram. Tensors that an operator passes through
 * or joins (pools, Concat, Slice, Pad, reshapes) share one. */
sned_status quantize_calibrate(struct graph *graph, const struct calibration_images *images,
                               const struct calibration_options *options, sned_error *error);

/* For networks that are not retrained. Moves weights of a prepared float graph so that channels of one
 * activation have ranges nearer to each other: the function stays (equalize.c). Before calibration. */
sned_status quantize_equalize(struct graph *graph, const struct calibration_images *images,
                              const struct calibration_options *options, sned_error *error);

/* A prepared, calibrated float graph to a new integer graph: docs/arithmetic.md. Proves per filter that the
 * accumulator cannot overflow. Operators without an integer form are SNED_ERROR_UNSUPPORTED by name. */
sned_status quantize_lower(struct graph **integer, const struct graph *graph, sned_error *error);
/* Why no network of this operator can be lowered, or NULL. */
const char *quantize_lower_reason(enum op op);

/* The float graph whose values an integer graph approximates: `sned export`. */
sned_status quantize_raise(struct graph **graph, const struct graph *integer, sned_error *error);
/* What 1 stands for in the integer weights of one filter of a Conv or Gemm. */
double quantize_weight_step(const struct graph *integer, const struct node *node, int64_t filter);

/* The scale of weights [K][n] for output channel k: what fake quantization in training and lowering share. */
float quantize_weight_scale(const float *weights, size_t n);

#endif
