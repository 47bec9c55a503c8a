/*
 * prune_search.c - reversed-pruning and its two controls, each layer to a sparsity found for it.
 *
 * The search for one layer goes down in steps: each cut keeps a share of what the layer still has, the whole
 * network is retrained, and the cut stays where accuracy does. Where accuracy is only a little short, as
 * chance alone may make it, the cut is on trial: the next, deeper one decides over both. What fails is taken
 * back and a finer cut is tried, until cuts become too fine to matter. Each accepted step starts from a
 * network that has recovered from the last, so that nothing is retrained twice, as a bisection would.
 */
#include "compress/session.h"
#include "compress/prune/prune.h"

#include <math.h>

/* With peak-pruning to come, the first phase spends this share of the drop that is allowed. */
static const double first_phase_share = 0.7;

size_t prune_saving(const struct session *session, int layer, double density)
{
    size_t count = 0, kept = 0, least = 0;

    for (int i = 0; i < session->layer_count; i++) {
        const struct layer *one = &session->layers[i];
        if (layer >= 0 && layer != i)
            continue;
        count += one->count;
        kept += one->kept;
        bool stays = layer < 0 && (one->skip || one->fixed > 0); /* a joint cut leaves these alone */
        size_t floor = stays ? one->kept : prune_keep_count(one->count, one->least);
        least += floor < one->kept ? floor : one->kept;
    }
    size_t keep = prune_keep_count(count, density);
    if (keep < least)
        keep = least;
    return keep < kept ? kept - keep : 0;
}

bool prune_worth_it(const struct session *session, size_t saved)
{
    size_t all = 0;

    for (int i = 0; i < session->layer_count; i++)
        all += session->layers[i].kept;
    return saved > 0 && (double)saved >= session->recipe->search.saving * (double)all;
}

sned_status prune_descend(struct session *session, const char *phase, int layer, double step,
                          double allowance, bool *moved, sned_error *error)
{
    double least = layer >= 0 ? session->layers[layer].least : 0;
    double first = layer >= 0 ? session->layers[layer].first : 1;
    double factor = step;
    enum cut_outcome outcome;

    while (factor <= session->recipe->search.finest &&
           session_has_time(session, session->recipe->retrain.epochs)) {
        double density = session_density(session, layer);
        bool jump = first < density * factor;
        struct cut cut = {.phase = phase,
                          .layer = layer,
                          .density = fmax(least, jump ? first : density * factor),
                          .allowance = allowance,
                          .trial = factor == step};
        if (!prune_worth_it(session, prune_saving(session, layer, cut.density)))
            break;
        SNED_TRY(session_cut(session, &cut, &outcome, error));
        first = 1;
        if (outcome == CUT_KEPT)
            *moved = true;
        else if (outcome == CUT_TAKEN_BACK && !jump)
            factor = sqrt(factor);
    }
    return session_end_trial(session, error);
}

sned_status prune_fixed(struct session *session, const char *phase, int layer, sned_error *error)
{
    double fixed = session->layers[layer].fixed;
    enum cut_outcome outcome;

    for (;;) {
        double density = fmax(fixed, session_density(session, layer) * session->recipe->search.step);
        struct cut cut = {.phase = phase, .layer = layer, .density = density, .always = true};
        if (prune_saving(session, layer, density) == 0)
            return SNED_OK;
        SNED_TRY(session_cut(session, &cut, &outcome, error));
    }
}

/* The drop allowed once this layer is done: half of it at first, the rest in proportion to the square root of
 * the weights in the layers done. */
static double allowance_after(const struct session *session, int layer, bool reversed, double drop)
{
    double until = 0, all = 0;

    for (int i = 0; i < session->layer_count; i++) {
        double part = sqrt((double)session->layers[i].count);
        all += part;
        if (reversed ? i >= layer : i <= layer)
            until += part;
    }
    return drop * (0.5 + 0.5 * until / all);
}

static sned_status search_layers(struct session *session, bool reversed, double drop, sned_error *error)
{
    const char *phase = recipe_order_name(session->recipe->order);
    bool moved = false;

    SNED_TRY(session_scan(session, error));
    for (int n = 0; n < session->layer_count; n++) {
        int layer = reversed ? session->layer_count - 1 - n : n;
        if (session->layers[layer].skip)
            continue;
        if (session->layers[layer].fixed > 0)
            SNED_TRY(prune_fixed(session, phase, layer, error));
        else
            SNED_TRY(prune_descend(session, phase, layer, session->recipe->search.step,
                                   allowance_after(session, layer, reversed, drop), &moved, error));
    }
    return SNED_OK;
}

static sned_status search_jointly(struct session *session, double drop, sned_error *error)
{
    bool moved = false, searched = false;

    for (int i = 0; i < session->layer_count; i++) {
        if (!session->layers[i].skip && session->layers[i].fixed > 0)
            SNED_TRY(prune_fixed(session, "joint", i, error));
        searched |= !session->layers[i].skip && session->layers[i].fixed == 0;
    }
    if (!searched)
        return SNED_OK;
    return prune_descend(session, "joint", -1, session->recipe->search.step, drop, &moved, error);
}

sned_status prune_search(struct session *session, sned_error *error)
{
    double drop = session->max_drop * (session->recipe->peak ? first_phase_share : 1);

    if (session->recipe->order == ORDER_JOINT)
        return search_jointly(session, drop, error);
    return search_layers(session, session->recipe->order == ORDER_REVERSED, drop, error);
}
