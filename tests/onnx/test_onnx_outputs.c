/*
 * test_onnx_outputs.c - networks of several outputs in ONNX files.
 */
#include "tests/common/onnx_checks.h"

/* x, a layer, and two layers that read it: "z" [5] and "y" [3], in that order. */
static struct builder two_heads(void)
{
    struct builder model = {.opset = 13};
    model_input(&model, "x", "N,4");
    model_floats(&model, "w", "4,2");
    model_floats(&model, "v", "2,3");
    model_floats(&model, "u", "2,5");
    model_node(&model, "MatMul", "body", "x w", "h", "");
    model_node(&model, "MatMul", "first", "h v", "y", "");
    model_node(&model, "MatMul", "second", "h u", "z", "");
    model_output(&model, "z");
    model_output(&model, "y");
    return model;
}

static void outputs_come_in_the_files_order(void **state)
{
    struct builder model = two_heads();
    struct graph *graph = import(&model);
    assert_int_equal(graph->output_count, 2);
    assert_string_equal(graph->tensors[graph->outputs[0]].name, "z");
    assert_string_equal(graph->tensors[graph->outputs[1]].name, "y");
    assert_output(graph, "1,5");
    sned_graph_free(graph);
}

static void outputs_survive_writing(void **state)
{
    struct builder model = two_heads();
    assert_round_trip(import(&model));
}

static void labels_are_of_the_first_output(void **state)
{
    struct builder model = two_heads(), other = two_heads();
    model_property(&model, "labels", "a,b,c,d,e");
    struct graph *graph = import(&model);
    assert_int_equal(graph->label_count, 5);
    assert_round_trip(graph);

    model_property(&other, "labels", "a,b,c");
    graph = import(&other);
    assert_int_equal(graph->label_count, 0);
    sned_graph_free(graph);
}

/* Each ends in a node of its own; what lies between may not move across to the other. */
static void an_output_that_another_reads_keeps_its_name(void **state)
{
    struct builder model = {.opset = 13};
    model_input(&model, "x", "N,2,3,3");
    model_node(&model, "Relu", "r", "x", "body", "");
    model_node(&model, "GlobalAveragePool", "p", "body", "pooled", "");
    model_node(&model, "Flatten", "f", "pooled", "scores", "");
    model_output(&model, "scores");
    model_output(&model, "body");
    struct graph *graph = import(&model);
    assert_string_equal(graph->tensors[graph->outputs[1]].name, "body");
    assert_shape(&graph->tensors[graph->outputs[1]].shape, "1,2,3,3");
    assert_round_trip(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outputs_come_in_the_files_order),
        cmocka_unit_test(outputs_survive_writing),
        cmocka_unit_test(labels_are_of_the_first_output),
        cmocka_unit_test(an_output_that_another_reads_keeps_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
