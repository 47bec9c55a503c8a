/*
 * units.c - see units.h.
 */
#include "accel/program/units.h"
#include "graph/operator.h"

static const char prepared[] = "preparing a network removes it (sned pack does)";
static const char in_floats[] = "it is computed in floats, by the host";

static const struct unit_row rows[OP_COUNT] = {
    [OP_CONV] = {.unit = UNIT_LANES, .keeps_pitch = true},
    [OP_GEMM] = {.unit = UNIT_FC},
    [OP_BATCH_NORMALIZATION] = {.reason = prepared},
    [OP_RELU] = {.unit = UNIT_VECTOR, .operation = VECTOR_ADD, .keeps_pitch = true, .may_overwrite = true},
    [OP_CLIP] = {.unit = UNIT_VECTOR, .operation = VECTOR_ADD, .keeps_pitch = true, .may_overwrite = true},
    [OP_LEAKY_RELU] = {.reason = "the accelerator has no LeakyRelu"},
    [OP_MAX_POOL] = {.unit = UNIT_VECTOR, .operation = VECTOR_MAX},
    [OP_AVERAGE_POOL] = {.unit = UNIT_VECTOR, .operation = VECTOR_AVERAGE},
    [OP_GLOBAL_AVERAGE_POOL] = {.unit = UNIT_VECTOR, .operation = VECTOR_AVERAGE},
    [OP_LRN] = {.unit = UNIT_VECTOR, .operation = VECTOR_LRN, .keeps_pitch = true, .may_overwrite = true},
    [OP_ADD] = {.unit = UNIT_VECTOR, .operation = VECTOR_ADD, .keeps_pitch = true, .may_overwrite = true},
    [OP_MUL] = {.reason = "the accelerator has no unit for products of activations"},
    [OP_SOFTMAX] = {.unit = UNIT_HOST, .reason = in_floats},
    [OP_LOG_SOFTMAX] = {.unit = UNIT_HOST, .reason = in_floats},
    [OP_SIGMOID] = {.unit = UNIT_HOST, .reason = in_floats},
    [OP_DROPOUT] = {.reason = prepared},
    [OP_IDENTITY] = {.reason = prepared},
};

static const struct unit_row copied = {.unit = UNIT_VECTOR, .operation = VECTOR_MAX};
static const struct unit_row looked_up = {.reason = "the accelerator has no tables of results"};
static const struct unit_row unknown = {.reason = "the accelerator has no unit for it"};

const struct unit_row *accel_unit_row(enum op op)
{
    const struct unit_row *row = (unsigned)op < OP_COUNT ? &rows[op] : &unknown;
    if (row->unit != UNIT_NONE || row->reason || sned_op_is(op, OPERATOR_RESHAPES))
        return row;
    return sned_op_is(op, OPERATOR_MOVES)                 ? &copied
           : sned_operator(op)->integer == INTEGER_LOOKUP ? &looked_up
                                                          : row;
}
