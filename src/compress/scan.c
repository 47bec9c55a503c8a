/*
 * scan.c - the sensitivity scan: how far each layer may be cut at first, found without retraining.
 *
 * Densities go down a ladder until the loss on some of the held-out images rises by more than the recipe
 * allows; then the layer is put back, and the next one is scanned in the whole network.
 */
#include "compress/prune/prune.h"
#include "compress/step.h"

#include <stdlib.h>

enum { SCAN_IMAGES = 2000 };
static const double scan_factor = 0.75, scan_lowest = 0.02;

static sned_status measure_some(struct compression *compression, struct measure *measure, sned_error *error)
{
    return compression_measure(compression, compression->graph, SCAN_IMAGES, false, measure, error);
}

/* The lowest density of the ladder at which the loss stays within the recipe's bound of `loss`. */
static sned_status scan_layer(struct compression *compression, int index, double loss, double *density,
                              sned_error *error)
{
    const struct layer *layer = &compression->layers[index];
    struct tensor *weights = &compression->graph->tensors[layer->tensor];
    const double bound = loss * (1 + compression->recipe->search.first);
    const double start = (double)layer->kept / (double)layer->count;
    struct measure measure;
    float *scores = NULL;
    sned_status status;
    *density = start;
    SNED_TRY_DONE(compression_scores(compression, index, &scores, error));
    for (double d = start * scan_factor; d > scan_lowest; d *= scan_factor) {
        SNED_TRY_DONE(
            structure_prune(&weights->structure, weights, scores, prune_keep_count(layer->count, d), error));
        SNED_TRY_DONE(measure_some(compression, &measure, error));
        if (!(measure.loss <= bound))
            break;
        *density = d;
    }
    status = compression_take_back(compression, error);
done:
    free(scores);
    return status;
}

sned_status step_scan(struct compression *compression, sned_error *error)
{
    struct measure whole = {0}; /* measured once, by the first layer that needs it */
    for (int i = 0; i < compression->layer_count; i++) {
        struct layer *layer = &compression->layers[i];
        struct record fresh = {.kind = RECORD_SCAN};
        const struct record *done;
        if (!layer_is_searched(layer))
            continue;
        SNED_TRY(compression_replay(compression, RECORD_SCAN, &done, error));
        if (!done) {
            if (whole.loss == 0)
                SNED_TRY(measure_some(compression, &whole, error));
            SNED_TRY(scan_layer(compression, i, whole.loss, &fresh.u.scan.first, error));
            SNED_TRY(compression_record(compression, &fresh, error));
            sned_report(compression->options->reporter, "%-8s %-12s may start at density %.4f", "scan",
                        layer->name, fresh.u.scan.first);
        }
        layer->first = done ? done->u.scan.first : fresh.u.scan.first;
    }
    return SNED_OK;
}
