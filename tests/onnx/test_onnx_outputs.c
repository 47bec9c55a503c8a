/*
 * test_onnx_outputs.c - networks and nodes of several outputs in ONNX files.
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

/* ---- Split ---- */

static struct builder split_model(const char *sizes, const char *outputs)
{
    struct builder model = {.opset = 13};
    model_input(&model, "x", "N,6,5,4");
    model_ints(&model, "sizes", sizes);
    model_node(&model, "Split", "cut", "x sizes", outputs, "axis=-3");
    return model;
}

static void a_split_is_a_node_of_several_outputs(void **state)
{
    struct builder model = split_model("1,3,2", "a b c");
    model_node(&model, "Concat", "join", "c a b", "y", "axis=1");
    model_output(&model, "y");
    struct graph *graph = import(&model);
    const struct node *node = node_at(graph, 0, OP_SPLIT);
    assert_int_equal(node->output_count, 3);
    assert_int_equal(node->u.split.axis, 1);
    assert_memory_equal(node->u.split.sizes, ((int64_t[]){1, 3, 2}), 3 * sizeof(int64_t));
    assert_shape(&graph->tensors[node->outputs[1]].shape, "1,3,5,4");
    assert_round_trip(graph);
}

static void a_part_that_nobody_reads_stays_a_part(void **state)
{
    struct builder model = split_model("1,3,2", "a b c");
    model_output(&model, "a");
    model_output(&model, "c");
    struct graph *graph = import(&model);
    assert_int_equal(node_at(graph, 0, OP_SPLIT)->output_count, 3);
    assert_round_trip(graph);
}

static void a_split_of_which_one_part_is_read_is_a_slice(void **state)
{
    struct builder model = split_model("1,3,2", "a b c");
    model_output(&model, "b");
    struct graph *graph = import(&model);
    const struct node *node = node_at(graph, 0, OP_SLICE);
    assert_int_equal(node->u.slice.start[1], 1);
    assert_int_equal(node->u.slice.end[1], 4);
    assert_round_trip(graph);
}

static void a_split_into_one_part_is_nothing(void **state)
{
    struct builder model = split_model("6", "y");
    model_output(&model, "y");
    struct graph *graph = import(&model);
    assert_int_equal(graph->node_count, 1);
    node_at(graph, 0, OP_IDENTITY);
    sned_graph_free(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outputs_come_in_the_files_order),
        cmocka_unit_test(outputs_survive_writing),
        cmocka_unit_test(labels_are_of_the_first_output),
        cmocka_unit_test(an_output_that_another_reads_keeps_its_name),
        cmocka_unit_test(a_split_is_a_node_of_several_outputs),
        cmocka_unit_test(a_part_that_nobody_reads_stays_a_part),
        cmocka_unit_test(a_split_of_which_one_part_is_read_is_a_slice),
        cmocka_unit_test(a_split_into_one_part_is_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
