/*
 * view.h - Transposes that are not carried out, until someone needs them: view.c says how they are held.
 */
#ifndef SNED_IO_ONNX_NODE_VIEW_H
#define SNED_IO_ONNX_NODE_VIEW_H

#include "io/onnx/node/importer.h"

/* Makes the nodes that a view stands for; nothing where it is none. */
sned_status onnx_straighten(struct importer *importer, struct onnx_value *value);

/* Are both views, of tensors of one shape in one order? */
bool onnx_same_view(const struct importer *importer, const struct onnx_value *a, const struct onnx_value *b);
/* axes[i]: the tensor's axis that is axis i of the value; false where they do not correspond. */
bool onnx_view_axes(const struct importer *importer, const struct onnx_value *value,
                    int axes[GRAPH_MAX_RANK]);
/* A shape of the value's axes as one of the tensor's. */
struct shape onnx_tensor_axes(const struct shape *shape, const int *axes);

/* A node whose output lies as the tensor of `x` does, and is viewed as `x` is. */
sned_status onnx_emit_like(struct importer *importer, enum op op, const int *inputs, int input_count,
                           const struct onnx_value *x, struct node **node);
/* This node's output, emitted in the shape of x's tensor, is viewed as `x` is. */
void onnx_output_like(struct importer *importer, const struct onnx_value *x);
/* This node's output, emitted in the axes of x's tensor, is viewed in those of `x`. */
void onnx_output_turned(struct importer *importer, const struct onnx_value *x);
/* This node's output is x with axis order[i] as its axis i, which is a view, or a Reshape. */
sned_status onnx_emit_turned(struct importer *importer, struct onnx_value *x,
                             const int order[GRAPH_MAX_RANK]);
/* This node's output is x in another shape: a Reshape or Flatten, or a view again. */
sned_status onnx_emit_new_shape(struct importer *importer, const struct onnx_value *x,
                                const struct shape *shape);
/* For a value [1][count]: its tensor becomes [1][count] too. *places (owned, free()) says where the value's
 * elements lie in it, NULL: in order. */
sned_status onnx_flatten_view(struct importer *importer, struct onnx_value *value, int **places);

#endif
