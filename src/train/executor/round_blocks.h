/*
 * round_blocks.h - weights whose zeros come in blocks (graph/blocks.h) are rounded a block at a time.
 *
 * A weight rounds to 0 where the square of its integer is not above a half. A block does where the mean of
 * the squares is not: a pair needs two ones, or a two, to be more than nothing, 4 x 4 weights need nine ones.
 * Else blocks would live of a weight each, and whoever computes with them would gain nothing. What is rounded
 * so may be rounded again.
 */
#ifndef SNED_TRAIN_EXECUTOR_ROUND_BLOCKS_H
#define SNED_TRAIN_EXECUTOR_ROUND_BLOCKS_H

#include "graph/graph.h"

/* values: what `weights` became when they were rounded to multiples of `step`, elements of `size` bytes, 4 or
 * 1; in blocks that round to 0 they become 0. Of structures that are no blocks all stays. */
void round_blocks(const struct tensor *tensor, const float *weights, float step, void *values, size_t size);

#endif
