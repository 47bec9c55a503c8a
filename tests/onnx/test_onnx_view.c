/*
 * test_onnx_view.c - Transposes that leave no node, and inputs of other shapes than a picture's.
 *
 * That the numbers are right is tested against ONNX's evaluator (tests/onnx_cases/layout.py).
 */
#include "tests/common/onnx_checks.h"

static int count(const struct graph *graph, enum op op)
{
    int found = 0;
    for (int i = 0; i < graph->node_count; i++)
        found += graph->nodes[i].op == op;
    return found;
}

/* ---- Transposes ---- */

static void a_turn_before_a_gemm_goes_into_its_columns(void **state)
{
    struct builder model = {.opset = 13};
    model_input(&model, "x", "N,2,1,3");
    model_floats(&model, "w", "1,6"); /* of pixel 0: 1 2; of pixel 1: 3 4; of pixel 2: 5 6 */
    model_node(&model, "Transpose", "t", "x", "a", "perm=[0,2,3,1]");
    model_node(&model, "Flatten", "f", "a", "b", "");
    model_node(&model, "Gemm", "g", "b w", "y", "transB=1");
    model_output(&model, "y");
    struct graph *graph = import(&model);
    assert_int_equal(graph->node_count, 2);
    assert_string_equal(node_at(graph, 0, OP_FLATTEN)->name, "f");
    assert_floats(input_of(graph, node_at(graph, 1, OP_GEMM), 1), (float[]){1, 3, 5, 2, 4, 6}, 6);
    assert_round_trip(graph);
}

static void a_gemm_of_the_other_way_round_likewise(void **state)
{
    struct builder model = {.opset = 13};
    model_input(&model, "x", "N,2,1,2");
    model_floats(&model, "w", "4,2"); /* of pixel 0: (1 2) (3 4); of pixel 1: (5 6) (7 8) */
    model_ints(&model, "to", "-1,4");
    model_node(&model, "Transpose", "t", "x", "a", "perm=[0,2,3,1]");
    model_node(&model, "Reshape", "r", "a to", "b", "");
    model_node(&model, "MatMul", "g", "b w", "y", "");
    model_output(&model, "y");
    struct graph *graph = import(&model);
    assert_int_equal(count(graph, OP_TRANSPOSE), 0);
    assert_floats(input_of(graph, node_at(graph, 1, OP_GEMM), 1), (float[]){1, 5, 3, 7, 2, 6, 4, 8}, 8);
    assert_round_trip(graph);
}

static void turns_that_cancel_leave_what_is_between(void **state)
{
    struct builder model = {.opset = 13};
    model_input(&model, "x", "N,3,4,5");
    model_floats(&model, "k", "3");
    model_node(&model, "Transpose", "t", "x", "a", "perm=[0,2,3,1]");
    model_node(&model, "Add", "b", "a k", "b", "");
    model_node(&model, "Relu", "r", "b", "c", "");
    model_node(&model, "Transpose", "u", "c", "y", "perm=[0,3,1,2]");
    model_output(&model, "y");
    struct graph *graph = import(&model);
    assert_int_equal(graph->node_count, 2);
    node_at(graph, 0, OP_ADD);
    node_at(graph, 1, OP_RELU);
    assert_round_trip(graph);
}

/* Relu works on the tensor; the output, which is turned, keeps the name that the file gives it. */
static void a_turned_output_keeps_its_name(void **state)
{
    struct builder model = {.opset = 13};
    model_input(&model, "x", "N,3,4,5");
    model_node(&model, "Transpose", "t", "x", "a", "perm=[0,2,3,1]");
    model_node(&model, "Relu", "r", "a", "y", "");
    model_output(&model, "y");
    struct graph *graph = import(&model);
    assert_int_equal(graph->node_count, 2);
    node_at(graph, 0, OP_RELU);
    node_at(graph, 1, OP_TRANSPOSE);
    assert_string_equal(graph->tensors[graph->outputs[0]].name, "y");
    assert_output(graph, "1,4,5,3");
    assert_round_trip(graph);
}

/* ---- inputs ---- */

static struct graph *import_as(struct builder *model, struct extent picture, bool channels_last)
{
    const struct onnx_options options = {.picture = picture, .channels_last = channels_last};
    char path[] = P_tmpdir "/sned-test-onnx-XXXXXX";
    struct graph *graph;
    sned_error error = {0};
    model_finish(model);
    int file = mkstemp(path);
    assert_int_equal(write(file, model->file.data, model->file.size), (ssize_t)model->file.size);
    close(file);
    if (onnx_read_with(&graph, path, &options, NULL, &error) != SNED_OK)
        print_message("%s\n", error.message);
    unlink(path);
    sned_buffer_free(&model->file);
    return graph;
}

static void assert_input(const struct graph *graph, const char *shape, const char *given)
{
    assert_shape(&graph->tensors[graph->input].shape, shape);
    assert_shape(&graph->given.shape, given);
}

/* Keras writes a Reshape for the turn where there is one channel. */
static void an_input_of_one_channel_at_the_end_is_turned_by_a_reshape(void **state)
{
    struct builder model = {.opset = 13};
    model_input(&model, "x", "N,28,28,1");
    model_ints(&model, "to", "-1,1,28,28");
    model_number(&model, "s", 0.5f);
    model_floats(&model, "w", "2,1,3,3");
    model_node(&model, "Mul", "m", "x s", "a", "");
    model_node(&model, "Reshape", "r", "a to", "b", "");
    model_node(&model, "Conv", "c", "b w", "y", "");
    model_output(&model, "y");
    struct graph *graph = import(&model);
    assert_input(graph, "1,1,28,28", "1,28,28,1");
    assert_int_equal(graph->node_count, 2);
    node_at(graph, 0, OP_MUL);
    node_at(graph, 1, OP_CONV);
    assert_round_trip(graph);
}

static void model_of_gemms(struct builder *model, const char *input, const char *weights,
                           const char *metadata)
{
    model->opset = 13;
    model_input(model, "x", input);
    model_floats(model, "w", weights);
    model_node(model, "Flatten", "f", "x", "a", "");
    model_node(model, "Gemm", "g", "a w", "y", "transB=1");
    model_output(model, "y");
    if (metadata)
        model_property(model, "input.size", metadata);
}

static void rows_and_columns_that_are_flattened_are_a_gray_picture(void **state)
{
    struct builder model = {0}, signal = {0};
    model_of_gemms(&model, "N,28,28", "2,784", NULL);
    struct graph *graph = import(&model);
    assert_input(graph, "1,1,28,28", "1,28,28");
    assert_int_equal(graph->node_count, 2);
    sned_graph_free(graph);
    model_of_gemms(&signal, "N,9,128", "2,1152", NULL);
    graph = import(&signal);
    assert_shape(&graph->tensors[graph->input].shape, "1,9,128");
    assert_int_equal(graph->given.shape.rank, 0);
    sned_graph_free(graph);
}

/* Element 3 i + c of the list is channel c of pixel i. */
static void a_picture_of_gemms_with_channels_last_goes_into_their_columns(void **state)
{
    struct builder model = {0};
    model_of_gemms(&model, "N,8,8,3", "1,192", NULL);
    struct graph *graph = import(&model);
    assert_input(graph, "1,3,8,8", "1,8,8,3");
    const float *weights = input_of(graph, node_at(graph, 1, OP_GEMM), 1)->data;
    assert_float_equal(weights[1], 4, 0);
    assert_float_equal(weights[64], 2, 0);
    assert_float_equal(weights[64 + 1], 5, 0);
    sned_graph_free(graph);
}

static void a_list_is_a_picture_where_someone_says_so(void **state)
{
    struct builder plain = {0}, given = {0}, sized = {0}, interleaved = {0}, planes = {0}, wrong = {0};
    model_of_gemms(&plain, "N,784", "2,784", NULL);
    struct graph *graph = import(&plain);
    assert_shape(&graph->tensors[graph->input].shape, "1,784");
    sned_graph_free(graph);
    model_of_gemms(&given, "N,784", "2,784", NULL);
    graph = import_as(&given, (struct extent){1, 28, 28}, false);
    assert_input(graph, "1,1,28,28", "1,784");
    sned_graph_free(graph);
    model_of_gemms(&sized, "N,784", "2,784", "14x56");
    graph = import(&sized);
    assert_input(graph, "1,1,14,56", "1,784");
    sned_graph_free(graph);
    model_of_gemms(&interleaved, "N,192", "1,192", NULL);
    graph = import_as(&interleaved, (struct extent){3, 8, 8}, true);
    assert_input(graph, "1,3,8,8", "1,192");
    assert_float_equal(((const float *)input_of(graph, node_at(graph, 1, OP_GEMM), 1)->data)[64], 2, 0);
    sned_graph_free(graph);
    model_of_gemms(&planes, "N,192", "1,192", NULL);
    graph = import_as(&planes, (struct extent){3, 8, 8}, false);
    assert_float_equal(((const float *)input_of(graph, node_at(graph, 1, OP_GEMM), 1)->data)[64], 65, 0);
    sned_graph_free(graph);
    model_of_gemms(&wrong, "N,784", "2,784", NULL);
    assert_null(import_as(&wrong, (struct extent){1, 27, 28}, false));
}

static void metadata_that_does_not_fit_a_list_is_refused(void **state)
{
    struct builder model = {0};
    model_of_gemms(&model, "N,784", "2,784", "27");
    refuse(&model, SNED_ERROR_SHAPE, "input 'x' is [N][784]; a picture of 27x27 (metadata input.size)");
}

static void open_sizes_are_what_the_caller_says(void **state)
{
    struct builder first = {.opset = 13}, last = {.opset = 13}, wrong = {.opset = 13};
    model_input(&first, "x", "N,3,H,W");
    model_node(&first, "GlobalAveragePool", "p", "x", "y", "");
    model_output(&first, "y");
    struct graph *graph = import_as(&first, (struct extent){3, 20, 30}, false);
    assert_shape(&graph->tensors[graph->input].shape, "1,3,20,30");
    sned_graph_free(graph);
    model_input(&last, "x", "N,H,W,3");
    model_node(&last, "Transpose", "t", "x", "a", "perm=[0,3,1,2]");
    model_node(&last, "GlobalAveragePool", "p", "a", "y", "");
    model_output(&last, "y");
    graph = import_as(&last, (struct extent){3, 20, 30}, false);
    assert_input(graph, "1,3,20,30", "1,20,30,3");
    sned_graph_free(graph);
    model_input(&wrong, "x", "N,3,32,32");
    model_node(&wrong, "GlobalAveragePool", "p", "x", "y", "");
    model_output(&wrong, "y");
    assert_null(import_as(&wrong, (struct extent){3, 20, 30}, false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_turn_before_a_gemm_goes_into_its_columns),
        cmocka_unit_test(a_gemm_of_the_other_way_round_likewise),
        cmocka_unit_test(turns_that_cancel_leave_what_is_between),
        cmocka_unit_test(a_turned_output_keeps_its_name),
        cmocka_unit_test(an_input_of_one_channel_at_the_end_is_turned_by_a_reshape),
        cmocka_unit_test(rows_and_columns_that_are_flattened_are_a_gray_picture),
        cmocka_unit_test(a_picture_of_gemms_with_channels_last_goes_into_their_columns),
        cmocka_unit_test(a_list_is_a_picture_where_someone_says_so),
        cmocka_unit_test(metadata_that_does_not_fit_a_list_is_refused),
        cmocka_unit_test(open_sizes_are_what_the_caller_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
