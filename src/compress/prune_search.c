/*
 * prune_search.c - reversed-pruning and its two controls, each layer to a sparsity found for it.
 *
 * The search for one layer goes down in steps: each cut keeps a share of what the layer still has, the whole
 * network is retrained, and the cut stays where accuracy does. Where accuracy is only a little short, as
 * chance alone may make it, the cut is on trial: the next, deeper one decides over both. What fails is taken
 * back and a finer cut is tried, until cuts become too fine to matter. Each accepted step starts from a
 * network that has recovered from the last, so that nothing is retrained twice, as a bisection would.
 */
#include "compress/phases.h"

#include <math.h>

/* With peak-pruning to come, the first phase spends this share of the drop that is allowed. */
static const double first_phase_share = 0.7;

size_t prune_saving(const struct compression *compression, int layer, double density)
{
    size_t count = 0, kept = 0, least = 0;
    for (int i = 0; i < compression->layer_count; i++) {
        const struct layer *one = &compression->layers[i];
        if (layer >= 0 && layer != i)
            continue;
        count += one->count;
        kept += one->kept;
        bool stays = layer < 0 && !layer_is_searched(one); /* a joint cut leaves these alone */
        size_t floor = stays ? one->kept : prune_keep_count(one->count, one->least);
        least += floor < one->kept ? floor : one->kept;
    }
    size_t keep = prune_keep_count(count, density);
    if (keep < least)
        keep = least;
    return keep < kept ? kept - keep : 0;
}

bool prune_is_worth_it(const struct compression *compression, size_t saved)
{
    size_t all = 0;
    for (int i = 0; i < compression->layer_count; i++)
        all += compression->layers[i].kept;
    return saved > 0 && (double)saved >= compression->recipe->search.saving * (double)all;
}

/* One layer as far as it goes: each cut keeps `step` of what is left; where one fails, finer ones. */
static sned_status descend(struct compression *compression, const char *phase, int layer, double step,
                           double allowance, bool *moved, sned_error *error)
{
    double least = layer >= 0 ? compression->layers[layer].least : 0;
    double first = layer >= 0 ? compression->layers[layer].first : 1;
    double factor = step;
    enum cut_outcome outcome;
    while (factor <= compression->recipe->search.finest &&
           compression_has_time(compression, compression->recipe->retrain.epochs)) {
        double density = compression_density(compression, layer);
        bool jump = first < density * factor;
        struct cut cut = {.phase = phase,
                          .layer = layer,
                          .density = fmax(least, jump ? first : density * factor),
                          .allowance = allowance,
                          .trial = factor == step};
        if (!prune_is_worth_it(compression, prune_saving(compression, layer, cut.density)))
            break;
        SNED_TRY(step_cut(compression, &cut, &outcome, error));
        first = 1;
        if (outcome == CUT_KEPT)
            *moved = true;
        else if (outcome == CUT_TAKEN_BACK && !jump)
            factor = sqrt(factor);
    }
    return step_end_trial(compression, error);
}

sned_status prune_fixed(struct compression *compression, const char *phase, int layer, sned_error *error)
{
    double fixed = compression->layers[layer].fixed;
    enum cut_outcome outcome;
    for (;;) {
        double density =
            fmax(fixed, compression_density(compression, layer) * compression->recipe->search.step);
        struct cut cut = {.phase = phase, .layer = layer, .density = density, .always = true};
        if (prune_saving(compression, layer, density) == 0)
            return SNED_OK;
        SNED_TRY(step_cut(compression, &cut, &outcome, error));
    }
}

/* The drop allowed once this layer is done: half of it at first, the rest in proportion to the square root of
 * the weights in the layers done. */
static double allowance_after(const struct compression *compression, int layer, bool reversed, double drop)
{
    double until = 0, all = 0;
    for (int i = 0; i < compression->layer_count; i++) {
        double part = sqrt((double)compression->layers[i].count);
        all += part;
        if (reversed ? i >= layer : i <= layer)
            until += part;
    }
    return drop * (0.5 + 0.5 * until / all);
}

static sned_status search_layers(struct compression *compression, bool reversed, double drop,
                                 sned_error *error)
{
    const char *phase = recipe_order_name(compression->recipe->order);
    bool moved = false;
    SNED_TRY(step_scan(compression, error));
    for (int n = 0; n < compression->layer_count; n++) {
        int layer = reversed ? compression->layer_count - 1 - n : n;
        if (compression->layers[layer].skip)
            continue;
        if (compression->layers[layer].fixed > 0)
            SNED_TRY(prune_fixed(compression, phase, layer, error));
        else
            SNED_TRY(descend(compression, phase, layer, compression->recipe->search.step,
                             allowance_after(compression, layer, reversed, drop), &moved, error));
    }
    return SNED_OK;
}

static sned_status search_jointly(struct compression *compression, double drop, sned_error *error)
{
    bool moved = false, searched = false;
    for (int i = 0; i < compression->layer_count; i++) {
        if (!compression->layers[i].skip && compression->layers[i].fixed > 0)
            SNED_TRY(prune_fixed(compression, "joint", i, error));
        searched |= layer_is_searched(&compression->layers[i]);
    }
    if (!searched)
        return SNED_OK;
    return descend(compression, "joint", -1, compression->recipe->search.step, drop, &moved, error);
}

sned_status prune_search(struct compression *compression, sned_error *error)
{
    double drop = compression->max_drop * (compression->recipe->peak ? first_phase_share : 1);
    if (compression->recipe->order == ORDER_JOINT)
        return search_jointly(compression, drop, error);
    return search_layers(compression, compression->recipe->order == ORDER_REVERSED, drop, error);
}
