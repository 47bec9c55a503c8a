/*
 * test_compact_networks.c - whole networks compute the same when units have left them: random ones of every
 * operator, raised to floats, and those of the zoo, some of whose filters are zeroed. The judge is the
 * trainer's executor.
 */
#include "compress/quantize/quantize.h"
#include "graph/passes/compact.h"
#include "tests/common/random_networks.h"
#include "train/executor/executor.h"
#include "zoo/zoo.h"

static uint64_t parameters(const struct graph *graph)
{
    return sned_graph_parameter_bytes(graph);
}

/* All outputs of a run on numbers that follow from the seed, one behind the other; the caller frees it. */
static float *run(struct graph *graph, uint64_t seed, size_t *count)
{
    const struct executor_options options = {.batch = 1, .threads = 1};
    const size_t inputs = sned_shape_elements(&graph->tensors[graph->input].shape);
    sned_error error = {0};
    struct executor *executor;
    struct random random;
    float *input = malloc(inputs * sizeof *input), *result;
    sned_random_seed(&random, seed, 1);
    for (size_t i = 0; i < inputs; i++)
        input[i] = sned_random_normal(&random);
    *count = 0;
    for (int k = 0; k < graph->output_count; k++)
        *count += sned_shape_elements(&graph->tensors[graph->outputs[k]].shape);
    result = malloc(*count * sizeof *result);
    if (executor_new(&executor, graph, &options, &error) != SNED_OK ||
        executor_forward(executor, input, 1, &error) != SNED_OK)
        fail_msg("seed %d: %s", (int)seed, error.message);
    float *at = result;
    for (int k = 0; k < graph->output_count; k++) {
        const size_t size = sned_shape_elements(&graph->tensors[graph->outputs[k]].shape);
        memcpy(at, executor_output(executor, k), size * sizeof *at);
        at += size;
    }
    executor_free(executor);
    free(input);
    return result;
}

static void keeps_the_function(struct graph *graph, uint64_t seed)
{
    sned_error error = {0};
    size_t count, count_after;
    float *before = run(graph, seed, &count);
    if (sned_graph_compact(graph, NULL, &error) != SNED_OK || sned_graph_check(graph, &error) != SNED_OK)
        fail_msg("seed %d: %s", (int)seed, error.message);
    float *after = run(graph, seed, &count_after), largest = 1;
    assert_int_equal(count_after, count);
    for (size_t i = 0; i < count; i++)
        largest = fmaxf(largest, fabsf(before[i]));
    for (size_t i = 0; i < count; i++)
        if (!(fabsf(before[i] - after[i]) <= 1e-4f * largest))
            fail_msg("seed %d: element %zu was %g and is %g", (int)seed, i, before[i], after[i]);
    free(before);
    free(after);
}

/* Some filters of each layer lose their weights, and some columns theirs. */
static void zero_some(struct graph *graph, struct random *random)
{
    for (int n = 0; n < graph->node_count; n++) {
        if (!sned_node_has_weights(&graph->nodes[n]))
            continue;
        const struct tensor *weights = &graph->tensors[node_weights(&graph->nodes[n], 0)];
        const int rows = (int)weights->shape.dim[0], columns = (int)weights->shape.dim[1];
        const size_t elements = sned_shape_elements(&weights->shape);
        const size_t taps = elements / (size_t)(rows * columns);
        bool *gone = calloc((size_t)(rows + columns), sizeof *gone);
        for (int i = 0; i < rows + columns; i++)
            gone[i] = random_range(random, 0, 3) == 0;
        for (size_t i = 0; i < elements; i++)
            if (gone[i / taps / (size_t)columns] || gone[(size_t)rows + i / taps % (size_t)columns])
                ((float *)weights->data)[i] = 0;
        free(gone);
    }
}

static void random_networks_compute_the_same(void **state)
{
    enum { NETWORKS = 2500 };
    int smaller = 0, seen[OP_COUNT] = {0};
    for (uint64_t seed = 0; seed < NETWORKS; seed++) {
        struct graph *integer = random_network(seed), *graph;
        struct random random;
        sned_error error = {0};
        sned_random_seed(&random, seed, 2);
        if (integer->state_count == 0 && quantize_raise(&graph, integer, &error) == SNED_OK) {
            for (int t = 0; t < graph->tensor_count; t++)
                graph->tensors[t].quantization = (struct quantization){0};
            zero_some(graph, &random);
            if (seed % 2) /* what leads to others is read by nobody */
                graph->output_count = 1;
            const uint64_t before = parameters(graph);
            keeps_the_function(graph, seed);
            smaller += parameters(graph) < before;
            for (int n = 0; n < graph->node_count && parameters(graph) < before; n++)
                seen[graph->nodes[n].op]++;
            sned_graph_free(graph);
        }
        sned_graph_free(integer);
    }
    assert_true(smaller >= NETWORKS / 20);
    assert_true(seen[OP_CONCAT] > 0 && seen[OP_SPLIT] > 0 && seen[OP_ADD] > 0 && seen[OP_SLICE] > 0 &&
                seen[OP_RESHAPE] > 0 && seen[OP_DEPTH_TO_SPACE] > 0 && seen[OP_TRANSPOSE] > 0);
}

static void networks_of_the_zoo_compute_the_same(void **state)
{
    static const char *const names[] = {"lenet300", "lenet5", "vgg8-cifar", "resnet20"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (int prepared = 0; prepared < 2; prepared++) {
            struct graph *graph;
            struct random random;
            sned_error error = {0};
            sned_random_seed(&random, i, 3);
            if (zoo_new(&graph, names[i], &(struct zoo_options){.seed = 7}, &error) != SNED_OK)
                fail_msg("%s", error.message);
            for (int t = 0; t < graph->tensor_count; t++) /* biases are something to fold */
                if (graph->tensors[t].data && graph->tensors[t].shape.rank == 1)
                    for (int64_t k = 0; k < graph->tensors[t].shape.dim[0]; k++)
                        ((float *)graph->tensors[t].data)[k] += 0.2f * sned_random_uniform(&random) - 0.05f;
            zero_some(graph, &random);
            if (prepared)
                assert_int_equal(sned_graph_prepare(graph, &error), SNED_OK);
            const uint64_t before = parameters(graph);
            keeps_the_function(graph, i);
            assert_true(parameters(graph) < before / 4 * 3);
            sned_graph_free(graph);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_networks_compute_the_same),
        cmocka_unit_test(networks_of_the_zoo_compute_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
