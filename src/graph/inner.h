/*
 * inner.h - what the files of src/graph share among themselves: messages about nodes, and the rules of one
 * node.
 */
#ifndef SNED_GRAPH_INNER_H
#define SNED_GRAPH_INNER_H

#include "graph/graph.h"

/* sned_fail with "node 'conv1' (Conv): " before the message. */
sned_status sned_node_fail(sned_error *error, sned_status status, const struct node *node, const char *format,
                           ...) __attribute__((format(printf, 4, 5)));

/* Rank and every dimension at least 1, within the limits of graph.h, and so is their product. */
bool sned_shape_valid(const struct shape *shape);

static inline bool tensor_is_constant(const struct graph *graph, int tensor)
{
    return graph->tensors[tensor].data != NULL;
}

/* The clamp or slope that an operator is by itself: of OP_RELU, OP_CLIP, OP_LEAKY_RELU. */
enum activation_kind sned_op_activation(enum op op);

/* Frees what a node owns and marks it as gone, for sned_graph_compact to take out of the array. */
void sned_node_remove(struct node *node);
void sned_graph_compact(struct graph *graph);

/* Appends a node like `node`, which may be of another graph with the same tensors; of this one, it must not
 * move. */
sned_status sned_node_copy(struct graph *to, const struct node *node, sned_error *error);

/* The number of inputs, every index in range, constants where constants belong and activations where they do.
 */
sned_status sned_node_check_inputs(const struct graph *graph, const struct node *node, sned_error *error);
/* The shape of a node's output from those of its inputs, which sned_node_check_inputs accepts. Refuses
 * attributes that make no sense. Axes may be negative, as ONNX counts them from the end. */
sned_status sned_node_infer(const struct graph *graph, const struct node *node, struct shape *shape,
                            sned_error *error);

/* Of an integer graph's node, after the above: constants' types, quantizations, scalings, clamp, and that no
 * accumulator can overflow (docs/arithmetic.md). */
sned_status sned_node_check_integer(const struct graph *graph, const struct node *node, sned_error *error);
/* Of the whole integer graph: the input's quantization. */
sned_status sned_graph_check_integer(const struct graph *graph, sned_error *error);

/* The Softmax, LogSoftmax or Sigmoid that makes the output, or whose numbers are only moved on their way
 * there by the nodes `first` to `last`, -1 where there are none. node: -1 where there is none. */
struct ending {
    int node, first, last;
};
struct ending sned_graph_ending(const struct graph *graph);

#endif
