/*
 * test_contents.c - what is counted and measured of a model's layers: weights by value, and what a network's
 * answers say when a layer loses its lowest bit.
 */
#include "cli/contents/histogram.h"
#include "cli/report/sensitivity.h"
#include "runtime/runtime.h"
#include "tests/common/integer_graphs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

/* ---- weights by value ---- */

/* A float network that is one Gemm [1][count]. */
static struct graph *float_layer(const float *values, int64_t count)
{
    const struct shape input = sned_shape(2, (int64_t)1, count), weights = sned_shape(2, (int64_t)1, count),
                       output = sned_shape(2, (int64_t)1, (int64_t)1);
    struct graph *graph;
    struct node *node;
    int inputs[3] = {0, 0, -1}, made;
    float *data;
    MUST(sned_graph_new(&graph, "one", NULL));
    MUST(sned_alloc(&data, (size_t)count, sizeof *data, NULL));
    memcpy(data, values, (size_t)count * sizeof *data);
    MUST(sned_graph_add_tensor(graph, "x", TENSOR_F32, &input, NULL, &inputs[0], NULL));
    MUST(sned_graph_add_tensor(graph, "w", TENSOR_F32, &weights, data, &inputs[1], NULL));
    MUST(sned_graph_add_tensor(graph, "y", TENSOR_F32, &output, NULL, &made, NULL));
    MUST(sned_graph_add_node(graph, "fc", OP_GEMM, inputs, 3, made, &node, NULL));
    graph->input = inputs[0];
    graph->outputs[0] = made;
    return graph;
}

/* The same of integers; 1 stands for 0.5 * 0.04 / 0.05 = 0.4. */
static struct graph *integer_layer(const int8_t *values, int64_t count)
{
    const struct shape input = sned_shape(2, (int64_t)1, count);
    struct maker maker = maker_begin("one", &input, 1, 1);
    struct node *node = add_gemm(&maker, "fc", 1, (int)count, (struct quantization){0.04f, 8, true});
    maker.graph->tensors[maker.graph->input].quantization.scale = 0.05f;
    node->rules[0].scalings[0] = (struct scaling){32768, 16};
    struct graph *graph = maker_end(&maker);
    memcpy(graph->tensors[graph->nodes[0].inputs[1]].data, values, (size_t)count);
    return graph;
}

static double sum_of(const struct weight_histogram *histogram)
{
    double sum = 0;
    for (int i = 0; i < HISTOGRAM_BINS; i++)
        sum += histogram->bins[i];
    return sum;
}

static void float_weights_are_counted_up_to_the_largest(void **state)
{
    struct graph *graph = float_layer((const float[]){-3, -1, 0, 1, 1, 3}, 6);
    struct weight_histogram histogram;
    histogram_make(&histogram, graph, &graph->nodes[0], 0);
    assert_float_equal(histogram.width, 0.1, 1e-9); /* 3 / 30 */
    assert_float_equal(sum_of(&histogram), 6, 0);
    assert_float_equal(histogram.bins[0], 1, 0);
    assert_float_equal(histogram.bins[20], 1, 0);
    assert_float_equal(histogram.bins[30], 1, 0);
    assert_float_equal(histogram.bins[40], 2, 0);
    assert_float_equal(histogram.bins[60], 1, 0);
    sned_graph_free(graph);
}

/* 99 of 1 and one of 1000: the root mean square is 100.005, six times that 600.03. */
static void an_outlier_is_in_the_outermost_bin(void **state)
{
    float values[100];
    struct weight_histogram histogram;
    for (int i = 0; i < 100; i++)
        values[i] = i ? 1 : 1000;
    struct graph *graph = float_layer(values, 100);
    histogram_make(&histogram, graph, &graph->nodes[0], 0);
    assert_float_equal(histogram.width, 600.0297 / 30, 1e-4);
    assert_float_equal(histogram.bins[60], 1, 0);
    assert_float_equal(histogram.bins[30], 99, 0);
    sned_graph_free(graph);
}

static void zeros_of_a_packed_layer_are_left_out(void **state)
{
    struct graph *graph = integer_layer((const int8_t[]){0, 0, 0, -5, 5, 1}, 6);
    struct weight_histogram histogram;
    histogram_make(&histogram, graph, &graph->nodes[0], 0);
    assert_float_equal(histogram.width, 2.0 / 30, 1e-6); /* 5 * 0.4 */
    assert_float_equal(sum_of(&histogram), 3, 0);
    assert_float_equal(histogram.bins[0], 1, 0);
    assert_float_equal(histogram.bins[36], 1, 0);
    assert_float_equal(histogram.bins[60], 1, 0);
    sned_graph_free(graph);
}

/* Bins of 1.6, four steps; the border between the two in the middle lies at 0.8 = 2 steps. */
static void an_integer_on_the_border_of_two_bins_is_in_both(void **state)
{
    struct graph *graph = integer_layer((const int8_t[]){1, 2, 2, 2, 2, 3}, 6);
    struct weight_histogram histogram;
    histogram_make(&histogram, graph, &graph->nodes[0], 1.6);
    assert_float_equal(histogram.bins[30], 1 + 2, 1e-5);
    assert_float_equal(histogram.bins[31], 2 + 1, 1e-5);
    sned_graph_free(graph);
}

static void a_layer_of_zeros_has_no_scale(void **state)
{
    struct graph *graph = integer_layer((const int8_t[]){0, 0}, 2);
    struct weight_histogram histogram;
    char text[HISTOGRAM_TEXT];
    histogram_make(&histogram, graph, &graph->nodes[0], 0);
    assert_float_equal(histogram.width, 0, 0);
    assert_string_equal(histogram_text(text, &histogram), "                     ");
    sned_graph_free(graph);
}

/* Bin 31 reaches from 0.5 to 1.5; on a scale twice as wide the border is at 1. */
static void a_wider_scale_keeps_the_number(void **state)
{
    struct weight_histogram histogram = {.width = 1};
    histogram.bins[30] = 7;
    histogram.bins[31] = 4;
    histogram.bins[60] = 2;
    histogram_widen(&histogram, 2);
    assert_float_equal(sum_of(&histogram), 13, 1e-9);
    assert_float_equal(histogram.bins[30], 7 + 2, 1e-9);
    assert_float_equal(histogram.bins[31], 2, 1e-9);
    assert_float_equal(histogram.bins[45], 2, 1e-9); /* 30 is the middle of 15 * 2 */
}

static void a_line_of_blocks_has_zero_in_its_middle(void **state)
{
    struct weight_histogram histogram = {.width = 1};
    char text[HISTOGRAM_TEXT];
    histogram.bins[30] = 8;
    histogram.bins[0] = 1;
    histogram.bins[60] = 4;
    assert_string_equal(histogram_text(text, &histogram), "▁         █         ▄");
}

/* ---- the lowest bit ---- */

enum { IMAGES = 8, CLASSES = 3 };

/* Logits of `graph` on the images of `images`. */
static void run_all(float scores[IMAGES][CLASSES], const struct graph *graph, const struct images *images)
{
    struct graph *copy;
    sned_model *model;
    sned_context *context;
    uint8_t pixels[IMAGES][36];
    int32_t labels[IMAGES];
    size_t got;
    MUST(dataset_read(images->dataset, images->indices, IMAGES, pixels, labels, &got, NULL));
    MUST(sned_graph_copy(&copy, graph, NULL));
    MUST(sned_model_from_graph(&model, copy, NULL));
    MUST(sned_context_new(&context, model, NULL));
    MUST(sned_run_pixels(context, pixels[0], IMAGES, scores[0], NULL));
    sned_context_free(context);
    sned_close(model);
}

static void softmax(double p[CLASSES], const float scores[CLASSES])
{
    double sum = 0;
    for (int c = 0; c < CLASSES; c++)
        sum += exp((double)scores[c]);
    for (int c = 0; c < CLASSES; c++)
        p[c] = exp((double)scores[c]) / sum;
}

/* The Kullback-Leibler divergence by its definition. */
static double mean_divergence(float own[IMAGES][CLASSES], float other[IMAGES][CLASSES])
{
    double sum = 0, p[CLASSES], q[CLASSES];
    for (int i = 0; i < IMAGES; i++) {
        softmax(p, own[i]);
        softmax(q, other[i]);
        for (int c = 0; c < CLASSES; c++)
            sum += p[c] * log(p[c] / q[c]) / IMAGES;
    }
    return sum;
}

static double share_changed(float own[IMAGES][CLASSES], float other[IMAGES][CLASSES])
{
    int changed = 0;
    for (int i = 0; i < IMAGES; i++) {
        int a = 0, b = 0;
        for (int c = 1; c < CLASSES; c++) {
            a = own[i][c] > own[i][a] ? c : a;
            b = other[i][c] > other[i][b] ? c : b;
        }
        changed += a != b;
    }
    return 100.0 * changed / IMAGES;
}

/* The weights of node `index`, whose biases become 0, and its scalings this one. */
static int8_t *weights_of(struct graph *graph, int index, struct scaling scaling, size_t *count)
{
    struct node *node = &graph->nodes[index];
    struct tensor *weights = &graph->tensors[node->inputs[1]], *biases = &graph->tensors[node->inputs[2]];
    *count = sned_shape_elements(&weights->shape);
    memset(biases->data, 0, sned_shape_elements(&biases->shape) * sizeof(int32_t));
    for (int k = 0; k < node->rules[0].scaling_count; k++)
        node->rules[0].scalings[k] = scaling;
    return weights->data;
}

static struct images noise(const struct graph *graph, uint32_t count)
{
    const struct dataset_options how = {.form = input_form_of(graph), .unlabelled = true};
    struct images images = {.count = count};
    char data[16];
    snprintf(data, sizeof data, "noise:%u", count);
    MUST(dataset_open(&images.dataset, data, &how, NULL));
    MUST(sned_alloc(&images.indices, count, sizeof *images.indices, NULL));
    for (uint32_t i = 0; i < count; i++)
        images.indices[i] = i;
    return images;
}

static struct report_facts two_layers(struct report_layer layers[2])
{
    static char conv1[] = "conv1", fc1[] = "fc1";
    layers[0] = (struct report_layer){.name = conv1};
    layers[1] = (struct report_layer){.name = fc1};
    return (struct report_facts){.layers = layers, .layer_count = 2, .threads = 1};
}

/* conv1 has even weights alone, fc1 none but 1, 0 and -1: nothing is lost of the one, all of the other. */
static void the_lowest_bit_is_worth_what_the_answers_lose(void **state)
{
    struct graph *graph = small_graph(1, 5);
    size_t conv_count = 0, fc_count = 0;
    int8_t *conv = weights_of(graph, 0, (struct scaling){40000, 20}, &conv_count);
    int8_t *fc = weights_of(graph, 3, (struct scaling){32768, 15}, &fc_count);
    struct images images = noise(graph, IMAGES);
    float own[IMAGES][CLASSES], other[IMAGES][CLASSES];
    for (size_t i = 0; i < conv_count; i++)
        conv[i] = (int8_t)(i % 7 * 2);
    for (size_t i = 0; i < fc_count; i++)
        fc[i] = (int8_t)(fc[i] > 40 ? 1 : fc[i] < -40 ? -1 : 0);
    struct report_layer layers[2];
    struct report_facts facts = two_layers(layers);
    run_all(own, graph, &images);
    MUST(sensitivity_measure(&facts, graph, &images, NULL, NULL));
    run_all(other, graph, &images);
    assert_memory_equal(own, other, sizeof own); /* it has changed nothing */
    memset(fc, 0, fc_count);
    run_all(other, graph, &images);
    assert_int_equal(facts.measured_on, IMAGES);
    assert_true(layers[0].divergence == 0 && layers[0].changed == 0);
    assert_true(mean_divergence(own, other) > 1e-3);
    assert_float_equal(layers[1].divergence, mean_divergence(own, other), 1e-6);
    assert_float_equal(layers[1].changed, share_changed(own, other), 1e-9);
    images_free(&images);
    sned_graph_free(graph);
}

/* Sixteen, without which it would say nothing. */
static void where_there_is_no_time_a_few_images_do(void **state)
{
    struct graph *graph = small_graph(1, 5);
    struct images images = noise(graph, 24);
    struct report_layer layers[2];
    struct report_facts facts = two_layers(layers);
    facts.measuring_seconds = 1e-9;
    MUST(sensitivity_measure(&facts, graph, &images, NULL, NULL));
    assert_int_equal(facts.measured_on, 16);
    facts.measuring_seconds = 1e9;
    MUST(sensitivity_measure(&facts, graph, &images, NULL, NULL));
    assert_int_equal(facts.measured_on, 24);
    images_free(&images);
    sned_graph_free(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(float_weights_are_counted_up_to_the_largest),
        cmocka_unit_test(an_outlier_is_in_the_outermost_bin),
        cmocka_unit_test(zeros_of_a_packed_layer_are_left_out),
        cmocka_unit_test(an_integer_on_the_border_of_two_bins_is_in_both),
        cmocka_unit_test(a_layer_of_zeros_has_no_scale),
        cmocka_unit_test(a_wider_scale_keeps_the_number),
        cmocka_unit_test(a_line_of_blocks_has_zero_in_its_middle),
        cmocka_unit_test(the_lowest_bit_is_worth_what_the_answers_lose),
        cmocka_unit_test(where_there_is_no_time_a_few_images_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
