/*
 * quantize_networks.h - small networks for the tests of quantization, with inputs to calibrate them on.
 */
#ifndef SNED_TESTS_COMPRESS_QUANTIZE_NETWORKS_H
#define SNED_TESTS_COMPRESS_QUANTIZE_NETWORKS_H

#include "tests/common/train_networks.h"

#include "base/memory.h"
#include "base/random.h"
#include "compress/quantize/quantize.h"
#include "compress/second/round_weights.h"
#include "train/executor/executor.h"

enum { IMAGES = 24 };

/* ---- networks ---- */

static inline struct graph *finish(struct builder *b)
{
    b->graph->outputs[0] = b->last;
    must(sned_graph_infer(b->graph, error));
    must(sned_graph_prepare(b->graph, error));
    return b->graph;
}

static inline void relu(struct builder *b)
{
    build_unary(b, OP_RELU)->activation.kind = ACTIVATION_RELU;
}

static inline void conv(struct builder *b, int in, int out, int kernel, int stride)
{
    build_conv(
        b, (struct conv_setup){.in = in, .out = out, .window = square_window(kernel, stride, kernel / 2)});
}

static inline void join(struct builder *b, enum op op, int first, int second)
{
    build_node(b, op, (const int[]){first, second}, 2);
}

/* Two convolutions, a max pool, a Gemm and a Softmax. */
static inline struct graph *plain_network(void)
{
    struct builder b = build_new(sned_shape(4, (int64_t)1, (int64_t)3, (int64_t)16, (int64_t)16), 1);
    conv(&b, 3, 12, 3, 1);
    relu(&b);
    build_unary(&b, OP_MAX_POOL)->u.pool.window = square_window(2, 2, 0);
    conv(&b, 12, 16, 5, 2);
    relu(&b);
    build_unary(&b, OP_FLATTEN)->u.flatten.axis = 1;
    build_gemm(&b, 16 * 4 * 4, 10);
    build_unary(&b, OP_SOFTMAX)->u.softmax.axis = 1;
    return finish(&b);
}

/* A residual, then averages with windows of several sizes, and a global average that makes the scores. */
static inline struct graph *residual_network(void)
{
    struct builder b = build_new(sned_shape(4, (int64_t)1, (int64_t)4, (int64_t)14, (int64_t)14), 2);
    conv(&b, 4, 8, 3, 1);
    relu(&b);
    const int shortcut = b.last;
    conv(&b, 8, 8, 3, 1);
    join(&b, OP_ADD, b.last, shortcut);
    relu(&b);
    struct node *pool = build_unary(&b, OP_AVERAGE_POOL);
    pool->u.pool.window = square_window(3, 2, 1);
    pool->u.pool.ceil_mode = true;
    conv(&b, 8, 10, 1, 1);
    build_unary(&b, OP_GLOBAL_AVERAGE_POOL);
    build_unary(&b, OP_FLATTEN)->u.flatten.axis = 1;
    return finish(&b);
}

/* LRN, a Concat of signed and unsigned, Mul, LeakyReLU, Clip. */
static inline struct graph *mixed_network(void)
{
    struct builder b = build_new(sned_shape(4, (int64_t)1, (int64_t)3, (int64_t)12, (int64_t)12), 3);
    conv(&b, 3, 8, 3, 1);
    relu(&b);
    struct node *lrn = build_unary(&b, OP_LRN);
    lrn->u.lrn.size = 5, lrn->u.lrn.alpha = 0.5f, lrn->u.lrn.beta = 0.75f, lrn->u.lrn.bias = 1;
    const int trunk = b.last;
    conv(&b, 8, 6, 3, 1);
    struct node *leaky = build_unary(&b, OP_LEAKY_RELU);
    leaky->activation = (struct activation){.kind = ACTIVATION_LEAKY_RELU, .slope = 0.1f};
    const int left = b.last;
    b.last = trunk;
    conv(&b, 8, 6, 1, 1);
    build_unary(&b, OP_CLIP)->activation =
        (struct activation){.kind = ACTIVATION_CLIP, .low = 0, .high = 0.8f};
    const int right = b.last;
    join(&b, OP_MUL, left, right);
    const int product = b.last;
    join(&b, OP_CONCAT, product, right);
    b.graph->nodes[b.graph->node_count - 1].u.concat.axis = 1;
    conv(&b, 12, 8, 3, 2);
    build_unary(&b, OP_GLOBAL_AVERAGE_POOL);
    build_unary(&b, OP_FLATTEN)->u.flatten.axis = 1;
    return finish(&b);
}

struct fixture {
    struct graph *graph;
    float *values;
    size_t elements;
};

static inline struct fixture calibrated(struct graph *graph)
{
    struct fixture fixture = {graph, NULL, sned_shape_elements(&graph->tensors[graph->input].shape)};
    struct random random;
    const struct calibration_options options = {.batch = 10, .threads = 1};
    sned_random_seed(&random, 9, 0);
    fixture.values = malloc(IMAGES * fixture.elements * sizeof(float));
    assert_non_null(fixture.values);
    for (size_t i = 0; i < IMAGES * fixture.elements; i++)
        fixture.values[i] = sned_random_normal(&random);
    must(quantize_calibrate(graph, &(struct calibration_images){.values = fixture.values, .count = IMAGES},
                            &options, error));
    return fixture;
}

static inline void fixture_free(struct fixture *fixture)
{
    sned_graph_free(fixture->graph);
    free(fixture->values);
}

/* In float; or, `simulated`, with weights and activations rounded as quantization-aware training does. */
static inline float *float_scores(struct graph *graph, const float *values, int classes, bool simulated)
{
    struct executor *executor;
    const struct executor_options options = {.batch = IMAGES, .threads = 1, .quantize_weights = simulated};
    for (int t = 0; t < graph->tensor_count && !simulated; t++)
        graph->tensors[t].quantization = (struct quantization){0};
    float *scores = malloc((size_t)(IMAGES * classes) * sizeof *scores);
    must(executor_new(&executor, graph, &options, error));
    must(executor_forward(executor, values, IMAGES, error));
    memcpy(scores, executor_output(executor, 0), (size_t)(IMAGES * classes) * sizeof *scores);
    executor_free(executor);
    return scores;
}

static inline const struct node *node_of(const struct graph *graph, enum op op)
{
    for (int n = 0; n < graph->node_count; n++)
        if (graph->nodes[n].op == op)
            return &graph->nodes[n];
    fail_msg("no %s", sned_op_name(op));
    return NULL;
}

static inline struct quantization quantization_of(const struct graph *graph, int tensor)
{
    return graph->tensors[tensor].quantization;
}

/* Weights with feedback, in the steps that layers have or, where they have none, a scale a filter. */
static inline sned_status round_weights(struct graph *graph, const struct calibration_images *images,
                                        const struct calibration_options *options, sned_error *error)
{
    struct feedback *feedback;
    sned_status status = feedback_measure(&feedback, graph, images, options, error);
    for (int n = 0; status == SNED_OK && n < graph->node_count; n++)
        if (feedback[n].order)
            status = round_layer(graph, &graph->nodes[n], &feedback[n], options->threads, error);
    feedback_free_all(feedback, graph->node_count);
    return status;
}

#endif
