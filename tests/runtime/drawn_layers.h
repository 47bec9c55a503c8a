/*
 * drawn_layers.h - random layers: a graph whose last node is one, of a shape, a type and numbers that follow
 * from a stream of random numbers. Most are small, tens to hundreds of outputs, so that there may be many of
 * them; some are wide enough for several tiles, vectors, tasks and blocks of rows.
 */
#ifndef SNED_TESTS_RUNTIME_DRAWN_LAYERS_H
#define SNED_TESTS_RUNTIME_DRAWN_LAYERS_H

#include "tests/common/random_graphs.h"
#include "runtime/value.h"

/* ---- weights ---- */

/* What all weights of a layer have in common. */
struct weight_draw {
    float density;
    int most;        /* of their absolutes */
    bool is_extreme; /* each is that, more or less */
    int sign;        /* of all; 0: of either */
};

/* Sums of 16-bit activations must fit 32 bits, whatever these are (docs/arithmetic.md). */
static inline int most_of(const struct value *input, size_t taps)
{
    const int64_t most = ((int64_t)INT32_MAX - 100000) / 32768 / (int64_t)taps;
    return input->type != VALUE_S16 || most > 127 ? 127 : (int)most;
}

static inline struct weight_draw draw_kind(struct random *random, int most)
{
    struct weight_draw draw = {.density = sned_random_uniform(random), .most = most};
    switch (random_range(random, 0, 5)) {
    case 0:
        draw.density = 1;
        break;
    case 1:
        draw.density = random_range(random, 0, 3) ? draw.density * 0.1f : 0;
        break;
    }
    draw.is_extreme = random_range(random, 0, 3) == 0;
    draw.sign = random_range(random, 0, 5) ? 0 : random_range(random, 0, 1) ? 1 : -1;
    return draw;
}

static inline int8_t draw_weight(const struct weight_draw *draw, struct random *random)
{
    if (sned_random_uniform(random) >= draw->density)
        return 0;
    const int size = draw->is_extreme ? draw->most : random_range(random, 0, draw->most);
    const int sign = draw->sign ? draw->sign : random_range(random, 0, 1) ? 1 : -1;
    return (int8_t)(sign * size);
}

/* Weights of the last node that are 0 together: some filters by some channels. */
static inline void clear_blocks(struct graph *graph, struct random *random)
{
    const struct tensor *weights = &graph->tensors[graph->nodes[graph->node_count - 1].inputs[1]];
    const int filters = (int)weights->shape.dim[0], channels = (int)weights->shape.dim[1];
    const int taps = (int)(sned_shape_elements(&weights->shape) / (size_t)(filters * channels));
    const int high = 1 << random_range(random, 0, 2), wide = 1 << random_range(random, 0, 2);
    for (int k = 0; k < filters; k += high)
        for (int c = 0; c < channels; c += wide)
            for (int t = 0; t < taps; t++) {
                const bool is_zero = random_range(random, 0, 2) > 0;
                for (int i = k; is_zero && i < k + high && i < filters; i++)
                    for (int j = c; j < c + wide && j < channels; j++)
                        ((int8_t *)weights->data)[(i * channels + j) * taps + t] = 0;
            }
}

/* The last node's weights anew, all of a kind or the first ones of another, and now and then a bias that
 * leaves sums little room. */
static inline void draw_weights(struct graph *graph, struct random *random)
{
    const struct node *node = &graph->nodes[graph->node_count - 1];
    const struct tensor *weights = &graph->tensors[node_weights(node, 0)];
    const size_t count = sned_shape_elements(&weights->shape), filters = (size_t)weights->shape.dim[0];
    const struct value input = sned_value(graph, node->inputs[0]);
    const int most = most_of(&input, count / filters);
    const struct weight_draw draws[2] = {draw_kind(random, most), draw_kind(random, most)};
    const size_t border = random_range(random, 0, 3) ? 0 : (size_t)random_range(random, 0, (int)count);
    for (size_t i = 0; i < count; i++)
        ((int8_t *)weights->data)[i] = draw_weight(&draws[i < border], random);
    if (random_range(random, 0, 2) == 0)
        clear_blocks(graph, random);
    const int bias = node_bias(node, 0);
    for (size_t k = 0; bias >= 0 && input.type != VALUE_S16 && k < filters; k++)
        if (random_range(random, 0, 15) == 0)
            ((int32_t *)graph->tensors[bias].data)[k] = random_range(random, 0, 1) ? 1 << 30 : -(1 << 30);
}

/* Now and then any scaling that there is. */
static inline void draw_scaling(struct scaling *scaling, struct random *random)
{
    if (random_range(random, 0, 15))
        return;
    scaling->multiplier = (uint16_t)(random_range(random, 0, 7) ? random_range(random, 1 << 15, 65535) : 0);
    scaling->shift = (uint8_t)random_range(random, 1, 62);
}

/* Each filter's by what its weights make of numbers of their type, so that few results are at their ends. */
static inline void draw_scalings(struct graph *graph, struct random *random)
{
    const struct node *node = &graph->nodes[graph->node_count - 1];
    const struct tensor *weights = &graph->tensors[node_weights(node, 0)];
    const size_t filters = (size_t)weights->shape.dim[0];
    const size_t terms = sned_shape_elements(&weights->shape) / filters;
    const int8_t *weight = weights->data;
    const bool is_wide = sned_value(graph, node->inputs[0]).type == VALUE_S16;
    const bool ends_wide = sned_value(graph, node->outputs[0]).type == VALUE_S16;
    for (size_t k = 0; k < filters; k++) {
        double squares = 0;
        for (size_t i = 0; i < terms; i++, weight++)
            squares += *weight * *weight;
        const double magnitude = sqrt(squares) * (is_wide ? 20000 : 100) / (ends_wide ? 128 : 1);
        node->rules[0].scalings[k] = random_scaling(random, magnitude);
        draw_scaling(&node->rules[0].scalings[k], random);
    }
}

/* ---- activations ---- */

/* One of the input's shape, of any type, for the last node of the graph to read. */
static inline int draw_activation(struct graph *graph, struct quantization type)
{
    const int inputs[2] = {graph->input, graph->input};
    struct node *node = add_node(graph, OP_MUL, inputs, 2, type);
    set_scalings(node, 1);
    node->rules[0].scalings[0] = (struct scaling){40000, 16};
    return node->outputs[0];
}

/* A graph whose next node reads graph->outputs[0], of that type: of 16 bits, which an input may not have, it
 * is made. */
static inline struct graph *graph_of(struct shape shape, struct quantization type)
{
    struct graph *graph = new_graph(shape, type.bits == 16 ? unsigned8 : type);
    if (type.bits == 16)
        draw_activation(graph, type);
    return graph;
}

static inline struct shape image_shape(int channels, int height, int width)
{
    return sned_shape(4, (int64_t)1, (int64_t)channels, (int64_t)height, (int64_t)width);
}

/* ---- convolutions ---- */

struct conv_draw {
    struct window window;
    int groups, channels, filters; /* of a group, the last two */
    int outputs[2], inputs[2];     /* height and width */
};

static inline int draw_kernel(struct random *random)
{
    switch (random_range(random, 0, 7)) {
    case 0:
    case 1:
        return 1;
    case 2:
    case 3:
        return 3;
    case 4:
        return random_range(random, 6, 11);
    default:
        return random_range(random, 2, 5);
    }
}

/* An axis with about as many outputs as are wanted; padding may hold whole windows. */
static inline void draw_axis(struct conv_draw *draw, int axis, struct random *random)
{
    struct window *window = &draw->window;
    window->stride[axis] = random_range(random, 0, 1) ? 1 : random_range(random, 1, 4);
    window->dilation[axis] = random_range(random, 0, 3) ? 1 : random_range(random, 1, 3);
    const int reach = (window->kernel[axis] - 1) * window->dilation[axis] + 1;
    if (random_range(random, 0, 3)) {
        window->pad_begin[axis] = random_range(random, 0, random_range(random, 0, 3) ? reach / 2 : reach + 1);
        window->pad_end[axis] = random_range(random, 0, random_range(random, 0, 3) ? reach / 2 : reach + 1);
    }
    const int input = (draw->outputs[axis] - 1) * window->stride[axis] + reach - window->pad_begin[axis] -
                      window->pad_end[axis] + random_range(random, 0, window->stride[axis] - 1);
    draw->inputs[axis] = input < 1 ? 1 : input;
}

/* The largest of four numbers is halved until the layer has no more products than that. */
static inline void limit_work(struct conv_draw *draw, int64_t most)
{
    const int64_t taps = draw->groups * draw->window.kernel[0] * draw->window.kernel[1];
    int *const sides[] = {&draw->channels, &draw->filters, &draw->outputs[0], &draw->outputs[1]};
    for (;;) {
        int64_t products = taps;
        int *largest = sides[0];
        for (int i = 0; i < 4; i++) {
            products *= *sides[i];
            largest = *sides[i] > *largest ? sides[i] : largest;
        }
        if (products <= most || *largest == 1)
            return;
        *largest = (*largest + 1) / 2;
    }
}

static inline struct conv_draw draw_conv(struct random *random)
{
    const bool is_wide = random_range(random, 0, 49) == 0;
    struct conv_draw draw = {.groups = 1,
                             .channels = random_range(random, 1, 20),
                             .filters = random_range(random, 1, 20),
                             .outputs = {random_range(random, 1, 20), random_range(random, 1, 24)}};
    draw.window.kernel[0] = draw.window.kernel[1] = draw_kernel(random);
    if (random_range(random, 0, 3) == 0)
        draw.window.kernel[1] = draw_kernel(random);
    const bool is_deep =
        !is_wide && random_range(random, 0, 39) == 0; /* of more than one block of channels */
    if (is_wide)
        draw.outputs[1] = random_range(random, 60, 1200);
    if (is_deep) {
        draw.channels = random_range(random, 60, 700);
        draw.filters =
            random_range(random, 0, 3) ? random_range(random, 2, 12) : random_range(random, 100, 700);
        draw.outputs[0] = draw.outputs[1] = random_range(random, 1, 5);
        draw.window.kernel[0] = draw.window.kernel[1] = random_range(random, 1, 3);
    }
    const int grouped = is_deep ? 7 : random_range(random, 0, 7);
    if (grouped < 2) /* depthwise */
        draw.groups = draw.channels, draw.channels = 1, draw.filters = random_range(random, 0, 3) ? 1 : 2;
    else if (grouped < 4)
        draw.groups = random_range(random, 2, 4);
    limit_work(&draw, is_deep ? 400000 : is_wide ? 150000 : random_range(random, 0, 7) ? 10000 : 40000);
    for (int axis = 0; axis < 2; axis++)
        draw_axis(&draw, axis, random);
    return draw;
}

static inline struct graph *draw_conv_layer(struct random *random)
{
    const struct conv_draw draw = draw_conv(random);
    struct graph *graph = graph_of(image_shape(draw.groups * draw.channels, draw.inputs[0], draw.inputs[1]),
                                   random_type(random, true));
    random_conv(graph, random, &draw.window, draw.groups, (int64_t)draw.groups * draw.filters,
                random_type(random, true));
    draw_weights(graph, random);
    draw_scalings(graph, random);
    return graph;
}

/* ---- fully connected layers ---- */

/* Around the chunks and groups that rows come in, and now and then of several blocks (src/codec/packed.c). */
static inline struct graph *draw_rows_layer(struct random *random)
{
    int64_t rows = random_range(random, 1, random_range(random, 0, 3) ? 14 : 50);
    int64_t columns = random_range(random, 1, 300);
    switch (random_range(random, 0, 7)) {
    case 0:
        columns = 64 * random_range(random, 1, 6) + random_range(random, -1, 1);
        break;
    case 1:
        columns = random_range(random, 1, 20);
        rows = random_range(random, 1, 70);
        break;
    case 2:
        if (random_range(random, 0, 19) == 0) {
            columns = random_range(random, 2000, 9000);
            rows = (1 << 16) / columns + random_range(random, 1, 12);
        }
        break;
    }
    struct graph *graph = graph_of(sned_shape(2, (int64_t)1, columns), random_type(random, true));
    random_gemm(graph, random, rows, random_type(random, true));
    draw_weights(graph, random);
    draw_scalings(graph, random);
    return graph;
}

/* ---- pools ---- */

/* Now and then a wide one, whose work is many tasks. */
static inline struct shape draw_image(struct random *random, int most)
{
    const bool is_wide = random_range(random, 0, 19) == 0;
    return image_shape(random_range(random, 1, 6), random_range(random, 1, most),
                       random_range(random, 1, is_wide ? 300 : most));
}

static inline struct window draw_pool_window(struct random *random)
{
    struct window window;
    for (int axis = 0; axis < 2; axis++) {
        window.kernel[axis] = random_range(random, 1, random_range(random, 0, 7) ? 4 : 9);
        window.stride[axis] = random_range(random, 1, 4);
        window.dilation[axis] = random_range(random, 0, 3) ? 1 : 2;
        window.pad_begin[axis] = random_range(random, 0, window.kernel[axis] / 2);
        window.pad_end[axis] = random_range(random, 0, window.kernel[axis] / 2);
    }
    return window;
}

/* Sums of 16 bits are larger by 2^7 or so. */
static inline void scale_for(struct node *node, struct quantization in)
{
    for (int i = 0; in.bits == 16 && i < node->rules[0].scaling_count; i++) {
        struct scaling *scaling = &node->rules[0].scalings[i];
        scaling->shift = scaling->shift < 62 - 7 ? scaling->shift + 7 : 62;
    }
}

static inline struct graph *draw_pool_layer(struct random *random)
{
    static const enum op ops[] = {OP_MAX_POOL, OP_MAX_POOL, OP_AVERAGE_POOL, OP_GLOBAL_AVERAGE_POOL};
    const enum op op = ops[random_range(random, 0, 3)];
    const struct quantization in = random_type(random, true);
    const struct shape shape = draw_image(random, 20);
    struct graph *graph = graph_of(shape, in);
    struct node *node =
        add_node(graph, op, graph->outputs, 1, op == OP_MAX_POOL ? in : random_type(random, true));
    if (op == OP_MAX_POOL || op == OP_AVERAGE_POOL) {
        node->u.pool.window = draw_pool_window(random);
        node->u.pool.ceil_mode = random_range(random, 0, 1);
        node->u.pool.count_include_pad = op == OP_AVERAGE_POOL && random_range(random, 0, 1);
    }
    if (op == OP_AVERAGE_POOL)
        scalings_by_count(node, node->u.pool.window.kernel[0] * node->u.pool.window.kernel[1]);
    else if (op == OP_GLOBAL_AVERAGE_POOL)
        scalings_by_count(node, (int)(shape.dim[2] * shape.dim[3]));
    scale_for(node, in);
    return graph;
}

/* ---- what is done to each number by itself, and LRN ---- */

static inline void add_two_inputs(struct graph *graph, enum op op, struct random *random)
{
    const int inputs[2] = {graph->outputs[0], draw_activation(graph, random_type(random, true))};
    struct node *node = add_node(graph, op, inputs, 2, random_type(random, true));
    set_scalings(node, op == OP_ADD ? 2 : 1);
    struct scaling *scalings = node->rules[0].scalings;
    scalings[0] = random_scaling(random, op == OP_ADD ? 200 : 10000);
    if (op == OP_ADD)
        scalings[1] = (struct scaling){(uint16_t)random_range(random, 0, 65535), scalings[0].shift};
    random_activation(node, random);
}

static inline void add_activation_alone(struct graph *graph, enum op op, struct random *random)
{
    struct node *node = add_node(graph, op, graph->outputs, 1, random_type(random, true));
    set_scalings(node, 1);
    node->rules[0].scalings[0] = random_scaling(random, 200);
    draw_scaling(&node->rules[0].scalings[0], random);
    random_activation(node, random);
}

static inline struct graph *draw_number_layer(struct random *random)
{
    static const enum op ops[] = {OP_ADD,        OP_ADD,  OP_MUL,  OP_LRN,
                                  OP_HARD_SWISH, OP_RELU, OP_CLIP, OP_LEAKY_RELU};
    const enum op op = ops[random_range(random, 0, 7)];
    const bool may_be_wide = op != OP_LRN && op != OP_HARD_SWISH;
    const struct quantization in = random_type(random, may_be_wide);
    struct shape shape = draw_image(random, 14);
    if (op == OP_LRN)
        shape.dim[1] = random_range(random, 1, 12);
    struct graph *graph = graph_of(shape, in);
    if (op == OP_ADD || op == OP_MUL)
        add_two_inputs(graph, op, random);
    else if (op == OP_LRN)
        random_lrn(graph, random, random_range(random, 1, 14), random_type(random, false));
    else if (op == OP_HARD_SWISH)
        random_hard_swish(graph, random, random_type(random, false));
    else
        add_activation_alone(graph, op, random);
    if (may_be_wide)
        scale_for(&graph->nodes[graph->node_count - 1], in);
    return graph;
}

#endif
