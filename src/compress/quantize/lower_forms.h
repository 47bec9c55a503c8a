/*
 * lower_forms.h - what a node needs to be of integers, by the integer form of its operator: constants,
 * scalings, tables.
 */
#ifndef SNED_COMPRESS_QUANTIZE_LOWER_FORMS_H
#define SNED_COMPRESS_QUANTIZE_LOWER_FORMS_H

#include "graph/operator.h"

struct lowering {
    const struct graph *from;
    struct graph *to;
    int *tensors; /* [from->tensor_count]: an activation's index in `to` */
};

/* To `node`, the last of lowering->to, what the float node `from` asks for; clamp, slope and activations are
 * there, inputs that are constants are -1. */
typedef sned_status lower_function(struct lowering *lowering, const struct node *from, struct node *node,
                                   sned_error *error);

lower_function lower_filters; /* int8 weights, int32 biases, a scaling for each filter */
lower_function lower_one;     /* of all numbers, or of products of two */
lower_function lower_pair;    /* of each of two inputs */
lower_function lower_counts;  /* for each number of elements that a window counts */
lower_function lower_factors; /* LRN's table */
lower_function lower_lookup;  /* the result of every input */

/* "node 'conv1' (Conv): " and what is wrong with it. */
sned_status lower_fail(const struct node *node, sned_status status, const char *what, sned_error *error);

#endif
