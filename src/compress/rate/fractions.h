/*
 * fractions.h - where between two integers a weight was before it was rounded.
 *
 * Weights on their grids know it no more, and a training that goes on from them has to find it again, a
 * twentieth of a step at a time: ResNet-20, 2.6 % too large for what was asked for and trained two epochs
 * more at a quarter of the rate, lost 10 of 56,580 bytes, at whatever price, since no weight got over an
 * edge. So most of what rounding moved them by is given back, so much that they still round to the same.
 */
#ifndef SNED_COMPRESS_RATE_FRACTIONS_H
#define SNED_COMPRESS_RATE_FRACTIONS_H

#include "graph/graph.h"

/* `weights`: float, on the grid of their quantization; masked ones stay as they are. `before`: the same,
 * before they were rounded. */
void fractions_give_back(struct tensor *weights, const float *before);

#endif
