/*
 * blocks.c - see blocks.h.
 */
#include "graph/blocks.h"

struct block_grid sned_block_grid(const struct structure *structure, const struct shape *weights)
{
    const bool is_block = structure->kind == STRUCTURE_BLOCK;
    struct block_grid grid = {.filters = (size_t)weights->dim[0],
                              .channels = weights->rank > 1 ? (size_t)weights->dim[1] : 1,
                              .height = is_block ? (size_t)structure->filters : 1,
                              .width = is_block ? (size_t)structure->channels : 1};
    grid.positions = sned_shape_elements(weights) / (grid.filters * grid.channels);
    return grid;
}

static size_t least_of(size_t a, size_t b)
{
    return a < b ? a : b;
}

bool sned_next_block(const struct block_grid *grid, struct mask_block *block)
{
    if (block->k_end > 0 && ++block->position == grid->positions) {
        block->position = 0;
        block->c = block->c_end;
        if (block->c == grid->channels) {
            block->c = 0;
            block->k = block->k_end;
        }
    }
    block->k_end = least_of(block->k + grid->height, grid->filters);
    block->c_end = least_of(block->c + grid->width, grid->channels);
    return block->k < grid->filters;
}
