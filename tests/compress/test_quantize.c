/*
 * test_quantize.c - calibration, lowering and raising: numbers against their definitions, and integer
 * networks against the float networks that they come from.
 */
#include "tests/compress/quantize_networks.h"

#include "compress/quantize/lower_scaling.h"
#include "runtime/runtime.h"

/* Root of the mean squared difference between integer and float scores, as a share of the float scores'
 * spread. */
static double integer_error(struct fixture *fixture, bool simulated)
{
    struct graph *integer;
    sned_model *model;
    sned_context *context;
    must(quantize_lower(&integer, fixture->graph, error));
    must(sned_model_from_graph(&model, integer, error));
    must(sned_context_new(&context, model, error));
    const int classes = sned_model_get_info(model)->classes;
    float *scores = malloc((size_t)(IMAGES * classes) * sizeof *scores);
    float *exact = float_scores(fixture->graph, fixture->values, classes, simulated);
    must(sned_run_values(context, fixture->values, IMAGES, scores, error));
    double difference = 0, spread = 0, mean = 0;
    for (int i = 0; i < IMAGES * classes; i++)
        mean += exact[i] / (IMAGES * classes);
    for (int i = 0; i < IMAGES * classes; i++) {
        difference += pow(scores[i] - exact[i], 2);
        spread += pow(exact[i] - mean, 2);
    }
    free(scores);
    free(exact);
    sned_context_free(context);
    sned_close(model);
    return sqrt(difference / spread);
}

static void check_networks(bool simulated, double tolerance)
{
    struct graph *(*const makers[])(void) = {plain_network, residual_network, mixed_network};
    for (int i = 0; i < 3; i++) {
        struct fixture fixture = calibrated(makers[i]());
        double error = integer_error(&fixture, simulated);
        if (!(error < tolerance))
            fail_msg("network %d: the integer scores differ by %.4f of the float scores' spread", i, error);
        fixture_free(&fixture);
    }
}

static void integer_networks_follow_their_float_networks(void **state)
{
    check_networks(false, 0.04);
}

/* What quantization-aware training sees is what the integer network does, but for the rounding of scalings
 * and ties. */
static void training_simulates_the_integer_network(void **state)
{
    check_networks(true, 0.01);
}

/* ---- quantizations ---- */

static void what_only_moves_shares_a_quantization(void **state)
{
    struct fixture fixture = calibrated(mixed_network());
    const struct node *concat = node_of(fixture.graph, OP_CONCAT);
    const struct quantization out = quantization_of(fixture.graph, concat->outputs[0]);
    assert_true(out.is_signed && out.bits == 8);
    for (int i = 0; i < 2; i++) {
        const struct quantization in = quantization_of(fixture.graph, concat->inputs[i]);
        assert_true(in.scale == out.scale && in.is_signed);
    }
    fixture_free(&fixture);
}

static void tensors_are_unsigned_where_nothing_can_be_negative(void **state)
{
    struct fixture fixture = calibrated(residual_network());
    const struct node *average = node_of(fixture.graph, OP_AVERAGE_POOL),
                      *add = node_of(fixture.graph, OP_ADD);
    assert_true(quantization_of(fixture.graph, fixture.graph->input).is_signed);
    assert_false(quantization_of(fixture.graph, average->inputs[0]).is_signed);
    assert_false(quantization_of(fixture.graph, average->outputs[0]).is_signed);
    assert_true(quantization_of(fixture.graph, add->inputs[0]).is_signed);
    assert_false(quantization_of(fixture.graph, add->inputs[1]).is_signed);
    fixture_free(&fixture);
}

static void scores_have_16_bits_and_room(void **state)
{
    struct fixture fixture = calibrated(plain_network());
    const struct quantization scores =
        quantization_of(fixture.graph, node_of(fixture.graph, OP_GEMM)->outputs[0]);
    assert_int_equal(scores.bits, 16);
    assert_true(scores.is_signed);
    assert_true(quantization_of(fixture.graph, fixture.graph->outputs[0]).scale ==
                0); /* Softmax stays in float */
    fixture_free(&fixture);
    fixture = calibrated(residual_network());
    const struct node *global = node_of(fixture.graph, OP_GLOBAL_AVERAGE_POOL);
    assert_int_equal(quantization_of(fixture.graph, global->outputs[0]).bits, 16);
    assert_int_equal(quantization_of(fixture.graph, fixture.graph->outputs[0]).bits, 16);
    assert_int_equal(quantization_of(fixture.graph, global->inputs[0]).bits, 8);
    fixture_free(&fixture);
}

static void calibrating_twice_gives_the_same(void **state)
{
    struct fixture first = calibrated(mixed_network()), again = calibrated(mixed_network());
    const struct calibration_options options = {.batch = 10, .threads = 1};
    must(quantize_calibrate(
        again.graph, &(struct calibration_images){.values = again.values, .count = IMAGES}, &options, error));
    for (int t = 0; t < first.graph->tensor_count; t++)
        assert_true(quantization_of(first.graph, t).scale == quantization_of(again.graph, t).scale);
    fixture_free(&first);
    fixture_free(&again);
}

/* ---- lowering ---- */

static void pruned_weights_stay_zero_and_filters_without_weights_keep_their_bias(void **state)
{
    struct fixture fixture = calibrated(plain_network());
    const struct node *gemm = node_of(fixture.graph, OP_GEMM);
    float *weights = fixture.graph->tensors[gemm->inputs[1]].data,
          *bias = fixture.graph->tensors[gemm->inputs[2]].data;
    const int columns = (int)fixture.graph->tensors[gemm->inputs[1]].shape.dim[1];
    memset(weights, 0, sizeof(float) * (size_t)columns); /* filter 0 */
    bias[0] = 0.123f;
    for (int i = columns; i < 2 * columns; i += 2) /* half of filter 1 */
        weights[i] = 0;
    struct graph *integer;
    must(quantize_lower(&integer, fixture.graph, error));
    const struct node *lowered = node_of(integer, OP_GEMM);
    const int8_t *q = integer->tensors[lowered->inputs[1]].data;
    for (int i = columns; i < 2 * columns; i += 2)
        assert_int_equal(q[i], 0);
    const int32_t b = ((const int32_t *)integer->tensors[lowered->inputs[2]].data)[0];
    const float scale = quantization_of(integer, lowered->outputs[0]).scale;
    assert_true(fabs(b * scaling_ratio(lowered->rules[0].scalings[0]) * scale - 0.123) < 0.123 * 2e-5);
    sned_graph_free(integer);
    fixture_free(&fixture);
}

static void weights_are_rounded_as_training_rounds_them(void **state)
{
    struct fixture fixture = calibrated(plain_network());
    struct graph *integer;
    must(quantize_lower(&integer, fixture.graph, error));
    const struct node *from = node_of(fixture.graph, OP_GEMM), *to = node_of(integer, OP_GEMM);
    const float *weights = fixture.graph->tensors[from->inputs[1]].data;
    const int8_t *q = integer->tensors[to->inputs[1]].data;
    const size_t columns = (size_t)integer->tensors[to->inputs[1]].shape.dim[1];
    for (size_t k = 0; k < 10; k++) {
        const float scale = quantize_weight_scale(weights + k * columns, columns);
        for (size_t i = k * columns; i < (k + 1) * columns; i++)
            assert_int_equal(q[i], (int)floorf(weights[i] / scale + 0.5f));
    }
    sned_graph_free(integer);
    fixture_free(&fixture);
}

static void a_large_bias_beside_small_weights_fits(void **state)
{
    struct fixture fixture = calibrated(plain_network());
    const struct node *gemm = node_of(fixture.graph, OP_GEMM);
    float *weights = fixture.graph->tensors[gemm->inputs[1]].data;
    const int columns = (int)fixture.graph->tensors[gemm->inputs[1]].shape.dim[1];
    for (int i = 0; i < columns; i++)
        weights[i] = 1e-12f;
    ((float *)fixture.graph->tensors[gemm->inputs[2]].data)[0] = -3;
    struct graph *integer;
    must(quantize_lower(&integer, fixture.graph, error));
    const struct node *lowered = node_of(integer, OP_GEMM);
    const int32_t bias = ((const int32_t *)integer->tensors[lowered->inputs[2]].data)[0];
    const float scale = quantization_of(integer, lowered->outputs[0]).scale;
    assert_in_range(-bias, 1 << 25, 1 << 26); /* the accelerator's accumulators, and no less than they hold */
    assert_true(fabs(bias * scaling_ratio(lowered->rules[0].scalings[0]) * scale + 3) < 3 * 2e-5);
    sned_graph_free(integer);
    fixture_free(&fixture);
}

static void raising_gives_the_weights_back_within_half_a_step(void **state)
{
    struct fixture fixture = calibrated(mixed_network());
    struct graph *integer, *raised;
    must(quantize_lower(&integer, fixture.graph, error));
    must(quantize_raise(&raised, integer, error));
    assert_false(raised->integer);
    for (int n = 0; n < raised->node_count; n++) {
        if (!sned_node_has_weights(&raised->nodes[n]))
            continue;
        const struct tensor *before = &fixture.graph->tensors[fixture.graph->nodes[n].inputs[1]];
        const struct tensor *after = &raised->tensors[raised->nodes[n].inputs[1]];
        const size_t filters = (size_t)before->shape.dim[0],
                     count = sned_shape_elements(&before->shape) / filters;
        for (size_t k = 0; k < filters; k++) {
            const float *a = (const float *)before->data + k * count,
                        *b = (const float *)after->data + k * count;
            for (size_t i = 0; i < count; i++)
                assert_true(fabsf(a[i] - b[i]) <= 0.51f * quantize_weight_scale(a, count));
        }
    }
    sned_graph_free(raised);
    sned_graph_free(integer);
    fixture_free(&fixture);
}

static void expect_refused(struct graph *graph, const char *words)
{
    struct graph *integer;
    sned_error error = {0};
    assert_int_not_equal(quantize_lower(&integer, graph, &error), SNED_OK);
    assert_null(integer);
    if (!strstr(error.message, words))
        fail_msg("'%s' does not say '%s'", error.message, words);
}

static void a_graph_without_calibration_is_refused(void **state)
{
    struct graph *graph = plain_network();
    expect_refused(graph, "calibrated");
    sned_graph_free(graph);
}

static void operators_without_an_integer_form_are_refused_by_name(void **state)
{
    struct builder b = build_new(sned_shape(4, (int64_t)1, (int64_t)2, (int64_t)4, (int64_t)4), 4);
    build_batch_normalization(&b, 2);
    b.graph->outputs[0] = b.last;
    must(sned_graph_infer(b.graph, error));
    for (int t = 0; t < b.graph->tensor_count; t++)
        b.graph->tensors[t].quantization = (struct quantization){1, 8, true};
    expect_refused(b.graph, "(BatchNormalization): has no integer form");
    sned_graph_free(b.graph);
}

static void a_negative_slope_is_refused(void **state)
{
    struct fixture fixture = calibrated(mixed_network());
    for (int n = 0; n < fixture.graph->node_count; n++)
        if (fixture.graph->nodes[n].activation.kind == ACTIVATION_LEAKY_RELU)
            fixture.graph->nodes[n].activation.slope = -0.5f;
    expect_refused(fixture.graph, "slope");
    fixture_free(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integer_networks_follow_their_float_networks),
        cmocka_unit_test(training_simulates_the_integer_network),
        cmocka_unit_test(what_only_moves_shares_a_quantization),
        cmocka_unit_test(tensors_are_unsigned_where_nothing_can_be_negative),
        cmocka_unit_test(scores_have_16_bits_and_room),
        cmocka_unit_test(calibrating_twice_gives_the_same),
        cmocka_unit_test(pruned_weights_stay_zero_and_filters_without_weights_keep_their_bias),
        cmocka_unit_test(weights_are_rounded_as_training_rounds_them),
        cmocka_unit_test(a_large_bias_beside_small_weights_fits),
        cmocka_unit_test(raising_gives_the_weights_back_within_half_a_step),
        cmocka_unit_test(a_graph_without_calibration_is_refused),
        cmocka_unit_test(operators_without_an_integer_form_are_refused_by_name),
        cmocka_unit_test(a_negative_slope_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
