/*
 * blocks.h - a walk over weights whose zeros come in blocks (struct structure).
 *
 *                channels
 *             0  1  2  3  4
 *     filter 0 a  a  b  b  c       blocks of 2 filters by 2 channels, of one position of a kernel; those of
 *            1 a  a  b  b  c       a Gemm are its rows and columns. Blocks begin at filter 0 and channel 0;
 *            2 d  d  e  e  f       at the ends they are smaller.
 */
#ifndef SNED_GRAPH_BLOCKS_H
#define SNED_GRAPH_BLOCKS_H

#include "graph/graph.h"

struct block_grid {
    size_t filters, channels, positions; /* of the weights, [filters][channels][positions] */
    size_t height, width;                /* of a block, in filters and channels */
};
/* Of a structure that is none of blocks, every weight is one. */
struct block_grid sned_block_grid(const struct structure *structure, const struct shape *weights);

/* Filters k to before k_end, channels c to before c_end, one position. */
struct mask_block {
    size_t k, k_end, c, c_end, position;
};
/* The first one of a zeroed block, then one after the other, a row of blocks at a time; false after the last
 * one. */
bool sned_next_block(const struct block_grid *grid, struct mask_block *block);

static inline size_t block_element(const struct block_grid *grid, size_t filter, size_t channel,
                                   size_t position)
{
    return (filter * grid->channels + channel) * grid->positions + position;
}

#endif
