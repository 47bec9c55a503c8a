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
#include "compress/session.h"
#include "compress/prune/prune.h"

#include <math.h>
#include <stdlib.h>

enum { PEAK_CUTS = 2 };
/* With peak-pruning to come, the first phase stops at target^first_phase of the weights. */
static const double first_phase = 0.85;

static bool searched(const struct layer *layer)
{
    return !layer->skip && layer->fixed == 0;
}

/* The weights that a target leaves to the layers that are searched. */
static sned_status left_for_search(const struct session *session, double target, size_t *left,
                                   sned_error *error)
{
    size_t all = 0, others = 0, least = 0;
    for (int i = 0; i < session->layer_count; i++) {
        const struct layer *layer = &session->layers[i];
        all += layer->count;
        const size_t bound = prune_keep_count(layer->count, layer->least);
        if (searched(layer))
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

sned_status prune_check_target(const struct session *session, sned_error *error)
{
    size_t left;
    const double target = session->recipe->target_kept;
    return target > 0 ? left_for_search(session, target, &left, error) : SNED_OK;
}

/* densities[layer]: of each layer when all together keep `target` of the network's weights. */
static sned_status divide_target(struct session *session, double target, double *densities, sned_error *error)
{
    int count = session->layer_count, used = 0;
    struct prune_share *shares = NULL;
    float **scores = NULL;
    size_t left;
    sned_status status = SNED_OK;

    SNED_TRY_DONE(left_for_search(session, target, &left, error));
    SNED_TRY_DONE(sned_alloc(&shares, (size_t)count, sizeof(*shares), error));
    SNED_TRY_DONE(sned_alloc(&scores, (size_t)count, sizeof(*scores), error));
    for (int i = 0; i < count; i++) {
        const struct layer *layer = &session->layers[i];
        densities[i] = layer->fixed > 0 ? layer->fixed : session_density(session, i);
        if (!searched(layer))
            continue;
        SNED_TRY_DONE(session_scores(session, i, &scores[used], error));
        shares[used] = (struct prune_share){.scores = scores[used],
                                            .mask = session->graph->tensors[layer->tensor].mask,
                                            .count = layer->count,
                                            .least = prune_keep_count(layer->count, layer->least)};
        used++;
    }
    SNED_TRY_DONE(prune_divide(shares, used, left, error));
    used = 0;
    for (int i = 0; i < count; i++)
        if (searched(&session->layers[i]))
            densities[i] = (double)shares[used++].keep / (double)session->layers[i].count;
done:
    for (int i = 0; scores != NULL && i < count; i++)
        free(scores[i]);
    free(scores);
    free(shares);
    return status;
}

static sned_status cut_in_order(struct session *session, const double *densities, int cuts, sned_error *error)
{
    bool reversed = session->recipe->order == ORDER_REVERSED;
    enum cut_outcome outcome;

    for (int n = 0; n < session->layer_count; n++) {
        int layer = reversed ? session->layer_count - 1 - n : n;
        double start = session_density(session, layer);
        if (session->layers[layer].skip)
            continue;
        for (int i = 1; i <= cuts; i++) {
            struct cut cut = {.phase = recipe_order_name(session->recipe->order),
                              .layer = layer,
                              .density = start * pow(densities[layer] / start, (double)i / cuts),
                              .always = true};
            SNED_TRY(session_cut(session, &cut, &outcome, error));
        }
    }
    return SNED_OK;
}

static sned_status cut_jointly(struct session *session, const char *phase, double target, int cuts,
                               sned_error *error)
{
    double start = session_density(session, -1);
    enum cut_outcome outcome;

    for (int i = 1; i <= cuts; i++) {
        struct cut cut = {.phase = phase,
                          .layer = -1,
                          .density = start * pow(target / start, (double)i / cuts),
                          .always = true};
        SNED_TRY(session_cut(session, &cut, &outcome, error));
    }
    return SNED_OK;
}

static int most_to_save(const struct session *session, const bool *stopped)
{
    int best = -1;

    for (int i = 0; i < session->layer_count; i++)
        if (!stopped[i] && searched(&session->layers[i]) &&
            (best < 0 || session->layers[i].kept > session->layers[best].kept))
            best = i;
    return best;
}

/* `cuts` retrainings in all: layers as far as accuracy lets them, and the last to the target exactly. */
static sned_status peak_to_target(struct session *session, double target, int cuts, sned_error *error)
{
    double step = sqrt(session->recipe->search.step);
    bool *stopped = NULL;
    enum cut_outcome outcome;
    sned_status status = SNED_OK;

    SNED_TRY_DONE(sned_alloc(&stopped, (size_t)session->layer_count, sizeof(*stopped), error));
    while (cuts > 1) {
        int layer = most_to_save(session, stopped);
        double whole = 0;
        if (layer < 0)
            break;
        for (int i = 0; i < session->layer_count; i++)
            whole += (double)session->layers[i].count;
        double excess = (session_density(session, -1) - target) * whole;
        double left = (double)session->layers[layer].kept - excess;
        double density =
            fmax(session_density(session, layer) * step, left / (double)session->layers[layer].count);
        struct cut cut = {.phase = "peak",
                          .layer = layer,
                          .density = fmax(density, session->layers[layer].least),
                          .allowance = session->max_drop};
        if (prune_keep_count(session->layers[layer].count, cut.density) >= session->layers[layer].kept) {
            stopped[layer] = true;
            continue;
        }
        SNED_TRY_DONE(session_cut(session, &cut, &outcome, error));
        stopped[layer] = outcome != CUT_KEPT;
        cuts--;
    }
    SNED_TRY_DONE(cut_jointly(session, "peak", target, cuts, error));
done:
    free(stopped);
    return status;
}

sned_status prune_to_target(struct session *session, sned_error *error)
{
    const struct recipe *recipe = session->recipe;
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
    for (int i = 0; i < session->layer_count; i++)
        active += searched(&session->layers[i]) || (!session->layers[i].skip && recipe->order != ORDER_JOINT);
    SNED_TRY_DONE(sned_alloc(&densities, (size_t)session->layer_count, sizeof(*densities), error));
    SNED_TRY_DONE(divide_target(session, target, densities, error));
    for (int i = 0; i < session->layer_count && recipe->order == ORDER_JOINT; i++)
        if (!session->layers[i].skip && session->layers[i].fixed > 0)
            SNED_TRY_DONE(prune_fixed(session, "joint", i, error));
    if (recipe->order == ORDER_JOINT)
        SNED_TRY_DONE(cut_jointly(session, "joint", target, cuts * active, error));
    else
        SNED_TRY_DONE(cut_in_order(session, densities, cuts, error));
    if (peak)
        SNED_TRY_DONE(peak_to_target(session, recipe->target_kept, PEAK_CUTS * active, error));
done:
    free(densities);
    return status;
}
