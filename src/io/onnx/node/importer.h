/*
 * importer.h - what is known while an ONNX file is read: its values, and the node in hand.
 *
 * The importer walks the file's nodes in topological order. Every name in the file is a value: an activation
 * (a tensor of the graph being made, its shape known) or a constant (floats or 64-bit integers). A node whose
 * inputs are all constants is evaluated at once; any other is turned into nodes of the graph by its
 * operator's rule (operators/operators.c has the table). Constants are freed after their last reader, or move
 * into the graph: none is ever held twice.
 *
 *     importer.h     this: values, errors that name the node
 *     attributes.h   of the node in hand
 *     tensor.h       constants of the file, and those in files beside it
 *     inputs.h       of the node in hand: activations and constants
 *     emit.h         nodes and constants of the graph that the node in hand becomes
 *     view.h         Transposes that are not carried out until someone needs them
 */
#ifndef SNED_IO_ONNX_NODE_IMPORTER_H
#define SNED_IO_ONNX_NODE_IMPORTER_H

#include "base/memory.h"
#include "base/names.h"
#include "graph/graph.h"
#include "io/onnx/onnx.h"
#include "onnx.pb-c.h"

enum {
    ONNX_MIN_OPSET = 7,
    ONNX_MAX_OPSET = 28,
    ONNX_MAX_NODES = 1 << 16,
    ONNX_MAX_INPUTS = 1 << 12, /* of one node */
    ONNX_MAX_EXTERNAL_FILES = 1 << 10,
    ONNX_EXTERNAL_OVERLAP = 1 << 26, /* bytes that tensors in other files may have in common */
    ONNX_FOLD_BUDGET = 1 << 24       /* elements that constant folding may add up to */
};

/* VALUE_POWER: an activation to a power that the graph has no operator for; only a division
 * reads it (operators/lrn.c). */
enum value_kind { VALUE_UNKNOWN, VALUE_ACTIVATION, VALUE_POWER, VALUE_FLOATS, VALUE_INTEGERS };

/* An activation that is a tensor of the graph in another order or shape (view.c). */
struct onnx_view {
    bool is_set; /* false: it is the tensor as it lies */
    struct shape base;
    int order[GRAPH_MAX_RANK];
};

struct onnx_value {
    const char *name; /* borrowed from the parsed file */
    enum value_kind kind;
    struct shape shape;
    void *data;                     /* constants: float or int64_t; owned here while tensor is -1 */
    int tensor;                     /* in the graph; -1: not there (yet); VALUE_POWER: that of the base */
    struct onnx_view view;          /* of that tensor */
    float exponent;                 /* VALUE_POWER */
    int node;                       /* of the file, that makes it; -1: input or initialiser */
    int made_by;                    /* node of the graph whose output this activation is; -1: none */
    int alias;                      /* another value that this one is, or -1 */
    int readers;                    /* inputs of nodes that are needed, and outputs, that name it */
    int uses;                       /* those of them still to come */
    Onnx__TensorProto *initializer; /* not converted yet */
};

/* A file of weights beside the model (external.c). */
struct external_file {
    const char *location; /* as the model has it; borrowed */
    int descriptor;
    uint64_t size;
    char checksum[41]; /* SHA-1 in hexadecimal digits; empty: not computed yet */
};

struct importer {
    const char *path; /* of the model */
    struct onnx_options options;
    Onnx__ModelProto *model;
    Onnx__GraphProto *proto; /* model's */
    int opset;
    struct graph *graph;
    struct onnx_value *values;
    int value_count;
    struct name_map names; /* of values */
    struct unique_names tensor_names, node_names;
    int *order; /* the live nodes of the file, topologically */
    int order_count;
    int64_t batch;        /* as declared for the input; 1 where it is symbolic */
    bool is_batch_open;   /* it is symbolic */
    bool is_input_narrow; /* it is of float16 or bfloat16 */
    int narrow_casts;     /* of activations to those, which are left out */
    size_t fold_budget;   /* elements left to constant folding */
    struct external_file *external_files;
    int external_count;
    uint64_t external_room;      /* bytes that tensors may still read from them */
    const Onnx__NodeProto *node; /* being converted: errors name it; NULL: none, as at the outputs */
    int node_index;
    int output; /* of that node, which is being made: 0 but for Split */
    sned_error *error;
};

/* Fails naming the node in hand, if there is one: "node 'x' (Op, opset 13): ...". */
sned_status onnx_fail(struct importer *importer, sned_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The name of the node in hand, or one made from its operator and place. */
void onnx_name_in_hand(const struct importer *importer, char *name, size_t size);
/* The same of the node that makes `value`; of an input, its own. */
void onnx_node_name(const struct importer *importer, const struct onnx_value *value, char *name, size_t size);
/* The value of a name that is defined, aliases resolved. */
struct onnx_value *onnx_find_value(struct importer *importer, const char *name);
/* `axis` in [-rank, rank) to [0, rank). */
sned_status onnx_axis(struct importer *importer, int64_t axis, int rank, int *resolved);

/* float16 or bfloat16: what activations are rounded to in the file, but not here. */
static inline bool onnx_is_narrow(int64_t type)
{
    return type == ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16 || type == ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16;
}
/* Floats or integers that are known now. */
static inline bool onnx_is_constant(const struct onnx_value *value)
{
    return value->kind == VALUE_FLOATS || value->kind == VALUE_INTEGERS;
}

#endif
