/*
 * depends.c - what a tensor depends on: of a network with several outputs, the part that one of them is of.
 */
#include "base/memory.h"
#include "graph/graph.h"

sned_status sned_graph_depends(const struct graph *graph, int tensor, bool *nodes, sned_error *error)
{
    bool *needed = NULL; /* [tensor_count] */
    SNED_TRY(sned_alloc(&needed, (size_t)graph->tensor_count, sizeof *needed, error));
    needed[tensor] = true;
    for (int i = graph->node_count - 1; i >= 0; i--) {
        const struct node *node = &graph->nodes[i];
        nodes[i] = false;
        for (int k = 0; k < node->output_count; k++)
            nodes[i] |= needed[node->outputs[k]];
        for (int k = 0; nodes[i] && k < node->input_count; k++)
            if (node->inputs[k] >= 0)
                needed[node->inputs[k]] = true;
    }
    sned_free(needed);
    return SNED_OK;
}
