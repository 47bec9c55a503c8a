/*
 * structure.c - see structure.h. One routine cuts all, prune_tensor: a tensor of one element a block, whose
 * mask is then that of the members, or each filter as a tensor of its own.
 */
#include "compress/prune/structure.h"
#include "base/memory.h"
#include "graph/blocks.h"

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

static void share_score(const struct block_grid *grid, const struct mask_block *block, const uint8_t *mask,
                        float *scores)
{
    double sum = 0;
    const size_t members = (block->k_end - block->k) * (block->c_end - block->c);
    for (size_t k = block->k; k < block->k_end; k++)
        for (size_t c = block->c; c < block->c_end; c++) {
            const size_t i = block_element(grid, k, c, block->position);
            sum += mask && !mask[i] ? 0 : (double)scores[i] * scores[i];
        }
    for (size_t k = block->k; k < block->k_end; k++)
        for (size_t c = block->c; c < block->c_end; c++)
            scores[block_element(grid, k, c, block->position)] = (float)sqrt(sum / (double)members);
}

void structure_scores(const struct structure *structure, const struct tensor *weights, float *scores)
{
    const struct block_grid grid = sned_block_grid(structure, &weights->shape);
    struct mask_block block = {0};
    while (structure->kind == STRUCTURE_BLOCK && sned_next_block(&grid, &block))
        share_score(&grid, &block, weights->mask, scores);
}

/* A tensor of one element a block, for the cut; the caller frees what it owns. */
static sned_status blocks_of(struct tensor *blocks, float **block_scores, const struct block_grid *grid,
                             const struct tensor *weights, const float *scores, sned_error *error)
{
    struct mask_block block = {0};
    size_t count = 0, i = 0;
    while (sned_next_block(grid, &block))
        count++;
    *blocks = (struct tensor){.type = TENSOR_F32, .shape = sned_shape(1, (int64_t)count)};
    SNED_TRY(sned_alloc(&blocks->data, count, sizeof(float), error));
    SNED_TRY(sned_alloc(&blocks->mask, count, 1, error));
    SNED_TRY(sned_alloc(block_scores, count, sizeof(float), error));
    for (block = (struct mask_block){0}; sned_next_block(grid, &block); i++) {
        (*block_scores)[i] = scores[block_element(grid, block.k, block.c, block.position)];
        for (size_t k = block.k; k < block.k_end; k++)
            for (size_t c = block.c; c < block.c_end; c++)
                blocks->mask[i] |= !weights->mask || weights->mask[block_element(grid, k, c, block.position)];
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
    for (size_t i = 0; sned_next_block(grid, &block); i++)
        for (size_t k = block.k; k < block.k_end && !stays[i]; k++)
            for (size_t c = block.c; c < block.c_end; c++) {
                weights->mask[block_element(grid, k, c, block.position)] = 0;
                ((float *)weights->data)[block_element(grid, k, c, block.position)] = 0;
            }
}

static sned_status prune_blocks(const struct structure *structure, struct tensor *weights,
                                const float *scores, size_t keep, sned_error *error)
{
    const struct block_grid grid = sned_block_grid(structure, &weights->shape);
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
