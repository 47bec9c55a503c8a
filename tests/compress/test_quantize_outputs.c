/*
 * test_quantize_outputs.c - quantization of networks with several outputs, and of nodes with several.
 */
#include "tests/compress/quantize_networks.h"

#include "compress/quantize/channels.h"
#include "runtime/runtime.h"

#include <math.h>

enum { FIRST = 6, SECOND = 3, LEFT = 5, RIGHT = 7 };

/* A convolution split in two: one piece ends in a Softmax of averages, the other in a Gemm of values. */
static struct graph *forked_network(void)
{
    const int64_t sizes[] = {LEFT, RIGHT};
    struct builder b = build_new(sned_shape(4, (int64_t)1, (int64_t)3, (int64_t)12, (int64_t)12), 4);
    int pieces[2], first;
    conv(&b, 3, LEFT + RIGHT, 3, 1);
    relu(&b);
    build_split(&b, 1, sizes, pieces, 2);
    b.last = pieces[0];
    conv(&b, LEFT, FIRST, 3, 1);
    build_unary(&b, OP_GLOBAL_AVERAGE_POOL);
    build_unary(&b, OP_FLATTEN)->u.flatten.axis = 1;
    build_unary(&b, OP_SOFTMAX)->u.softmax.axis = 1;
    first = b.last;
    b.last = pieces[1];
    conv(&b, RIGHT, 4, 3, 2);
    relu(&b);
    build_unary(&b, OP_FLATTEN)->u.flatten.axis = 1;
    build_gemm(&b, 4 * 6 * 6, SECOND);
    must(sned_graph_set_outputs(b.graph, (const int[]){first, b.last}, 2, error));
    must(sned_graph_infer(b.graph, error));
    must(sned_graph_prepare(b.graph, error));
    return b.graph;
}

/* Both outputs of all images in float: values[0] [IMAGES][FIRST], values[1] [IMAGES][SECOND]. */
static void run_float(struct graph *graph, const float *images, float *const *values)
{
    const struct executor_options options = {.batch = IMAGES, .threads = 1};
    const int counts[2] = {FIRST, SECOND};
    struct executor *executor;
    for (int t = 0; t < graph->tensor_count; t++)
        graph->tensors[t].quantization = (struct quantization){0};
    must(executor_new(&executor, graph, &options, error));
    must(executor_forward(executor, images, IMAGES, error));
    for (int k = 0; k < 2; k++)
        memcpy(values[k], executor_output(executor, k), (size_t)(IMAGES * counts[k]) * sizeof(float));
    executor_free(executor);
}

/* Root of the mean squared difference, as a share of the spread of `exact`. */
static double share_of_error(const float *values, const float *exact, int count)
{
    double difference = 0, spread = 0, mean = 0;
    for (int i = 0; i < count; i++)
        mean += exact[i] / count;
    for (int i = 0; i < count; i++) {
        difference += pow(values[i] - exact[i], 2);
        spread += pow(exact[i] - mean, 2);
    }
    return sqrt(difference / spread);
}

static void every_output_follows_its_float_output(void **state)
{
    struct fixture fixture = calibrated(forked_network());
    float first[2][IMAGES * FIRST], second[2][IMAGES * SECOND];
    struct graph *integer;
    sned_model *model;
    sned_context *context;
    must(quantize_lower(&integer, fixture.graph, error));
    must(sned_model_from_graph(&model, integer, error));
    must(sned_context_new(&context, model, error));
    must(sned_run_values_outputs(context, fixture.values, IMAGES, (float *const[]){first[0], second[0]}, 2,
                                 error));
    run_float(fixture.graph, fixture.values, (float *const[]){first[1], second[1]});
    assert_true(share_of_error(first[0], first[1], IMAGES * FIRST) < 0.04);
    assert_true(share_of_error(second[0], second[1], IMAGES * SECOND) < 0.04);
    sned_context_free(context);
    sned_close(model);
    fixture_free(&fixture);
}

/* ---- which quantization ---- */

static void pieces_of_a_split_share_one_quantization(void **state)
{
    struct fixture fixture = calibrated(forked_network());
    const struct node *split = node_of(fixture.graph, OP_SPLIT);
    const struct quantization whole = quantization_of(fixture.graph, split->inputs[0]);
    assert_true(whole.scale > 0 && whole.bits == 8 && !whole.is_signed);
    for (int k = 0; k < 2; k++) {
        const struct quantization piece = quantization_of(fixture.graph, split->outputs[k]);
        assert_true(piece.scale == whole.scale && piece.bits == 8 && !piece.is_signed);
    }
    fixture_free(&fixture);
}

static void each_result_has_sixteen_bits_and_what_its_ending_makes_none(void **state)
{
    struct fixture fixture = calibrated(forked_network());
    const struct node *softmax = node_of(fixture.graph, OP_SOFTMAX);
    assert_int_equal(quantization_of(fixture.graph, softmax->inputs[0]).bits, 16);
    assert_true(quantization_of(fixture.graph, softmax->outputs[0]).scale == 0);
    assert_int_equal(quantization_of(fixture.graph, fixture.graph->outputs[1]).bits, 16);
    fixture_free(&fixture);
}

static struct graph *two_ends(bool reads_on)
{
    struct builder b = build_new(sned_shape(2, (int64_t)1, (int64_t)20), 5);
    build_gemm(&b, 20, FIRST);
    const int result = b.last;
    if (reads_on)
        build_gemm(&b, FIRST, SECOND);
    else
        build_unary(&b, OP_SOFTMAX)->u.softmax.axis = 1;
    must(sned_graph_set_outputs(b.graph, (const int[]){result, b.last}, 2, error));
    must(sned_graph_infer(b.graph, error));
    return b.graph;
}

static void a_result_that_the_network_reads_on_has_eight_bits(void **state)
{
    struct fixture fixture = calibrated(two_ends(true));
    struct graph *integer;
    assert_int_equal(quantization_of(fixture.graph, fixture.graph->outputs[0]).bits, 8);
    assert_int_equal(quantization_of(fixture.graph, fixture.graph->outputs[1]).bits, 16);
    must(quantize_lower(&integer, fixture.graph, error));
    assert_int_equal(integer->output_count, 2);
    sned_graph_free(integer);
    fixture_free(&fixture);
}

static void logits_beside_their_probabilities_have_sixteen_bits(void **state)
{
    struct fixture fixture = calibrated(two_ends(false));
    struct graph *integer;
    assert_int_equal(quantization_of(fixture.graph, fixture.graph->outputs[0]).bits, 16);
    assert_true(quantization_of(fixture.graph, fixture.graph->outputs[1]).scale == 0);
    must(quantize_lower(&integer, fixture.graph, error));
    sned_graph_free(integer);
    fixture_free(&fixture);
}

/* ---- there and back ---- */

static void raising_gives_every_output_of_a_node_and_of_the_network(void **state)
{
    struct fixture fixture = calibrated(forked_network());
    struct graph *integer, *raised;
    must(quantize_lower(&integer, fixture.graph, error));
    must(quantize_raise(&raised, integer, error));
    assert_int_equal(raised->output_count, 2);
    const struct node *split = node_of(raised, OP_SPLIT);
    assert_int_equal(split->output_count, 2);
    assert_int_equal(split->u.split.sizes[1], RIGHT);
    for (int k = 0; k < 2; k++)
        assert_string_equal(raised->tensors[raised->outputs[k]].name,
                            fixture.graph->tensors[fixture.graph->outputs[k]].name);
    sned_graph_free(integer);
    sned_graph_free(raised);
    fixture_free(&fixture);
}

/* ---- equalizing ---- */

static void a_split_hands_each_channel_on_to_one_piece(void **state)
{
    struct graph *graph = forked_network();
    struct channels channels;
    must(channels_find(&channels, graph, error));
    const struct node *split = node_of(graph, OP_SPLIT);
    for (int c = 0; c < LEFT + RIGHT; c++) {
        const int piece = c >= LEFT, at = piece ? c - LEFT : c;
        const int whole = channels.root[channels.first[split->inputs[0]] + c];
        assert_int_equal(whole, channels.root[channels.first[split->outputs[piece]] + at]);
        assert_false(channels.fixed[whole]);
        for (int other = 0; other < c; other++)
            assert_int_not_equal(whole, channels.root[channels.first[split->inputs[0]] + other]);
    }
    assert_true(channels.fixed[channels.root[channels.first[graph->outputs[1]]]]);
    sned_channels_free(&channels);
    sned_graph_free(graph);
}

static void equalizing_keeps_every_output(void **state)
{
    struct fixture fixture = calibrated(forked_network());
    const struct calibration_options options = {.batch = 10, .threads = 1};
    const struct calibration_images images = {.values = fixture.values, .count = IMAGES};
    float first[2][IMAGES * FIRST], second[2][IMAGES * SECOND];
    const struct node *conv = node_of(fixture.graph, OP_CONV);
    const struct tensor *weights = &fixture.graph->tensors[conv->inputs[1]];
    const float before = ((const float *)weights->data)[0];
    run_float(fixture.graph, fixture.values, (float *const[]){first[0], second[0]});
    must(quantize_equalize(fixture.graph, &images, &options, error));
    run_float(fixture.graph, fixture.values, (float *const[]){first[1], second[1]});
    assert_true(((const float *)weights->data)[0] != before);
    assert_true(share_of_error(first[1], first[0], IMAGES * FIRST) < 1e-5);
    assert_true(share_of_error(second[1], second[0], IMAGES * SECOND) < 1e-5);
    fixture_free(&fixture);
}

/* ---- states ---- */

static void a_network_with_a_state_is_refused_by_name(void **state)
{
    struct graph *graph = two_ends(true);
    const float values[20] = {0};
    const struct calibration_images images = {.values = values, .count = 1};
    const struct calibration_options options = {.batch = 1, .threads = 1};
    struct shape shape = sned_shape(2, (int64_t)1, (int64_t)FIRST);
    sned_error refusal = {0};
    int tensor;
    must(sned_graph_add_tensor(graph, "memory", TENSOR_F32, &shape, NULL, &tensor, error));
    graph->states[graph->state_count++] = (struct state_tensor){tensor, graph->outputs[0]};
    assert_int_equal(quantize_calibrate(graph, &images, &options, &refusal), SNED_ERROR_UNSUPPORTED);
    assert_non_null(strstr(refusal.message, "has a state ('memory')"));
    assert_int_equal(quantize_equalize(graph, &images, &options, &refusal), SNED_ERROR_UNSUPPORTED);
    sned_graph_free(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_output_follows_its_float_output),
        cmocka_unit_test(pieces_of_a_split_share_one_quantization),
        cmocka_unit_test(each_result_has_sixteen_bits_and_what_its_ending_makes_none),
        cmocka_unit_test(a_result_that_the_network_reads_on_has_eight_bits),
        cmocka_unit_test(logits_beside_their_probabilities_have_sixteen_bits),
        cmocka_unit_test(raising_gives_every_output_of_a_node_and_of_the_network),
        cmocka_unit_test(a_split_hands_each_channel_on_to_one_piece),
        cmocka_unit_test(equalizing_keeps_every_output),
        cmocka_unit_test(a_network_with_a_state_is_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
