/*
 * round_blocks.c - see round_blocks.h.
 */
#include "train/executor/round_blocks.h"
#include "graph/blocks.h"
#include "train/executor/pointwise.h"

#include <string.h>

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

void round_blocks(const struct tensor *tensor, const float *weights, float step, void *values, size_t size)
{
    const struct block_grid grid = sned_block_grid(&tensor->structure, &tensor->shape);
    struct mask_block block = {0};
    while (tensor->structure.kind == STRUCTURE_BLOCK && sned_next_block(&grid, &block)) {
        if (!rounds_to_zero(&grid, &block, weights, step))
            continue;
        for (size_t k = block.k; k < block.k_end; k++)
            for (size_t c = block.c; c < block.c_end; c++)
                memset((uint8_t *)values + block_element(&grid, k, c, block.position) * size, 0, size);
    }
}
