/*
 * peak.c - peak-pruning: each layer on past the peak of its accuracy, to where retraining just restores it.
 *
 * Every cut is made where it saves most: of all layers the one that a cut by the same share frees of the most
 * weights. A layer whose cuts fail, down to the finest, has reached its end for this round; a round ends when
 * all layers have, and rounds follow until none moves or the recipe's number is done. All of the allowed drop
 * may be spent here.
 */
#include "compress/session.h"

#include <math.h>
#include <stdlib.h>

/* The density of a layer's next cut when cuts keep `factor` of it; a factor above the recipe's finest: its
 * end. */
static double next_density(const struct session *session, int layer, double factor)
{
    return fmax(session_density(session, layer) * factor, session->layers[layer].least);
}

static int most_to_save(const struct session *session, const double *factors)
{
    size_t most = 0;
    int best = -1;

    for (int i = 0; i < session->layer_count; i++) {
        const struct layer *layer = &session->layers[i];
        if (layer->skip || layer->fixed > 0 || factors[i] > session->recipe->search.finest)
            continue;
        size_t saving = prune_saving(session, i, next_density(session, i, factors[i]));
        if (saving > most && prune_worth_it(session, saving)) {
            most = saving;
            best = i;
        }
    }
    return best;
}

static sned_status one_round(struct session *session, double *factors, bool *moved, sned_error *error)
{
    double step = sqrt(session->recipe->search.step);
    enum cut_outcome outcome = CUT_KEPT;
    int layer = -1;

    for (int i = 0; i < session->layer_count; i++)
        factors[i] = step;
    while (session_has_time(session, session->recipe->retrain.epochs)) {
        if (outcome != CUT_ON_TRIAL) /* else the same layer's next cut decides */
            layer = most_to_save(session, factors);
        if (layer < 0)
            break;
        struct cut cut = {.phase = "peak",
                          .layer = layer,
                          .density = next_density(session, layer, factors[layer]),
                          .allowance = session->max_drop,
                          .trial = factors[layer] == step};
        if (prune_saving(session, layer, cut.density) == 0)
            break;
        SNED_TRY(session_cut(session, &cut, &outcome, error));
        if (outcome == CUT_KEPT)
            *moved = true;
        else if (outcome == CUT_TAKEN_BACK)
            factors[layer] = sqrt(factors[layer]);
    }
    return session_end_trial(session, error);
}

sned_status peak_prune(struct session *session, sned_error *error)
{
    double *factors = NULL;
    bool moved = true;
    sned_status status = SNED_OK;

    SNED_TRY_DONE(sned_alloc(&factors, (size_t)session->layer_count, sizeof(*factors), error));
    for (int round = 0; round < session->recipe->search.rounds && moved; round++) {
        moved = false;
        SNED_TRY_DONE(one_round(session, factors, &moved, error));
    }
done:
    free(factors);
    return status;
}
