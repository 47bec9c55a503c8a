/*
 * real_bytes.c - see real_bytes.h. Names, scales and the graph are left out: training does not change them.
 */
#include "compress/rate/real_bytes.h"
#include "codec/codec.h"
#include "compress/quantize/quantize.h"

#include <stdlib.h>

static bool is_layer(const struct graph *graph, const struct rate_layers *layers, int node)
{
    for (int i = 0; i < layers->count; i++)
        if (layers->layers[i].tensor == node_weights(&graph->nodes[node], 0))
            return true;
    return false;
}

static sned_status pack(double *bytes, struct graph *integer, const struct graph *graph,
                        const struct rate_layers *layers, sned_error *error)
{
    struct layer_storage *storage = NULL;
    struct buffer file = {0};
    int count = 0;
    sned_status status;
    SNED_TRY_DONE(sned_graph_sort_units(integer, error)); /* nodes keep their places */
    SNED_TRY_DONE(sned_pack(integer, NULL, &file, &storage, &count, error));
    for (int i = 0; i < count; i++)
        if (is_layer(graph, layers, storage[i].node))
            *bytes += (double)storage[i].bytes - storage[i].parts[PART_SCALES];
done:
    sned_buffer_free(&file);
    free(storage);
    return status;
}

sned_status rate_real_bytes(double *bytes, const struct graph *graph, const struct rate_layers *layers,
                            sned_error *error)
{
    struct graph *integer = NULL;
    *bytes = 0;
    sned_status status = quantize_lower(&integer, graph, error);
    if (status == SNED_OK)
        status = pack(bytes, integer, graph, layers, error);
    else if (status == SNED_ERROR_UNSUPPORTED)
        status = SNED_OK;
    sned_graph_free(integer);
    return status;
}
