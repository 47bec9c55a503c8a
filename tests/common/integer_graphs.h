/*
 * integer_graphs.h - integer networks made by hand, with random weights, for the tests of packing and
 * unpacking.
 */
#ifndef SNED_TESTS_COMMON_INTEGER_GRAPHS_H
#define SNED_TESTS_COMMON_INTEGER_GRAPHS_H

#include "base/memory.h"
#include "base/random.h"
#include "graph/graph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A graph in the making: `last` is the newest activation, `density` the share of weights that are not 0. */
struct maker {
    struct graph *graph;
    struct random random;
    float density;
    int last;
};

#define MUST(call)                                                                                           \
    do {                                                                                                     \
        sned_error must_error_ = {0};                                                                        \
        (void)must_error_;                                                                                   \
        if ((call) != SNED_OK) {                                                                             \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #call);                                       \
            abort();                                                                                         \
        }                                                                                                    \
    } while (0)

static const struct quantization U8 = {0.05f, 8, false}, S8 = {0.04f, 8, true}, S16 = {0.001f, 16, true};

static inline void random_weights(struct random *random, int8_t *weights, size_t count, float density)
{
    for (size_t i = 0; i < count; i++) {
        int value = (int)sned_random_below(random, 254) - 127;
        weights[i] = sned_random_uniform(random) < density ? (int8_t)(value < 0 ? value : value + 1) : 0;
    }
}

static inline struct maker maker_begin(const char *name, const struct shape *input, float density,
                                       uint64_t seed)
{
    struct maker maker = {.density = density};
    sned_random_seed(&maker.random, seed, 0);
    MUST(sned_graph_new(&maker.graph, name, NULL));
    maker.graph->integer = true;
    MUST(sned_graph_add_tensor(maker.graph, "input", TENSOR_F32, input, NULL, &maker.last, NULL));
    maker.graph->input = maker.last;
    maker.graph->tensors[maker.last].quantization = S8;
    return maker;
}

/* The input is an image of 1 or 3 channels. */
static inline void maker_image(struct maker *maker)
{
    struct input_rule *rule = &maker->graph->rule;
    int channels = (int)maker->graph->tensors[maker->graph->input].shape.dim[1];
    rule->is_image = true;
    strcpy(rule->color, channels == 1 ? "gray" : "BGR");
    rule->label_offset = -1;
    for (int c = 0; c < channels; c++) {
        rule->mean[c] = 104.0f + 13.0f * (float)c;
        rule->scale[c] = 1.0f / (1.0f + (float)c);
        rule->integer[c].multiplier = 40000 + c;
        rule->integer[c].offset = -123456 * (c + 1);
        rule->integer[c].shift = (uint8_t)(15 + c);
    }
}

static inline struct scaling random_scaling(struct random *random)
{
    return (struct scaling){(uint16_t)(32768 + sned_random_below(random, 32768)),
                            (uint8_t)(24 + sned_random_below(random, 4))};
}

static inline void clamp_to_range(struct node *node, const struct quantization *q)
{
    node->rules[0].low = q->bits == 16 ? -32768 : q->is_signed ? -128 : 0;
    node->rules[0].high = q->bits == 16 ? 32767 : q->is_signed ? 127 : 255;
    if (node->activation.kind == ACTIVATION_RELU)
        node->rules[0].low = 0;
}

/* A node behind `inputs`, whose result has quantization `q`; becomes maker->last. */
static inline struct node *add(struct maker *maker, const char *name, enum op op, const int *inputs,
                               int count, int scalings, struct quantization q)
{
    struct shape unknown = {0};
    struct node *node;
    char full[80];
    snprintf(full, sizeof full, "%s:0", name);
    MUST(sned_graph_add_tensor(maker->graph, full, TENSOR_F32, &unknown, NULL, &maker->last, NULL));
    maker->graph->tensors[maker->last].quantization = q;
    MUST(sned_graph_add_node(maker->graph, name, op, inputs, count, maker->last, &node, NULL));
    clamp_to_range(node, &q);
    if (scalings == 0)
        return node;
    node->rules[0].scaling_count = scalings;
    MUST(sned_alloc(&node->rules[0].scalings, (size_t)scalings, sizeof *node->rules[0].scalings, NULL));
    for (int i = 0; i < scalings; i++)
        node->rules[0].scalings[i] = random_scaling(&maker->random);
    return node;
}

static inline struct node *add_one(struct maker *maker, const char *name, enum op op, int scalings,
                                   struct quantization q)
{
    int input = maker->last;
    return add(maker, name, op, &input, 1, scalings, q);
}

/* The newest activation in pieces, outputs[0], outputs[1], ...; the first becomes maker->last. */
static inline void add_split(struct maker *maker, const char *name, int axis, const int64_t *sizes, int count,
                             int *outputs)
{
    const struct quantization q = maker->graph->tensors[maker->last].quantization;
    struct shape unknown = {0};
    struct node *node;
    char full[80];
    for (int k = 0; k < count; k++) {
        snprintf(full, sizeof full, "%s:%d", name, k);
        MUST(sned_graph_add_tensor(maker->graph, full, TENSOR_F32, &unknown, NULL, &outputs[k], NULL));
        maker->graph->tensors[outputs[k]].quantization = q;
    }
    MUST(sned_graph_add_node_outputs(maker->graph, name, OP_SPLIT, &maker->last, 1, outputs, count, &node,
                                     NULL));
    clamp_to_range(node, &q);
    node->u.split.axis = axis;
    MUST(sned_alloc(&node->u.split.sizes, (size_t)count, sizeof *sizes, NULL));
    memcpy(node->u.split.sizes, sizes, (size_t)count * sizeof *sizes);
    maker->last = outputs[0];
}

/* An activation that outlives a run; what it becomes is set when that is there. */
static inline int add_state(struct maker *maker, const char *name, const struct shape *shape,
                            struct quantization q)
{
    struct state_tensor *state = &maker->graph->states[maker->graph->state_count++];
    MUST(sned_graph_add_tensor(maker->graph, name, TENSOR_F32, shape, NULL, &state->tensor, NULL));
    maker->graph->tensors[state->tensor].quantization = q;
    return state->tensor;
}

static inline void add_layer_inputs(struct maker *maker, const char *name, const struct shape *shape,
                                    bool bias, int inputs[3])
{
    int8_t *weights;
    int32_t *biases;
    char full[80];
    MUST(sned_alloc(&weights, sned_shape_elements(shape), 1, NULL));
    random_weights(&maker->random, weights, sned_shape_elements(shape), maker->density);
    inputs[0] = maker->last;
    inputs[2] = -1;
    snprintf(full, sizeof full, "%s.weight", name);
    MUST(sned_graph_add_tensor(maker->graph, full, TENSOR_I8, shape, weights, &inputs[1], NULL));
    if (!bias)
        return;
    struct shape vector = sned_shape(1, shape->dim[0]);
    MUST(sned_alloc(&biases, (size_t)shape->dim[0], sizeof *biases, NULL));
    for (int64_t k = 0; k < shape->dim[0]; k++)
        biases[k] = (int32_t)sned_random_below(&maker->random, 20001) - 10000;
    snprintf(full, sizeof full, "%s.bias", name);
    MUST(sned_graph_add_tensor(maker->graph, full, TENSOR_I32, &vector, biases, &inputs[2], NULL));
}

/* Square kernel, stride 1, padded to keep the size where `kernel` is odd; ReLU. */
static inline struct node *add_conv(struct maker *maker, const char *name, int filters, int channels,
                                    int kernel, int groups, bool bias)
{
    int inputs[3];
    struct shape shape = sned_shape(4, (int64_t)filters, (int64_t)channels, (int64_t)kernel, (int64_t)kernel);
    add_layer_inputs(maker, name, &shape, bias, inputs);
    struct node *node = add(maker, name, OP_CONV, inputs, 3, filters, U8);
    int pad = kernel / 2;
    node->u.conv.groups = groups;
    node->u.conv.window = (struct window){{kernel, kernel}, {1, 1}, {1, 1}, {pad, pad}, {pad, pad}};
    node->activation.kind = ACTIVATION_RELU;
    return node;
}

static inline struct node *add_gemm(struct maker *maker, const char *name, int outputs, int channels,
                                    struct quantization q)
{
    int inputs[3];
    struct shape shape = sned_shape(2, (int64_t)outputs, (int64_t)channels);
    add_layer_inputs(maker, name, &shape, true, inputs);
    return add(maker, name, OP_GEMM, inputs, 3, outputs, q);
}

static inline struct node *add_max_pool(struct maker *maker, const char *name, bool ceil_mode)
{
    struct node *node = add_one(maker, name, OP_MAX_POOL, 0, maker->graph->tensors[maker->last].quantization);
    node->u.pool.window = (struct window){.kernel = {2, 2}, .stride = {2, 2}, .dilation = {1, 1}};
    node->u.pool.ceil_mode = ceil_mode;
    return node;
}

static inline void set_counts(struct node *node, const int *counts)
{
    MUST(sned_alloc(&node->rules[0].counts, (size_t)node->rules[0].scaling_count, sizeof *counts, NULL));
    memcpy(node->rules[0].counts, counts, (size_t)node->rules[0].scaling_count * sizeof *counts);
}

/* Infers, checks and hands over the graph, whose output is the newest activation. */
static inline struct graph *maker_end(struct maker *maker)
{
    sned_error error = {0};
    free(maker->graph->tensors[maker->last].name);
    maker->graph->tensors[maker->last].name = strdup("logits");
    maker->graph->outputs[0] = maker->last;
    if (sned_graph_infer(maker->graph, &error) != SNED_OK ||
        sned_graph_check(maker->graph, &error) != SNED_OK) {
        fprintf(stderr, "%s\n", error.message);
        abort();
    }
    return maker->graph;
}

/* Conv, pool, Gemm and labels: a few hundred bytes. */
static inline struct graph *small_graph(float density, uint64_t seed)
{
    static const char *const labels[] = {"cat", "dog", "\xc3\xa9l\xc3\xa9phant"};
    struct shape input = sned_shape(4, (int64_t)1, (int64_t)1, (int64_t)6, (int64_t)6);
    struct maker maker = maker_begin("small", &input, density, seed);
    maker_image(&maker);
    add_conv(&maker, "conv1", 4, 1, 3, 1, true);
    add_max_pool(&maker, "pool1", false);
    struct node *flatten = add_one(&maker, "flatten", OP_FLATTEN, 0, U8);
    flatten->u.flatten.axis = 1;
    add_gemm(&maker, "fc1", 3, 36, S16);
    MUST(sned_graph_set_labels(maker.graph, labels, 3, NULL));
    maker.graph->provenance = strdup("{\"seed\": 1}\n");
    return maker_end(&maker);
}

/* LeNet-5 in Caffe's sizes: 430,500 weights. */
static inline struct graph *lenet_graph(float density, uint64_t seed)
{
    struct shape input = sned_shape(4, (int64_t)1, (int64_t)1, (int64_t)28, (int64_t)28);
    struct maker maker = maker_begin("lenet5", &input, density, seed);
    maker_image(&maker);
    for (int i = 0; i < 2; i++) {
        struct node *conv = add_conv(&maker, i ? "conv2" : "conv1", i ? 50 : 20, i ? 20 : 1, 5, 1, true);
        memset(conv->u.conv.window.pad_begin, 0, sizeof(int[2]));
        memset(conv->u.conv.window.pad_end, 0, sizeof(int[2]));
        add_max_pool(&maker, i ? "pool2" : "pool1", false);
    }
    struct node *flatten = add_one(&maker, "flatten", OP_FLATTEN, 0, U8);
    flatten->u.flatten.axis = 1;
    struct node *fc1 = add_gemm(&maker, "fc1", 500, 800, U8);
    fc1->activation.kind = ACTIVATION_RELU;
    add_gemm(&maker, "fc2", 10, 500, S16);
    return maker_end(&maker);
}

/* Every operator and attribute that a .sned file can hold. */
static inline struct graph *every_operator_graph(float density, uint64_t seed)
{
    static const int counts[3] = {4, 6, 9};
    struct shape input = sned_shape(4, (int64_t)1, (int64_t)3, (int64_t)16, (int64_t)12);
    struct maker maker = maker_begin("every operator", &input, density, seed);
    struct node *node;
    uint16_t *table;
    int pair[2];
    maker_image(&maker);
    node = add_conv(&maker, "conv1", 8, 3, 3, 1, true); /* [8][16][12] */
    node->activation = (struct activation){.kind = ACTIVATION_LEAKY_RELU, .slope = 0.1f};
    node->rules[0].slope = 3277;
    node->rules[0].scalings[3] = (struct scaling){0, 1};
    /* LRN with its table */
    pair[0] = maker.last;
    struct shape entries = sned_shape(1, (int64_t)LRN_TABLE_SIZE);
    MUST(sned_alloc(&table, LRN_TABLE_SIZE, sizeof *table, NULL));
    for (int i = 0; i < LRN_TABLE_SIZE; i++)
        table[i] = (uint16_t)(65535 - 60 * i);
    MUST(sned_graph_add_tensor(maker.graph, "norm1.table", TENSOR_U16, &entries, table, &pair[1], NULL));
    node = add(&maker, "norm1", OP_LRN, pair, 2, 1, U8);
    node->u.lrn.size = 5;
    node->u.lrn.alpha = 1e-4f;
    node->u.lrn.beta = 0.75f;
    node->u.lrn.bias = 1.0f;
    add_max_pool(&maker, "pool1", true); /* [8][8][6] */
    /* depthwise, every part of a window */
    node = add_conv(&maker, "depthwise", 8, 1, 3, 8, false);
    node->u.conv.window = (struct window){{3, 3}, {1, 2}, {1, 2}, {1, 2}, {1, 3}}; /* [8][8][4] */
    node->activation = (struct activation){.kind = ACTIVATION_CLIP, .low = 0.0f, .high = 6.0f};
    node->rules[0].high = 120;
    const int trunk = maker.last;
    add_conv(&maker, "branch", 8, 4, 1, 2, true);
    /* the residual shortcut: every second row and column of the trunk, with zeros around, channels from 8 to
     * 12 */
    pair[0] = trunk, pair[1] = maker.last;
    node = add(&maker, "add", OP_ADD, pair, 2, 2, S8);
    node->rules[0].scalings[1] = (struct scaling){123, node->rules[0].scalings[0].shift};
    node = add_one(&maker, "slice", OP_SLICE, 0, S8); /* [8][4][4] */
    for (int i = 0; i < 4; i++) {
        static const int64_t ends[] = {1, 8, 8, 4};
        node->u.slice.end[i] = ends[i];
        node->u.slice.step[i] = i == 2 ? 2 : 1;
    }
    node = add_one(&maker, "pad", OP_PAD, 0, S8); /* [12][8][4] */
    node->u.pad.before[1] = node->u.pad.after[1] = 2;
    node->u.pad.after[2] = 4;
    pair[0] = pair[1] = maker.last;
    add(&maker, "square", OP_MUL, pair, 2, 1, S8);
    add(&maker, "concat", OP_CONCAT, (int[]){pair[0], maker.last, pair[0]}, 3, 0, S8)->u.concat.axis =
        1;                                                     /* 36 */
    node = add_one(&maker, "average", OP_AVERAGE_POOL, 3, S8); /* [36][4][2] */
    node->u.pool.window = (struct window){{3, 3}, {2, 2}, {1, 1}, {1, 1}, {1, 1}};
    set_counts(node, counts);
    node = add_one(&maker, "average padded", OP_AVERAGE_POOL, 1, S8); /* [36][4][2] */
    node->u.pool.window = (struct window){{3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}};
    node->u.pool.count_include_pad = true;
    set_counts(node, &counts[2]);
    add_one(&maker, "relu", OP_RELU, 1, U8);
    node = add_one(&maker, "clip", OP_CLIP, 1, S8);
    node->activation.low = -1.5f;
    node->activation.high = 2.5f;
    node->rules[0].low = -38;
    node->rules[0].high = 63;
    node = add_one(&maker, "leaky", OP_LEAKY_RELU, 1, S8);
    node->activation.slope = 0.25f;
    node->rules[0].slope = 8192;
    node = add_one(&maker, "transpose", OP_TRANSPOSE, 0, S8); /* [2][4][36] */
    static const int order[4] = {0, 3, 2, 1};
    memcpy(node->u.transpose.order, order, sizeof order);
    node = add_one(&maker, "reshape", OP_RESHAPE, 0, S8);
    node->u.reshape.shape = sned_shape(4, (int64_t)1, (int64_t)36, (int64_t)8, (int64_t)1);
    node = add_one(&maker, "global", OP_GLOBAL_AVERAGE_POOL, 1, S8);
    set_counts(node, (const int[]){8});
    node = add_one(&maker, "flatten", OP_FLATTEN, 0, S8);
    node->u.flatten.axis = 1;
    add_gemm(&maker, "fc", 5, 36, S16);
    node = add_one(&maker, "softmax", OP_SOFTMAX, 0, (struct quantization){0});
    node->u.softmax.axis = 1;
    return maker_end(&maker);
}

/* Several of what most networks have one of: outputs, endings, a Split's outputs; and states, one of which
 * becomes what is computed of it, the other the input. */
static inline struct graph *several_ends_graph(float density, uint64_t seed)
{
    static const int64_t sizes[2] = {1, 2};
    struct shape input = sned_shape(4, (int64_t)1, (int64_t)3, (int64_t)5, (int64_t)5);
    struct maker maker = maker_begin("several ends", &input, density, seed);
    int pieces[2], outputs[4];
    maker_image(&maker);
    const int memory = add_state(&maker, "memory", &input, U8),
              before = add_state(&maker, "before", &input, S8);
    add_conv(&maker, "mix", 3, 3, 3, 1, true);
    struct node *blend = add(&maker, "blend", OP_ADD, (int[]){maker.last, memory}, 2, 2, U8);
    blend->rules[0].scalings[0] = blend->rules[0].scalings[1] = (struct scaling){32768, 16}; /* the mean */
    maker.graph->states[0].next = maker.last;
    maker.graph->states[1].next = maker.graph->input;
    add(&maker, "change", OP_MUL, (int[]){maker.last, before}, 2, 1, S8)->rules[0].scalings[0] =
        (struct scaling){32768, 19};
    outputs[1] = maker.last;
    add_split(&maker, "pieces", 1, sizes, 2, pieces);
    outputs[2] = pieces[1];
    add(&maker, "flatten", OP_FLATTEN, &pieces[0], 1, 0, S8)->u.flatten.axis = 1;
    const int flat = maker.last;
    add_gemm(&maker, "gate", 2, 25, S16);
    add_one(&maker, "sigmoid", OP_SIGMOID, 0, (struct quantization){0});
    outputs[3] = maker.last;
    maker.last = flat;
    add_gemm(&maker, "fc", 3, 25, S16);
    add_one(&maker, "softmax", OP_SOFTMAX, 0, (struct quantization){0})->u.softmax.axis = 1;
    outputs[0] = maker.last;
    MUST(sned_graph_set_outputs(maker.graph, outputs, 4, NULL));
    return maker_end(&maker);
}

#endif
