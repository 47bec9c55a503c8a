/*
 * test_sort_units.c - hidden units change places, the strongest first, and the runtime makes the same of
 * every input, to the bit.
 */
#include "runtime/runtime.h"
#include "tests/common/random_networks.h"

static void sort_units(struct graph *graph)
{
    sned_error error = {0};
    if (sned_graph_sort_units(graph, &error) != SNED_OK || sned_graph_check(graph, &error) != SNED_OK)
        fail_msg("%s", error.message);
}

/* ---- what a network makes of some inputs ---- */

enum { RUNS = 3 /* one after the other, where there are states */ };

static size_t output_numbers(const struct graph *graph)
{
    size_t count = 0;
    for (int k = 0; k < graph->output_count; k++)
        count += sned_shape_elements(&graph->tensors[graph->outputs[k]].shape);
    return count;
}

/* [RUNS][output_numbers]; the caller frees it. */
static float *results(const struct graph *graph, uint64_t seed)
{
    const size_t inputs = sned_shape_elements(&graph->tensors[graph->input].shape),
                 outputs = output_numbers(graph);
    float *values = malloc(inputs * sizeof *values), *scores = malloc(RUNS * outputs * sizeof *scores);
    float *to[GRAPH_MAX_OUTPUTS];
    struct graph *copy;
    sned_model *model;
    sned_context *context;
    struct random random;
    sned_random_seed(&random, seed, 9);
    assert_int_equal(sned_graph_copy(&copy, graph, NULL), SNED_OK);
    assert_int_equal(sned_model_from_graph(&model, copy, NULL), SNED_OK);
    assert_int_equal(sned_context_new(&context, model, NULL), SNED_OK);
    for (int run = 0; run < RUNS; run++) {
        float *at = scores + (size_t)run * outputs;
        for (int k = 0; k < graph->output_count; k++) {
            to[k] = at;
            at += sned_shape_elements(&graph->tensors[graph->outputs[k]].shape);
        }
        for (size_t i = 0; i < inputs; i++)
            values[i] = sned_random_normal(&random) * 50 * graph->tensors[graph->input].quantization.scale;
        assert_int_equal(sned_run_values_outputs(context, values, 1, to, graph->output_count, NULL), SNED_OK);
    }
    sned_context_free(context);
    sned_close(model);
    free(values);
    return scores;
}

/* Takes the graph over; whether any constant is now another one. */
static bool sorts_to_the_same_results(struct graph *graph, uint64_t seed)
{
    const size_t size = RUNS * output_numbers(graph) * sizeof(float);
    struct graph *before;
    bool moved = false;
    assert_int_equal(sned_graph_copy(&before, graph, NULL), SNED_OK);
    float *expected = results(graph, seed);
    sort_units(graph);
    float *found = results(graph, seed);
    if (memcmp(expected, found, size) != 0)
        fail_msg("network %d is another one when it is sorted", (int)seed);
    for (int t = 0; t < graph->tensor_count; t++)
        moved |= graph->tensors[t].data && memcmp(graph->tensors[t].data, before->tensors[t].data,
                                                  sned_shape_elements(&graph->tensors[t].shape) *
                                                      sned_type_size(graph->tensors[t].type)) != 0;
    free(expected);
    free(found);
    sned_graph_free(before);
    sned_graph_free(graph);
    return moved;
}

static void random_networks_stay_the_same_to_the_bit(void **state)
{
    enum { NETWORKS = 2000 };
    int moved = 0;
    for (uint64_t seed = 0; seed < NETWORKS; seed++) {
        struct graph *graph = random_network(seed);
        if (seed % 2)
            graph->output_count = 1;
        moved += sorts_to_the_same_results(graph, seed);
    }
    assert_true(moved > NETWORKS / 20);
}

/* A sum, a Concat, a grouped Conv and pools between them. */
static void a_branching_network_stays_the_same_to_the_bit(void **state)
{
    int moved = 0;
    for (uint64_t seed = 0; seed < 20; seed++)
        moved += sorts_to_the_same_results(branching_network(seed), seed);
    assert_true(moved >= 10);
}

/* ---- order ---- */

static const struct window point = {{1, 1}, {1, 1}, {1, 1}, {0, 0}, {0, 0}};

/* conv0 (8 filters of 6 weights) - conv1 (5) */
static struct graph *two_layers(void)
{
    struct random random;
    sned_random_seed(&random, 1, 1);
    struct graph *graph = new_graph(sned_shape(4, (int64_t)1, (int64_t)6, (int64_t)3, (int64_t)3), signed8);
    random_conv(graph, &random, &point, 1, 8, unsigned8);
    random_conv(graph, &random, &point, 1, 5, signed8);
    assert_int_equal(sned_graph_infer(graph, NULL), SNED_OK);
    return graph;
}

static int8_t *weights_of(const struct graph *graph, int node)
{
    return graph->tensors[graph->nodes[node].inputs[1]].data;
}

static void the_strongest_come_first(void **state)
{
    struct graph *graph = two_layers();
    const int strengths[8] = {3, 60, 10, 0, 60, 7, 100, 2}, order[8] = {6, 1, 4, 2, 5, 0, 7, 3};
    for (int k = 0; k < 8; k++) {
        int8_t *filter = weights_of(graph, 0) + k * 6;
        memset(filter, 0, 6);
        filter[k % 6] = (int8_t)(k % 2 ? -strengths[k] : strengths[k]);
        graph->nodes[0].rules[0].scalings[k].multiplier = (uint16_t)(40000 + k);
        for (int j = 0; j < 5; j++)
            weights_of(graph, 1)[j * 8 + k] = (int8_t)(10 * j + k);
    }
    sort_units(graph);
    for (int i = 0; i < 8; i++) {
        assert_int_equal(abs(weights_of(graph, 0)[i * 6 + order[i] % 6]), strengths[order[i]]);
        assert_int_equal(graph->nodes[0].rules[0].scalings[i].multiplier, 40000 + order[i]);
        for (int j = 0; j < 5; j++)
            assert_int_equal(weights_of(graph, 1)[j * 8 + i], 10 * j + order[i]);
    }
    sned_graph_free(graph);
}

static void sorting_twice_changes_nothing(void **state)
{
    struct graph *graph = two_layers();
    int8_t once[48];
    sort_units(graph);
    memcpy(once, weights_of(graph, 0), sizeof once);
    sort_units(graph);
    assert_memory_equal(weights_of(graph, 0), once, sizeof once);
    sned_graph_free(graph);
}

/* Filters 2k and 2k + 1 share their zeros: the accelerator runs them as a pair. */
static void pairs_stay_together(void **state)
{
    struct graph *graph = two_layers();
    const int order[8] = {4, 5, 0, 1, 6, 7, 2, 3};
    const int strengths[8] = {9, 5, 1, 2, 3, 90, 1, 4};
    for (int k = 0; k < 8; k++)
        for (int c = 0; c < 6; c++)
            weights_of(graph, 0)[k * 6 + c] = (int8_t)(c == k / 2 || c == k / 2 + 1 ? strengths[k] : 0);
    sort_units(graph);
    for (int i = 0; i < 8; i++)
        assert_int_equal(weights_of(graph, 0)[i * 6 + order[i] / 2], strengths[order[i]]);
    sned_graph_free(graph);
}

/* As their structure says, however few of a block are not 0: blocks of 3 filters, the last of 2. */
static void blocks_that_are_said_stay_together(void **state)
{
    struct graph *graph = two_layers();
    const int strengths[8] = {1, 0, 2, 0, 90, 0, 0, 100}, order[8] = {3, 4, 5, 0, 1, 2, 6, 7};
    graph->tensors[graph->nodes[0].inputs[1]].structure = (struct structure){STRUCTURE_BLOCK, 3, 1};
    for (int k = 0; k < 8; k++) {
        memset(weights_of(graph, 0) + k * 6, 0, 6);
        weights_of(graph, 0)[k * 6 + k % 6] = (int8_t)strengths[k];
    }
    sort_units(graph);
    for (int i = 0; i < 8; i++)
        assert_int_equal(weights_of(graph, 0)[i * 6 + order[i] % 6], strengths[order[i]]);
    sned_graph_free(graph);
}

/* The reader's blocks are of 2 channels, the filters' of 3: chunks of 6, of which there is one. */
static void blocks_of_two_sizes_have_a_common_multiple(void **state)
{
    struct graph *graph = two_layers();
    int8_t before[48];
    graph->tensors[graph->nodes[0].inputs[1]].structure = (struct structure){STRUCTURE_BLOCK, 3, 1};
    graph->tensors[graph->nodes[1].inputs[1]].structure = (struct structure){STRUCTURE_BLOCK, 1, 2};
    memcpy(before, weights_of(graph, 0), sizeof before);
    sort_units(graph);
    assert_memory_equal(weights_of(graph, 0), before, sizeof before);
    sned_graph_free(graph);
}

static void the_outputs_keep_their_order(void **state)
{
    struct graph *graph = two_layers();
    int64_t before[5] = {0}, after[5] = {0};
    for (int k = 0; k < 5; k++)
        for (int c = 0; c < 8; c++)
            before[k] += weights_of(graph, 1)[k * 8 + c];
    sort_units(graph);
    for (int k = 0; k < 5; k++)
        for (int c = 0; c < 8; c++)
            after[k] += weights_of(graph, 1)[k * 8 + c];
    assert_memory_equal(before, after, sizeof before);
    sned_graph_free(graph);
}

static void a_float_graph_is_refused(void **state)
{
    sned_error error;
    struct graph *graph = two_layers();
    graph->integer = false;
    assert_int_equal(sned_graph_sort_units(graph, &error), SNED_ERROR_ARGUMENT);
    assert_non_null(strstr(error.message, "has no integers yet"));
    sned_graph_free(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_networks_stay_the_same_to_the_bit),
        cmocka_unit_test(a_branching_network_stays_the_same_to_the_bit),
        cmocka_unit_test(the_strongest_come_first),
        cmocka_unit_test(sorting_twice_changes_nothing),
        cmocka_unit_test(pairs_stay_together),
        cmocka_unit_test(blocks_that_are_said_stay_together),
        cmocka_unit_test(blocks_of_two_sizes_have_a_common_multiple),
        cmocka_unit_test(the_outputs_keep_their_order),
        cmocka_unit_test(a_float_graph_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
