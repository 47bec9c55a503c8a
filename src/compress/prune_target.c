/*
 * prune_target.c - to a given share of all weights, in a given number of retrainings: how orders are
 * compared.
 *
 * Whatever the order, the network is retrained layers x target_cuts times and ends with the same number of
 * weights. Reversed and forward take the layers one after the other, each in target_cuts equal steps (in
 * logarithm) to its part of the total, which one threshold on the unpruned network sets; joint takes all
 * layers in every step. With peak-pruning the first phase leaves two retrainings a layer and some weights too
 * many; peak-pruning then cuts by what accuracy says, and the last step cuts to the total exactly.
 */
#include "compress/phases.h"

#include <math.h>
#include <stdlib.h>

enum { PEAK_CUTS = 2 };
/* With peak-pruning to come, the first phase stops at target^first_phase of the weights. */
static const double first_phase = 0.85;

/* The weights that a target leaves to the layers that are searched. */
static sned_status left_for_search(const struct compression *compression, double target, size_t *left,
                                   sned_error *error)
{
    size_t all = 0, others = 0, least = 0;
    for (int i = 0; i < compression->layer_count; i++) {
        const struct layer *layer = &compression->layers[i];
        all += layer->count;
        const size_t bound = prune_keep_count(layer->count, layer->least);
        if (layer_is_searched(layer))
            least += bound < layer->kept ? bound : layer->kept;
        else
            others += layer->skip ? layer->kept : prune_keep_count(layer->count, layer->fixed);
    }
    const size_t total = prune_keep_count(all, target);
    if (total <= others)
        return sned_fail(error, SNED_ERROR_ARGUMENT,
                         "recipe: target_kept %g is less than the layers that are skipped or of fixed "
                         "density keep (%.4f of the weights)",
                         target, (double)others / (double)all);
    if (total - others < least)
        return sned_fail(
            error, SNED_ERROR_ARGUMENT,
            "recipe: target_kept %g is less than min_density, density and skip leave (%.4f of the "
            "weights)",
            target, (double)(others + least) / (double)all);
    *left = total - others;
    return SNED_OK;
}

sned_status prune_check_target(const struct compression *compression, sned_error *error)
{
    size_t left;
    const double target = compression->recipe->target_kept;
    return target > 0 ? left_for_search(compression, target, &left, error) : SNED_OK;
}

/* densities[layer]: of each layer when all together keep `target` of the network's weights. */
static sned_status divide_target(struct compression *compression, double target, double *densities,
                                 sned_error *error)
{
    struct division division = {0};
    size_t left;
    sned_status status;
    SNED_TRY_DONE(left_for_search(compression, target, &left, error));
    SNED_TRY_DONE(divide_layers(&division, compression, left, error));
    for (int i = 0; i < compression->layer_count; i++) {
        const double fixed = compression->layers[i].fixed;
        densities[i] = fixed > 0 ? fixed : compression_density(compression, i);
    }
    for (int i = 0; i < division.count; i++)
        densities[division.layers[i]] =
            (double)division.shares[i].keep / (double)compression->layers[division.layers[i]].count;
done:
    division_free(&division);
    return status;
}

static sned_status cut_in_order(struct compression *compression, const double *densities, int cuts,
                                sned_error *error)
{
    bool reversed = compression->recipe->order == ORDER_REVERSED;
    enum cut_outcome outcome;
    for (int n = 0; n < compression->layer_count; n++) {
        int layer = reversed ? compression->layer_count - 1 - n : n;
        double start = compression_density(compression, layer);
        if (compression->layers[layer].skip)
            continue;
        for (int i = 1; i <= cuts; i++) {
            struct cut cut = {.phase = recipe_order_name(compression->recipe->order),
                              .layer = layer,
                              .density = start * pow(densities[layer] / start, (double)i / cuts),
                              .always = true};
            SNED_TRY(step_cut(compression, &cut, &outcome, error));
        }
    }
    return SNED_OK;
}

static sned_status cut_jointly(struct compression *compression, const char *phase, double target, int cuts,
                               sned_error *error)
{
    double start = compression_density(compression, -1);
    enum cut_outcome outcome;
    for (int i = 1; i <= cuts; i++) {
        struct cut cut = {.phase = phase,
                          .layer = -1,
                          .density = start * pow(target / start, (double)i / cuts),
                          .always = true};
        SNED_TRY(step_cut(compression, &cut, &outcome, error));
    }
    return SNED_OK;
}

static int most_to_save(const struct compression *compression, const bool *stopped)
{
    int best = -1;
    for (int i = 0; i < compression->layer_count; i++)
        if (!stopped[i] && layer_is_searched(&compression->layers[i]) &&
            (best < 0 || compression->layers[i].kept > compression->layers[best].kept))
            best = i;
    return best;
}

/* How far a cut of this layer may go: a step of it, but no further than the target asks of the whole. */
static double next_density(const struct compression *compression, int index, double target)
{
    const struct layer *layer = &compression->layers[index];
    const double step = sqrt(compression->recipe->search.step);
    double whole = 0;
    for (int i = 0; i < compression->layer_count; i++)
        whole += (double)compression->layers[i].count;
    const double excess = (compression_density(compression, -1) - target) * whole;
    const double left = (double)layer->kept - excess;
    const double density = fmax(compression_density(compression, index) * step, left / (double)layer->count);
    return fmax(density, layer->least);
}

/* `cuts` retrainings in all: layers as far as accuracy lets them, and the last to the target exactly. */
static sned_status peak_to_target(struct compression *compression, double target, int cuts, sned_error *error)
{
    bool *stopped = NULL;
    enum cut_outcome outcome;
    sned_status status;
    SNED_TRY_DONE(sned_alloc(&stopped, (size_t)compression->layer_count, sizeof *stopped, error));
    while (cuts > 1) {
        const int index = most_to_save(compression, stopped);
        if (index < 0)
            break;
        const struct layer *layer = &compression->layers[index];
        const struct cut cut = {.phase = "peak",
                                .layer = index,
                                .density = next_density(compression, index, target),
                                .allowance = compression->max_drop};
        if (prune_keep_count(layer->count, cut.density) >= layer->kept) {
            stopped[index] = true;
            continue;
        }
        SNED_TRY_DONE(step_cut(compression, &cut, &outcome, error));
        stopped[index] = outcome != CUT_KEPT;
        cuts--;
    }
    SNED_TRY_DONE(cut_jointly(compression, "peak", target, cuts, error));
done:
    free(stopped);
    return status;
}

sned_status prune_to_target(struct compression *compression, sned_error *error)
{
    const struct recipe *recipe = compression->recipe;
    bool peak = recipe->peak;
    double target = peak ? pow(recipe->target_kept, first_phase) : recipe->target_kept;
    int cuts = recipe->target_cuts - (peak ? PEAK_CUTS : 0), active = 0;
    double *densities = NULL;
    sned_status status = SNED_OK;
    if (peak && recipe->target_cuts <= PEAK_CUTS)
        return sned_fail(
            error, SNED_ERROR_ARGUMENT,
            "the recipe: peak-pruning takes %d of each layer's %d target_cuts and leaves none; say "
            "more of them, or peak: false",
            PEAK_CUTS, recipe->target_cuts);
    for (int i = 0; i < compression->layer_count; i++)
        active += layer_is_searched(&compression->layers[i]) ||
                  (!compression->layers[i].skip && recipe->order != ORDER_JOINT);
    SNED_TRY_DONE(sned_alloc(&densities, (size_t)compression->layer_count, sizeof *densities, error));
    SNED_TRY_DONE(divide_target(compression, target, densities, error));
    for (int i = 0; i < compression->layer_count && recipe->order == ORDER_JOINT; i++)
        if (!compression->layers[i].skip && compression->layers[i].fixed > 0)
            SNED_TRY_DONE(prune_fixed(compression, "joint", i, error));
    if (recipe->order == ORDER_JOINT)
        SNED_TRY_DONE(cut_jointly(compression, "joint", target, cuts * active, error));
    else
        SNED_TRY_DONE(cut_in_order(compression, densities, cuts, error));
    if (peak)
        SNED_TRY_DONE(peak_to_target(compression, recipe->target_kept, PEAK_CUTS * active, error));
done:
    free(densities);
    return status;
}
