/*
 * lower.c - a calibrated float graph to the integer graph of docs/arithmetic.md, node by node.
 *
 *     float     x, scale a -> [ node, weights in float ] -> y, scale b
 *     integer   x, scale a -> [ node, its clamp, what its form asks for (lower_forms.c) ] -> y, scale b
 *
 * Activations keep their order, names and quantizations; constants are made anew. That no accumulator
 * overflows is proved at the end, by sned_graph_check, which names node and filter.
 */
#include "base/memory.h"
#include "compress/quantize/carry.h"
#include "compress/quantize/lower_forms.h"
#include "compress/quantize/lower_scaling.h"
#include "compress/quantize/quantize.h"

#include <math.h>
#include <stdlib.h>

/* ---- which operators, and how ---- */

/* By the integer form in the operator's row: what a node gets besides its clamp, or why there is none. */
static const struct {
    lower_function *lower; /* NULL: nothing more */
    const char *reason;    /* NULL: it can be */
} forms[] = {
    [INTEGER_NONE] = {.reason =
                          "has no integer form: preparing a network folds it into a layer or leaves it out"},
    [INTEGER_SAME] = {0},
    [INTEGER_SCALING] = {.lower = lower_one},
    [INTEGER_INPUTS] = {.lower = lower_pair},
    [INTEGER_FILTERS] = {.lower = lower_filters},
    [INTEGER_COUNTS] = {.lower = lower_counts},
    [INTEGER_SHIFT] = {.lower = lower_factors},
    [INTEGER_LOOKUP] = {.lower = lower_lookup},
    [INTEGER_FLOAT] = {0},
};

const char *quantize_lower_reason(enum op op)
{
    return forms[sned_operator(op)->integer].reason;
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
    const double slope = floor(ldexp(node->activation.slope, 15) + 0.5);
    if (node->activation.kind != ACTIVATION_LEAKY_RELU)
        return SNED_OK;
    if (!(slope >= 0 && slope <= UINT16_MAX))
        return lower_fail(node, SNED_ERROR_UNSUPPORTED,
                          "a slope below 0 or of 2 and more has no integer form", error);
    node->rules[0].slope = (uint16_t)slope;
    if (slope == 0) /* as good as ReLU */
        node->rules[0].low = node->rules[0].low > 0 ? node->rules[0].low : 0;
    return SNED_OK;
}

static bool is_calibrated(const struct graph *graph, int tensor)
{
    return tensor < 0 || graph->tensors[tensor].data || graph->tensors[tensor].quantization.scale > 0;
}

static sned_status check_calibrated(const struct graph *graph, const struct node *node, sned_error *error)
{
    bool good = true;
    for (int i = 0; i < node->input_count; i++)
        good &= is_calibrated(graph, node->inputs[i]);
    for (int i = 0; i < node->output_count; i++)
        good &= sned_op_is(node->op, OPERATOR_ENDING) || is_calibrated(graph, node->outputs[i]);
    return good ? SNED_OK
                : lower_fail(node, SNED_ERROR_FORMAT, "its input or output has not been calibrated", error);
}

/* An ending's floats are one output: nobody has integers of them to go on with. */
static sned_status check_ending(const struct graph *graph, const struct node *node, sned_error *error)
{
    const int made = node->outputs[0];
    if (!sned_op_is(node->op, OPERATOR_ENDING) ||
        (sned_graph_is_output(graph, made) && sned_graph_consumers(graph, made) == 1))
        return SNED_OK;
    return lower_fail(node, SNED_ERROR_UNSUPPORTED,
                      "is handled at the end of a network only, and what it makes is read or copied here",
                      error);
}

/* ---- nodes ---- */

/* The node as it is, reading and making the same activations; its constants are still missing. */
static sned_status copy_node(struct lowering *lowering, const struct node *from, struct node **node,
                             sned_error *error)
{
    const bool table = sned_input_role(from->op, from->input_count) == INPUT_TABLE;
    const int input_count = from->input_count + table;
    int *inputs = NULL, *outputs = NULL;
    sned_status status;
    SNED_TRY_DONE(sned_alloc(&inputs, (size_t)input_count, sizeof *inputs, error));
    SNED_TRY_DONE(sned_alloc(&outputs, (size_t)from->output_count, sizeof *outputs, error));
    for (int i = 0; i < from->input_count; i++)
        inputs[i] = from->inputs[i] >= 0 ? lowering->tensors[from->inputs[i]] : -1;
    if (table)
        inputs[from->input_count] = -1;
    for (int i = 0; i < from->output_count; i++)
        outputs[i] = lowering->tensors[from->outputs[i]];
    SNED_TRY_DONE(sned_graph_add_node_outputs(lowering->to, from->name, from->op, inputs, input_count,
                                              outputs, from->output_count, node, error));
    status = sned_node_copy_attributes(*node, from, error);
done:
    free(inputs);
    free(outputs);
    return status;
}

static sned_status lower_node(struct lowering *lowering, const struct node *from, sned_error *error)
{
    lower_function *const lower = forms[sned_operator(from->op)->integer].lower;
    const char *const reason = quantize_lower_reason(from->op);
    struct node *node;
    if (reason)
        return lower_fail(from, SNED_ERROR_UNSUPPORTED, reason, error);
    SNED_TRY(check_ending(lowering->from, from, error));
    SNED_TRY(check_calibrated(lowering->from, from, error));
    SNED_TRY(copy_node(lowering, from, &node, error));
    if (!sned_op_is(from->op, OPERATOR_ENDING)) {
        set_clamp(node, &lowering->from->tensors[from->outputs[0]].quantization);
        SNED_TRY(set_slope(node, error));
    }
    return lower ? lower(lowering, from, node, error) : SNED_OK;
}

/* ---- the graph ---- */

sned_status quantize_lower(struct graph **integer, const struct graph *graph, sned_error *error)
{
    struct lowering lowering = {.from = graph};
    sned_status status;
    *integer = NULL;
    SNED_TRY_DONE(sned_graph_new(&lowering.to, graph->name, error));
    lowering.to->integer = true;
    SNED_TRY_DONE(carry_activations(lowering.to, graph, &lowering.tensors, error));
    SNED_TRY_DONE(carry_description(lowering.to, graph, error));
    const int channels = sned_shape_extent(&graph->tensors[graph->input].shape).channels;
    const float scale = graph->tensors[graph->input].quantization.scale;
    if (graph->rule.is_image && !input_rule_from_scale(&lowering.to->rule, channels, scale)) {
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
