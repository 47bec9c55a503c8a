/*
 * test_shrink.c - units leave a network under training, and it gets its shape back: through residual sums and
 * depthwise filters, with what Adam remembers.
 */
#include "tests/common/train_networks.h"

#include "compress/rate/shrink.h"
#include "train/executor/openmp.h"

enum { BATCH = 2, WIDTH = 6, SIDE = 5, CLASSES = 3, INPUTS = 2 * SIDE * SIDE };

/* Conv, a residual block of a depthwise and a pointwise Conv, Gemm; filters 1 and 4 of the trunk are dead. */
static struct graph *residual_network(void)
{
    struct builder b = build_new(sned_shape(4, (int64_t)1, (int64_t)2, (int64_t)SIDE, (int64_t)SIDE), 8);
    build_conv(&b, (struct conv_setup){.in = 2, .out = WIDTH, .window = square_window(3, 1, 1)});
    build_activation(&b, OP_RELU);
    const int trunk = b.last;
    build_conv(&b, (struct conv_setup){
                       .in = WIDTH, .out = WIDTH, .groups = WIDTH, .window = square_window(3, 1, 1)});
    build_activation(&b, OP_RELU);
    build_conv(&b, (struct conv_setup){.in = WIDTH, .out = WIDTH, .window = square_window(1, 1, 0)});
    build_node(&b, OP_ADD, (int[]){b.last, trunk}, 2);
    build_flatten(&b);
    build_gemm(&b, WIDTH * SIDE * SIDE, CLASSES);
    struct graph *graph = build_graph(&b);
    for (int n = 0; n < graph->node_count; n++) {
        if (!sned_node_has_weights(&graph->nodes[n]))
            continue;
        struct tensor *weights = &graph->tensors[node_weights(&graph->nodes[n], 0)];
        float *bias = graph->tensors[node_bias(&graph->nodes[n], 0)].data;
        const size_t filters = (size_t)weights->shape.dim[0],
                     each = sned_shape_elements(&weights->shape) / filters;
        weights->quantization = (struct quantization){1e-3f, 8, true};
        for (size_t k = 1; k < filters && filters == WIDTH; k += 3) {
            memset((float *)weights->data + k * each, 0, each * sizeof(float));
            bias[k] = 0;
        }
    }
    return graph;
}

static struct executor *new_executor(struct graph *graph)
{
    struct executor *executor;
    must(executor_new(&executor, graph,
                      &(struct executor_options){.batch = BATCH,
                                                 .training = true,
                                                 .quantize_weights = true,
                                                 .optimizer = OPTIMIZER_ADAM,
                                                 .learn_steps = true,
                                                 .threads = 1},
                      error));
    return executor;
}

static void answers_of(struct executor *executor, float *answers)
{
    static float x[BATCH * INPUTS];
    uint32_t seed = 3;
    lcg_fill(&seed, x, BATCH * INPUTS, 1);
    must(executor_forward(executor, x, BATCH, error));
    memcpy(answers, executor_output(executor, 0), BATCH * CLASSES * sizeof *answers);
}

static void same_answers(struct graph *graph, const float *expected)
{
    float answers[BATCH * CLASSES];
    struct executor *executor = new_executor(graph);
    answers_of(executor, answers);
    for (int i = 0; i < BATCH * CLASSES; i++)
        assert_true(fabsf(answers[i] - expected[i]) < 1e-5f);
    executor_free(executor);
}

static void dead_units_leave_and_come_back_as_zeros(void **state)
{
    struct graph *graph = residual_network(), *given;
    struct rate_layers layers = {0};
    struct units_left left = {0};
    float before[BATCH * CLASSES], *kept;
    size_t count;
    assert_true(can_shrink(graph));
    must(sned_graph_copy(&given, graph, error));
    must(rate_layers_find(&layers, graph, error));
    uint8_t *units = calloc(units_given(&layers, graph), 1);
    must(units_left_open(&left, &layers, graph, units, error));
    struct executor *executor = new_executor(graph);
    const size_t size = executor_state_size(executor);
    float *remembered = calloc(size, sizeof *remembered);
    for (size_t i = 0; i < size; i++)
        remembered[i] = (float)i;
    answers_of(executor, before);
    must(shrink(graph, executor, remembered, &left, &kept, &count, error));
    assert_non_null(kept);
    executor_free(executor);
    for (int i = 0; i < layers.count - 1; i++)
        assert_int_equal(graph->tensors[layers.layers[i].tensor].shape.dim[0], WIDTH - 2);

    executor = new_executor(graph);
    assert_int_equal(count, executor_state_size(executor));
    assert_true(kept[0] == remembered[0] && kept[18] == remembered[2 * 18]); /* filter 2 is the second now */
    executor_free(executor);
    same_answers(graph, before);

    struct graph *again;
    must(sned_graph_copy(&again, given, error));
    must(shrink_again(again, &left, error));
    for (int t = 0; t < graph->tensor_count; t++)
        assert_true(sned_shape_equal(&again->tensors[t].shape, &graph->tensors[t].shape));
    grow_back(given, graph, &left);
    same_answers(given, before);
    sned_graph_free(again);
    sned_graph_free(given);
    sned_graph_free(graph);
    rate_layers_free(&layers);
    units_left_close(&left);
    free(units);
    free(remembered);
    free(kept);
}

static void what_has_more_than_weights_and_biases_does_not_shrink(void **state)
{
    struct graph *graph = residual_network();
    assert_true(can_shrink(graph));
    graph->output_count = 2;
    assert_false(can_shrink(graph));
    graph->output_count = 1;
    graph->nodes[0].inputs[2] = -1;
    assert_false(can_shrink(graph));
    sned_graph_free(graph);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dead_units_leave_and_come_back_as_zeros),
        cmocka_unit_test(what_has_more_than_weights_and_biases_does_not_shrink),
    };
    openmp_wait_briefly(argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
