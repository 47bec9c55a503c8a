/*
 * describe.h - what a network takes and how its classes are called, as a user needs to know it.
 */
#ifndef SNED_CLI_COMMON_DESCRIBE_H
#define SNED_CLI_COMMON_DESCRIBE_H

#include "cli/terminal/json.h"
#include "graph/graph.h"

/* A few lines on stdout. `named`: the preprocessing is the model's own; otherwise it was assumed, and how to
 * give one is said too (JSON: "named"). */
sned_status print_input(const struct graph *graph, bool named, sned_error *error);
void print_labels(const struct graph *graph);
void print_outputs(const struct graph *graph); /* nothing where there is one */

/* New references, for json_decref also on failure. */
sned_status input_json(json_t **object, const struct graph *graph, bool named, sned_error *error);
sned_status labels_json(json_t **array, const struct graph *graph, sned_error *error); /* [] without labels */
/* [{name, shape}], the first one what labels are about. */
sned_status outputs_json(json_t **array, const struct graph *graph, sned_error *error);

#endif
