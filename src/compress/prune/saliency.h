/*
 * saliency.h - how much a weight matters: the criteria by which weights are chosen to be cut.
 *
 * A criterion is a name and a function from a layer to one score a weight; a new one is a new file and a line
 * in the list in saliency.c. What every criterion may look at is in the context, so that second-order
 * criteria need no other interface.
 */
#ifndef SNED_COMPRESS_PRUNE_SALIENCY_H
#define SNED_COMPRESS_PRUNE_SALIENCY_H

#include "base/error.h"
#include "graph/graph.h"
#include "io/data/dataset.h"

struct saliency_context {
    const struct graph *graph;
    struct dataset *dataset; /* training images, for criteria that look at data */
    const uint32_t *indices;
    size_t count;
    int threads;
    uint64_t seed;
};

struct saliency {
    const char *name; /* in recipes */
    /* scores[n]: of the n elements of `weights`, which `node` reads; each 0 or more, comparable within the
     * layer and, as squares of them are an estimate of harm, between layers. Pruned ones may get any. */
    sned_status (*score)(const struct saliency_context *context, const struct node *node,
                         const struct tensor *weights, float *scores, sned_error *error);
    /* After a cut of the weights of `node`, a node of `graph`: the weights and biases that stay make good
     * what is lost. before [n]: the weights as they were. NULL: they stay as they are. */
    sned_status (*adjust)(const struct saliency_context *context, struct graph *graph,
                          const struct node *node, const float *before, sned_error *error);
};

extern const struct saliency saliency_magnitude; /* |w|: saliency.c */
extern const struct saliency saliency_fisher;    /* saliency_fisher.c */
extern const struct saliency saliency_obs;       /* saliency_obs.c */

const struct saliency *saliency_find(const char *name); /* NULL: unknown */
const char *saliency_names(void);                       /* for messages: "magnitude, ..." */

#endif
