/*
 * host.c - see host.h.
 */
#include "accel/compiler/host.h"

static bool reads_one(const struct graph *graph, int first)
{
    const int wanted = graph->nodes[first].inputs[0];
    bool one = true;
    for (int n = first; n < graph->node_count; n++)
        for (int i = 0; i < graph->nodes[n].input_count && !sned_op_is_ending(graph->nodes[n].op); i++) {
            const int tensor = graph->nodes[n].inputs[i];
            if (tensor >= 0 && !graph->tensors[tensor].data && tensor != wanted)
                one = one && sned_graph_producer(graph, tensor) >= first;
        }
    return one && !graph->tensors[wanted].data;
}

int host_from(const struct graph *graph, int node)
{
    while (node > 0 && !reads_one(graph, node))
        node--;
    return node;
}

int host_first(const struct graph *graph, int last)
{
    int n = 0;
    for (int others = 0; n < graph->node_count; n++)
        if (!sned_op_is_ending(graph->nodes[n].op) && others++ == last)
            break;
    return n;
}
