/*
 * structure.c - see structure.h. One routine cuts all, prune_tensor: a tensor of one element a block, whose
 * mask is then that of the members, or each filter as a tensor of its own.
 */
#include "compress/prune/structure.h"
#include "base/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- words ---- */

const char *structure_words(void)
{
    return "unstructured, block KxC, pairs or balanced";
}

bool structure_parse(struct structure *structure, const char *text)
{
    int filters, channels, end = 0;
    *structure = (struct structure){.kind = STRUCTURE_UNSTRUCTURED, .filters = 1, .channels = 1};
    if (strcmp(text, "unstructured") == 0)
        return true;
    structure->kind = STRUCTURE_BALANCED;
    if (strcmp(text, "balanced") == 0)
        return true;
    structure->kind = STRUCTURE_BLOCK;
    structure->filters = 2;
    if (strcmp(text, "pairs") == 0)
        return true;
    if (strncmp(text, "block ", 6) != 0 || strspn(text + 6, "0123456789x") != strlen(text + 6) ||
        sscanf(text + 6, "%2dx%2d%n", &filters, &channels, &end) != 2 || text[6 + end] != '\0')
        return false;
    structure->filters = filters;
    structure->channels = channels;
    return filters >= 1 && filters <= STRUCTURE_MOST && channels >= 1 && channels <= STRUCTURE_MOST;
}

size_t structure_least(const struct structure *structure, const struct shape *weights)
{
    if (structure->kind == STRUCTURE_BALANCED)
        return (size_t)weights->dim[0];
    return structure->kind == STRUCTURE_BLOCK ? (size_t)structure->filters * (size_t)structure->channels : 1;
}

/* ---- blocks ---- */

struct block_grid {
    size_t filters, channels, positions; /* of the weights */
    size_t height, width;                /* of a block */
};

static struct block_grid grid_of(const struct structure *structure, const struct shape *shape)
{
    struct block_grid grid = {.filters = (size_t)shape->dim[0],
                              .channels = (size_t)shape->dim[1],
                              .height = (size_t)structure->filters,
                              .width = (size_t)structure->channels};
    grid.positions = sned_shape_elements(shape) / (grid.filters * grid.channels);
    return grid;
}

static size_t least_of(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* A block: filters k to k_end, channels c to c_end, one position. */
struct mask_block {
    size_t k, k_end, c, c_end, position;
};

/* Begins with k_end = 0; false after the last one. */
static bool next_block(const struct block_grid *grid, struct mask_block *block)
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

static size_t element(const struct block_grid *grid, size_t filter, size_t channel, size_t position)
{
    return (filter * grid->channels + channel) * grid->positions + position;
}

static void share_score(const struct block_grid *grid, const struct mask_block *block, const uint8_t *mask,
                        float *scores)
{
    double sum = 0;
    const size_t members = (block->k_end - block->k) * (block->c_end - block->c);
    for (size_t k = block->k; k < block->k_end; k++)
        for (size_t c = block->c; c < block->c_end; c++) {
            const size_t i = element(grid, k, c, block->position);
            sum += mask && !mask[i] ? 0 : (double)scores[i] * scores[i];
        }
    for (size_t k = block->k; k < block->k_end; k++)
        for (size_t c = block->c; c < block->c_end; c++)
            scores[element(grid, k, c, block->position)] = (float)sqrt(sum / (double)members);
}

void structure_scores(const struct structure *structure, const struct tensor *weights, float *scores)
{
    const struct block_grid grid = grid_of(structure, &weights->shape);
    struct mask_block block = {0};
    while (structure->kind == STRUCTURE_BLOCK && next_block(&grid, &block))
        share_score(&grid, &block, weights->mask, scores);
}

/* A tensor of one element a block, for the cut; the caller frees what it owns. */
static sned_status blocks_of(struct tensor *blocks, float **block_scores, const struct block_grid *grid,
                             const struct tensor *weights, const float *scores, sned_error *error)
{
    struct mask_block block = {0};
    size_t count = 0, i = 0;
    while (next_block(grid, &block))
        count++;
    *blocks = (struct tensor){.type = TENSOR_F32, .shape = sned_shape(1, (int64_t)count)};
    SNED_TRY(sned_alloc(&blocks->data, count, sizeof(float), error));
    SNED_TRY(sned_alloc(&blocks->mask, count, 1, error));
    SNED_TRY(sned_alloc(block_scores, count, sizeof(float), error));
    for (block = (struct mask_block){0}; next_block(grid, &block); i++) {
        (*block_scores)[i] = scores[element(grid, block.k, block.c, block.position)];
        for (size_t k = block.k; k < block.k_end; k++)
            for (size_t c = block.c; c < block.c_end; c++)
                blocks->mask[i] |= !weights->mask || weights->mask[element(grid, k, c, block.position)];
    }
    return SNED_OK;
}

static sned_status alloc_mask(struct tensor *weights, sned_error *error)
{
    const size_t count = sned_shape_elements(&weights->shape);
    if (weights->mask)
        return SNED_OK;
    SNED_TRY(sned_alloc(&weights->mask, count, 1, error));
    memset(weights->mask, 1, count);
    return SNED_OK;
}

static void cut_blocks(struct tensor *weights, const struct block_grid *grid, const uint8_t *stays)
{
    struct mask_block block = {0};
    for (size_t i = 0; next_block(grid, &block); i++)
        for (size_t k = block.k; k < block.k_end && !stays[i]; k++)
            for (size_t c = block.c; c < block.c_end; c++) {
                weights->mask[element(grid, k, c, block.position)] = 0;
                ((float *)weights->data)[element(grid, k, c, block.position)] = 0;
            }
}

static sned_status prune_blocks(const struct structure *structure, struct tensor *weights,
                                const float *scores, size_t keep, sned_error *error)
{
    const struct block_grid grid = grid_of(structure, &weights->shape);
    const size_t members = grid.height * grid.width;
    struct tensor blocks = {0};
    float *block_scores = NULL;
    sned_status status;
    SNED_TRY_DONE(alloc_mask(weights, error));
    SNED_TRY_DONE(blocks_of(&blocks, &block_scores, &grid, weights, scores, error));
    SNED_TRY_DONE(prune_tensor(&blocks, block_scores, keep < members ? 1 : keep / members, error));
    cut_blocks(weights, &grid, blocks.mask);
done:
    free(blocks.data);
    free(blocks.mask);
    free(block_scores);
    return status;
}

/* ---- filters ---- */

static sned_status prune_filters(struct tensor *weights, const float *scores, size_t keep, sned_error *error)
{
    const size_t filters = (size_t)weights->shape.dim[0],
                 length = sned_shape_elements(&weights->shape) / filters;
    SNED_TRY(alloc_mask(weights, error));
    for (size_t k = 0; k < filters; k++) {
        struct tensor filter = {.type = TENSOR_F32,
                                .shape = sned_shape(1, (int64_t)length),
                                .data = (float *)weights->data + k * length,
                                .mask = weights->mask + k * length};
        SNED_TRY(prune_tensor(&filter, scores + k * length, keep < filters ? 1 : keep / filters, error));
    }
    return SNED_OK;
}

sned_status structure_prune(const struct structure *structure, struct tensor *weights, const float *scores,
                            size_t keep, sned_error *error)
{
    if (structure->kind == STRUCTURE_BLOCK)
        return prune_blocks(structure, weights, scores, keep, error);
    if (structure->kind == STRUCTURE_BALANCED)
        return prune_filters(weights, scores, keep, error);
    return prune_tensor(weights, scores, keep, error);
}
