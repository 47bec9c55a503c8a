/*
 * shrink.h - units that do nothing leave a network while it is trained (graph/passes/compact.h), and what the
 * optimizer remembers of them with them; at the end the network gets the shape back that it was given in.
 *
 *     given -- a copy -- shrinks, epoch by epoch --> what is left -- grows back --> as given, 0 in what left
 *                 |
 *                 shrinks again, at once, where a run goes on from a checkpoint
 */
#ifndef SNED_COMPRESS_RATE_SHRINK_H
#define SNED_COMPRESS_RATE_SHRINK_H

#include "compress/rate/layers.h"

struct kept_units {
    size_t count;  /* as given */
    uint8_t *kept; /* [count]: 1 or 0; borrowed */
};
/* Which units of the network as given are left, by layer. */
struct units_left {
    int count;
    struct layer_left {
        int tensor, bias;                   /* -1: no bias */
        struct kept_units filters, columns; /* a Gemm's columns are its inputs, a Conv's the channels */
    } * layers;                             /* owned */
};
/* Whether there is one output, and nothing but weights and biases has the number of units for a size. */
bool can_shrink(const struct graph *graph);
size_t units_given(const struct rate_layers *layers, const struct graph *graph); /* bytes of `kept` */
/* All of them; `kept` is borrowed. */
sned_status units_left_open(struct units_left *left, const struct rate_layers *layers,
                            const struct graph *graph, uint8_t *kept, sned_error *error);
void units_left_close(struct units_left *left);

/* Compacts a graph that can shrink and holds the executor's parameters; `remembered` is what
 * executor_state_read gives. *kept [*count]: the same of what is left, for a new executor; freed by the
 * caller; NULL where nothing left the graph. */
sned_status shrink(struct graph *graph, const struct executor *executor, const float *remembered,
                   struct units_left *left, float **kept, size_t *count, sned_error *error);
/* The same after training, where constants are what quantizations make of them. */
sned_status shrink_for_good(struct graph *graph, struct units_left *left, sned_error *error);
/* A copy of the network as given gets the shape of `left`; its parameters are then no longer its own. */
sned_status shrink_again(struct graph *graph, const struct units_left *left, sned_error *error);
/* Parameters and quantizations of what is left, into the network as given. */
void grow_back(struct graph *given, const struct graph *graph, const struct units_left *left);

#endif
