/*
 * layers.h - what each Conv and Gemm of a model holds and costs, as a table and as JSON from the same rows.
 */
#ifndef SNED_CLI_COMMON_LAYERS_H
#define SNED_CLI_COMMON_LAYERS_H

#include "cli/terminal/json.h"
#include "cli/common/model.h"

struct layer_row {
    const char *name, *op, *format; /* borrowed from the model */
    int shape[4];
    uint64_t weights, kept, bytes, macs;
    int bits, node;
    double parts[PART_COUNT]; /* as in struct layer_storage */
};
struct layer_rows {
    struct layer_row *rows; /* owned */
    int count;
    uint64_t weights, kept, bytes, macs; /* sums; bytes: of the layers, not of the file */
};
/* storage as in struct model; NULL for a float graph: 4 bytes a weight and bias. */
sned_status layer_rows_make(struct layer_rows *rows, const struct graph *graph,
                            const struct layer_storage *storage, int storage_count, sned_error *error);
void layer_rows_free(struct layer_rows *rows);
sned_status layer_rows_print(const struct layer_rows *rows, sned_error *error);
sned_status layer_rows_json(json_t **array, const struct layer_rows *rows,
                            sned_error *error); /* a new array */

#endif
