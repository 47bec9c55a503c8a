/*
 * dispatch.c - which kernel runs which operator, or why none does.
 */
#include "runtime/kernel.h"
#include "graph/operator.h"

static const struct {
    const struct kernel *kernel;
    const char *reason;
} rows[OP_COUNT] = {
    [OP_CONV] = {&sned_kernel_conv},
    [OP_GEMM] = {&sned_kernel_gemm},
    [OP_BATCH_NORMALIZATION] = {.reason = "has no integer form; packing folds it into the layer before it"},
    [OP_RELU] = {&sned_kernel_activation},
    [OP_CLIP] = {&sned_kernel_activation},
    [OP_LEAKY_RELU] = {&sned_kernel_activation},
    [OP_MAX_POOL] = {&sned_kernel_max_pool},
    [OP_AVERAGE_POOL] = {&sned_kernel_average_pool},
    [OP_GLOBAL_AVERAGE_POOL] = {&sned_kernel_global_average_pool},
    [OP_LRN] = {&sned_kernel_lrn},
    [OP_ADD] = {&sned_kernel_add},
    [OP_MUL] = {&sned_kernel_mul},
    [OP_DROPOUT] = {.reason = "does nothing when a network runs; packing takes it out"},
};

const struct kernel *sned_kernel_of(enum op op)
{
    if ((unsigned)op >= OP_COUNT || sned_op_is(op, OPERATOR_RESHAPES))
        return NULL;
    if (!rows[op].kernel && sned_op_is(op, OPERATOR_MOVES))
        return &sned_kernel_move;
    return rows[op].kernel;
}

const char *sned_runtime_reason(enum op op)
{
    if (sned_kernel_of(op) || sned_op_is(op, OPERATOR_RESHAPES | OPERATOR_ENDING))
        return NULL;
    return (unsigned)op < OP_COUNT && rows[op].reason ? rows[op].reason : "cannot be run in integers";
}
