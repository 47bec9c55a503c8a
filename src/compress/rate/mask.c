/*
 * mask.c - which weights may be other than zero from here on (layers.h): those that are, and what the
 * structure of their layer (graph.h) lets live with them.
 */
#include "base/memory.h"
#include "compress/prune/structure.h"
#include "compress/rate/layers.h"
#include "train/executor/pointwise.h"
#include "train/executor/round_blocks.h"

#include <math.h>
#include <stdlib.h>

static bool is_zero(const struct tensor *weights, size_t i)
{
    return pointwise_integer(((const float *)weights->data)[i] / weights->quantization.scale) == 0;
}

/* ---- blocks: all of one that is not all zero ---- */

static void free_blocks(struct tensor *weights)
{
    const struct block_grid grid = sned_block_grid(&weights->structure, &weights->shape);
    struct mask_block block = {0};
    while (sned_next_block(&grid, &block)) {
        uint8_t some = 0;
        for (size_t k = block.k; k < block.k_end; k++)
            for (size_t c = block.c; c < block.c_end; c++)
                some |= weights->mask[block_element(&grid, k, c, block.position)];
        for (size_t k = block.k; k < block.k_end; k++)
            for (size_t c = block.c; c < block.c_end; c++)
                weights->mask[block_element(&grid, k, c, block.position)] = some;
    }
}

/* ---- balance: as many of each filter ---- */

/* Of filters that are not all zero: the most weights that one of them has, and the mean. */
struct fullness {
    size_t most, mean;
};

static struct fullness fullness_of(const struct tensor *weights)
{
    const size_t filters = (size_t)weights->shape.dim[0],
                 length = sned_shape_elements(&weights->shape) / filters;
    struct fullness fullness = {1, 1};
    size_t all = 0, live = 0;
    for (size_t k = 0; k < filters; k++) {
        size_t kept = 0;
        for (size_t i = 0; i < length; i++)
            kept += !is_zero(weights, k * length + i);
        fullness.most = kept > fullness.most ? kept : fullness.most;
        all += kept;
        live += kept > 0;
    }
    if (live > 0)
        fullness.mean = (all + live / 2) / live;
    return fullness;
}

/* The largest `each` of every filter stay. */
static sned_status keep_equally(struct tensor *weights, size_t each, sned_error *error)
{
    const size_t count = sned_shape_elements(&weights->shape), filters = (size_t)weights->shape.dim[0];
    float *scores = NULL;
    sned_status status;
    free(weights->mask);
    weights->mask = NULL;
    SNED_TRY_DONE(sned_alloc(&scores, count, sizeof *scores, error));
    for (size_t i = 0; i < count; i++)
        scores[i] = fabsf(((const float *)weights->data)[i]);
    status = structure_prune(&weights->structure, weights, scores, each * filters, error);
done:
    free(scores);
    return status;
}

sned_status rate_layers_balance(const struct rate_layers *layers, struct graph *graph, sned_error *error)
{
    for (int i = 0; i < layers->count; i++) {
        struct tensor *weights = &graph->tensors[layers->layers[i].tensor];
        if (weights->structure.kind != STRUCTURE_BALANCED)
            continue;
        SNED_TRY(keep_equally(weights, fullness_of(weights).mean, error));
        free(weights->mask);
        weights->mask = NULL;
    }
    return SNED_OK;
}

/* ---- masks ---- */

sned_status rate_layers_mask(const struct rate_layers *layers, struct graph *graph, sned_error *error)
{
    for (int i = 0; i < layers->count; i++) {
        struct tensor *weights = &graph->tensors[layers->layers[i].tensor];
        const size_t count = sned_shape_elements(&weights->shape);
        if (weights->structure.kind == STRUCTURE_BALANCED) {
            SNED_TRY(keep_equally(weights, fullness_of(weights).most, error));
            continue;
        }
        if (!weights->mask)
            SNED_TRY(sned_alloc(&weights->mask, count, 1, error));
        for (size_t k = 0; k < count; k++)
            weights->mask[k] = !is_zero(weights, k);
        round_blocks(weights, weights->data, weights->quantization.scale, weights->mask, 1);
        if (weights->structure.kind == STRUCTURE_BLOCK)
            free_blocks(weights);
    }
    return SNED_OK;
}
