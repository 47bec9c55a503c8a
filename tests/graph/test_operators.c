/*
 * test_operators.c - every operator through every stage's table: what a stage does with it, or why it does
 * nothing, in words for users. A new operator that a stage forgot fails here, by name.
 */
#include "accel/program/program.h"
#include "codec/sections.h"
#include "compress/quantize/quantize.h"
#include "graph/operator.h"
#include "io/onnx/onnx.h"
#include "runtime/kernel.h"
#include "train/executor/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

/* A stage has the one or the other. */
static void has_one(enum op op, const char *stage, bool does, const char *reason)
{
    const bool tells = reason && *reason;
    if (does == tells)
        fail_msg("%s, %s: %s", sned_op_name(op), stage, does ? "both functions and a reason" : "neither");
}

static void every_stage_handles_it_or_says_why_not(void **state)
{
    for (enum op op = 0; op < OP_COUNT; op++) {
        const struct operator_row *row = sned_operator(op);
        const bool is_step = !(row->traits & (OPERATOR_RESHAPES | OPERATOR_ENDING));
        has_one(op, "the file", sned_operator_code(op) != 0, row->float_only);
        has_one(op, "lowering", row->integer != INTEGER_NONE, quantize_lower_reason(op));
        has_one(op, "training", operator_find(op) != NULL, NULL);
        has_one(op, "ONNX in", onnx_reads(op), onnx_read_reason(op));
        has_one(op, "ONNX out", onnx_writes(op), onnx_write_reason(op));
        if (is_step)
            has_one(op, "the runtime", sned_kernel_of(op) != NULL, sned_runtime_reason(op));
        if (!sned_op_is_ending(op))
            has_one(op, "the accelerator", accel_compiles(op), accel_reason(op));
    }
}

static void a_row_is_whole(void **state)
{
    for (enum op op = 0; op < OP_COUNT; op++) {
        const struct operator_row *row = sned_operator(op);
        assert_non_null(row->name);
        assert_non_null(row->infer);
        assert_int_equal(row->roles[0], INPUT_ACTIVATION);
        assert_true(row->inputs_least >= 1 && row->outputs_most != 0);
        assert_int_equal(row->movement != NULL, (row->traits & OPERATOR_MOVES) != 0);
        assert_int_equal(row->value != NULL, row->integer == INTEGER_LOOKUP);
        assert_int_equal(row->slope != NULL, row->value != NULL);
        assert_int_equal(row->float_only != NULL, row->integer == INTEGER_NONE);
        assert_true(!(row->traits & OPERATOR_RESHAPES) || (row->traits & OPERATOR_MOVES));
    }
}

static void a_name_and_a_code_are_of_one_operator(void **state)
{
    for (enum op op = 0; op < OP_COUNT; op++) {
        enum op found;
        for (enum op other = 0; other < op; other++)
            assert_string_not_equal(sned_op_name(op), sned_op_name(other));
        if (sned_operator_code(op)) {
            assert_true(sned_operator_from_code(sned_operator_code(op), &found));
            assert_int_equal(found, op);
        }
    }
}

/* Numbers from a file may be any. */
static void what_is_no_operator_is_unknown_to_every_table(void **state)
{
    const enum op none = (enum op)(OP_COUNT + 7);
    assert_string_equal(sned_op_name(none), "unknown operator");
    assert_int_equal(sned_operator_code(none), 0);
    assert_null(sned_kernel_of(none));
    assert_null(operator_find(none));
    assert_false(accel_compiles(none));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_stage_handles_it_or_says_why_not),
        cmocka_unit_test(a_row_is_whole),
        cmocka_unit_test(a_name_and_a_code_are_of_one_operator),
        cmocka_unit_test(what_is_no_operator_is_unknown_to_every_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
