/*
 * test_near_dead.c - filters of tiny weights beside a bias, as folding a batch norm leaves dead ones: the
 * accelerator takes them, and what rounding takes from the weights is below a step of the output.
 */
#include "tests/compress/quantize_networks.h"

#include "accel/program/program.h"
#include "compress/quantize/filter_scale.h"
#include "runtime/runtime.h"

enum { DEAD = 3, LAYERS = 4 }; /* the filter, of one of so many layers */

/* A Conv, a depthwise Conv, a Gemm inside, and the Gemm that makes scores of 16 bits. */
static struct graph *network(void)
{
    struct builder b = build_new(sned_shape(4, (int64_t)1, (int64_t)3, (int64_t)8, (int64_t)8), 11);
    conv(&b, 3, 8, 3, 1);
    relu(&b);
    build_conv(&b, (struct conv_setup){.in = 8, .out = 8, .groups = 8, .window = square_window(3, 1, 1)});
    build_unary(&b, OP_FLATTEN)->u.flatten.axis = 1;
    build_gemm(&b, 8 * 8 * 8, 16);
    relu(&b);
    build_gemm(&b, 16, 10);
    return finish(&b);
}

static int layer_node(const struct graph *graph, int layer)
{
    for (int n = 0;; n++)
        if (sned_node_has_weights(&graph->nodes[n]) && layer-- == 0)
            return n;
}

struct case_ {
    int layer;
    double largest; /* weight of the filter */
    bool one;       /* has this one weight, and the others are a thousand times smaller */
    float bias;
};

static void kill_filter(struct graph *graph, const struct case_ *c)
{
    const struct node *node = &graph->nodes[layer_node(graph, c->layer)];
    const struct tensor *weights = &graph->tensors[node->inputs[1]];
    const size_t count = sned_shape_elements(&weights->shape) / (size_t)weights->shape.dim[0];
    float *filter = (float *)weights->data + DEAD * count, largest = 0;
    for (size_t i = 0; i < count; i++)
        largest = fmaxf(largest, fabsf(filter[i]));
    for (size_t i = 0; i < count; i++)
        filter[i] = (float)(filter[i] / largest * c->largest * (c->one && i > 0 ? 1e-3 : 1));
    if (c->one)
        filter[0] = (float)c->largest;
    ((float *)graph->tensors[node->inputs[2]].data)[DEAD] = c->bias;
}

/* Element (y, x) of the dead filter's output, of the float weights and the integers that the layer reads. */
static double exact_output(const struct graph *graph, int layer, const struct graph *integer,
                           const sned_context *context, int y, int x)
{
    const int n = layer_node(graph, layer);
    const struct node *node = &graph->nodes[n];
    const struct tensor *weights = &graph->tensors[node->inputs[1]];
    const struct extent e = sned_shape_extent(&graph->tensors[node->inputs[0]].shape);
    const int channels = (int)weights->shape.dim[1], kernel = weights->shape.rank == 4 ? 3 : 1;
    const float *filter = (const float *)weights->data + DEAD * channels * kernel * kernel;
    const int32_t *input = sned_context_activation(context, integer->nodes[n].inputs[0]);
    const int first = channels == 1 ? DEAD : 0;
    double sum = ((const float *)graph->tensors[node->inputs[2]].data)[DEAD];
    for (int c = 0; c < channels; c++)
        for (int r = 0; r < kernel; r++)
            for (int s = 0; s < kernel; s++) {
                const int row = y + r - kernel / 2, column = x + s - kernel / 2;
                if (row >= 0 && row < e.height && column >= 0 && column < e.width)
                    sum += (double)filter[(c * kernel + r) * kernel + s] *
                           quantization_of(graph, node->inputs[0]).scale *
                           input[((first + c) * e.height + row) * e.width + column];
            }
    return sum;
}

/* All outputs of the dead filter: within a step of 8 bits, and what rounding the output itself takes. */
static void check_outputs(const struct case_ *c, const struct graph *graph, const struct graph *integer,
                          const sned_context *context)
{
    const struct node *node = &integer->nodes[layer_node(integer, c->layer)];
    const struct quantization q = quantization_of(integer, node->outputs[0]);
    const struct extent e = sned_shape_extent(&integer->tensors[node->outputs[0]].shape);
    const int32_t *output = sned_context_activation(context, node->outputs[0]);
    const double step = q.bits == 16 ? 256 : 1;
    for (int y = 0; y < e.height; y++)
        for (int x = 0; x < e.width; x++) {
            const double exact = exact_output(graph, c->layer, integer, context, y, x) / q.scale;
            const double wanted = fmin(fmax(exact, node->rules[0].low), node->rules[0].high);
            const double got = output[(DEAD * e.height + y) * e.width + x];
            if (!(fabs(got - wanted) <= step + 0.51))
                fail_msg("layer %d, weights of %g, bias %g: %g instead of %g", c->layer, c->largest, c->bias,
                         got, wanted);
        }
}

static void check_case(const struct case_ *c)
{
    const struct accel_config *config;
    const struct accel_request one = {.images = 1};
    struct accel_program program;
    struct graph *integer, *graph = network();
    sned_model *model;
    sned_context *context;
    float scores[10];
    kill_filter(graph, c);
    struct fixture fixture = calibrated(graph);
    must(quantize_lower(&integer, graph, error));
    must(sned_model_from_graph(&model, integer, error));
    must(sned_context_new_keep(&context, model, error));
    must(accel_config_find(&config, "ci", error));
    must(accel_compile(&program, integer, config, &one, error));
    accel_program_free(&program);
    for (int i = 0; i < 3; i++) {
        must(sned_run_values(context, fixture.values + (size_t)i * fixture.elements, 1, scores, error));
        check_outputs(c, graph, integer, context);
    }
    sned_context_free(context);
    sned_close(model);
    fixture_free(&fixture);
}

static void the_accelerator_takes_filters_however_dead(void **state)
{
    static const float biases[] = {0.5f, -0.5f, 4};
    for (int layer = 0; layer < LAYERS; layer++)
        for (int tenths = 10; tenths <= 200; tenths += tenths < 80 ? 5 : 30) /* weights of 0.1 to 1e-20 */
            for (int b = 0; b < 3; b++)
                for (int one = 0; one < 2; one++)
                    check_case(&(struct case_){layer, pow(10, -tenths / 10.0), one, biases[b]});
}

static struct filter filter_of(const float *weights, size_t count, float bias, float out_scale)
{
    return (struct filter){.weights = weights,
                           .count = count,
                           .bias = bias,
                           .in = {.scale = 1, .bits = 8},
                           .out = {.scale = out_scale, .bits = 8}};
}

/* 4096 weights of 1, inputs to 255: sums of 28 bits in units of 1/127. In units that give them 27 bits, each
 * weight is 64 units and off by 0.4 %, and a sum, which is 510 steps of the output, by two of them. */
static void weights_that_matter_keep_the_scale_of_training(void **state)
{
    float weights[4096];
    for (int i = 0; i < 4096; i++)
        weights[i] = 1;
    const struct filter filter = filter_of(weights, 4096, 0.5f, 2048);
    assert_true(filter_scale(&filter) == quantize_weight_scale(weights, 4096));
}

/* One weight of 127, inputs to 255: biases about 2^26 - 127 x 255, which floats hold to 4. */
static void what_fits_27_bits_keeps_the_scale_of_training(void **state)
{
    const float weight = 127, fits = (1 << 26) - 1 - 127 * 255;
    const struct filter last = filter_of(&weight, 1, fits - 3, 1e6f),
                        next = filter_of(&weight, 1, fits + 4, 1e6f);
    assert_true(filter_scale(&last) == 1);
    assert_true(filter_scale(&next) > 1 && filter_scale(&next) < 1.00001);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_accelerator_takes_filters_however_dead),
        cmocka_unit_test(weights_that_matter_keep_the_scale_of_training),
        cmocka_unit_test(what_fits_27_bits_keeps_the_scale_of_training),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
