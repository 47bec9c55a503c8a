/*
 * importer.h - what the files of the ONNX importer share.
 *
 * The importer walks the file's nodes in topological order. Every name in the file is a `value`: an
 * activation (a tensor of the graph being made, its shape known) or a constant (floats or 64-bit integers). A
 * node whose inputs are all constants is evaluated at once (fold.c); any other is turned into nodes of
 * the graph by its operator's rule (operators.c has the table). Constants are freed after their last
 * reader, or move into the graph: none is ever held twice.
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
    ONNX_WRITTEN_OPSET = 13,
    ONNX_WRITTEN_IR_VERSION = 7,
    ONNX_MAX_NESTING = 32,     /* messages in messages; real files have about 8 */
    ONNX_MAX_FIELDS = 1 << 20, /* messages, strings, unknown fields: bounds what parsing allocates */
    ONNX_MAX_NODES = 1 << 16,
    ONNX_MAX_INPUTS = 1 << 12, /* of one node */
    ONNX_MAX_EXTERNAL_FILES = 1 << 10,
    ONNX_EXTERNAL_OVERLAP = 1 << 26, /* bytes that tensors in other files may have in common */
    ONNX_FOLD_BUDGET = 1 << 24       /* elements that constant folding may add up to */
};

/* ---- bytes (wire.c) ---- */

/* Checks that `data` is a well-formed message of the schema, not nested and not fragmented beyond the limits
 * above, so that the recursive parser may run on it. */
sned_status onnx_scan(const uint8_t *data, size_t size, sned_error *error);

/* ---- the importer ---- */

/* VALUE_POWER: an activation to a power that the graph has no operator for; only a division reads it
 * (lrn.c). */
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
    int readers;                    /* inputs of nodes that are needed, and the output, that name it */
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
    const Onnx__NodeProto *node; /* being converted: errors name it */
    int node_index;
    int output; /* of that node, which is being made: 0 but for Split */
    sned_error *error;
};

/* Fails naming the node in hand: "node 'x' (Op, opset 13): ...". */
sned_status onnx_fail(struct importer *importer, sned_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* order.c: fills order; refuses cycles, undefined and doubly defined names; counts uses. */
sned_status onnx_define_names(struct importer *importer);
sned_status onnx_order_nodes(struct importer *importer);

/* tensor.c: dims and data to shape, kind and data of `value`, moved out of `tensor` where the bytes
 * allow it. */
sned_status onnx_tensor_value(struct importer *importer, Onnx__TensorProto *tensor, struct onnx_value *value);
/* external.c: the `size` bytes of a tensor whose data lies in another file, as its raw data. */
sned_status onnx_external_read(struct importer *importer, Onnx__TensorProto *tensor, size_t size);
uint64_t onnx_external_bytes(const struct importer *importer); /* of all such files that were read */
void onnx_external_close(struct importer *importer);
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
/* Elements of a shape whose dims are 0 or more; false where they do not fit size_t / 8. */
bool onnx_elements(const struct shape *shape, size_t *count);

/* picture.c: the shape [1][C][H][W] of the picture that the file has as another shape of the same
 * elements, and fills sizes of that which are open; not set where the input is taken as the file has it. */
struct input_picture {
    bool is_set, channels_last; /* channels_last: the file's elements lie as [H][W][C] */
    struct shape shape;
};
sned_status onnx_find_picture(struct importer *importer, int input, struct shape *file,
                              struct input_picture *picture);

/* input.c: the graph's input and output; metadata.c: metadata_props to rule, labels, provenance. */
sned_status onnx_make_input(struct importer *importer);
sned_status onnx_make_output(struct importer *importer);
sned_status onnx_read_metadata(struct importer *importer);
const char *onnx_metadata(const Onnx__ModelProto *model, const char *key); /* or NULL */

/* The node in hand into the graph, or folded (read.c). */
sned_status onnx_import_node(struct importer *importer);

/* branch.c: node `index` of an If's two branches in a row; NULL past the last, and of any other node. */
const Onnx__NodeProto *onnx_branch_node(const Onnx__NodeProto *node, size_t index);
struct input_cursor {
    size_t part, input; /* 0: the node's own inputs; then those of onnx_branch_node(part - 1) */
};
/* The next name that a node reads, of an If's branches too; NULL after the last. */
const char *onnx_next_input(const Onnx__NodeProto *node, struct input_cursor *cursor);
sned_status onnx_fold_if(struct importer *importer);

/* ---- attributes, inputs and outputs of the node in hand (node.c) ---- */

const Onnx__AttributeProto *onnx_attribute(const struct importer *importer, const char *name); /* or NULL */
sned_status onnx_attribute_int(struct importer *importer, const char *name, int64_t fallback, int64_t *value);
sned_status onnx_attribute_float(struct importer *importer, const char *name, float fallback, float *value);
/* *values is the file's own array, NULL and 0 where the attribute is absent. */
sned_status onnx_attribute_ints(struct importer *importer, const char *name, const int64_t **values,
                                int *count);
/* *text is the attribute's string in `buffer`, or `fallback`. */
sned_status onnx_attribute_string(struct importer *importer, const char *name, const char *fallback,
                                  char buffer[32]);

int onnx_input_count(const struct importer *importer);
/* Input `index`, aliases resolved and initialisers converted; *value NULL where it is absent. */
sned_status onnx_input(struct importer *importer, int index, struct onnx_value **value);
/* Its view, if it is one, is straightened: the tensor is the value. */
sned_status onnx_input_activation(struct importer *importer, int index, struct onnx_value **value);
/* A constant list of integers; *values NULL where the input is absent. */
sned_status onnx_input_ints(struct importer *importer, int index, const int64_t **values, int *count);
/* The same, of any length. */
sned_status onnx_input_sizes(struct importer *importer, int index, const int64_t **values, int *count);
/* A constant number; *value is `fallback` where the input is absent. */
sned_status onnx_input_number(struct importer *importer, int index, double fallback, double *value);
/* Attribute `name` before `since`, input `index` from then on: what Slice, Pad, Squeeze and others changed.
 */
sned_status onnx_ints(struct importer *importer, const char *name, int index, int since,
                      const int64_t **values, int *count);
/* Input `index` (a float constant) as a tensor of the graph in `shape`, which has its number of elements.
 * *tensor is -1 where the input is absent. */
sned_status onnx_input_weights(struct importer *importer, int index, const struct shape *shape, int *tensor);
/* The same with data made anew (taken over, also on failure); named after `value`, or the node where NULL. */
sned_status onnx_add_constant(struct importer *importer, const struct onnx_value *value,
                              const struct shape *shape, float *data, int *tensor);
/* Input `index` as floats that the caller may change and owns: moved where this was the last reader. */
sned_status onnx_take_floats(struct importer *importer, int index, float **data, struct shape *shape);

/* A node of the graph on `inputs` whose output is this node's first output. */
sned_status onnx_emit(struct importer *importer, enum op op, const int *inputs, int input_count,
                      const struct shape *shape, struct node **node);
/* The same, but its output *tensor is one more step on the way to this node's output; "suffix" ends its name.
 */
sned_status onnx_emit_step(struct importer *importer, enum op op, const int *inputs, int input_count,
                           const struct shape *shape, const char *suffix, int *tensor, struct node **node);
sned_status onnx_emit_reshape(struct importer *importer, int input, const struct shape *shape);
sned_status onnx_emit_reshape_step(struct importer *importer, int input, const struct shape *shape,
                                   const char *suffix, int *tensor);
/* This node's first output is `value` itself. */
sned_status onnx_emit_alias(struct importer *importer, const struct onnx_value *value);
/* This node's first output is a constant; data is taken over, also on failure. */
sned_status onnx_emit_constant(struct importer *importer, enum value_kind kind, const struct shape *shape,
                               void *data);
/* The output of the node in hand. The name of the node that makes `value`, or one made from its operator and
 * place; of an input, its own. */
struct onnx_value *onnx_output(struct importer *importer);
void onnx_node_name(const struct importer *importer, const struct onnx_value *value, char *name, size_t size);
/* A node on *tensor, which becomes its output, with these names as far as they are free. */
sned_status onnx_emit_named(struct importer *importer, enum op op, int *tensor, const struct shape *shape,
                            const char *name, const char *node_name, struct node **node);
/* `axis` in [-rank, rank) to [0, rank). */
sned_status onnx_axis(struct importer *importer, int64_t axis, int rank, int *resolved);

/* ---- views (view.c) ---- */

/* An activation as it is: its tensor may be in another order or shape (value->view). */
sned_status onnx_input_view(struct importer *importer, int index, struct onnx_value **value);
/* Makes the nodes that a view stands for; nothing where it is none. */
sned_status onnx_straighten(struct importer *importer, struct onnx_value *value);
/* A node whose output lies as the tensor of `x` does, and is viewed as `x` is. */
sned_status onnx_emit_like(struct importer *importer, enum op op, const int *inputs, int input_count,
                           const struct onnx_value *x, struct node **node);
/* This node's output, emitted in the shape of x's tensor, is viewed as `x` is. */
void onnx_output_like(struct importer *importer, const struct onnx_value *x);
/* Are both views, of tensors of one shape in one order? */
bool onnx_same_view(const struct importer *importer, const struct onnx_value *a, const struct onnx_value *b);
/* axes[i]: the tensor's axis that is axis i of the value; false where they do not correspond. */
bool onnx_view_axes(const struct importer *importer, const struct onnx_value *value,
                    int axes[GRAPH_MAX_RANK]);
/* For operators that work along axes: an input whose axis i is axis axes[i] of its tensor, straightened where
 * need be. onnx_tensor_axes: a shape of the value's axes as one of the tensor's. onnx_output_turned: this
 * node's output, emitted in the tensor's axes, is viewed in those of x. */
sned_status onnx_input_axes(struct importer *importer, int index, struct onnx_value **value,
                            int axes[GRAPH_MAX_RANK]);
struct shape onnx_tensor_axes(const struct shape *shape, const int *axes);
void onnx_output_turned(struct importer *importer, const struct onnx_value *x);
/* This node's output is x in another shape: a Reshape or Flatten, or a view again. */
sned_status onnx_emit_new_shape(struct importer *importer, const struct onnx_value *x,
                                const struct shape *shape);
/* For a value [1][count]: its tensor becomes [1][count] too. *places (owned, free()) says where the value's
 * elements lie in it, NULL: in order. */
sned_status onnx_flatten_view(struct importer *importer, struct onnx_value *value, int **places);
/* Input `index`, a constant of `count` floats, with element i at places[i]; owned, free(). */
sned_status onnx_take_placed(struct importer *importer, int index, const int *places, int count,
                             float **data);

/* ---- operators (operators.c and the files named there) ---- */

struct operator_rule {
    const char *name;
    size_t most_inputs;
    const char *attributes; /* that are understood, between spaces; any other is refused */
    sned_status (*convert)(struct importer *importer); /* with an activation among the inputs; NULL: none */
    sned_status (*fold)(
        struct importer *importer); /* all inputs constant; NULL: convert, which then refuses */
};
const struct operator_rule *onnx_operator(const char *name); /* or NULL */

sned_status onnx_convert_conv(struct importer *importer); /* window.c */
sned_status onnx_convert_max_pool(struct importer *importer);
sned_status onnx_convert_average_pool(struct importer *importer);

sned_status onnx_convert_gemm(struct importer *importer); /* linear.c */
sned_status onnx_convert_matmul(struct importer *importer);
sned_status onnx_convert_batch_normalization(struct importer *importer);
/* Input `index`, any shape that broadcasts to [1][count], as [count] times beta; -1 where it is absent. */
sned_status onnx_linear_bias(struct importer *importer, int index, float beta, int64_t count, int *tensor);

sned_status onnx_convert_add(struct importer *importer); /* binary.c */
sned_status onnx_convert_sub(struct importer *importer);
sned_status onnx_convert_sum(struct importer *importer);
sned_status onnx_convert_mul(struct importer *importer);
sned_status onnx_convert_div(struct importer *importer);

sned_status onnx_convert_lrn(struct importer *importer); /* lrn.c */
sned_status onnx_convert_pow(struct importer *importer);
/* x / power, where the whole is an LRN written as arithmetic. */
sned_status onnx_convert_division_by_power(struct importer *importer, const struct onnx_value *x,
                                           const struct onnx_value *power);

sned_status onnx_convert_global_average_pool(struct importer *importer); /* reduce.c */
sned_status onnx_convert_global_max_pool(struct importer *importer);
sned_status onnx_convert_reduce_mean(struct importer *importer);
sned_status onnx_convert_reduce_sum(struct importer *importer);
sned_status onnx_convert_reduce_max(struct importer *importer);

sned_status onnx_convert_concat(struct importer *importer); /* layout.c */
sned_status onnx_convert_slice(struct importer *importer);
sned_status onnx_convert_pad(struct importer *importer);
sned_status onnx_convert_flatten(struct importer *importer);
sned_status onnx_convert_reshape(struct importer *importer);
sned_status onnx_convert_transpose(struct importer *importer);
sned_status onnx_convert_split(struct importer *importer); /* select.c */
sned_status onnx_convert_gather(struct importer *importer);
sned_status onnx_convert_prelu(struct importer *importer); /* prelu.c */
sned_status onnx_convert_cast(struct importer *importer);  /* cast.c */
sned_status onnx_fold_cast(struct importer *importer);
sned_status onnx_convert_squeeze(struct importer *importer);
sned_status onnx_convert_unsqueeze(struct importer *importer);

/* What both the conversion and the folding of an operator need to know. */
struct slice_range {
    int64_t start, step, count; /* elements start, start + step, ... */
};
sned_status onnx_slice_ranges(struct importer *importer, const struct shape *shape,
                              struct slice_range ranges[GRAPH_MAX_RANK]);
sned_status onnx_reshape_shape(struct importer *importer, const struct shape *from, bool is_activation,
                               struct shape *to);
sned_status onnx_squeeze_shape(struct importer *importer, const struct shape *from, bool is_activation,
                               struct shape *to);
sned_status onnx_unsqueeze_shape(struct importer *importer, const struct shape *from, bool is_activation,
                                 struct shape *to);
sned_status onnx_transpose_order(struct importer *importer, int rank, int order[GRAPH_MAX_RANK]);

sned_status onnx_fold_constant(struct importer *importer); /* fold.c */
sned_status onnx_fold_shape(struct importer *importer);
sned_status onnx_fold_constant_of_shape(struct importer *importer);
sned_status onnx_fold_identity(struct importer *importer);
sned_status onnx_fold_reshape(struct importer *importer);
sned_status onnx_fold_squeeze(struct importer *importer);
sned_status onnx_fold_unsqueeze(struct importer *importer);
sned_status onnx_fold_arithmetic(struct importer *importer); /* fold_arrays.c */
sned_status onnx_fold_gather(struct importer *importer);
sned_status onnx_fold_concat(struct importer *importer);
sned_status onnx_fold_slice(struct importer *importer);
sned_status onnx_fold_transpose(struct importer *importer);
/* Memory for a folded constant of `shape`, taken from the budget. */
sned_status onnx_fold_alloc(struct importer *importer, enum value_kind kind, const struct shape *shape,
                            void **data, size_t *count);

#endif
