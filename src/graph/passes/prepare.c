/*
 * prepare.c - all passes from a graph as imported to one that inference wants.
 */
#include "graph/passes/passes.h"

sned_status sned_graph_prepare(struct graph *graph, sned_error *error)
{
    SNED_TRY(sned_graph_sort(graph, error));
    SNED_TRY(sned_graph_infer(graph, error));
    SNED_TRY(sned_graph_remove_identities(graph, error));
    SNED_TRY(sned_graph_fold_affine(graph, error));
    SNED_TRY(sned_graph_fuse_activations(graph, error));
    SNED_TRY(sned_graph_remove_unused(graph, error));
    return sned_graph_infer(graph, error);
}
