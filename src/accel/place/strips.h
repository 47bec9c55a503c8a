/*
 * strips.h - which layers of a network's beginning run in strips of rows, and in how many, where whole
 * activations do not fit on chip.
 *
 * The beginning, a chain of Convs and pools, is cut into stretches. Of a stretch the input and the output lie
 * on chip as a whole, of what is between only a strip at a time:
 *
 *     whole       a strip of each      whole            the strips run one after the other, each through all
 *     +-----+       +---+   +---+      +-----+          layers of the stretch; what one leaves, the next one
 *     |     | Conv  | 0 |   |   | pool |  0  |          writes over
 *     |     | ----> |   |   |   | ---> |-----|
 *     |     |       +---+   +---+      |  1  |
 *     |     |         ..      ..       |-----|
 *     +-----+                          +-----+
 *
 * Neighbouring strips compute some rows between twice. So short stretches compute little twice, long ones
 * need few large activations. Of all ways to cut that fit the one is taken whose Convs take the least, in
 * tiles of the lanes.
 */
#ifndef SNED_ACCEL_PLACE_STRIPS_H
#define SNED_ACCEL_PLACE_STRIPS_H

#include "accel/program/config.h"
#include "graph/graph.h"

struct stretch {
    int first, length; /* nodes of the chain */
    int strips;        /* 2 or more */
};

struct strips {
    struct stretch *stretches; /* in the chain's order; owned */
    int count;
};

/* Of nodes before `last`; activations are to take `room` bytes at most. count 0: nothing needs to be cut, or
 * nothing helps. */
sned_status strips_plan(struct strips *strips, const struct graph *graph, int last,
                        const struct accel_config *config, int64_t room, sned_error *error);
void strips_free(struct strips *strips);

/* The network with these strips. */
sned_status strips_cut(struct graph **cut, const struct graph *graph, const struct strips *strips,
                       sned_error *error);

#endif
