/*
 * cycles.h - the cycle model: where each cycle of a network goes on a configuration, from its real masks.
 *
 * A model, not a measurement: it simulates lanes, feeder and collector pair by pair, but no wire. What it
 * leaves out is in docs/accelerator.md. The RTL must agree with it per layer within 3 %.
 */
#ifndef SNED_ACCEL_CYCLES_CYCLES_H
#define SNED_ACCEL_CYCLES_CYCLES_H

#include "accel/program/config.h"
#include "accel/program/units.h"
#include "graph/graph.h"

/* All counts are cycles of one image but where something else is said. */
struct node_cycles {
    enum accel_unit unit; /* UNIT_NONE: it takes no time */
    int64_t cycles;       /* from the first to the last of this node alone on its unit */
    int64_t copy;         /* a Conv with a stride: and so many of the vector unit before */
    int64_t macs;         /* multiply-accumulates of weights that are not 0 */
    /* Lanes: what lane-cycles (cycles x lanes) were spent on. The sum is all of them. */
    int64_t issued;   /* an entry multiplied */
    int64_t rounding; /* waiting for the adders: a pair's entries in a half-tile are no multiple of a round */
    int64_t unfed;    /* waiting for the feeder */
    int64_t blocked;  /* finished pairs waiting for the collector */
    int64_t idle;     /* nothing left to do while others work, filling and emptying */
    int passes, halves, tiles;
    int64_t weight_bytes, activation_bytes; /* to and from DDR */
};

struct network_cycles {
    const struct graph *graph;      /* the network, or its strips: of these some nodes have one name */
    struct graph *strips;           /* owned; NULL: no layers run in strips */
    struct node_cycles *nodes;      /* [graph->node_count]; owned */
    int64_t lanes, vector, fc, ddr; /* cycles that each is busy with one image */
    int64_t frame;   /* the largest of these: from result to result, if the units work on images in turn */
    int64_t latency; /* of one image through all nodes, one after the other */
    int64_t macs;    /* of the conv layers, of weights that are not 0 */
    double issued;   /* share of lane-cycles in which a lane multiplies */
    double useful;   /* conv macs / (cycles x multipliers): a pair's other weight may be 0 */
};

struct cycles_options {
    double fc_input; /* share of an FC layer's inputs that are not 0: assumed */
};

/* SNED_ERROR_UNSUPPORTED names a node that has no unit. `graph` is an integer graph. */
sned_status cycles_count(struct network_cycles *result, const struct graph *graph,
                         const struct accel_config *config, const struct cycles_options *options,
                         sned_error *error);
void cycles_free(struct network_cycles *result);

/* One Conv on the lanes. */
sned_status cycles_of_conv(struct node_cycles *result, const struct graph *graph, const struct node *node,
                           const struct accel_config *config, sned_error *error);

#endif
