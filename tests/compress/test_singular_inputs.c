/*
 * test_singular_inputs.c - rounding of weights that read dead, constant or equal channels, whose second
 * moments are zero, singular or of rank 1; and numbers that are none, which every step of quantization
 * refuses by name.
 */
#include "tests/compress/quantize_networks.h"

#include "compress/second/damped_factor.h"
#include "compress/quantize/moments.h"

static const struct calibration_options options = {.batch = 7, .threads = 2};

/* ---- inputs ---- */

enum { CHANNELS = 8, SIDE = 5, VECTOR = 24 };

/* What channel c reads at one place of one picture. */
typedef float channel_value(struct random *random, int c, float shared);

static float dead(struct random *random, int c, float shared)
{
    return 0;
}

static float constant(struct random *random, int c, float shared)
{
    return 1000.1f + (float)c;
}

static float constant_beside_others(struct random *random, int c, float shared)
{
    return c % 2 ? 3000.3f : sned_random_normal(random);
}

static float dead_beside_others(struct random *random, int c, float shared)
{
    return c % 3 ? 0 : sned_random_normal(random);
}

static float nearly_constant(struct random *random, int c, float shared)
{
    return 4096 + 0.01f * sned_random_normal(random);
}

static float equal(struct random *random, int c, float shared)
{
    return shared;
}

static float of_rank_one_and_far_from_zero(struct random *random, int c, float shared)
{
    return 700 + (float)(1 + c) * shared;
}

static channel_value *const values_of[] = {dead,
                                           constant,
                                           constant_beside_others,
                                           dead_beside_others,
                                           nearly_constant,
                                           equal,
                                           of_rank_one_and_far_from_zero};
enum { KINDS = sizeof values_of / sizeof *values_of };

/* [IMAGES][channels][plane] */
static float *inputs_of(int kind, int channels, int plane)
{
    float *values = malloc((size_t)(IMAGES * channels * plane) * sizeof *values);
    struct random random;
    assert_non_null(values);
    sned_random_seed(&random, 5, 0);
    for (int i = 0; i < IMAGES; i++)
        for (int p = 0; p < plane; p++) {
            const float shared = sned_random_normal(&random);
            for (int c = 0; c < channels; c++)
                values[(i * channels + c) * plane + p] = values_of[kind](&random, c, shared);
        }
    return values;
}

/* ---- layers ---- */

static struct graph *one_conv(int groups)
{
    struct builder b =
        build_new(sned_shape(4, (int64_t)1, (int64_t)CHANNELS, (int64_t)SIDE, (int64_t)SIDE), 11);
    build_conv(&b, (struct conv_setup){
                       .in = CHANNELS, .out = CHANNELS, .groups = groups, .window = square_window(3, 1, 0)});
    return finish(&b);
}

static struct graph *convolution(void)
{
    return one_conv(1);
}

static struct graph *depthwise(void)
{
    return one_conv(CHANNELS);
}

static struct graph *gemm(void)
{
    struct builder b = build_new(sned_shape(2, (int64_t)1, (int64_t)VECTOR), 11);
    build_gemm(&b, VECTOR, 10);
    return finish(&b);
}

static struct graph *(*const layers[])(void) = {convolution, depthwise, gemm};
static const char *const layer_names[] = {"Conv", "depthwise Conv", "Gemm"};
enum { LAYERS = 3 };

static struct calibration_images images_for(const struct graph *graph, int kind)
{
    const struct shape *shape = &graph->tensors[graph->input].shape;
    const int channels = (int)shape->dim[1], plane = (int)sned_shape_elements(shape) / channels;
    return (struct calibration_images){.values = inputs_of(kind, channels, plane), .count = IMAGES};
}

/* ---- rounding ---- */

static double error_of(struct graph *graph, const float *values, const float *exact)
{
    const int classes = (int)sned_shape_elements(&graph->tensors[graph->outputs[0]].shape);
    float *scores = float_scores(graph, values, classes, false);
    double sum = 0;
    for (int i = 0; i < IMAGES * classes; i++)
        sum += pow((double)scores[i] - exact[i], 2);
    free(scores);
    return sum;
}

static void round_to_nearest(struct graph *graph)
{
    const struct tensor *tensor = &graph->tensors[graph->nodes[0].inputs[1]];
    const size_t filters = (size_t)tensor->shape.dim[0],
                 count = sned_shape_elements(&tensor->shape) / filters;
    float *weights = tensor->data;
    for (size_t k = 0; k < filters; k++) {
        const float scale = quantize_weight_scale(weights + k * count, count);
        for (size_t i = 0; i < count; i++)
            weights[k * count + i] = scale * roundf(weights[k * count + i] / scale);
    }
}

static void errors_of_any_input_are_made_good(void **state)
{
    for (int layer = 0; layer < LAYERS; layer++)
        for (int kind = 0; kind < KINDS; kind++) {
            struct graph *graph = layers[layer](), *nearest, *integer;
            const struct calibration_images images = images_for(graph, kind);
            const int classes = (int)sned_shape_elements(&graph->tensors[graph->outputs[0]].shape);
            float *exact = float_scores(graph, images.values, classes, false);
            must(sned_graph_copy(&nearest, graph, error));
            round_to_nearest(nearest);
            must(quantize_calibrate(graph, &images, &options, error));
            must(round_weights(graph, &images, &options, error));
            must(quantize_lower(&integer, graph, error));
            const double least = error_of(nearest, images.values, exact);
            const double got = error_of(graph, images.values, exact);
            /* NaN fails, too. A float32 sum of numbers around 4096 is good to a few thousandths. */
            if (!(got <= 1.05 * least + 1e-5 * IMAGES * classes))
                fail_msg("%s, input %d: %g with compensation, %g without", layer_names[layer], kind, got,
                         least);
            free(exact);
            free((float *)images.values);
            sned_graph_free(graph);
            sned_graph_free(nearest);
            sned_graph_free(integer);
        }
}

/* ---- moments ---- */

static double mean_of(const float *values, int i)
{
    double sum = 0;
    for (int r = 0; r < IMAGES; r++)
        sum += values[r * VECTOR + i];
    return sum / IMAGES;
}

static double covariance_of(const float *values, int i, int j)
{
    const double a = mean_of(values, i), b = mean_of(values, j);
    double sum = 0;
    for (int r = 0; r < IMAGES; r++)
        sum += (values[r * VECTOR + i] - a) * (values[r * VECTOR + j] - b);
    return sum / IMAGES;
}

static void covariances_far_from_zero_are_as_exact_as_near_it(void **state)
{
    for (int kind = 0; kind < KINDS; kind++) {
        struct graph *graph = gemm();
        const struct calibration_images images = images_for(graph, kind);
        struct moments *moments;
        must(moments_measure(&moments, graph, &images, &options, error));
        float h[VECTOR * VECTOR];
        int order[VECTOR];
        for (int i = 0; i < VECTOR; i++)
            order[i] = i;
        moments_fill(&moments[0], 0, 0, true, order, h);
        for (int i = 0; i < VECTOR; i++) {
            const double variance = covariance_of(images.values, i, i);
            assert_true(fabs(moments_mean(&moments[0], 0, i) - mean_of(images.values, i)) < 1e-6 * 4096);
            for (int j = 0; j <= i; j++) {
                const double wanted = covariance_of(images.values, i, j);
                const double tolerance = 1e-4 * sqrt(variance * covariance_of(images.values, j, j)) + 1e-12;
                if (!(fabs(h[i * VECTOR + j] - wanted) <= tolerance))
                    fail_msg("input %d, covariance of %d and %d: %g, not %g", kind, i, j, h[i * VECTOR + j],
                             wanted);
            }
        }
        for (int n = 0; n < graph->node_count; n++)
            moments_free(&moments[n]);
        free(moments);
        free((float *)images.values);
        sned_graph_free(graph);
    }
}

/* ---- the factor ---- */

/* With H = [[1, 2], [2, 1]] (eigenvalues 3 and -1) it takes 10 on the diagonal: [[11, 2], [2, 11]] has L with
 * rows (10.33, 0) and (0.60, 3.32), the second (2 / 11, 1) when divided by its diagonal. */
static void damping_grows_until_moments_are_positive_definite(void **state)
{
    float h[4] = {1, NAN, 2, 1}; /* the lower triangle alone is looked at */
    must(damped_factor(h, 2, error));
    assert_float_equal(h[2], 2.0 / 11, 1e-6);
}

/* Zero; variances below 0; rank 1. */
static void every_finite_moment_has_a_factor(void **state)
{
    float moments[][4] = {{0, 0, 0, 0}, {-1e-3, 0, 0, 1}, {-1, 0, 0, -1},
                          {1, 0, 1, 1}, {4, 0, 2, 1},     {1e8, 0, 1e8, 1e8}};
    for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
        must(damped_factor(moments[i], 2, error));
        assert_true(isfinite(moments[i][2]));
    }
}

static void moments_that_are_no_numbers_have_none(void **state)
{
    const float wrong[] = {NAN, INFINITY, -INFINITY};
    for (int at = 0; at < 4; at++)
        for (int i = 0; i < 3 && at != 1; i++) {
            float h[4] = {1, 0, 0, 1};
            h[at] = wrong[i];
            assert_int_equal(damped_factor(h, 2, NULL), SNED_ERROR_DATA);
        }
}

/* ---- what is no number ---- */

static void expect(sned_status status, const sned_error *error, const char *where, const char *what)
{
    if (status == SNED_OK || !strstr(error->message, where) || !strstr(error->message, what))
        fail_msg("'%s' names no '%s' and '%s'", status == SNED_OK ? "nothing" : error->message, where, what);
}

static void lowering_names_the_filter_that_is_no_number(void **state)
{
    const float wrong[] = {NAN, INFINITY, -INFINITY};
    for (int i = 0; i < 3; i++)
        for (int input = 1; input <= 2; input++) {
            struct fixture fixture = calibrated(plain_network());
            const struct node *node = node_of(fixture.graph, OP_GEMM);
            struct graph *integer;
            sned_error said = {0};
            ((float *)fixture.graph->tensors[node->inputs[input]].data)[input == 1 ? 3 * 256 + 5 : 3] =
                wrong[i];
            expect(quantize_lower(&integer, fixture.graph, &said), &said, node->name, "filter 3");
            assert_null(integer);
            fixture_free(&fixture);
        }
}

/* Inputs that can be measured, but not squared. */
static void moments_name_the_layer_whose_inputs_are_too_large(void **state)
{
    for (int layer = 0; layer < LAYERS; layer++) {
        struct graph *graph = layers[layer]();
        const struct calibration_images images = images_for(graph, 5);
        sned_error said = {0};
        for (size_t i = 0; i < IMAGES * sned_shape_elements(&graph->tensors[graph->input].shape); i++)
            ((float *)images.values)[i] *= 1e25f;
        must(quantize_calibrate(graph, &images, &options, error));
        expect(round_weights(graph, &images, &options, &said), &said, graph->nodes[0].name, "filter 0");
        free((float *)images.values);
        sned_graph_free(graph);
    }
}

/* Two equal channels, taken by each filter with both signs: infinity less infinity. */
static void an_activation_that_is_no_number_is_named(void **state)
{
    struct graph *graph = gemm();
    const struct calibration_images images = images_for(graph, 5);
    float *weights = graph->tensors[graph->nodes[0].inputs[1]].data;
    const char *name = graph->tensors[graph->outputs[0]].name;
    sned_error said = {0};
    for (int i = 0; i < VECTOR; i++)
        weights[i] = i % 2 ? 3e38f : -3e38f;
    for (int i = 0; i < VECTOR * IMAGES; i++)
        ((float *)images.values)[i] *= 100;
    expect(quantize_equalize(graph, &images, &options, &said), &said, name, "no number");
    expect(quantize_calibrate(graph, &images, &options, &said), &said, name, "no number");
    free((float *)images.values);
    sned_graph_free(graph);
}

/* Filter 0 gives a hundredth of filter 1's range out of weights that are as large as floats can be. */
static void equalizing_names_a_filter_that_it_would_make_infinite(void **state)
{
    struct builder b = build_new(sned_shape(4, (int64_t)1, (int64_t)2, (int64_t)3, (int64_t)3), 1);
    conv(&b, 2, 2, 1, 1);
    const struct node *node = &b.graph->nodes[0];
    const float set[4] = {3e38f, -2.97e38f, 1.5e38f, 1.5e38f};
    memcpy(b.graph->tensors[node->inputs[1]].data, set, sizeof set);
    memset(b.graph->tensors[node->inputs[2]].data, 0, 2 * sizeof(float));
    conv(&b, 2, 2, 1, 1);
    struct graph *graph = finish(&b);
    const struct calibration_images images = images_for(graph, 5);
    sned_error said = {0};
    for (int i = 0; i < IMAGES * 2 * 9; i++)
        ((float *)images.values)[i] *= 1e-36f;
    expect(quantize_equalize(graph, &images, &options, &said), &said, graph->nodes[0].name, "filter 0");
    free((float *)images.values);
    sned_graph_free(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_of_any_input_are_made_good),
        cmocka_unit_test(covariances_far_from_zero_are_as_exact_as_near_it),
        cmocka_unit_test(damping_grows_until_moments_are_positive_definite),
        cmocka_unit_test(every_finite_moment_has_a_factor),
        cmocka_unit_test(moments_that_are_no_numbers_have_none),
        cmocka_unit_test(lowering_names_the_filter_that_is_no_number),
        cmocka_unit_test(moments_name_the_layer_whose_inputs_are_too_large),
        cmocka_unit_test(an_activation_that_is_no_number_is_named),
        cmocka_unit_test(equalizing_names_a_filter_that_it_would_make_infinite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
