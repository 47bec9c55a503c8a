/*
 * compact.c - see compact.h.
 *
 * What stays is what an output of the graph needs, as in a search for live code: from the fixed units back,
 * a filter that stays needs each unit that it has a weight for, unless that channel is a constant which its
 * bias can take. Constants are found before, from the front (constants.c), so that whole chains of dead
 * layers go at once, and a second run finds nothing.
 */
#include "graph/passes/compact.h"
#include "base/format.h"
#include "base/memory.h"
#include "base/names.h"
#include "graph/inner.h"
#include "graph/operator.h"
#include "graph/passes/constants.h"

#include <math.h>

struct compacting {
    struct graph *graph;
    struct units units;
    struct constants constants;
    struct rearrangement arrangement;
    bool *stays; /* [channels.count]: by root */
};

/* ---- what stays ---- */

static bool can_fold(const struct compacting *c, const struct node *node, int number)
{
    return c->constants.known[number] && sned_reads_evenly(node, c->constants.value[number]);
}

/* Filter k keeps what it reads; whether that is news. */
static bool filter_needs(struct compacting *c, const struct node *node, const struct filter_bank *filters,
                         int k)
{
    const struct tensor *weights = &c->graph->tensors[node_weights(node, 0)];
    const int in = c->units.channels.first[node->inputs[0]] + filters_first_channel(filters, k);
    const size_t taps = (size_t)filters->taps, row = (size_t)k * (size_t)filters->columns;
    bool news = false;
    for (int i = 0; i < filters->columns; i++) {
        bool *stays = &c->stays[c->units.channels.root[in + i]];
        for (size_t t = 0; t < taps && !*stays && !can_fold(c, node, in + i); t++)
            if (sned_effective_weight(weights, (row + (size_t)i) * taps + t) != 0)
                news = *stays = true;
    }
    return news;
}

/* Channels first to before end of an activation; whether that is news. */
static bool stay_together(struct compacting *c, int tensor, int first, int end)
{
    int staying = 0;
    for (int i = first; i < end; i++)
        staying += c->stays[unit_of(&c->units, tensor, i)];
    for (int i = first; i < end && staying > 0; i++)
        c->stays[unit_of(&c->units, tensor, i)] = true;
    return staying > 0 && staying < end - first;
}

/* Blocks begin at filter 0 and channel 0: they are the same ones afterwards where whole rows and whole
 * columns of them leave. */
static bool keep_blocks_whole(struct compacting *c, const struct node *node,
                              const struct filter_bank *filters)
{
    const struct structure *structure = &c->graph->tensors[node_weights(node, 0)].structure;
    const int height = structure->filters, width = structure->channels;
    bool news = false;
    if (structure->kind != STRUCTURE_BLOCK)
        return false;
    for (int k = 0; k < filters->count; k += height)
        news |=
            stay_together(c, node->outputs[0], k, k + height < filters->count ? k + height : filters->count);
    for (int i = 0; i < filters->columns && filters->groups == 1; i += width)
        news |=
            stay_together(c, node->inputs[0], i, i + width < filters->columns ? i + width : filters->columns);
    return news;
}

/* Backwards, until nothing is added: a unit may be needed by what comes before another of its channels. */
static void find_needed(struct compacting *c)
{
    for (bool news = true; news;) {
        news = false;
        for (int n = c->graph->node_count - 1; n >= 0; n--) {
            const struct node *node = &c->graph->nodes[n];
            if (!sned_node_has_filters(node))
                continue;
            const struct filter_bank filters = sned_node_filters(c->graph, node);
            news |= keep_blocks_whole(c, node, &filters);
            for (int k = 0; k < filters.count; k++)
                if (c->stays[unit_of(&c->units, node->outputs[0], k)])
                    news |= filter_needs(c, node, &filters, k);
        }
    }
}

/* Of an activation that would lose all channels one stays: a constant if there is one, which needs least. */
static bool keep_one(struct compacting *c, int tensor)
{
    const int first = c->units.channels.first[tensor];
    int chosen = 0;
    for (int i = channels_of(c->graph, tensor) - 1; i >= 0; i--) {
        if (c->stays[unit_of(&c->units, tensor, i)])
            return false;
        if (c->constants.known[first + i])
            chosen = i;
    }
    c->stays[unit_of(&c->units, tensor, chosen)] = true;
    return true;
}

static void find_staying(struct compacting *c)
{
    for (int i = 0; i < c->units.channels.count; i++)
        c->stays[i] = c->units.channels.fixed[i];
    find_needed(c);
    for (int t = 0; t < c->graph->tensor_count; t++)
        if (c->units.channels.first[t] >= 0 && keep_one(c, t))
            find_needed(c);
}

/* ---- constants into biases ---- */

/* What filter k reads of channels that leave. */
static double folded_sum(const struct compacting *c, const struct node *node,
                         const struct filter_bank *filters, int k)
{
    const struct tensor *weights = &c->graph->tensors[node_weights(node, 0)];
    const int in = c->units.channels.first[node->inputs[0]] + filters_first_channel(filters, k);
    const size_t taps = (size_t)filters->taps, row = (size_t)k * (size_t)filters->columns;
    double sum = 0;
    for (int i = 0; i < filters->columns; i++)
        for (size_t t = 0; t < taps && !c->stays[c->units.channels.root[in + i]]; t++)
            if (c->constants.known[in + i])
                sum += (double)c->constants.value[in + i] *
                       sned_effective_weight(weights, (row + (size_t)i) * taps + t);
    return sum;
}

/* A bias of zeros for a node without one, of a name that no other tensor has. */
static sned_status add_bias(struct graph *graph, int index, int count, sned_error *error)
{
    const struct shape shape = sned_shape(1, (int64_t)count);
    struct unique_names names = {0};
    const char *name;
    char wanted[256];
    float *data = NULL;
    int *inputs = NULL, tensor;
    sned_status status;
    for (int t = 0; t < graph->tensor_count; t++)
        SNED_TRY_DONE(sned_unique_name(&names, graph->tensors[t].name, &name, error));
    sned_format(wanted, sizeof wanted, "%.200s.bias", graph->nodes[index].name);
    SNED_TRY_DONE(sned_unique_name(&names, wanted, &name, error));
    SNED_TRY_DONE(sned_alloc(&inputs, 3, sizeof *inputs, error));
    SNED_TRY_DONE(sned_alloc(&data, (size_t)count, sizeof *data, error));
    SNED_TRY_DONE(sned_graph_add_tensor(graph, name, TENSOR_F32, &shape, data, &tensor, error));
    struct node *node = &graph->nodes[index];
    inputs[0] = node->inputs[0];
    inputs[1] = node_weights(node, 0);
    inputs[2] = tensor;
    sned_free(node->inputs);
    node->inputs = inputs;
    node->input_count = 3;
    inputs = NULL;
done:
    sned_free(inputs);
    sned_unique_free(&names);
    return status;
}

static sned_status fold_node(struct compacting *c, int index, sned_error *error)
{
    const struct filter_bank filters = sned_node_filters(c->graph, &c->graph->nodes[index]);
    for (int k = 0; k < filters.count; k++) {
        const struct node *node = &c->graph->nodes[index];
        if (!c->stays[unit_of(&c->units, node->outputs[0], k)])
            continue;
        const double sum = folded_sum(c, node, &filters, k);
        if (sum == 0)
            continue;
        if (node_bias(node, 0) < 0)
            SNED_TRY(add_bias(c->graph, index, filters.count, error));
        float *bias = &((float *)c->graph->tensors[node_bias(&c->graph->nodes[index], 0)].data)[k];
        *bias = (float)(*bias + sum);
        if (!isfinite(*bias))
            return sned_node_fail(error, SNED_ERROR_DATA, &c->graph->nodes[index],
                                  "the constant channels that filter %d reads make its bias infinite", k);
    }
    return SNED_OK;
}

/* ---- the pass ---- */

sned_status sned_graph_compact(struct graph *graph, struct compaction *report, sned_error *error)
{
    struct compacting c = {.graph = graph};
    sned_status status;
    if (report)
        *report = (struct compaction){0};
    if (graph->integer)
        return sned_fail(error, SNED_ERROR_ARGUMENT,
                         "network '%.80s' has integers: units are taken out before it is lowered",
                         graph->name);
    SNED_TRY(sned_graph_sort(graph, error));
    SNED_TRY(sned_graph_infer(graph, error));
    SNED_TRY_DONE(sned_units_find(&c.units, graph, error));
    SNED_TRY_DONE(sned_constants_find(&c.constants, graph, &c.units.channels, error));
    SNED_TRY_DONE(sned_alloc(&c.stays, (size_t)c.units.channels.count, sizeof *c.stays, error));
    SNED_TRY_DONE(sned_rearrangement_open(&c.arrangement, graph, &c.units, error));
    find_staying(&c);
    sned_rearrangement_keep(&c.arrangement, graph, &c.units, c.stays);
    for (int n = 0; n < graph->node_count; n++)
        if (sned_node_has_filters(&graph->nodes[n]))
            SNED_TRY_DONE(fold_node(&c, n, error));
    if (report)
        SNED_TRY_DONE(sned_compaction_report(report, graph, &c.units, &c.arrangement, error));
    status = sned_units_arrange(graph, &c.units, &c.arrangement, error);
done:
    if (status != SNED_OK && report)
        sned_compaction_free(report);
    sned_rearrangement_free(&c.arrangement);
    sned_free(c.stays);
    sned_constants_free(&c.constants);
    sned_units_free(&c.units);
    return status;
}
