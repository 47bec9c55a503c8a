/*
 * host.h - where the host takes over, if the accelerator cannot do all of a network.
 *
 * Nodes run in their order, so the host's are the last: the endings, and where one is refused, that and all
 * behind it. Between the two goes one activation, from which the host's nodes go on:
 *
 *     x -> 0 Conv -> 1 Conv -> a -+-> 2 LeakyRelu --> 3 Add -> 4 Softmax     host_from(2) is 2: nodes 2, 3
 *                                 +--------------------^                     read a, nothing else before it
 */
#ifndef SNED_ACCEL_COMPILER_HOST_H
#define SNED_ACCEL_COMPILER_HOST_H

#include "graph/graph.h"

/* The last node, not behind `node`, from which on the host's nodes but for endings read one activation of
 * those before, or the picture. 0: there is none. */
int host_from(const struct graph *graph, int node);

/* Of a network whose endings stand anywhere: its node that is number `last` of those that are none; the
 * number of nodes where there is none. */
int host_first(const struct graph *graph, int last);

#endif
