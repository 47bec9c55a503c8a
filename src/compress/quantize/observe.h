/*
 * observe.h - a float graph run over images, every activation shown to somebody on its way.
 */
#ifndef SNED_COMPRESS_QUANTIZE_OBSERVE_H
#define SNED_COMPRESS_QUANTIZE_OBSERVE_H

#include "compress/quantize/quantize.h"

struct observer {
    const char *task;   /* for progress: "calibrate" */
    const bool *wanted; /* [tensor_count]: which activations; borrowed */
    /* values [count] + shape of activation `tensor`, in the plain layout; only valid during the call. */
    sned_status (*see)(void *context, int tensor, const float *values, size_t count, sned_error *error);
    void *context;
};

/* Shows the wanted activations of each image, batch by batch, in the graph's order. Activations that have a
 * quantization are rounded. */
sned_status observe(struct graph *graph, const struct calibration_images *images,
                    const struct calibration_options *options, const struct observer *observer,
                    sned_error *error);

/* How many images observe() shows. */
size_t observed_images(const struct calibration_images *images, const struct calibration_options *options);

#endif
