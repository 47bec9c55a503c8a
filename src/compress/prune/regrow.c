/*
 * regrow.c - see regrow.h. What goes and what comes back is chosen by the routine that cuts (structure.h):
 * the weakest of what is kept and, of a tensor whose mask is the other way round, all but the strongest.
 */
#include "compress/prune/regrow.h"
#include "base/memory.h"
#include "compress/prune/structure.h"
#include "graph/blocks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { EXCHANGES = 8 };
static const double last_at = 0.75; /* of the retraining: then what came back has time to grow */

/* ---- an exchange ---- */

/* What is exchanged one for one: weights, blocks, or a weight of every filter. */
struct exchange {
    size_t kept, cut; /* of them */
    size_t weights;   /* of one */
};

static struct exchange count_blocks(const struct tensor *weights)
{
    const struct block_grid grid = sned_block_grid(&weights->structure, &weights->shape);
    struct exchange exchange = {.weights = grid.height * grid.width};
    struct mask_block block = {0};
    while (sned_next_block(&grid, &block)) {
        const bool kept = weights->mask[block_element(&grid, block.k, block.c, block.position)] != 0;
        exchange.kept += kept;
        exchange.cut += !kept;
    }
    return exchange;
}

static struct exchange count_in_filters(const struct tensor *weights)
{
    const size_t filters = (size_t)weights->shape.dim[0],
                 length = sned_shape_elements(&weights->shape) / filters;
    struct exchange exchange = {.weights = filters};
    for (size_t k = 0; k < filters; k++) {
        size_t kept = 0;
        for (size_t i = 0; i < length; i++)
            kept += weights->mask[k * length + i] != 0;
        if (k > 0 && kept != exchange.kept)
            return (struct exchange){.weights = filters};
        exchange.kept = kept;
    }
    exchange.cut = length - exchange.kept;
    return exchange;
}

static struct exchange count_all(const struct tensor *weights)
{
    return weights->structure.kind == STRUCTURE_BALANCED ? count_in_filters(weights) : count_blocks(weights);
}

/* Leaves `keep` of what is exchanged: by the sizes of `values`, one for each weight. */
static sned_status leave_largest(struct tensor *weights, const float *values, size_t keep, float *scores,
                                 sned_error *error)
{
    for (size_t i = 0, count = sned_shape_elements(&weights->shape); i < count; i++)
        scores[i] = fabsf(values[i]);
    structure_scores(&weights->structure, weights, scores);
    return structure_prune(&weights->structure, weights, scores, keep, error);
}

sned_status regrow_exchange(struct tensor *weights, const float *gradients, double share, sned_error *error)
{
    const size_t count = sned_shape_elements(&weights->shape);
    struct tensor others = {.type = TENSOR_F32, .shape = weights->shape, .structure = weights->structure};
    float *scores = NULL;
    sned_status status;
    if (!weights->mask)
        return SNED_OK;
    const struct exchange exchange = count_all(weights);
    const size_t wanted = (size_t)((double)exchange.kept * share + 0.5),
                 moved = wanted < exchange.cut ? wanted : exchange.cut;
    if (moved == 0 || moved >= exchange.kept)
        return SNED_OK;
    SNED_TRY_DONE(sned_alloc(&scores, count, sizeof *scores, error));
    SNED_TRY_DONE(sned_alloc(&others.data, count, sizeof(float), error));
    SNED_TRY_DONE(sned_alloc(&others.mask, count, 1, error));
    for (size_t i = 0; i < count; i++)
        others.mask[i] = !weights->mask[i];
    SNED_TRY_DONE(
        leave_largest(weights, weights->data, (exchange.kept - moved) * exchange.weights, scores, error));
    SNED_TRY_DONE(leave_largest(&others, gradients, moved * exchange.weights, scores, error));
    for (size_t i = 0; i < count; i++)
        weights->mask[i] |= others.mask[i];
done:
    free(scores);
    free(others.data);
    free(others.mask);
    return status;
}

/* ---- in the course of a retraining ---- */

static sned_status exchange_all(const struct regrowth *regrowth, struct executor *executor, double share,
                                sned_error *error)
{
    float *gradients = NULL;
    sned_status status;
    SNED_TRY_DONE(executor_store(executor, error));
    for (int i = 0; i < regrowth->count; i++) {
        struct tensor *weights = &regrowth->graph->tensors[regrowth->tensors[i]];
        free(gradients);
        gradients = NULL;
        SNED_TRY_DONE(sned_alloc(&gradients, sned_shape_elements(&weights->shape), sizeof *gradients, error));
        SNED_TRY_DONE(executor_gradient(executor, regrowth->tensors[i], gradients, error));
        SNED_TRY_DONE(regrow_exchange(weights, gradients, share, error));
    }
    status = executor_load(executor, error);
done:
    free(gradients);
    return status;
}

/* The gradients are those of the step before. */
static sned_status before_step(void *context, struct train_moment *moment, struct update *update,
                               sned_error *error)
{
    struct regrowth *regrowth = context;
    const double next = last_at * (double)moment->total * (double)(regrowth->done + 1) / EXCHANGES;
    if (regrowth->done == EXCHANGES || moment->step == 0 || (double)moment->step < next)
        return SNED_OK;
    const double share = regrowth->share * (1 + cos(M_PI * (double)regrowth->done / EXCHANGES)) / 2;
    regrowth->done++;
    return exchange_all(regrowth, moment->executor, share, error);
}

static sned_status before_epoch(void *context, const struct train_moment *moment, sned_error *error)
{
    return SNED_OK;
}

static sned_status stay_in_shape(void *context, const struct executor *executor, const float *remembered,
                                 float **kept, size_t *count, sned_error *error)
{
    *kept = NULL;
    return SNED_OK;
}

static sned_status stay_in_shape_again(void *context, sned_error *error)
{
    return SNED_OK;
}

struct train_guide regrow_guide(struct regrowth *regrowth)
{
    return (struct train_guide){.reshape = stay_in_shape,
                                .reshape_again = stay_in_shape_again,
                                .before_epoch = before_epoch,
                                .before_step = before_step,
                                .context = regrowth,
                                .state = &regrowth->done,
                                .state_size = sizeof regrowth->done};
}
