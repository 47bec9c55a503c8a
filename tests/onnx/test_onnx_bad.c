/*
 * test_onnx_bad.c - ONNX files that are damaged, hostile or beyond what is handled.
 */
#include "tests/common/onnx_checks.h"

/* ---- hostile files ---- */

/* A small model with a bit of everything. */
static struct builder small_model(void)
{
    struct builder model = {.opset = 13};
    model_input(&model, "x", "N,1,4,4");
    model_floats(&model, "w", "2,1,3,3");
    model_ints(&model, "s", "0,-1");
    model_node(&model, "Conv", "c", "x w", "a", "pads=[1,1,1,1] group=1");
    model_node(&model, "Relu", "r", "a", "b", "");
    model_node(&model, "Reshape", "f", "b s", "y", "");
    model_output(&model, "y");
    model_property(&model, "input.color", "gray");
    return model;
}

static void every_truncation_is_refused(void **state)
{
    struct builder model = small_model();
    model_finish(&model);
    for (size_t size = 0; size < model.file.size; size++) {
        struct graph *graph;
        sned_error error = {0};
        if (read_bytes(model.file.data, size, &graph, &error) != SNED_OK) {
            assert_null(graph);
            assert_true(error.message[0] != 0);
        } else {
            sned_graph_free(graph); /* only the metadata at the very end is missing */
            assert_true(size + 40 > model.file.size);
        }
    }
    sned_buffer_free(&model.file);
}

static void no_single_damaged_byte_does_harm(void **state)
{
    static const uint8_t flips[] = {0x01, 0x80, 0xff, 0x12};
    struct builder model = small_model();
    model_finish(&model);
    for (size_t at = 0; at < model.file.size; at++)
        for (size_t i = 0; i < sizeof flips; i++) {
            struct graph *graph;
            sned_error error = {0};
            model.file.data[at] ^= flips[i];
            if (read_bytes(model.file.data, model.file.size, &graph, &error) == SNED_OK)
                sned_graph_free(graph);
            else
                assert_true(error.message[0] != 0);
            model.file.data[at] ^= flips[i];
        }
    sned_buffer_free(&model.file);
}

static void check_bytes(const void *data, size_t size, sned_status status, const char *part)
{
    struct graph *graph;
    sned_error error = {0};
    assert_int_equal(read_bytes(data, size, &graph, &error), status);
    assert_null(graph);
    if (strstr(error.message, part) == NULL)
        fail_msg("'%s' is not in '%s'", part, error.message);
}

static void files_of_other_kinds_are_refused(void **state)
{
    check_bytes("", 0, SNED_ERROR_TRUNCATED, "empty");
    check_bytes("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16, SNED_ERROR_FORMAT, "not an ONNX file");
    check_bytes("\xff\xd8\xff\xe0\0\x10JFIF", 10, SNED_ERROR_FORMAT, "not an ONNX file");
    check_bytes("PK\3\4 a zip archive", 18, SNED_ERROR_FORMAT, "");
    check_bytes("\x08\x07", 2, SNED_ERROR_FORMAT, "no graph");
    struct graph *graph;
    sned_error error = {0};
    assert_int_equal(onnx_read(&graph, "/nowhere.onnx", &error), SNED_ERROR_IO);
    assert_int_equal(onnx_read(&graph, "/", &error), SNED_ERROR_IO);
}

static void deep_nesting_is_refused_before_it_is_parsed(void **state)
{
    /* graph.node.attribute.g.node.attribute.g ... : lengths grow from the inside out. */
    struct buffer inner = {0};
    for (int depth = 0; depth < 2001; depth++) {
        struct buffer outer = {0};
        static const int fields[3] = {6, 5, 1};
        put_message(&outer, fields[depth % 3], &inner);
        inner = outer;
    }
    struct buffer file = {0};
    put_message(&file, 7, &inner);
    check_bytes(file.data, file.size, SNED_ERROR_FORMAT, "nested too deeply");
    sned_buffer_free(&file);
}

static void a_graph_that_comes_twice_is_refused(void **state)
{
    struct builder model = small_model(), other = small_model();
    model_finish(&model);
    model_finish(&other);
    put(&model.file, other.file.data, other.file.size);
    check_bytes(model.file.data, model.file.size, SNED_ERROR_FORMAT, "comes twice");
    sned_buffer_free(&model.file);
    sned_buffer_free(&other.file);
}

static void cycles_are_refused(void **state)
{
    struct builder model = {.opset = 13};
    model_input(&model, "x", "N,2");
    model_node(&model, "Add", "one", "x b", "a", "");
    model_node(&model, "Relu", "two", "a", "b", "");
    model_node(&model, "Relu", "three", "b", "y", "");
    model_output(&model, "y");
    refuse(&model, SNED_ERROR_FORMAT, "cycle");
}

static void names_that_nothing_defines_are_refused(void **state)
{
    struct builder input = {.opset = 13}, output = {.opset = 13};
    model_input(&input, "x", "N,2");
    model_node(&input, "Add", "one", "x gone", "y", "");
    model_output(&input, "y");
    refuse(&input, SNED_ERROR_FORMAT, "node 'one' (Add) reads 'gone', which nothing defines");

    model_input(&output, "x", "N,2");
    model_node(&output, "Relu", "one", "x", "y", "");
    model_output(&output, "z");
    refuse(&output, SNED_ERROR_FORMAT, "no node makes the output 'z'");
}

static void names_defined_twice_are_refused(void **state)
{
    struct builder weights = {.opset = 13}, outputs = {.opset = 13};
    model_input(&weights, "x", "N,2");
    model_floats(&weights, "w", "2,2");
    model_floats(&weights, "w", "2,2");
    model_node(&weights, "Gemm", "g", "x w", "y", "");
    model_output(&weights, "y");
    refuse(&weights, SNED_ERROR_FORMAT, "'w' is defined twice");

    model_input(&outputs, "x", "N,2");
    model_node(&outputs, "Relu", "one", "x", "y", "");
    model_node(&outputs, "Identity", "two", "x", "y", "");
    model_output(&outputs, "y");
    refuse(&outputs, SNED_ERROR_FORMAT, "'y' is defined twice");
}

static void weight_case(const char *dims, int type, const void *data, size_t size, sned_status status,
                        const char *part)
{
    struct builder model = {.opset = 13};
    model_input(&model, "x", "N,2");
    model_tensor(&model, "w", type, dims, data, size);
    model_node(&model, "Gemm", "g", "x w", "y", "transB=1");
    model_output(&model, "y");
    refuse(&model, status, part);
}

static void weights_whose_sizes_lie_are_refused(void **state)
{
    const float data[4] = {1, 2, 3, 4}, bad[4] = {1, NAN, 3, 4}, large[4] = {1, INFINITY, 3, 4};
    weight_case("2,3", 1, data, 16, SNED_ERROR_FORMAT, "initialiser 'w'");
    weight_case("2,2", 1, data, 15, SNED_ERROR_FORMAT, "initialiser 'w'");
    weight_case("-2,-2", 1, data, 16, SNED_ERROR_FORMAT, "dimension 0 is -2");
    weight_case("4611686018427387904,4", 1, data, 16, SNED_ERROR_FORMAT, "dimension 0");
    weight_case("67108864,67108864,67108864,67108864,67108864,4", 1, data, 16, SNED_ERROR_FORMAT, "product");
    weight_case("1,1,1,1,1,2,2", 1, data, 16, SNED_ERROR_UNSUPPORTED, "7 dimensions");
    weight_case("0,2", 1, data, 0, SNED_ERROR_SHAPE, "0 elements");
    weight_case("4", 1, data, 16, SNED_ERROR_UNSUPPORTED, "1 dimensions");
    weight_case("2,2", 8, data, 16, SNED_ERROR_UNSUPPORTED, "data type 8");
    weight_case("2,1", 7, data, 16, SNED_ERROR_UNSUPPORTED, "not constant floats");
    weight_case("2,2", 1, bad, 16, SNED_ERROR_FORMAT, "'w'");
    weight_case("2,2", 1, large, 16, SNED_ERROR_FORMAT, "'w'");
    weight_case("1,4", 1, data, 16, SNED_ERROR_SHAPE, "2 inputs, but weights for 4");
}

static void what_is_not_handled_is_named_with_node_and_opset(void **state)
{
    struct builder operator= {.opset = 15}, attribute = {.opset = 13}, domain = {.opset = 13};
    model_input(&operator, "x", "N,2");
    model_node(&operator, "Erf", "gelu", "x", "y", "");
    model_output(&operator, "y");
    refuse(&operator, SNED_ERROR_UNSUPPORTED, "node 'gelu' (Erf, opset 15)");

    model_input(&attribute, "x", "N,2");
    model_node(&attribute, "Relu", "r", "x", "y", "slope=0.5");
    model_output(&attribute, "y");
    refuse(&attribute, SNED_ERROR_UNSUPPORTED, "node 'r' (Relu, opset 13): attribute 'slope'");

    struct buffer node = {0};
    model_input(&domain, "x", "N,2");
    put_text(&node, 1, "x");
    put_text(&node, 2, "y");
    put_text(&node, 4, "Relu");
    put_text(&node, 7, "com.example");
    put_message(&domain.graph, 1, &node);
    model_output(&domain, "y");
    refuse(&domain, SNED_ERROR_UNSUPPORTED, "domain 'com.example'");
}

static void inputs_that_an_operator_does_not_have_are_refused(void **state)
{
    struct builder model = {.opset = 13};
    model_input(&model, "x", "N,2");
    model_node(&model, "Relu", "r", "x x", "y", "");
    model_output(&model, "y");
    refuse(&model, SNED_ERROR_UNSUPPORTED, "node 'r' (Relu, opset 13): 2 inputs");
}

/* Empty messages of two bytes each would become structures of hundreds in memory. */
static void more_nodes_than_any_network_has_are_refused(void **state)
{
    for (int shift = 17; shift <= 21; shift += 4) {
        struct builder model = small_model();
        for (int i = 0; i < 1 << shift; i++)
            put_bytes(&model.graph, 1, "", 0);
        refuse(&model, shift == 17 ? SNED_ERROR_UNSUPPORTED : SNED_ERROR_FORMAT,
               shift == 17 ? "nodes; at most" : "more fields");
    }
}

static void opsets_outside_7_to_28_are_refused(void **state)
{
    for (int opset = 6; opset <= 29; opset++) {
        struct builder model = {.opset = opset};
        model_input(&model, "x", "N,2");
        model_node(&model, "Relu", "r", "x", "y", "");
        model_output(&model, "y");
        if (opset == 6 || opset == 29)
            refuse(&model, SNED_ERROR_UNSUPPORTED, "7 to 28");
        else
            sned_graph_free(import(&model));
    }
}

static void more_than_one_input_is_refused(void **state)
{
    struct builder inputs = {.opset = 13};
    model_input(&inputs, "x", "N,2");
    model_input(&inputs, "z", "N,2");
    model_node(&inputs, "Add", "a", "x z", "y", "");
    model_output(&inputs, "y");
    refuse(&inputs, SNED_ERROR_UNSUPPORTED, "2 inputs");
}

static void folding_cannot_be_made_to_fill_the_memory(void **state)
{
    struct builder shape = {.opset = 13}, doubling = {.opset = 13};
    model_input(&shape, "x", "N,2");
    model_ints(&shape, "s", "60000,60000");
    model_node(&shape, "ConstantOfShape", "c", "s", "w", "");
    model_node(&shape, "Gemm", "g", "x w", "y", "");
    model_output(&shape, "y");
    refuse(&shape, SNED_ERROR_UNSUPPORTED, "node 'c'");

    model_input(&doubling, "x", "N,2");
    model_floats(&doubling, "w0", "1,2");
    for (int i = 0; i < 40; i++) {
        char in[32], out[16];
        snprintf(in, sizeof in, "w%d w%d", i, i);
        snprintf(out, sizeof out, "w%d", i + 1);
        model_node(&doubling, "Concat", out, in, out, "axis=0");
    }
    model_node(&doubling, "Gemm", "g", "x w40", "y", "transB=1");
    model_output(&doubling, "y");
    refuse(&doubling, SNED_ERROR_UNSUPPORTED, "too large to be computed");
}

static void integer_overflow_in_folding_is_refused(void **state)
{
    struct builder model = {.opset = 13}, zero = {.opset = 13};
    model_input(&model, "x", "N,2");
    model_ints(&model, "a", "9223372036854775807,1");
    model_node(&model, "Mul", "m", "a a", "s", "");
    model_node(&model, "Reshape", "r", "x s", "y", "");
    model_output(&model, "y");
    refuse(&model, SNED_ERROR_FORMAT, "node 'm' (Mul, opset 13)");

    model_input(&zero, "x", "N,2");
    model_ints(&zero, "a", "1,2");
    model_ints(&zero, "b", "1,0");
    model_node(&zero, "Div", "d", "a b", "s", "");
    model_node(&zero, "Reshape", "r", "x s", "y", "");
    model_output(&zero, "y");
    refuse(&zero, SNED_ERROR_FORMAT, "node 'd' (Div, opset 13)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(no_single_damaged_byte_does_harm),
        cmocka_unit_test(files_of_other_kinds_are_refused),
        cmocka_unit_test(deep_nesting_is_refused_before_it_is_parsed),
        cmocka_unit_test(a_graph_that_comes_twice_is_refused),
        cmocka_unit_test(cycles_are_refused),
        cmocka_unit_test(names_that_nothing_defines_are_refused),
        cmocka_unit_test(names_defined_twice_are_refused),
        cmocka_unit_test(weights_whose_sizes_lie_are_refused),
        cmocka_unit_test(what_is_not_handled_is_named_with_node_and_opset),
        cmocka_unit_test(inputs_that_an_operator_does_not_have_are_refused),
        cmocka_unit_test(more_nodes_than_any_network_has_are_refused),
        cmocka_unit_test(opsets_outside_7_to_28_are_refused),
        cmocka_unit_test(more_than_one_input_is_refused),
        cmocka_unit_test(folding_cannot_be_made_to_fill_the_memory),
        cmocka_unit_test(integer_overflow_in_folding_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
