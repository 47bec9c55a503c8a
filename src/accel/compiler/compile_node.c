/*
 * compile_node.c - who makes steps of a node: a table by operator.
 */
#include "accel/compiler/compile.h"
#include "accel/program/units.h"
#include "graph/operator.h"

static compile_function *const functions[OP_COUNT] = {
    [OP_CONV] = compile_conv,     [OP_GEMM] = compile_gemm,         [OP_RELU] = compile_sum,
    [OP_CLIP] = compile_sum,      [OP_ADD] = compile_sum,           [OP_LRN] = compile_lrn,
    [OP_MAX_POOL] = compile_pool, [OP_AVERAGE_POOL] = compile_pool, [OP_GLOBAL_AVERAGE_POOL] = compile_pool,
};

/* Numbers that only move need nothing of their operator. */
static compile_function *function_of(enum op op)
{
    return functions[op] ? functions[op] : sned_op_is(op, OPERATOR_MOVES) ? compile_moves : NULL;
}

bool accel_compiles(enum op op)
{
    return (unsigned)op < OP_COUNT && !accel_reason(op) && function_of(op) != NULL;
}

const char *accel_reason(enum op op)
{
    return accel_unit_row(op)->reason;
}

sned_status compile_check(enum op op, sned_error *error)
{
    const char *reason = accel_reason(op);
    if (accel_compiles(op))
        return SNED_OK;
    return sned_fail(error, SNED_ERROR_UNSUPPORTED, "%s",
                     reason ? reason : "the accelerator has no unit for it");
}

/* Units write 16 bits and read bytes; moves go byte by byte, so that they may be of either. */
static sned_status check_widths(const struct compiler *c, const struct node *node, sned_error *error)
{
    for (int i = 0; i < node->input_count && !sned_op_is(node->op, OPERATOR_MOVES); i++) {
        const struct spot *spot = placement_spot(c->placement, node->inputs[i]);
        if (spot && spot->wide)
            return sned_fail(error, SNED_ERROR_UNSUPPORTED,
                             "it reads '%.80s', which has 16 bits; the units read 8",
                             c->graph->tensors[node->inputs[i]].name);
    }
    return SNED_OK;
}

sned_status compile_node(struct compiler *c, int n, sned_error *error)
{
    const struct node *node = &c->graph->nodes[n];
    const struct unit_row *row = accel_unit_row(node->op);
    SNED_TRY(compile_check(node->op, error));
    if (!placement_needs_step(c->placement, n))
        return SNED_OK;
    SNED_TRY(check_widths(c, node, error));
    if (row->unit == UNIT_VECTOR && spot_phases(placement_spot(c->placement, node->inputs[0])) > 1)
        return sned_fail(
            error, SNED_ERROR_UNSUPPORTED,
            "the accelerator has no way to read the graph's input as a strided Conv beside it does");
    return function_of(node->op)(c, n, error);
}
