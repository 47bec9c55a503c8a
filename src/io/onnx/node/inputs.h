/*
 * inputs.h - the inputs of the node in hand: activations, straight or as they lie, and constants.
 */
#ifndef SNED_IO_ONNX_NODE_INPUTS_H
#define SNED_IO_ONNX_NODE_INPUTS_H

#include "io/onnx/node/importer.h"
#include "io/onnx/node/view.h"

int onnx_input_count(const struct importer *importer);
/* Input `index`, aliases resolved and initialisers converted; *value NULL where it is absent. */
sned_status onnx_input(struct importer *importer, int index, struct onnx_value **value);

/* ---- activations ---- */

/* Its view, if it is one, is straightened: the tensor is the value. */
sned_status onnx_input_activation(struct importer *importer, int index, struct onnx_value **value);
/* As it is: its tensor may be in another order or shape (value->view). */
sned_status onnx_input_view(struct importer *importer, int index, struct onnx_value **value);
/* For operators that work along axes: axis i of the input is axis axes[i] of its tensor. It is straightened
 * where need be. */
sned_status onnx_input_axes(struct importer *importer, int index, struct onnx_value **value,
                            int axes[GRAPH_MAX_RANK]);

/* ---- constants ---- */

/* A constant list of integers; *values NULL where the input is absent. */
sned_status onnx_input_ints(struct importer *importer, int index, const int64_t **values, int *count);
/* The same, of any length. */
sned_status onnx_input_sizes(struct importer *importer, int index, const int64_t **values, int *count);
/* A constant number; *value is `fallback` where the input is absent. */
sned_status onnx_input_number(struct importer *importer, int index, double fallback, double *value);
/* Attribute `name` before `since`, input `index` from then on: as Slice, Pad, Squeeze and others have it. */
sned_status onnx_ints(struct importer *importer, const char *name, int index, int since,
                      const int64_t **values, int *count);
/* Input `index` (a float constant) as a tensor of the graph in `shape`, which has its number of elements.
 * *tensor is -1 where the input is absent. */
sned_status onnx_input_weights(struct importer *importer, int index, const struct shape *shape, int *tensor);
/* Input `index` as floats that the caller may change and owns: moved where this was the last reader. */
sned_status onnx_take_floats(struct importer *importer, int index, float **data, struct shape *shape);
/* Input `index`, a constant of `count` floats, with element i at places[i]; owned, free(). */
sned_status onnx_take_placed(struct importer *importer, int index, const int *places, int count,
                             float **data);

#endif
