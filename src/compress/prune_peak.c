/*
 * prune_peak.c - peak-pruning: each layer on past the peak of its accuracy, as far as retraining restores it.
 *
 * Every cut is made where it saves most: of all layers the one that a cut by the same share frees of the most
 * weights. A layer whose cuts fail, down to the finest, has reached its end for this round; a round ends when
 * all layers have, and rounds follow until none moves or the recipe's number is done. All of the allowed drop
 * may be spent here.
 */
#include "compress/phases.h"

#include <math.h>
#include <stdlib.h>

/* The density of a layer's next cut when cuts keep `factor` of it; a factor above the recipe's finest: its
 * end. */
static double next_density(const struct compression *compression, int layer, double factor)
{
    return fmax(compression_density(compression, layer) * factor, compression->layers[layer].least);
}

static int most_to_save(const struct compression *compression, const double *factors)
{
    size_t most = 0;
    int best = -1;
    for (int i = 0; i < compression->layer_count; i++) {
        const struct layer *layer = &compression->layers[i];
        if (!layer_is_searched(layer) || factors[i] > compression->recipe->search.finest)
            continue;
        size_t saving = prune_saving(compression, i, next_density(compression, i, factors[i]));
        if (saving > most && prune_is_worth_it(compression, saving)) {
            most = saving;
            best = i;
        }
    }
    return best;
}

static sned_status one_round(struct compression *compression, double *factors, bool *moved, sned_error *error)
{
    double step = sqrt(compression->recipe->search.step);
    enum cut_outcome outcome = CUT_KEPT;
    int layer = -1;
    for (int i = 0; i < compression->layer_count; i++)
        factors[i] = step;
    while (compression_has_time(compression, compression->recipe->retrain.epochs)) {
        if (outcome != CUT_ON_TRIAL) /* else the same layer's next cut decides */
            layer = most_to_save(compression, factors);
        if (layer < 0)
            break;
        struct cut cut = {.phase = "peak",
                          .layer = layer,
                          .density = next_density(compression, layer, factors[layer]),
                          .allowance = compression->max_drop,
                          .trial = factors[layer] == step};
        if (prune_saving(compression, layer, cut.density) == 0)
            break;
        SNED_TRY(step_cut(compression, &cut, &outcome, error));
        if (outcome == CUT_KEPT)
            *moved = true;
        else if (outcome == CUT_TAKEN_BACK)
            factors[layer] = sqrt(factors[layer]);
    }
    return step_end_trial(compression, error);
}

sned_status prune_peak(struct compression *compression, sned_error *error)
{
    double *factors = NULL;
    bool moved = true;
    sned_status status = SNED_OK;
    SNED_TRY_DONE(sned_alloc(&factors, (size_t)compression->layer_count, sizeof *factors, error));
    for (int round = 0; round < compression->recipe->search.rounds && moved; round++) {
        moved = false;
        SNED_TRY_DONE(one_round(compression, factors, &moved, error));
    }
done:
    free(factors);
    return status;
}
