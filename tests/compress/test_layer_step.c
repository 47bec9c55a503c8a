/*
 * test_layer_step.c - weights on a grid: one step for a whole layer, in lowering and in training's rounding.
 */
#include "tests/compress/quantize_networks.h"

#include "graph/operator.h"
#include "runtime/runtime.h"

/* A fifteenth of each layer's largest weight, so that no filter but one fills its range. */
static void set_steps(struct graph *graph)
{
    for (int n = 0; n < graph->node_count; n++) {
        if (!sned_node_has_weights(&graph->nodes[n]))
            continue;
        struct tensor *weights = &graph->tensors[node_weights(&graph->nodes[n], 0)];
        float largest = 0;
        for (size_t i = 0; i < sned_shape_elements(&weights->shape); i++)
            largest = fmaxf(largest, fabsf(((const float *)weights->data)[i]));
        weights->quantization = (struct quantization){largest / 15, 8, true};
    }
}

struct lowered {
    struct fixture fixture;
    struct graph *integer;
};

static struct lowered lowered_with_steps(void)
{
    struct lowered lowered = {.fixture = calibrated(plain_network())};
    set_steps(lowered.fixture.graph);
    must(quantize_lower(&lowered.integer, lowered.fixture.graph, error));
    return lowered;
}

static void lowered_free(struct lowered *lowered)
{
    sned_graph_free(lowered->integer);
    fixture_free(&lowered->fixture);
}

static void weights_are_multiples_of_the_step(void **state)
{
    struct lowered lowered = lowered_with_steps();
    const struct graph *graph = lowered.fixture.graph;
    for (int n = 0; n < graph->node_count; n++) {
        if (!sned_node_has_weights(&graph->nodes[n]))
            continue;
        const struct tensor *weights = &graph->tensors[node_weights(&graph->nodes[n], 0)];
        const int8_t *integers = lowered.integer->tensors[node_weights(&lowered.integer->nodes[n], 0)].data;
        for (size_t i = 0; i < sned_shape_elements(&weights->shape); i++) {
            const float x = ((const float *)weights->data)[i] / weights->quantization.scale;
            assert_int_equal(integers[i], (int)floorf(x + 0.5f));
        }
    }
    lowered_free(&lowered);
}

static void all_filters_of_a_layer_share_a_scaling(void **state)
{
    struct lowered lowered = lowered_with_steps();
    for (int n = 0; n < lowered.integer->node_count; n++) {
        const struct node *node = &lowered.integer->nodes[n];
        for (int k = 1; sned_node_has_weights(node) && k < node->rules[0].scaling_count; k++) {
            assert_int_equal(node->rules[0].scalings[k].multiplier, node->rules[0].scalings[0].multiplier);
            assert_int_equal(node->rules[0].scalings[k].shift, node->rules[0].scalings[0].shift);
        }
    }
    lowered_free(&lowered);
}

/* With a and b the steps of input and output, a unit of the accumulator is a s; the first Conv's output has 8
 * bits. Biases err by half a grid, and that is a quarter of b at most. */
static void biases_keep_no_bits_below_half_a_step_of_the_output(void **state)
{
    struct lowered lowered = lowered_with_steps();
    const struct graph *graph = lowered.fixture.graph;
    const struct node *node = &graph->nodes[0];
    const double unit = (double)graph->tensors[node->inputs[0]].quantization.scale *
                        graph->tensors[node->inputs[1]].quantization.scale;
    const double half = graph->tensors[node->outputs[0]].quantization.scale / 2.0;
    const float *bias = graph->tensors[node->inputs[2]].data;
    const int32_t *integers = lowered.integer->tensors[lowered.integer->nodes[0].inputs[2]].data;
    int grid = 1;
    while (2 * grid * unit <= half)
        grid *= 2;
    assert_true(grid > 1);
    for (int64_t k = 0; k < graph->tensors[node->inputs[2]].shape.dim[0]; k++) {
        assert_int_equal(integers[k] % grid, 0);
        assert_true(fabs(integers[k] * unit - bias[k]) <= half / 2 + 1e-6);
    }
    lowered_free(&lowered);
}

/* The executor rounds weights to the same grid: its scores are the integer network's, but for the biases'. */
static void training_rounds_to_the_same_grid(void **state)
{
    struct lowered lowered = lowered_with_steps();
    sned_model *model;
    sned_context *context;
    must(sned_model_from_graph(&model, lowered.integer, error));
    lowered.integer = NULL;
    must(sned_context_new(&context, model, error));
    const int classes = sned_model_get_info(model)->classes;
    float *scores = malloc((size_t)(IMAGES * classes) * sizeof *scores);
    float *simulated = float_scores(lowered.fixture.graph, lowered.fixture.values, classes, true);
    must(sned_run_values(context, lowered.fixture.values, IMAGES, scores, error));
    for (int i = 0; i < IMAGES * classes; i++)
        assert_true(fabsf(scores[i] - simulated[i]) < 0.03f);
    free(scores);
    free(simulated);
    sned_context_free(context);
    sned_close(model);
    lowered_free(&lowered);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_are_multiples_of_the_step),
        cmocka_unit_test(all_filters_of_a_layer_share_a_scaling),
        cmocka_unit_test(biases_keep_no_bits_below_half_a_step_of_the_output),
        cmocka_unit_test(training_rounds_to_the_same_grid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
