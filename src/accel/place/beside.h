/*
 * beside.h - which nodes of one image may run side by side, each on a unit of its own.
 *
 * This follows from the graph alone. The placement keeps the bytes that such nodes read for as long as all of
 * them run; the compiler then makes steps that need not wait for each other.
 */
#ifndef SNED_ACCEL_PLACE_BESIDE_H
#define SNED_ACCEL_PLACE_BESIDE_H

#include "graph/graph.h"

/* In both, nodes from `last` on are left to the host. */

/* The Conv that can run beside `node`, a step of the vector unit, as it is the next and needs nothing of it;
 * `node` itself: there is none. */
int beside_conv(const struct graph *graph, int node, int last);

/* The last of the nodes that may go in parts with the Conv `node` (parts.h): an LRN, a pool, or an LRN and
 * then a pool, which alone read what is before them. `node` itself: there is none, or it is no Conv. */
int beside_parts(const struct graph *graph, int node, int last);

#endif
