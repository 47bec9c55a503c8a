/*
 * graph_evaluate.h - a small float graph computed straight from its operators' definitions, slowly: what the
 * tests of passes compare with. Conv, Gemm, BatchNormalization, MaxPool, Add, Mul, activations, and what
 * keeps the order of elements.
 */
#ifndef SNED_TESTS_GRAPH_EVALUATE_H
#define SNED_TESTS_GRAPH_EVALUATE_H

#include "graph/graph.h"

#include <math.h>
#include <stdlib.h>

static inline float activated(const struct activation *activation, float value)
{
    switch (activation->kind) {
    case ACTIVATION_RELU:
        return fmaxf(value, 0.0f);
    case ACTIVATION_CLIP:
        return fminf(fmaxf(value, activation->low), activation->high);
    case ACTIVATION_LEAKY_RELU:
        return value < 0.0f ? activation->slope * value : value;
    default:
        return value;
    }
}

static inline const float *constant_of(const struct graph *graph, const struct node *node, int input)
{
    return input < node->input_count && node->inputs[input] >= 0 ? graph->tensors[node->inputs[input]].data
                                                                 : NULL;
}

static inline float convolved(const struct graph *graph, const struct node *node, const float *x, int k,
                              int h, int w)
{
    const struct window *window = &node->u.conv.window;
    struct extent in = sned_shape_extent(&graph->tensors[node->inputs[0]].shape);
    const struct shape *shape = &graph->tensors[node->inputs[1]].shape;
    const float *weights = constant_of(graph, node, 1), *bias = constant_of(graph, node, 2);
    int channels = (int)shape->dim[1], group = k / (int)(shape->dim[0] / node->u.conv.groups);
    float sum = bias ? bias[k] : 0.0f;
    for (int c = 0; c < channels; c++)
        for (int r = 0; r < window->kernel[0]; r++)
            for (int s = 0; s < window->kernel[1]; s++) {
                int y = h * window->stride[0] + r * window->dilation[0] - window->pad_begin[0];
                int z = w * window->stride[1] + s * window->dilation[1] - window->pad_begin[1];
                if (y >= 0 && y < in.height && z >= 0 && z < in.width)
                    sum += weights[((k * channels + c) * window->kernel[0] + r) * window->kernel[1] + s] *
                           x[((group * channels + c) * in.height + y) * in.width + z];
            }
    return sum;
}

static inline float pooled(const struct graph *graph, const struct node *node, const float *x, int c, int h,
                           int w)
{
    const struct window *window = &node->u.pool.window;
    struct extent in = sned_shape_extent(&graph->tensors[node->inputs[0]].shape);
    float largest = -INFINITY;
    for (int r = 0; r < window->kernel[0]; r++)
        for (int s = 0; s < window->kernel[1]; s++) {
            int y = h * window->stride[0] + r - window->pad_begin[0];
            int z = w * window->stride[1] + s - window->pad_begin[1];
            if (y >= 0 && y < in.height && z >= 0 && z < in.width)
                largest = fmaxf(largest, x[(c * in.height + y) * in.width + z]);
        }
    return largest;
}

static inline float multiplied(const struct graph *graph, const struct node *node, const float *x, int k)
{
    const struct shape *shape = &graph->tensors[node->inputs[1]].shape;
    const float *weights = constant_of(graph, node, 1), *bias = constant_of(graph, node, 2);
    float sum = bias ? bias[k] : 0.0f;
    for (int c = 0; c < shape->dim[1]; c++)
        sum += weights[k * shape->dim[1] + c] * x[c];
    return sum;
}

static inline float normalized(const struct graph *graph, const struct node *node, float x, int c)
{
    float scale = constant_of(graph, node, 1)[c], bias = constant_of(graph, node, 2)[c];
    float mean = constant_of(graph, node, 3)[c], variance = constant_of(graph, node, 4)[c];
    return scale * (x - mean) / sqrtf(variance + node->u.batch_normalization.epsilon) + bias;
}

/* One output element, at flat index i in channel c, row h and column w. */
static inline float evaluate(const struct graph *graph, const struct node *node, float *const *values,
                             size_t i, int c, int h, int w)
{
    const float *x = values[node->inputs[0]];
    float other = 0.0f;
    if (node->op == OP_ADD || node->op == OP_MUL) {
        const struct tensor *second = &graph->tensors[node->inputs[1]];
        const float *constant = second->data;
        other = !constant ? values[node->inputs[1]][i] : constant[second->shape.dim[0] == 1 ? 0 : c];
    }
    switch (node->op) {
    case OP_CONV:
        return convolved(graph, node, x, c, h, w);
    case OP_GEMM:
        return multiplied(graph, node, x, c);
    case OP_MAX_POOL:
        return pooled(graph, node, x, c, h, w);
    case OP_BATCH_NORMALIZATION:
        return normalized(graph, node, x[i], c);
    case OP_ADD:
        return x[i] + other;
    case OP_MUL:
        return x[i] * other;
    default: /* operators of one element, and those that keep the order of elements */
        return x[i];
    }
}

/* The network's output on a fixed input; the caller frees it. */
static inline float *run(const struct graph *graph)
{
    float **values = calloc((size_t)graph->tensor_count, sizeof *values);
    for (int t = 0; t < graph->tensor_count; t++)
        values[t] = calloc(sned_shape_elements(&graph->tensors[t].shape), sizeof(float));
    for (size_t i = 0; i < sned_shape_elements(&graph->tensors[graph->input].shape); i++)
        values[graph->input][i] = sinf(1.7f * (float)i) * 2.0f;
    for (int n = 0; n < graph->node_count; n++) {
        const struct node *node = &graph->nodes[n];
        const struct shape *shape = &graph->tensors[node->outputs[0]].shape;
        struct extent out = sned_shape_extent(shape);
        size_t plane = (size_t)out.height * (size_t)out.width;
        for (size_t i = 0; i < sned_shape_elements(shape); i++) {
            int c = (int)(i / plane), h = (int)(i % plane) / out.width, w = (int)(i % plane) % out.width;
            values[node->outputs[0]][i] =
                activated(&node->activation, evaluate(graph, node, values, i, c, h, w));
        }
    }
    float *output = values[graph->outputs[0]];
    for (int t = 0; t < graph->tensor_count; t++)
        if (t != graph->outputs[0])
            free(values[t]);
    free(values);
    return output;
}

#endif
