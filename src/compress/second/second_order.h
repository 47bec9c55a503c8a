/*
 * second_order.h - int8 weights in few bits without retraining: a step for each layer from how much its
 * weights matter, and rounding that makes its errors good.
 */
#ifndef SNED_COMPRESS_SECOND_SECOND_ORDER_H
#define SNED_COMPRESS_SECOND_SECOND_ORDER_H

#include "compress/quantize/quantize.h"

struct second_order_options {
    size_t fisher_images; /* 0: 400, or as many as calibrate */
    uint64_t seed;
};

/* What is measured of a prepared, calibrated float graph, once. Labels are not looked at. */
struct second_order;
sned_status second_order_open(struct second_order **second, struct graph *graph,
                              const struct calibration_images *images,
                              const struct calibration_options *calibration,
                              const struct second_order_options *options, sned_error *error);
/*
 * What is done with it, for each lambda that is tried: the loss, in nats an image, that a bit of the file may
 * cost; larger is smaller. `graph` is the one that was measured, or a copy, its weights as they were then.
 * Sets a step on the weights of every Conv and Gemm (tensor->quantization), leaves the weights on its
 * multiples, and moves biases by the mean of what rounding took, ready for lowering. Where steps are to be
 * finer than a layer's largest weight over 127, and where the first output does not depend on a layer, its
 * filters get scales of their own; weights that another node reads too stay as they are.
 */
sned_status second_order_apply(const struct second_order *second, struct graph *graph, double lambda,
                               sned_error *error);
/* The entropy in bytes of the integers that weights come to by lambda, each layer's by their frequencies, as
 * if each were rounded to its nearest: at once, and in proportion to what a file takes of them. */
sned_status second_order_entropy(const struct second_order *second, const struct graph *graph, double lambda,
                                 double *bytes, sned_error *error);
void second_order_free(struct second_order *second); /* NULL is fine */

#endif
