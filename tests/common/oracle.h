/*
 * oracle.h - docs/arithmetic.md as plain loops: what every kernel is compared with.
 *
 * Written from the document alone, shares no code with the runtime, and is slow. Activations are int32 arrays
 * in their tensor's own shape.
 */
#ifndef SNED_TESTS_COMMON_ORACLE_H
#define SNED_TESTS_COMMON_ORACLE_H

#include "graph/graph.h"

#include <math.h>
#include <stdlib.h>

/* floor(v / 2^s) without a shift. */
static inline int64_t oracle_floor(int64_t v, int s)
{
    int64_t unit = (int64_t)1 << s, quotient = v / unit;
    return v % unit < 0 ? quotient - 1 : quotient;
}

static inline int64_t oracle_scale(int64_t v, struct scaling scaling)
{
    return oracle_floor(v * scaling.multiplier + ((int64_t)1 << (scaling.shift - 1)), scaling.shift);
}

static inline int32_t oracle_end(const struct node *node, int64_t v)
{
    if (v < 0 && node->rules[0].slope != 0)
        v = oracle_floor(v * node->rules[0].slope + (1 << 14), 15);
    if (v < node->rules[0].low)
        return node->rules[0].low;
    return v > node->rules[0].high ? node->rules[0].high : (int32_t)v;
}

static inline int oracle_lrn_index(uint64_t sum)
{
    if (sum < 64)
        return (int)sum;
    int e = 0;
    while (sum >> (e + 1))
        e++;
    uint64_t index = 64 * (uint64_t)(e - 5) + (sum >> (e - 6)) % 64;
    return index > 1023 ? 1023 : (int)index;
}

/* The element (c, y, x) of an image, 0 outside of it. */
static inline int32_t oracle_at(const int32_t *image, struct extent e, int64_t c, int64_t y, int64_t x)
{
    if (c < 0 || c >= e.channels || y < 0 || y >= e.height || x < 0 || x >= e.width)
        return 0;
    return image[(c * e.height + y) * e.width + x];
}

static inline void oracle_conv(const struct graph *graph, const struct node *node, const int32_t *in,
                               struct extent ie, int32_t *out, struct extent oe)
{
    const struct window *w = &node->u.conv.window;
    const struct tensor *weights = &graph->tensors[node->inputs[1]];
    const int8_t *weight = weights->data;
    const int32_t *bias =
        node->input_count > 2 && node->inputs[2] >= 0 ? graph->tensors[node->inputs[2]].data : NULL;
    const int channels = (int)weights->shape.dim[1], filters = oe.channels / node->u.conv.groups;
    for (int k = 0; k < oe.channels; k++)
        for (int y = 0; y < oe.height; y++)
            for (int x = 0; x < oe.width; x++) {
                int64_t sum = bias ? bias[k] : 0;
                for (int c = 0; c < channels; c++)
                    for (int r = 0; r < w->kernel[0]; r++)
                        for (int s = 0; s < w->kernel[1]; s++)
                            sum +=
                                (int64_t)weight[((k * channels + c) * w->kernel[0] + r) * w->kernel[1] + s] *
                                oracle_at(in, ie, k / filters * channels + c,
                                          (int64_t)y * w->stride[0] - w->pad_begin[0] +
                                              (int64_t)r * w->dilation[0],
                                          (int64_t)x * w->stride[1] - w->pad_begin[1] +
                                              (int64_t)s * w->dilation[1]);
                out[(k * oe.height + y) * oe.width + x] =
                    oracle_end(node, oracle_scale(sum, node->rules[0].scalings[k]));
            }
}

static inline void oracle_gemm(const struct graph *graph, const struct node *node, const int32_t *in,
                               int inputs, int32_t *out, int outputs)
{
    const int8_t *weight = graph->tensors[node->inputs[1]].data;
    const int32_t *bias =
        node->input_count > 2 && node->inputs[2] >= 0 ? graph->tensors[node->inputs[2]].data : NULL;
    for (int k = 0; k < outputs; k++) {
        int64_t sum = bias ? bias[k] : 0;
        for (int c = 0; c < inputs; c++)
            sum += (int64_t)weight[k * inputs + c] * in[c];
        out[k] = oracle_end(node, oracle_scale(sum, node->rules[0].scalings[k]));
    }
}

/* Sum, maximum and count of one pooling window. */
static inline void oracle_window(const struct window *w, bool include_pad, const int32_t *in,
                                 struct extent ie, int c, int y, int x, int64_t *sum, int32_t *max,
                                 int *count)
{
    *sum = 0, *max = INT32_MIN, *count = 0;
    for (int r = 0; r < w->kernel[0]; r++)
        for (int s = 0; s < w->kernel[1]; s++) {
            int64_t row = (int64_t)y * w->stride[0] - w->pad_begin[0] + (int64_t)r * w->dilation[0];
            int64_t column = (int64_t)x * w->stride[1] - w->pad_begin[1] + (int64_t)s * w->dilation[1];
            bool inside = row >= 0 && row < ie.height && column >= 0 && column < ie.width;
            bool padded = row < ie.height + w->pad_end[0] && column < ie.width + w->pad_end[1];
            int32_t value = oracle_at(in, ie, c, row, column);
            *count += include_pad ? padded : inside;
            *sum += value;
            if (inside && value > *max)
                *max = value;
        }
}

static inline void oracle_pool(const struct node *node, const int32_t *in, struct extent ie, int32_t *out,
                               struct extent oe)
{
    struct window w = node->u.pool.window;
    bool include_pad = node->op == OP_AVERAGE_POOL && node->u.pool.count_include_pad;
    if (node->op == OP_GLOBAL_AVERAGE_POOL)
        w = (struct window){.kernel = {ie.height, ie.width}, .stride = {1, 1}, .dilation = {1, 1}};
    for (int c = 0; c < oe.channels; c++)
        for (int y = 0; y < oe.height; y++)
            for (int x = 0; x < oe.width; x++) {
                int64_t sum;
                int32_t max;
                int count, i = 0;
                oracle_window(&w, include_pad, in, ie, c, y, x, &sum, &max, &count);
                int64_t value = max;
                if (node->op != OP_MAX_POOL) {
                    while (node->rules[0].counts[i] != count)
                        i++;
                    value = oracle_scale(sum, node->rules[0].scalings[i]);
                }
                out[(c * oe.height + y) * oe.width + x] = oracle_end(node, value);
            }
}

static inline void oracle_lrn(const struct graph *graph, const struct node *node, const int32_t *in,
                              struct extent e, int32_t *out)
{
    const uint16_t *table = graph->tensors[node->inputs[1]].data;
    const int size = node->u.lrn.size, plane = e.height * e.width;
    for (int c = 0; c < e.channels; c++)
        for (int i = 0; i < plane; i++) {
            uint64_t sum = 0;
            for (int d = c - (size - 1) / 2; d <= c + size / 2; d++)
                if (d >= 0 && d < e.channels)
                    sum += (uint64_t)((int64_t)in[d * plane + i] * in[d * plane + i]);
            int shift = node->rules[0].scalings[0].shift;
            int64_t product = (int64_t)in[c * plane + i] * table[oracle_lrn_index(sum)];
            out[c * plane + i] = oracle_end(node, oracle_floor(product + ((int64_t)1 << (shift - 1)), shift));
        }
}

/* Where element `index` of a row-major tensor lies on each axis, and back. */
static inline void oracle_unravel(const struct shape *shape, size_t index, int64_t *at)
{
    for (int axis = shape->rank - 1; axis >= 0; axis--) {
        at[axis] = (int64_t)(index % (size_t)shape->dim[axis]);
        index /= (size_t)shape->dim[axis];
    }
}

static size_t oracle_ravel(const struct shape *shape, const int64_t *at)
{
    size_t index = 0;
    for (int axis = 0; axis < shape->rank; axis++)
        index = index * (size_t)shape->dim[axis] + (size_t)at[axis];
    return index;
}

/* Where element `at` of a DepthToSpace comes from. */
static inline void oracle_depth_to_space(const struct node *node, int64_t channels, const int64_t *at,
                                         int64_t *from)
{
    const int64_t block = node->u.depth_to_space.block;
    const int64_t tap = at[2] % block * block + at[3] % block;
    from[1] = node->u.depth_to_space.mode == DEPTH_DCR ? tap * channels + at[1] : at[1] * block * block + tap;
    from[2] = at[2] / block;
    from[3] = at[3] / block;
}

/* Concat, Split, Slice, Pad, Transpose, DepthToSpace: each element of an output looks for where it comes
 * from. */
static inline int32_t oracle_moved(const struct graph *graph, const struct node *node, int output,
                                   int32_t *const *activations, const int64_t *at)
{
    int64_t from[GRAPH_MAX_RANK] = {0};
    int source = node->inputs[0];
    const struct shape *shape = &graph->tensors[source].shape;
    for (int axis = 0; axis < shape->rank; axis++)
        from[axis] = at[axis];
    for (int k = 0; node->op == OP_SPLIT && k < output; k++)
        from[node->u.split.axis] += node->u.split.sizes[k];
    for (int axis = 0; axis < shape->rank; axis++) {
        if (node->op == OP_SLICE)
            from[axis] = node->u.slice.start[axis] + at[axis] * node->u.slice.step[axis];
        if (node->op == OP_TRANSPOSE)
            from[node->u.transpose.order[axis]] = at[axis];
        if (node->op == OP_PAD) {
            from[axis] = at[axis] - node->u.pad.before[axis];
            if (from[axis] < 0 || from[axis] >= shape->dim[axis])
                return 0;
        }
    }
    if (node->op == OP_DEPTH_TO_SPACE)
        oracle_depth_to_space(node, graph->tensors[node->outputs[0]].shape.dim[1], at, from);
    if (node->op == OP_CONCAT)
        for (int i = 0; from[node->u.concat.axis] >= graph->tensors[source].shape.dim[node->u.concat.axis];) {
            from[node->u.concat.axis] -= graph->tensors[source].shape.dim[node->u.concat.axis];
            source = node->inputs[++i];
        }
    return activations[source][oracle_ravel(&graph->tensors[source].shape, from)];
}

static inline void oracle_elements(const struct graph *graph, const struct node *node, int output,
                                   int32_t *const *activations)
{
    const struct shape *shape = &graph->tensors[node->outputs[output]].shape;
    const struct scaling *scalings = node->rules[0].scalings;
    const int32_t *a = activations[node->inputs[0]];
    const int32_t *b = node->input_count > 1 && node->inputs[1] >= 0 ? activations[node->inputs[1]] : NULL;
    int32_t *out = activations[node->outputs[output]];
    for (size_t i = 0; i < sned_shape_elements(shape); i++) {
        int64_t at[GRAPH_MAX_RANK];
        oracle_unravel(shape, i, at);
        if (node->op == OP_ADD) {
            int64_t sum = (int64_t)a[i] * scalings[0].multiplier + (int64_t)b[i] * scalings[1].multiplier;
            int shift = scalings[0].shift;
            out[i] = oracle_end(node, oracle_floor(sum + ((int64_t)1 << (shift - 1)), shift));
        } else if (node->op == OP_MUL) {
            out[i] = oracle_end(node, oracle_scale((int64_t)a[i] * b[i], scalings[0]));
        } else if (node->op == OP_RELU || node->op == OP_CLIP || node->op == OP_LEAKY_RELU) {
            out[i] = oracle_end(node, oracle_scale(a[i], scalings[0]));
        } else if (node->op == OP_HARD_SWISH) {
            const uint16_t *table = graph->tensors[node->inputs[1]].data;
            const int byte = table[a[i] & 255];
            out[i] =
                graph->tensors[node->outputs[0]].quantization.is_signed && byte > 127 ? byte - 256 : byte;
        } else if (node->op == OP_FLATTEN || node->op == OP_RESHAPE) {
            out[i] = a[i];
        } else {
            out[i] = oracle_moved(graph, node, output, activations, at);
        }
    }
}

static inline void oracle_node(const struct graph *graph, const struct node *node,
                               int32_t *const *activations)
{
    const struct shape *is = &graph->tensors[node->inputs[0]].shape,
                       *os = &graph->tensors[node->outputs[0]].shape;
    const struct extent ie = sned_shape_extent(is), oe = sned_shape_extent(os);
    const int32_t *in = activations[node->inputs[0]];
    int32_t *out = activations[node->outputs[0]];
    switch (node->op) {
    case OP_CONV:
        oracle_conv(graph, node, in, ie, out, oe);
        break;
    case OP_GEMM:
        oracle_gemm(graph, node, in, ie.channels, out, oe.channels);
        break;
    case OP_MAX_POOL:
    case OP_AVERAGE_POOL:
    case OP_GLOBAL_AVERAGE_POOL:
        oracle_pool(node, in, ie, out, oe);
        break;
    case OP_LRN:
        oracle_lrn(graph, node, in, ie, out);
        break;
    default:
        for (int k = 0; k < node->output_count; k++)
            oracle_elements(graph, node, k, activations);
    }
}

/* activations[tensor] are arrays of the tensors' sizes (NULL for constants), the input filled in. Its
 * ending is left out. */
static inline void oracle_run(const struct graph *graph, int32_t *const *activations)
{
    for (int n = 0; n < graph->node_count; n++)
        if (!sned_op_is_ending(graph->nodes[n].op))
            oracle_node(graph, &graph->nodes[n], activations);
}

#endif
