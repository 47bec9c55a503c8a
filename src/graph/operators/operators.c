/*
 * operators.c - the table of operators (operator.h). A new operator is a row here, with functions in a file
 * beside this one, and a row in the table of each stage that it goes through.
 */
#include "graph/operators/functions.h"

#include <stddef.h>
#include <string.h>

#define INPUTS(least, most) .inputs_least = (least), .inputs_most = (most)
#define ROLES(...)          .outputs_most = 1, .roles = {__VA_ARGS__}
#define ACTIVATION_ONLY     INPUTS(1, 1), ROLES(INPUT_ACTIVATION)
#define INT(name, member, ...)                                                                               \
    {                                                                                                        \
        name, ATTRIBUTE_INT, .offset = offsetof(struct node, member), __VA_ARGS__                            \
    }
#define CHOICE(name, member, ...)                                                                            \
    {                                                                                                        \
        name, ATTRIBUTE_CHOICE, .offset = offsetof(struct node, member), __VA_ARGS__                         \
    }
#define FLOAT(name, member, ...)                                                                             \
    {                                                                                                        \
        name, ATTRIBUTE_FLOAT, .offset = offsetof(struct node, member), __VA_ARGS__                          \
    }
#define AXIS(member, ...)                                                                                    \
    {                                                                                                        \
        "axis", ATTRIBUTE_AXIS, .offset = offsetof(struct node, member), __VA_ARGS__                         \
    }

static const struct operator_row rows[OP_COUNT] = {
    [OP_CONV] = {.name = "Conv",
                 INPUTS(2, 3),
                 ROLES(INPUT_ACTIVATION, INPUT_WEIGHTS, INPUT_BIAS),
                 .traits = OPERATOR_WINDOW | OPERATOR_FUSES,
                 .integer = INTEGER_FILTERS,
                 .infer = sned_infer_conv},
    [OP_GEMM] = {.name = "Gemm",
                 INPUTS(2, 3),
                 ROLES(INPUT_ACTIVATION, INPUT_WEIGHTS, INPUT_BIAS),
                 .traits = OPERATOR_FUSES,
                 .integer = INTEGER_FILTERS,
                 .infer = sned_infer_gemm},
    [OP_BATCH_NORMALIZATION] =
        {.name = "BatchNormalization",
         INPUTS(5, 5),
         ROLES(INPUT_ACTIVATION, INPUT_CONSTANT),
         .attributes = {FLOAT("epsilon", u.batch_normalization.epsilon, .otherwise = 1e-5),
                        FLOAT("momentum", u.batch_normalization.momentum, .otherwise = 0.9)},
         .float_only = "it is folded into the layer before it when the network is prepared",
         .infer = sned_infer_batch_normalization,
         .check = sned_check_batch_normalization},
    [OP_RELU] = {.name = "Relu",
                 ACTIVATION_ONLY,
                 .traits = OPERATOR_POINTWISE,
                 .activation = ACTIVATION_RELU,
                 .integer = INTEGER_SCALING,
                 .infer = sned_infer_same},
    [OP_CLIP] = {.name = "Clip",
                 ACTIVATION_ONLY,
                 .traits = OPERATOR_POINTWISE,
                 .activation = ACTIVATION_CLIP,
                 .integer = INTEGER_SCALING,
                 .infer = sned_infer_same},
    [OP_LEAKY_RELU] = {.name = "LeakyRelu",
                       ACTIVATION_ONLY,
                       .traits = OPERATOR_POINTWISE,
                       .activation = ACTIVATION_LEAKY_RELU,
                       .integer = INTEGER_SCALING,
                       .infer = sned_infer_same},
    [OP_MAX_POOL] = {.name = "MaxPool",
                     ACTIVATION_ONLY,
                     .traits = OPERATOR_WINDOW | OPERATOR_SELECTS,
                     .integer = INTEGER_SAME,
                     .infer = sned_infer_pool},
    [OP_AVERAGE_POOL] = {.name = "AveragePool",
                         ACTIVATION_ONLY,
                         .traits = OPERATOR_WINDOW | OPERATOR_AVERAGES,
                         .integer = INTEGER_COUNTS,
                         .infer = sned_infer_pool},
    [OP_GLOBAL_AVERAGE_POOL] = {.name = "GlobalAveragePool",
                                ACTIVATION_ONLY,
                                .traits = OPERATOR_AVERAGES,
                                .integer = INTEGER_COUNTS,
                                .infer = sned_infer_global_pool},
    [OP_LRN] = {.name = "LRN",
                INPUTS(1, 2),
                ROLES(INPUT_ACTIVATION, INPUT_TABLE),
                .integer = INTEGER_SHIFT,
                .attributes = {INT("size", u.lrn.size, .is_required = true, .least = 1,
                                   .most = GRAPH_MAX_LRN_SIZE),
                               FLOAT("alpha", u.lrn.alpha, .otherwise = 1e-4),
                               FLOAT("beta", u.lrn.beta, .otherwise = 0.75),
                               FLOAT("bias", u.lrn.bias, .otherwise = 1)},
                .infer = sned_infer_lrn,
                .check = sned_check_lrn},
    [OP_HARD_SWISH] = {.name = "HardSwish",
                       INPUTS(1, 2),
                       ROLES(INPUT_ACTIVATION, INPUT_TABLE),
                       .traits = OPERATOR_POINTWISE,
                       .integer = INTEGER_LOOKUP,
                       .infer = sned_infer_same,
                       .value = sned_hard_swish,
                       .slope = sned_hard_swish_slope},
    [OP_ADD] = {.name = "Add",
                INPUTS(2, 2),
                ROLES(INPUT_ACTIVATION, INPUT_OPERAND),
                .traits = OPERATOR_FUSES,
                .integer = INTEGER_INPUTS,
                .infer = sned_infer_binary},
    [OP_MUL] = {.name = "Mul",
                INPUTS(2, 2),
                ROLES(INPUT_ACTIVATION, INPUT_OPERAND),
                .traits = OPERATOR_FUSES,
                .integer = INTEGER_SCALING,
                .infer = sned_infer_binary},
    [OP_CONCAT] = {.name = "Concat",
                   INPUTS(1, OPERATOR_ANY),
                   ROLES(INPUT_ACTIVATION, INPUT_ACTIVATION),
                   .traits = OPERATOR_MOVES,
                   .integer = INTEGER_SAME,
                   .attributes = {AXIS(u.concat.axis, .is_required = true)},
                   .infer = sned_infer_concat,
                   .movement = sned_move_concat},
    [OP_SPLIT] = {.name = "Split",
                  INPUTS(1, 1),
                  .outputs_most = OPERATOR_ANY,
                  .roles = {INPUT_ACTIVATION},
                  .traits = OPERATOR_MOVES,
                  .integer = INTEGER_SAME,
                  .attributes = {AXIS(u.split.axis)},
                  .infer = sned_infer_split,
                  .movement = sned_move_split},
    [OP_SLICE] = {.name = "Slice",
                  ACTIVATION_ONLY,
                  .traits = OPERATOR_MOVES,
                  .integer = INTEGER_SAME,
                  .infer = sned_infer_slice,
                  .movement = sned_move_slice},
    [OP_PAD] = {.name = "Pad",
                ACTIVATION_ONLY,
                .traits = OPERATOR_MOVES,
                .integer = INTEGER_SAME,
                .infer = sned_infer_pad,
                .movement = sned_move_pad},
    [OP_FLATTEN] = {.name = "Flatten",
                    ACTIVATION_ONLY,
                    .traits = OPERATOR_MOVES | OPERATOR_RESHAPES,
                    .integer = INTEGER_SAME,
                    .attributes = {AXIS(u.flatten.axis, .otherwise = 1)},
                    .infer = sned_infer_flatten,
                    .movement = sned_move_all},
    [OP_RESHAPE] = {.name = "Reshape",
                    ACTIVATION_ONLY,
                    .traits = OPERATOR_MOVES | OPERATOR_RESHAPES,
                    .integer = INTEGER_SAME,
                    .infer = sned_infer_reshape,
                    .movement = sned_move_all},
    [OP_TRANSPOSE] = {.name = "Transpose",
                      ACTIVATION_ONLY,
                      .traits = OPERATOR_MOVES,
                      .integer = INTEGER_SAME,
                      .infer = sned_infer_transpose,
                      .movement = sned_move_transpose},
    [OP_DEPTH_TO_SPACE] = {.name = "DepthToSpace",
                           ACTIVATION_ONLY,
                           .traits = OPERATOR_MOVES,
                           .integer = INTEGER_SAME,
                           .attributes = {INT("blocksize", u.depth_to_space.block, .is_required = true,
                                              .least = 1, .most = GRAPH_MAX_WINDOW),
                                          CHOICE("mode", u.depth_to_space.mode, .most = DEPTH_CRD,
                                                 .choices = sned_depth_modes)},
                           .infer = sned_infer_depth_to_space,
                           .movement = sned_move_depth_to_space},
    [OP_SOFTMAX] = {.name = "Softmax",
                    ACTIVATION_ONLY,
                    .traits = OPERATOR_ENDING,
                    .integer = INTEGER_FLOAT,
                    .attributes = {AXIS(u.softmax.axis, .otherwise = -1)},
                    .infer = sned_infer_softmax},
    [OP_LOG_SOFTMAX] = {.name = "LogSoftmax",
                        ACTIVATION_ONLY,
                        .traits = OPERATOR_ENDING,
                        .integer = INTEGER_FLOAT,
                        .attributes = {AXIS(u.softmax.axis, .otherwise = -1)},
                        .infer = sned_infer_softmax},
    [OP_SIGMOID] = {.name = "Sigmoid",
                    ACTIVATION_ONLY,
                    .traits = OPERATOR_ENDING,
                    .integer = INTEGER_FLOAT,
                    .infer = sned_infer_same},
    [OP_DROPOUT] = {.name = "Dropout",
                    ACTIVATION_ONLY,
                    .traits = OPERATOR_PASSES,
                    .float_only = "it is of training, and removed when the network is prepared",
                    .infer = sned_infer_same,
                    .check = sned_check_dropout},
    [OP_IDENTITY] = {.name = "Identity",
                     ACTIVATION_ONLY,
                     .traits = OPERATOR_PASSES | OPERATOR_MOVES | OPERATOR_RESHAPES,
                     .float_only = "it is removed when the network is prepared",
                     .infer = sned_infer_same,
                     .movement = sned_move_all},
};

static const struct operator_row unknown = {.name = "unknown operator", .float_only = "it is unknown"};

const struct operator_row *sned_operator(enum op op)
{
    return (unsigned)op < OP_COUNT ? &rows[op] : &unknown;
}

const char *sned_op_name(enum op op)
{
    return sned_operator(op)->name;
}

bool sned_op_is(enum op op, unsigned traits)
{
    return (sned_operator(op)->traits & traits) != 0;
}

enum input_role sned_input_role(enum op op, int input)
{
    const struct operator_row *row = sned_operator(op);
    int role = input < OPERATOR_MAX_ROLES ? input : OPERATOR_MAX_ROLES - 1;
    while (role > 0 && row->roles[role] == INPUT_NONE)
        role--;
    return row->roles[role];
}

int sned_table_size(enum op op)
{
    const enum integer_form form = sned_operator(op)->integer;
    return form == INTEGER_SHIFT ? LRN_TABLE_SIZE : form == INTEGER_LOOKUP ? LOOKUP_TABLE_SIZE : 0;
}

bool sned_node_next_movement(const struct graph *graph, const struct node *node, int input, int output,
                             struct movement *movement)
{
    const struct operator_row *row = sned_operator(node->op);
    if (row->movement)
        row->movement(graph, node, input, output, movement);
    return row->movement != NULL;
}

/* Only what joins has several inputs, only what splits several outputs. */
bool sned_node_movement(const struct graph *graph, const struct node *node, int input, int output,
                        struct movement *movement)
{
    bool moves = true;
    *movement = (struct movement){0};
    for (int i = 0; i <= input && moves; i++)
        moves = sned_node_next_movement(graph, node, i, 0, movement);
    for (int o = 1; o <= output && moves; o++)
        moves = sned_node_next_movement(graph, node, 0, o, movement);
    return moves;
}

/* ---- listed attributes ---- */

int sned_attribute_int(const struct node *node, const struct operator_attribute *attribute)
{
    int value;
    memcpy(&value, (const char *)node + attribute->offset, sizeof value);
    return value;
}

float sned_attribute_float(const struct node *node, const struct operator_attribute *attribute)
{
    float value;
    memcpy(&value, (const char *)node + attribute->offset, sizeof value);
    return value;
}

void sned_attribute_set_int(struct node *node, const struct operator_attribute *attribute, int value)
{
    memcpy((char *)node + attribute->offset, &value, sizeof value);
}

void sned_attribute_set_float(struct node *node, const struct operator_attribute *attribute, float value)
{
    memcpy((char *)node + attribute->offset, &value, sizeof value);
}

/* ---- weights ---- */

int sned_node_weight_count(const struct node *node)
{
    const struct operator_row *row = sned_operator(node->op);
    int count = 0;
    for (int i = 0; i < OPERATOR_MAX_ROLES; i++)
        count += row->roles[i] == INPUT_WEIGHTS;
    return count;
}

int sned_node_weights_input(const struct node *node, int index)
{
    const struct operator_row *row = sned_operator(node->op);
    for (int i = 0; i < OPERATOR_MAX_ROLES; i++)
        if (row->roles[i] == INPUT_WEIGHTS && index-- == 0)
            return i;
    return -1;
}

int sned_node_bias_input(const struct node *node, int index)
{
    const int bias = sned_node_weights_input(node, index) + 1;
    return bias > 0 && bias < node->input_count && sned_input_role(node->op, bias) == INPUT_BIAS ? bias : -1;
}

bool sned_node_has_weights(const struct node *node)
{
    return sned_node_weight_count(node) > 0;
}
