/*
 * operators.c - which file plans which operator: a row for those that need one of their own. Others go by
 * what the graph's table says of them (operator.h).
 */
#include "train/operators/operators.h"
#include "graph/operator.h"

#include <stddef.h>

static const struct operator_plan *const plans[OP_COUNT] = {
    [OP_CONV] = &plan_conv,
    [OP_GEMM] = &plan_gemm,
    [OP_BATCH_NORMALIZATION] = &plan_batch_normalization,
    [OP_RELU] = &plan_lone_activation,
    [OP_CLIP] = &plan_lone_activation,
    [OP_LEAKY_RELU] = &plan_lone_activation,
    [OP_MAX_POOL] = &plan_pool,
    [OP_AVERAGE_POOL] = &plan_pool,
    [OP_GLOBAL_AVERAGE_POOL] = &plan_pool,
    [OP_LRN] = &plan_lrn,
    [OP_ADD] = &plan_binary,
    [OP_MUL] = &plan_binary,
    [OP_CONCAT] = &plan_concat,
    [OP_FLATTEN] = &plan_flatten,
    [OP_RESHAPE] = &plan_flatten,
    [OP_SOFTMAX] = &plan_softmax,
    [OP_LOG_SOFTMAX] = &plan_softmax,
    [OP_SIGMOID] = &plan_sigmoid,
    [OP_DROPOUT] = &plan_dropout,
    [OP_IDENTITY] = &plan_lone_activation,
};

const struct operator_plan *operator_find(enum op op)
{
    const struct operator_row *row = sned_operator(op);
    const struct operator_plan *own = (unsigned)op < OP_COUNT ? plans[op] : NULL;
    if (own)
        return own;
    if (row->value && row->slope)
        return &plan_value;
    return row->movement && row->inputs_most == 1 ? &plan_movement : NULL;
}
