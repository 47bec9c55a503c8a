/*
 * passes.h - what the passes share, besides what graph.h tells of each. A pass leaves a graph that
 * sned_graph_check accepts.
 */
#ifndef SNED_GRAPH_PASSES_PASSES_H
#define SNED_GRAPH_PASSES_PASSES_H

#include "graph/inner.h"

/* Of a graph that nobody has checked: the indices of a node's tensors are in range; -1 is, as an input. */
sned_status sned_node_check_indices(const struct graph *graph, const struct node *node, sned_error *error);

#endif
