/*
 * dispatch.c - which kernel runs which operator, or why none does.
 */
#include "runtime/kernel.h"
#include "graph/operator.h"

/* Operators that are not here take the common kernel of those that only move numbers, or of those of which
 * the network has a table of results; or they are of float networks alone. */
static const struct kernel *const kernels[OP_COUNT] = {
    [OP_CONV] = &sned_kernel_conv,
    [OP_GEMM] = &sned_kernel_gemm,
    [OP_RELU] = &sned_kernel_activation,
    [OP_CLIP] = &sned_kernel_activation,
    [OP_LEAKY_RELU] = &sned_kernel_activation,
    [OP_MAX_POOL] = &sned_kernel_max_pool,
    [OP_AVERAGE_POOL] = &sned_kernel_average_pool,
    [OP_GLOBAL_AVERAGE_POOL] = &sned_kernel_global_average_pool,
    [OP_LRN] = &sned_kernel_lrn,
    [OP_ADD] = &sned_kernel_add,
    [OP_MUL] = &sned_kernel_mul,
};

const struct kernel *sned_kernel_of(enum op op)
{
    if ((unsigned)op >= OP_COUNT || sned_op_is(op, OPERATOR_RESHAPES))
        return NULL;
    if (kernels[op])
        return kernels[op];
    if (sned_op_is(op, OPERATOR_MOVES))
        return &sned_kernel_move;
    return sned_operator(op)->integer == INTEGER_LOOKUP ? &sned_kernel_lookup : NULL;
}

const char *sned_runtime_reason(enum op op)
{
    if (sned_kernel_of(op) || sned_op_is(op, OPERATOR_RESHAPES | OPERATOR_ENDING))
        return NULL;
    return sned_operator(op)->float_only;
}
