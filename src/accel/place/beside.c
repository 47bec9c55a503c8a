/*
 * beside.c - see beside.h.
 */
#include "accel/place/beside.h"
#include "accel/program/units.h"
#include "graph/operator.h"

static bool is_on_lanes(const struct node *node)
{
    return accel_unit_row(node->op)->unit == UNIT_LANES;
}

static bool reads(const struct node *node, int tensor)
{
    bool found = false;
    for (int i = 0; i < node->input_count; i++)
        found = found || node->inputs[i] == tensor;
    return found;
}

static bool reads_any(const struct node *node, const struct node *maker)
{
    bool found = false;
    for (int o = 0; o < maker->output_count; o++)
        found = found || reads(node, maker->outputs[o]);
    return found;
}

int beside_conv(const struct graph *graph, int node, int last)
{
    for (int n = node + 1; n < last && !reads_any(&graph->nodes[n], &graph->nodes[node]); n++)
        if (is_on_lanes(&graph->nodes[n]))
            return n;
    return node;
}

/* Is node `n` the only one that reads what the node before it makes? */
static bool follows(const struct graph *graph, int n, int last)
{
    return n < last && graph->nodes[n].inputs[0] == graph->nodes[n - 1].outputs[0] &&
           sned_graph_consumers(graph, graph->nodes[n - 1].outputs[0]) == 1;
}

static bool is_pool(const struct node *node)
{
    return sned_op_is(node->op, OPERATOR_WINDOW) && !is_on_lanes(node);
}

int beside_parts(const struct graph *graph, int node, int last)
{
    int end = node;
    if (!is_on_lanes(&graph->nodes[node]))
        return node;
    if (follows(graph, end + 1, last) && graph->nodes[end + 1].op == OP_LRN)
        end++;
    if (follows(graph, end + 1, last) && is_pool(&graph->nodes[end + 1]))
        end++;
    return end;
}
