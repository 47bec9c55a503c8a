/*
 * round_weights.h - the weights of a layer onto the grid of its scales, each making good the errors of those
 * before it.
 */
#ifndef SNED_COMPRESS_QUANTIZE_ROUND_WEIGHTS_H
#define SNED_COMPRESS_QUANTIZE_ROUND_WEIGHTS_H

#include "compress/quantize/feedback.h"

/* Whether no other node reads the weights or biases of `node`: they could not suit both. */
bool has_its_own(const struct uses *uses, const struct node *node);

/*
 * Rounds the weights of `node`, whose inputs say `feedback`, and moves its biases by the mean of what is
 * left. The scale is the layer's step, where its weights have one, else one for each filter, whose largest
 * weight is 127. What is 0 stays 0.
 */
sned_status round_layer(struct graph *graph, const struct node *node, const struct feedback *feedback,
                        int threads, sned_error *error);

#endif
