/*
 * prepared.h - a layer as it will be when batch norms are folded into it: what criteria measure that follow
 * the loss.
 */
#ifndef SNED_COMPRESS_PRUNE_PREPARED_H
#define SNED_COMPRESS_PRUNE_PREPARED_H

#include "compress/prune/saliency.h"
#include "compress/quantize/quantize.h"

struct prepared {
    struct graph *graph; /* owned: a prepared copy */
    int node;            /* of it: the layer */
    struct tensor *weights;
    struct calibration_images images;
};

/* Weights keep their number and order. prepared_free afterwards in either case. */
sned_status prepared_make(struct prepared *prepared, const struct saliency_context *context,
                          const struct node *node, sned_error *error);
void prepared_free(struct prepared *prepared);

#endif
