/*
 * carry.h - what a graph and the one that is made of it have in common, node by node apart: lowering and
 * raising change neither activations nor what the network is about.
 */
#ifndef SNED_COMPRESS_QUANTIZE_CARRY_H
#define SNED_COMPRESS_QUANTIZE_CARRY_H

#include "graph/graph.h"

/* Every activation of `from` with its name, shape and quantization, into an empty graph; then input, outputs
 * and states. *tensors [from->tensor_count], the caller's: an activation's index in `to`, or -1. */
sned_status carry_activations(struct graph *to, const struct graph *from, int **tensors, sned_error *error);
/* The input rule without its integer form, the labels, where the network came from. */
sned_status carry_description(struct graph *to, const struct graph *from, sned_error *error);

#endif
