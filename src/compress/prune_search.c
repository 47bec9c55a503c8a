/*
 * prune_search.c - reversed-pruning and its two controls, each layer to a sparsity found for it.
 *
 * The search for one layer goes down in steps: each cut keeps a share of what the layer still has, the whole
 * network is retrained, and the cut stays where accuracy does. Where it does not, the cut is taken back and a
 * finer one is tried, until cuts become too fine to matter. Each accepted step starts from a network that has
 * recovered from the last, so that nothing is retrained twice, as a bisection would.
 */
#include "compress/compress_session.h"
#include "compress/prune.h"

#include <math.h>

/* With peak-pruning to come, the first phase spends this share of the drop that is allowed. */
static const double first_phase_share = 0.5;

static size_t cut_count(const struct session *session, int layer, double density, size_t *kept)
{
    size_t count = 0;

    *kept = 0;
    for (int i = 0; i < session->layer_count; i++)
        if (layer < 0 || layer == i) {
            count += session->layers[i].count;
            *kept += session->layers[i].kept;
        }
    return prune_keep_count(count, density);
}

sned_status prune_descend(struct session *session, const char *phase, int layer, double step,
                          double allowance, bool *moved, sned_error *error)
{
    double least = layer >= 0 ? session->layers[layer].least : 0;
    double first = layer >= 0 ? session->layers[layer].first : 1;
    double factor = step;
    bool accepted = false;

    while (factor <= session->recipe->search.finest &&
           session_has_time(session, session->recipe->retrain.epochs)) {
        double density = session_density(session, layer);
        bool jump = first < density * factor;
        struct cut cut = {.phase = phase,
                          .layer = layer,
                          .density = fmax(least, jump ? first : density * factor),
                          .allowance = allowance};
        size_t kept, keep = cut_count(session, layer, cut.density, &kept);

        if (keep >= kept)
            break;
        SNED_TRY(session_cut(session, &cut, &accepted, error));
        first = 1;
        if (accepted)
            *moved = true;
        else if (!jump)
            factor = sqrt(factor);
    }
    return SNED_OK;
}

sned_status prune_fixed(struct session *session, const char *phase, int layer, sned_error *error)
{
    double fixed = session->layers[layer].fixed;
    bool accepted;

    for (;;) {
        double density = fmax(fixed, session_density(session, layer) * session->recipe->search.step);
        struct cut cut = {.phase = phase, .layer = layer, .density = density, .always = true};
        size_t kept, keep = cut_count(session, layer, density, &kept);

        if (keep >= kept)
            return SNED_OK;
        SNED_TRY(session_cut(session, &cut, &accepted, error));
    }
}

/* The drop allowed once this layer is done: in proportion to the square root of the weights cut so far. */
static double allowance_after(const struct session *session, int layer, bool reversed, double drop)
{
    double until = 0, all = 0;

    for (int i = 0; i < session->layer_count; i++) {
        double part = sqrt((double)session->layers[i].count);
        all += part;
        if (reversed ? i >= layer : i <= layer)
            until += part;
    }
    return drop * until / all;
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
