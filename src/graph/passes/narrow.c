/*
 * narrow.c - a network that is wider than it will need loses its weakest units, before it is trained on.
 *
 * Training for few bytes ends with few weights, and ends better where those that are left lie close together:
 * a network of a tenth of the width learns faster, and a step costs less. A unit counts what it is worth by
 * the energy |in|^2 |out|^2, of the filters that make it and the columns that read it. As layer-adaptive
 * magnitudes do (LAMP, Lee et al. 2021; src/compress/prune/divide.c), layers are compared by a unit's share
 * of the energy that is left in units of its kind, so that no layer vanishes; and, since units differ in what
 * they take, by that share for each weight that leaves with the unit.
 */
#include "base/memory.h"
#include "graph/operator.h"
#include "graph/passes/compact.h"
#include "graph/passes/units.h"

#include <math.h>
#include <stdlib.h>

struct weighed_unit {
    uint64_t signature;
    int root;
    double energy;
};

/* Units of one signature, the weakest first. */
struct unit_kind {
    struct weighed_unit *units; /* those that are left: [count] */
    int count;
    double energy; /* of these */
};

/* Of a node with filters: what is left of its weights. */
struct narrowed_layer {
    int node;
    struct filter_bank filters;
    int64_t rows, columns;
};

struct narrowing {
    struct graph *graph;
    struct units units;
    double *in, *out;            /* [channels.count]: by root, squares of weights */
    struct weighed_unit *sorted; /* all that may go */
    int unit_count;
    struct unit_kind *kinds;
    int kind_count;
    struct narrowed_layer *layers;
    int layer_count;
    int *rows, *columns; /* [kind][layer]: of each unit */
    bool *stays;
};

/* ---- what a unit is worth ---- */

static void weigh_layer(struct narrowing *w, const struct narrowed_layer *layer)
{
    const struct node *node = &w->graph->nodes[layer->node];
    const struct filter_bank *filters = &layer->filters;
    const float *weights = w->graph->tensors[node_weights(node, 0)].data;
    const size_t taps = (size_t)filters->taps;
    for (int k = 0; k < filters->count; k++) {
        const int made = unit_of(&w->units, node->outputs[0], k);
        for (int c = 0; c < filters->columns; c++, weights += taps) {
            const int read = unit_of(&w->units, node->inputs[0], filters_first_channel(filters, k) + c);
            double sum = 0;
            for (size_t t = 0; t < taps; t++)
                sum += (double)weights[t] * weights[t];
            w->in[made] += sum;
            if (read != made)
                w->out[read] += sum;
        }
    }
}

static int compare_units(const void *left, const void *right)
{
    const struct weighed_unit *a = left, *b = right;
    if (a->signature != b->signature)
        return a->signature < b->signature ? -1 : 1;
    if (a->energy != b->energy)
        return a->energy < b->energy ? -1 : 1;
    return a->root < b->root ? 1 : -1; /* of equal ones the later goes first */
}

static void sort_kinds(struct narrowing *w)
{
    const struct channels *channels = &w->units.channels;
    for (int r = 0; r < channels->count; r++)
        if (channels->root[r] == r && !channels->fixed[r])
            w->sorted[w->unit_count++] =
                (struct weighed_unit){w->units.signature[r], r, w->in[r] * w->out[r]};
    qsort(w->sorted, (size_t)w->unit_count, sizeof *w->sorted, compare_units);
    for (int i = 0; i < w->unit_count; i++) {
        if (i == 0 || w->sorted[i].signature != w->sorted[i - 1].signature)
            w->kinds[w->kind_count++].units = &w->sorted[i];
        w->kinds[w->kind_count - 1].count++;
        w->kinds[w->kind_count - 1].energy += w->sorted[i].energy;
    }
}

/* ---- what a unit takes ---- */

/* Channels of an activation that are of the unit. */
static int channels_in(const struct narrowing *w, int root, int tensor)
{
    const int first = w->units.channels.first[tensor], behind = first + channels_of(w->graph, tensor);
    int count = 0;
    for (int i = w->units.start[root]; i < w->units.start[root + 1]; i++)
        count += w->units.members[i] >= first && w->units.members[i] < behind;
    return count;
}

static void count_ends(struct narrowing *w)
{
    for (int k = 0; k < w->kind_count; k++)
        for (int l = 0; l < w->layer_count; l++) {
            const struct node *node = &w->graph->nodes[w->layers[l].node];
            const int root = w->kinds[k].units[0].root, at = k * w->layer_count + l;
            w->rows[at] = channels_in(w, root, node->outputs[0]);
            w->columns[at] = w->layers[l].filters.groups > 1 ? 0 : channels_in(w, root, node->inputs[0]);
        }
}

static int64_t weights_of_unit(const struct narrowing *w, int kind)
{
    int64_t sum = 0;
    for (int l = 0; l < w->layer_count; l++) {
        const struct narrowed_layer *layer = &w->layers[l];
        const int at = kind * w->layer_count + l;
        sum += (w->rows[at] * layer->columns + w->columns[at] * layer->rows) * layer->filters.taps;
    }
    return sum;
}

static int64_t weights_left(const struct narrowing *w)
{
    int64_t sum = 0;
    for (int l = 0; l < w->layer_count; l++)
        sum += w->layers[l].rows * w->layers[l].columns * w->layers[l].filters.taps;
    return sum;
}

/* ---- who goes ---- */

/* The kind whose weakest unit is worth least for what it takes; -1: all have one unit left. */
static int weakest_kind(const struct narrowing *w)
{
    int weakest = -1;
    double least = INFINITY;
    for (int k = 0; k < w->kind_count; k++) {
        const struct unit_kind *kind = &w->kinds[k];
        const double share = kind->energy > 0 ? kind->units[0].energy / kind->energy : 0;
        const double worth = share / (double)(weights_of_unit(w, k) + 1);
        if (kind->count > 1 && worth < least) {
            least = worth;
            weakest = k;
        }
    }
    return weakest;
}

static void drop_weakest(struct narrowing *w, int k)
{
    struct unit_kind *kind = &w->kinds[k];
    w->stays[kind->units[0].root] = false;
    kind->energy -= kind->units[0].energy;
    kind->units++;
    kind->count--;
    for (int l = 0; l < w->layer_count; l++) {
        w->layers[l].rows -= w->rows[k * w->layer_count + l];
        w->layers[l].columns -= w->columns[k * w->layer_count + l];
    }
}

static void choose_units(struct narrowing *w, uint64_t weights)
{
    for (int r = 0; r < w->units.channels.count; r++)
        w->stays[r] = true;
    for (int k = 0; weights_left(w) > (int64_t)weights && (k = weakest_kind(w)) >= 0;)
        drop_weakest(w, k);
}

/* ---- the pass ---- */

static sned_status narrowing_open(struct narrowing *w, struct graph *graph, sned_error *error)
{
    *w = (struct narrowing){.graph = graph};
    SNED_TRY(sned_units_find(&w->units, graph, error));
    const size_t count = (size_t)w->units.channels.count;
    SNED_TRY(sned_alloc(&w->in, count, sizeof *w->in, error));
    SNED_TRY(sned_alloc(&w->out, count, sizeof *w->out, error));
    SNED_TRY(sned_alloc(&w->stays, count, sizeof *w->stays, error));
    SNED_TRY(sned_alloc(&w->sorted, count, sizeof *w->sorted, error));
    SNED_TRY(sned_alloc(&w->kinds, count, sizeof *w->kinds, error));
    SNED_TRY(sned_alloc(&w->layers, (size_t)graph->node_count, sizeof *w->layers, error));
    for (int n = 0; n < graph->node_count; n++)
        if (sned_node_has_filters(&graph->nodes[n])) {
            const struct filter_bank filters = sned_node_filters(graph, &graph->nodes[n]);
            w->layers[w->layer_count++] = (struct narrowed_layer){n, filters, filters.count, filters.columns};
        }
    for (int l = 0; l < w->layer_count; l++)
        weigh_layer(w, &w->layers[l]);
    sort_kinds(w);
    const size_t ends = (size_t)w->kind_count * (size_t)w->layer_count;
    SNED_TRY(sned_alloc(&w->rows, ends, sizeof *w->rows, error));
    SNED_TRY(sned_alloc(&w->columns, ends, sizeof *w->columns, error));
    count_ends(w);
    return SNED_OK;
}

static void narrowing_close(struct narrowing *w)
{
    sned_units_free(&w->units);
    sned_free(w->in);
    sned_free(w->out);
    sned_free(w->stays);
    sned_free(w->sorted);
    sned_free(w->kinds);
    sned_free(w->layers);
    sned_free(w->rows);
    sned_free(w->columns);
}

sned_status sned_graph_narrow(struct graph *graph, uint64_t weights, struct compaction *report,
                              sned_error *error)
{
    struct narrowing w;
    struct rearrangement arrangement = {0};
    sned_status status;
    if (report)
        *report = (struct compaction){0};
    if (graph->integer)
        return sned_fail(error, SNED_ERROR_ARGUMENT,
                         "network '%.80s' has integers: it is narrowed before it is trained and lowered",
                         graph->name);
    SNED_TRY_DONE(narrowing_open(&w, graph, error));
    choose_units(&w, weights);
    SNED_TRY_DONE(sned_rearrangement_open(&arrangement, graph, &w.units, error));
    sned_rearrangement_keep(&arrangement, graph, &w.units, w.stays);
    if (report)
        SNED_TRY_DONE(sned_compaction_report(report, graph, &w.units, &arrangement, error));
    status = sned_units_arrange(graph, &w.units, &arrangement, error);
done:
    if (status != SNED_OK && report)
        sned_compaction_free(report);
    sned_rearrangement_free(&arrangement);
    narrowing_close(&w);
    return status;
}
