/*
 * round_blocks.c - see round_blocks.h: a row of blocks at a time, in stretches. Blocks of one channel lie
 * side by side whatever the kernel, so that all of a stretch is summed and cleared at once.
 */
#include "train/executor/round_blocks.h"
#include "graph/blocks.h"
#include "train/executor/pointwise.h"

#include <string.h>

enum { STRETCH = 256 }; /* blocks */

/* A stretch of blocks of one channel: `count` columns from `first` on, of filters k to before k_end. */
struct block_stretch {
    size_t k, k_end, first, count;
};

static void keep_columns(const struct block_stretch *at, size_t columns, const uint8_t *keep, void *values,
                         size_t size)
{
    for (size_t k = at->k; k < at->k_end; k++) {
        const size_t begin = k * columns + at->first;
        uint32_t *words = (uint32_t *)values + begin;
        uint8_t *bytes = (uint8_t *)values + begin;
        for (size_t i = 0; size == sizeof *words && i < at->count; i++)
            words[i] = keep[i] ? words[i] : 0;
        for (size_t i = 0; size == sizeof *bytes && i < at->count; i++)
            bytes[i] = keep[i] ? bytes[i] : 0;
    }
}

static void round_stretch(const struct block_stretch *at, size_t columns, const float *weights, float step,
                          void *values, size_t size)
{
    const float members = (float)(at->k_end - at->k);
    float squares[STRETCH] = {0};
    uint8_t keep[STRETCH];
    for (size_t k = at->k; k < at->k_end; k++) {
        const float *row = weights + k * columns + at->first;
        for (size_t i = 0; i < at->count; i++) {
            const float q = pointwise_integer(row[i] / step);
            squares[i] += q * q;
        }
    }
    for (size_t i = 0; i < at->count; i++)
        keep[i] = 2 * squares[i] > members;
    keep_columns(at, columns, keep, values, size);
}

static void round_columns(const struct block_grid *grid, const float *weights, float step, void *values,
                          size_t size)
{
    const size_t columns = grid->channels * grid->positions;
    for (size_t k = 0; k < grid->filters; k += grid->height)
        for (size_t first = 0; first < columns; first += STRETCH) {
            struct block_stretch at = {k, k + grid->height, first, columns - first};
            at.k_end = at.k_end < grid->filters ? at.k_end : grid->filters;
            at.count = at.count < STRETCH ? at.count : STRETCH;
            round_stretch(&at, columns, weights, step, values, size);
        }
}

/* ---- blocks of several channels: one by one ---- */

static bool rounds_to_zero(const struct block_grid *grid, const struct mask_block *block,
                           const float *weights, float step)
{
    const float members = (float)((block->k_end - block->k) * (block->c_end - block->c));
    float squares = 0;
    for (size_t k = block->k; k < block->k_end; k++)
        for (size_t c = block->c; c < block->c_end; c++) {
            const float q = pointwise_integer(weights[block_element(grid, k, c, block->position)] / step);
            squares += q * q;
        }
    return 2 * squares <= members;
}

static void round_each(const struct block_grid *grid, const float *weights, float step, void *values,
                       size_t size)
{
    struct mask_block block = {0};
    while (sned_next_block(grid, &block)) {
        if (!rounds_to_zero(grid, &block, weights, step))
            continue;
        for (size_t k = block.k; k < block.k_end; k++)
            for (size_t c = block.c; c < block.c_end; c++)
                memset((uint8_t *)values + block_element(grid, k, c, block.position) * size, 0, size);
    }
}

void round_blocks(const struct tensor *tensor, const float *weights, float step, void *values, size_t size)
{
    const struct block_grid grid = sned_block_grid(&tensor->structure, &tensor->shape);
    if (tensor->structure.kind != STRUCTURE_BLOCK)
        return;
    if (grid.width == 1)
        round_columns(&grid, weights, step, values, size);
    else
        round_each(&grid, weights, step, values, size);
}
