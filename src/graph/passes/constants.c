/*
 * constants.c - see constants.h. Filters of zeros make constants, and operators of constants are constant:
 * one walk through the nodes, in their order, with the arithmetic that the executor has for each.
 */
#include "graph/passes/constants.h"
#include "base/memory.h"
#include "graph/movement.h"

#include <math.h>

struct constant_walk {
    const struct graph *graph;
    const int *first;
    bool *known;
    float *value;
};

/* ---- values ---- */

float sned_effective_weight(const struct tensor *weights, size_t index)
{
    const float weight = ((const float *)weights->data)[index], step = weights->quantization.scale;
    if (!(step > 0))
        return weight;
    return fminf(fmaxf(floorf(weight / step + 0.5f), -127), 127) * step;
}

static float activated(const struct activation *activation, float value)
{
    switch (activation->kind) {
    case ACTIVATION_RELU:
        return fmaxf(value, 0);
    case ACTIVATION_CLIP:
        return fminf(fmaxf(value, activation->low), activation->high);
    case ACTIVATION_LEAKY_RELU:
        return value < 0 ? activation->slope * value : value;
    default:
        return value;
    }
}

static float quantized(const struct quantization *type, float value)
{
    const float low = type->bits == 16  ? INT16_MIN
                      : type->is_signed ? INT8_MIN
                                        : 0,
                high = type->bits == 16  ? INT16_MAX
                       : type->is_signed ? INT8_MAX
                                         : UINT8_MAX;
    if (!(type->scale > 0))
        return value;
    return fminf(fmaxf(floorf(value / type->scale + 0.5f), low), high) * type->scale;
}

/* What node `node` makes of its operator's result for a channel of its output. */
static void know(struct constant_walk *walk, const struct node *node, int output, int channel, float value)
{
    const int number = walk->first[output] + channel;
    walk->value[number] =
        quantized(&walk->graph->tensors[output].quantization, activated(&node->activation, value));
    walk->known[number] = isfinite(walk->value[number]) != 0;
}

/* ---- filters ---- */

static bool has_pads(const struct window *window)
{
    return window->pad_begin[0] || window->pad_begin[1] || window->pad_end[0] || window->pad_end[1];
}

bool sned_reads_evenly(const struct node *node, float value)
{
    return value == 0 || !sned_op_is(node->op, OPERATOR_WINDOW) || !has_pads(&node->u.conv.window);
}

/* The sum of a filter over constants alone; false where it reads anything else. */
static bool filter_sum(const struct constant_walk *walk, const struct node *node,
                       const struct filter_bank *filters, int k, double *sum)
{
    const struct tensor *weights = &walk->graph->tensors[node_weights(node, 0)];
    const int bias = node_bias(node, 0);
    const int in = walk->first[node->inputs[0]] + filters_first_channel(filters, k);
    const size_t length = (size_t)filters->columns * (size_t)filters->taps;
    *sum = bias >= 0 ? ((const float *)walk->graph->tensors[bias].data)[k] : 0;
    for (size_t i = 0; i < length; i++) {
        const float weight = sned_effective_weight(weights, (size_t)k * length + i);
        const int number = in + (int)(i / (size_t)filters->taps);
        if (weight == 0)
            continue;
        if (!walk->known[number] || !sned_reads_evenly(node, walk->value[number]))
            return false;
        *sum += (double)weight * walk->value[number];
    }
    return true;
}

static void know_filters(struct constant_walk *walk, const struct node *node)
{
    const struct filter_bank filters = sned_node_filters(walk->graph, node);
    double sum;
    for (int k = 0; k < filters.count; k++)
        if (filter_sum(walk, node, &filters, k, &sum))
            know(walk, node, node->outputs[0], k, (float)sum);
}

/* ---- channel by channel ---- */

/* Of what Add or Mul has beside its first input; false: it is not constant. */
static bool operand(const struct constant_walk *walk, const struct node *node, int channel, float *value)
{
    const struct tensor *tensor = &walk->graph->tensors[node->inputs[1]];
    const int number = walk->first[node->inputs[1]] + channel;
    if (tensor->data)
        *value = ((const float *)tensor->data)[tensor->shape.dim[0] == 1 ? 0 : channel];
    else if (walk->known[number])
        *value = walk->value[number];
    return tensor->data || walk->known[number];
}

/* A factor of 0 makes 0 of anything. */
static void know_pair(struct constant_walk *walk, const struct node *node, int channel)
{
    const int number = walk->first[node->inputs[0]] + channel;
    float left = walk->value[number], right = 0;
    const bool is_left = walk->known[number], is_right = operand(walk, node, channel, &right);
    const bool is_zero = node->op == OP_MUL && ((is_left && left == 0) || (is_right && right == 0));
    if (is_zero || (is_left && is_right))
        know(walk, node, node->outputs[0], channel,
             node->op == OP_ADD ? left + right
             : is_zero          ? 0
                                : left * right);
}

static float normalized(const struct graph *graph, const struct node *node, int channel, float value)
{
    float of[5];
    for (int i = 1; i < 5; i++)
        of[i] = ((const float *)graph->tensors[node->inputs[i]].data)[channel];
    const double deviation = sqrt((double)of[4] + node->u.batch_normalization.epsilon);
    return (float)((value - of[3]) * (of[1] / deviation) + of[2]);
}

/* A mean that counts the zeros around an image depends on the place. */
static bool averages_evenly(const struct node *node, float value)
{
    return value == 0 || !sned_op_is(node->op, OPERATOR_AVERAGES) || !sned_op_is(node->op, OPERATOR_WINDOW) ||
           !node->u.pool.count_include_pad || !has_pads(&node->u.pool.window);
}

static void know_single(struct constant_walk *walk, const struct node *node, int channel)
{
    const int number = walk->first[node->inputs[0]] + channel;
    float value = walk->value[number];
    if (!walk->known[number] || !averages_evenly(node, value))
        return;
    if (sned_operator(node->op)->value)
        value = sned_operator(node->op)->value(node, value);
    else if (node->op == OP_BATCH_NORMALIZATION)
        value = normalized(walk->graph, node, channel, value);
    know(walk, node, node->outputs[0], channel, value);
}

/* ---- numbers that move ---- */

/* known [..] of the output begins as true where something is written; an element of another value, or one
 * that is not written among those of a value, makes it false. */
static void know_moved(struct constant_walk *walk, const struct node *node, int output, int64_t *written)
{
    const int out = node->outputs[output], count = channels_of(walk->graph, out);
    const int64_t to_plane = channel_plane(walk->graph, out);
    struct movement movement;
    for (int c = 0; c < count; c++)
        written[c] = 0;
    for (int i = 0; i < node->input_count; i++) {
        const int64_t from_plane = channel_plane(walk->graph, node->inputs[i]);
        sned_node_movement(walk->graph, node, i, output, &movement);
        for (struct movement_walk at = movement_begin(&movement); !at.is_over; movement_next(&at)) {
            const int from = walk->first[node->inputs[i]] + (int)(at.from / from_plane),
                      channel = (int)(at.to / to_plane), to = walk->first[out] + channel;
            if (written[channel]++ == 0) {
                walk->known[to] = walk->known[from];
                walk->value[to] = walk->value[from];
            }
            walk->known[to] = walk->known[to] && walk->known[from] && walk->value[to] == walk->value[from];
        }
    }
    for (int c = 0; c < count; c++)
        if (written[c] < to_plane && walk->value[walk->first[out] + c] != 0)
            walk->known[walk->first[out] + c] = false;
}

static sned_status know_all_moved(struct constant_walk *walk, const struct node *node, sned_error *error)
{
    for (int k = 0; k < node->output_count; k++) {
        int64_t *written;
        SNED_TRY(
            sned_alloc(&written, (size_t)channels_of(walk->graph, node->outputs[k]), sizeof *written, error));
        know_moved(walk, node, k, written);
        sned_free(written);
    }
    return SNED_OK;
}

/* ---- all of it ---- */

/* LRN's and the endings' channels are left unknown: nothing of theirs can leave the graph. */
static sned_status know_node(struct constant_walk *walk, const struct node *node, sned_error *error)
{
    const struct operator_row *row = sned_operator(node->op);
    const int channels = channels_of(walk->graph, node->outputs[0]);
    if (sned_node_has_filters(node))
        know_filters(walk, node);
    else if (sned_op_is(node->op, OPERATOR_MOVES))
        return know_all_moved(walk, node, error);
    else if (row->roles[1] == INPUT_OPERAND)
        for (int c = 0; c < channels; c++)
            know_pair(walk, node, c);
    else if (sned_works_by_channel(node->op))
        for (int c = 0; c < channels; c++)
            know_single(walk, node, c);
    return SNED_OK;
}

sned_status sned_constants_find(struct constants *constants, const struct graph *graph,
                                const struct channels *channels, sned_error *error)
{
    sned_status status;
    *constants = (struct constants){0};
    SNED_TRY_DONE(sned_alloc(&constants->known, (size_t)channels->count, sizeof(bool), error));
    SNED_TRY_DONE(sned_alloc(&constants->value, (size_t)channels->count, sizeof(float), error));
    struct constant_walk walk = {graph, channels->first, constants->known, constants->value};
    for (int n = 0; n < graph->node_count; n++)
        SNED_TRY_DONE(know_node(&walk, &graph->nodes[n], error));
done:
    if (status != SNED_OK)
        sned_constants_free(constants);
    return status;
}

void sned_constants_free(struct constants *constants)
{
    sned_free(constants->known);
    sned_free(constants->value);
    *constants = (struct constants){0};
}
