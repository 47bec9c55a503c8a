/*
 * blocks.h - what an ONNX model is made of when it is written: the message tree, and its blocks.
 *
 * The tree is built from small blocks that the exporter owns; weights stay in the graph, the tree points at
 * them. The first failure is kept in `status`: every function below does nothing after it, and accepts the
 * NULL that another returned.
 */
#ifndef SNED_IO_ONNX_EXPORT_BLOCKS_H
#define SNED_IO_ONNX_EXPORT_BLOCKS_H

#include "base/names.h"
#include "graph/graph.h"
#include "onnx.pb-c.h"

enum { ONNX_WRITTEN_OPSET = 13, ONNX_WRITTEN_IR_VERSION = 7 };

struct exporter {
    const struct graph *graph;
    sned_error *error;
    sned_status status;
    void **blocks; /* owned: everything of the tree */
    int block_count, block_capacity;
    Onnx__ModelProto model;
    Onnx__GraphProto proto;
    int opset; /* the least that has all operators */
    int node_capacity, initializer_capacity, metadata_capacity;
    struct unique_names names, node_names;
    const char **tensor_names; /* per tensor of the graph; NULL: a constant not written yet */
    int64_t *written_rank;     /* per constant: the rank it was written with */
};

/* count * size zeroed bytes that live as long as the exporter, or NULL. */
void *export_take(struct exporter *exporter, size_t count, size_t size);
char *export_format(struct exporter *exporter, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A name of tensors and initialisers: `wanted`, made unique. */
const char *export_name(struct exporter *exporter, const char *wanted);

/* A node with room for so many inputs and outputs; set with export_input and export_output. `wanted`
 * is made unique. */
Onnx__NodeProto *export_node(struct exporter *exporter, const char *op, const char *wanted, int inputs,
                             int outputs);
void export_input(Onnx__NodeProto *node, const char *name); /* the next one; NULL or "" is an absent one */
void export_output(Onnx__NodeProto *node, const char *name);
void export_int(struct exporter *exporter, Onnx__NodeProto *node, const char *name, int64_t value);
void export_float(struct exporter *exporter, Onnx__NodeProto *node, const char *name, float value);
void export_ints(struct exporter *exporter, Onnx__NodeProto *node, const char *name, const int64_t *values,
                 int count);
void export_string(struct exporter *exporter, Onnx__NodeProto *node, const char *name, const char *text);
/* An initialiser on `data`, which is borrowed; its name, `wanted` made unique. */
const char *export_initializer(struct exporter *exporter, const char *wanted, int type,
                               const struct shape *shape, const void *data);
const char *export_int_list(struct exporter *exporter, const char *wanted, const int64_t *values, int count);
const char *export_number(struct exporter *exporter, const char *wanted, float value);
void export_property(struct exporter *exporter, const char *key, const char *value);

#endif
