/*
 * calibrate_groups.h - which activations share one quantization, and of what type it is.
 */
#ifndef SNED_COMPRESS_QUANTIZE_CALIBRATE_GROUPS_H
#define SNED_COMPRESS_QUANTIZE_CALIBRATE_GROUPS_H

#include "graph/graph.h"

struct activation_groups {
    int *root;      /* [tensor_count]: the tensor that stands for an activation's group; -1: not quantized */
    bool *positive; /* [tensor_count]: of a root: no value of the group is below 0, whatever the input */
    bool *wide;     /* [tensor_count]: of a root: holds a result of the network, in 16 bits */
};
/* Refuses a graph with states: whoever shows it images one by one sees none of the values that they take. */
sned_status groups_find(struct activation_groups *groups, const struct graph *graph, sned_error *error);
void groups_free(struct activation_groups *groups);

/* computed [tensor_count]: the activations that have a quantization and values of their own, which those of a
 * node that hands on what it reads are not. */
void groups_computed(const struct activation_groups *groups, const struct graph *graph, bool *computed);

#endif
