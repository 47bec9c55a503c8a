/*
 * results.h - which activations the accelerator gives of a network whose nodes before `last` are its own: the
 * network's outputs, and what the host's nodes go on from.
 *
 *     ... -> Conv -> Gemm -> a -> Softmax -> output 0        accelerator | host: results are a and b
 *                \-> Conv -> b ------------> output 1
 *
 * The host's nodes are the endings (a Softmax is computed in floats), and before them what the accelerator
 * cannot do and all that follows. Here they are the last of the network.
 */
#ifndef SNED_ACCEL_PROGRAM_RESULTS_H
#define SNED_ACCEL_PROGRAM_RESULTS_H

#include "graph/graph.h"

enum { RESULTS_MOST = GRAPH_MAX_OUTPUTS + 1 };

struct results {
    int count;
    int tensors[RESULTS_MOST]; /* none twice: the outputs' in their order, then what the host reads besides */
};

/* All nodes of the host's but the endings read one activation of the accelerator's: so there is room. */
struct results results_of(const struct graph *graph, int last);
bool results_have(const struct results *results, int tensor);

/* *sorted: the network with its endings behind all other nodes, which keep their order; NULL where it is so.
 * The caller frees it. */
sned_status results_endings_last(struct graph **sorted, const struct graph *graph, sned_error *error);
int results_endings(const struct graph *graph); /* how many endings are the last nodes */

#endif
