/*
 * shapes.h - new shapes and ranges as the node in hand asks for them: the same for an activation, which is
 * converted, and for a constant, which is folded.
 */
#ifndef SNED_IO_ONNX_OPERATORS_SHAPES_H
#define SNED_IO_ONNX_OPERATORS_SHAPES_H

#include "io/onnx/node/importer.h"

struct slice_range {
    int64_t start, step, count; /* elements start, start + step, ... */
};
sned_status onnx_slice_ranges(struct importer *importer, const struct shape *shape,
                              struct slice_range ranges[GRAPH_MAX_RANK]); /* layout.c */

sned_status onnx_reshape_shape(struct importer *importer, const struct shape *from, bool is_activation,
                               struct shape *to);
sned_status onnx_squeeze_shape(struct importer *importer, const struct shape *from, bool is_activation,
                               struct shape *to);
sned_status onnx_unsqueeze_shape(struct importer *importer, const struct shape *from, bool is_activation,
                                 struct shape *to);
sned_status onnx_transpose_order(struct importer *importer, int rank, int order[GRAPH_MAX_RANK]);

#endif
