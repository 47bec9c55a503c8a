/*
 * zoo.h - the networks that `sned new` makes.
 */
#ifndef SNED_ZOO_ZOO_H
#define SNED_ZOO_ZOO_H

#include "graph/graph.h"

struct zoo_options {
    int classes; /* 0: the network's own (10 or 1000) */
    uint64_t seed;
    const float
        *densities; /* share of weights kept, a Conv or Gemm each in order, or one for all; NULL: all */
    int density_count;
    int block[2];        /* masks shared by block[0] output and block[1] input channels; 0: 1 */
    bool structure_only; /* every weight 0, no masks: quick, for whoever wants shapes and counts */
};
extern const char *const zoo_names[]; /* NULL at the end */
/* A checked float graph as an importer would give it: BatchNormalization and Dropout are nodes, no Softmax.
 * He-initialised (He et al. 2015, fan-in, normal), biases 0, batch norms 1 and 0. */
sned_status zoo_new(struct graph **graph, const char *name, const struct zoo_options *options,
                    sned_error *error);

#endif
