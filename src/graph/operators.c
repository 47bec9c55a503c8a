/*
 * operators.c - the table of operators (operator.h). A new operator is a row here, and a row in the table of
 * each stage that it goes through.
 */
#include "graph/operator.h"

#define ACTIVATION_ONLY .inputs_least = 1, .inputs_most = 1, .outputs_most = 1, .roles = {INPUT_ACTIVATION}

static const struct operator_row rows[OP_COUNT] = {
    [OP_CONV] = {.name = "Conv",
                 .inputs_least = 2,
                 .inputs_most = 3,
                 .outputs_most = 1,
                 .roles = {INPUT_ACTIVATION, INPUT_WEIGHTS, INPUT_BIAS},
                 .traits = OPERATOR_WINDOW | OPERATOR_FUSES},
    [OP_GEMM] = {.name = "Gemm",
                 .inputs_least = 2,
                 .inputs_most = 3,
                 .outputs_most = 1,
                 .roles = {INPUT_ACTIVATION, INPUT_WEIGHTS, INPUT_BIAS},
                 .traits = OPERATOR_FUSES},
    [OP_BATCH_NORMALIZATION] = {.name = "BatchNormalization",
                                .inputs_least = 5,
                                .inputs_most = 5,
                                .outputs_most = 1,
                                .roles = {INPUT_ACTIVATION, INPUT_CONSTANT}},
    [OP_RELU] = {.name = "Relu",
                 ACTIVATION_ONLY,
                 .traits = OPERATOR_POINTWISE,
                 .activation = ACTIVATION_RELU},
    [OP_CLIP] = {.name = "Clip",
                 ACTIVATION_ONLY,
                 .traits = OPERATOR_POINTWISE,
                 .activation = ACTIVATION_CLIP},
    [OP_LEAKY_RELU] = {.name = "LeakyRelu",
                       ACTIVATION_ONLY,
                       .traits = OPERATOR_POINTWISE,
                       .activation = ACTIVATION_LEAKY_RELU},
    [OP_MAX_POOL] = {.name = "MaxPool", ACTIVATION_ONLY, .traits = OPERATOR_WINDOW | OPERATOR_SELECTS},
    [OP_AVERAGE_POOL] = {.name = "AveragePool",
                         ACTIVATION_ONLY,
                         .traits = OPERATOR_WINDOW | OPERATOR_AVERAGES},
    [OP_GLOBAL_AVERAGE_POOL] = {.name = "GlobalAveragePool", ACTIVATION_ONLY, .traits = OPERATOR_AVERAGES},
    [OP_LRN] = {.name = "LRN",
                .inputs_least = 1,
                .inputs_most = 2,
                .outputs_most = 1,
                .roles = {INPUT_ACTIVATION, INPUT_TABLE}},
    [OP_ADD] = {.name = "Add",
                .inputs_least = 2,
                .inputs_most = 2,
                .outputs_most = 1,
                .roles = {INPUT_ACTIVATION, INPUT_OPERAND},
                .traits = OPERATOR_FUSES},
    [OP_MUL] = {.name = "Mul",
                .inputs_least = 2,
                .inputs_most = 2,
                .outputs_most = 1,
                .roles = {INPUT_ACTIVATION, INPUT_OPERAND},
                .traits = OPERATOR_FUSES},
    [OP_CONCAT] = {.name = "Concat",
                   .inputs_least = 1,
                   .inputs_most = OPERATOR_ANY,
                   .outputs_most = 1,
                   .roles = {INPUT_ACTIVATION, INPUT_ACTIVATION},
                   .traits = OPERATOR_MOVES},
    [OP_SPLIT] = {.name = "Split",
                  .inputs_least = 1,
                  .inputs_most = 1,
                  .outputs_most = OPERATOR_ANY,
                  .roles = {INPUT_ACTIVATION},
                  .traits = OPERATOR_MOVES},
    [OP_SLICE] = {.name = "Slice", ACTIVATION_ONLY, .traits = OPERATOR_MOVES},
    [OP_PAD] = {.name = "Pad", ACTIVATION_ONLY, .traits = OPERATOR_MOVES},
    [OP_FLATTEN] = {.name = "Flatten", ACTIVATION_ONLY, .traits = OPERATOR_MOVES | OPERATOR_RESHAPES},
    [OP_RESHAPE] = {.name = "Reshape", ACTIVATION_ONLY, .traits = OPERATOR_MOVES | OPERATOR_RESHAPES},
    [OP_TRANSPOSE] = {.name = "Transpose", ACTIVATION_ONLY, .traits = OPERATOR_MOVES},
    [OP_SOFTMAX] = {.name = "Softmax", ACTIVATION_ONLY, .traits = OPERATOR_ENDING},
    [OP_LOG_SOFTMAX] = {.name = "LogSoftmax", ACTIVATION_ONLY, .traits = OPERATOR_ENDING},
    [OP_SIGMOID] = {.name = "Sigmoid", ACTIVATION_ONLY, .traits = OPERATOR_ENDING},
    [OP_DROPOUT] = {.name = "Dropout", ACTIVATION_ONLY, .traits = OPERATOR_PASSES},
    [OP_IDENTITY] = {.name = "Identity",
                     ACTIVATION_ONLY,
                     .traits = OPERATOR_PASSES | OPERATOR_MOVES | OPERATOR_RESHAPES},
};

static const struct operator_row unknown = {.name = "unknown operator"};

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
