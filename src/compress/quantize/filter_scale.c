/*
 * filter_scale.c - see filter_scale.h.
 *
 * The scale is that of training's fake quantization, the largest weight being 127, unless the bias does not
 * fit beside such weights. A filter that a batch norm has left for dead has weights of 1e-6, say, and a bias
 * of 0.5: in units of such a scale the bias has more bits than an accumulator. Its scale is made larger then,
 * which takes precision from weights that hardly matter:
 *
 * - until the bias is 2^30 (int32), always;
 * - until no sum needs more than the 27 bits of the accelerator's accumulators, where it is proved for every
 *   input that what the weights lose is below a step of the output. With error e_i of weight i, inputs from 0
 *   to 255 s_in move a sum by no more than 255 s_in max(sum of e_i > 0, -sum of e_i < 0).
 *
 * Where the weights do matter and the sums still need more, the filter stays as it is: the runtime's
 * accumulators hold it, and the accelerator's compiler says that its own do not.
 *
 * A layer whose weights lie on a grid already has its step for a scale, the same for all filters.
 */
#include "compress/quantize/filter_scale.h"
#include "compress/quantize/quantize.h"
#include "graph/operator.h"

#include <math.h>
#include <stdlib.h>

/* A bias uses at most half of int32, and has this precision where its filter has no weights. */
static const double bias_limit = 1 << 30, lone_bias = 1 << 20;
/* Below it in size are the sums of the accelerator (src/accel: SUM_BITS). */
static const int64_t sum_limit = 1 << 26;

float quantize_weight_scale(const float *weights, size_t n)
{
    float largest = 0;
    for (size_t i = 0; i < n; i++)
        largest = fmaxf(largest, fabsf(weights[i]));
    return largest > 0 ? largest / 127 : 1;
}

bool has_filters(const struct node *node)
{
    return sned_operator(node->op)->integer == INTEGER_FILTERS && sned_node_weight_count(node) == 1;
}

/* ---- the integers ---- */

int8_t filter_weight(float weight, double scale)
{
    /* In float, as training rounds. A pruned weight stays 0 whatever the scale. */
    float q = weight == 0 ? 0 : floorf(weight / (float)scale + 0.5f);
    return (int8_t)(q < -127 ? -127 : q > 127 ? 127 : q);
}

/* A step of an output of 8 bits; scores of 16 bits have finer ones, which no accumulator is to blame for. */
static double step_of(const struct quantization *out)
{
    return (double)out->scale * (out->bits == 16 ? 256 : 1);
}

/* Units of the accumulator that a bias is a multiple of. */
static double bias_grid(const struct filter *filter, double unit)
{
    const double step = filter->bias_step > 0 ? filter->bias_step * 1.0001 : step_of(&filter->out) / 2;
    const double grid = floor(log2(step / unit));
    return filter->step > 0 && grid > 0 ? exp2(fmin(grid, 30)) : 1;
}

int32_t filter_bias(const struct filter *filter, double scale)
{
    const double unit = filter->in.scale * scale, grid = bias_grid(filter, unit);
    return (int32_t)(floor(filter->bias / (unit * grid) + 0.5) * grid);
}

/* ---- sums ---- */

static int64_t lowest_input(const struct quantization *in)
{
    return in->bits == 16 ? INT16_MIN : in->is_signed ? INT8_MIN : 0;
}

static int64_t highest_input(const struct quantization *in)
{
    return in->bits == 16 ? INT16_MAX : in->is_signed ? INT8_MAX : UINT8_MAX;
}

/* Do all sums with the bias fit the accelerator's accumulators? As its compiler asks. */
static bool sums_fit(const struct filter *filter, double scale)
{
    const int64_t lowest = lowest_input(&filter->in), highest = highest_input(&filter->in);
    const int64_t bias = filter_bias(filter, scale);
    int64_t least = bias, most = bias;
    for (size_t i = 0; i < filter->count; i++) {
        const int64_t weight = filter_weight(filter->weights[i], scale);
        least += weight * (weight < 0 ? highest : lowest);
        most += weight * (weight < 0 ? lowest : highest);
    }
    return llabs(bias) < sum_limit && least >= -sum_limit && most < sum_limit;
}

static double largest_input(const struct filter *filter)
{
    return fmax(-(double)lowest_input(&filter->in), (double)highest_input(&filter->in));
}

/* A scale at which they do, whatever rounding does to each weight; 0: there is none. */
static double scale_that_fits(const struct filter *filter)
{
    double weights = 0, kept = 0;
    for (size_t i = 0; i < filter->count; i++) {
        weights += fabs((double)filter->weights[i]);
        kept += filter->weights[i] != 0;
    }
    const double room = (double)sum_limit - 2 - largest_input(filter) * kept / 2;
    const double sum = fabs((double)filter->bias) / filter->in.scale + weights * largest_input(filter);
    return room > 0 ? sum / room : 0;
}

/* The most that rounding changes the output by, in real numbers. */
static double largest_loss(const struct filter *filter, double scale)
{
    double above = 0, below = 0;
    for (size_t i = 0; i < filter->count; i++) {
        const double error = filter->weights[i] - scale * filter_weight(filter->weights[i], scale);
        above += fmax(error, 0);
        below += fmax(-error, 0);
    }
    /* Unsigned inputs cannot make the most of both. */
    const double most = lowest_input(&filter->in) < 0 ? above + below : fmax(above, below);
    return filter->in.scale * (most * largest_input(filter) + scale / 2);
}

/* The layer's step; doubled as often as int32 asks for, where a bias is far larger than any weight. */
static double step_that_holds(const struct filter *filter)
{
    const double bias = fabs((double)filter->bias) / filter->in.scale;
    double scale = filter->step;
    while (bias / scale > bias_limit && isfinite(bias))
        scale *= 2;
    return scale;
}

/* ---- the scale ---- */

double filter_scale(const struct filter *filter)
{
    bool weights = false;
    if (filter->step > 0)
        return step_that_holds(filter);
    for (size_t i = 0; i < filter->count && !weights; i++)
        weights = filter->weights[i] != 0;
    const double bias = fabs((double)filter->bias) / filter->in.scale;
    if (!weights)
        return bias / lone_bias;
    const double scale = fmax(quantize_weight_scale(filter->weights, filter->count), bias / bias_limit);
    if (filter->bias == 0 || sums_fit(filter, scale))
        return scale;
    const double larger = scale_that_fits(filter);
    return larger > scale && largest_loss(filter, larger) < step_of(&filter->out) ? larger : scale;
}
