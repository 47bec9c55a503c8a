/*
 * histogram.c - see histogram.h.
 *
 * The scale reaches to the largest weight, or to eight times the root mean square where that is less: a few
 * outliers would leave the rest a single bar. An integer whose step is less than a bin is spread over that
 * step, all values that are rounded to it: bins would else hold now two integers and now three, and a smooth
 * layer would look like a comb.
 */
#include "cli/report/histogram.h"
#include "compress/quantize/quantize.h"

#include <math.h>

static const double REACH = 8; /* root mean squares */
enum { MIDDLE = HISTOGRAM_BINS / 2 };

static int bin_of(double value, double width)
{
    return (int)fmax(0, fmin(floor(value / width + 0.5) + MIDDLE, HISTOGRAM_BINS - 1));
}

void histogram_before(struct weight_histogram *histogram, const struct tensor *weights)
{
    const float *values = weights->data;
    const size_t count = sned_shape_elements(&weights->shape);
    double largest = 0, squares = 0;
    for (size_t i = 0; i < count; i++) {
        largest = fmax(largest, fabs((double)values[i]));
        squares += (double)values[i] * values[i];
    }
    *histogram = (struct weight_histogram){0};
    if (!(largest > 0) || !isfinite(squares))
        return;
    histogram->width = fmin(largest, REACH * sqrt(squares / (double)count)) / MIDDLE;
    for (size_t i = 0; i < count; i++)
        histogram->before[bin_of(values[i], histogram->width)]++;
}

/* `amount` evenly from `low` to `high`, which are in no more than two bins. */
static void spread(struct weight_histogram *histogram, double low, double high, double amount)
{
    const int first = bin_of(low, histogram->width), last = bin_of(high, histogram->width);
    const double border = (first - MIDDLE + 0.5) * histogram->width;
    const double part = first == last ? 1 : (border - low) / (high - low);
    histogram->after[first] += part * amount;
    histogram->after[last] += (1 - part) * amount;
}

void histogram_after(struct weight_histogram *histogram, const struct graph *integer, const struct node *node)
{
    const struct tensor *weights = &integer->tensors[node_weights(node, 0)];
    const int8_t *values = weights->data;
    const int64_t filters = weights->shape.dim[0];
    const size_t count = filters > 0 ? sned_shape_elements(&weights->shape) / (size_t)filters : 0;
    if (!(histogram->width > 0))
        return;
    for (int64_t k = 0; k < filters; k++) {
        const double step = quantize_weight_step(integer, node, k);
        const double reach = step < histogram->width ? step / 2 : 0;
        for (size_t i = (size_t)k * count; i < (size_t)(k + 1) * count; i++)
            if (values[i])
                spread(histogram, values[i] * step - reach, values[i] * step + reach, 1);
    }
}
