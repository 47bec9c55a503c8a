/*
 * infer.c - the shape of every activation, by ONNX's rules.
 *
 * The only part of the graph code that knows what each operator does to a shape. Whatever passes here has
 * sizes within the limits of graph.h, so that those who allocate and loop by them need not check again.
 */
#include "base/memory.h"
#include "graph/inner.h"

#include <string.h>

/* ---- the window of Conv and the pools ---- */

static int64_t window_span(const struct window *window, int axis)
{
    return (int64_t)window->dilation[axis] * (window->kernel[axis] - 1) + 1;
}

static int64_t floor_divide(int64_t a, int64_t b)
{
    return a / b - (a % b != 0 && a < 0);
}

int64_t sned_window_output(const struct window *window, int axis, int64_t input, bool ceil_mode)
{
    int64_t stride = window->stride[axis];
    int64_t room = input + window->pad_begin[axis] + window->pad_end[axis] - window_span(window, axis);
    int64_t output = floor_divide(ceil_mode ? room + stride - 1 : room, stride) + 1;
    if (ceil_mode && (output - 1) * stride >= input + window->pad_begin[axis])
        output--;
    return output > 0 ? output : 0;
}

static bool in_range(int value, int low, int high)
{
    return value >= low && value <= high;
}

static sned_status check_window(const struct node *node, const struct window *window, sned_error *error)
{
    for (int axis = 0; axis < 2; axis++) {
        if (!in_range(window->kernel[axis], 1, GRAPH_MAX_WINDOW) ||
            !in_range(window->stride[axis], 1, GRAPH_MAX_WINDOW) ||
            !in_range(window->dilation[axis], 1, GRAPH_MAX_WINDOW))
            return sned_node_fail(error, SNED_ERROR_SHAPE, node,
                                  "kernel %d, stride %d and dilation %d on axis %d must be from 1 to %d",
                                  window->kernel[axis], window->stride[axis], window->dilation[axis],
                                  axis + 2, GRAPH_MAX_WINDOW);
        if (!in_range(window->pad_begin[axis], 0, GRAPH_MAX_WINDOW) ||
            !in_range(window->pad_end[axis], 0, GRAPH_MAX_WINDOW))
            return sned_node_fail(error, SNED_ERROR_SHAPE, node,
                                  "pads %d and %d on axis %d must be from 0 to %d", window->pad_begin[axis],
                                  window->pad_end[axis], axis + 2, GRAPH_MAX_WINDOW);
    }
    return SNED_OK;
}

/* A pool's window must hold at least one element of the image: a maximum or an average over none is
 * undefined. */
static sned_status check_pool_pads(const struct node *node, const struct window *window, int axis,
                                   int64_t input, sned_error *error)
{
    int64_t span = window_span(window, axis), dilation = window->dilation[axis];
    bool fits = window->pad_begin[axis] < span && window->pad_end[axis] < span;
    /* Windows that start inside the image hold their first element. The others start in the padding before
     * it. */
    for (int64_t start = -window->pad_begin[axis]; fits && start < 0; start += window->stride[axis]) {
        int64_t first = (-start + dilation - 1) / dilation;
        fits = first < window->kernel[axis] && start + first * dilation < input;
    }
    if (!fits)
        return sned_node_fail(
            error, SNED_ERROR_SHAPE, node,
            "pads %d and %d on axis %d leave windows of size %d without an element of the input",
            window->pad_begin[axis], window->pad_end[axis], axis + 2, window->kernel[axis]);
    return SNED_OK;
}

static sned_status infer_window(const struct node *node, const struct window *window, bool ceil_mode,
                                const struct shape *x, struct shape *shape, sned_error *error)
{
    for (int axis = 0; axis < 2; axis++) {
        shape->dim[axis + 2] = sned_window_output(window, axis, x->dim[axis + 2], ceil_mode);
        if (shape->dim[axis + 2] == 0)
            return sned_node_fail(
                error, SNED_ERROR_SHAPE, node,
                "a window of size %d with dilation %d does not fit into %lld padded by %d and %d",
                window->kernel[axis], window->dilation[axis], (long long)x->dim[axis + 2],
                window->pad_begin[axis], window->pad_end[axis]);
    }
    return SNED_OK;
}

/* ---- one function an operator ---- */

static sned_status need_rank(const struct node *node, const struct shape *x, int low, int high,
                             sned_error *error)
{
    if (x->rank >= low && x->rank <= high)
        return SNED_OK;
    if (low == high)
        return sned_node_fail(error, SNED_ERROR_SHAPE, node, "the input has %d dimensions instead of %d",
                              x->rank, low);
    return sned_node_fail(error, SNED_ERROR_SHAPE, node, "the input has %d dimensions instead of %d to %d",
                          x->rank, low, high);
}

/* Optional constant input `index` must be [length]. */
static sned_status need_vector(const struct graph *graph, const struct node *node, int index, int64_t length,
                               sned_error *error)
{
    if (index >= node->input_count || node->inputs[index] < 0)
        return SNED_OK;
    const struct shape *shape = &graph->tensors[node->inputs[index]].shape;
    if (shape->rank == 1 && shape->dim[0] == length)
        return SNED_OK;
    return sned_node_fail(error, SNED_ERROR_SHAPE, node, "input %d ('%.60s') must be [%lld]", index,
                          graph->tensors[node->inputs[index]].name, (long long)length);
}

static sned_status infer_conv(const struct graph *graph, const struct node *node, const struct shape *x,
                              struct shape *shape, sned_error *error)
{
    const struct window *window = &node->u.conv.window;
    const struct shape *weights = &graph->tensors[node->inputs[1]].shape;
    int groups = node->u.conv.groups;
    SNED_TRY(need_rank(node, x, 4, 4, error));
    SNED_TRY(check_window(node, window, error));
    if (weights->rank != 4)
        return sned_node_fail(error, SNED_ERROR_SHAPE, node, "the weights have %d dimensions instead of 4",
                              weights->rank);
    if (groups < 1 || x->dim[1] % groups != 0 || weights->dim[0] % groups != 0)
        return sned_node_fail(error, SNED_ERROR_SHAPE, node,
                              "%d groups do not divide %lld input and %lld output channels", groups,
                              (long long)x->dim[1], (long long)weights->dim[0]);
    if (weights->dim[1] != x->dim[1] / groups)
        return sned_node_fail(error, SNED_ERROR_SHAPE, node,
                              "the weights want %lld channels a group, the input has %lld",
                              (long long)weights->dim[1], (long long)(x->dim[1] / groups));
    if (weights->dim[2] != window->kernel[0] || weights->dim[3] != window->kernel[1])
        return sned_node_fail(error, SNED_ERROR_SHAPE, node, "kernel %d x %d, but weights of %lld x %lld",
                              window->kernel[0], window->kernel[1], (long long)weights->dim[2],
                              (long long)weights->dim[3]);
    SNED_TRY(need_vector(graph, node, 2, weights->dim[0], error));
    *shape = *x;
    shape->dim[1] = weights->dim[0];
    return infer_window(node, window, false, x, shape, error);
}

static sned_status infer_gemm(const struct graph *graph, const struct node *node, const struct shape *x,
                              struct shape *shape, sned_error *error)
{
    const struct shape *weights = &graph->tensors[node->inputs[1]].shape;
    SNED_TRY(need_rank(node, x, 2, 2, error));
    if (weights->rank != 2 || weights->dim[1] != x->dim[1])
        return sned_node_fail(error, SNED_ERROR_SHAPE, node,
                              "the weights must be [outputs][%lld], as the input is", (long long)x->dim[1]);
    SNED_TRY(need_vector(graph, node, 2, weights->dim[0], error));
    *shape = *x;
    shape->dim[1] = weights->dim[0];
    return SNED_OK;
}

static sned_status infer_pool(const struct node *node, const struct shape *x, struct shape *shape,
                              sned_error *error)
{
    const struct window *window = &node->u.pool.window;
    SNED_TRY(need_rank(node, x, 4, 4, error));
    SNED_TRY(check_window(node, window, error));
    *shape = *x;
    SNED_TRY(infer_window(node, window, node->u.pool.ceil_mode, x, shape, error));
    for (int axis = 0; axis < 2; axis++)
        SNED_TRY(check_pool_pads(node, window, axis, x->dim[axis + 2], error));
    return SNED_OK;
}

static sned_status infer_global_pool(const struct node *node, const struct shape *x, struct shape *shape,
                                     sned_error *error)
{
    SNED_TRY(need_rank(node, x, 4, 4, error));
    *shape = *x;
    shape->dim[2] = shape->dim[3] = 1;
    return SNED_OK;
}

static sned_status infer_lrn(const struct graph *graph, const struct node *node, const struct shape *x,
                             struct shape *shape, sned_error *error)
{
    SNED_TRY(need_rank(node, x, 4, 4, error));
    if (!in_range(node->u.lrn.size, 1, GRAPH_MAX_LRN_SIZE))
        return sned_node_fail(error, SNED_ERROR_SHAPE, node, "size %d must be from 1 to %d", node->u.lrn.size,
                              GRAPH_MAX_LRN_SIZE);
    SNED_TRY(need_vector(graph, node, 1, LRN_TABLE_SIZE, error));
    *shape = *x;
    return SNED_OK;
}

static sned_status infer_batch_normalization(const struct graph *graph, const struct node *node,
                                             const struct shape *x, struct shape *shape, sned_error *error)
{
    SNED_TRY(need_rank(node, x, 2, GRAPH_MAX_RANK, error));
    for (int i = 1; i <= 4; i++)
        SNED_TRY(need_vector(graph, node, i, x->dim[1], error));
    *shape = *x;
    return SNED_OK;
}

static sned_status infer_binary(const struct graph *graph, const struct node *node, const struct shape *x,
                                struct shape *shape, sned_error *error)
{
    const struct tensor *other = &graph->tensors[node->inputs[1]];
    *shape = *x;
    if (!other->data) {
        if (sned_shape_equal(x, &other->shape))
            return SNED_OK;
        return sned_node_fail(error, SNED_ERROR_SHAPE, node, "the shapes of '%.60s' and '%.60s' differ",
                              graph->tensors[node->inputs[0]].name, other->name);
    }
    SNED_TRY(need_rank(node, x, 2, GRAPH_MAX_RANK, error));
    if (other->shape.rank == 1 && (other->shape.dim[0] == 1 || other->shape.dim[0] == x->dim[1]))
        return SNED_OK;
    return sned_node_fail(error, SNED_ERROR_SHAPE, node, "the constant '%.60s' must be [1] or [%lld]",
                          other->name, (long long)x->dim[1]);
}

/* An axis of `rank` as ONNX writes it, from the end where negative; the batch is not an axis to work on. */
static sned_status resolve_axis(const struct node *node, int axis, int rank, int *resolved, sned_error *error)
{
    *resolved = axis < 0 ? axis + rank : axis;
    if (*resolved >= 1 && *resolved < rank)
        return SNED_OK;
    return sned_node_fail(error, SNED_ERROR_SHAPE, node,
                          "axis %d is the batch or outside of an input of %d dimensions", axis, rank);
}

static sned_status infer_concat(const struct graph *graph, const struct node *node, const struct shape *x,
                                struct shape *shape, sned_error *error)
{
    int axis;
    SNED_TRY(resolve_axis(node, node->u.concat.axis, x->rank, &axis, error));
    *shape = *x;
    for (int i = 1; i < node->input_count; i++) {
        struct shape other = graph->tensors[node->inputs[i]].shape;
        int64_t length = axis < other.rank ? other.dim[axis] : 0;
        if (other.rank == x->rank)
            other.dim[axis] = x->dim[axis];
        if (!sned_shape_equal(&other, x))
            return sned_node_fail(error, SNED_ERROR_SHAPE, node,
                                  "input '%.60s' differs on another axis than %d",
                                  graph->tensors[node->inputs[i]].name, axis);
        shape->dim[axis] += length;
    }
    return SNED_OK;
}

static sned_status infer_slice(const struct node *node, const struct shape *x, struct shape *shape,
                               sned_error *error)
{
    *shape = *x;
    for (int i = 0; i < x->rank; i++) {
        int64_t start = node->u.slice.start[i], end = node->u.slice.end[i], step = node->u.slice.step[i];
        if (start < 0 || end <= start || end > x->dim[i] || step < 1)
            return sned_node_fail(error, SNED_ERROR_SHAPE, node,
                                  "start %lld, end %lld, step %lld select nothing of the %lld on axis %d",
                                  (long long)start, (long long)end, (long long)step, (long long)x->dim[i], i);
        shape->dim[i] = (end - start - 1) / step + 1;
    }
    return SNED_OK;
}

static sned_status infer_pad(const struct node *node, const struct shape *x, struct shape *shape,
                             sned_error *error)
{
    *shape = *x;
    for (int i = 0; i < x->rank; i++) {
        int64_t before = node->u.pad.before[i], after = node->u.pad.after[i];
        if (before < 0 || after < 0 || before > GRAPH_MAX_DIM || after > GRAPH_MAX_DIM)
            return sned_node_fail(error, SNED_ERROR_SHAPE, node, "pads %lld and %lld on axis %d",
                                  (long long)before, (long long)after, i);
        shape->dim[i] += before + after;
    }
    return SNED_OK;
}

/* [1][everything]. Another axis than 1 is the same only where all dimensions before it are 1. */
static sned_status infer_flatten(const struct node *node, const struct shape *x, struct shape *shape,
                                 sned_error *error)
{
    int axis = node->u.flatten.axis < 0 ? node->u.flatten.axis + x->rank : node->u.flatten.axis;
    bool fits = axis >= 1 && axis <= x->rank;
    for (int i = 1; fits && i < axis; i++)
        fits = x->dim[i] == 1;
    if (!fits)
        return sned_node_fail(error, SNED_ERROR_SHAPE, node,
                              "axis %d would mix images of a batch; axis 1 is handled", node->u.flatten.axis);
    *shape = sned_shape(2, x->dim[0], (int64_t)(sned_shape_elements(x) / (size_t)x->dim[0]));
    return SNED_OK;
}

static sned_status infer_reshape(const struct node *node, const struct shape *x, struct shape *shape,
                                 sned_error *error)
{
    *shape = node->u.reshape.shape;
    if (!sned_shape_valid(shape) || sned_shape_elements(shape) != sned_shape_elements(x))
        return sned_node_fail(error, SNED_ERROR_SHAPE, node,
                              "the new shape does not hold the input's %zu elements", sned_shape_elements(x));
    return SNED_OK;
}

static sned_status infer_transpose(const struct node *node, const struct shape *x, struct shape *shape,
                                   sned_error *error)
{
    unsigned seen = 0;
    *shape = *x;
    for (int i = 0; i < x->rank; i++) {
        int from = node->u.transpose.order[i];
        if (from < 0 || from >= x->rank || (seen >> from & 1u))
            return sned_node_fail(error, SNED_ERROR_SHAPE, node, "the order is no permutation of %d axes",
                                  x->rank);
        seen |= 1u << from;
        shape->dim[i] = x->dim[from];
    }
    if (node->u.transpose.order[0] != 0)
        return sned_node_fail(error, SNED_ERROR_SHAPE, node, "the order moves the batch away from the front");
    return SNED_OK;
}

static sned_status infer_softmax(const struct node *node, const struct shape *x, struct shape *shape,
                                 sned_error *error)
{
    int axis;
    *shape = *x;
    return resolve_axis(node, node->u.softmax.axis, x->rank, &axis, error);
}

static sned_status infer_op(const struct graph *graph, const struct node *node, const struct shape *x,
                            struct shape *shape, sned_error *error)
{
    switch (node->op) {
    case OP_CONV:
        return infer_conv(graph, node, x, shape, error);
    case OP_GEMM:
        return infer_gemm(graph, node, x, shape, error);
    case OP_BATCH_NORMALIZATION:
        return infer_batch_normalization(graph, node, x, shape, error);
    case OP_MAX_POOL:
    case OP_AVERAGE_POOL:
        return infer_pool(node, x, shape, error);
    case OP_GLOBAL_AVERAGE_POOL:
        return infer_global_pool(node, x, shape, error);
    case OP_LRN:
        return infer_lrn(graph, node, x, shape, error);
    case OP_ADD:
    case OP_MUL:
        return infer_binary(graph, node, x, shape, error);
    case OP_CONCAT:
        return infer_concat(graph, node, x, shape, error);
    case OP_SLICE:
        return infer_slice(node, x, shape, error);
    case OP_PAD:
        return infer_pad(node, x, shape, error);
    case OP_FLATTEN:
        return infer_flatten(node, x, shape, error);
    case OP_RESHAPE:
        return infer_reshape(node, x, shape, error);
    case OP_TRANSPOSE:
        return infer_transpose(node, x, shape, error);
    case OP_SOFTMAX:
    case OP_LOG_SOFTMAX:
        return infer_softmax(node, x, shape, error);
    case OP_SIGMOID:
    case OP_RELU:
    case OP_CLIP:
    case OP_LEAKY_RELU:
    case OP_DROPOUT:
    case OP_IDENTITY:
        *shape = *x;
        return SNED_OK;
    case OP_SPLIT:
    case OP_COUNT:
        break;
    }
    return sned_node_fail(error, SNED_ERROR_UNSUPPORTED, node, "operator %d is unknown", (int)node->op);
}

sned_status sned_node_infer(const struct graph *graph, const struct node *node, struct shape *shape,
                            sned_error *error)
{
    SNED_TRY(infer_op(graph, node, &graph->tensors[node->inputs[0]].shape, shape, error));
    if (!sned_shape_valid(shape))
        return sned_node_fail(error, SNED_ERROR_SHAPE, node, "the output is larger than %d elements",
                              GRAPH_MAX_ELEMENTS);
    if (shape->dim[0] != 1)
        return sned_node_fail(error, SNED_ERROR_SHAPE, node,
                              "the output's first dimension is %lld instead of 1, the batch",
                              (long long)shape->dim[0]);
    return SNED_OK;
}

/* ---- the whole graph ---- */

static void resolve_axes(struct node *node, int rank)
{
    if (node->op == OP_CONCAT && node->u.concat.axis < 0)
        node->u.concat.axis += rank;
    if ((node->op == OP_SOFTMAX || node->op == OP_LOG_SOFTMAX) && node->u.softmax.axis < 0)
        node->u.softmax.axis += rank;
    if (node->op == OP_FLATTEN && node->u.flatten.axis < 0)
        node->u.flatten.axis += rank;
}

static sned_status check_input_shape(const struct graph *graph, sned_error *error)
{
    if (graph->input < 0 || graph->input >= graph->tensor_count || tensor_is_constant(graph, graph->input))
        return sned_fail(error, SNED_ERROR_FORMAT, "network '%.80s' has no input", graph->name);
    const struct tensor *input = &graph->tensors[graph->input];
    if (!sned_shape_valid(&input->shape) || input->shape.rank < 2 || input->shape.dim[0] != 1)
        return sned_fail(
            error, SNED_ERROR_SHAPE,
            "input '%.80s': the shape must be [1][...] with at most %d elements and %d dimensions",
            input->name, GRAPH_MAX_ELEMENTS, GRAPH_MAX_RANK);
    return SNED_OK;
}

sned_status sned_graph_infer(struct graph *graph, sned_error *error)
{
    SNED_TRY(check_input_shape(graph, error));
    for (int i = 0; i < graph->tensor_count; i++) /* rank 0: not yet known */
        if (i != graph->input && !tensor_is_constant(graph, i))
            graph->tensors[i].shape.rank = 0;
    for (int i = 0; i < graph->node_count; i++) {
        struct node *node = &graph->nodes[i];
        struct shape shape;
        SNED_TRY(sned_node_check_inputs(graph, node, error));
        for (int k = 0; k < node->input_count; k++) {
            const struct tensor *tensor = node->inputs[k] < 0 ? NULL : &graph->tensors[node->inputs[k]];
            if (tensor && !sned_shape_valid(&tensor->shape))
                return sned_node_fail(error, SNED_ERROR_SHAPE, node, "reads '%.60s', %s", tensor->name,
                                      tensor->data ? "whose shape is empty or too large"
                                                   : "which no node before it makes");
        }
        SNED_TRY(sned_node_infer(graph, node, &shape, error));
        resolve_axes(node, graph->tensors[node->inputs[0]].shape.rank);
        graph->tensors[node->outputs[0]].shape = shape;
    }
    return SNED_OK;
}
