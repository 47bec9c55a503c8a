/*
 * accel_kinds.h - random networks of all that the accelerator takes, each made around a pair of neighbours:
 * what a node of one kind makes, a node of the other reads.
 *
 * Kinds are finer than operators: a Slice or Concat on each axis, a Conv with a stride, are different work
 * for the compiler. Before and behind the pair there are a few nodes of any kind; tensors have several
 * readers, and branches join again.
 */
#ifndef SNED_TESTS_ACCEL_ACCEL_KINDS_H
#define SNED_TESTS_ACCEL_ACCEL_KINDS_H

#include "tests/common/random_networks.h"

#define ACCEL_KINDS(X)                                                                                       \
    X(INPUT, "input")                                                                                        \
    X(CONV, "Conv")                                                                                          \
    X(STRIDED_CONV, "Conv with a stride")                                                                    \
    X(GROUPED_CONV, "Conv in groups")                                                                        \
    X(GEMM, "Gemm")                                                                                          \
    X(MAX_POOL, "MaxPool")                                                                                   \
    X(AVERAGE_POOL, "AveragePool")                                                                           \
    X(GLOBAL_AVERAGE_POOL, "GlobalAveragePool")                                                              \
    X(ADD, "Add")                                                                                            \
    X(RELU, "Relu")                                                                                          \
    X(CLIP, "Clip")                                                                                          \
    X(LRN, "LRN")                                                                                            \
    X(CONCAT_CHANNELS, "Concat of channels")                                                                 \
    X(CONCAT_ROWS, "Concat of rows")                                                                         \
    X(CONCAT_COLUMNS, "Concat of columns")                                                                   \
    X(SLICE_CHANNELS, "Slice of channels")                                                                   \
    X(SLICE_ROWS, "Slice of rows")                                                                           \
    X(SLICE_COLUMNS, "Slice of columns")                                                                     \
    X(SLICE_STEPS, "Slice with steps")                                                                       \
    X(SPLIT, "Split")                                                                                        \
    X(PAD, "Pad")                                                                                            \
    X(TRANSPOSE, "Transpose")                                                                                \
    X(DEPTH_TO_SPACE, "DepthToSpace")                                                                        \
    X(FLATTEN, "Flatten")                                                                                    \
    X(RESHAPE, "Reshape")

#define ACCEL_KIND(name, words) KIND_##name,
enum accel_kind { ACCEL_KINDS(ACCEL_KIND) KIND_COUNT, KIND_NONE = KIND_COUNT };
#define ACCEL_WORDS(name, words) words,
static const char *const accel_kind_words[] = {ACCEL_KINDS(ACCEL_WORDS) "nothing"};

/* ---- of which kind a node is ---- */

static inline enum accel_kind kind_of_conv(const struct node *node)
{
    const int *stride = node->u.conv.window.stride;
    return stride[0] > 1 || stride[1] > 1 ? KIND_STRIDED_CONV
           : node->u.conv.groups > 1      ? KIND_GROUPED_CONV
                                          : KIND_CONV;
}

/* A tensor's axis 1, 2 or 3 as channels, rows, columns: 0, 1, 2. */
static inline int kind_of_axis(int rank, int axis)
{
    return rank == 3 && axis == 2 ? 2 : axis - 1;
}

static inline enum accel_kind kind_of_slice(const struct graph *graph, const struct node *node)
{
    const struct shape *in = &graph->tensors[node->inputs[0]].shape;
    int last = 0;
    for (int axis = 1; axis < in->rank; axis++) {
        if (node->u.slice.step[axis] > 1)
            return KIND_SLICE_STEPS;
        if (graph->tensors[node->outputs[0]].shape.dim[axis] < in->dim[axis])
            last = kind_of_axis(in->rank, axis);
    }
    return (enum accel_kind)(KIND_SLICE_CHANNELS + last);
}

static inline enum accel_kind kind_of(const struct graph *graph, const struct node *node)
{
    switch (node->op) {
    case OP_CONV:
        return kind_of_conv(node);
    case OP_GEMM:
        return KIND_GEMM;
    case OP_MAX_POOL:
        return KIND_MAX_POOL;
    case OP_AVERAGE_POOL:
        return KIND_AVERAGE_POOL;
    case OP_GLOBAL_AVERAGE_POOL:
        return KIND_GLOBAL_AVERAGE_POOL;
    case OP_ADD:
        return KIND_ADD;
    case OP_RELU:
        return KIND_RELU;
    case OP_CLIP:
        return KIND_CLIP;
    case OP_LRN:
        return KIND_LRN;
    case OP_CONCAT:
        return (enum accel_kind)(
            KIND_CONCAT_CHANNELS +
            kind_of_axis(graph->tensors[node->outputs[0]].shape.rank, node->u.concat.axis));
    case OP_SLICE:
        return kind_of_slice(graph, node);
    case OP_SPLIT:
        return KIND_SPLIT;
    case OP_PAD:
        return KIND_PAD;
    case OP_TRANSPOSE:
        return KIND_TRANSPOSE;
    case OP_DEPTH_TO_SPACE:
        return KIND_DEPTH_TO_SPACE;
    case OP_FLATTEN:
        return KIND_FLATTEN;
    case OP_RESHAPE:
        return KIND_RESHAPE;
    default:
        return KIND_NONE;
    }
}

/* Adds to pairs[maker][reader] what the graph has. */
static inline void count_pairs(int pairs[KIND_COUNT][KIND_COUNT], const struct graph *graph)
{
    for (int n = 0; n < graph->node_count; n++) {
        const struct node *node = &graph->nodes[n];
        for (int i = 0; i < node->input_count; i++) {
            if (node->inputs[i] < 0 || graph->tensors[node->inputs[i]].data)
                continue;
            const int made = sned_graph_producer(graph, node->inputs[i]);
            const enum accel_kind maker = made < 0 ? KIND_INPUT : kind_of(graph, &graph->nodes[made]),
                                  reader = kind_of(graph, node);
            if (maker != KIND_NONE && reader != KIND_NONE)
                pairs[maker][reader]++;
        }
    }
}

/* ---- which may follow which ---- */

/* Only vectors come from these. */
static inline bool makes_vectors(enum accel_kind kind)
{
    return kind == KIND_GEMM || kind == KIND_FLATTEN;
}

static inline bool makes_images(enum accel_kind kind)
{
    return (kind >= KIND_CONV && kind <= KIND_GROUPED_CONV) ||
           (kind >= KIND_MAX_POOL && kind <= KIND_GLOBAL_AVERAGE_POOL) || kind == KIND_LRN ||
           kind == KIND_DEPTH_TO_SPACE || kind == KIND_CONCAT_ROWS || kind == KIND_CONCAT_COLUMNS ||
           kind == KIND_SLICE_ROWS || kind == KIND_SLICE_COLUMNS;
}

static inline bool may_follow(enum accel_kind maker, enum accel_kind reader)
{
    const bool cuts = reader == KIND_SLICE_ROWS || reader == KIND_SLICE_COLUMNS;
    return reader != KIND_INPUT && !(makes_vectors(maker) && makes_images(reader)) &&
           !(makes_images(maker) && reader == KIND_GEMM) && !(maker == KIND_GLOBAL_AVERAGE_POOL && cuts);
}

/* ---- a node of a kind on the graph's output; false where that is none for it ---- */

static inline bool grow_conv_of(struct graph *graph, struct random *random, enum accel_kind kind)
{
    if (newest_shape(graph)->rank != 4 || newest_shape(graph)->dim[1] > 160)
        return false;
    const int channels = (int)newest_shape(graph)->dim[1];
    struct window window = random_fitting_window(random, &newest_shape(graph)->dim[2]);
    int groups = kind == KIND_CONV || random_range(random, 0, 2) ? 1 : random_range(random, 1, channels);
    if (kind == KIND_GROUPED_CONV)
        groups = random_range(random, 2, channels < 2 ? 2 : channels);
    while (channels % groups)
        groups--;
    for (int axis = 0; axis < 2 && kind != KIND_STRIDED_CONV; axis++)
        window.stride[axis] = 1;
    if (kind == KIND_STRIDED_CONV)
        window.stride[random_range(random, 0, 1)] = random_range(random, 2, 5);
    if (kind == KIND_GROUPED_CONV && groups == 1)
        return false;
    random_conv(graph, random, &window, groups, (int64_t)groups * random_range(random, 1, groups > 2 ? 2 : 6),
                random_type(random, false));
    random_end(graph, &graph->nodes[graph->node_count - 1], random);
    return true;
}

/* Some of an axis's elements, fewer than there are; with steps on any axes. */
static inline bool grow_slice_of(struct graph *graph, struct random *random, enum accel_kind kind)
{
    const struct shape shape = *newest_shape(graph);
    const bool steps = kind == KIND_SLICE_STEPS;
    const int wanted = steps ? -1 : (int)kind - KIND_SLICE_CHANNELS;
    bool fits = false;
    for (int axis = 1; axis < shape.rank; axis++)
        fits = fits || ((steps || kind_of_axis(shape.rank, axis) == wanted) && shape.dim[axis] > 1);
    if (!fits)
        return false;
    struct node *node = add_node(graph, OP_SLICE, &graph->outputs[0], 1, newest_type(graph));
    for (int axis = 0; axis < shape.rank; axis++) {
        const int size = (int)shape.dim[axis], which = axis ? kind_of_axis(shape.rank, axis) : -1;
        const bool cut =
            axis && size > 1 && (which == wanted || (which < wanted && !random_range(random, 0, 3)));
        const int start = cut || (steps && axis) ? random_range(random, 0, size > 1 ? size / 2 : 0) : 0;
        const int end = cut && start == 0 ? random_range(random, 1, size - 1)
                        : cut             ? random_range(random, start + 1, size)
                                          : size;
        node->u.slice.start[axis] = start;
        node->u.slice.end[axis] = end;
        node->u.slice.step[axis] = steps && axis ? random_range(random, 1, 5) : 1;
    }
    return true;
}

/* Without dilation: the accelerator has no others. */
static inline bool grow_window_pool(struct graph *graph, struct random *random, enum op op)
{
    if (newest_shape(graph)->rank != 4)
        return false;
    const int64_t *size = &newest_shape(graph)->dim[2];
    struct window window = random_fitting_window(random, size);
    for (int axis = 0; axis < 2; axis++) {
        const int most = window.kernel[axis] - 1, begin = window.pad_begin[axis], end = window.pad_end[axis];
        window.dilation[axis] = 1;
        window.stride[axis] = random_range(random, 1, 5);
        window.pad_begin[axis] = begin < most ? begin : most;
        window.pad_end[axis] = end < most ? end : most;
        const int lacking = most + 1 - (int)size[axis] - window.pad_begin[axis];
        if (window.pad_end[axis] < lacking)
            window.pad_end[axis] = lacking;
    }
    struct node *node = add_node(graph, op, &graph->outputs[0], 1,
                                 op == OP_MAX_POOL ? newest_type(graph) : random_type(random, false));
    node->u.pool.window = window;
    node->u.pool.ceil_mode = random_range(random, 0, 1);
    node->u.pool.count_include_pad = op == OP_AVERAGE_POOL && random_range(random, 0, 1);
    if (op == OP_AVERAGE_POOL)
        scalings_by_count(node, window.kernel[0] * window.kernel[1]);
    random_end(graph, node, random);
    return true;
}

/* Another activation for a join with `like`: of the graph, or made for it by a Conv or Gemm; on `free_axis`
 * any size. */
static inline int join_partner(struct graph *graph, struct random *random, int like, int free_axis)
{
    const struct shape shape = graph->tensors[like].shape;
    const struct quantization type = graph->tensors[like].quantization;
    struct window window = {{1, 1}, {1, 1}, {1, 1}, {0, 0}, {0, 0}};
    graph->outputs[0] = like;
    if (random_range(random, 0, 1) || (shape.rank != 4 && shape.rank != 2) || shape.dim[1] > 160)
        return random_partner(graph, random, free_axis, free_axis > 0);
    if (shape.rank == 2) {
        random_gemm(graph, random, free_axis == 1 ? random_range(random, 1, 9) : shape.dim[1], type);
    } else {
        if (free_axis > 1)
            window.kernel[free_axis - 2] =
                random_range(random, 1, shape.dim[free_axis] < 3 ? (int)shape.dim[free_axis] : 3);
        random_conv(graph, random, &window, 1, free_axis == 1 ? random_range(random, 1, 6) : shape.dim[1],
                    type);
    }
    graph->nodes[graph->node_count - 1].rules[0].slope = 0;
    infer_or_fail(graph);
    return graph->outputs[0];
}

static inline bool grow_sum(struct graph *graph, struct random *random)
{
    const int like = graph->outputs[0], partner = join_partner(graph, random, like, 0);
    const bool swap = random_range(random, 0, 1);
    const int pair[2] = {swap ? partner : like, swap ? like : partner};
    struct node *node = add_node(graph, OP_ADD, pair, 2, random_type(random, false));
    set_scalings(node, 2);
    node->rules[0].scalings[0] = node->rules[0].scalings[1] = random_scaling(random, 200);
    node->rules[0].scalings[random_range(random, 0, 1)].multiplier = (uint16_t)random_range(random, 0, 65535);
    random_end(graph, node, random);
    return true;
}

static inline bool grow_join(struct graph *graph, struct random *random, enum accel_kind kind)
{
    const int like = graph->outputs[0], rank = newest_shape(graph)->rank, count = random_range(random, 1, 4);
    int parts[4], axis = 1;
    while (axis < rank && kind_of_axis(rank, axis) != (int)kind - KIND_CONCAT_CHANNELS)
        axis++;
    if (axis == rank)
        return false;
    const int first = random_range(random, 0, count - 1);
    for (int i = 0; i < count; i++)
        parts[i] = i == first ? like : join_partner(graph, random, like, axis);
    add_node(graph, OP_CONCAT, parts, count, graph->tensors[like].quantization)->u.concat.axis = axis;
    return true;
}

/* Another shape of the same rows and columns, or any. */
static inline bool grow_shape(struct graph *graph, struct random *random)
{
    const struct shape shape = *newest_shape(graph);
    const struct extent e = sned_shape_extent(&shape);
    const int64_t channels = e.channels, rows = e.height, columns = e.width;
    if (shape.rank > 4 || random_range(random, 0, 2) == 0)
        return grow_reshape(graph, random);
    struct node *node = add_node(graph, OP_RESHAPE, &graph->outputs[0], 1, newest_type(graph));
    const int least = rows > 1 ? 4 : columns > 1 ? 3 : 2, rank = random_range(random, least, 4);
    node->u.reshape.shape = rank == 2   ? sned_shape(2, (int64_t)1, channels)
                            : rank == 3 ? sned_shape(3, (int64_t)1, channels, columns)
                                        : sned_shape(4, (int64_t)1, channels, rows, columns);
    return true;
}

static inline bool grow_kind(struct graph *graph, struct random *random, enum accel_kind kind)
{
    switch (kind) {
    case KIND_CONV:
    case KIND_STRIDED_CONV:
    case KIND_GROUPED_CONV:
        return grow_conv_of(graph, random, kind);
    case KIND_GEMM:
        return grow_gemm(graph, random, random_type(random, false));
    case KIND_MAX_POOL:
        return grow_window_pool(graph, random, OP_MAX_POOL);
    case KIND_AVERAGE_POOL:
        return grow_window_pool(graph, random, OP_AVERAGE_POOL);
    case KIND_GLOBAL_AVERAGE_POOL:
        return grow_pool(graph, random, random_type(random, false), OP_GLOBAL_AVERAGE_POOL);
    case KIND_ADD:
        return grow_sum(graph, random);
    case KIND_RELU:
        return grow_activation(graph, random, random_type(random, false), OP_RELU);
    case KIND_CLIP:
        return grow_activation(graph, random, random_type(random, false), OP_CLIP);
    case KIND_LRN:
        return grow_lrn(graph, random, random_type(random, false));
    case KIND_CONCAT_CHANNELS:
    case KIND_CONCAT_ROWS:
    case KIND_CONCAT_COLUMNS:
        return grow_join(graph, random, kind);
    case KIND_SLICE_CHANNELS:
    case KIND_SLICE_ROWS:
    case KIND_SLICE_COLUMNS:
    case KIND_SLICE_STEPS:
        return grow_slice_of(graph, random, kind);
    case KIND_SPLIT:
        return grow_split(graph, random);
    case KIND_PAD:
        return grow_pad(graph, random);
    case KIND_DEPTH_TO_SPACE:
        return grow_depth_to_space(graph, random);
    case KIND_TRANSPOSE:
        return grow_transpose(graph, random);
    case KIND_FLATTEN:
        return grow_flatten(graph, random);
    case KIND_RESHAPE:
        return grow_shape(graph, random);
    default:
        return false;
    }
}

/* ---- networks ---- */

/* The node, if the graph's output can be read by one of the kind; shapes are known then. */
static inline bool grow_one_of(struct graph *graph, struct random *random, enum accel_kind kind)
{
    if (!grow_kind(graph, random, kind))
        return false;
    graph->nodes[graph->node_count - 1].rules[0].slope = 0; /* the accelerator has no LeakyRelu */
    infer_or_fail(graph);
    return true;
}

static inline bool is_small(const struct graph *graph)
{
    return sned_shape_elements(newest_shape(graph)) <= NETWORK_MOST_ELEMENTS;
}

static inline int any_output(const struct node *node, struct random *random)
{
    return node->outputs[node->output_count > 1 ? random_range(random, 0, node->output_count - 1) : 0];
}

/* So many nodes of any kind, one behind the other or behind any before. */
static inline void grow_any(struct graph *graph, struct random *random, int count)
{
    for (int tries = 0; count > 0 && tries < 40 && is_small(graph); tries++) {
        if (graph->node_count > 0 && random_range(random, 0, 3) == 0)
            graph->outputs[0] =
                any_output(&graph->nodes[random_range(random, 0, graph->node_count - 1)], random);
        count -= grow_one_of(graph, random, (enum accel_kind)random_range(random, 1, KIND_COUNT - 1));
    }
}

/* What the pair needs before it: vectors for a Gemm and what is flattened, one pixel for what reads a vector
 * as something else. */
static inline void grow_before(struct graph *graph, struct random *random, enum accel_kind maker,
                               enum accel_kind reader)
{
    const bool moves = maker == KIND_FLATTEN || maker == KIND_RESHAPE;
    if (moves && reader != KIND_GEMM && newest_shape(graph)->rank == 4 && random_range(random, 0, 1))
        grow_one_of(graph, random, KIND_GLOBAL_AVERAGE_POOL);
    if (newest_shape(graph)->rank != 2 && (maker == KIND_GEMM || (reader == KIND_GEMM && !moves)))
        grow_one_of(graph, random, KIND_FLATTEN);
}

/* Another branch beside the newest activation, which stays the newest. */
static inline void grow_beside(struct graph *graph, struct random *random)
{
    const int newest = graph->outputs[0];
    grow_any(graph, random, random_range(random, 1, 2));
    graph->outputs[0] = newest;
}

static inline struct shape accel_input_shape(struct random *random)
{
    const int64_t a = random_range(random, 1, 8), b = random_range(random, 1, 18),
                  c = random_range(random, 1, 18);
    switch (random_range(random, 0, 9)) {
    case 0:
        return sned_shape(2, (int64_t)1, a * b);
    case 1:
        return sned_shape(3, (int64_t)1, a, b);
    default:
        return sned_shape(4, (int64_t)1, a, b, c);
    }
}

/* NULL: chance would not have it. */
static inline struct graph *accel_pair_network(uint64_t seed, enum accel_kind maker, enum accel_kind reader)
{
    struct random random;
    sned_random_seed(&random, seed, 6);
    struct graph *graph = new_graph(accel_input_shape(&random), random_type(&random, false));
    bool made = true;
    if (maker != KIND_INPUT) {
        grow_any(graph, &random, random_range(&random, 0, 3));
        grow_before(graph, &random, maker, reader);
        made = grow_one_of(graph, &random, maker);
    }
    if (made && random_range(&random, 0, 2) == 0)
        grow_beside(graph, &random);
    made = made && grow_one_of(graph, &random, reader);
    if (made)
        grow_any(graph, &random, random_range(&random, 0, 3));
    if (made && random_range(&random, 0, 5) == 0)
        grow_scores(graph, &random);
    if (made)
        add_outputs(graph, &random);
    if (made && graph->tensors[graph->outputs[0]].quantization.scale > 0 && random_range(&random, 0, 3))
        made = sned_graph_remove_unused(graph, NULL) == SNED_OK;
    if (!made) {
        sned_graph_free(graph);
        return NULL;
    }
    for (int n = 0; n < graph->node_count; n++)
        graph->nodes[n].rules[0].slope = 0;
    return graph;
}

#endif
