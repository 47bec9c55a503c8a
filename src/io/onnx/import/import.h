/*
 * import.h - the walk through an ONNX file, from its names to the graph's input, nodes and outputs; read.c
 * goes it.
 */
#ifndef SNED_IO_ONNX_IMPORT_IMPORT_H
#define SNED_IO_ONNX_IMPORT_IMPORT_H

#include "io/onnx/operators/operators.h"

/* ---- names and order (order.c): refuses cycles, undefined and doubly defined names ---- */

sned_status onnx_define_names(struct importer *importer);
/* The nodes that the outputs need, in order; counts who reads each value. */
sned_status onnx_order_nodes(struct importer *importer);

/* ---- nodes (nodes.c) ---- */

bool onnx_is_standard_domain(const char *domain);
/* Whether the operators of all these are handled, before any is converted. */
sned_status onnx_check_operators(struct importer *importer);
/* The node in hand into the graph, or folded. */
sned_status onnx_import_node(struct importer *importer);

/* ---- branches (branch.c) ---- */

/* Node `index` of an If's two branches in a row; NULL past the last, and of any other node. */
const Onnx__NodeProto *onnx_branch_node(const Onnx__NodeProto *node, size_t index);
struct input_cursor {
    size_t part, input; /* 0: the node's own inputs; then those of onnx_branch_node(part - 1) */
};
/* The next name that a node reads, of an If's branches too; NULL after the last. */
const char *onnx_next_input(const Onnx__NodeProto *node, struct input_cursor *cursor);
bool onnx_is_branch(const Onnx__NodeProto *node); /* an If */
/* The branch that the If in hand takes, which its condition says. */
sned_status onnx_choose_branch(struct importer *importer, const Onnx__GraphProto **branch);
/* The If's output is what its branch has made. */
sned_status onnx_leave_branch(struct importer *importer, const Onnx__GraphProto *branch);

/* ---- input and outputs (input.c, output.c, picture.c), and what the file says of them (metadata.c) ---- */

sned_status onnx_make_input(struct importer *importer);
sned_status onnx_make_outputs(struct importer *importer);
/* metadata_props to rule, labels, provenance. */
sned_status onnx_read_metadata(struct importer *importer);
const char *onnx_metadata(const Onnx__ModelProto *model, const char *key); /* or NULL */

/* The shape [1][C][H][W] of the picture that the file has as another shape of the same elements, and fills
 * sizes of that which are open; not set where the input is taken as the file has it. */
struct input_picture {
    bool is_set, channels_last; /* channels_last: the file's elements lie as [H][W][C] */
    struct shape shape;
};
sned_status onnx_find_picture(struct importer *importer, int input, struct shape *file,
                              struct input_picture *picture);

#endif
