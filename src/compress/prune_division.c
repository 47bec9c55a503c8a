/*
 * prune_division.c - a total shared out among the layers that are searched, by their scores as they are now.
 */
#include "compress/step.h"

#include <stdlib.h>

static sned_status add_share(struct division *division, const struct compression *compression, int index,
                             sned_error *error)
{
    const struct layer *layer = &compression->layers[index];
    const int at = division->count++;
    SNED_TRY(compression_scores(compression, index, &division->scores[at], error));
    division->layers[at] = index;
    division->shares[at] = (struct prune_share){.scores = division->scores[at],
                                                .mask = compression->graph->tensors[layer->tensor].mask,
                                                .count = layer->count,
                                                .least = prune_keep_count(layer->count, layer->least)};
    return SNED_OK;
}

sned_status divide_layers(struct division *division, const struct compression *compression, size_t total,
                          sned_error *error)
{
    const size_t layers = (size_t)compression->layer_count;
    *division = (struct division){0};
    SNED_TRY(sned_alloc(&division->layers, layers, sizeof *division->layers, error));
    SNED_TRY(sned_alloc(&division->shares, layers, sizeof *division->shares, error));
    SNED_TRY(sned_alloc(&division->scores, layers, sizeof *division->scores, error));
    for (int i = 0; i < compression->layer_count; i++)
        if (layer_is_searched(&compression->layers[i]))
            SNED_TRY(add_share(division, compression, i, error));
    return prune_divide(division->shares, division->count, total, error);
}

void division_free(struct division *division)
{
    for (int i = 0; i < division->count; i++)
        free(division->scores[i]);
    free(division->layers);
    free(division->shares);
    free(division->scores);
    *division = (struct division){0};
}
