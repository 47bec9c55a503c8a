/*
 * calibrate_groups.h - which activations share one quantization, and of what type it is.
 */
#ifndef SNED_COMPRESS_CALIBRATE_GROUPS_H
#define SNED_COMPRESS_CALIBRATE_GROUPS_H

#include "graph/graph.h"

struct activation_groups {
    int *root;      /* [tensor_count]: the tensor that stands for an activation's group; -1: not quantized */
    bool *positive; /* [tensor_count]: of a root: no value of the group is below 0, whatever the input */
    int wide;       /* the root of the group that holds the scores in 16 bits, or -1 */
};
sned_status groups_find(struct activation_groups *groups, const struct graph *graph, sned_error *error);
void groups_free(struct activation_groups *groups);

/* Whether an operator only moves numbers, so that its output has its inputs' quantization (and takes no value
 * that they do not take). */
bool moves_numbers(enum op op);

#endif
