/*
 * start.c - what training starts from: see search.h.
 *
 * Weights are rounded by second order rather than to the nearest, since a network of many layers does not
 * come back from plain rounding within the epochs that there are.
 */
#include "compress/search/search.h"
#include "compress/second/second_order.h"

sned_status search_start(struct rate_search *search, sned_error *error)
{
    struct compression *compression = &search->compression;
    const struct recipe *recipe = &search->options.recipe;
    const struct calibration_options how = {.images = (size_t)recipe->quantize.images,
                                            .batch = recipe->train.batch,
                                            .threads = search->options.threads,
                                            .reporter = search->options.reporter};
    const struct calibration_images images = {
        .dataset = compression->dataset, .indices = compression->indices, .count = compression->train_count};
    const struct second_order_options second = {.lambda = recipe->train.start, .seed = search->options.seed};
    SNED_TRY(quantize_calibrate(compression->graph, &images, &how, error));
    return quantize_second_order(compression->graph, &images, &how, &second, error);
}
