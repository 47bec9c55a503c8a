/*
 * peak.c - peak-pruning: each layer on past the peak of its accuracy, to where retraining just restores it.
 *
 * The layer with most weights left goes first, because it saves most; then the next; and again from the
 * first, until no layer moves or the recipe's rounds are done. All of the allowed drop may be spent here.
 */
#include "compress/compress_session.h"

#include <math.h>
#include <stdlib.h>

static int largest_unvisited(const struct session *session, const bool *visited)
{
    int best = -1;

    for (int i = 0; i < session->layer_count; i++) {
        const struct layer *layer = &session->layers[i];
        if (visited[i] || layer->skip || layer->fixed > 0)
            continue;
        if (best < 0 || layer->kept > session->layers[best].kept)
            best = i;
    }
    return best;
}

static sned_status one_round(struct session *session, bool *visited, bool *moved, sned_error *error)
{
    double step = sqrt(session->recipe->search.step);
    int layer;

    while ((layer = largest_unvisited(session, visited)) >= 0) {
        visited[layer] = true;
        session->layers[layer].first = 1;
        SNED_TRY(prune_descend(session, "peak", layer, step, session->max_drop, moved, error));
    }
    return SNED_OK;
}

sned_status peak_prune(struct session *session, sned_error *error)
{
    bool *visited = NULL, moved = true;
    sned_status status = SNED_OK;

    for (int round = 0; round < session->recipe->search.rounds && moved; round++) {
        free(visited);
        moved = false;
        SNED_TRY_DONE(sned_alloc(&visited, (size_t)session->layer_count, sizeof(*visited), error));
        SNED_TRY_DONE(one_round(session, visited, &moved, error));
    }
done:
    free(visited);
    return status;
}
