/*
 * to_target.h - a network as small as it may be without retraining: no larger than some bytes, no worse than
 * some points, or as small as nothing is lost by that can be measured.
 */
#ifndef SNED_COMPRESS_SECOND_TO_TARGET_H
#define SNED_COMPRESS_SECOND_TO_TARGET_H

#include "compress/second/agreement.h"

struct size_target {
    double max_bytes; /* of the whole file; 0: none */
    double max_drop;  /* percent points of accuracy, as estimated (struct agreement); negative: none */
    uint64_t seed;
    /* How large the file of an integer network becomes. */
    sned_status (*bytes)(void *context, const struct graph *integer, uint64_t *bytes, sned_error *error);
    void *context;
};

struct size_result {
    double lambda; /* second_order.h; 0: weights have a scale a filter */
    uint64_t bytes;
    struct agreement agreement; /* with the network before, on images that set nothing */
    bool met;                   /* else it is the nearest to both targets, the bytes being kept */
};

/*
 * Quantises a prepared float graph: equalized, calibrated, its weights rounded by second_order.h, ready to be
 * lowered. Some of the images set nothing and judge instead, by agreement with the network as it was: labels
 * are not looked at. Without a target: the largest lambda at which these answers move by no more than
 * rounding of activations moves them anyway; where they are not known to be classes, or are not all outputs,
 * 8 bits with a scale a filter. A target that no lambda can meet is SNED_ERROR_DATA early, with
 * the least that can be had.
 */
sned_status quantize_to_target(struct graph *graph, const struct calibration_images *images,
                               const struct calibration_options *calibration,
                               const struct size_target *target, struct size_result *result,
                               sned_error *error);

#endif
