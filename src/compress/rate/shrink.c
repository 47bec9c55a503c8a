/*
 * shrink.c - see shrink.h.
 *
 * What an optimizer remembers is for each constant one or two tensors of its shape, and loses the rows and
 * columns that the constant loses. A shape is had again by its cause: filters that are gone are set to 0, all
 * others to something else, and the graph is compacted.
 */
#include "compress/rate/shrink.h"
#include "base/memory.h"
#include "graph/passes/compact.h"

#include <stdlib.h>
#include <string.h>

/* ---- which filters ---- */

size_t filters_given(const struct rate_layers *layers)
{
    size_t filters = 0;
    for (int i = 0; i < layers->count; i++)
        filters += layers->layers[i].cost.filters;
    return filters;
}

sned_status filters_left_open(struct filters_left *left, const struct rate_layers *layers, uint8_t *kept,
                              sned_error *error)
{
    memset(kept, 1, filters_given(layers));
    SNED_TRY(sned_alloc(&left->layers, (size_t)layers->count, sizeof *left->layers, error));
    left->count = layers->count;
    for (int i = 0; i < left->count; i++) {
        const struct rate_layer *layer = &layers->layers[i];
        left->layers[i] = (struct filters_of){layer->tensor, layer->cost.filters, kept};
        kept += layer->cost.filters;
    }
    return SNED_OK;
}

void filters_left_close(struct filters_left *left)
{
    free(left->layers);
    *left = (struct filters_left){0};
}

/* `layer` says which of those that were left before are left now. */
static void forget_filters(struct filters_of *of, const struct compacted_layer *layer)
{
    int before = 0, now = 0;
    for (size_t k = 0; k < of->filters; k++) {
        if (!of->kept[k])
            continue;
        of->kept[k] = now < layer->kept_filters && layer->filter[now] == before++;
        now += of->kept[k];
    }
}

static void forget(struct filters_left *left, const struct compaction *report, const struct graph *graph)
{
    for (int i = 0; i < report->count; i++)
        for (int l = 0; l < left->count; l++)
            if (left->layers[l].tensor == node_weights(&graph->nodes[report->layers[i].node], 0))
                forget_filters(&left->layers[l], &report->layers[i]);
}

/* ---- what is remembered ---- */

/* One constant's share of the state, before and after. */
struct share {
    size_t floats, elements; /* as it was */
    int rows, columns;       /* of the constant, where it loses some; 0: as it is */
    const int *row, *column; /* those that are left; column NULL: it has one */
    int kept_rows, kept_columns;
};

static struct share share_of(const struct compaction *report, const struct graph *graph, int tensor)
{
    struct share share = {0};
    for (int i = 0; i < report->count; i++) {
        const struct compacted_layer *layer = &report->layers[i];
        const struct node *node = &graph->nodes[layer->node];
        if (tensor == node_weights(node, 0))
            return (struct share){.rows = layer->filters,
                                  .columns = layer->columns,
                                  .row = layer->filter,
                                  .column = layer->column,
                                  .kept_rows = layer->kept_filters,
                                  .kept_columns = layer->kept_columns};
        if (tensor == node_bias(node, 0))
            share = (struct share){.rows = layer->filters,
                                   .columns = 1,
                                   .row = layer->filter,
                                   .kept_rows = layer->kept_filters,
                                   .kept_columns = 1};
    }
    return share;
}

/* One tensor [rows][columns][taps] of `elements`; gives back where the next one goes. */
static float *copy_kept(const struct share *share, size_t elements, const float *from, float *to)
{
    if (share->rows == 0) {
        memcpy(to, from, elements * sizeof *to);
        return to + elements;
    }
    const size_t columns = (size_t)share->columns, taps = elements / ((size_t)share->rows * columns);
    for (int k = 0; k < share->kept_rows; k++)
        for (int c = 0; c < share->kept_columns; c++, to += taps) {
            const size_t column = share->column ? (size_t)share->column[c] : 0;
            memcpy(to, from + ((size_t)share->row[k] * columns + column) * taps, taps * sizeof *to);
        }
    return to;
}

/* What the state holds of each tensor of the graph before it is compacted. */
struct shares {
    int count;
    size_t *floats, *elements; /* [count]; owned */
};

static sned_status shares_find(struct shares *shares, const struct graph *graph,
                               const struct executor *executor, sned_error *error)
{
    const size_t count = (size_t)graph->tensor_count;
    SNED_TRY(sned_alloc(&shares->floats, count, sizeof(size_t), error));
    SNED_TRY(sned_alloc(&shares->elements, count, sizeof(size_t), error));
    shares->count = graph->tensor_count;
    for (int t = 0; t < shares->count; t++) {
        shares->floats[t] = executor_state_of(executor, t);
        shares->elements[t] = sned_shape_elements(&graph->tensors[t].shape);
    }
    return SNED_OK;
}

/* The state of what is left, behind each other; biases that are new have nothing to remember. */
static float *copy_state(const struct shares *shares, const struct compaction *report,
                         const struct graph *graph, const float *from, float *to)
{
    for (int t = 0; t < shares->count; t++) {
        const struct share share = share_of(report, graph, t);
        size_t left = shares->floats[t];
        for (; left >= shares->elements[t] && left > 0; left -= shares->elements[t]) {
            to = copy_kept(&share, shares->elements[t], from, to);
            from += shares->elements[t];
        }
        memcpy(to, from, left * sizeof *to); /* of a learned step */
        from += left;
        to += left;
    }
    return to;
}

/* Floats of the state for biases that compacting made, where the loss depends on them. */
static sned_status new_floats(const struct graph *graph, int first, size_t copies, size_t *floats,
                              sned_error *error)
{
    bool *judged = NULL;
    sned_status status;
    *floats = 0;
    SNED_TRY_DONE(sned_alloc(&judged, (size_t)graph->node_count, sizeof *judged, error));
    SNED_TRY_DONE(sned_graph_depends(graph, graph->outputs[0], judged, error));
    for (int n = 0; n < graph->node_count; n++)
        if (judged[n] && sned_node_has_weights(&graph->nodes[n]) && node_bias(&graph->nodes[n], 0) >= first)
            *floats += copies * sned_shape_elements(&graph->tensors[node_bias(&graph->nodes[n], 0)].shape);
done:
    free(judged);
    return status;
}

static sned_status take_state(const struct shares *shares, const struct compaction *report,
                              const struct graph *graph, const float *remembered, float **state,
                              size_t *count, sned_error *error)
{
    size_t before = 0, fresh = 0, copies = 0;
    for (int t = 0; t < shares->count; t++) {
        before += shares->floats[t];
        if (copies == 0)
            copies = shares->floats[t] / shares->elements[t];
    }
    SNED_TRY(new_floats(graph, shares->count, copies, &fresh, error));
    SNED_TRY(sned_alloc(state, before + fresh, sizeof **state, error)); /* zeros; room enough */
    *count = (size_t)(copy_state(shares, report, graph, remembered, *state) - *state) + fresh;
    return SNED_OK;
}

/* Compacts by the floats alone: scales of activations are calibrated anew before anything goes by them, and a
 * run that goes on from a checkpoint has others by then than one that was not interrupted. */
static sned_status compact_floats(struct graph *graph, struct compaction *report, sned_error *error)
{
    const int count = graph->tensor_count;
    float *scales = NULL;
    sned_status status;
    SNED_TRY_DONE(sned_alloc(&scales, (size_t)count, sizeof *scales, error));
    for (int t = 0; t < count; t++) {
        scales[t] = graph->tensors[t].quantization.scale;
        if (!graph->tensors[t].data)
            graph->tensors[t].quantization.scale = 0;
    }
    status = sned_graph_compact(graph, report, error);
    for (int t = 0; t < count; t++)
        graph->tensors[t].quantization.scale = scales[t];
done:
    free(scales);
    return status;
}

sned_status shrink(struct graph *graph, const struct executor *executor, const float *remembered,
                   struct filters_left *left, float **kept, size_t *count, sned_error *error)
{
    struct compaction report = {0};
    struct shares shares = {0};
    sned_status status;
    *kept = NULL;
    SNED_TRY_DONE(shares_find(&shares, graph, executor, error));
    SNED_TRY_DONE(compact_floats(graph, &report, error));
    if (report.count == 0)
        goto done;
    forget(left, &report, graph);
    status = take_state(&shares, &report, graph, remembered, kept, count, error);
done:
    sned_compaction_free(&report);
    free(shares.floats);
    free(shares.elements);
    return status;
}

/* ---- the shape alone ---- */

static void mark_filters(const struct graph *graph, const struct filters_of *of)
{
    struct tensor *weights = &graph->tensors[of->tensor];
    const size_t n = sned_shape_elements(&weights->shape) / of->filters;
    const float step = weights->quantization.scale;
    free(weights->mask);
    weights->mask = NULL;
    for (size_t k = 0; k < of->filters; k++)
        for (size_t i = 0; i < n; i++)
            ((float *)weights->data)[k * n + i] = of->kept[k] ? step : 0;
}

sned_status shrink_again(struct graph *graph, const struct filters_left *left, sned_error *error)
{
    for (int i = 0; i < left->count; i++)
        mark_filters(graph, &left->layers[i]);
    for (int n = 0; n < graph->node_count; n++) {
        const struct node *node = &graph->nodes[n];
        const int bias = sned_node_has_weights(node) ? node_bias(node, 0) : -1;
        if (bias >= 0)
            memset(graph->tensors[bias].data, 0,
                   sned_shape_elements(&graph->tensors[bias].shape) * sizeof(float));
    }
    return sned_graph_compact(graph, NULL, error);
}
