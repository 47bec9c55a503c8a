/*
 * constants.h - channels of a float graph that have one value in all places, whatever the input.
 */
#ifndef SNED_GRAPH_PASSES_CONSTANTS_H
#define SNED_GRAPH_PASSES_CONSTANTS_H

#include "graph/passes/units.h"

struct constants {
    bool *known;  /* [channels.count], by number: it is constant, */
    float *value; /* and this is what it is, rounded where its activation has a quantization */
};
sned_status sned_constants_find(struct constants *constants, const struct graph *graph,
                                const struct channels *channels, sned_error *error);
void sned_constants_free(struct constants *constants);

/* A weight as executors see it: on the grid of its layer, where it has one. */
float sned_effective_weight(const struct tensor *weights, size_t index);
/* Whether a Conv or Gemm reads a channel of this value the same in each place: without pads, or as the zero
 * that they are. */
bool sned_reads_evenly(const struct node *node, float value);

#endif
