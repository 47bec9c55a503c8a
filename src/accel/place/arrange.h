/*
 * arrange.h - where a network's activations lie on chip (place.h), and for that which of its first layers run
 * in strips of rows (strips.h).
 *
 *     fits as it is, rather with more that stays for others to run beside    -> the network, placed
 *     does not, but some of its first layers can run in strips               -> a network of strips, placed
 *     else                                                                   -> refused
 */
#ifndef SNED_ACCEL_PLACE_ARRANGE_H
#define SNED_ACCEL_PLACE_ARRANGE_H

#include "accel/place/place.h"
#include "accel/program/program.h"

struct arrangement {
    const struct accel_config *config;
    const struct graph *graph; /* what is placed: the network as it is, or its strips */
    struct graph *strips;      /* owned; NULL: no layers run in strips */
    int last;                  /* nodes of the graph before it run on the accelerator */
    enum stay stay;
    struct placement placement; /* owned */
};

/* The last `host_nodes` are the host's. SNED_ERROR_UNSUPPORTED names what does not fit, also in strips. */
sned_status arrange(struct arrangement *arrangement, const struct graph *graph, int host_nodes,
                    const struct accel_config *config, const struct accel_request *request,
                    sned_error *error);
/* The placement with a head and a tail for two images at once (place.h). Where that does not fit it
 * stays as it is. */
sned_status arrange_split(struct arrangement *arrangement, int cut, sned_error *error);
void arrangement_free(struct arrangement *arrangement);

#endif
