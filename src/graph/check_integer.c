/*
 * check_integer.c - an integer graph's own rules: docs/arithmetic.md, for graphs from untrusted places.
 *
 * What passes here can be run in the widths that arithmetic.md names: activations in 8 or 16 bits,
 * accumulators in 32, scalings in 64. So the kernels check nothing.
 */
#include "base/memory.h"
#include "graph/inner.h"
#include "graph/operator.h"

#include <stdlib.h>

/* ---- constants ---- */

static sned_status need_type(const struct graph *graph, const struct node *node, int input,
                             enum tensor_type type, sned_error *error)
{
    if (input >= node->input_count || node->inputs[input] < 0)
        return SNED_OK;
    const struct tensor *tensor = &graph->tensors[node->inputs[input]];
    if (tensor->type == type)
        return SNED_OK;
    return sned_node_fail(error, SNED_ERROR_FORMAT, node, "'%.80s' must be a constant of the integer network",
                          tensor->name);
}

/* The sums of the weights above and below 0; false where one is -128. It goes over all weights of a network
 * each time that one is opened: stretches of 256, whose sums fit 16 bits, become vector instructions. */
static bool sum_signs(const int8_t *filter, size_t length, int64_t *positive, int64_t *negative)
{
    enum { STRETCH = 256 };
    bool good = true;
    *positive = *negative = 0;
    for (size_t i = 0; i < length; i += STRETCH) {
        const size_t end = length - i < STRETCH ? length : i + STRETCH;
        uint16_t above = 0, below = 0; /* at most 256 x 128 */
        uint8_t lowest = 0;
        for (size_t k = i; k < end; k++) {
            above = (uint16_t)(above + (uint8_t)(filter[k] > 0 ? filter[k] : 0));
            below = (uint16_t)(below + (uint8_t)(filter[k] < 0 ? -filter[k] : 0));
            lowest |= filter[k] == INT8_MIN;
        }
        *positive += above;
        *negative -= below;
        good = good && !lowest;
    }
    return good;
}

/* The sum over a filter, begun with 0 or with the bias and added up in any order, stays within int32. */
sned_status sned_node_check_rows(const struct graph *graph, const struct node *node, int index, size_t first,
                                 size_t count, const int8_t *rows, sned_error *error)
{
    const struct shape *shape = &graph->tensors[node_weights(node, index)].shape;
    const struct quantization *x = &graph->tensors[node->inputs[0]].quantization;
    const int bias_tensor = node_bias(node, index);
    const int32_t *bias = bias_tensor >= 0 ? graph->tensors[bias_tensor].data : NULL;
    const size_t length = sned_shape_elements(shape) / (size_t)shape->dim[0];
    const int64_t highest = x->bits == 16 ? INT16_MAX : x->is_signed ? INT8_MAX : UINT8_MAX;
    const int64_t lowest = x->bits == 16 ? INT16_MIN : x->is_signed ? INT8_MIN : 0;
    for (size_t k = first; k < first + count; k++, rows += length) {
        int64_t positive, negative;
        if (!sum_signs(rows, length, &positive, &negative))
            return sned_node_fail(error, SNED_ERROR_FORMAT, node, "a weight of filter %zu is -128", k);
        int64_t above = positive * highest + negative * lowest,
                below = positive * lowest + negative * highest;
        above += bias && bias[k] > 0 ? bias[k] : 0;
        below += bias && bias[k] < 0 ? bias[k] : 0;
        if (above > INT32_MAX || below < INT32_MIN)
            return sned_node_fail(error, SNED_ERROR_FORMAT, node, "the sum of filter %zu can exceed 32 bits",
                                  k);
    }
    return SNED_OK;
}

/* Weights that are elsewhere are checked when they come. */
static sned_status check_weights(const struct graph *graph, const struct node *node, int index,
                                 sned_error *error)
{
    const struct tensor *weights = &graph->tensors[node_weights(node, index)];
    if (!weights->data)
        return SNED_OK;
    return sned_node_check_rows(graph, node, index, 0, (size_t)weights->shape.dim[0], weights->data, error);
}

/* LRN's entries may be any; those of a look-up are bytes. */
static sned_status check_table(const struct graph *graph, const struct node *node, sned_error *error)
{
    const struct tensor *table = &graph->tensors[node->inputs[node->input_count - 1]];
    const uint16_t *entries = table->data;
    if (sned_operator(node->op)->integer != INTEGER_LOOKUP)
        return SNED_OK;
    for (int64_t i = 0; i < table->shape.dim[0]; i++)
        if (entries[i] > UINT8_MAX)
            return sned_node_fail(error, SNED_ERROR_FORMAT, node,
                                  "entry %lld of its table is %d, which is no byte", (long long)i,
                                  entries[i]);
    return SNED_OK;
}

/* The type that a constant has in an integer network, by what it is for. */
static const enum tensor_type constant_types[] = {
    [INPUT_WEIGHTS] = TENSOR_I8, [INPUT_BIAS] = TENSOR_I32, [INPUT_TABLE] = TENSOR_U16};

static sned_status check_constants(const struct graph *graph, const struct node *node, sned_error *error)
{
    if (sned_operator(node->op)->integer == INTEGER_NONE)
        return sned_node_fail(error, SNED_ERROR_UNSUPPORTED, node, "has no integer form: %s",
                              sned_operator(node->op)->float_only);
    for (int i = 0; i < node->input_count; i++) {
        const enum input_role role = sned_input_role(node->op, i);
        if (role == INPUT_WEIGHTS || role == INPUT_BIAS || role == INPUT_TABLE)
            SNED_TRY(need_type(graph, node, i, constant_types[role], error));
        if (role == INPUT_OPERAND && tensor_is_constant(graph, node->inputs[i]))
            return sned_node_fail(error, SNED_ERROR_UNSUPPORTED, node, "has no integer form with a constant");
    }
    for (int i = 0; i < sned_node_weight_count(node); i++)
        SNED_TRY(check_weights(graph, node, i, error));
    if (sned_table_size(node->op) == 0)
        return SNED_OK;
    if (sned_input_role(node->op, node->input_count - 1) != INPUT_TABLE)
        return sned_node_fail(error, SNED_ERROR_FORMAT, node, "has no table");
    return check_table(graph, node, error);
}

/* ---- quantizations ---- */

static bool is_wide(const struct graph *graph, int tensor)
{
    return graph->tensors[tensor].quantization.bits == 16;
}

/* A table is made for 8 bits, and of 8 bits. */
static sned_status check_wide(const struct graph *graph, const struct node *node, sned_error *error)
{
    if (sned_table_size(node->op) == 0)
        return SNED_OK;
    if (is_wide(graph, node->inputs[0]))
        return sned_node_fail(error, SNED_ERROR_FORMAT, node, "reads '%.80s', which has 16 bits",
                              graph->tensors[node->inputs[0]].name);
    if (is_wide(graph, node->outputs[0]))
        return sned_node_fail(error, SNED_ERROR_FORMAT, node, "cannot make a result of 16 bits");
    return SNED_OK;
}

static bool same_quantization(const struct quantization *a, const struct quantization *b)
{
    return a->scale == b->scale && a->bits == b->bits && a->is_signed == b->is_signed;
}

static sned_status check_quantizations(const struct graph *graph, const struct node *node, sned_error *error)
{
    const struct quantization *out = &graph->tensors[node->outputs[0]].quantization;
    const bool keeps = sned_op_is(node->op, OPERATOR_KEEPS_QUANTIZATION);
    SNED_TRY(check_wide(graph, node, error));
    for (int i = 0; i < node->input_count; i++) {
        const struct tensor *tensor = node->inputs[i] < 0 ? NULL : &graph->tensors[node->inputs[i]];
        if (!tensor || tensor_is_constant(graph, node->inputs[i]))
            continue;
        if (tensor->quantization.scale == 0.0f)
            return sned_node_fail(error, SNED_ERROR_FORMAT, node, "reads '%.80s', which has no quantization",
                                  tensor->name);
        if (keeps && !same_quantization(&tensor->quantization, out))
            return sned_node_fail(error, SNED_ERROR_FORMAT, node,
                                  "'%.80s' and the output must share one quantization", tensor->name);
    }
    for (int k = 1; k < node->output_count; k++)
        if (!same_quantization(&graph->tensors[node->outputs[k]].quantization, out))
            return sned_node_fail(error, SNED_ERROR_FORMAT, node, "its outputs must share one quantization");
    if (out->scale == 0.0f && !sned_op_is(node->op, OPERATOR_ENDING))
        return sned_node_fail(error, SNED_ERROR_FORMAT, node, "the output has no quantization");
    return SNED_OK;
}

static sned_status check_clamp(const struct graph *graph, const struct node *node, sned_error *error)
{
    const struct quantization *out = &graph->tensors[node->outputs[0]].quantization;
    int32_t lowest = out->bits == 16 ? INT16_MIN : out->is_signed ? INT8_MIN : 0;
    int32_t highest = out->bits == 16 ? INT16_MAX : out->is_signed ? INT8_MAX : UINT8_MAX;
    if (sned_op_is(node->op, OPERATOR_ENDING))
        return SNED_OK;
    if (node->rules[0].low <= node->rules[0].high && node->rules[0].low >= lowest &&
        node->rules[0].high <= highest)
        return SNED_OK;
    return sned_node_fail(error, SNED_ERROR_FORMAT, node, "the clamp from %d to %d is not within %d to %d",
                          (int)node->rules[0].low, (int)node->rules[0].high, (int)lowest, (int)highest);
}

/* ---- scalings ---- */

/* How many scalings the operator takes; -1: as many as the window has counts. */
static int scalings_wanted(const struct graph *graph, const struct node *node)
{
    switch (sned_operator(node->op)->integer) {
    case INTEGER_FILTERS:
        return (int)graph->tensors[node_weights(node, 0)].shape.dim[0];
    case INTEGER_INPUTS:
        return 2;
    case INTEGER_SCALING:
    case INTEGER_SHIFT:
        return 1;
    case INTEGER_COUNTS:
        return -1;
    case INTEGER_NONE:
    case INTEGER_SAME:
    case INTEGER_LOOKUP:
    case INTEGER_FLOAT:
        break;
    }
    return 0;
}

static sned_status check_scalings(const struct graph *graph, const struct node *node, sned_error *error)
{
    const struct integer_rule *rule = &node->rules[0];
    const enum integer_form form = sned_operator(node->op)->integer;
    int wanted = scalings_wanted(graph, node);
    if (rule->scaling_count < 0 || rule->scaling_count > GRAPH_MAX_DIM ||
        (wanted >= 0 && rule->scaling_count != wanted) || (wanted < 0 && rule->scaling_count < 1))
        return sned_node_fail(error, SNED_ERROR_FORMAT, node, "has %d scalings instead of %d",
                              rule->scaling_count, wanted < 0 ? 1 : wanted);
    if (rule->scaling_count > 0 && !rule->scalings)
        return sned_node_fail(error, SNED_ERROR_FORMAT, node, "the scalings are missing");
    /* The second input's multiplier and a table's are relative to a shift that another one chose. */
    bool normal = form != INTEGER_INPUTS && form != INTEGER_SHIFT;
    for (int i = 0; i < rule->scaling_count; i++) {
        const struct scaling *scaling = &rule->scalings[i];
        if (scaling->shift < 1 || scaling->shift > 62)
            return sned_node_fail(error, SNED_ERROR_FORMAT, node,
                                  "shift %d of scaling %d is not from 1 to 62", scaling->shift, i);
        if (normal && scaling->multiplier != 0 && scaling->multiplier < 1 << 15)
            return sned_node_fail(error, SNED_ERROR_FORMAT, node, "multiplier %d of scaling %d is below 2^15",
                                  scaling->multiplier, i);
    }
    if (form == INTEGER_INPUTS && rule->scalings[0].shift != rule->scalings[1].shift)
        return sned_node_fail(error, SNED_ERROR_FORMAT, node, "the two scalings must have one shift");
    return SNED_OK;
}

/* ---- the counts of average pools ---- */

static int compare_counts(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

static bool has_count(const struct integer_rule *rule, int64_t count)
{
    int key = count > INT32_MAX ? -1 : (int)count;
    return bsearch(&key, rule->counts, (size_t)rule->scaling_count, sizeof key, compare_counts) != NULL;
}

/* Elements that window `position` of one axis counts: those inside the image, or inside the padded image. */
static int axis_count(const struct node *node, int axis, int64_t input, int64_t position)
{
    const struct window *window = &node->u.pool.window;
    bool padded = node->u.pool.count_include_pad;
    int64_t first = padded ? -window->pad_begin[axis] : 0;
    int64_t end = padded ? input + window->pad_end[axis] : input;
    int64_t dilation = window->dilation[axis];
    int64_t start = position * window->stride[axis] - window->pad_begin[axis];
    int64_t low = start >= first ? 0 : (first - start + dilation - 1) / dilation;
    int64_t high =
        start >= end ? 0 : (end - 1 - start) / dilation + 1; /* taps below this index lie before the end */
    if (high > window->kernel[axis])
        high = window->kernel[axis];
    return high > low ? (int)(high - low) : 0;
}

/* Marks in seen[0 .. kernel] which counts occur along one axis; the number of different ones. */
static int mark_counts(const struct node *node, int axis, int64_t input, int64_t output, uint8_t *seen)
{
    int different = 0;
    for (int64_t i = 0; i < output; i++) {
        uint8_t *mark = &seen[axis_count(node, axis, input, i)];
        different += !*mark;
        *mark = 1;
    }
    return different;
}

static sned_status missing_count(const struct node *node, int64_t count, sned_error *error)
{
    return sned_node_fail(error, SNED_ERROR_FORMAT, node, "has no scaling for windows of %lld elements",
                          (long long)count);
}

static sned_status check_window_counts(const struct graph *graph, const struct node *node, sned_error *error)
{
    sned_status status;
    const struct window *window = &node->u.pool.window;
    const struct shape *x = &graph->tensors[node->inputs[0]].shape,
                       *y = &graph->tensors[node->outputs[0]].shape;
    uint8_t *rows = NULL, *columns = NULL;
    SNED_TRY_DONE(sned_alloc(&rows, (size_t)window->kernel[0] + 1, 1, error));
    SNED_TRY_DONE(sned_alloc(&columns, (size_t)window->kernel[1] + 1, 1, error));
    int row_counts = mark_counts(node, 0, x->dim[2], y->dim[2], rows);
    int column_counts = mark_counts(node, 1, x->dim[3], y->dim[3], columns);
    /* Products with one factor fixed differ: this bounds the loops below by the length of the rule. */
    if (row_counts > node->rules[0].scaling_count || column_counts > node->rules[0].scaling_count) {
        status = sned_node_fail(error, SNED_ERROR_FORMAT, node, "has too few scalings (%d) for its windows",
                                node->rules[0].scaling_count);
        goto done;
    }
    for (int r = 0; r <= window->kernel[0]; r++)
        for (int c = 0; rows[r] && c <= window->kernel[1]; c++)
            if (columns[c] && !has_count(&node->rules[0], (int64_t)r * c)) {
                status = missing_count(node, (int64_t)r * c, error);
                goto done;
            }
    status = SNED_OK;
done:
    sned_free(rows);
    sned_free(columns);
    return status;
}

/* The sum over a window fits int32: 2^23 elements of at most 255, or 2^15 of 16 bits. */
static sned_status check_counts(const struct graph *graph, const struct node *node, sned_error *error)
{
    const struct integer_rule *rule = &node->rules[0];
    const struct shape *x = &graph->tensors[node->inputs[0]].shape;
    const int most_bits = is_wide(graph, node->inputs[0]) ? 15 : 23;
    if (!sned_op_is(node->op, OPERATOR_AVERAGES)) {
        if (rule->counts)
            return sned_node_fail(error, SNED_ERROR_FORMAT, node, "has counts, but is no average pool");
        return SNED_OK;
    }
    if (!rule->counts)
        return sned_node_fail(error, SNED_ERROR_FORMAT, node, "the counts are missing");
    for (int i = 0; i < rule->scaling_count; i++)
        if (rule->counts[i] < 1 || rule->counts[i] > 1 << most_bits ||
            (i > 0 && rule->counts[i] <= rule->counts[i - 1]))
            return sned_node_fail(error, SNED_ERROR_FORMAT, node,
                                  "count %d (%d) must be above the one before and at most 2^%d", i,
                                  rule->counts[i], most_bits);
    if (sned_op_is(node->op, OPERATOR_WINDOW))
        return check_window_counts(graph, node, error);
    return has_count(rule, x->dim[2] * x->dim[3]) ? SNED_OK
                                                  : missing_count(node, x->dim[2] * x->dim[3], error);
}

/* ---- */

sned_status sned_node_check_integer(const struct graph *graph, const struct node *node, sned_error *error)
{
    SNED_TRY(check_quantizations(graph, node, error));
    SNED_TRY(check_constants(graph, node, error));
    SNED_TRY(check_clamp(graph, node, error));
    SNED_TRY(check_scalings(graph, node, error));
    return check_counts(graph, node, error);
}
