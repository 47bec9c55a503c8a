/*
 * results.c - see results.h.
 */
#include "accel/program/results.h"
#include "base/memory.h"

#include <stdlib.h>

bool results_have(const struct results *results, int tensor)
{
    bool found = false;
    for (int i = 0; i < results->count; i++)
        found = found || results->tensors[i] == tensor;
    return found;
}

/* What the accelerator makes, or is given: no constant, nothing of the host's nodes. */
static void add(struct results *results, const struct graph *graph, int last, int tensor)
{
    if (tensor >= 0 && !graph->tensors[tensor].data && sned_graph_producer(graph, tensor) < last &&
        !results_have(results, tensor) && results->count < RESULTS_MOST)
        results->tensors[results->count++] = tensor;
}

struct results results_of(const struct graph *graph, int last)
{
    struct results results = {0};
    for (int i = 0; i < graph->output_count; i++) {
        const int made = sned_graph_producer(graph, graph->outputs[i]);
        const bool ends = made >= last && sned_op_is_ending(graph->nodes[made].op);
        add(&results, graph, last, ends ? graph->nodes[made].inputs[0] : graph->outputs[i]);
    }
    for (int n = last; n < graph->node_count; n++)
        for (int i = 0; i < graph->nodes[n].input_count; i++)
            add(&results, graph, last, graph->nodes[n].inputs[i]);
    return results;
}

/* ---- endings ---- */

static bool is_ending(const struct graph *graph, int node)
{
    return sned_op_is_ending(graph->nodes[node].op);
}

int results_endings(const struct graph *graph)
{
    int count = 0;
    while (count < graph->node_count && is_ending(graph, graph->node_count - 1 - count))
        count++;
    return count;
}

sned_status results_endings_last(struct graph **sorted, const struct graph *graph, sned_error *error)
{
    struct node *nodes = NULL;
    int endings = 0, at = 0;
    *sorted = NULL;
    for (int n = 0; n < graph->node_count; n++)
        endings += is_ending(graph, n);
    if (endings == results_endings(graph))
        return SNED_OK;
    SNED_TRY(sned_alloc(&nodes, (size_t)graph->node_count, sizeof *nodes, error));
    const sned_status status = sned_graph_copy(sorted, graph, error);
    for (int last = 0; last < 2 && status == SNED_OK; last++)
        for (int n = 0; n < graph->node_count; n++)
            if (is_ending(graph, n) == last)
                nodes[at++] = (*sorted)->nodes[n];
    for (int n = 0; n < graph->node_count && status == SNED_OK; n++)
        (*sorted)->nodes[n] = nodes[n];
    free(nodes);
    return status;
}
