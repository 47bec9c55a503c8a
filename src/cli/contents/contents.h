/*
 * contents.h - what a .sned file's bytes are spent on: each layer's share, its weights by value, and what is
 * no layer's.
 */
#ifndef SNED_CLI_CONTENTS_CONTENTS_H
#define SNED_CLI_CONTENTS_CONTENTS_H

#include "cli/common/layers.h"

const char *part_name(enum byte_part part); /* "positions", ... */

/* A table of the layers in `rows` of this graph, and a line of the rest of the file's `bytes`. */
sned_status contents_print(const struct layer_rows *rows, const struct graph *graph, uint64_t bytes,
                           sned_error *error);
/* The same into the objects of `layers`, which layer_rows_json made. */
sned_status contents_json(json_t *layers, const struct layer_rows *rows, const struct graph *graph,
                          uint64_t bytes, sned_error *error);

#endif
