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
    OPERATOR_MOVES = 1 << 0, /* each number of the result is one of an input's, or 0: `movement` says which */
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

/* How numbers go from one input to one output of a node that moves them: element [i0][i1].. of `box` from
 * from_offset + i0 * from_stride[0] + i1 * from_stride[1].. to to_offset + i0 * to_stride[0] + .., in elements.
 * What no element of a box goes to is 0. */
struct movement {
    struct shape box;
    int64_t from_offset, from_stride[GRAPH_MAX_RANK];
    int64_t to_offset, to_stride[GRAPH_MAX_RANK];
};

/* An attribute of node->u, for the stages that write and read it (ONNX, the file). */
enum attribute_kind {
    ATTRIBUTE_INT,   /* an int from `least` to `most` */
    ATTRIBUTE_CHOICE /* an int, index of one of `choices`, which are ONNX's words */
};
struct operator_attribute {
    const char *name; /* ONNX's */
    enum attribute_kind kind;
    size_t offset; /* in struct node */
    int least, most, otherwise;
    const char *const *choices;
};

enum { OPERATOR_MAX_ROLES = 5, OPERATOR_MAX_ATTRIBUTES = 4, OPERATOR_ANY = -1 };

struct operator_row {
    const char *name;                          /* ONNX's: "Conv", "BatchNormalization" */
    int inputs_least, inputs_most;             /* OPERATOR_ANY: as many as there are tensors */
    int outputs_most;                          /* OPERATOR_ANY: likewise; at least 1 */
    enum input_role roles[OPERATOR_MAX_ROLES]; /* the last one holds for all further inputs */
    unsigned traits;                           /* of enum operator_trait */
    enum activation_kind activation;           /* that the operator is by itself */
};

/* Never NULL: of an unknown operator a row that takes no input. */
const struct operator_row *sned_operator(enum op op);
bool sned_op_is(enum op op, unsigned traits); /* has one of them */
enum input_role sned_input_role(enum op op, int input);

#endif
