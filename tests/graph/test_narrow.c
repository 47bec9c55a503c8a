/*
 * test_narrow.c - a network's weakest units leave until it has so few weights. The judge is the plain
 * evaluator of graph_evaluate.h: a narrowed network is the one whose other columns are zero.
 */
#include "graph/passes/compact.h"
#include "tests/graph/graph_evaluate.h"

static struct tensor *weights_of(struct graph *graph, int node)
{
    return &graph->tensors[graph->nodes[node].inputs[1]];
}

static uint64_t all_weights(const struct graph *graph)
{
    uint64_t sum = 0;
    for (int n = 0; n < graph->node_count; n++)
        if (sned_node_has_weights(&graph->nodes[n]))
            sum += sned_node_weights(graph, &graph->nodes[n]);
    return sum;
}

/* All columns of a node that the report does not list are set to zero. */
static void zero_lost_columns(struct graph *graph, const struct compacted_layer *layer)
{
    struct tensor *weights = weights_of(graph, layer->node);
    const size_t columns = (size_t)weights->shape.dim[1];
    const size_t taps = sned_shape_elements(&weights->shape) / ((size_t)weights->shape.dim[0] * columns);
    for (size_t i = 0; i < sned_shape_elements(&weights->shape); i++) {
        bool is_kept = false;
        for (int c = 0; c < layer->kept_columns; c++)
            is_kept |= (size_t)layer->column[c] == i / taps % columns;
        ((float *)weights->data)[i] *= (float)is_kept;
    }
}

/* Narrows a checked graph to so many weights; what is left must be the old network less the columns. */
static void narrows(struct graph *graph, uint64_t weights)
{
    sned_error error;
    struct compaction report;
    struct graph *before;
    infer(graph);
    succeeds(sned_graph_copy(&before, graph, &error), &error);
    succeeds(sned_graph_narrow(graph, weights, &report, &error), &error);
    check(graph);
    assert_true(all_weights(graph) <= weights);
    for (int i = 0; i < report.count; i++)
        zero_lost_columns(before, &report.layers[i]);
    float *expected = run(before), *found = run(graph);
    for (size_t i = 0; i < seen_elements(graph); i++)
        assert_float_equal(found[i], expected[i], 1e-4);
    free(expected);
    free(found);
    sned_compaction_free(&report);
    sned_graph_free(before);
}

static void scale_filter(struct graph *graph, int node, int k, float factor)
{
    struct tensor *weights = weights_of(graph, node);
    const size_t length = sned_shape_elements(&weights->shape) / (size_t)weights->shape.dim[0];
    for (size_t i = 0; i < length; i++)
        ((float *)weights->data)[(size_t)k * length + i] *= factor;
}

/* conv (6 of 18 weights) - flatten - fc (5 of 54) - fc (3) */
static struct graph *network(void)
{
    struct graph *graph = graph_on(SHAPE(1, 2, 5, 5));
    const int x = append_conv(graph, "conv", graph->input, 6, 2, 1, window_of(3, 1, 0));
    APPEND(graph, "flatten", OP_FLATTEN, x)->u.flatten.axis = 1;
    append_gemm(graph, "fc1", graph->outputs[0], 5, 54);
    append_gemm(graph, "fc2", graph->outputs[0], 3, 5);
    return graph;
}

static void the_weakest_of_a_kind_goes_first(void **state)
{
    struct graph *graph = network();
    sned_error error;
    struct compaction report;
    infer(graph);
    scale_filter(graph, 0, 4, 0.01f);
    succeeds(sned_graph_narrow(graph, all_weights(graph) - 1, &report, &error), &error);
    assert_int_equal(report.layers[0].node, 0);
    assert_int_equal(report.layers[0].kept_filters, 5);
    assert_memory_equal(report.layers[0].filter, ((int[]){0, 1, 2, 3, 5}), 5 * sizeof(int));
    sned_compaction_free(&report);
    sned_graph_free(graph);
}

static void layers_lose_units_until_so_few_weights_are_left(void **state)
{
    for (uint64_t weights = 30; weights < 400; weights += 37) {
        struct graph *graph = network();
        narrows(graph, weights);
        sned_graph_free(graph);
    }
}

static void a_network_that_is_narrow_enough_stays(void **state)
{
    struct graph *graph = network();
    infer(graph);
    const uint64_t weights = all_weights(graph);
    narrows(graph, weights);
    assert_int_equal(all_weights(graph), weights);
    sned_graph_free(graph);
}

static void one_unit_of_each_kind_stays(void **state)
{
    sned_error error;
    struct graph *graph = network();
    infer(graph);
    succeeds(sned_graph_narrow(graph, 1, NULL, &error), &error);
    check(graph);
    assert_int_equal(weights_of(graph, 0)->shape.dim[0], 1);
    assert_int_equal(weights_of(graph, 2)->shape.dim[0], 1);
    assert_int_equal(weights_of(graph, 3)->shape.dim[0], 3);
    sned_graph_free(graph);
}

/* stem + b are one kind of unit, a another; depthwise goes with what it reads. */
static void ties_are_respected(void **state)
{
    struct graph *graph = graph_on(SHAPE(1, 3, 6, 6));
    const int stem = append_conv(graph, "stem", graph->input, 4, 3, 1, window_of(3, 1, 1));
    const int a = append_conv(graph, "a", stem, 5, 4, 1, window_of(3, 1, 1));
    const int depthwise = append_conv(graph, "depthwise", a, 5, 5, 5, window_of(3, 1, 1));
    const int b = append_conv(graph, "b", depthwise, 4, 5, 1, window_of(1, 1, 0));
    APPEND(graph, "sum", OP_ADD, stem, b);
    append_conv(graph, "head", graph->outputs[0], 2, 4, 1, window_of(3, 1, 0));
    infer(graph);
    scale_filter(graph, 0, 2, 0.001f);
    scale_filter(graph, 3, 2, 0.001f);
    scale_filter(graph, 1, 3, 0.001f);
    narrows(graph, all_weights(graph) * 3 / 5);
    assert_int_equal(weights_of(graph, 0)->shape.dim[0], weights_of(graph, 3)->shape.dim[0]);
    assert_int_equal(weights_of(graph, 1)->shape.dim[0], graph->nodes[2].u.conv.groups);
    assert_true(weights_of(graph, 0)->shape.dim[0] < 4 && weights_of(graph, 1)->shape.dim[0] < 5);
    sned_graph_free(graph);
}

static void an_integer_graph_is_refused(void **state)
{
    sned_error error;
    struct graph *graph = network();
    infer(graph);
    graph->integer = true;
    refused(sned_graph_narrow(graph, 10, NULL, &error), &error, SNED_ERROR_ARGUMENT, "has integers");
    sned_graph_free(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_weakest_of_a_kind_goes_first),
        cmocka_unit_test(layers_lose_units_until_so_few_weights_are_left),
        cmocka_unit_test(a_network_that_is_narrow_enough_stays),
        cmocka_unit_test(one_unit_of_each_kind_stays),
        cmocka_unit_test(ties_are_respected),
        cmocka_unit_test(an_integer_graph_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
