/*
 * round_weights.h - the weights of a layer onto the grid of its scales, each making good the errors of those
 * before it.
 */
#ifndef SNED_COMPRESS_SECOND_ROUND_WEIGHTS_H
#define SNED_COMPRESS_SECOND_ROUND_WEIGHTS_H

#include "compress/second/feedback.h"

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

#endif
