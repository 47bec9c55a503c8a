/*
 * raise.c - the float graph whose values an integer graph approximates.
 *
 * Weight scales are not stored; they follow from a filter's scaling and the scales of input and output
 * (docs/arithmetic.md, "Operators"). Activations keep their quantizations.
 */
#include "base/memory.h"
#include "compress/quantize/lower_scaling.h"
#include "compress/quantize/quantize.h"

#include <stdlib.h>

struct raising {
    const struct graph *from;
    struct graph *to;
    int *tensors; /* [from->tensor_count]: an activation's index in `to` */
};

/* What one unit of filter k's accumulator is worth. */
static double accumulator_unit(const struct graph *graph, const struct node *node, int64_t k)
{
    return scaling_ratio(node->rules[0].scalings[k]) * graph->tensors[node->outputs[0]].quantization.scale;
}

static sned_status raise_weights(struct raising *raising, const struct node *from, int *index,
                                 sned_error *error)
{
    const struct graph *graph = raising->from;
    const struct tensor *tensor = &graph->tensors[from->inputs[1]];
    const int8_t *weights = tensor->data;
    const int64_t filters = tensor->shape.dim[0];
    const size_t count = sned_shape_elements(&tensor->shape) / (size_t)filters;
    float *values;
    SNED_TRY(sned_alloc(&values, (size_t)filters * count, sizeof *values, error));
    for (int64_t k = 0; k < filters; k++) {
        double scale = accumulator_unit(graph, from, k) / graph->tensors[from->inputs[0]].quantization.scale;
        for (size_t i = (size_t)k * count; i < (size_t)(k + 1) * count; i++)
            values[i] = (float)(weights[i] * scale);
    }
    return sned_graph_add_tensor(raising->to, tensor->name, TENSOR_F32, &tensor->shape, values, index, error);
}

static sned_status raise_bias(struct raising *raising, const struct node *from, int *index, sned_error *error)
{
    const struct tensor *tensor = &raising->from->tensors[from->inputs[2]];
    const int32_t *bias = tensor->data;
    float *values;
    SNED_TRY(sned_alloc(&values, (size_t)tensor->shape.dim[0], sizeof *values, error));
    for (int64_t k = 0; k < tensor->shape.dim[0]; k++)
        values[k] = (float)(bias[k] * accumulator_unit(raising->from, from, k));
    return sned_graph_add_tensor(raising->to, tensor->name, TENSOR_F32, &tensor->shape, values, index, error);
}

static sned_status raise_node(struct raising *raising, const struct node *from, sned_error *error)
{
    const int count = from->op == OP_LRN ? 1 : from->input_count; /* without the table */
    struct node *node;
    int *inputs;
    sned_status status;
    SNED_TRY(sned_alloc(&inputs, (size_t)count, sizeof *inputs, error));
    for (int i = 0; i < count; i++)
        inputs[i] = from->inputs[i] >= 0 ? raising->tensors[from->inputs[i]] : -1;
    if (sned_node_has_weights(from)) {
        SNED_TRY_DONE(raise_weights(raising, from, &inputs[1], error));
        if (count > 2 && from->inputs[2] >= 0)
            SNED_TRY_DONE(raise_bias(raising, from, &inputs[2], error));
    }
    SNED_TRY_DONE(sned_graph_add_node(raising->to, from->name, from->op, inputs, count,
                                      raising->tensors[from->outputs[0]], &node, error));
    SNED_TRY_DONE(sned_node_copy_attributes(node, from, error));
done:
    free(inputs);
    return status;
}

static sned_status raise_activations(struct raising *raising, sned_error *error)
{
    const struct graph *from = raising->from;
    SNED_TRY(sned_alloc(&raising->tensors, (size_t)from->tensor_count, sizeof *raising->tensors, error));
    for (int t = 0; t < from->tensor_count; t++) {
        const struct tensor *tensor = &from->tensors[t];
        int *index = &raising->tensors[t];
        *index = -1;
        if (tensor->data)
            continue;
        SNED_TRY(
            sned_graph_add_tensor(raising->to, tensor->name, TENSOR_F32, &tensor->shape, NULL, index, error));
        raising->to->tensors[*index].quantization = tensor->quantization;
    }
    raising->to->input = raising->tensors[from->input];
    raising->to->outputs[0] = raising->tensors[from->outputs[0]];
    return SNED_OK;
}

static sned_status raise_description(const struct graph *from, struct graph *to, sned_error *error)
{
    to->rule = from->rule;
    for (int c = 0; c < GRAPH_MAX_CHANNELS_MEAN; c++)
        to->rule.integer[c].multiplier = to->rule.integer[c].offset = to->rule.integer[c].shift = 0;
    if (from->provenance)
        SNED_TRY(sned_strdup(&to->provenance, from->provenance, error));
    if (!from->labels)
        return SNED_OK;
    return sned_graph_set_labels(to, (const char *const *)from->labels, from->label_count, error);
}

sned_status quantize_raise(struct graph **graph, const struct graph *integer, sned_error *error)
{
    struct raising raising = {.from = integer};
    sned_status status;
    *graph = NULL;
    SNED_TRY_DONE(sned_graph_new(&raising.to, integer->name, error));
    SNED_TRY_DONE(raise_activations(&raising, error));
    SNED_TRY_DONE(raise_description(integer, raising.to, error));
    for (int n = 0; n < integer->node_count; n++)
        SNED_TRY_DONE(raise_node(&raising, &integer->nodes[n], error));
    SNED_TRY_DONE(sned_graph_check(raising.to, error));
    *graph = raising.to;
    raising.to = NULL;
done:
    sned_graph_free(raising.to);
    free(raising.tensors);
    return status;
}
