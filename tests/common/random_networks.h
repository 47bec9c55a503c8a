/*
 * random_networks.h - random integer networks of every operator, in any order that fits: what a .sned file
 * can hold and the runtime runs, whether or not a compiler would make it.
 *
 * A network grows node by node. Each reads the newest activation or, now and then, an older one; operators of
 * two inputs look among all activations for one that fits. Sizes stay so small that plain Python can follow.
 */
#ifndef SNED_TESTS_COMMON_RANDOM_NETWORKS_H
#define SNED_TESTS_COMMON_RANDOM_NETWORKS_H

#include "tests/common/random_graphs.h"

enum { NETWORK_MOST_ELEMENTS = 2500 };

static inline const struct shape *newest_shape(const struct graph *graph)
{
    return &graph->tensors[graph->outputs[0]].shape;
}

static inline struct quantization newest_type(const struct graph *graph)
{
    return graph->tensors[graph->outputs[0]].quantization;
}

/* ---- how a node ends ---- */

/* What a file may say besides the type's own range: an activation's clamp or slope, a narrow range anywhere,
 * a single value, which may be 0. */
static inline void random_end(const struct graph *graph, struct node *node, struct random *random)
{
    struct integer_rule *rule = &node->rules[0];
    const bool fusible =
        node->op == OP_CONV || node->op == OP_GEMM || node->op == OP_ADD || node->op == OP_MUL;
    const int lowest = rule->low, highest = rule->high;
    switch (random_range(random, 0, 9)) {
    case 0:
        rule->low = rule->high = 0;
        break;
    case 1:
        rule->low = rule->high = random_range(random, lowest, highest);
        break;
    case 2:
        rule->low = random_range(random, lowest, highest);
        rule->high = random_range(random, rule->low, highest);
        break;
    case 3:
        rule->slope = (uint16_t)random_range(random, 1, 65535);
        break;
    case 4:
        rule->low = 0; /* as a ReLU, whether or not it is said to be one */
        break;
    default:
        break;
    }
    if (fusible)
        node->activation.kind = (enum activation_kind)random_range(random, 0, 3);
    if (node->activation.kind == ACTIVATION_CLIP) {
        const float scale = graph->tensors[node->outputs[0]].quantization.scale;
        node->activation.low = random_range(random, 0, 4) ? scale * (float)rule->low : -INFINITY;
        node->activation.high = random_range(random, 0, 4) ? scale * (float)rule->high : INFINITY;
    }
    if (node->activation.kind == ACTIVATION_LEAKY_RELU)
        node->activation.slope = 0.1f;
}

/* ---- windows: any that an image of `size` can have ---- */

static inline struct window random_fitting_window(struct random *random, const int64_t size[2])
{
    struct window window;
    for (int axis = 0; axis < 2; axis++) {
        const int most = size[axis] < 3 ? (int)size[axis] : 3;
        window.kernel[axis] = random_range(random, 1, 5);
        window.stride[axis] = random_range(random, 1, 4);
        window.dilation[axis] = random_range(random, 0, 1) ? 1 : random_range(random, 1, most);
        const int beyond = window.dilation[axis] * (window.kernel[axis] - 1);
        window.pad_begin[axis] = random_range(random, 0, 1) ? random_range(random, 0, beyond) : 0;
        window.pad_end[axis] = random_range(random, 0, 1) ? random_range(random, 0, beyond) : 0;
        const int lacking = beyond + 1 - (int)size[axis] - window.pad_begin[axis];
        if (window.pad_end[axis] < lacking)
            window.pad_end[axis] = lacking;
    }
    return window;
}

/* Sums of numbers of 16 bits stay within 32 bits only where they are few: a network with longer ones is
 * refused. */
enum { NETWORK_MOST_WIDE_TERMS = 500 };
static inline bool sum_may_overflow(const struct graph *graph, int64_t terms)
{
    return newest_type(graph).bits == 16 && terms > NETWORK_MOST_WIDE_TERMS;
}

/* ---- operators of one input; false where the newest activation is none for them ---- */

static inline bool grow_conv(struct graph *graph, struct random *random, struct quantization out)
{
    if (newest_shape(graph)->rank != 4 || newest_shape(graph)->dim[1] > 160)
        return false;
    const int channels = (int)newest_shape(graph)->dim[1];
    const struct window window = random_fitting_window(random, &newest_shape(graph)->dim[2]);
    int groups = random_range(random, 0, 2) ? 1 : random_range(random, 1, channels);
    while (channels % groups)
        groups--;
    if (sum_may_overflow(graph, (int64_t)channels / groups * window.kernel[0] * window.kernel[1]))
        return false;
    random_conv(graph, random, &window, groups, (int64_t)groups * random_range(random, 1, groups > 2 ? 2 : 4),
                out);
    random_end(graph, &graph->nodes[graph->node_count - 1], random);
    return true;
}

static inline bool grow_gemm(struct graph *graph, struct random *random, struct quantization out)
{
    if (newest_shape(graph)->rank != 2 || sum_may_overflow(graph, newest_shape(graph)->dim[1]))
        return false;
    random_gemm(graph, random, random_range(random, 1, 12), out);
    random_end(graph, &graph->nodes[graph->node_count - 1], random);
    return true;
}

static inline bool grow_pool(struct graph *graph, struct random *random, struct quantization out, enum op op)
{
    if (newest_shape(graph)->rank != 4)
        return false;
    const int64_t *size = &newest_shape(graph)->dim[2];
    const int plane = (int)(size[0] * size[1]);
    const struct window window = random_fitting_window(random, size);
    struct node *node =
        add_node(graph, op, &graph->outputs[0], 1, op == OP_MAX_POOL ? newest_type(graph) : out);
    if (op != OP_GLOBAL_AVERAGE_POOL) {
        node->u.pool.window = window;
        node->u.pool.ceil_mode = random_range(random, 0, 1);
        node->u.pool.count_include_pad = op == OP_AVERAGE_POOL && random_range(random, 0, 1);
    }
    if (op != OP_MAX_POOL)
        scalings_by_count(node, op == OP_AVERAGE_POOL ? window.kernel[0] * window.kernel[1] : plane);
    random_end(graph, node, random);
    return true;
}

static inline bool grow_lrn(struct graph *graph, struct random *random, struct quantization out)
{
    if (newest_shape(graph)->rank != 4 || newest_type(graph).bits == 16 || out.bits == 16)
        return false;
    random_lrn(graph, random, random_range(random, 0, 3) ? random_range(random, 1, 11) : 200, out);
    random_end(graph, &graph->nodes[graph->node_count - 1], random);
    return true;
}

static inline bool grow_hard_swish(struct graph *graph, struct random *random, struct quantization out)
{
    if (newest_type(graph).bits == 16 || out.bits == 16)
        return false;
    random_hard_swish(graph, random, out);
    return true;
}

static inline bool grow_activation(struct graph *graph, struct random *random, struct quantization out,
                                   enum op op)
{
    struct node *node = add_node(graph, op, &graph->outputs[0], 1, out);
    node->activation.kind = op == OP_RELU   ? ACTIVATION_RELU
                            : op == OP_CLIP ? ACTIVATION_CLIP
                                            : ACTIVATION_LEAKY_RELU;
    set_scalings(node, 1);
    node->rules[0].scalings[0] = random_scaling(random, 200);
    random_end(graph, node, random);
    return true;
}

static inline bool grow_slice(struct graph *graph, struct random *random)
{
    const struct shape shape = *newest_shape(graph);
    struct node *node = add_node(graph, OP_SLICE, &graph->outputs[0], 1, newest_type(graph));
    for (int axis = 0; axis < shape.rank; axis++) {
        const int size = (int)shape.dim[axis], start = random_range(random, 0, size > 3 ? 2 : size - 1);
        node->u.slice.start[axis] = start;
        node->u.slice.end[axis] = random_range(random, 0, 1) ? size : random_range(random, start + 1, size);
        node->u.slice.step[axis] = random_range(random, 0, 1) ? 1 : random_range(random, 1, 3);
    }
    return true;
}

static inline bool grow_pad(struct graph *graph, struct random *random)
{
    struct node *node = add_node(graph, OP_PAD, &graph->outputs[0], 1, newest_type(graph));
    for (int axis = 1; axis < newest_shape(graph)->rank; axis++) {
        node->u.pad.before[axis] = random_range(random, 0, 2);
        node->u.pad.after[axis] = random_range(random, 0, 2);
    }
    return true;
}

/* The elements in another shape: of rank 2 to 5, the factors taken from them as they come. */
static inline bool grow_reshape(struct graph *graph, struct random *random)
{
    int64_t rest = (int64_t)sned_shape_elements(newest_shape(graph));
    struct node *node = add_node(graph, OP_RESHAPE, &graph->outputs[0], 1, newest_type(graph));
    struct shape *shape = &node->u.reshape.shape;
    shape->rank = random_range(random, 0, 1) ? 4 : random_range(random, 2, 5);
    shape->dim[0] = 1;
    for (int axis = 1; axis < shape->rank; axis++) {
        int64_t size = axis == shape->rank - 1 ? rest : random_range(random, 1, 8);
        while (rest % size)
            size--;
        shape->dim[axis] = size;
        rest /= size;
    }
    return true;
}

static inline bool grow_flatten(struct graph *graph, struct random *random)
{
    add_node(graph, OP_FLATTEN, &graph->outputs[0], 1, newest_type(graph))->u.flatten.axis = 1;
    return true;
}

static inline bool grow_transpose(struct graph *graph, struct random *random)
{
    const int rank = newest_shape(graph)->rank;
    struct node *node = add_node(graph, OP_TRANSPOSE, &graph->outputs[0], 1, newest_type(graph));
    int *order = node->u.transpose.order;
    for (int axis = 0; axis < rank; axis++)
        order[axis] = axis;
    for (int axis = rank - 1; axis > 1; axis--) {
        const int other = random_range(random, 1, axis), moved = order[axis];
        order[axis] = order[other];
        order[other] = moved;
    }
    return true;
}

/* ---- operators of several inputs ---- */

/* An activation with the newest one's shape, on `free_axis` any size, and (same_type) its type; it may be the
 * newest one itself. */
static inline int random_partner(const struct graph *graph, struct random *random, int free_axis,
                                 bool same_type)
{
    const struct quantization type = newest_type(graph);
    int found = graph->outputs[0], count = 1;
    for (int t = 0; t < graph->tensor_count; t++) {
        const struct tensor *tensor = &graph->tensors[t];
        struct shape shape = tensor->shape;
        if (tensor->data || tensor->quantization.bits == 0 || shape.rank != newest_shape(graph)->rank ||
            (same_type &&
             (tensor->quantization.is_signed != type.is_signed || tensor->quantization.scale != type.scale ||
              tensor->quantization.bits != type.bits)))
            continue;
        if (free_axis > 0)
            shape.dim[free_axis] = newest_shape(graph)->dim[free_axis];
        if (sned_shape_equal(&shape, newest_shape(graph)) && random_range(random, 0, count++) == 0)
            found = t;
    }
    return found;
}

static inline bool grow_pair(struct graph *graph, struct random *random, struct quantization out, enum op op)
{
    const int first = random_partner(graph, random, 0, false);
    int pair[2] = {graph->outputs[0], first};
    if (random_range(random, 0, 1))
        pair[0] = first, pair[1] = graph->outputs[0];
    struct node *node = add_node(graph, op, pair, 2, out);
    set_scalings(node, op == OP_ADD ? 2 : 1);
    node->rules[0].scalings[0] = random_scaling(random, op == OP_ADD ? 200 : 10000);
    if (op == OP_ADD) {
        node->rules[0].scalings[1] = node->rules[0].scalings[0];
        node->rules[0].scalings[random_range(random, 0, 1)].multiplier =
            (uint16_t)random_range(random, 0, 65535);
    }
    random_end(graph, node, random);
    return true;
}

static inline bool grow_depth_to_space(struct graph *graph, struct random *random)
{
    const struct shape *shape = newest_shape(graph);
    int block = 3;
    if (shape->rank != 4)
        return false;
    while (shape->dim[1] % (block * block) != 0)
        block--;
    struct node *node = add_node(graph, OP_DEPTH_TO_SPACE, &graph->outputs[0], 1, newest_type(graph));
    node->u.depth_to_space.block = block;
    node->u.depth_to_space.mode = random_range(random, DEPTH_DCR, DEPTH_CRD);
    return true;
}

static inline bool grow_concat(struct graph *graph, struct random *random)
{
    const int axis = random_range(random, 1, newest_shape(graph)->rank - 1);
    int parts[4], count = random_range(random, 1, 4);
    for (int i = 0; i < count; i++)
        parts[i] = random_partner(graph, random, axis, true);
    add_node(graph, OP_CONCAT, parts, count, newest_type(graph))->u.concat.axis = axis;
    return true;
}

static inline bool grow_split(struct graph *graph, struct random *random)
{
    const int axis = random_range(random, 1, newest_shape(graph)->rank - 1);
    const int most = newest_shape(graph)->dim[axis] < 4 ? (int)newest_shape(graph)->dim[axis] : 4;
    const struct node *node =
        random_split(graph, random, newest_type(graph), axis, random_range(random, 1, most));
    graph->outputs[0] = node->outputs[random_range(random, 0, node->output_count - 1)];
    return true;
}

/* ---- networks ---- */

static inline bool grow(struct graph *graph, struct random *random, enum op op, struct quantization out)
{
    switch (op) {
    case OP_CONV:
        return grow_conv(graph, random, out);
    case OP_GEMM:
        return grow_gemm(graph, random, out);
    case OP_RELU:
    case OP_CLIP:
    case OP_LEAKY_RELU:
        return grow_activation(graph, random, out, op);
    case OP_MAX_POOL:
    case OP_AVERAGE_POOL:
    case OP_GLOBAL_AVERAGE_POOL:
        return grow_pool(graph, random, out, op);
    case OP_LRN:
        return grow_lrn(graph, random, out);
    case OP_HARD_SWISH:
        return grow_hard_swish(graph, random, out);
    case OP_ADD:
    case OP_MUL:
        return grow_pair(graph, random, out, op);
    case OP_CONCAT:
        return grow_concat(graph, random);
    case OP_SPLIT:
        return grow_split(graph, random);
    case OP_SLICE:
        return grow_slice(graph, random);
    case OP_PAD:
        return grow_pad(graph, random);
    case OP_FLATTEN:
        return grow_flatten(graph, random);
    case OP_RESHAPE:
        return grow_reshape(graph, random);
    case OP_TRANSPOSE:
        return grow_transpose(graph, random);
    case OP_DEPTH_TO_SPACE:
        return grow_depth_to_space(graph, random);
    default:
        return false;
    }
}

static inline void infer_or_fail(struct graph *graph)
{
    sned_error error = {0};
    if (sned_graph_infer(graph, &error) != SNED_OK)
        fail_msg("%s", error.message);
}

/* One more node that reads the graph's output and becomes it; what has grown large is made small again. */
static inline void grow_one(struct graph *graph, struct random *random)
{
    static const enum op ops[] = {OP_CONV,         OP_CONV,
                                  OP_CONV,         OP_GEMM,
                                  OP_GEMM,         OP_RELU,
                                  OP_CLIP,         OP_MAX_POOL,
                                  OP_AVERAGE_POOL, OP_LEAKY_RELU,
                                  OP_LRN,          OP_GLOBAL_AVERAGE_POOL,
                                  OP_ADD,          OP_MUL,
                                  OP_CONCAT,       OP_CONCAT,
                                  OP_SLICE,        OP_PAD,
                                  OP_PAD,          OP_FLATTEN,
                                  OP_RESHAPE,      OP_RESHAPE,
                                  OP_TRANSPOSE,    OP_SPLIT,
                                  OP_SPLIT,        OP_DEPTH_TO_SPACE,
                                  OP_HARD_SWISH};
    enum { OPS = sizeof ops / sizeof *ops };
    while (sned_shape_elements(newest_shape(graph)) > NETWORK_MOST_ELEMENTS) {
        grow_slice(graph, random);
        infer_or_fail(graph);
    }
    while (!grow(graph, random, ops[random_range(random, 0, OPS - 1)], random_type(random, true)))
        ;
    infer_or_fail(graph);
}

/* Scores of 16 bits, perhaps moved, perhaps as probabilities. */
static inline void grow_scores(struct graph *graph, struct random *random)
{
    grow_flatten(graph, random);
    infer_or_fail(graph);
    if (!grow_gemm(graph, random, wide16))
        return;
    infer_or_fail(graph);
    if (random_range(random, 0, 2) == 0) {
        grow_reshape(graph, random);
        infer_or_fail(graph);
    } else if (random_range(random, 0, 1)) {
        static const enum op endings[3] = {OP_SOFTMAX, OP_LOG_SOFTMAX, OP_SIGMOID};
        const enum op ending = endings[random_range(random, 0, 2)];
        struct node *node = add_node(graph, ending, &graph->outputs[0], 1, (struct quantization){.scale = 0});
        if (ending != OP_SIGMOID)
            node->u.softmax.axis = 1;
        node->rules[0].low = node->rules[0].high = 0;
        infer_or_fail(graph);
    }
}

/* Pixels of one or three channels as an image, with multipliers of either sign and any shift that keeps them
 * in sight. */
static inline void random_rule(struct graph *graph, struct random *random)
{
    const int channels = (int)graph->tensors[graph->input].shape.dim[1];
    struct input_rule *rule = &graph->rule;
    rule->is_image = true;
    strcpy(rule->color, channels == 1 ? "gray" : random_range(random, 0, 1) ? "RGB" : "BGR");
    for (int c = 0; c < channels; c++) {
        const int shift = random_range(random, 1, 24), unit = 1 << shift;
        rule->mean[c] = 128;
        rule->scale[c] = 0.5f;
        rule->integer[c].shift = (uint8_t)shift;
        rule->integer[c].multiplier = random_range(random, -unit, 2 * unit);
        rule->integer[c].offset = random_range(random, -60 * unit, 60 * unit);
    }
}

static inline struct shape random_input_shape(struct random *random)
{
    const int64_t a = random_range(random, 1, 6), b = random_range(random, 1, 14),
                  c = random_range(random, 1, 14);
    switch (random_range(random, 0, 7)) {
    case 0:
        return sned_shape(2, (int64_t)1, a * b);
    case 1:
        return sned_shape(3, (int64_t)1, a, b);
    case 2:
        return sned_shape(5, (int64_t)1, a, b, (int64_t)2, c);
    case 3: /* so many channels that the sums of LRN reach the end of its table */
        return sned_shape(4, (int64_t)1, 25 * a, (int64_t)2, b / 2 + 1);
    default:
        return sned_shape(4, (int64_t)1, a, b, c);
    }
}

/* States like the input, so that they can become it where nothing else is like them. */
static inline void add_states(struct graph *graph, struct random *random)
{
    for (int k = random_range(random, 0, 3) ? 0 : random_range(random, 1, 3); k > 0; k--)
        add_activation(graph, &graph->tensors[graph->input].shape, graph->tensors[graph->input].quantization,
                       &graph->states[graph->state_count++].tensor);
}

/* The first nodes read the newest activation: a state, perhaps. */
static inline void begin_at_a_state(struct graph *graph, struct random *random)
{
    if (graph->state_count > 0 && random_range(random, 0, 1))
        graph->outputs[0] = graph->states[random_range(random, 0, graph->state_count - 1)].tensor;
}

static inline void join_states(struct graph *graph, struct random *random)
{
    const struct tensor *input = &graph->tensors[graph->input];
    for (int k = 0; k < graph->state_count; k++) {
        int *next = &graph->states[k].next, count = 1;
        *next = graph->input;
        for (int n = 0; n < graph->node_count; n++) {
            const int made = graph->nodes[n].outputs[0];
            const struct tensor *tensor = &graph->tensors[made];
            if (sned_shape_equal(&tensor->shape, &input->shape) && tensor->quantization.bits == 8 &&
                tensor->quantization.scale == input->quantization.scale &&
                tensor->quantization.is_signed == input->quantization.is_signed &&
                random_range(random, 0, count++) == 0)
                *next = made;
        }
    }
}

/* Any activations that nodes make, beside the one that has grown last. */
static inline void add_outputs(struct graph *graph, struct random *random)
{
    int outputs[4] = {graph->outputs[0]}, count = 1;
    for (int tries = random_range(random, 0, 2) ? 0 : random_range(random, 1, 3); tries > 0; tries--) {
        const struct node *node = &graph->nodes[random_range(random, 0, graph->node_count - 1)];
        const int output = node->outputs[random_range(random, 0, node->output_count - 1)];
        bool is_new = true;
        for (int k = 0; k < count; k++)
            is_new = is_new && outputs[k] != output;
        if (is_new)
            outputs[count++] = output;
    }
    assert_int_equal(sned_graph_set_outputs(graph, outputs, count, NULL), SNED_OK);
}

static inline struct graph *random_network(uint64_t seed)
{
    struct random random;
    sned_random_seed(&random, seed, 5);
    struct quantization type = random_type(&random, false);
    type.scale = 0.01f + sned_random_uniform(&random);
    struct graph *graph = new_graph(random_input_shape(&random), type);
    const struct shape *shape = newest_shape(graph);
    if (shape->rank == 4 && (shape->dim[1] == 1 || shape->dim[1] == 3))
        random_rule(graph, &random);
    add_states(graph, &random);
    begin_at_a_state(graph, &random);
    for (int n = random_range(&random, 1, 7); n > 0; n--) {
        if (graph->node_count > 0 && random_range(&random, 0, 3) == 0)
            graph->outputs[0] = graph->nodes[random_range(&random, 0, graph->node_count - 1)].outputs[0];
        grow_one(graph, &random);
    }
    if (random_range(&random, 0, 2) == 0)
        grow_scores(graph, &random);
    join_states(graph, &random);
    add_outputs(graph, &random);
    return graph;
}

#endif
