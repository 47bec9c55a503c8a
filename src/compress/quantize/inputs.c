/*
 * inputs.c - see inputs.h.
 */
#include "compress/quantize/inputs.h"
#include "base/memory.h"

#include <stdlib.h>

size_t inputs_count(const struct calibration_images *images, size_t wanted)
{
    return images->dataset && images->count > wanted ? wanted : images->count;
}

static sned_status walk_values(const struct calibration_images *images, const struct graph *graph,
                               size_t batch, inputs_visit *visit, void *context, sned_error *error)
{
    const size_t elements = sned_shape_elements(&graph->tensors[graph->input].shape);
    for (size_t done = 0; done < images->count; done += batch) {
        const size_t count = images->count - done < batch ? images->count - done : batch;
        SNED_TRY(visit(context, images->values + done * elements, count, error));
    }
    return SNED_OK;
}

static sned_status choose_images(uint32_t **chosen, const struct calibration_images *images, size_t count,
                                 sned_error *error)
{
    SNED_TRY(sned_alloc(chosen, count, sizeof **chosen, error));
    for (size_t i = 0; i < count; i++)
        (*chosen)[i] = images->indices[(size_t)((double)i * (double)images->count / (double)count)];
    return SNED_OK;
}

/* *shown: the images that came, which damaged ones do not. */
static sned_status walk_dataset(const struct calibration_images *images, const struct graph *graph,
                                size_t wanted, size_t batch, inputs_visit *visit, void *context,
                                size_t *shown, sned_error *error)
{
    const struct loader_options how = {.batch = batch, .rule = &graph->rule};
    const size_t count = inputs_count(images, wanted);
    struct batch_loader *loader = NULL;
    uint32_t *chosen = NULL;
    const float *values;
    const int32_t *labels;
    size_t got;
    sned_status status;
    SNED_TRY_DONE(choose_images(&chosen, images, count, error));
    SNED_TRY_DONE(loader_new(&loader, images->dataset, chosen, count, &how, error));
    for (;;) {
        SNED_TRY_DONE(loader_next(loader, &values, &labels, &got, error));
        if (got == 0)
            break;
        *shown += got;
        SNED_TRY_DONE(visit(context, values, got, error));
    }
done:
    loader_free(loader);
    free(chosen);
    return status;
}

sned_status inputs_walk(const struct calibration_images *images, const struct graph *graph, size_t wanted,
                        size_t batch, inputs_visit *visit, void *context, sned_error *error)
{
    size_t shown = images->count;
    if (images->dataset) {
        shown = 0;
        SNED_TRY(walk_dataset(images, graph, wanted, batch, visit, context, &shown, error));
    } else {
        SNED_TRY(walk_values(images, graph, batch, visit, context, error));
    }
    return shown > 0 ? SNED_OK : sned_fail(error, SNED_ERROR_DATA, "calibration: no images");
}
