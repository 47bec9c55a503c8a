/*
 * inner.h - what the files of src/graph share: messages about nodes, the rules of one node, endings.
 */
#ifndef SNED_GRAPH_INNER_H
#define SNED_GRAPH_INNER_H

#include "graph/graph.h"

/* sned_fail with "node 'conv1' (Conv): " before the message. */
sned_status sned_node_fail(sned_error *error, sned_status status, const struct node *node, const char *format,
                           ...) __attribute__((format(printf, 4, 5)));

/* The same before the message of a failed call. */
sned_status sned_node_context(sned_error *error, sned_status status, const struct node *node);

/* Rank and every dimension at least 1, within the limits of graph.h, and so is their product. */
bool sned_shape_valid(const struct shape *shape);

/* No node makes it: the input, a constant, a state. */
bool sned_tensor_is_given(const struct graph *graph, int tensor);
/* How often it is an output of the graph or what a state becomes: read by who runs the graph. */
int sned_graph_outer_readers(const struct graph *graph, int tensor);

/* Frees what a node owns and marks it as gone, for sned_graph_close_gaps to take out of the array. */
void sned_node_remove(struct node *node);
void sned_graph_close_gaps(struct graph *graph);

/* Appends a node like `node`, of this graph or of another with the same tensors; it must not move. */
sned_status sned_node_copy(struct graph *to, const struct node *node, sned_error *error);

/* The numbers of inputs and outputs; each index in range; constants and activations where they belong. */
sned_status sned_node_check_tensors(const struct graph *graph, const struct node *node, sned_error *error);
/* The shapes of a node's outputs, [output_count], from those of its inputs, where sned_node_check_tensors
 * accepts it. Refuses attributes that make no sense. Axes may be below 0, as ONNX has them. */
sned_status sned_node_infer(const struct graph *graph, const struct node *node, struct shape *outputs,
                            sned_error *error);
/* The most outputs that a node has, of which there are no more than tensors; 1 at least. */
int sned_graph_most_outputs(const struct graph *graph);

/* Of an integer graph's node, after the above: constants' types, quantizations, scalings, clamp, and that no
 * accumulator can overflow (docs/arithmetic.md). */
sned_status sned_node_check_integer(const struct graph *graph, const struct node *node, sned_error *error);

/* Where a graph begins and ends, before its nodes are looked at: input, outputs, states. */
sned_status sned_graph_check_ends(const struct graph *graph, sned_error *error);
/* And behind: endings stand at outputs; what a state becomes is of its kind; the input's rule. */
sned_status sned_graph_check_endings(const struct graph *graph, sned_error *error);
sned_status sned_graph_check_states(const struct graph *graph, sned_error *error);
sned_status sned_graph_check_rule(const struct graph *graph, sned_error *error);

/* The Softmax, LogSoftmax or Sigmoid that makes output `index` of the graph, or whose numbers are only moved
 * on their way there, by the nodes `first` to `last`; -1: there is none. */
struct ending {
    int node, first, last;
};
struct ending sned_graph_ending(const struct graph *graph, int index);

#endif
