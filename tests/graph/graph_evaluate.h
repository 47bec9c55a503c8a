/*
 * graph_evaluate.h - a small float graph computed straight from its operators' definitions, slowly: what the
 * tests of passes compare with. Conv, Gemm, BatchNormalization, MaxPool, Add, Mul, Concat and Split,
 * activations, and what keeps the order of elements.
 */
#ifndef SNED_TESTS_GRAPH_GRAPH_EVALUATE_H
#define SNED_TESTS_GRAPH_GRAPH_EVALUATE_H

#include "tests/graph/graph_fixture.h"

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

/* Element i of a Split's piece k. */
static inline float split_off(const struct graph *graph, const struct node *node, const float *x, int k,
                              size_t i)
{
    const struct shape *whole = &graph->tensors[node->inputs[0]].shape;
    const int axis = node->u.split.axis;
    size_t inner = 1, before = 0, size = (size_t)node->u.split.sizes[k], length = (size_t)whole->dim[axis];
    for (int d = axis + 1; d < whole->rank; d++)
        inner *= (size_t)whole->dim[d];
    for (int other = 0; other < k; other++)
        before += (size_t)node->u.split.sizes[other];
    return x[(i / (size * inner) * length + before) * inner + i % (size * inner)];
}

/* Element i of the channels of several inputs, one behind the other. */
static inline float joined(const struct graph *graph, const struct node *node, float *const *values, size_t i)
{
    int input = 0;
    for (; i >= sned_shape_elements(&graph->tensors[node->inputs[input]].shape); input++)
        i -= sned_shape_elements(&graph->tensors[node->inputs[input]].shape);
    return values[node->inputs[input]][i];
}

static inline void evaluate_node(const struct graph *graph, const struct node *node, float *const *values)
{
    for (int k = 0; k < node->output_count; k++) {
        const struct shape *shape = &graph->tensors[node->outputs[k]].shape;
        struct extent out = sned_shape_extent(shape);
        size_t plane = (size_t)out.height * (size_t)out.width;
        for (size_t i = 0; i < sned_shape_elements(shape); i++) {
            int c = (int)(i / plane), h = (int)(i % plane) / out.width, w = (int)(i % plane) % out.width;
            float value = node->op == OP_SPLIT    ? split_off(graph, node, values[node->inputs[0]], k, i)
                          : node->op == OP_CONCAT ? joined(graph, node, values, i)
                                                  : evaluate(graph, node, values, i, c, h, w);
            values[node->outputs[k]][i] = activated(&node->activation, value);
        }
    }
}

/* What is seen of a run from outside: output k of the graph, or behind these what a state becomes. */
static inline int seen(const struct graph *graph, int k)
{
    return k < graph->output_count ? graph->outputs[k] : graph->states[k - graph->output_count].next;
}

static inline size_t seen_elements(const struct graph *graph)
{
    size_t elements = 0;
    for (int k = 0; k < graph->output_count + graph->state_count; k++)
        elements += sned_shape_elements(&graph->tensors[seen(graph, k)].shape);
    return elements;
}

/* All that is seen, one behind the other, of a run on a fixed input and fixed states; the caller frees it. */
static inline float *run(const struct graph *graph)
{
    float **values = calloc((size_t)graph->tensor_count, sizeof *values);
    float *result = malloc(seen_elements(graph) * sizeof *result);
    size_t at = 0;
    for (int t = 0; t < graph->tensor_count; t++) {
        values[t] = calloc(sned_shape_elements(&graph->tensors[t].shape), sizeof(float));
        if (t == graph->input || sned_graph_is_state(graph, t))
            for (size_t i = 0; i < sned_shape_elements(&graph->tensors[t].shape); i++)
                values[t][i] = sinf(1.7f * (float)i) * 2.0f;
    }
    for (int n = 0; n < graph->node_count; n++)
        evaluate_node(graph, &graph->nodes[n], values);
    for (int k = 0; k < graph->output_count + graph->state_count; k++) {
        const size_t elements = sned_shape_elements(&graph->tensors[seen(graph, k)].shape);
        memcpy(result + at, values[seen(graph, k)], elements * sizeof *result);
        at += elements;
    }
    for (int t = 0; t < graph->tensor_count; t++)
        free(values[t]);
    free(values);
    return result;
}

/* ---- the judge of a pass ---- */

typedef sned_status (*graph_pass)(struct graph *graph, sned_error *error);

/* Applies a pass; the graph must stay one, and compute what it did, to float32's rounding. */
static inline void keeps_the_function(struct graph *graph, graph_pass pass_under_test)
{
    sned_error error;
    infer(graph);
    check(graph);
    float *before = run(graph);
    const size_t elements = seen_elements(graph);
    succeeds(pass_under_test(graph, &error), &error);
    check(graph);
    float *after = run(graph);
    assert_int_equal(seen_elements(graph), elements);
    float largest = 0.0f;
    for (size_t i = 0; i < elements; i++) {
        largest = fmaxf(largest, fabsf(before[i]));
        if (fabsf(before[i] - after[i]) > 1e-4f * (1.0f + fabsf(before[i])))
            fail_msg("element %zu was %g and is %g", i, before[i], after[i]);
    }
    assert_true(largest > 0.01f); /* a network of zeros would prove nothing */
    free(before);
    free(after);
}

static inline int nodes_of(const struct graph *graph, enum op op)
{
    int count = 0;
    for (int i = 0; i < graph->node_count; i++)
        count += graph->nodes[i].op == op;
    return count;
}

#endif
