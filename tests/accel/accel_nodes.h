/*
 * accel_nodes.h - one more node of a network, on an activation of it: each makes the graph's output, and
 * returns it, its shape known.
 */
#ifndef SNED_TESTS_ACCEL_ACCEL_NODES_H
#define SNED_TESTS_ACCEL_ACCEL_NODES_H

#include "tests/common/accel_networks.h"

static inline int add_slice(struct graph *graph, int input, int axis, int from, int to, int step)
{
    accel_extent(graph);
    const struct shape shape = graph->tensors[input].shape;
    struct node *node = add_node(graph, OP_SLICE, &input, 1, graph->tensors[input].quantization);
    for (int i = 0; i < shape.rank; i++) {
        node->u.slice.end[i] = shape.dim[i];
        node->u.slice.step[i] = 1;
    }
    node->u.slice.start[axis] = from;
    node->u.slice.end[axis] = to;
    node->u.slice.step[axis] = step;
    accel_extent(graph);
    return graph->outputs[0];
}

static inline int add_concat(struct graph *graph, const int *parts, int count, int axis)
{
    add_node(graph, OP_CONCAT, parts, count, graph->tensors[parts[0]].quantization)->u.concat.axis = axis;
    accel_extent(graph);
    return graph->outputs[0];
}

static inline int add_pad(struct graph *graph, int input, int rows, int columns)
{
    struct node *node = add_node(graph, OP_PAD, &input, 1, graph->tensors[input].quantization);
    node->u.pad.before[2] = node->u.pad.after[2] = rows;
    node->u.pad.before[3] = node->u.pad.after[3] = columns;
    accel_extent(graph);
    return graph->outputs[0];
}

static inline int add_flatten(struct graph *graph, int input)
{
    add_node(graph, OP_FLATTEN, &input, 1, graph->tensors[input].quantization)->u.flatten.axis = 1;
    accel_extent(graph);
    return graph->outputs[0];
}

static inline int add_sum(struct graph *graph, int a, int b)
{
    const int pair[2] = {a, b};
    struct node *node = add_node(graph, OP_ADD, pair, 2, unsigned8);
    set_scalings(node, 2);
    node->rules[0].scalings[0] = (struct scaling){40000, 16};
    node->rules[0].scalings[1] = (struct scaling){23000, 16};
    accel_extent(graph);
    return graph->outputs[0];
}

static inline int add_relu(struct graph *graph, int input)
{
    struct node *node = add_node(graph, OP_RELU, &input, 1, unsigned8);
    node->activation.kind = ACTIVATION_RELU;
    set_scalings(node, 1);
    node->rules[0].scalings[0] = (struct scaling){50000, 15};
    accel_extent(graph);
    return graph->outputs[0];
}

static inline int add_lrn(struct graph *graph, struct random *random, int input)
{
    graph->outputs[0] = input;
    random_lrn(graph, random, 5, unsigned8);
    accel_extent(graph);
    return graph->outputs[0];
}

static inline int add_conv(struct graph *graph, struct random *random, int input, int kernel, int filters)
{
    const struct window window = {
        {kernel, kernel}, {1, 1}, {1, 1}, {kernel / 2, kernel / 2}, {kernel / 2, kernel / 2}};
    graph->outputs[0] = input;
    random_conv(graph, random, &window, 1, filters, unsigned8);
    accel_no_slope(graph);
    accel_extent(graph);
    return graph->outputs[0];
}

static inline int add_max_pool(struct graph *graph, int input, const struct window *window)
{
    struct node *node = add_node(graph, OP_MAX_POOL, &input, 1, graph->tensors[input].quantization);
    node->u.pool.window = *window;
    accel_extent(graph);
    return graph->outputs[0];
}

/* `count` pieces of these sizes along an axis; pieces[]: an output each, of which the first becomes the
 * graph's.
 */
static inline void add_split(struct graph *graph, int input, int axis, const int64_t *sizes, int count,
                             int *pieces)
{
    struct node *node;
    accel_extent(graph);
    for (int i = 0; i < count; i++) {
        char name[32];
        struct shape shape = graph->tensors[input].shape;
        shape.dim[axis] = sizes[i];
        snprintf(name, sizeof name, "piece%d.%d", graph->node_count, i);
        assert_int_equal(sned_graph_add_tensor(graph, name, TENSOR_F32, &shape, NULL, &pieces[i], NULL),
                         SNED_OK);
        graph->tensors[pieces[i]].quantization = graph->tensors[input].quantization;
    }
    assert_int_equal(
        sned_graph_add_node_outputs(graph, "split", OP_SPLIT, &input, 1, pieces, count, &node, NULL),
        SNED_OK);
    node->u.split.axis = axis;
    assert_int_equal(sned_alloc(&node->u.split.sizes, (size_t)count, sizeof(int64_t), NULL), SNED_OK);
    memcpy(node->u.split.sizes, sizes, (size_t)count * sizeof(int64_t));
    graph->outputs[0] = pieces[0];
    accel_extent(graph);
}

static inline int add_depth_to_space(struct graph *graph, int input, int block, enum depth_mode mode)
{
    struct node *node = add_node(graph, OP_DEPTH_TO_SPACE, &input, 1, graph->tensors[input].quantization);
    node->u.depth_to_space.block = block;
    node->u.depth_to_space.mode = mode;
    accel_extent(graph);
    return graph->outputs[0];
}

/* The axes of a 4-dimensional tensor in another order, the batch first. */
static inline int add_transpose(struct graph *graph, int input, const int order[4])
{
    struct node *node = add_node(graph, OP_TRANSPOSE, &input, 1, graph->tensors[input].quantization);
    memcpy(node->u.transpose.order, order, 4 * sizeof *order);
    accel_extent(graph);
    return graph->outputs[0];
}

#endif
