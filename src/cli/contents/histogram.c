/*
 * histogram.c - see histogram.h.
 *
 * A scale that fits reaches to the largest weight, or to six times the root mean square where that is less:
 * a few outliers would leave the rest a single bar. An integer whose step is less than a bin is spread over
 * that step, all values that are rounded to it: bins would else hold now two integers and now three, and a
 * smooth layer would look like a comb.
 */
#include "cli/contents/histogram.h"
#include "compress/quantize/quantize.h"

#include <math.h>
#include <string.h>

static const double REACH = 6; /* root mean squares */

/* A layer's weights as numbers, filter by filter. */
struct layer_filters {
    const struct graph *graph;
    const struct node *node;
    const struct tensor *weights;
    int64_t count;
    size_t size; /* weights of one */
};

static struct layer_filters filters_of(const struct graph *graph, const struct node *node)
{
    struct layer_filters filters = {
        .graph = graph, .node = node, .weights = &graph->tensors[node_weights(node, 0)]};
    filters.count = filters.weights->shape.dim[0];
    filters.size = filters.count ? sned_shape_elements(&filters.weights->shape) / (size_t)filters.count : 0;
    return filters;
}

/* What 1 stands for in filter k. */
static double step_of(const struct layer_filters *filters, int64_t k)
{
    return filters->graph->integer ? quantize_weight_step(filters->graph, filters->node, k) : 1;
}

static double weight_of(const struct layer_filters *filters, size_t index)
{
    const void *data = filters->weights->data;
    return filters->graph->integer ? ((const int8_t *)data)[index] : ((const float *)data)[index];
}

static double fitting_width(const struct layer_filters *filters)
{
    double largest = 0, squares = 0, count = 0;
    for (int64_t k = 0; k < filters->count; k++) {
        const double step = step_of(filters, k);
        for (size_t i = (size_t)k * filters->size; i < (size_t)(k + 1) * filters->size; i++) {
            const double weight = weight_of(filters, i) * step;
            largest = fmax(largest, fabs(weight));
            squares += weight * weight;
            count += weight != 0 || !filters->graph->integer;
        }
    }
    return largest > 0 ? fmin(largest, REACH * sqrt(squares / count)) / HISTOGRAM_MIDDLE : 0;
}

static int bin_of(double value, double width)
{
    return (int)fmax(0, fmin(floor(value / width + 0.5) + HISTOGRAM_MIDDLE, HISTOGRAM_BINS - 1));
}

/* `amount` evenly from `low` to `high`, which are in no more than two bins. */
static void spread(struct weight_histogram *histogram, double low, double high, double amount)
{
    const int first = bin_of(low, histogram->width), last = bin_of(high, histogram->width);
    const double border = (first - HISTOGRAM_MIDDLE + 0.5) * histogram->width;
    const double part = first == last ? 1 : (border - low) / (high - low);
    histogram->bins[first] += part * amount;
    histogram->bins[last] += (1 - part) * amount;
}

void histogram_make(struct weight_histogram *histogram, const struct graph *graph, const struct node *node,
                    double width)
{
    const struct layer_filters filters = filters_of(graph, node);
    *histogram = (struct weight_histogram){.width = width > 0 ? width : fitting_width(&filters)};
    if (!(histogram->width > 0))
        return;
    for (int64_t k = 0; k < filters.count; k++) {
        const double step = step_of(&filters, k);
        const double reach = graph->integer && step < histogram->width ? step / 2 : 0;
        for (size_t i = (size_t)k * filters.size; i < (size_t)(k + 1) * filters.size; i++) {
            const double weight = weight_of(&filters, i) * step;
            if (weight != 0 || !graph->integer)
                spread(histogram, weight - reach, weight + reach, 1);
        }
    }
}

void histogram_widen(struct weight_histogram *histogram, double width)
{
    const struct weight_histogram narrow = *histogram;
    *histogram = (struct weight_histogram){.width = width};
    for (int i = 0; i < HISTOGRAM_BINS; i++) {
        const double middle = (i - HISTOGRAM_MIDDLE) * narrow.width;
        spread(histogram, middle - narrow.width / 2, middle + narrow.width / 2, narrow.bins[i]);
    }
}

const char *histogram_text(char text[HISTOGRAM_TEXT], const struct weight_histogram *histogram)
{
    static const char blocks[9][4] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    double columns[HISTOGRAM_COLUMNS] = {0}, most = 0;
    text[0] = 0;
    for (int i = 0; i < HISTOGRAM_BINS; i++) /* three bins a column; the middle of one is 0 */
        columns[(i + 1) / 3] += histogram->bins[i];
    for (int i = 0; i < HISTOGRAM_COLUMNS; i++)
        most = fmax(most, columns[i]);
    for (int i = 0; i < HISTOGRAM_COLUMNS; i++)
        strcat(text, blocks[most > 0 ? (int)ceil(8 * columns[i] / most) : 0]);
    return text;
}
