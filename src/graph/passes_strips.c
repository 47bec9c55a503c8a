/*
 * passes_strips.c - the beginning of a network in strips of rows, for machines with little memory.
 *
 * A strip of the last output needs certain rows of what is before it, those need certain rows of their input,
 * and so on back to the graph's input, of which a Slice takes them. A window pads a strip only where its rows
 * reach beyond the whole image.
 */
#include "graph/inner.h"

#include <stdio.h>

struct rows {
    int from, to;
};

static struct window *window_of(struct node *node)
{
    switch (node->op) {
    case OP_CONV:
        return &node->u.conv.window;
    case OP_MAX_POOL:
    case OP_AVERAGE_POOL:
        return &node->u.pool.window;
    default:
        return NULL;
    }
}

int sned_graph_chain(const struct graph *graph)
{
    int length = 0, tensor = graph->input;
    while (length < graph->node_count) {
        struct node *node = &graph->nodes[length];
        /* An average that counts elements of the image alone would count others at a strip's edge. */
        const bool fits =
            node->op == OP_CONV || node->op == OP_MAX_POOL || node->op == OP_RELU || node->op == OP_CLIP;
        if (!fits || node->inputs[0] != tensor || sned_graph_consumers(graph, tensor) != 1)
            break;
        tensor = node->output;
        length++;
    }
    return length;
}

/* The rows that a node must read for `out`; its window's pads become those of the strip. */
static struct rows rows_before(struct window *w, struct rows out, int height)
{
    if (!w)
        return out;
    const int reach = (w->kernel[0] - 1) * w->dilation[0] + 1;
    const int from = out.from * w->stride[0] - w->pad_begin[0],
              to = (out.to - 1) * w->stride[0] - w->pad_begin[0] + reach;
    w->pad_begin[0] = from < 0 ? -from : 0;
    w->pad_end[0] = to > height ? to - height : 0;
    return (struct rows){from < 0 ? 0 : from, to > height ? height : to};
}

static int height_of(const struct graph *graph, int tensor)
{
    return sned_shape_extent(&graph->tensors[tensor].shape).height;
}

/* A tensor like `like`, of so many rows. */
static sned_status add_rows(struct graph *graph, int like, int rows, int strip, int *tensor,
                            sned_error *error)
{
    char name[160];
    struct shape shape = graph->tensors[like].shape;
    const struct quantization quantization = graph->tensors[like].quantization;
    shape.dim[2] = rows;
    snprintf(name, sizeof name, "%.100s.rows%d", graph->tensors[like].name, strip);
    SNED_TRY(sned_graph_add_tensor(graph, name, TENSOR_F32, &shape, NULL, tensor, error));
    graph->tensors[*tensor].quantization = quantization;
    return SNED_OK;
}

static sned_status add_slice(struct graph *graph, struct rows rows, int strip, int *tensor, sned_error *error)
{
    struct node *node;
    const struct shape shape = graph->tensors[graph->input].shape;
    SNED_TRY(add_rows(graph, graph->input, rows.to - rows.from, strip, tensor, error));
    SNED_TRY(sned_graph_add_node(graph, "rows", OP_SLICE, &graph->input, 1, *tensor, &node, error));
    for (int axis = 0; axis < shape.rank; axis++) {
        node->u.slice.end[axis] = shape.dim[axis];
        node->u.slice.step[axis] = 1;
    }
    node->u.slice.start[2] = rows.from;
    node->u.slice.end[2] = rows.to;
    return SNED_OK;
}

/* Rows `out` of node `index`'s output in *tensor, and all that they need. */
static sned_status add_strip(struct graph *graph, int index, struct rows out, int strip, int *tensor,
                             sned_error *error)
{
    if (index < 0)
        return add_slice(graph, out, strip, tensor, error);
    struct node copy = graph->nodes[index];
    const int output = copy.output;
    int input;
    const struct rows in = rows_before(window_of(&copy), out, height_of(graph, copy.inputs[0]));
    if (copy.op == OP_MAX_POOL)
        copy.u.pool.ceil_mode = false; /* its pads are exact */
    SNED_TRY(add_strip(graph, index - 1, in, strip, &input, error));
    SNED_TRY(add_rows(graph, output, out.to - out.from, strip, tensor, error));
    SNED_TRY(sned_node_copy(graph, &copy, error));
    struct node *made = &graph->nodes[graph->node_count - 1];
    made->inputs[0] = input;
    made->output = *tensor;
    return SNED_OK;
}

sned_status sned_graph_cut_rows(struct graph *graph, int length, int strips, sned_error *error)
{
    enum { MOST = 256 };
    int parts[MOST];
    if (length < 1 || length > sned_graph_chain(graph) || strips < 1 || strips > MOST)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "%d strips of %d nodes", strips, length);
    const int output = graph->nodes[length - 1].output, height = height_of(graph, output);
    if (strips > height)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "%d strips of %d rows", strips, height);
    for (int s = 0; s < strips; s++)
        SNED_TRY(add_strip(graph, length - 1, (struct rows){s * height / strips, (s + 1) * height / strips},
                           s, &parts[s], error));
    struct node *join;
    SNED_TRY(sned_graph_add_node(graph, "join", OP_CONCAT, parts, strips, output, &join, error));
    join->u.concat.axis = 2;
    for (int n = 0; n < length; n++)
        sned_node_remove(&graph->nodes[n]);
    sned_graph_compact(graph);
    SNED_TRY(sned_graph_sort(graph, error));
    return sned_graph_infer(graph, error);
}
