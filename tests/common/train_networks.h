/*
 * train_networks.h - small float networks for the tests of training, built node by node; every weight comes
 * from a linear congruential generator, so that another program can make the same ones (torch_sequence.py
 * does).
 */
#ifndef SNED_TESTS_COMMON_TRAIN_NETWORKS_H
#define SNED_TESTS_COMMON_TRAIN_NETWORKS_H

#include "graph/graph.h"
#include "io/data/dataset.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define must(call)                                                                                           \
    do {                                                                                                     \
        sned_error must_error_ = {0};                                                                        \
        sned_error *error = &must_error_;                                                                    \
        if ((call) != SNED_OK)                                                                               \
            fail_msg("%s: %s", #call, must_error_.message);                                                  \
    } while (0)

/* Numerical Recipes' generator; the upper 24 bits as a float in [-1, 1). */
static inline float lcg_next(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return (float)(*state >> 8) / 8388608.0f - 1.0f;
}

static inline void lcg_fill(uint32_t *state, float *values, size_t count, float scale)
{
    for (size_t i = 0; i < count; i++)
        values[i] = lcg_next(state) * scale;
}

struct builder {
    struct graph *graph;
    uint32_t state; /* of the generator */
    int last;       /* the tensor made last */
    int names;
};

static inline int build_tensor(struct builder *b, const struct shape *shape, float *data)
{
    char name[32];
    int index;
    snprintf(name, sizeof name, "t%d", b->names++);
    must(sned_graph_add_tensor(b->graph, name, TENSOR_F32, shape, data, &index, error));
    return index;
}

static inline struct builder build_new(struct shape input, uint32_t seed)
{
    struct builder b = {.state = seed};
    must(sned_graph_new(&b.graph, "test", error));
    b.last = b.graph->input = build_tensor(&b, &input, NULL);
    return b;
}

/* Uniform in [-scale, scale), around `centre`. */
static inline int build_constant(struct builder *b, struct shape shape, float scale, float centre)
{
    size_t count = sned_shape_elements(&shape);
    float *data = malloc(count * sizeof *data);
    assert_non_null(data);
    lcg_fill(&b->state, data, count, scale);
    for (size_t i = 0; i < count; i++)
        data[i] += centre;
    return build_tensor(b, &shape, data);
}

static inline struct node *build_node(struct builder *b, enum op op, const int *inputs, int count)
{
    char name[32];
    struct node *node;
    struct shape none = {0};
    int output = build_tensor(b, &none, NULL);
    snprintf(name, sizeof name, "n%d", b->names++);
    must(sned_graph_add_node(b->graph, name, op, inputs, count, output, &node, error));
    b->last = output;
    return node;
}

/* A node of `op` on the last tensor. */
static inline struct node *build_unary(struct builder *b, enum op op)
{
    return build_node(b, op, &b->last, 1);
}

struct conv_setup {
    int in, out, groups;
    struct window window;
    bool no_bias;
};

static inline struct window square_window(int kernel, int stride, int pad)
{
    return (struct window){.kernel = {kernel, kernel},
                           .stride = {stride, stride},
                           .dilation = {1, 1},
                           .pad_begin = {pad, pad},
                           .pad_end = {pad, pad}};
}

static inline struct node *build_conv(struct builder *b, struct conv_setup s)
{
    int groups = s.groups ? s.groups : 1;
    int64_t fan = (int64_t)s.in / groups * s.window.kernel[0] * s.window.kernel[1];
    int inputs[3] = {b->last, 0, -1};
    inputs[1] = build_constant(b,
                               sned_shape(4, (int64_t)s.out, (int64_t)s.in / groups,
                                          (int64_t)s.window.kernel[0], (int64_t)s.window.kernel[1]),
                               sqrtf(3.0f / (float)fan), 0);
    if (!s.no_bias)
        inputs[2] = build_constant(b, sned_shape(1, (int64_t)s.out), 0.1f, 0);
    struct node *node = build_node(b, OP_CONV, inputs, s.no_bias ? 2 : 3);
    node->u.conv.window = s.window;
    node->u.conv.groups = groups;
    return node;
}

static inline struct node *build_gemm(struct builder *b, int in, int out)
{
    int inputs[3] = {b->last, 0, 0};
    inputs[1] = build_constant(b, sned_shape(2, (int64_t)out, (int64_t)in), sqrtf(3.0f / (float)in), 0);
    inputs[2] = build_constant(b, sned_shape(1, (int64_t)out), 0.1f, 0);
    return build_node(b, OP_GEMM, inputs, 3);
}

static inline struct node *build_batch_normalization(struct builder *b, int channels)
{
    struct shape row = sned_shape(1, (int64_t)channels);
    int inputs[5] = {b->last};
    inputs[1] = build_constant(b, row, 0.3f, 1);
    inputs[2] = build_constant(b, row, 0.3f, 0);
    inputs[3] = build_constant(b, row, 0.1f, 0);
    inputs[4] = build_constant(b, row, 0.2f, 1);
    struct node *node = build_node(b, OP_BATCH_NORMALIZATION, inputs, 5);
    node->u.batch_normalization.epsilon = 1e-5f;
    node->u.batch_normalization.momentum = 0.9f;
    return node;
}

static inline struct node *build_pool(struct builder *b, enum op op, struct window window)
{
    struct node *node = build_unary(b, op);
    node->u.pool.window = window;
    return node;
}

static inline struct node *build_activation(struct builder *b, enum op op)
{
    struct node *node = build_unary(b, op);
    node->activation = op == OP_RELU   ? (struct activation){ACTIVATION_RELU, 0, 0, 0}
                       : op == OP_CLIP ? (struct activation){ACTIVATION_CLIP, -0.4f, 0.48f, 0}
                                       : (struct activation){ACTIVATION_LEAKY_RELU, 0, 0, 0.1f};
    return node;
}

static inline struct node *build_flatten(struct builder *b)
{
    struct node *node = build_unary(b, OP_FLATTEN);
    node->u.flatten.axis = 1;
    return node;
}

/* A Split of the last tensor; pieces [count]: what it gives. */
static inline void build_split(struct builder *b, int axis, const int64_t *sizes, int *pieces, int count)
{
    struct node *node;
    struct shape none = {0};
    char name[32];
    for (int i = 0; i < count; i++)
        pieces[i] = build_tensor(b, &none, NULL);
    snprintf(name, sizeof name, "n%d", b->names++);
    must(sned_graph_add_node_outputs(b->graph, name, OP_SPLIT, &b->last, 1, pieces, count, &node, error));
    node->u.split.axis = axis;
    node->u.split.sizes = malloc((size_t)count * sizeof *sizes);
    assert_non_null(node->u.split.sizes);
    memcpy(node->u.split.sizes, sizes, (size_t)count * sizeof *sizes);
}

/* Ends building: the graph, its shapes inferred. */
static inline struct graph *build_graph(struct builder *b)
{
    b->graph->outputs[0] = b->last;
    must(sned_graph_infer(b->graph, error));
    return b->graph;
}

#endif
