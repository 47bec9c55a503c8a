/*
 * test_input_rule.c - what a network does first to its pictures becomes part of their rule, or stays.
 */
#include "tests/common/onnx_checks.h"

/* A network of `nodes` (model_node's arguments) between x [N][3][4][4] and a Conv behind "h", whose metadata
 * says that pixels are made (pixel - 10) * 0.5. */
struct line {
    const char *op, *inputs, *output;
};

static struct graph *network(const struct line *lines)
{
    struct builder model = {.opset = 13};
    model_input(&model, "x", "N,3,4,4");
    model_floats(&model, "vector", "3,1,1"); /* 1 2 3 */
    model_number(&model, "two", 2);
    model_number(&model, "none", 0);
    model_floats(&model, "w", "2,3,1,1");
    model_ints(&model, "flat", "0,-1");
    model_floats(&model, "v", "48,1");
    for (; lines->op; lines++)
        model_node(&model, lines->op, "", lines->inputs, lines->output, "");
    model_output(&model, "y");
    model_property(&model, "input.color", "RGB");
    model_property(&model, "input.mean", "10");
    model_property(&model, "input.scale", "0.5");
    return import(&model);
}

/* Absorbing leaves `nodes` nodes, and value = (pixel - mean[c]) * scale[c]. */
static void expect(const struct line *lines, int nodes, const float mean[3], const float scale[3])
{
    struct graph *graph = network(lines);
    struct input_rule whole;
    sned_error error = {0};
    int before = graph->node_count, count;
    assert_int_equal(sned_graph_whole_rule(graph, &whole, &count, &error), SNED_OK);
    assert_int_equal(sned_graph_absorb_input(graph, &error), SNED_OK);
    assert_int_equal(sned_graph_check(graph, &error), SNED_OK);
    assert_int_equal(graph->node_count, nodes);
    assert_int_equal(before - nodes, count);
    for (int c = 0; c < 3; c++) {
        assert_float_equal(graph->rule.mean[c], mean[c], 1e-5);
        assert_float_equal(graph->rule.scale[c], scale[c], 1e-6);
        assert_float_equal(whole.mean[c], graph->rule.mean[c], 0);
        assert_float_equal(whole.scale[c], graph->rule.scale[c], 0);
    }
    sned_graph_free(graph);
}

#define ALL(x) ((const float[3]){x, x, x})

/* ((p - 10) * 0.5 - 2) * 2 = p - 14; ((p - 10) * 0.5 + c) / c = (p - (10 - 2 c)) * 0.5 / c */
static void numbers_and_channels_go_into_the_rule(void **state)
{
    expect((const struct line[]){{"Sub", "x two", "a"}, {"Mul", "a two", "h"}, {"Conv", "h w", "y"}, {0}}, 1,
           ALL(14), ALL(1));
    expect(
        (const struct line[]){{"Add", "x vector", "a"}, {"Div", "a vector", "h"}, {"Conv", "h w", "y"}, {0}},
        1, (const float[]){8, 6, 4}, (const float[]){0.5f, 0.25f, 0.5f / 3});
}

static void a_number_behind_a_flatten_does_too(void **state)
{
    expect(
        (const struct line[]){{"Reshape", "x flat", "a"}, {"Div", "a two", "h"}, {"MatMul", "h v", "y"}, {0}},
        2, ALL(10), ALL(0.25f));
}

static void what_follows_anything_else_stays(void **state)
{
    expect(
        (const struct line[]){
            {"Mul", "x two", "a"}, {"Relu", "a", "b"}, {"Mul", "b two", "h"}, {"Conv", "h w", "y"}, {0}},
        3, ALL(10), ALL(1));
}

static void an_input_that_others_read_too_stays(void **state)
{
    expect((const struct line[]){{"Mul", "x two", "a"}, {"Add", "a x", "h"}, {"Conv", "h w", "y"}, {0}}, 3,
           ALL(10), ALL(0.5f));
    expect((const struct line[]){{"Mul", "x two", "y"}, {0}}, 1, ALL(10), ALL(0.5f));
}

static void a_scale_of_nothing_is_none(void **state)
{
    expect((const struct line[]){{"Mul", "x two", "a"}, {"Mul", "a none", "h"}, {"Conv", "h w", "y"}, {0}}, 2,
           ALL(10), ALL(1));
}

static void a_network_of_values_is_left_alone(void **state)
{
    struct graph *graph = network((const struct line[]){{"Mul", "x two", "h"}, {"Conv", "h w", "y"}, {0}});
    sned_error error = {0};
    graph->rule.is_image = false;
    assert_int_equal(sned_graph_absorb_input(graph, &error), SNED_OK);
    assert_int_equal(graph->node_count, 2);
    sned_graph_free(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_and_channels_go_into_the_rule),
        cmocka_unit_test(a_number_behind_a_flatten_does_too),
        cmocka_unit_test(what_follows_anything_else_stays),
        cmocka_unit_test(an_input_that_others_read_too_stays),
        cmocka_unit_test(a_scale_of_nothing_is_none),
        cmocka_unit_test(a_network_of_values_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
