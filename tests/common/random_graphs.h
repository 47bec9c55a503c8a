/*
 * random_graphs.h - random integer graphs of one node, and a small branching network: material for kernel
 * tests.
 */
#ifndef SNED_TESTS_COMMON_RANDOM_GRAPHS_H
#define SNED_TESTS_COMMON_RANDOM_GRAPHS_H

#include "base/memory.h"
#include "base/random.h"
#include "graph/graph.h"

#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

static const struct quantization unsigned8 = {0.5f, 8, false}, signed8 = {0.25f, 8, true},
                                 wide16 = {0.001f, 16, true};

static inline int random_range(struct random *random, int low, int high)
{
    return low + (int)sned_random_below(random, (uint32_t)(high - low + 1));
}

static inline struct quantization random_type(struct random *random, bool may_be_wide)
{
    int pick = random_range(random, 0, may_be_wide ? 2 : 1);
    return pick == 0 ? unsigned8 : pick == 1 ? signed8 : wide16;
}

/* A scaling that brings sums of about `magnitude` to about 100. */
static inline struct scaling random_scaling(struct random *random, double magnitude)
{
    int exponent;
    frexp(100.0 / (magnitude + 1), &exponent);
    return (struct scaling){(uint16_t)random_range(random, 1 << 15, (1 << 16) - 1), (uint8_t)(16 - exponent)};
}

static inline struct graph *new_graph(struct shape input, struct quantization quantization)
{
    struct graph *graph;
    assert_int_equal(sned_graph_new(&graph, "test", NULL), SNED_OK);
    graph->integer = true;
    assert_int_equal(sned_graph_add_tensor(graph, "input", TENSOR_F32, &input, NULL, &graph->input, NULL),
                     SNED_OK);
    graph->tensors[graph->input].quantization = quantization;
    graph->outputs[0] = graph->input;
    return graph;
}

static inline int add_constant(struct graph *graph, const char *name, enum tensor_type type,
                               struct shape shape, void *data)
{
    int index;
    assert_int_equal(sned_graph_add_tensor(graph, name, type, &shape, data, &index, NULL), SNED_OK);
    return index;
}

static inline void add_activation(struct graph *graph, const struct shape *shape,
                                  struct quantization quantization, int *index)
{
    const struct shape copy = *shape; /* it may be a tensor's, which move */
    char name[32];
    snprintf(name, sizeof name, "activation%d", graph->tensor_count);
    assert_int_equal(sned_graph_add_tensor(graph, name, TENSOR_F32, &copy, NULL, index, NULL), SNED_OK);
    graph->tensors[*index].quantization = quantization;
}

/* A node that makes those activations, of one quantization; the clamp is its range. */
static inline struct node *add_node_outputs(struct graph *graph, enum op op, const int *inputs, int count,
                                            const int *outputs, int output_count)
{
    const struct quantization out = graph->tensors[outputs[0]].quantization;
    struct node *node;
    char name[32];
    snprintf(name, sizeof name, "node%d", graph->node_count);
    assert_int_equal(
        sned_graph_add_node_outputs(graph, name, op, inputs, count, outputs, output_count, &node, NULL),
        SNED_OK);
    node->rules[0].low = out.bits == 16 ? -32768 : out.is_signed ? -128 : 0;
    node->rules[0].high = out.bits == 16 ? 32767 : out.is_signed ? 127 : 255;
    return node;
}

/* A node whose output becomes the graph's; shapes come from sned_graph_infer, when all is filled in. */
static inline struct node *add_node(struct graph *graph, enum op op, const int *inputs, int count,
                                    struct quantization out)
{
    int output;
    add_activation(graph, &graph->tensors[inputs[0]].shape, out, &output);
    struct node *node = add_node_outputs(graph, op, inputs, count, &output, 1);
    graph->outputs[0] = output; /* which may be where `inputs` lie */
    return node;
}

static inline void set_scalings(struct node *node, int count)
{
    node->rules[0].scaling_count = count;
    assert_int_equal(sned_alloc(&node->rules[0].scalings, count, sizeof *node->rules[0].scalings, NULL),
                     SNED_OK);
}

static inline int random_weights(struct graph *graph, struct random *random, struct shape shape,
                                 float density)
{
    int8_t *weights;
    size_t count = sned_shape_elements(&shape);
    assert_int_equal(sned_alloc(&weights, count, 1, NULL), SNED_OK);
    for (size_t i = 0; i < count; i++)
        weights[i] = sned_random_uniform(random) < density ? (int8_t)random_range(random, -127, 127) : 0;
    return add_constant(graph, "weights", TENSOR_I8, shape, weights);
}

static inline int random_bias(struct graph *graph, struct random *random, int64_t filters)
{
    int32_t *bias;
    assert_int_equal(sned_alloc(&bias, filters, sizeof *bias, NULL), SNED_OK);
    for (int64_t k = 0; k < filters; k++)
        bias[k] = random_range(random, -20000, 20000);
    return add_constant(graph, "bias", TENSOR_I32, sned_shape(1, filters), bias);
}

/* LeakyReLU's slope or a narrower clamp, now and then. */
static inline void random_activation(struct node *node, struct random *random)
{
    switch (random_range(random, 0, 3)) {
    case 0:
        node->rules[0].slope = (uint16_t)random_range(random, 1, 65535);
        break;
    case 1:
        node->rules[0].low = node->rules[0].low < 0 ? random_range(random, -100, 0) : 10;
        node->rules[0].high = 90;
        break;
    }
}

static const float densities[] = {0, 0.05f, 0.3f, 1};

static inline void random_conv(struct graph *graph, struct random *random, const struct window *window,
                               int groups, int64_t filters, struct quantization out)
{
    assert_int_equal(sned_graph_infer(graph, NULL), SNED_OK);
    const int64_t channels = graph->tensors[graph->outputs[0]].shape.dim[1] / groups;
    const int64_t taps = channels * window->kernel[0] * window->kernel[1];
    int inputs[3] = {graph->outputs[0]};
    inputs[1] = random_weights(
        graph, random,
        sned_shape(4, filters, channels, (int64_t)window->kernel[0], (int64_t)window->kernel[1]),
        densities[random_range(random, 0, 3)]);
    inputs[2] = random_range(random, 0, 3) ? random_bias(graph, random, filters) : -1;
    struct node *node = add_node(graph, OP_CONV, inputs, 3, out);
    node->u.conv.window = *window;
    node->u.conv.groups = groups;
    set_scalings(node, (int)filters);
    for (int64_t k = 0; k < filters; k++)
        node->rules[0].scalings[k] =
            random_scaling(random, 5000 * sqrt((double)taps) / (out.bits == 16 ? 128 : 1));
    random_activation(node, random);
}

static inline void random_gemm(struct graph *graph, struct random *random, int64_t filters,
                               struct quantization out)
{
    const int64_t channels = graph->tensors[graph->outputs[0]].shape.dim[1];
    int inputs[3] = {graph->outputs[0]};
    inputs[1] = random_weights(graph, random, sned_shape(2, filters, channels),
                               densities[random_range(random, 0, 3)]);
    inputs[2] = random_bias(graph, random, filters);
    struct node *node = add_node(graph, OP_GEMM, inputs, 3, out);
    set_scalings(node, (int)filters);
    for (int64_t k = 0; k < filters; k++)
        node->rules[0].scalings[k] =
            random_scaling(random, 5000 * sqrt((double)channels) / (out.bits == 16 ? 128 : 1));
    random_activation(node, random);
}

/* LRN with a table of any numbers. */
static inline void random_lrn(struct graph *graph, struct random *random, int size, struct quantization out)
{
    uint16_t *table;
    assert_int_equal(sned_alloc(&table, LRN_TABLE_SIZE, sizeof *table, NULL), SNED_OK);
    for (int t = 0; t < LRN_TABLE_SIZE; t++)
        table[t] = (uint16_t)sned_random_next(random);
    int inputs[2] = {graph->outputs[0]};
    inputs[1] = add_constant(graph, "table", TENSOR_U16, sned_shape(1, (int64_t)LRN_TABLE_SIZE), table);
    struct node *node = add_node(graph, OP_LRN, inputs, 2, out);
    node->u.lrn.size = size;
    node->u.lrn.bias = 1;
    set_scalings(node, 1);
    node->rules[0].scalings[0] = (struct scaling){0, (uint8_t)random_range(random, 15, 17)};
}

/* HardSwish with a table of any bytes. */
static inline void random_hard_swish(struct graph *graph, struct random *random, struct quantization out)
{
    uint16_t *table;
    assert_int_equal(sned_alloc(&table, LOOKUP_TABLE_SIZE, sizeof *table, NULL), SNED_OK);
    for (int i = 0; i < LOOKUP_TABLE_SIZE; i++)
        table[i] = (uint16_t)random_range(random, 0, UINT8_MAX);
    int inputs[2] = {graph->outputs[0]};
    inputs[1] = add_constant(graph, "table", TENSOR_U16, sned_shape(1, (int64_t)LOOKUP_TABLE_SIZE), table);
    add_node(graph, OP_HARD_SWISH, inputs, 2, out);
}

/* One scaling for every number of elements that any window might count. */
static inline void scalings_by_count(struct node *node, int most)
{
    set_scalings(node, most);
    assert_int_equal(sned_alloc(&node->rules[0].counts, most, sizeof(int), NULL), SNED_OK);
    for (int n = 1; n <= most; n++) {
        node->rules[0].counts[n - 1] = n;
        node->rules[0].scalings[n - 1] =
            (struct scaling){(uint16_t)(40000 + n), (uint8_t)(16 + (n > 1) + (n > 2) + (n > 5) + (n > 11))};
    }
}

/* The graph's output in so many pieces of random sizes; the first becomes the output. */
static inline struct node *random_split(struct graph *graph, struct random *random, struct quantization type,
                                        int axis, int pieces)
{
    const int whole = graph->outputs[0];
    const struct shape shape = graph->tensors[whole].shape;
    int64_t rest = shape.dim[axis], *sizes;
    int *outputs = calloc((size_t)pieces, sizeof *outputs);
    assert_int_equal(sned_alloc(&sizes, (size_t)pieces, sizeof *sizes, NULL), SNED_OK);
    for (int k = 0; k < pieces; k++) {
        sizes[k] = k + 1 < pieces ? random_range(random, 1, (int)(rest - (pieces - 1 - k))) : rest;
        rest -= sizes[k];
        add_activation(graph, &shape, type, &outputs[k]);
    }
    struct node *node = add_node_outputs(graph, OP_SPLIT, &whole, 1, outputs, pieces);
    node->u.split.axis = axis;
    node->u.split.sizes = sizes;
    graph->outputs[0] = outputs[0];
    free(outputs);
    return node;
}

static inline void random_input(const struct graph *graph, struct random *random, int32_t *input)
{
    const struct tensor *tensor = &graph->tensors[graph->input];
    const bool is_signed = tensor->quantization.is_signed;
    for (size_t i = 0; i < sned_shape_elements(&tensor->shape); i++)
        input[i] = is_signed ? random_range(random, -128, 127) : random_range(random, 0, 255);
}

/* Two branches, a join, a residual: activations of different lifetimes, so that places in memory are used
 * again. */
static inline struct graph *branching_network(uint64_t seed)
{
    const struct window same = {{3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}},
                        point = {{1, 1}, {1, 1}, {1, 1}, {0, 0}, {0, 0}};
    struct random random;
    sned_random_seed(&random, seed, 0);
    struct graph *graph = new_graph(sned_shape(4, (int64_t)1, (int64_t)3, (int64_t)14, (int64_t)11), signed8);
    random_conv(graph, &random, &same, 1, 6, unsigned8);
    const int stem = graph->outputs[0];
    random_conv(graph, &random, &point, 1, 6, unsigned8);
    const int left = graph->outputs[0];
    graph->outputs[0] = stem;
    random_conv(graph, &random, &same, 2, 6, signed8);
    int pair[2] = {stem, graph->outputs[0]};
    struct node *node = add_node(graph, OP_ADD, pair, 2, unsigned8);
    set_scalings(node, 2);
    node->rules[0].scalings[0] = (struct scaling){40000, 16};
    node->rules[0].scalings[1] = (struct scaling){20000, 16};
    int join[2] = {left, graph->outputs[0]};
    add_node(graph, OP_CONCAT, join, 2, unsigned8)->u.concat.axis = 1;
    node = add_node(graph, OP_MAX_POOL, &graph->outputs[0], 1, unsigned8);
    node->u.pool.window = (struct window){{3, 3}, {2, 2}, {1, 1}, {0, 0}, {0, 0}};
    node->u.pool.ceil_mode = true;
    random_conv(graph, &random, &point, 1, 5, signed8);
    node = add_node(graph, OP_GLOBAL_AVERAGE_POOL, &graph->outputs[0], 1, wide16);
    scalings_by_count(node, 7 * 5);
    add_node(graph, OP_FLATTEN, &graph->outputs[0], 1, wide16)->u.flatten.axis = 1;
    sned_error error = {0};
    if (sned_graph_infer(graph, &error) != SNED_OK)
        fail_msg("%s", error.message);
    return graph;
}

#endif
