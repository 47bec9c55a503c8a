/*
 * operator.h - what each operator is: a row of one table.
 *
 * A row says what every stage must know of an operator to handle a network that has it: its inputs and what
 * they are for, what kind of operator it is, how shapes follow, what must hold of its attributes. What a
 * stage does with an operator stands in that stage's own table, by the same enum op: a function, or the
 * reason why there is none (codec, runtime, train, compress, io/onnx, accel). Nobody else asks which operator
 * a node has; whoever wants to know asks for a trait.
 *
 * Most operators that only move numbers, and most that work on each number by itself, need no more than their
 * row: `movement` and `value` are enough for every stage's common functions.
 */
#ifndef SNED_GRAPH_OPERATOR_H
#define SNED_GRAPH_OPERATOR_H

#include "graph/graph.h"

/* What an input is for. */
enum input_role {
    INPUT_NONE,       /* behind the last one */
    INPUT_ACTIVATION, /* computed */
    INPUT_OPERAND,    /* computed, or a constant [1] or [C] */
    INPUT_WEIGHTS,    /* a constant that is pruned, packed and counted: [out][...] */
    INPUT_BIAS,       /* optional: a constant [out] beside the weights before it */
    INPUT_CONSTANT,   /* another constant */
    INPUT_TABLE       /* a constant of integer networks alone, which lowering makes */
};

enum operator_trait {
    OPERATOR_MOVES = 1 << 0,     /* each number of the result is one of an input's, or 0: see `movement` */
    OPERATOR_RESHAPES = 1 << 1,  /* and none moves: the same bytes under another shape */
    OPERATOR_SELECTS = 1 << 2,   /* each number of the result is one of the input's, which depends on them */
    OPERATOR_POINTWISE = 1 << 3, /* each number of the result is a function of one number of the input */
    OPERATOR_WINDOW = 1 << 4,    /* u.conv.window or u.pool.window slides over the input */
    OPERATOR_AVERAGES = 1 << 5,  /* over elements that are counted: scalings by count */
    OPERATOR_FUSES = 1 << 6,     /* an activation may be part of the node */
    OPERATOR_ENDING = 1 << 7,    /* logits to probabilities: in floats, also where all else is integers */
    OPERATOR_PASSES = 1 << 8,    /* nothing at all in inference */
    /* Input and output share one quantization, since the integers are the same. */
    OPERATOR_KEEPS_QUANTIZATION = OPERATOR_MOVES | OPERATOR_SELECTS
};

/* How numbers go from one input to one output of a node that moves them, for a batch of 1, in elements:
 *
 *     for each [i0][i1].. of `box`:   output[to_offset   + i0 * to_stride[0]   + i1 * to_stride[1] + ..]
 *                                   =  input[from_offset + i0 * from_stride[0] + i1 * from_stride[1] + ..]
 *
 * No element of an output is written twice; what is not written is 0. None of an input goes twice to one
 * output: so a gradient goes back as the number came. Nothing here is below 0. */
struct movement {
    struct shape box;
    int64_t from_offset, from_stride[GRAPH_MAX_RANK];
    int64_t to_offset, to_stride[GRAPH_MAX_RANK];
};

/* An attribute in struct node, for the stages that check, write and read it (the graph, ONNX, the file). */
enum attribute_kind {
    ATTRIBUTE_INT,    /* an int from `least`, which is 0 or more, to `most` */
    ATTRIBUTE_CHOICE, /* an int, the index of one of `choices`, which are ONNX's words; `least` is 0 */
    ATTRIBUTE_AXIS,   /* an int: an axis of the first input, as ONNX has it until shapes are known */
    ATTRIBUTE_FLOAT   /* a finite one */
};
struct operator_attribute {
    const char *name; /* ONNX's; NULL ends a list */
    enum attribute_kind kind;
    bool is_required; /* by ONNX; else `otherwise` holds where it is absent */
    size_t offset;    /* in struct node */
    int least, most;
    double otherwise;
    const char *const *choices; /* [most + 1] */
};
int sned_attribute_int(const struct node *node, const struct operator_attribute *attribute);
float sned_attribute_float(const struct node *node, const struct operator_attribute *attribute);
void sned_attribute_set_int(struct node *node, const struct operator_attribute *attribute, int value);
void sned_attribute_set_float(struct node *node, const struct operator_attribute *attribute, float value);

/* What a node of an integer network has for its arithmetic (docs/arithmetic.md). */
enum integer_form {
    INTEGER_NONE,    /* it is of float networks alone */
    INTEGER_SAME,    /* nothing: numbers are moved or selected */
    INTEGER_SCALING, /* one scaling */
    INTEGER_INPUTS,  /* a scaling for each of two inputs, of one shift */
    INTEGER_FILTERS, /* a scaling for each filter of its weights */
    INTEGER_COUNTS,  /* a scaling for each number of elements that a window counts */
    INTEGER_SHIFT,   /* a table of multipliers, [LRN_TABLE_SIZE], and a scaling for their one shift */
    INTEGER_LOOKUP,  /* a table with the result of each input, [LOOKUP_TABLE_SIZE] */
    INTEGER_FLOAT    /* nothing: an ending is computed in floats there too */
};

/* The shapes of a node's outputs, [output_count], from those of its inputs, whose data it does not read.
 * Number and kinds of the inputs are right, and listed ints within their range; refuses other attributes that
 * make no shape. */
typedef sned_status infer_function(const struct graph *graph, const struct node *node, struct shape *outputs,
                                   sned_error *error);
/* What else must hold of attributes and constants, shapes and listed attributes being right. */
typedef sned_status check_function(const struct graph *graph, const struct node *node, sned_error *error);
/* Of a checked graph's node: fills *movement, which is all zero for its first pair of input and output, and
 * for the next input, or the next output, that of the pair before. */
typedef void movement_function(const struct graph *graph, const struct node *node, int input, int output,
                               struct movement *movement);
typedef float value_function(const struct node *node, float x);

enum { OPERATOR_MAX_ROLES = 5, OPERATOR_MAX_ATTRIBUTES = 4, OPERATOR_ANY = -1 };

struct operator_row {
    const char *name;                          /* ONNX's: "Conv", "BatchNormalization" */
    int inputs_least, inputs_most;             /* OPERATOR_ANY: up to GRAPH_MAX_NODES */
    int outputs_most;                          /* at least 1; OPERATOR_ANY: as many as there are tensors */
    enum input_role roles[OPERATOR_MAX_ROLES]; /* the last one holds for all further inputs */
    unsigned traits;                           /* of enum operator_trait */
    enum activation_kind activation;           /* that the operator is by itself */
    enum integer_form integer;
    const char *float_only; /* of INTEGER_NONE: how networks become integers without it; "it is .." */
    /* Those of a single value each, in the order of the file; others are their operator's own affair. */
    struct operator_attribute attributes[OPERATOR_MAX_ATTRIBUTES + 1];
    infer_function *infer;
    check_function *check;       /* NULL: nothing else */
    movement_function *movement; /* of OPERATOR_MOVES */
    value_function *value;       /* of INTEGER_LOOKUP: the result of a number, */
    value_function *slope;       /* and its derivative there */
};

/* Never NULL: of an unknown operator a row that takes no input. */
const struct operator_row *sned_operator(enum op op);
bool sned_op_is(enum op op, unsigned traits); /* has one of them */
enum input_role sned_input_role(enum op op, int input);
int sned_table_size(enum op op); /* entries of its INPUT_TABLE; 0: it has none */
/* How numbers go from input to output, both counted from 0, of a checked graph's node; false where its
 * operator does not only move them. */
bool sned_node_movement(const struct graph *graph, const struct node *node, int input, int output,
                        struct movement *movement);
/* The same for those who ask for all pairs, in the order of inputs or of outputs: *movement is that of the
 * pair before, or all zero. */
bool sned_node_next_movement(const struct graph *graph, const struct node *node, int input, int output,
                             struct movement *movement);

#endif
