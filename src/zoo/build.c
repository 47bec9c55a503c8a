/*
 * build.c - the layers that networks are written down in.
 */
#include "zoo/build.h"
#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>

void builder_start(struct builder *builder, const char *name, int channels, int size,
                   const struct zoo_options *options, sned_error *error)
{
    *builder = (struct builder){.options = options, .error = error};
    builder->shape = sned_shape(4, (int64_t)1, (int64_t)channels, (int64_t)size, (int64_t)size);
    builder->status = sned_graph_new(&builder->graph, name, error);
    if (builder->status == SNED_OK)
        builder->status = sned_graph_add_tensor(builder->graph, "input", TENSOR_F32, &builder->shape, NULL,
                                                &builder->graph->input, error);
    if (builder->status == SNED_OK)
        builder->current = builder->graph->input;
}

/* The last tensor is the result; "logits", as it goes through no Softmax. */
static sned_status finish(struct builder *builder)
{
    struct graph *graph = builder->graph;
    struct tensor *output = &graph->tensors[builder->current];
    graph->outputs[0] = builder->current;
    free(output->name);
    output->name = NULL;
    SNED_TRY(sned_strdup(&output->name, "logits", builder->error));
    return sned_graph_check(graph, builder->error);
}

sned_status builder_finish(struct builder *builder, struct graph **graph)
{
    if (builder->status == SNED_OK)
        builder->status = finish(builder);
    if (builder->status != SNED_OK) {
        sned_graph_free(builder->graph);
        builder->graph = NULL;
    }
    *graph = builder->graph;
    return builder->status;
}

void builder_branch(struct builder *builder, int tensor)
{
    if (builder->status != SNED_OK)
        return;
    builder->current = tensor;
    builder->shape = builder->graph->tensors[tensor].shape;
}

/* ---- one node ---- */

/* A node on `inputs`, whose first is the current tensor; NULL after an error. Its output gets its shape, and
 * becomes current, in end_node, once the caller has filled in the attributes. */
static struct node *begin_node(struct builder *builder, const char *name, enum op op, const int *inputs,
                               int count)
{
    struct graph *graph = builder->graph;
    struct node *node = NULL;
    int output;
    if (builder->status == SNED_OK)
        builder->status =
            sned_graph_add_tensor(graph, name, TENSOR_F32, &builder->shape, NULL, &output, builder->error);
    if (builder->status == SNED_OK)
        builder->status = sned_graph_add_node(graph, name, op, inputs, count, output, &node, builder->error);
    return node;
}

static void end_node(struct builder *builder, const struct node *node, struct shape shape)
{
    builder->current = node->outputs[0];
    builder->shape = shape;
    builder->graph->tensors[node->outputs[0]].shape = shape;
}

static int channels_of(const struct builder *builder)
{
    return (int)builder->shape.dim[1];
}

/* A node of one input, without attributes, that changes no shape. */
static void add_simple(struct builder *builder, const char *name, enum op op)
{
    struct node *node = begin_node(builder, name, op, &builder->current, 1);
    if (node)
        end_node(builder, node, builder->shape);
}

/* ---- constants ---- */

/* A float constant NODE.SUFFIX, every element `value`; its index, or -1 after an error. */
static int add_constant(struct builder *builder, const char *node, const char *suffix,
                        const struct shape *shape, float value)
{
    char name[128];
    float *data = NULL;
    int index = -1;
    size_t elements = sned_shape_elements(shape);
    if (builder->status == SNED_OK)
        builder->status = sned_alloc(&data, elements, sizeof *data, builder->error);
    if (builder->status != SNED_OK)
        return -1;
    if (value != 0.0f)
        for (size_t i = 0; i < elements; i++)
            data[i] = value;
    snprintf(name, sizeof name, "%s.%s", node, suffix);
    builder->status =
        sned_graph_add_tensor(builder->graph, name, TENSOR_F32, shape, data, &index, builder->error);
    return builder->status == SNED_OK ? index : -1;
}

static int add_vector(struct builder *builder, const char *node, const char *suffix, int length, float value)
{
    struct shape shape = sned_shape(1, (int64_t)length);
    return add_constant(builder, node, suffix, &shape, value);
}

/* The weights of the next Conv or Gemm: random, and pruned where the options say so. */
static int add_weights(struct builder *builder, const char *node, const struct shape *shape)
{
    const struct zoo_options *options = builder->options;
    int layer = builder->layers++;
    int index = add_constant(builder, node, "weight", shape, 0.0f);
    if (index < 0 || options->structure_only)
        return index;
    struct tensor *weights = &builder->graph->tensors[index];
    size_t elements = sned_shape_elements(shape);
    builder->status = fill_he(weights->data, elements, elements / (size_t)shape->dim[0], options->seed, layer,
                              builder->error);
    const float density = options->density_count == 0   ? 1.0f
                          : options->density_count == 1 ? options->densities[0]
                                                        : options->densities[layer];
    if (builder->status == SNED_OK && density < 1.0f)
        builder->status = prune_randomly(&weights->mask, weights->data, shape, density, options->block,
                                         options->seed, layer, builder->error);
    return index;
}

/* ---- layers ---- */

static struct window window_of(struct square square)
{
    return (struct window){.kernel = {square.kernel, square.kernel},
                           .stride = {square.stride, square.stride},
                           .dilation = {1, 1},
                           .pad_begin = {square.pad, square.pad},
                           .pad_end = {square.pad, square.pad}};
}

static void slide(struct shape *shape, const struct window *window, bool ceil_mode)
{
    for (int axis = 0; axis < 2; axis++)
        shape->dim[axis + 2] = sned_window_output(window, axis, shape->dim[axis + 2], ceil_mode);
}

void add_conv(struct builder *builder, const char *name, int filters, struct square window, int groups,
              bool bias)
{
    struct shape shape = sned_shape(4, (int64_t)filters, (int64_t)(channels_of(builder) / groups),
                                    (int64_t)window.kernel, (int64_t)window.kernel);
    int weights = add_weights(builder, name, &shape);
    int offsets = bias ? add_vector(builder, name, "bias", filters, 0.0f) : -1;
    struct node *node =
        begin_node(builder, name, OP_CONV, (int[]){builder->current, weights, offsets}, bias ? 3 : 2);
    if (!node)
        return;
    node->u.conv.window = window_of(window);
    node->u.conv.groups = groups;
    shape = builder->shape;
    shape.dim[1] = filters;
    slide(&shape, &node->u.conv.window, false);
    end_node(builder, node, shape);
}

void add_gemm(struct builder *builder, const char *name, int outputs)
{
    struct shape shape = sned_shape(2, (int64_t)outputs, (int64_t)channels_of(builder));
    int weights = add_weights(builder, name, &shape);
    int bias = add_vector(builder, name, "bias", outputs, 0.0f);
    struct node *node = begin_node(builder, name, OP_GEMM, (int[]){builder->current, weights, bias}, 3);
    if (node)
        end_node(builder, node, sned_shape(2, (int64_t)1, (int64_t)outputs));
}

void add_batch_normalization(struct builder *builder, const char *name)
{
    int channels = channels_of(builder);
    int inputs[5] = {builder->current};
    inputs[1] = add_vector(builder, name, "scale", channels, 1.0f);
    inputs[2] = add_vector(builder, name, "bias", channels, 0.0f);
    inputs[3] = add_vector(builder, name, "mean", channels, 0.0f);
    inputs[4] = add_vector(builder, name, "variance", channels, 1.0f);
    struct node *node = begin_node(builder, name, OP_BATCH_NORMALIZATION, inputs, 5);
    if (!node)
        return;
    node->u.batch_normalization.epsilon = 1e-5f;
    node->u.batch_normalization.momentum = 0.9f;
    end_node(builder, node, builder->shape);
}

void add_relu(struct builder *builder, const char *name)
{
    add_simple(builder, name, OP_RELU);
}

void add_max_pool(struct builder *builder, const char *name, struct square window, bool ceil_mode)
{
    struct node *node = begin_node(builder, name, OP_MAX_POOL, &builder->current, 1);
    if (!node)
        return;
    node->u.pool.window = window_of(window);
    node->u.pool.ceil_mode = ceil_mode;
    struct shape shape = builder->shape;
    slide(&shape, &node->u.pool.window, ceil_mode);
    end_node(builder, node, shape);
}

void add_global_average_pool(struct builder *builder, const char *name)
{
    struct node *node = begin_node(builder, name, OP_GLOBAL_AVERAGE_POOL, &builder->current, 1);
    if (node)
        end_node(builder, node, sned_shape(4, (int64_t)1, builder->shape.dim[1], (int64_t)1, (int64_t)1));
}

void add_lrn(struct builder *builder, const char *name, int size, float alpha, float beta)
{
    struct node *node = begin_node(builder, name, OP_LRN, &builder->current, 1);
    if (!node)
        return;
    node->u.lrn.size = size;
    node->u.lrn.alpha = alpha;
    node->u.lrn.beta = beta;
    node->u.lrn.bias = 1.0f;
    end_node(builder, node, builder->shape);
}

void add_flatten(struct builder *builder, const char *name)
{
    struct node *node = begin_node(builder, name, OP_FLATTEN, &builder->current, 1);
    if (!node)
        return;
    node->u.flatten.axis = 1;
    end_node(builder, node, sned_shape(2, (int64_t)1, (int64_t)sned_shape_elements(&builder->shape)));
}

void add_dropout(struct builder *builder, const char *name, float ratio)
{
    add_simple(builder, name, OP_DROPOUT);
    if (builder->status == SNED_OK)
        builder->graph->nodes[builder->graph->node_count - 1].u.dropout.ratio = ratio;
}

void add_every_second(struct builder *builder, const char *name, int axis)
{
    struct node *node = begin_node(builder, name, OP_SLICE, &builder->current, 1);
    struct shape shape = builder->shape;
    if (!node)
        return;
    for (int i = 0; i < shape.rank; i++) {
        node->u.slice.end[i] = shape.dim[i];
        node->u.slice.step[i] = i == axis ? 2 : 1;
    }
    shape.dim[axis] = (shape.dim[axis] + 1) / 2;
    end_node(builder, node, shape);
}

void add_channel_pad(struct builder *builder, const char *name, int before, int after)
{
    struct node *node = begin_node(builder, name, OP_PAD, &builder->current, 1);
    struct shape shape = builder->shape;
    if (!node)
        return;
    node->u.pad.before[1] = before;
    node->u.pad.after[1] = after;
    shape.dim[1] += before + after;
    end_node(builder, node, shape);
}

void add_sum(struct builder *builder, const char *name, int other)
{
    struct node *node = begin_node(builder, name, OP_ADD, (int[]){builder->current, other}, 2);
    if (node)
        end_node(builder, node, builder->shape);
}

void add_concat(struct builder *builder, const char *name, int other)
{
    /* In the order in which they were made: the earlier branch holds the first channels. */
    struct node *node = begin_node(builder, name, OP_CONCAT, (int[]){other, builder->current}, 2);
    struct shape shape = builder->shape;
    if (!node)
        return;
    node->u.concat.axis = 1;
    shape.dim[1] += builder->graph->tensors[other].shape.dim[1];
    end_node(builder, node, shape);
}
