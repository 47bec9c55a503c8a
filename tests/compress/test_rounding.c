/*
 * test_rounding.c - what `sned pack` does to weights before they become integers: ranges made equal, and
 * rounding that makes its errors good.
 */
#include "tests/compress/quantize_networks.h"

#include "compress/quantize/channels.h"

static struct calibration_images images_of(const struct fixture *fixture)
{
    return (struct calibration_images){.values = fixture->values, .count = IMAGES};
}

static const struct calibration_options options = {.batch = 10, .threads = 2};

static double squared(const float *a, const float *b, int count)
{
    double sum = 0;
    for (int i = 0; i < count; i++)
        sum += pow((double)a[i] - b[i], 2);
    return sum;
}

static int classes_of(const struct graph *graph)
{
    return (int)sned_shape_elements(&graph->tensors[graph->outputs[0]].shape);
}

/* ---- channels ---- */

static int class_of(const struct channels *channels, int tensor, int channel)
{
    return channels->root[channels->first[tensor] + channel];
}

static void pools_and_flatten_hand_a_channel_on_and_convolutions_begin_another(void **state)
{
    struct graph *graph = plain_network();
    struct channels channels;
    must(channels_find(&channels, graph, error));
    const struct node *pool = node_of(graph, OP_MAX_POOL), *flatten = node_of(graph, OP_FLATTEN);
    for (int c = 0; c < 12; c++)
        assert_int_equal(class_of(&channels, pool->inputs[0], c), class_of(&channels, pool->outputs[0], c));
    for (int c = 0; c < 16 * 16; c++)
        assert_int_equal(class_of(&channels, flatten->inputs[0], c / 16),
                         class_of(&channels, flatten->outputs[0], c));
    assert_int_not_equal(class_of(&channels, pool->outputs[0], 0), class_of(&channels, pool->outputs[0], 1));
    assert_int_not_equal(class_of(&channels, pool->outputs[0], 0),
                         class_of(&channels, flatten->inputs[0], 0));
    assert_false(channels.fixed[class_of(&channels, pool->outputs[0], 0)]);
    assert_true(channels.fixed[class_of(&channels, graph->input, 0)]);
    assert_true(channels.fixed[class_of(&channels, graph->outputs[0], 0)]);
    sned_channels_free(&channels);
    sned_graph_free(graph);
}

static void a_sum_needs_one_factor_and_the_scores_none(void **state)
{
    struct graph *graph = residual_network();
    struct channels channels;
    must(channels_find(&channels, graph, error));
    const struct node *add = node_of(graph, OP_ADD), *global = node_of(graph, OP_GLOBAL_AVERAGE_POOL);
    for (int c = 0; c < 8; c++) {
        assert_int_equal(class_of(&channels, add->inputs[0], c), class_of(&channels, add->inputs[1], c));
        assert_int_equal(class_of(&channels, add->inputs[0], c), class_of(&channels, add->outputs[0], c));
        assert_false(channels.fixed[class_of(&channels, add->outputs[0], c)]);
    }
    assert_true(channels.fixed[class_of(&channels, global->inputs[0], 0)]);
    sned_channels_free(&channels);
    sned_graph_free(graph);
}

static void what_has_units_of_its_own_is_fixed(void **state)
{
    struct graph *graph = mixed_network();
    struct channels channels;
    must(channels_find(&channels, graph, error));
    const struct node *lrn = node_of(graph, OP_LRN), *mul = node_of(graph, OP_MUL);
    for (int c = 0; c < 6; c++) {
        assert_true(channels.fixed[class_of(&channels, lrn->inputs[0], c)]);
        assert_true(channels.fixed[class_of(&channels, lrn->outputs[0], c)]);
        assert_true(channels.fixed[class_of(&channels, mul->inputs[0], c)]);
        assert_true(channels.fixed[class_of(&channels, mul->inputs[1], c)]); /* behind a Clip, too */
    }
    sned_channels_free(&channels);
    sned_graph_free(graph);
}

/* A DepthToSpace between two convolutions. */
static struct graph *deep_network(enum depth_mode mode)
{
    struct builder b = build_new(sned_shape(4, (int64_t)1, (int64_t)3, (int64_t)8, (int64_t)8), 6);
    conv(&b, 3, 8, 3, 1);
    relu(&b);
    struct node *deep = build_unary(&b, OP_DEPTH_TO_SPACE);
    deep->u.depth_to_space.block = 2;
    deep->u.depth_to_space.mode = mode;
    conv(&b, 2, 5, 3, 2);
    build_unary(&b, OP_GLOBAL_AVERAGE_POOL);
    build_unary(&b, OP_FLATTEN)->u.flatten.axis = 1;
    return finish(&b);
}

static struct graph *deep_network_by_columns(void)
{
    return deep_network(DEPTH_CRD);
}

/* ONNX: of 8 channels in 2 x 2 blocks, output c is of inputs c, c + 2, .. (DCR) or 4 c, 4 c + 1, .. (CRD). */
static void channels_that_one_channel_is_made_of_share_a_factor(void **state)
{
    for (int mode = DEPTH_DCR; mode <= DEPTH_CRD; mode++) {
        struct graph *graph = deep_network((enum depth_mode)mode);
        struct channels channels;
        must(channels_find(&channels, graph, error));
        const struct node *deep = node_of(graph, OP_DEPTH_TO_SPACE);
        for (int c = 0; c < 8; c++) {
            const int to = mode == DEPTH_DCR ? c % 2 : c / 4;
            assert_int_equal(class_of(&channels, deep->inputs[0], c),
                             class_of(&channels, deep->outputs[0], to));
        }
        assert_int_not_equal(class_of(&channels, deep->outputs[0], 0),
                             class_of(&channels, deep->outputs[0], 1));
        assert_false(channels.fixed[class_of(&channels, deep->outputs[0], 0)]);
        sned_channels_free(&channels);
        sned_graph_free(graph);
    }
}

/* ---- equalization ---- */

/* The filters of the first Conv made very unequal, those after it the other way round. */
static void make_unequal(struct graph *graph)
{
    const struct node *first = node_of(graph, OP_CONV);
    float *weights = graph->tensors[first->inputs[1]].data, *bias = graph->tensors[first->inputs[2]].data;
    const struct shape *shape = &graph->tensors[first->inputs[1]].shape;
    const size_t count = sned_shape_elements(shape) / (size_t)shape->dim[0];
    for (size_t k = 0; k < (size_t)shape->dim[0]; k++) {
        const float factor = 1 / (1 + 4 * (float)k);
        for (size_t i = 0; i < count; i++)
            weights[k * count + i] *= factor;
        bias[k] *= factor;
    }
}

static void equalizing_keeps_the_function(void **state)
{
    struct graph *(*const makers[])(void) = {plain_network, residual_network, mixed_network,
                                             deep_network_by_columns};
    for (int i = 0; i < 4; i++) {
        struct fixture fixture = calibrated(makers[i]());
        make_unequal(fixture.graph);
        const struct calibration_images images = images_of(&fixture);
        const int count = IMAGES * classes_of(fixture.graph);
        float *before = float_scores(fixture.graph, fixture.values, count / IMAGES, false);
        must(quantize_equalize(fixture.graph, &images, &options, error));
        float *after = float_scores(fixture.graph, fixture.values, count / IMAGES, false);
        const float zeros[IMAGES * 16] = {0};
        assert_true(squared(before, after, count) < 1e-10 * squared(before, zeros, count));
        free(before);
        free(after);
        fixture_free(&fixture);
    }
}

/* Of the first Conv's output, the smallest range of a channel as a share of the largest. */
static float evenness(struct fixture *fixture)
{
    const struct node *first = node_of(fixture->graph, OP_CONV);
    const struct shape *shape = &fixture->graph->tensors[first->outputs[0]].shape;
    const size_t channels = (size_t)shape->dim[1], plane = sned_shape_elements(shape) / channels;
    const struct executor_options how = {.batch = IMAGES, .threads = 1};
    float *values = malloc(IMAGES * channels * plane * sizeof *values), least = INFINITY, most = 0;
    struct executor *executor;
    must(executor_new(&executor, fixture->graph, &how, error));
    must(executor_forward(executor, fixture->values, IMAGES, error));
    must(executor_read(executor, first->outputs[0], values, error));
    for (size_t c = 0; c < channels; c++) {
        float range = 0;
        for (size_t i = 0; i < IMAGES; i++)
            for (size_t p = 0; p < plane; p++)
                range = fmaxf(range, fabsf(values[(i * channels + c) * plane + p]));
        least = fminf(least, range);
        most = fmaxf(most, range);
    }
    executor_free(executor);
    free(values);
    return least / most;
}

static void equalizing_brings_ranges_nearer(void **state)
{
    struct fixture fixture = calibrated(plain_network());
    const struct calibration_images images = images_of(&fixture);
    make_unequal(fixture.graph);
    for (int t = 0; t < fixture.graph->tensor_count; t++)
        fixture.graph->tensors[t].quantization = (struct quantization){0};
    const float before = evenness(&fixture);
    must(quantize_equalize(fixture.graph, &images, &options, error));
    const float after = evenness(&fixture);
    assert_true(before < 0.05f && after > 3 * before && after <= 1);
    fixture_free(&fixture);
}

/* ---- rounding ---- */

/* The mean squared error of the scores when only weights are rounded: to the nearest, and by
 * round_weights. */
static void rounding_errors(struct graph *(*make)(void), double *nearest, double *compensated)
{
    struct fixture fixture = calibrated(make());
    const struct calibration_images images = images_of(&fixture);
    const int classes = classes_of(fixture.graph), count = IMAGES * classes;
    struct graph *rounded, *plain;
    must(sned_graph_copy(&rounded, fixture.graph, error));
    must(sned_graph_copy(&plain, fixture.graph, error));
    must(round_weights(rounded, &images, &options, error));
    float *exact = float_scores(fixture.graph, fixture.values, classes, false);
    for (int t = 0; t < plain->tensor_count; t++)
        rounded->tensors[t].quantization = plain->tensors[t].quantization = (struct quantization){0};
    float *with = float_scores(rounded, fixture.values, classes, true);
    float *without = float_scores(plain, fixture.values, classes, true);
    *nearest = squared(exact, without, count);
    *compensated = squared(exact, with, count);
    free(exact);
    free(with);
    free(without);
    sned_graph_free(rounded);
    sned_graph_free(plain);
    fixture_free(&fixture);
}

static void errors_made_good_are_smaller(void **state)
{
    struct graph *(*const makers[])(void) = {plain_network, residual_network, mixed_network};
    for (int i = 0; i < 3; i++) {
        double nearest, compensated;
        rounding_errors(makers[i], &nearest, &compensated);
        if (!(compensated < 0.7 * nearest))
            fail_msg("network %d: %g with compensation, %g without", i, compensated, nearest);
    }
}

static void rounded_weights_are_whole_steps_and_pruned_ones_stay_zero(void **state)
{
    struct fixture fixture = calibrated(plain_network());
    const struct calibration_images images = images_of(&fixture);
    const struct node *node = node_of(fixture.graph, OP_GEMM);
    float *weights = fixture.graph->tensors[node->inputs[1]].data;
    const size_t columns = (size_t)fixture.graph->tensors[node->inputs[1]].shape.dim[1];
    float scales[10];
    for (size_t i = 0; i < 10 * columns; i += 3)
        weights[i] = 0;
    for (size_t k = 0; k < 10; k++)
        scales[k] = quantize_weight_scale(weights + k * columns, columns);
    must(round_weights(fixture.graph, &images, &options, error));
    for (size_t i = 0; i < 10 * columns; i++) {
        const float steps = weights[i] / scales[i / columns];
        assert_true(fabsf(steps - roundf(steps)) < 1e-3f && fabsf(steps) < 127.001f);
        assert_true(i % 3 || weights[i] == 0);
    }
    for (size_t k = 0; k < 10; k++)
        assert_true(quantize_weight_scale(weights + k * columns, columns) == scales[k]);
    fixture_free(&fixture);
}

/* An input channel that is always 0 has no moments at all; a depthwise Conv has a group for each channel. */
static struct graph *depthwise_network(void)
{
    struct builder b = build_new(sned_shape(4, (int64_t)1, (int64_t)3, (int64_t)10, (int64_t)10), 7);
    conv(&b, 3, 12, 3, 1);
    relu(&b);
    build_conv(&b, (struct conv_setup){.in = 12, .out = 12, .groups = 12, .window = square_window(3, 1, 1)});
    relu(&b);
    conv(&b, 12, 8, 1, 1);
    build_unary(&b, OP_GLOBAL_AVERAGE_POOL);
    build_unary(&b, OP_FLATTEN)->u.flatten.axis = 1;
    return finish(&b);
}

static void depthwise_convolutions_and_dead_channels_are_rounded_too(void **state)
{
    double nearest, compensated;
    rounding_errors(depthwise_network, &nearest, &compensated);
    assert_true(compensated < nearest);
    struct fixture fixture = calibrated(depthwise_network());
    const struct calibration_images images = images_of(&fixture);
    const struct node *first = node_of(fixture.graph, OP_CONV);
    float *weights = fixture.graph->tensors[first->inputs[1]].data;
    memset(weights, 0, 27 * sizeof *weights);
    ((float *)fixture.graph->tensors[first->inputs[2]].data)[0] = -1; /* channel 0 never fires */
    must(quantize_equalize(fixture.graph, &images, &options, error));
    must(quantize_calibrate(fixture.graph, &images, &options, error));
    must(round_weights(fixture.graph, &images, &options, error));
    for (int t = 0; t < fixture.graph->tensor_count; t++) {
        const struct tensor *tensor = &fixture.graph->tensors[t];
        for (size_t i = 0; tensor->data && i < sned_shape_elements(&tensor->shape); i++)
            assert_true(isfinite(((const float *)tensor->data)[i]));
    }
    fixture_free(&fixture);
}

static void rounding_does_not_depend_on_threads(void **state)
{
    struct fixture one = calibrated(plain_network()), two = calibrated(plain_network());
    const struct calibration_images images = images_of(&one);
    must(round_weights(one.graph, &images, &(struct calibration_options){.batch = 10, .threads = 1}, error));
    must(round_weights(two.graph, &images, &options, error));
    for (int t = 0; t < one.graph->tensor_count; t++) {
        const struct tensor *a = &one.graph->tensors[t], *b = &two.graph->tensors[t];
        if (a->data)
            assert_memory_equal(a->data, b->data, sned_shape_elements(&a->shape) * sizeof(float));
    }
    fixture_free(&one);
    fixture_free(&two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pools_and_flatten_hand_a_channel_on_and_convolutions_begin_another),
        cmocka_unit_test(a_sum_needs_one_factor_and_the_scores_none),
        cmocka_unit_test(what_has_units_of_its_own_is_fixed),
        cmocka_unit_test(channels_that_one_channel_is_made_of_share_a_factor),
        cmocka_unit_test(equalizing_keeps_the_function),
        cmocka_unit_test(equalizing_brings_ranges_nearer),
        cmocka_unit_test(errors_made_good_are_smaller),
        cmocka_unit_test(rounded_weights_are_whole_steps_and_pruned_ones_stay_zero),
        cmocka_unit_test(depthwise_convolutions_and_dead_channels_are_rounded_too),
        cmocka_unit_test(rounding_does_not_depend_on_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
