/*
 * file.c - the network as it goes into a file, a copy without its dead parts, lowered; what the file takes.
 */
#include "compress/quantize/quantize.h"
#include "compress/search/search.h"
#include "graph/passes/compact.h"

static sned_status lower(struct graph **integer, const struct graph *graph, sned_error *error)
{
    struct graph *copy = NULL;
    sned_status status;
    SNED_TRY_DONE(sned_graph_copy(&copy, graph, error));
    SNED_TRY_DONE(sned_graph_compact(copy, NULL, error));
    status = quantize_lower(integer, copy, error);
done:
    sned_graph_free(copy);
    return status;
}

sned_status search_lower(const struct rate_search *search, struct graph **integer, sned_error *error)
{
    return lower(integer, search->compression.graph, error);
}

sned_status search_bytes(const struct rate_search *search, const struct graph *graph, double *bytes,
                         sned_error *error)
{
    const struct compress_options *options = &search->options;
    struct graph *integer = NULL;
    struct buffer file = {0};
    sned_status status;
    SNED_TRY_DONE(lower(&integer, graph, error));
    SNED_TRY_DONE(compress_pack(&file, integer, options->format, options->open_ms, NULL, NULL, error));
    *bytes = (double)file.size;
done:
    sned_graph_free(integer);
    sned_buffer_free(&file);
    return status;
}
