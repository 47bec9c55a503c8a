/*
 * arrange.c - a graph whose activations have other channels, or the same ones in another order: everything
 * that follows from it. Constants lose rows and columns or change their places, a few attributes count
 * channels, and shapes are inferred anew.
 */
#include "base/memory.h"
#include "graph/inner.h"
#include "graph/operator.h"
#include "graph/passes/units.h"

#include <string.h>

/* ---- arrangements ---- */

sned_status sned_rearrangement_open(struct rearrangement *arrangement, const struct graph *graph,
                                    const struct units *units, sned_error *error)
{
    const struct channels *channels = &units->channels;
    sned_status status;
    *arrangement = (struct rearrangement){0};
    SNED_TRY_DONE(sned_alloc(&arrangement->channel, (size_t)channels->count, sizeof(int), error));
    SNED_TRY_DONE(sned_alloc(&arrangement->kept, (size_t)graph->tensor_count, sizeof(int), error));
    for (int t = 0; t < graph->tensor_count; t++)
        for (int c = 0; channels->first[t] >= 0 && c < channels_of(graph, t); c++)
            arrangement->channel[channels->first[t] + arrangement->kept[t]++] = c;
done:
    if (status != SNED_OK)
        sned_rearrangement_free(arrangement);
    return status;
}

void sned_rearrangement_keep(struct rearrangement *arrangement, const struct graph *graph,
                             const struct units *units, const bool *stays)
{
    const int *first = units->channels.first;
    for (int t = 0; t < graph->tensor_count; t++) {
        arrangement->kept[t] = 0;
        for (int c = 0; first[t] >= 0 && c < channels_of(graph, t); c++)
            if (stays[unit_of(units, t, c)])
                arrangement->channel[first[t] + arrangement->kept[t]++] = c;
    }
}

void sned_rearrangement_free(struct rearrangement *arrangement)
{
    sned_free(arrangement->channel);
    sned_free(arrangement->kept);
    *arrangement = (struct rearrangement){0};
}

/* ---- constants ---- */

/* Old indices along one axis of a constant: new index i is the old one index[i], or i itself. */
struct choice {
    const int *index; /* [count]; NULL: all, as they are */
    int count;
};

static struct choice all(int64_t count)
{
    return (struct choice){.count = (int)count};
}

struct rebuilding {
    struct graph *graph;
    const struct units *units;
    const struct rearrangement *arrangement;
};

static struct choice choice_of(const struct rebuilding *r, int tensor)
{
    const struct choice choice = {.index = r->arrangement->channel + r->units->channels.first[tensor],
                                  .count = r->arrangement->kept[tensor]};
    bool same = choice.count == channels_of(r->graph, tensor);
    for (int i = 0; i < choice.count; i++)
        same = same && choice.index[i] == i;
    return same ? all(choice.count) : choice;
}

/* from [..][columns][size] bytes; to [rows.count][columns.count][size]. */
static void pick(const void *from, void *to, struct choice rows, struct choice columns, size_t old_columns,
                 size_t size)
{
    char *at = to;
    for (int k = 0; k < rows.count; k++)
        for (int c = 0; c < columns.count; c++, at += size) {
            const size_t row = (size_t)(rows.index ? rows.index[k] : k),
                         column = (size_t)(columns.index ? columns.index[c] : c);
            memcpy(at, (const char *)from + (row * old_columns + column) * size, size);
        }
}

/* Rows, and columns where the constant has two axes at least. */
static sned_status choose(struct tensor *tensor, struct choice rows, struct choice columns, sned_error *error)
{
    const size_t old_columns = tensor->shape.rank > 1 ? (size_t)tensor->shape.dim[1] : 1;
    const size_t size = sned_type_size(tensor->type);
    const size_t taps = sned_shape_elements(&tensor->shape) / ((size_t)tensor->shape.dim[0] * old_columns);
    const size_t elements = (size_t)rows.count * (size_t)columns.count;
    void *data = NULL;
    uint8_t *mask = NULL;
    if (!rows.index && !columns.index)
        return SNED_OK;
    SNED_TRY(sned_alloc(&data, elements, taps * size, error));
    pick(tensor->data, data, rows, columns, old_columns, taps * size);
    sned_free(tensor->data);
    tensor->data = data;
    if (tensor->mask) {
        SNED_TRY(sned_alloc(&mask, elements, taps, error));
        pick(tensor->mask, mask, rows, columns, old_columns, taps);
        sned_free(tensor->mask);
        tensor->mask = mask;
    }
    tensor->shape.dim[0] = rows.count;
    if (tensor->shape.rank > 1)
        tensor->shape.dim[1] = columns.count;
    return SNED_OK;
}

static sned_status choose_scalings(struct integer_rule *rule, struct choice rows, sned_error *error)
{
    struct scaling *scalings;
    if (!rows.index || rule->scaling_count == 0)
        return SNED_OK;
    SNED_TRY(sned_alloc(&scalings, (size_t)rows.count, sizeof *scalings, error));
    pick(rule->scalings, scalings, rows, all(1), 1, sizeof *scalings);
    sned_free(rule->scalings);
    rule->scalings = scalings;
    rule->scaling_count = rows.count;
    return SNED_OK;
}

/* A grouped Conv loses groups as a whole, whose columns are what they were. */
static sned_status rebuild_filters(const struct rebuilding *r, struct node *node, sned_error *error)
{
    struct graph *graph = r->graph;
    const struct filter_bank filters = sned_node_filters(graph, node);
    const struct choice rows = choice_of(r, node->outputs[0]);
    const struct choice columns = filters.groups == 1 ? choice_of(r, node->inputs[0]) : all(filters.columns);
    SNED_TRY(choose(&graph->tensors[node_weights(node, 0)], rows, columns, error));
    if (node_bias(node, 0) >= 0)
        SNED_TRY(choose(&graph->tensors[node_bias(node, 0)], rows, all(1), error));
    if (filters.groups > 1)
        node->u.conv.groups = r->arrangement->kept[node->inputs[0]] / filters.columns;
    return choose_scalings(&node->rules[0], rows, error);
}

/* What BatchNormalization, Add and Mul have for each channel; a constant of one number is for all. */
static sned_status rebuild_by_channel(const struct rebuilding *r, struct node *node, sned_error *error)
{
    const struct choice channels = choice_of(r, node->outputs[0]);
    for (int i = 1; i < node->input_count; i++) {
        struct tensor *tensor = &r->graph->tensors[node->inputs[i]];
        const bool is_each = sned_input_role(node->op, i) != INPUT_TABLE && tensor->data &&
                             tensor->shape.dim[0] == channels_of(r->graph, node->outputs[0]);
        if (is_each)
            SNED_TRY(choose(tensor, channels, all(1), error));
    }
    return SNED_OK;
}

/* ---- attributes that count channels ---- */

static void rebuild_slice(const struct rebuilding *r, struct node *node)
{
    const int in = node->inputs[0], kept = r->arrangement->kept[in];
    const int *channel = r->arrangement->channel + r->units->channels.first[in];
    int start = 0;
    for (int i = 0; i < kept; i++)
        start += channel[i] < node->u.slice.start[1];
    node->u.slice.start[1] = start;
    node->u.slice.end[1] = start + r->arrangement->kept[node->outputs[0]];
}

static void rebuild_attributes(const struct rebuilding *r, struct node *node)
{
    const int *kept = r->arrangement->kept;
    if (node->op == OP_RESHAPE && node->u.reshape.shape.rank > 1)
        node->u.reshape.shape.dim[1] = kept[node->outputs[0]];
    for (int k = 0; node->op == OP_SPLIT && node->u.split.axis == 1 && k < node->output_count; k++)
        node->u.split.sizes[k] = kept[node->outputs[k]];
    /* A step over channels makes them fixed. */
    if (node->op == OP_SLICE && r->graph->tensors[node->inputs[0]].shape.rank > 1 &&
        node->u.slice.step[1] == 1)
        rebuild_slice(r, node);
}

sned_status sned_units_arrange(struct graph *graph, const struct units *units,
                               const struct rearrangement *arrangement, sned_error *error)
{
    const struct rebuilding r = {.graph = graph, .units = units, .arrangement = arrangement};
    for (int n = 0; n < graph->node_count; n++) {
        struct node *node = &graph->nodes[n];
        if (sned_node_has_filters(node))
            SNED_TRY(rebuild_filters(&r, node, error));
        else
            SNED_TRY(rebuild_by_channel(&r, node, error));
        rebuild_attributes(&r, node);
    }
    return sned_graph_infer(graph, error);
}
