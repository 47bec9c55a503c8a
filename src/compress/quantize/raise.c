/*
 * raise.c - the float graph whose values an integer graph approximates.
 *
 * Weight scales are not stored; they follow from a filter's scaling and the scales of input and output
 * (docs/arithmetic.md, "Operators"). Activations keep their quantizations.
 */
#include "base/memory.h"
#include "compress/quantize/carry.h"
#include "compress/quantize/lower_scaling.h"
#include "compress/quantize/quantize.h"
#include "graph/operator.h"

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

double quantize_weight_step(const struct graph *integer, const struct node *node, int64_t filter)
{
    return accumulator_unit(integer, node, filter) / integer->tensors[node->inputs[0]].quantization.scale;
}

static sned_status raise_weights(struct raising *raising, const struct node *from, int *index,
                                 sned_error *error)
{
    const struct graph *graph = raising->from;
    const struct tensor *tensor = &graph->tensors[node_weights(from, 0)];
    const int8_t *weights = tensor->data;
    const int64_t filters = tensor->shape.dim[0];
    const size_t count = sned_shape_elements(&tensor->shape) / (size_t)filters;
    float *values;
    SNED_TRY(sned_alloc(&values, (size_t)filters * count, sizeof *values, error));
    for (int64_t k = 0; k < filters; k++) {
        double scale = quantize_weight_step(graph, from, k);
        for (size_t i = (size_t)k * count; i < (size_t)(k + 1) * count; i++)
            values[i] = (float)(weights[i] * scale);
    }
    return sned_graph_add_tensor(raising->to, tensor->name, TENSOR_F32, &tensor->shape, values, index, error);
}

static sned_status raise_bias(struct raising *raising, const struct node *from, int *index, sned_error *error)
{
    const struct tensor *tensor = &raising->from->tensors[node_bias(from, 0)];
    const int32_t *bias = tensor->data;
    float *values;
    SNED_TRY(sned_alloc(&values, (size_t)tensor->shape.dim[0], sizeof *values, error));
    for (int64_t k = 0; k < tensor->shape.dim[0]; k++)
        values[k] = (float)(bias[k] * accumulator_unit(raising->from, from, k));
    return sned_graph_add_tensor(raising->to, tensor->name, TENSOR_F32, &tensor->shape, values, index, error);
}

/* What the float node reads: all but tables, its constants being those that are made here. */
static sned_status raise_inputs(struct raising *raising, const struct node *from, int *inputs, int *count,
                                sned_error *error)
{
    *count = 0;
    while (*count < from->input_count && sned_input_role(from->op, *count) != INPUT_TABLE) {
        const int tensor = from->inputs[*count];
        inputs[(*count)++] = tensor >= 0 ? raising->tensors[tensor] : -1;
    }
    if (sned_node_weight_count(from) > 1)
        return sned_fail(error, SNED_ERROR_UNSUPPORTED,
                         "node '%.80s' (%s): has several weights, whose scales are not known", from->name,
                         sned_op_name(from->op));
    if (node_weights(from, 0) >= 0)
        SNED_TRY(raise_weights(raising, from, &inputs[sned_node_weights_input(from, 0)], error));
    if (node_bias(from, 0) >= 0)
        SNED_TRY(raise_bias(raising, from, &inputs[sned_node_bias_input(from, 0)], error));
    return SNED_OK;
}

static sned_status raise_node(struct raising *raising, const struct node *from, sned_error *error)
{
    int *inputs = NULL, *outputs = NULL, input_count;
    struct node *node;
    sned_status status;
    SNED_TRY_DONE(sned_alloc(&inputs, (size_t)from->input_count, sizeof *inputs, error));
    SNED_TRY_DONE(sned_alloc(&outputs, (size_t)from->output_count, sizeof *outputs, error));
    SNED_TRY_DONE(raise_inputs(raising, from, inputs, &input_count, error));
    for (int i = 0; i < from->output_count; i++)
        outputs[i] = raising->tensors[from->outputs[i]];
    SNED_TRY_DONE(sned_graph_add_node_outputs(raising->to, from->name, from->op, inputs, input_count, outputs,
                                              from->output_count, &node, error));
    status = sned_node_copy_attributes(node, from, error);
done:
    free(inputs);
    free(outputs);
    return status;
}

sned_status quantize_raise(struct graph **graph, const struct graph *integer, sned_error *error)
{
    struct raising raising = {.from = integer};
    sned_status status;
    *graph = NULL;
    SNED_TRY_DONE(sned_graph_new(&raising.to, integer->name, error));
    SNED_TRY_DONE(carry_activations(raising.to, integer, &raising.tensors, error));
    SNED_TRY_DONE(carry_description(raising.to, integer, error));
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
