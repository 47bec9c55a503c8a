/*
 * shrink.c - see shrink.h.
 *
 * What an optimizer remembers is for each constant one or two tensors of its shape, and loses the rows and
 * columns that the constant loses. A shape is had again by its cause: filters that are gone are set to 0, all
 * others to something else, and the graph is compacted.
 */
#include "compress/rate/shrink.h"
#include "base/memory.h"
#include "graph/operator.h"
#include "graph/passes/compact.h"

#include <stdlib.h>
#include <string.h>

/* ---- which units ---- */

bool can_shrink(const struct graph *graph)
{
    if (graph->output_count > 1)
        return false;
    for (int n = 0; n < graph->node_count; n++) {
        const struct node *node = &graph->nodes[n];
        for (int i = 0; i < node->input_count; i++) {
            const enum input_role role = sned_input_role(node->op, i);
            if (node->inputs[i] >= 0 && graph->tensors[node->inputs[i]].data && role != INPUT_WEIGHTS &&
                role != INPUT_BIAS)
                return false;
        }
        if (sned_node_has_weights(node) && (sned_node_weight_count(node) > 1 || node_bias(node, 0) < 0))
            return false;
    }
    return true;
}

static size_t columns_of(const struct rate_layer *layer, const struct graph *graph)
{
    const struct shape *shape = &graph->tensors[layer->tensor].shape;
    return shape->rank > 1 ? (size_t)shape->dim[1] : 1;
}

size_t units_given(const struct rate_layers *layers, const struct graph *graph)
{
    size_t units = 0;
    for (int i = 0; i < layers->count; i++)
        units += layers->layers[i].cost.grid.filters + columns_of(&layers->layers[i], graph);
    return units;
}

sned_status units_left_open(struct units_left *left, const struct rate_layers *layers,
                            const struct graph *graph, uint8_t *kept, sned_error *error)
{
    memset(kept, 1, units_given(layers, graph));
    SNED_TRY(sned_alloc(&left->layers, (size_t)layers->count, sizeof *left->layers, error));
    left->count = layers->count;
    for (int i = 0; i < left->count; i++) {
        const struct rate_layer *layer = &layers->layers[i];
        const size_t filters = layer->cost.grid.filters, columns = columns_of(layer, graph);
        left->layers[i] = (struct layer_left){.tensor = layer->tensor,
                                              .bias = layer->bias,
                                              .filters = {filters, kept},
                                              .columns = {columns, kept + filters}};
        kept += filters + columns;
    }
    return SNED_OK;
}

void units_left_close(struct units_left *left)
{
    free(left->layers);
    *left = (struct units_left){0};
}

/* `still` [count]: which of those that were left before are left now, by their place among them. */
static void forget(struct kept_units *units, const int *still, int count)
{
    int before = 0, now = 0;
    for (size_t k = 0; k < units->count; k++) {
        if (!units->kept[k])
            continue;
        units->kept[k] = now < count && still[now] == before++;
        now += units->kept[k];
    }
}

static void forget_all(struct units_left *left, const struct compaction *report, const struct graph *graph)
{
    for (int i = 0; i < report->count; i++) {
        const struct compacted_layer *layer = &report->layers[i];
        for (int l = 0; l < left->count; l++)
            if (left->layers[l].tensor == node_weights(&graph->nodes[layer->node], 0)) {
                forget(&left->layers[l].filters, layer->filter, layer->kept_filters);
                forget(&left->layers[l].columns, layer->column, layer->kept_columns);
            }
    }
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

/* The state of what is left, behind each other. */
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

static sned_status take_state(const struct shares *shares, const struct compaction *report,
                              const struct graph *graph, const float *remembered, float **kept, size_t *count,
                              sned_error *error)
{
    size_t floats = 0;
    for (int t = 0; t < shares->count; t++)
        floats += shares->floats[t];
    SNED_TRY(sned_alloc(kept, floats, sizeof **kept, error)); /* room enough */
    *count = (size_t)(copy_state(shares, report, graph, remembered, *kept) - *kept);
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
                   struct units_left *left, float **kept, size_t *count, sned_error *error)
{
    struct compaction report = {0};
    struct shares shares = {0};
    sned_status status;
    *kept = NULL;
    SNED_TRY_DONE(shares_find(&shares, graph, executor, error));
    SNED_TRY_DONE(compact_floats(graph, &report, error));
    if (report.count == 0)
        goto done;
    forget_all(left, &report, graph);
    status = take_state(&shares, &report, graph, remembered, kept, count, error);
done:
    sned_compaction_free(&report);
    free(shares.floats);
    free(shares.elements);
    return status;
}

sned_status shrink_for_good(struct graph *graph, struct units_left *left, sned_error *error)
{
    struct compaction report = {0};
    SNED_TRY(sned_graph_compact(graph, &report, error));
    forget_all(left, &report, graph);
    sned_compaction_free(&report);
    return SNED_OK;
}

/* ---- the shape alone, and back ---- */

static void mark_filters(const struct graph *graph, const struct layer_left *layer)
{
    struct tensor *weights = &graph->tensors[layer->tensor];
    const size_t n = sned_shape_elements(&weights->shape) / layer->filters.count;
    const float step = weights->quantization.scale;
    free(weights->mask);
    weights->mask = NULL;
    for (size_t k = 0; k < layer->filters.count; k++)
        for (size_t i = 0; i < n; i++)
            ((float *)weights->data)[k * n + i] = layer->filters.kept[k] ? step : 0;
    memset(graph->tensors[layer->bias].data, 0, layer->filters.count * sizeof(float));
}

sned_status shrink_again(struct graph *graph, const struct units_left *left, sned_error *error)
{
    for (int i = 0; i < left->count; i++)
        mark_filters(graph, &left->layers[i]);
    return sned_graph_compact(graph, NULL, error);
}

/* Numbers [filters][columns][taps], of those that are left, to all; 0 elsewhere. */
static void spread(const struct kept_units *filters, const struct kept_units *columns, size_t taps,
                   const float *from, float *to)
{
    for (size_t k = 0; k < filters->count; k++)
        for (size_t c = 0; c < columns->count; c++, to += taps) {
            const bool is_left = filters->kept[k] && columns->kept[c];
            if (is_left)
                memcpy(to, from, taps * sizeof *to);
            else
                memset(to, 0, taps * sizeof *to);
            from += is_left ? taps : 0;
        }
}

void grow_back(struct graph *given, const struct graph *graph, const struct units_left *left)
{
    uint8_t one = 1;
    const struct kept_units single = {1, &one};
    for (int t = 0; t < given->tensor_count; t++)
        given->tensors[t].quantization = graph->tensors[t].quantization;
    for (int i = 0; i < left->count; i++) {
        const struct layer_left *layer = &left->layers[i];
        const struct tensor *weights = &given->tensors[layer->tensor];
        const size_t taps =
            sned_shape_elements(&weights->shape) / layer->filters.count / layer->columns.count;
        spread(&layer->filters, &layer->columns, taps, graph->tensors[layer->tensor].data, weights->data);
        if (layer->bias >= 0)
            spread(&layer->filters, &single, 1, graph->tensors[layer->bias].data,
                   given->tensors[layer->bias].data);
    }
}
