/*
 * emit.h - nodes and constants of the graph, made of the node in hand.
 */
#ifndef SNED_IO_ONNX_NODE_EMIT_H
#define SNED_IO_ONNX_NODE_EMIT_H

#include "io/onnx/node/importer.h"

/* The output of the node in hand that is being made. */
struct onnx_value *onnx_output(struct importer *importer);

/* A node of the graph on `inputs` whose output is this node's. */
sned_status onnx_emit(struct importer *importer, enum op op, const int *inputs, int input_count,
                      const struct shape *shape, struct node **node);
/* A node with all outputs of the node in hand, shapes [n_output]. */
sned_status onnx_emit_outputs(struct importer *importer, enum op op, const int *inputs, int input_count,
                              const struct shape *shapes, struct node **node);
/* A node whose output *tensor is one more step on the way to this node's output; "suffix" ends its name. */
sned_status onnx_emit_step(struct importer *importer, enum op op, const int *inputs, int input_count,
                           const struct shape *shape, const char *suffix, int *tensor, struct node **node);
/* A node on *tensor, which becomes its output, with these names as far as they are free. */
sned_status onnx_emit_named(struct importer *importer, enum op op, int *tensor, const struct shape *shape,
                            const char *name, const char *node_name, struct node **node);
sned_status onnx_emit_reshape(struct importer *importer, int input, const struct shape *shape);
sned_status onnx_emit_reshape_step(struct importer *importer, int input, const struct shape *shape,
                                   const char *suffix, int *tensor);

/* This node's output is `value` itself. */
sned_status onnx_emit_alias(struct importer *importer, const struct onnx_value *value);
/* This node's output is a constant; data is taken over, also on failure. */
sned_status onnx_emit_constant(struct importer *importer, enum value_kind kind, const struct shape *shape,
                               void *data);
/* A constant of the graph: data is taken over, also on failure; named after `value`, or the
 * node where NULL. */
sned_status onnx_add_constant(struct importer *importer, const struct onnx_value *value,
                              const struct shape *shape, float *data, int *tensor);

#endif
