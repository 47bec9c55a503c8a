/*
 * value_range.c - see value_range.h.
 *
 * A network's mean and scale say which numbers its pixels become, 0 to 1 for instance; its integer form has
 * room for just these. Values of another range (-2 to 2, or 0 to 255) were made by another convention, and
 * would be clipped or lost between two steps.
 */
#include "cli/common/value_range.h"
#include "base/memory.h"

#include <math.h>
#include <stdlib.h>

enum { SAMPLES = 64 };
static const float BEYOND = 0.1f, SMALL = 0.1f; /* of the range of pixels */

struct extremes {
    float low, high;
};

static void extend(struct extremes *range, float value)
{
    range->low = fminf(range->low, value);
    range->high = fmaxf(range->high, value);
}

/* What pixels from 0 to 255 become. */
static struct extremes pixel_values(const struct graph *graph)
{
    struct extremes range = {INFINITY, -INFINITY};
    for (int c = 0; c < graph->tensors[graph->input].shape.dim[1]; c++)
        for (int pixel = 0; pixel <= 255; pixel += 255)
            extend(&range, ((float)pixel - graph->rule.mean[c]) * graph->rule.scale[c]);
    return range;
}

static sned_status find_range(struct extremes *range, struct dataset *dataset, sned_error *error)
{
    const size_t size = dataset_item_size(dataset), elements = size / sizeof(float);
    float *values;
    int32_t label;
    size_t got;
    *range = (struct extremes){INFINITY, -INFINITY};
    SNED_TRY(sned_alloc(&values, 1, size, error));
    sned_status status = SNED_OK;
    for (uint32_t i = 0; i < SAMPLES && i < dataset_size(dataset) && status == SNED_OK; i++) {
        status = dataset_read(dataset, &i, 1, values, &label, &got, error);
        for (size_t k = 0; k < elements && status == SNED_OK; k++)
            extend(range, values[k]);
    }
    free(values);
    return status;
}

sned_status tell_of_values(const struct graph *graph, struct dataset *dataset, const char *spec,
                           const struct reporter *reporter, sned_error *error)
{
    struct extremes range;
    if (!graph->rule.is_image)
        return SNED_OK;
    const struct extremes pixels = pixel_values(graph);
    const float width = pixels.high - pixels.low;
    SNED_TRY(find_range(&range, dataset, error));
    if (pixels.low != 0 || pixels.high != 255)
        sned_report(reporter,
                    "%s: values are the network's input as they are; its mean and scale are for pixels",
                    spec);
    if (range.low < pixels.low - BEYOND * width || range.high > pixels.high + BEYOND * width ||
        range.high - range.low < SMALL * width)
        sned_report(
            reporter,
            "%s: its values go from %g to %g, but by the network's mean and scale pixels become %g to %g: "
            "were they made otherwise?",
            spec, (double)range.low, (double)range.high, (double)pixels.low, (double)pixels.high);
    return SNED_OK;
}
