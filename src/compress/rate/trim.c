/*
 * trim.c - see trim.h.
 */
#include "compress/rate/trim.h"

#include <math.h>

/* In steps, how far above the edge of 0 weights may be that become it; and how often that is halved. */
static const double most_above = 0.25;
enum { HALVINGS = 6 };
static const float edge = 0.5f;

static void trim(const struct rate_layers *layers, struct graph *graph, double above)
{
    for (int i = 0; i < layers->count; i++) {
        struct tensor *weights = &graph->tensors[layers->layers[i].tensor];
        const float least = (edge + (float)above) * weights->quantization.scale;
        float *values = weights->data;
        if (weights->structure.kind > STRUCTURE_UNSTRUCTURED)
            continue;
        for (size_t k = 0, count = sned_shape_elements(&weights->shape); k < count; k++)
            if (fabsf(values[k]) < least)
                values[k] = 0;
    }
}

/* What the graph takes if weights so near to the edge are 0. */
static sned_status measure_trimmed(const struct rate_layers *layers, const struct graph *graph, double above,
                                   const struct rate_options *options, double *bytes, sned_error *error)
{
    struct graph *copy = NULL;
    sned_status status;
    SNED_TRY_DONE(sned_graph_copy(&copy, graph, error));
    trim(layers, copy, above);
    rate_layers_round(layers, copy);
    rate_layers_round_biases(layers, copy);
    status = options->measure_bytes(options->measure_context, copy, bytes, error);
done:
    sned_graph_free(copy);
    return status;
}

sned_status rate_trim(const struct rate_layers *layers, struct graph *graph,
                      const struct rate_options *options, sned_error *error)
{
    double too_large = 0, fits = most_above, bytes;
    SNED_TRY(measure_trimmed(layers, graph, too_large, options, &bytes, error));
    if (bytes <= options->most_bytes)
        return SNED_OK;
    SNED_TRY(measure_trimmed(layers, graph, fits, options, &bytes, error));
    if (bytes > options->most_bytes)
        return SNED_OK;
    for (int i = 0; i < HALVINGS; i++) {
        const double above = (too_large + fits) / 2;
        SNED_TRY(measure_trimmed(layers, graph, above, options, &bytes, error));
        *(bytes > options->most_bytes ? &too_large : &fits) = above;
    }
    trim(layers, graph, fits);
    return SNED_OK;
}
