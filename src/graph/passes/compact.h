/*
 * compact.h - units that do nothing leave a network.
 *
 * Pruning and training for few bytes leave filters whose weights are all zero, and channels that no weight
 * reads. Compacting takes both out, with everything that goes with them: rows and columns of weights, biases,
 * masks, what batch norms know of them. A filter of zeros makes one constant, the activation of its bias, in
 * each place of its channel; that goes into the biases of the layers that read it where they see it in every
 * place, which they do not where a Conv pads with zeros: such a channel stays, unless the constant is 0.
 * Where the zeros of weights come in blocks, those units leave together that share one.
 */
#ifndef SNED_GRAPH_PASSES_COMPACT_H
#define SNED_GRAPH_PASSES_COMPACT_H

#include "graph/graph.h"

/* What is left of the layers that lost something. A layer's filters are the rows of its weights and elements
 * of its bias, its columns what it reads; kept ones by their old indices, ascending. */
struct compacted_layer {
    int node;             /* the nodes and tensors of a graph keep their indices */
    int filters, columns; /* before */
    int kept_filters, kept_columns;
    int *filter; /* owned; [kept_filters] */
    int *column; /* owned; [kept_columns] */
};
struct compaction {
    int count;
    struct compacted_layer *layers; /* owned */
};
void sned_compaction_free(struct compaction *report);

/* Of a float graph: the function stays, to the rounding of floats. Where activations have quantizations, a
 * constant is what they make of it; where weights carry a step, they are what they are on its grid. At least
 * one unit stays in each layer. `report` may be NULL; else it is freed with sned_compaction_free. On failure
 * the graph is fit for nothing but to be freed. */
sned_status sned_graph_compact(struct graph *graph, struct compaction *report, sned_error *error);

/* Of a float graph that will be trained further: its weakest units leave until no more than so many weights
 * are left, or one unit in each layer (narrow.c). What they gave to others is lost. Report and failure as
 * above. */
sned_status sned_graph_narrow(struct graph *graph, uint64_t weights, struct compaction *report,
                              sned_error *error);

#endif
