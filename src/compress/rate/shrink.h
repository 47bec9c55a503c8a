/*
 * shrink.h - units that do nothing leave a network while it is trained, and what the optimizer remembers of
 * them with them (graph/passes/compact.h); and a network as it was given gets the shape again that it had by
 * then.
 */
#ifndef SNED_COMPRESS_RATE_SHRINK_H
#define SNED_COMPRESS_RATE_SHRINK_H

#include "compress/rate/layers.h"

/* Which filters of the network as given are left, by layer. */
struct filters_left {
    int count;
    struct filters_of {
        int tensor;     /* the weights */
        size_t filters; /* as given */
        uint8_t *kept;  /* [filters]: 1 or 0; borrowed */
    } * layers;         /* owned */
};
size_t filters_given(const struct rate_layers *layers); /* in all layers: bytes of `kept` below */
/* All of them, in `kept`, which is borrowed. */
sned_status filters_left_open(struct filters_left *left, const struct rate_layers *layers, uint8_t *kept,
                              sned_error *error);
void filters_left_close(struct filters_left *left);

/* Compacts the graph, which holds the executor's parameters; `remembered` is what executor_state_read gives.
 * *kept [*count]: the same of what is left, for a new executor; freed by the caller; NULL where nothing left
 * the graph. */
sned_status shrink(struct graph *graph, const struct executor *executor, const float *remembered,
                   struct filters_left *left, float **kept, size_t *count, sned_error *error);

/* The network as given gets the shape of `left`; its parameters are then no longer its own. */
sned_status shrink_again(struct graph *graph, const struct filters_left *left, sned_error *error);

#endif
