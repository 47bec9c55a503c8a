/*
 * channels.c - see channels.h.
 */
#include "graph/channels.h"
#include "base/memory.h"
#include "base/union_find.h"
#include "graph/movement.h"

void sned_channels_join(struct channels *channels, int a, int b)
{
    a = find_root(channels->root, a);
    b = find_root(channels->root, b);
    channels->fixed[b] |= channels->fixed[a];
    channels->root[a] = b;
}

void sned_channels_join_all(struct channels *channels, const struct graph *graph, int input, int output)
{
    for (int c = 0; c < channels_of(graph, output); c++)
        sned_channels_join(channels, channels->first[input] + c, channels->first[output] + c);
}

static void join_moved(struct channels *channels, const struct graph *graph, int input, int output,
                       const struct movement *movement)
{
    const int64_t from_plane = channel_plane(graph, input), to_plane = channel_plane(graph, output);
    for (struct movement_walk walk = movement_begin(movement); !walk.is_over; movement_next(&walk))
        sned_channels_join(channels, channels->first[input] + (int)(walk.from / from_plane),
                           channels->first[output] + (int)(walk.to / to_plane));
}

void sned_channels_join_moved(struct channels *channels, const struct graph *graph, const struct node *node)
{
    struct movement movement;
    for (int i = 0; i < node->input_count; i++)
        for (int k = 0; k < node->output_count; k++)
            if (sned_node_movement(graph, node, i, k, &movement))
                join_moved(channels, graph, node->inputs[i], node->outputs[k], &movement);
}

void sned_channels_fix(struct channels *channels, const struct graph *graph, int tensor)
{
    for (int c = 0; tensor >= 0 && channels->first[tensor] >= 0 && c < channels_of(graph, tensor); c++)
        channels->fixed[find_root(channels->root, channels->first[tensor] + c)] = true;
}

void sned_channels_fix_node(struct channels *channels, const struct graph *graph, const struct node *node)
{
    for (int i = 0; i < node->input_count; i++)
        sned_channels_fix(channels, graph, node->inputs[i]);
    for (int k = 0; k < node->output_count; k++)
        sned_channels_fix(channels, graph, node->outputs[k]);
}

static bool shares_a_constant(const struct graph *graph, const struct node *node, const int *readers)
{
    bool shares = false;
    for (int i = 0; i < node->input_count; i++)
        if (node->inputs[i] >= 0 && graph->tensors[node->inputs[i]].data)
            shares |= readers[node->inputs[i]] > 1 && sned_input_role(node->op, i) != INPUT_TABLE;
    return shares;
}

sned_status sned_channels_fix_shared(struct channels *channels, const struct graph *graph, sned_error *error)
{
    int *readers;
    SNED_TRY(sned_alloc(&readers, (size_t)graph->tensor_count, sizeof *readers, error));
    for (int n = 0; n < graph->node_count; n++)
        for (int i = 0; i < graph->nodes[n].input_count; i++)
            if (graph->nodes[n].inputs[i] >= 0)
                readers[graph->nodes[n].inputs[i]]++;
    for (int n = 0; n < graph->node_count; n++)
        if (shares_a_constant(graph, &graph->nodes[n], readers))
            sned_channels_fix_node(channels, graph, &graph->nodes[n]);
    sned_free(readers);
    return SNED_OK;
}

sned_status sned_channels_open(struct channels *channels, const struct graph *graph, sned_error *error)
{
    sned_status status;
    *channels = (struct channels){0};
    SNED_TRY_DONE(sned_alloc(&channels->first, (size_t)graph->tensor_count, sizeof *channels->first, error));
    for (int t = 0; t < graph->tensor_count; t++) {
        channels->first[t] = graph->tensors[t].data ? -1 : channels->count;
        channels->count += graph->tensors[t].data ? 0 : channels_of(graph, t);
    }
    SNED_TRY_DONE(sned_alloc(&channels->root, (size_t)channels->count, sizeof *channels->root, error));
    SNED_TRY_DONE(sned_alloc(&channels->fixed, (size_t)channels->count, sizeof *channels->fixed, error));
    for (int c = 0; c < channels->count; c++)
        channels->root[c] = c;
    sned_channels_fix(channels, graph, graph->input);
    for (int k = 0; k < graph->output_count; k++)
        sned_channels_fix(channels, graph, graph->outputs[k]);
done:
    if (status != SNED_OK)
        sned_channels_free(channels);
    return status;
}

void sned_channels_settle(struct channels *channels)
{
    for (int c = 0; c < channels->count; c++)
        channels->root[c] = find_root(channels->root, c);
}

void sned_channels_free(struct channels *channels)
{
    sned_free(channels->first);
    sned_free(channels->root);
    sned_free(channels->fixed);
    *channels = (struct channels){0};
}
