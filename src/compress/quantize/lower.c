/*
 * lower.c - a calibrated float graph to the integer graph of docs/arithmetic.md, node by node.
 *
 * Activations keep their order, names and quantizations. Each Conv and Gemm gets constants of its own: int8
 * weights with a scale per filter (filter_scale.c), int32 biases in the accumulator's unit, and
 * scalings from there to the output. That no accumulator overflows is proved at the end, by sned_graph_check,
 * which names node and filter.
 */
#include "base/memory.h"
#include "compress/quantize/filter_scale.h"
#include "compress/quantize/lower_scaling.h"
#include "compress/quantize/quantize.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct lowering {
    const struct graph *from;
    struct graph *to;
    int *tensors; /* [from->tensor_count]: an activation's index in `to` */
};

static sned_status fail(const struct node *node, sned_status status, const char *what, sned_error *error)
{
    return sned_fail(error, status, "node '%.80s' (%s): %s", node->name, sned_op_name(node->op), what);
}

static float scale_of(const struct graph *graph, int tensor)
{
    return graph->tensors[tensor].quantization.scale;
}

/* ---- what every node has ---- */

/* The clamp: the output's type, narrowed by a ReLU or Clip that comes with the node. */
static void set_clamp(struct node *node, const struct quantization *out)
{
    struct integer_rule *rule = &node->rules[0];
    const struct activation *activation = &node->activation;
    double low = out->bits == 16 ? INT16_MIN : out->is_signed ? INT8_MIN : 0;
    double high = out->bits == 16 ? INT16_MAX : out->is_signed ? INT8_MAX : UINT8_MAX;
    if (activation->kind == ACTIVATION_RELU)
        low = fmax(low, 0);
    if (activation->kind == ACTIVATION_CLIP) {
        double least = low, most = high;
        low = fmin(fmax(least, floor((double)activation->low / out->scale + 0.5)), most);
        high = fmin(fmax(low, floor((double)activation->high / out->scale + 0.5)), most);
    }
    rule->low = (int32_t)low;
    rule->high = (int32_t)high;
}

static sned_status set_slope(struct node *node, sned_error *error)
{
    double slope = floor(ldexp(node->activation.slope, 15) + 0.5);
    if (node->activation.kind != ACTIVATION_LEAKY_RELU)
        return SNED_OK;
    if (!(slope >= 0 && slope <= UINT16_MAX))
        return fail(node, SNED_ERROR_UNSUPPORTED, "a slope below 0 or of 2 and more has no integer form",
                    error);
    node->rules[0].slope = (uint16_t)slope;
    if (slope == 0) /* as good as ReLU */
        node->rules[0].low = node->rules[0].low > 0 ? node->rules[0].low : 0;
    return SNED_OK;
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
    return fail(node, SNED_ERROR_UNSUPPORTED,
                "its output's scale is too small beside its input's: calibrate again", error);
}

static sned_status add_constant(struct lowering *lowering, const struct node *node, const char *what,
                                enum tensor_type type, const struct shape *shape, void *data, int *index,
                                sned_error *error)
{
    char name[128];
    snprintf(name, sizeof name, "%.100s.%s", node->name, what);
    return sned_graph_add_tensor(lowering->to, name, type, shape, data, index, error);
}

/* ---- Conv and Gemm ---- */

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

static sned_status lower_weights(struct lowering *lowering, const struct node *from, struct node *node,
                                 sned_error *error)
{
    const struct tensor *source = &lowering->from->tensors[from->inputs[1]];
    const struct tensor *bias =
        from->input_count > 2 && from->inputs[2] >= 0 ? &lowering->from->tensors[from->inputs[2]] : NULL;
    const int64_t filters = source->shape.dim[0];
    const size_t count = sned_shape_elements(&source->shape) / (size_t)filters;
    struct filter filter = {.count = count,
                            .in = lowering->from->tensors[from->inputs[0]].quantization,
                            .out = lowering->from->tensors[from->outputs[0]].quantization};
    int8_t *weights = NULL;
    int32_t *biases = NULL;
    sned_status status;
    SNED_TRY_DONE(alloc_scalings(node, (int)filters, error));
    SNED_TRY_DONE(sned_alloc(&weights, (size_t)filters * count, 1, error));
    if (bias)
        SNED_TRY_DONE(sned_alloc(&biases, (size_t)filters, sizeof *biases, error));
    for (int64_t k = 0; k < filters; k++) {
        filter.weights = (const float *)source->data + (size_t)k * count;
        filter.bias = bias ? ((const float *)bias->data)[k] : 0;
        SNED_TRY_DONE(lower_filter(node, (int)k, &filter, weights + (size_t)k * count,
                                   biases ? &biases[k] : NULL, error));
    }
    status =
        add_constant(lowering, node, "weights", TENSOR_I8, &source->shape, weights, &node->inputs[1], error);
    weights = NULL;
    if (status == SNED_OK && bias) {
        status =
            add_constant(lowering, node, "bias", TENSOR_I32, &bias->shape, biases, &node->inputs[2], error);
        biases = NULL;
    }
done:
    free(weights);
    free(biases);
    return status;
}

/* ---- the other operators with scalings ---- */

static sned_status lower_average(struct lowering *lowering, const struct node *from, struct node *node,
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

static sned_status lower_pair(struct lowering *lowering, const struct node *from, struct node *node,
                              sned_error *error)
{
    const struct graph *graph = lowering->from;
    const double out = scale_of(graph, from->outputs[0]);
    if (graph->tensors[from->inputs[0]].data || graph->tensors[from->inputs[1]].data)
        return fail(from, SNED_ERROR_UNSUPPORTED, "has no integer form with a constant", error);
    const double a = scale_of(graph, from->inputs[0]), b = scale_of(graph, from->inputs[1]);
    if (from->op == OP_MUL) {
        SNED_TRY(alloc_scalings(node, 1, error));
        return set_scaling(node, 0, a * b / out, error);
    }
    SNED_TRY(alloc_scalings(node, 2, error));
    if (scaling_pair((const double[]){a / out, b / out}, node->rules[0].scalings))
        return SNED_OK;
    return fail(from, SNED_ERROR_UNSUPPORTED,
                "its output's scale is too small beside its inputs': calibrate again", error);
}

static sned_status lower_lrn(struct lowering *lowering, const struct node *from, struct node *node,
                             sned_error *error)
{
    const struct shape shape = sned_shape(1, (int64_t)LRN_TABLE_SIZE);
    uint16_t *table;
    SNED_TRY(alloc_scalings(node, 1, error));
    node->rules[0].scalings[0] = (struct scaling){0, 1};
    SNED_TRY(sned_alloc(&table, LRN_TABLE_SIZE, sizeof *table, error));
    if (!lrn_table(from, scale_of(lowering->from, from->inputs[0]),
                   scale_of(lowering->from, from->outputs[0]), table, &node->rules[0].scalings[0].shift)) {
        free(table);
        return fail(from, SNED_ERROR_UNSUPPORTED, "its factors are too large for its table", error);
    }
    return add_constant(lowering, from, "table", TENSOR_U16, &shape, table, &node->inputs[1], error);
}

static sned_status lower_operator(struct lowering *lowering, const struct node *from, struct node *node,
                                  sned_error *error)
{
    switch (from->op) {
    case OP_CONV:
    case OP_GEMM:
        return lower_weights(lowering, from, node, error);
    case OP_AVERAGE_POOL:
    case OP_GLOBAL_AVERAGE_POOL:
        return lower_average(lowering, from, node, error);
    case OP_ADD:
    case OP_MUL:
        return lower_pair(lowering, from, node, error);
    case OP_LRN:
        return lower_lrn(lowering, from, node, error);
    case OP_RELU:
    case OP_CLIP:
    case OP_LEAKY_RELU:
        SNED_TRY(alloc_scalings(node, 1, error));
        return set_scaling(node, 0,
                           (double)scale_of(lowering->from, from->inputs[0]) /
                               scale_of(lowering->from, from->outputs[0]),
                           error);
    case OP_MAX_POOL:
    case OP_CONCAT:
    case OP_SLICE:
    case OP_PAD:
    case OP_FLATTEN:
    case OP_RESHAPE:
    case OP_TRANSPOSE:
    case OP_SOFTMAX:
    case OP_LOG_SOFTMAX:
    case OP_SIGMOID:
        return SNED_OK;
    default:
        return fail(from, SNED_ERROR_UNSUPPORTED, "has no integer form", error);
    }
}

/* ---- the graph ---- */

static sned_status check_calibrated(const struct lowering *lowering, const struct node *node,
                                    sned_error *error)
{
    const struct graph *graph = lowering->from;
    if (sned_op_is_ending(node->op))
        return SNED_OK;
    if (scale_of(graph, node->inputs[0]) > 0 && scale_of(graph, node->outputs[0]) > 0)
        return SNED_OK;
    return fail(node, SNED_ERROR_FORMAT, "its input or output has not been calibrated", error);
}

static sned_status lower_node(struct lowering *lowering, const struct node *from, sned_error *error)
{
    const int extra = from->op == OP_LRN; /* room for the table */
    struct node *node;
    int *inputs;
    sned_status status;
    SNED_TRY(check_calibrated(lowering, from, error));
    SNED_TRY(sned_alloc(&inputs, (size_t)(from->input_count + extra), sizeof *inputs, error));
    for (int i = 0; i < from->input_count; i++)
        inputs[i] = from->inputs[i] >= 0 ? lowering->tensors[from->inputs[i]] : -1;
    if (extra)
        inputs[from->input_count] = -1;
    SNED_TRY_DONE(sned_graph_add_node(lowering->to, from->name, from->op, inputs, from->input_count + extra,
                                      lowering->tensors[from->outputs[0]], &node, error));
    SNED_TRY_DONE(sned_node_copy_attributes(node, from, error));
    if (!sned_op_is_ending(from->op)) {
        set_clamp(node, &lowering->from->tensors[from->outputs[0]].quantization);
        SNED_TRY_DONE(set_slope(node, error));
    }
    status = lower_operator(lowering, from, node, error);
done:
    free(inputs);
    return status;
}

static sned_status copy_activations(struct lowering *lowering, sned_error *error)
{
    const struct graph *from = lowering->from;
    SNED_TRY(sned_alloc(&lowering->tensors, (size_t)from->tensor_count, sizeof *lowering->tensors, error));
    for (int t = 0; t < from->tensor_count; t++) {
        const struct tensor *tensor = &from->tensors[t];
        int *index = &lowering->tensors[t];
        *index = -1;
        if (tensor->data)
            continue;
        SNED_TRY(sned_graph_add_tensor(lowering->to, tensor->name, TENSOR_F32, &tensor->shape, NULL, index,
                                       error));
        lowering->to->tensors[*index].quantization = tensor->quantization;
    }
    lowering->to->input = lowering->tensors[from->input];
    lowering->to->outputs[0] = lowering->tensors[from->outputs[0]];
    return SNED_OK;
}

/* What is not the network itself: the input rule, the labels, where it came from. */
static sned_status copy_description(const struct graph *from, struct graph *to, sned_error *error)
{
    to->rule = from->rule;
    if (from->provenance)
        SNED_TRY(sned_strdup(&to->provenance, from->provenance, error));
    if (!from->labels)
        return SNED_OK;
    return sned_graph_set_labels(to, (const char *const *)from->labels, from->label_count, error);
}

sned_status quantize_lower(struct graph **integer, const struct graph *graph, sned_error *error)
{
    struct lowering lowering = {.from = graph};
    sned_status status;
    *integer = NULL;
    SNED_TRY_DONE(sned_graph_new(&lowering.to, graph->name, error));
    lowering.to->integer = true;
    SNED_TRY_DONE(copy_activations(&lowering, error));
    SNED_TRY_DONE(copy_description(graph, lowering.to, error));
    const int channels = sned_shape_extent(&graph->tensors[graph->input].shape).channels;
    if (graph->rule.is_image &&
        !input_rule_from_scale(&lowering.to->rule, channels, scale_of(graph, graph->input))) {
        status = sned_fail(error, SNED_ERROR_UNSUPPORTED,
                           "network '%.80s': mean and scale of its input do not fit", graph->name);
        goto done;
    }
    for (int n = 0; n < graph->node_count; n++)
        SNED_TRY_DONE(lower_node(&lowering, &graph->nodes[n], error));
    SNED_TRY_DONE(sned_graph_check(lowering.to, error));
    *integer = lowering.to;
    lowering.to = NULL;
done:
    sned_graph_free(lowering.to);
    free(lowering.tensors);
    return status;
}
