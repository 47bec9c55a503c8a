/*
 * units.c - see units.h: which channels are tied, by what each operator's row says of it.
 */
#include "graph/passes/units.h"
#include "base/memory.h"
#include "graph/movement.h"

bool sned_node_has_filters(const struct node *node)
{
    return sned_operator(node->op)->integer == INTEGER_FILTERS && sned_node_weight_count(node) == 1;
}

struct filter_bank sned_node_filters(const struct graph *graph, const struct node *node)
{
    const struct shape *shape = &graph->tensors[node_weights(node, 0)].shape;
    struct filter_bank filters = {.count = (int)shape->dim[0], .columns = (int)shape->dim[1], .groups = 1};
    filters.taps = (int)(sned_shape_elements(shape) / (size_t)(shape->dim[0] * shape->dim[1]));
    if (sned_op_is(node->op, OPERATOR_WINDOW))
        filters.groups = node->u.conv.groups;
    return filters;
}

/* ---- ties ---- */

bool sned_works_by_channel(enum op op)
{
    const struct operator_row *row = sned_operator(op);
    return row->roles[1] == INPUT_OPERAND || op == OP_BATCH_NORMALIZATION ||
           sned_op_is(op, OPERATOR_POINTWISE | OPERATOR_SELECTS | OPERATOR_AVERAGES | OPERATOR_PASSES);
}

/* Channels are numbered anew by Slice and Pad along their axis; a step over channels that are gone, and pads,
 * which no node makes, would have to be told apart. */
static bool cuts_channels(const struct graph *graph, const struct node *node)
{
    if (graph->tensors[node->inputs[0]].shape.rank < 2)
        return true;
    return (node->op == OP_SLICE && node->u.slice.step[1] != 1) ||
           (node->op == OP_PAD && (node->u.pad.before[1] != 0 || node->u.pad.after[1] != 0));
}

/* One number for two, whose order counts (the finalizer of SplitMix64, Steele et al. 2014). */
static uint64_t mix(uint64_t hash, uint64_t value)
{
    uint64_t x = hash * 0x9E3779B97F4A7C15u + value + 1;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

/* Who is tied to whom, told to `see`: numbers of channels, and what tells one tie of a node from another. */
struct ties {
    const struct graph *graph;
    struct units *units;
    void (*see)(struct ties *ties, int from, int to, uint64_t how);
    int node;        /* of signatures: the one that ties */
    const int *rank; /* of signatures, [count]: which of its unit's members a channel is */
};

static void tie_moved(struct ties *ties, const struct node *node)
{
    const struct graph *graph = ties->graph;
    const int *first = ties->units->channels.first;
    struct movement movement;
    for (int i = 0; i < node->input_count; i++)
        for (int k = 0; k < node->output_count; k++) {
            const int in = node->inputs[i], out = node->outputs[k];
            const int64_t from_plane = channel_plane(graph, in), to_plane = channel_plane(graph, out);
            sned_node_movement(graph, node, i, k, &movement);
            for (struct movement_walk walk = movement_begin(&movement); !walk.is_over; movement_next(&walk))
                ties->see(ties, first[in] + (int)(walk.from / from_plane),
                          first[out] + (int)(walk.to / to_plane),
                          mix((uint64_t)(walk.from % from_plane), (uint64_t)(walk.to % to_plane)));
        }
}

/* Of several groups: each input of a group with each of its outputs. */
static void tie_groups(struct ties *ties, const struct node *node)
{
    const struct filter_bank filters = sned_node_filters(ties->graph, node);
    const int *first = ties->units->channels.first;
    for (int k = 0; filters.groups > 1 && k < filters.count; k++)
        for (int c = 0; c < filters.columns; c++)
            ties->see(ties, first[node->inputs[0]] + filters_first_channel(&filters, k) + c,
                      first[node->outputs[0]] + k,
                      mix((uint64_t)c, (uint64_t)(k % (filters.count / filters.groups))));
}

static void tie_channels(struct ties *ties, const struct node *node)
{
    const int *first = ties->units->channels.first;
    for (int i = 0; i < node->input_count; i++)
        for (int c = 0; first[node->inputs[i]] >= 0 && c < channels_of(ties->graph, node->inputs[i]); c++)
            ties->see(ties, first[node->inputs[i]] + c, first[node->outputs[0]] + c, (uint64_t)i);
}

/* false: what the operator does with channels is not known here. */
static bool tie_node(struct ties *ties, const struct node *node)
{
    if (sned_op_is(node->op, OPERATOR_MOVES) && !cuts_channels(ties->graph, node))
        tie_moved(ties, node);
    else if (sned_node_has_filters(node))
        tie_groups(ties, node);
    else if (sned_works_by_channel(node->op))
        tie_channels(ties, node);
    else
        return false;
    return true;
}

static void join(struct ties *ties, int from, int to, uint64_t how)
{
    sned_channels_join(&ties->units->channels, from, to);
}

static sned_status find_classes(struct units *units, const struct graph *graph, sned_error *error)
{
    struct ties ties = {.graph = graph, .units = units, .see = join};
    SNED_TRY(sned_channels_open(&units->channels, graph, error));
    for (int k = 0; k < graph->state_count; k++) {
        sned_channels_fix(&units->channels, graph, graph->states[k].tensor);
        sned_channels_fix(&units->channels, graph, graph->states[k].next);
    }
    for (int n = 0; n < graph->node_count; n++)
        if (!tie_node(&ties, &graph->nodes[n]))
            sned_channels_fix_node(&units->channels, graph, &graph->nodes[n]);
    SNED_TRY(sned_channels_fix_shared(&units->channels, graph, error));
    sned_channels_settle(&units->channels);
    return SNED_OK;
}

/* ---- members, and what tells units apart ---- */

static void list_members(struct units *units, int *rank)
{
    const struct channels *channels = &units->channels;
    for (int i = 0; i < channels->count; i++)
        rank[i] = units->start[channels->root[i] + 1]++;
    for (int r = 0; r < channels->count; r++)
        units->start[r + 1] += units->start[r];
    for (int i = 0; i < channels->count; i++)
        units->members[units->start[channels->root[i]] + rank[i]] = i;
}

/* By their places in the unit, so that units of other channels that are tied alike come out alike. */
static void sign(struct ties *ties, int from, int to, uint64_t how)
{
    uint64_t *signature = &ties->units->signature[ties->units->channels.root[from]];
    const uint64_t who = mix((uint64_t)ties->rank[from], (uint64_t)ties->rank[to]);
    *signature = mix(mix(*signature, (uint64_t)ties->node), mix(who, how));
}

static void find_signatures(struct units *units, const struct graph *graph, const int *rank)
{
    struct ties ties = {.graph = graph, .units = units, .see = sign, .rank = rank};
    for (int t = 0; t < graph->tensor_count; t++)
        for (int c = 0; units->channels.first[t] >= 0 && c < channels_of(graph, t); c++) {
            uint64_t *signature = &units->signature[unit_of(units, t, c)];
            *signature = mix(*signature, (uint64_t)t);
        }
    for (ties.node = 0; ties.node < graph->node_count; ties.node++)
        tie_node(&ties, &graph->nodes[ties.node]);
}

sned_status sned_units_find(struct units *units, const struct graph *graph, sned_error *error)
{
    sned_status status;
    int *rank = NULL;
    *units = (struct units){0};
    SNED_TRY_DONE(find_classes(units, graph, error));
    const size_t count = (size_t)units->channels.count;
    SNED_TRY_DONE(sned_alloc(&units->start, count + 1, sizeof *units->start, error));
    SNED_TRY_DONE(sned_alloc(&units->members, count, sizeof *units->members, error));
    SNED_TRY_DONE(sned_alloc(&units->signature, count, sizeof *units->signature, error));
    SNED_TRY_DONE(sned_alloc(&rank, count, sizeof *rank, error));
    list_members(units, rank);
    find_signatures(units, graph, rank);
done:
    sned_free(rank);
    if (status != SNED_OK)
        sned_units_free(units);
    return status;
}

void sned_units_free(struct units *units)
{
    sned_channels_free(&units->channels);
    sned_free(units->start);
    sned_free(units->members);
    sned_free(units->signature);
    *units = (struct units){0};
}
