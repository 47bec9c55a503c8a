/*
 * round_weights.h - the weights of a layer onto the grid of its scales, each making good the errors of those
 * before it.
 */
#ifndef SNED_COMPRESS_SECOND_ROUND_WEIGHTS_H
#define SNED_COMPRESS_SECOND_ROUND_WEIGHTS_H

#include "compress/second/feedback.h"

/* Whether no other node reads the weights or biases of `node`: they could not suit both. */
bool has_its_own(const struct uses *uses, const struct node *node);

/* *scales [filters], the caller's to free: the layer's step, or, where it is 0, one for each filter, whose
 * largest weight is then 127. */
sned_status weight_scales(float **scales, const struct tensor *weights, float step, sned_error *error);

/*
 * Rounds the weights of `node`, whose inputs say `feedback`, and moves its biases by the mean of what is
 * left; scales are weight_scales' of the layer's step. What is 0 stays 0.
 */
sned_status round_layer(struct graph *graph, const struct node *node, const struct feedback *feedback,
                        int threads, sned_error *error);

/* Makes 0 of the weights that the layer's mask cuts, their values being still there, and lets those that are
 * kept and the biases make good what is lost. */
sned_status cut_layer(struct graph *graph, const struct node *node, const struct feedback *feedback,
                      int threads, sned_error *error);

/* For networks that are not retrained. Rounds the weights of a calibrated float graph to int8 so that each
 * one's error is made good by those after it, and the mean of what is left by the biases (round_weights.c).
 * Weights that are 0 stay 0. After calibration, before lowering. */
sned_status quantize_round_weights(struct graph *graph, const struct calibration_images *images,
                                   const struct calibration_options *options, sned_error *error);

#endif
