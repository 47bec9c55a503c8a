/*
 * sort_units.c - the strongest units first.
 *
 * Hidden units have no order of their own; the file's coder, which learns as it goes how many weights of a
 * row are zero, does better where rows of a kind lie together. A unit's strength is the sum of its filters'
 * |weights|. Units change places within those of one signature alone (units.h), so the network computes the
 * same integers.
 *
 * Where filters, or the columns that read them, share their zeros in blocks, as their structure says or, of
 * weights that say nothing, as it looks (blocks of 2 or 4: a network pruned elsewhere), the units of a block
 * stay together, and whole blocks are sorted. Where that cannot be, because units of a block are not of one
 * signature or begin in the middle of it, all stays as it is.
 */
#include "base/memory.h"
#include "graph/operator.h"
#include "graph/passes/units.h"

#include <stdlib.h>
#include <string.h>

/* A unit that may move. */
struct sorted_unit {
    uint64_t signature;
    int64_t strength;
    const int *members; /* by which units of one signature are in their old order */
    int chunk;          /* units that stay together */
};

struct sorting {
    struct graph *graph;
    struct units units;
    int64_t *strength; /* [count]: by root */
    int *chunk;        /* [count]: by root */
};

/* ---- strength ---- */

static int64_t filter_strength(const int8_t *weights, size_t count)
{
    int64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += abs(weights[i]);
    return sum;
}

/* ---- what shares its zeros ---- */

enum { LARGEST_BLOCK = 4 };

/* Weights as [outer][across][inner], of which `across` is cut into blocks. */
struct block_view {
    const int8_t *weights;
    size_t outer, across, inner;
};

/* Whether the weights of a block are zero together or not at all, but for the few that rounding made zero; of
 * weights that are mostly not zero nothing can be said. */
static bool shares_zeros(const struct block_view *view, size_t block)
{
    size_t some = 0, all = 0, positions = 0;
    for (size_t o = 0; o < view->outer; o++)
        for (size_t a = 0; a + block <= view->across; a += block)
            for (size_t i = 0; i < view->inner; i++) {
                size_t kept = 0;
                for (size_t b = 0; b < block; b++)
                    kept += view->weights[(o * view->across + a + b) * view->inner + i] != 0;
                positions++;
                some += kept > 0;
                all += kept == block;
            }
    return some > 0 && all * 10 >= some * 9 && some * 10 <= positions * 9;
}

static int block_of(const struct block_view *view)
{
    int block = LARGEST_BLOCK;
    while (block > 1 && !shares_zeros(view, (size_t)block))
        block /= 2;
    return block;
}

enum { MOST_TOGETHER = 1 << 20 };

static int common_divisor(int a, int b)
{
    while (b != 0) {
        const int rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* What is in chunks of two sizes is in chunks of their least common multiple. */
static int join_chunks(int a, int b)
{
    const int64_t joined = (int64_t)(a / common_divisor(a, b)) * b;
    return joined < MOST_TOGETHER ? (int)joined : MOST_TOGETHER;
}

static void keep_together(struct sorting *s, int root, int chunk)
{
    s->chunk[root] = s->chunk[root] > 0 ? join_chunks(s->chunk[root], chunk) : chunk;
}

/* Units of so many columns each, several of which may make whole blocks. */
static int units_of_block(int block, int columns)
{
    return columns > 0 ? block / common_divisor(block, columns) : block;
}

static void look_at_columns(struct sorting *s, const struct node *node, const struct filter_bank *filters,
                            const struct tensor *tensor)
{
    const int8_t *weights = tensor->data;
    const int in = node->inputs[0], first = s->units.channels.first[in];
    const struct block_view view = {weights, (size_t)filters->count, (size_t)filters->columns,
                                    (size_t)filters->taps};
    const int block =
        tensor->structure.kind == STRUCTURE_BLOCK ? tensor->structure.channels : block_of(&view);
    for (int c = 0; block > 1 && c < filters->columns; c++) {
        const int root = s->units.channels.root[first + c];
        int columns = 0;
        for (int i = s->units.start[root]; i < s->units.start[root + 1]; i++)
            columns += s->units.members[i] >= first && s->units.members[i] < first + filters->columns;
        keep_together(s, root, units_of_block(block, columns));
    }
}

static void look_at(struct sorting *s, const struct node *node)
{
    const struct filter_bank filters = sned_node_filters(s->graph, node);
    const struct tensor *tensor = &s->graph->tensors[node_weights(node, 0)];
    const int8_t *weights = tensor->data;
    const size_t length = (size_t)filters.columns * (size_t)filters.taps;
    const struct block_view view = {weights, 1, (size_t)filters.count, length};
    const int block = tensor->structure.kind == STRUCTURE_BLOCK ? tensor->structure.filters : block_of(&view);
    for (int k = 0; k < filters.count; k++) {
        const int root = unit_of(&s->units, node->outputs[0], k);
        s->strength[root] += filter_strength(weights + (size_t)k * length, length);
        keep_together(s, root, block);
    }
    if (filters.groups == 1)
        look_at_columns(s, node, &filters, tensor);
}

/* ---- order ---- */

static int compare_places(const void *left, const void *right)
{
    const struct sorted_unit *a = left, *b = right;
    if (a->signature != b->signature)
        return a->signature < b->signature ? -1 : 1;
    return a->members[0] < b->members[0] ? -1 : a->members[0] > b->members[0];
}

static int compare_strengths(const void *left, const void *right)
{
    const struct sorted_unit *a = left, *b = right;
    if (a->strength != b->strength)
        return a->strength > b->strength ? -1 : 1;
    return a->members[0] < b->members[0] ? -1 : a->members[0] > b->members[0];
}

/* Each unit of a chunk gets the strength of all of it, so that none comes between them; what is left over at
 * the end stays there. */
static void share_strength(struct sorted_unit *places, int count)
{
    int chunk = 1;
    for (int i = 0; i < count; i++)
        chunk = places[i].chunk > chunk ? places[i].chunk : chunk;
    for (int begin = 0; begin < count; begin += chunk) {
        int64_t sum = 0;
        for (int i = begin; i < begin + chunk && i < count; i++)
            sum += places[i].strength;
        for (int i = begin; i < begin + chunk && i < count; i++)
            places[i].strength = begin + chunk <= count ? sum : -1;
    }
}

/* Place i is for unit i of the order. */
static void sort_places(struct rearrangement *arrangement, const struct units *units,
                        struct sorted_unit *places, struct sorted_unit *order, int count)
{
    share_strength(places, count);
    memcpy(order, places, (size_t)count * sizeof *order);
    qsort(order, (size_t)count, sizeof *order, compare_strengths);
    for (int i = 0; i < count; i++) {
        const int *to = places[i].members, *from = order[i].members;
        const int root = units->channels.root[to[0]];
        for (int k = 0; k < units->start[root + 1] - units->start[root]; k++)
            arrangement->channel[to[k]] += from[k] - to[k];
    }
}

/* units [count]: those that may move; order: room for as many. */
static void sort_all(struct sorting *s, struct rearrangement *arrangement, struct sorted_unit *units,
                     struct sorted_unit *order)
{
    int count = 0;
    for (int r = 0; r < s->units.channels.count; r++)
        if (s->units.channels.root[r] == r && !s->units.channels.fixed[r])
            units[count++] = (struct sorted_unit){s->units.signature[r], s->strength[r],
                                                  s->units.members + s->units.start[r], s->chunk[r]};
    qsort(units, (size_t)count, sizeof *units, compare_places);
    for (int begin = 0, end; begin < count; begin = end) {
        for (end = begin; end < count && units[end].signature == units[begin].signature; end++)
            ;
        sort_places(arrangement, &s->units, units + begin, order, end - begin);
    }
}

/* ---- whether blocks stay whole ---- */

/* Of an activation's channels, in groups of `size` from 0 on: each group is an old one, in its old order. */
static bool groups_stay(const struct sorting *s, const struct rearrangement *arrangement, int tensor,
                        int size, int count)
{
    const int *channel = arrangement->channel + s->units.channels.first[tensor];
    for (int i = 0; i < count; i++)
        if (channel[i] % size != i % size || channel[i] - i % size != channel[i - i % size])
            return false;
    return true;
}

static bool blocks_stay(const struct sorting *s, const struct rearrangement *arrangement)
{
    for (int n = 0; n < s->graph->node_count; n++) {
        const struct node *node = &s->graph->nodes[n];
        if (!sned_node_has_filters(node))
            continue;
        const struct structure *structure = &s->graph->tensors[node_weights(node, 0)].structure;
        const struct filter_bank filters = sned_node_filters(s->graph, node);
        if (structure->kind != STRUCTURE_BLOCK)
            continue;
        if (!groups_stay(s, arrangement, node->outputs[0], structure->filters, filters.count))
            return false;
        if (filters.groups == 1 &&
            !groups_stay(s, arrangement, node->inputs[0], structure->channels, filters.columns))
            return false;
    }
    return true;
}

/* ---- the pass ---- */

sned_status sned_graph_sort_units(struct graph *graph, sned_error *error)
{
    struct sorting s = {.graph = graph};
    struct rearrangement arrangement = {0};
    struct sorted_unit *units = NULL, *order = NULL;
    sned_status status;
    if (!graph->integer)
        return sned_fail(error, SNED_ERROR_ARGUMENT,
                         "network '%.80s' has no integers yet: units are sorted when it is lowered",
                         graph->name);
    SNED_TRY_DONE(sned_units_find(&s.units, graph, error));
    const size_t count = (size_t)s.units.channels.count;
    SNED_TRY_DONE(sned_rearrangement_open(&arrangement, graph, &s.units, error));
    SNED_TRY_DONE(sned_alloc(&s.strength, count, sizeof *s.strength, error));
    SNED_TRY_DONE(sned_alloc(&s.chunk, count, sizeof *s.chunk, error));
    SNED_TRY_DONE(sned_alloc(&units, count, sizeof *units, error));
    SNED_TRY_DONE(sned_alloc(&order, count, sizeof *order, error));
    for (int n = 0; n < graph->node_count; n++)
        if (sned_node_has_filters(&graph->nodes[n]))
            look_at(&s, &graph->nodes[n]);
    sort_all(&s, &arrangement, units, order);
    if (blocks_stay(&s, &arrangement))
        status = sned_units_arrange(graph, &s.units, &arrangement, error);
done:
    sned_free(order);
    sned_free(units);
    sned_free(s.chunk);
    sned_free(s.strength);
    sned_rearrangement_free(&arrangement);
    sned_units_free(&s.units);
    return status;
}
