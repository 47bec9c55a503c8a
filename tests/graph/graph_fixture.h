/*
 * graph_fixture.h - small graphs for tests, built without caring about errors: any is a failed test.
 */
#ifndef SNED_TESTS_GRAPH_GRAPH_FIXTURE_H
#define SNED_TESTS_GRAPH_GRAPH_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/memory.h"
#include "graph/graph.h"

#include <stdio.h>
#include <string.h>

#define SHAPE(...)                                                                                           \
    ((struct shape){.rank = (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), .dim = {__VA_ARGS__}})

static inline void succeeds(sned_status status, const sned_error *error)
{
    if (status != SNED_OK)
        fail_msg("%s", error->message);
}

static inline struct graph *graph_on(struct shape input)
{
    sned_error error;
    struct graph *graph;
    succeeds(sned_graph_new(&graph, "test", &error), &error);
    succeeds(sned_graph_add_tensor(graph, "x", TENSOR_F32, &input, NULL, &graph->input, &error), &error);
    return graph;
}

/* A constant of any type, all zero. */
static inline int zeros(struct graph *graph, const char *name, enum tensor_type type, struct shape shape)
{
    sned_error error;
    void *data;
    int index;
    succeeds(sned_alloc(&data, sned_shape_elements(&shape), sned_type_size(type), &error), &error);
    succeeds(sned_graph_add_tensor(graph, name, type, &shape, data, &index, &error), &error);
    return index;
}

/* A float constant of numbers between -1 and 1 that follow from its name's length and its index. */
static inline int floats(struct graph *graph, const char *name, struct shape shape)
{
    int index = zeros(graph, name, TENSOR_F32, shape);
    float *data = graph->tensors[index].data;
    uint32_t state = 12345u + 977u * (uint32_t)index;
    for (size_t i = 0; i < sned_shape_elements(&shape); i++) {
        state = state * 1664525u + 1013904223u;
        data[i] = (float)(state >> 8) / 8388608.0f - 1.0f;
    }
    return index;
}

/* A node that makes a new activation, which becomes the graph's output. The node is valid until the next
 * call. */
static inline struct node *append_on(struct graph *graph, const char *name, enum op op, const int *inputs,
                                     int count)
{
    sned_error error;
    struct node *node;
    struct shape unknown = {0};
    char output[64];
    int index;
    snprintf(output, sizeof output, "%s.out", name);
    succeeds(sned_graph_add_tensor(graph, output, TENSOR_F32, &unknown, NULL, &index, &error), &error);
    succeeds(sned_graph_add_node(graph, name, op, inputs, count, index, &node, &error), &error);
    graph->outputs[0] = index;
    return node;
}
/* A node of several outputs, NAME.out0 and so on, which become the graph's outputs. */
static inline struct node *append_outputs(struct graph *graph, const char *name, enum op op, int input,
                                          int count)
{
    sned_error error;
    struct node *node;
    struct shape unknown = {0};
    int outputs[GRAPH_MAX_OUTPUTS];
    for (int k = 0; k < count; k++) {
        char output[64];
        snprintf(output, sizeof output, "%s.out%d", name, k);
        succeeds(sned_graph_add_tensor(graph, output, TENSOR_F32, &unknown, NULL, &outputs[k], &error),
                 &error);
    }
    succeeds(sned_graph_add_node_outputs(graph, name, op, &input, 1, outputs, count, &node, &error), &error);
    succeeds(sned_graph_set_outputs(graph, outputs, count, &error), &error);
    return node;
}

/* A Split along `axis` into pieces of these sizes. */
static inline struct node *append_split(struct graph *graph, const char *name, int input, int axis,
                                        const int64_t *sizes, int count)
{
    sned_error error;
    struct node *node = append_outputs(graph, name, OP_SPLIT, input, count);
    node->u.split.axis = axis;
    succeeds(sned_alloc(&node->u.split.sizes, (size_t)count, sizeof *sizes, &error), &error);
    memcpy(node->u.split.sizes, sizes, (size_t)count * sizeof *sizes);
    return node;
}

#define APPEND(graph, name, op, ...)                                                                         \
    append_on(graph, name, op, (int[]){__VA_ARGS__}, (int)(sizeof((int[]){__VA_ARGS__}) / sizeof(int)))

static inline struct window window_of(int kernel, int stride, int pad)
{
    return (struct window){{kernel, kernel}, {stride, stride}, {1, 1}, {pad, pad}, {pad, pad}};
}

/* Conv of `filters` square kernels with a bias; returns its output. */
static inline int append_conv(struct graph *graph, const char *name, int x, int filters, int channels,
                              int groups, struct window window)
{
    char text[64];
    snprintf(text, sizeof text, "%s.weight", name);
    int weights = floats(graph, text, SHAPE(filters, channels / groups, window.kernel[0], window.kernel[1]));
    snprintf(text, sizeof text, "%s.bias", name);
    int bias = floats(graph, text, SHAPE(filters));
    struct node *node = APPEND(graph, name, OP_CONV, x, weights, bias);
    node->u.conv.window = window;
    node->u.conv.groups = groups;
    return node->outputs[0];
}

static inline int append_gemm(struct graph *graph, const char *name, int x, int outputs, int inputs)
{
    char text[64];
    snprintf(text, sizeof text, "%s.weight", name);
    int weights = floats(graph, text, SHAPE(outputs, inputs));
    snprintf(text, sizeof text, "%s.bias", name);
    int bias = floats(graph, text, SHAPE(outputs));
    return APPEND(graph, name, OP_GEMM, x, weights, bias)->outputs[0];
}

static inline int append_batch_normalization(struct graph *graph, const char *name, int x, int channels)
{
    int inputs[5] = {x};
    static const char *const suffixes[] = {"", "scale", "bias", "mean", "variance"};
    for (int i = 1; i < 5; i++) {
        char text[64];
        snprintf(text, sizeof text, "%s.%s", name, suffixes[i]);
        inputs[i] = floats(graph, text, SHAPE(channels));
    }
    float *variance = graph->tensors[inputs[4]].data;
    for (int c = 0; c < channels; c++)
        variance[c] = 0.5f + variance[c] * variance[c];
    struct node *node = append_on(graph, name, OP_BATCH_NORMALIZATION, inputs, 5);
    node->u.batch_normalization.epsilon = 1e-5f;
    return node->outputs[0];
}

static inline void infer(struct graph *graph)
{
    sned_error error;
    succeeds(sned_graph_infer(graph, &error), &error);
}

static inline void check(const struct graph *graph)
{
    sned_error error;
    succeeds(sned_graph_check(graph, &error), &error);
}

/* `status` as it came back, and the words that the one-line message must hold. */
static inline void refused(sned_status status, const sned_error *error, sned_status wanted, const char *words)
{
    if (status == SNED_OK)
        fail_msg("accepted, but should be refused for: %s", words);
    if (status != wanted || !strstr(error->message, words))
        fail_msg("status %d and message '%s' instead of %d and '%s'", (int)status, error->message,
                 (int)wanted, words);
    assert_null(strchr(error->message, '\n'));
}

#endif
