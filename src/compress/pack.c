/*
 * pack.c - the file of an integer network, as the options want it.
 */
#include "compress/compress.h"

#include <stdlib.h>

sned_status compress_pack(struct buffer *file, const struct graph *integer, int format, double open_ms,
                          struct layer_storage **storage, int *storage_count, sned_error *error)
{
    struct graph *sorted = NULL;
    int *force = NULL;
    sned_status status;
    SNED_TRY_DONE(sned_alloc(&force, (size_t)integer->node_count, sizeof *force, error));
    for (int i = 0; i < integer->node_count; i++)
        force[i] = format;
    SNED_TRY_DONE(sned_graph_copy(&sorted, integer, error));
    if (format < 0) /* the coder has a say: hidden units are in the order that it likes */
        SNED_TRY_DONE(sned_graph_sort_units(sorted, error));
    const struct pack_options how = {.force = force, .open_ms = open_ms};
    status = sned_pack(sorted, &how, file, storage, storage_count, error);
done:
    sned_graph_free(sorted);
    free(force);
    return status;
}
