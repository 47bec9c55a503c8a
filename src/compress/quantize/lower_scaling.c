/*
 * lower_scaling.c - see lower_scaling.h. All of it in doubles, rounded once at the end.
 */
#include "compress/quantize/lower_scaling.h"
#include "base/memory.h"
#include "graph/operator.h"
#include "runtime/micro/requantize.h"
#include "runtime/window.h"

#include <math.h>
#include <stdlib.h>

static double round_half_up(double value)
{
    return floor(value + 0.5);
}

/* ---- ratios ---- */

bool scaling_from_ratio(double ratio, struct scaling *scaling)
{
    int exponent;
    double fraction = frexp(ratio, &exponent); /* in [1/2, 1), or 0 */
    double multiplier = round_half_up(ldexp(fraction, 16));
    int shift = 16 - exponent;
    *scaling = (struct scaling){0, 1};
    if (!(ratio >= 0) || isinf(ratio))
        return false;
    if (multiplier >= 65536) {
        multiplier = 32768;
        shift--;
    }
    if (ratio == 0 || shift > SCALING_MAX_SHIFT)
        return true;
    if (shift < 1)
        return false;
    *scaling = (struct scaling){(uint16_t)multiplier, (uint8_t)shift};
    return true;
}

double scaling_ratio(struct scaling scaling)
{
    return ldexp(scaling.multiplier, -scaling.shift);
}

bool scaling_pair(const double ratios[2], struct scaling scalings[2])
{
    const int larger = ratios[1] > ratios[0];
    if (!scaling_from_ratio(ratios[larger], &scalings[larger]))
        return false;
    scalings[!larger].shift = scalings[larger].shift;
    scalings[!larger].multiplier = (uint16_t)round_half_up(ldexp(ratios[!larger], scalings[larger].shift));
    return true;
}

/* ---- LRN ---- */

/* The middle of the sums of squares that share entry `index`. */
static double bucket_middle(int index)
{
    if (index < 64)
        return index;
    double width = ldexp(1, index / 64 - 1);
    return width * (64 + index % 64) + (width - 1) / 2;
}

bool lrn_table(const struct node *node, float scale_in, float scale_out, uint16_t *table, uint8_t *shift)
{
    double entries[LRN_TABLE_SIZE], largest = 0;
    struct scaling scaling;
    for (int i = 0; i < LRN_TABLE_SIZE; i++) {
        double squares = (double)scale_in * scale_in * bucket_middle(i);
        double base = node->u.lrn.bias + (double)node->u.lrn.alpha / node->u.lrn.size * squares;
        entries[i] = pow(base, -(double)node->u.lrn.beta) * scale_in / scale_out;
        largest = entries[i] > largest ? entries[i] : largest;
    }
    if (!scaling_from_ratio(largest, &scaling))
        return false;
    *shift = scaling.shift;
    for (int i = 0; i < LRN_TABLE_SIZE; i++)
        table[i] = (uint16_t)round_half_up(ldexp(entries[i], scaling.shift));
    return true;
}

/* ---- look-up ---- */

bool lookup_table(const struct node *node, const struct quantization *in, float scale_out, uint16_t *table)
{
    const struct integer_rule *rule = &node->rules[0];
    value_function *const value = sned_operator(node->op)->value;
    for (int i = 0; i < LOOKUP_TABLE_SIZE; i++) {
        const int q = in->is_signed ? (int8_t)i : i;
        const double result = round_half_up((double)value(node, in->scale * (float)q) / scale_out);
        if (isnan(result))
            return false;
        table[i] = (uint8_t)(int)fmin(fmax(result, rule->low), rule->high);
    }
    return true;
}

/* ---- average pools ---- */

static int compare_ints(const void *left, const void *right)
{
    int a = *(const int *)left, b = *(const int *)right;
    return (a > b) - (a < b);
}

static int unique(int *values, int count)
{
    int kept = 0;
    qsort(values, (size_t)count, sizeof *values, compare_ints);
    for (int i = 0; i < count; i++)
        if (kept == 0 || values[kept - 1] != values[i])
            values[kept++] = values[i];
    return kept;
}

/* The different numbers of elements that windows count along one axis. */
static sned_status axis_counts(const struct node *node, int axis, int64_t input, int64_t output, int **counts,
                               int *count, sned_error *error)
{
    SNED_TRY(sned_alloc(counts, (size_t)output, sizeof **counts, error));
    for (int64_t i = 0; i < output; i++)
        (*counts)[i] = window_count(&node->u.pool.window, axis, i, input, node->u.pool.count_include_pad);
    *count = unique(*counts, (int)output);
    return SNED_OK;
}

sned_status average_counts(const struct graph *graph, const struct node *node, int **counts, int *count,
                           sned_error *error)
{
    const struct shape *in = &graph->tensors[node->inputs[0]].shape,
                       *out = &graph->tensors[node->outputs[0]].shape;
    int *rows = NULL, *columns = NULL, row_count, column_count;
    sned_status status;
    *counts = NULL;
    if (!sned_op_is(node->op, OPERATOR_WINDOW)) { /* over everything */
        SNED_TRY(sned_alloc(counts, 1, sizeof **counts, error));
        (*counts)[0] = (int)(in->dim[2] * in->dim[3]);
        *count = 1;
        return SNED_OK;
    }
    SNED_TRY_DONE(axis_counts(node, 0, in->dim[2], out->dim[2], &rows, &row_count, error));
    SNED_TRY_DONE(axis_counts(node, 1, in->dim[3], out->dim[3], &columns, &column_count, error));
    SNED_TRY_DONE(sned_alloc(counts, (size_t)row_count * (size_t)column_count, sizeof **counts, error));
    *count = 0;
    for (int r = 0; r < row_count; r++)
        for (int c = 0; c < column_count; c++)
            (*counts)[(*count)++] = rows[r] * columns[c];
    *count = unique(*counts, *count);
done:
    free(rows);
    free(columns);
    return status;
}

/* ---- the input ---- */

/* (pixel - mean) * factor as (pixel * multiplier + offset) / 2^shift, with as many bits as both numbers
 * leave. */
static bool pixel_rule(double mean, double factor, int32_t *multiplier, int32_t *offset, uint8_t *shift)
{
    double most = fmax(fabs(factor), fabs(mean * factor));
    int exponent;
    frexp(most, &exponent);
    int bits = most == 0 ? 1 : 30 - exponent; /* most * 2^bits is below 2^30 */
    bits = bits > SCALING_MAX_SHIFT ? SCALING_MAX_SHIFT : bits;
    if (bits < 1 || !isfinite(most))
        return false;
    *shift = (uint8_t)bits;
    *multiplier = (int32_t)round_half_up(ldexp(factor, bits));
    *offset = (int32_t)round_half_up(ldexp(-mean * factor, bits));
    return true;
}

bool input_rule_from_scale(struct input_rule *rule, int channels, float scale)
{
    for (int c = 0; c < channels && c < GRAPH_MAX_CHANNELS_MEAN; c++)
        if (!pixel_rule(rule->mean[c], (double)rule->scale[c] / scale, &rule->integer[c].multiplier,
                        &rule->integer[c].offset, &rule->integer[c].shift))
            return false;
    return true;
}
