/*
 * lower_forms.c - see lower_forms.h.
 */
#include "compress/quantize/lower_forms.h"
#include "base/memory.h"
#include "compress/quantize/filter_scale.h"
#include "compress/quantize/lower_scaling.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

sned_status lower_fail(const struct node *node, sned_status status, const char *what, sned_error *error)
{
    return sned_fail(error, status, "node '%.80s' (%s): %s", node->name, sned_op_name(node->op), what);
}

static float scale_of(const struct graph *graph, int tensor)
{
    return graph->tensors[tensor].quantization.scale;
}

static sned_status alloc_scalings(struct node *node, int count, sned_error *error)
{
    SNED_TRY(sned_alloc(&node->rules[0].scalings, (size_t)count, sizeof *node->rules[0].scalings, error));
    node->rules[0].scaling_count = count;
    return SNED_OK;
}

static sned_status set_scaling(struct node *node, int index, double ratio, sned_error *error)
{
    if (scaling_from_ratio(ratio, &node->rules[0].scalings[index]))
        return SNED_OK;
    return lower_fail(node, SNED_ERROR_UNSUPPORTED,
                      "its output's scale is too small beside its input's: calibrate again", error);
}

/* `data` becomes the graph's, also on failure. */
static sned_status add_constant(struct lowering *lowering, const struct node *node, const char *what,
                                enum tensor_type type, const struct shape *shape, void *data, int *index,
                                sned_error *error)
{
    char name[128];
    snprintf(name, sizeof name, "%.100s.%s", node->name, what);
    return sned_graph_add_tensor(lowering->to, name, type, shape, data, index, error);
}

static sned_status add_table(struct lowering *lowering, struct node *node, uint16_t *table, sned_error *error)
{
    const struct shape shape = sned_shape(1, (int64_t)sned_table_size(node->op));
    return add_constant(lowering, node, "table", TENSOR_U16, &shape, table,
                        &node->inputs[node->input_count - 1], error);
}

/* ---- filters ---- */

/* What an integer cannot be made of. */
static sned_status check_filter(const struct node *node, int k, const struct filter *filter,
                                sned_error *error)
{
    bool finite = isfinite(filter->bias);
    for (size_t i = 0; i < filter->count; i++)
        finite &= isfinite(filter->weights[i]) != 0;
    if (finite)
        return SNED_OK;
    return sned_fail(error, SNED_ERROR_DATA,
                     "node '%.80s' (%s): filter %d has a weight or a bias that is no number, or too large",
                     node->name, sned_op_name(node->op), k);
}

static sned_status lower_filter(struct node *node, int k, const struct filter *filter, int8_t *weights,
                                int32_t *bias, sned_error *error)
{
    SNED_TRY(check_filter(node, k, filter, error));
    const double scale = filter_scale(filter);
    if (scale == 0) {
        node->rules[0].scalings[k] = (struct scaling){0, 1};
        return SNED_OK;
    }
    for (size_t i = 0; i < filter->count; i++)
        weights[i] = filter_weight(filter->weights[i], scale);
    if (bias)
        *bias = filter_bias(filter, scale);
    return set_scaling(node, k, filter->in.scale * scale / filter->out.scale, error);
}

/* Weights and biases of all filters, and the scalings into the node. */
static sned_status lower_all(const struct lowering *lowering, const struct node *from, struct node *node,
                             int8_t *weights, int32_t *biases, sned_error *error)
{
    const struct graph *graph = lowering->from;
    const struct tensor *source = &graph->tensors[node_weights(from, 0)];
    const float *bias = biases ? graph->tensors[node_bias(from, 0)].data : NULL;
    const size_t filters = (size_t)source->shape.dim[0];
    struct filter filter = {.count = sned_shape_elements(&source->shape) / filters,
                            .step = source->quantization.scale,
                            .bias_step = bias ? graph->tensors[node_bias(from, 0)].quantization.scale : 0,
                            .in = graph->tensors[from->inputs[0]].quantization,
                            .out = graph->tensors[from->outputs[0]].quantization};
    for (size_t k = 0; k < filters; k++) {
        filter.weights = (const float *)source->data + k * filter.count;
        filter.bias = bias ? bias[k] : 0;
        SNED_TRY(lower_filter(node, (int)k, &filter, weights + k * filter.count, biases ? &biases[k] : NULL,
                              error));
    }
    return SNED_OK;
}

sned_status lower_filters(struct lowering *lowering, const struct node *from, struct node *node,
                          sned_error *error)
{
    const struct shape *shape = &lowering->from->tensors[node_weights(from, 0)].shape;
    const struct shape filters = sned_shape(1, shape->dim[0]);
    const bool has_bias = node_bias(from, 0) >= 0;
    int8_t *weights = NULL;
    int32_t *biases = NULL;
    sned_status status;
    if (!has_filters(from))
        return lower_fail(from, SNED_ERROR_UNSUPPORTED, "has several weights, whose scales nothing sets",
                          error);
    SNED_TRY_DONE(alloc_scalings(node, (int)shape->dim[0], error));
    SNED_TRY_DONE(sned_alloc(&weights, sned_shape_elements(shape), 1, error));
    if (has_bias)
        SNED_TRY_DONE(sned_alloc(&biases, (size_t)shape->dim[0], sizeof *biases, error));
    SNED_TRY_DONE(lower_all(lowering, from, node, weights, biases, error));
    status = add_constant(lowering, node, "weights", TENSOR_I8, shape, weights,
                          &node->inputs[sned_node_weights_input(node, 0)], error);
    weights = NULL;
    if (status == SNED_OK)
        lowering->to->tensors[node_weights(node, 0)].structure =
            lowering->from->tensors[node_weights(from, 0)].structure;
    if (status == SNED_OK && has_bias) {
        status = add_constant(lowering, node, "bias", TENSOR_I32, &filters, biases,
                              &node->inputs[sned_node_bias_input(node, 0)], error);
        biases = NULL;
    }
done:
    free(weights);
    free(biases);
    return status;
}

/* ---- scalings ---- */

sned_status lower_one(struct lowering *lowering, const struct node *from, struct node *node,
                      sned_error *error)
{
    const struct graph *graph = lowering->from;
    double in = 1;
    for (int i = 0; i < from->input_count; i++) {
        if (graph->tensors[from->inputs[i]].data)
            return lower_fail(from, SNED_ERROR_UNSUPPORTED, "has no integer form with a constant", error);
        in *= scale_of(graph, from->inputs[i]);
    }
    SNED_TRY(alloc_scalings(node, 1, error));
    return set_scaling(node, 0, in / scale_of(graph, from->outputs[0]), error);
}

sned_status lower_pair(struct lowering *lowering, const struct node *from, struct node *node,
                       sned_error *error)
{
    const struct graph *graph = lowering->from;
    const double out = scale_of(graph, from->outputs[0]);
    if (graph->tensors[from->inputs[0]].data || graph->tensors[from->inputs[1]].data)
        return lower_fail(from, SNED_ERROR_UNSUPPORTED, "has no integer form with a constant", error);
    const double a = scale_of(graph, from->inputs[0]), b = scale_of(graph, from->inputs[1]);
    SNED_TRY(alloc_scalings(node, 2, error));
    if (scaling_pair((const double[]){a / out, b / out}, node->rules[0].scalings))
        return SNED_OK;
    return lower_fail(from, SNED_ERROR_UNSUPPORTED,
                      "its output's scale is too small beside its inputs': calibrate again", error);
}

sned_status lower_counts(struct lowering *lowering, const struct node *from, struct node *node,
                         sned_error *error)
{
    const double ratio =
        (double)scale_of(lowering->from, from->inputs[0]) / scale_of(lowering->from, from->outputs[0]);
    int count;
    SNED_TRY(average_counts(lowering->from, from, &node->rules[0].counts, &count, error));
    SNED_TRY(alloc_scalings(node, count, error));
    for (int i = 0; i < count; i++)
        SNED_TRY(set_scaling(node, i, ratio / node->rules[0].counts[i], error));
    return SNED_OK;
}

/* ---- tables ---- */

sned_status lower_factors(struct lowering *lowering, const struct node *from, struct node *node,
                          sned_error *error)
{
    const struct graph *graph = lowering->from;
    uint16_t *table;
    SNED_TRY(alloc_scalings(node, 1, error));
    node->rules[0].scalings[0] = (struct scaling){0, 1};
    SNED_TRY(sned_alloc(&table, LRN_TABLE_SIZE, sizeof *table, error));
    if (lrn_table(from, scale_of(graph, from->inputs[0]), scale_of(graph, from->outputs[0]), table,
                  &node->rules[0].scalings[0].shift))
        return add_table(lowering, node, table, error);
    free(table);
    return lower_fail(from, SNED_ERROR_UNSUPPORTED, "its factors are too large for its table", error);
}

sned_status lower_lookup(struct lowering *lowering, const struct node *from, struct node *node,
                         sned_error *error)
{
    const struct graph *graph = lowering->from;
    uint16_t *table;
    SNED_TRY(sned_alloc(&table, LOOKUP_TABLE_SIZE, sizeof *table, error));
    if (lookup_table(node, &graph->tensors[from->inputs[0]].quantization, scale_of(graph, from->outputs[0]),
                     table))
        return add_table(lowering, node, table, error);
    free(table);
    return lower_fail(from, SNED_ERROR_DATA, "its result is no number for an input of its range", error);
}
