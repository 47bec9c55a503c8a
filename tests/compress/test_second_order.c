/*
 * test_second_order.c - what the loss says of each weight, and rounding that obeys it: right values from
 * PyTorch and NumPy.
 */
#include "tests/compress/quantize_networks.h"

#include "compress/second/agreement.h"
#include "compress/second/fisher.h"
#include "compress/second/second_order.h"

static const struct calibration_options options = {.batch = 10, .threads = 2};

/* ---- Fisher's information ---- */

/* x [3] -> Gemm [4] -> ReLU -> Gemm [3] -> ending, numbers from the generator. */
static struct graph *small_network(enum op ending)
{
    struct builder b = build_new(sned_shape(2, (int64_t)1, (int64_t)3), 11);
    for (int i = 0; i < 2; i++) {
        const int64_t in = i ? 4 : 3, out = i ? 3 : 4;
        int inputs[3] = {b.last};
        inputs[1] = build_constant(&b, sned_shape(2, out, in), 1, 0);
        inputs[2] = build_constant(&b, sned_shape(1, out), 1, 0);
        build_node(&b, OP_GEMM, inputs, 3);
        if (i == 0)
            relu(&b);
    }
    if (ending != OP_IDENTITY)
        build_unary(&b, ending)->u.softmax.axis = 1;
    return finish(&b);
}

static void expect_fisher(enum op ending, const double *first, const double *second)
{
    enum { PAIRS = 10000 };
    static const float pair[6] = {1, -0.5f, 0.25f, -0.3f, 0.8f, 1.2f};
    struct graph *graph = small_network(ending);
    struct fisher fisher;
    float *values = malloc(PAIRS * sizeof pair);
    assert_non_null(values);
    for (int i = 0; i < PAIRS; i++)
        memcpy(values + 6 * i, pair, sizeof pair);
    const struct calibration_images images = {.values = values, .count = 2 * PAIRS};
    must(fisher_measure(&fisher, graph, &images, &(struct fisher_options){.seed = 1, .threads = 1}, error));
    for (int layer = 0; layer < 2; layer++)
        for (int i = 0; i < 12; i++) {
            const double wanted = (layer ? second : first)[i];
            const double got = fisher.values[node_weights(&graph->nodes[layer], 0)][i];
            if (!(fabs(got - wanted) <= 0.03 * wanted + 1e-4))
                fail_msg("layer %d, weight %d: %g, not %g", layer, i, got, wanted);
        }
    fisher_free(&fisher);
    free(values);
    sned_graph_free(graph);
}

/* PyTorch 2: the expectation of squared gradients over labels of softmax(scores / 1.5), two inputs. */
static void squared_gradients_are_those_of_pytorch(void **state)
{
    const double first[12] = {0, 0, 0, 0.010571, 0.075171, 0.169135, 0, 0, 0, 0.004112, 0.029244, 0.065798};
    const double second[12] = {0, 0.114659, 0, 0.011717, 0, 0.167500, 0, 0.017118, 0, 0.105756, 0, 0.010808};
    expect_fisher(OP_SOFTMAX, first, second);
    expect_fisher(OP_IDENTITY, first, second);
}

/* The same of binary cross-entropy, over all eight targets. */
static void of_numbers_apart_each_has_a_label_of_its_own(void **state)
{
    const double first[12] = {0, 0, 0, 0.008493, 0.060392, 0.135882, 0, 0, 0, 0.017866, 0.127046, 0.285855};
    const double second[12] = {0, 0.160693, 0, 0.016422, 0, 0.148117, 0, 0.015137, 0, 0.158427, 0, 0.016190};
    expect_fisher(OP_SIGMOID, first, second);
}

/* ---- rounding ---- */

enum { COLUMNS = 6, FILTERS = 3, ROWS = 24 };

/* A Gemm and correlated inputs, numbers from the generator; the step is a quarter. */
static struct graph *one_layer(float *inputs)
{
    struct builder b = build_new(sned_shape(2, (int64_t)1, (int64_t)COLUMNS), 21);
    float drawn[COLUMNS + 1];
    int tensors[3] = {b.last};
    tensors[1] = build_constant(&b, sned_shape(2, (int64_t)FILTERS, (int64_t)COLUMNS), 1, 0);
    tensors[2] = build_constant(&b, sned_shape(1, (int64_t)FILTERS), 1, 0);
    build_node(&b, OP_GEMM, tensors, 3);
    for (int r = 0; r < ROWS; r++) {
        lcg_fill(&b.state, drawn, COLUMNS + 1, 1);
        for (int i = 0; i < COLUMNS; i++)
            inputs[r * COLUMNS + i] = drawn[0] * 2 + drawn[1 + i] * (0.25f * (float)(1 + i * 5 % 7));
    }
    b.graph->tensors[tensors[1]].quantization = (struct quantization){0.25f, 8, true};
    return finish(&b);
}

/* NumPy: GPTQ's algorithm 1 (Frantar et al. 2022), columns in the order of their variances, by the Cholesky
 * factor of the inverse of the damped covariance. To the nearest it would be -2 -3 -2 0 -1 -1, -1 3 -2 2 -1
 * -3, -3 3 2 -2 3 1, with a mean squared error of the outputs of .0570, .0266, .1430, not .0142, .0255,
 * .0166. */
static void errors_are_made_good_as_gptq_does(void **state)
{
    const int wanted[FILTERS * COLUMNS] = {-2, -3, -3, 0, -1, -1, 0, 3, -2, 1, -1, -3, -3, 3, 2, -1, 3, 1};
    const double biases[FILTERS] = {0.2414168, -0.4030490, -0.9834206};
    float inputs[ROWS * COLUMNS];
    struct graph *graph = one_layer(inputs);
    const struct calibration_images images = {.values = inputs, .count = ROWS};
    must(round_weights(graph, &images, &options, error));
    const float *weights = graph->tensors[graph->nodes[0].inputs[1]].data;
    const float *bias = graph->tensors[graph->nodes[0].inputs[2]].data;
    for (int i = 0; i < FILTERS * COLUMNS; i++)
        assert_float_equal(weights[i], 0.25 * wanted[i], 0);
    for (int k = 0; k < FILTERS; k++)
        assert_float_equal(bias[k], biases[k], 1e-5);
    sned_graph_free(graph);
}

/* Which weights of one_layer stay where it is pruned. */
static const uint8_t mask[FILTERS * COLUMNS] = {1, 0, 1, 1, 0, 1, 0, 0, 1, 1, 1, 1, 1, 1, 1, 0, 1, 0};

/* NumPy: the same on each filter's own weights alone. */
static void zeros_stay_and_make_nothing_good(void **state)
{
    const int wanted[FILTERS * COLUMNS] = {-1, 0, -2, -1, 0, -2, 0, 0, -2, 2, -1, -4, -3, 3, 3, 0, 3, 0};
    const double biases[FILTERS] = {0.3452434, -0.3756011, -0.9409536};
    float inputs[ROWS * COLUMNS];
    struct graph *graph = one_layer(inputs);
    const struct calibration_images images = {.values = inputs, .count = ROWS};
    float *weights = graph->tensors[graph->nodes[0].inputs[1]].data;
    for (int i = 0; i < FILTERS * COLUMNS; i++)
        weights[i] *= mask[i];
    must(round_weights(graph, &images, &options, error));
    for (int i = 0; i < FILTERS * COLUMNS; i++)
        assert_float_equal(weights[i], 0.25 * wanted[i], 0);
    for (int k = 0; k < FILTERS; k++)
        assert_float_equal(((const float *)graph->tensors[graph->nodes[0].inputs[2]].data)[k], biases[k],
                           1e-5);
    sned_graph_free(graph);
}

/* The numbers of the same script: the inverse of the damped covariance. */
static void the_inverse_says_what_a_cut_costs(void **state)
{
    const double wanted[COLUMNS] = {12.2903513, 1.7965201, 4.1124192, 11.5461879, 1.2846210, 2.9329629};
    float inputs[ROWS * COLUMNS];
    double diagonal[COLUMNS];
    struct graph *graph = one_layer(inputs);
    const struct calibration_images images = {.values = inputs, .count = ROWS};
    struct moments *moments;
    struct feedback feedback;
    must(moments_measure(&moments, graph, &images, &options, error));
    must(feedback_make(&feedback, &moments[0], graph, &graph->nodes[0], error));
    must(feedback_inverse_diagonal(&feedback, 0, diagonal, error));
    for (int i = 0; i < COLUMNS; i++)
        assert_float_equal(diagonal[i], wanted[i], 1e-3 * wanted[i]);
    feedback_free(&feedback);
    free(moments);
    sned_graph_free(graph);
}

/* NumPy: SparseGPT's update (Frantar and Alistarh 2023) for a given mask, in the same order. */
static void weights_that_stay_make_good_for_those_that_are_cut(void **state)
{
    const double wanted[FILTERS * COLUMNS] = {-0.713515, 0,        -0.433605, -0.714370, 0,         -0.602119,
                                              0,         0,        -0.811505, 0.881427,  -0.350072, -0.534629,
                                              -0.917933, 0.746572, 0.603219,  0,         0.847943,  0};
    const double biases[FILTERS] = {0.6095175, -0.6924302, -0.8968862};
    float inputs[ROWS * COLUMNS];
    struct graph *graph = one_layer(inputs);
    struct tensor *weights = &graph->tensors[graph->nodes[0].inputs[1]];
    const struct calibration_images images = {.values = inputs, .count = ROWS};
    struct moments *moments;
    struct feedback feedback;
    weights->quantization = (struct quantization){0};
    weights->mask = malloc(sizeof mask);
    assert_non_null(weights->mask);
    memcpy(weights->mask, mask, sizeof mask);
    must(moments_measure(&moments, graph, &images, &options, error));
    must(feedback_make(&feedback, &moments[0], graph, &graph->nodes[0], error));
    must(cut_layer(graph, &graph->nodes[0], &feedback, 1, error));
    for (int i = 0; i < FILTERS * COLUMNS; i++)
        assert_float_equal(((const float *)weights->data)[i], wanted[i], 1e-4);
    for (int k = 0; k < FILTERS; k++)
        assert_float_equal(((const float *)graph->tensors[graph->nodes[0].inputs[2]].data)[k], biases[k],
                           1e-4);
    feedback_free(&feedback);
    free(moments);
    sned_graph_free(graph);
}

static void the_mean_of_what_a_filter_gives_stays(void **state)
{
    float inputs[ROWS * COLUMNS];
    struct graph *exact = one_layer(inputs), *rounded = one_layer(inputs);
    const struct calibration_images images = {.values = inputs, .count = ROWS};
    must(round_weights(rounded, &images, &options, error));
    float *before = float_scores(exact, inputs, FILTERS, false);
    float *after = float_scores(rounded, inputs, FILTERS, false);
    for (int k = 0; k < FILTERS; k++) {
        double sum = 0;
        for (int r = 0; r < ROWS; r++)
            sum += (double)after[r * FILTERS + k] - before[r * FILTERS + k];
        assert_float_equal(sum / ROWS, 0, 1e-5);
    }
    free(before);
    free(after);
    sned_graph_free(exact);
    sned_graph_free(rounded);
}

/* ---- steps ---- */

static struct graph *rounded_at(double lambda, struct agreement *agreement)
{
    struct fixture fixture = calibrated(plain_network());
    const struct calibration_images images = {.values = fixture.values, .count = IMAGES};
    const struct second_order_options how = {.seed = 1};
    struct second_order *second;
    const struct scores scores = sned_graph_scores(fixture.graph);
    struct answers before, after;
    must(answers_take(&before, fixture.graph, &images, IMAGES, false, 1, error));
    must(second_order_open(&second, fixture.graph, &images, &options, &how, error));
    must(second_order_apply(second, fixture.graph, lambda, error));
    second_order_free(second);
    must(answers_take(&after, fixture.graph, &images, IMAGES, true, 1, error));
    *agreement = answers_compare(&scores, &before, &after);
    answers_free(&before);
    answers_free(&after);
    free(fixture.values);
    return fixture.graph;
}

static float largest_integer(const struct graph *graph)
{
    float largest = 0;
    for (int n = 0; n < graph->node_count; n++) {
        const int tensor = node_weights(&graph->nodes[n], 0);
        if (tensor < 0)
            continue;
        const struct tensor *weights = &graph->tensors[tensor];
        assert_true(weights->quantization.scale > 0);
        for (size_t i = 0; i < sned_shape_elements(&weights->shape); i++) {
            const float q = ((const float *)weights->data)[i] / weights->quantization.scale;
            assert_float_equal(q, roundf(q), 1e-3);
            largest = fmaxf(largest, fabsf(q));
        }
    }
    return largest;
}

static void a_bit_that_is_worth_more_makes_steps_larger_and_answers_worse(void **state)
{
    struct agreement fine, coarse;
    struct graph *finer = rounded_at(1e-7, &fine), *coarser = rounded_at(1e-4, &coarse);
    for (int n = 0; n < finer->node_count; n++) {
        const int tensor = node_weights(&finer->nodes[n], 0);
        assert_true(tensor < 0 ||
                    coarser->tensors[tensor].quantization.scale >= finer->tensors[tensor].quantization.scale);
    }
    assert_true(largest_integer(finer) <= 127 && largest_integer(coarser) < largest_integer(finer));
    assert_true(fine.divergence >= 0 && fine.divergence < coarse.divergence);
    assert_true(fine.same >= coarse.same && fine.drop <= coarse.drop + 1e-9);
    sned_graph_free(finer);
    sned_graph_free(coarser);
}

/* A lambda a hundred times as large: ten times the step, where neither bound is met. */
static void a_step_grows_with_the_root_of_what_a_bit_is_worth(void **state)
{
    struct agreement agreement;
    struct graph *finer = rounded_at(2e-8, &agreement), *coarser = rounded_at(2e-6, &agreement);
    int met = 0;
    for (int n = 0; n < finer->node_count; n++) {
        const int tensor = node_weights(&finer->nodes[n], 0);
        if (tensor < 0)
            continue;
        const double ratio =
            (double)coarser->tensors[tensor].quantization.scale / finer->tensors[tensor].quantization.scale;
        assert_true(ratio <= 10.001);
        met += fabs(ratio - 10) < 0.001;
    }
    assert_true(met > 0);
    sned_graph_free(finer);
    sned_graph_free(coarser);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(squared_gradients_are_those_of_pytorch),
        cmocka_unit_test(of_numbers_apart_each_has_a_label_of_its_own),
        cmocka_unit_test(errors_are_made_good_as_gptq_does),
        cmocka_unit_test(zeros_stay_and_make_nothing_good),
        cmocka_unit_test(the_inverse_says_what_a_cut_costs),
        cmocka_unit_test(weights_that_stay_make_good_for_those_that_are_cut),
        cmocka_unit_test(the_mean_of_what_a_filter_gives_stays),
        cmocka_unit_test(a_bit_that_is_worth_more_makes_steps_larger_and_answers_worse),
        cmocka_unit_test(a_step_grows_with_the_root_of_what_a_bit_is_worth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
