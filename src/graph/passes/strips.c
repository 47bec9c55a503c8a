/*
 * strips.c - a stretch of a network's beginning in strips of rows, for machines with little memory.
 *
 * A strip of the last output needs certain rows of what is before it, those need certain rows of their input,
 * and so on back to the stretch's input, of which a Slice takes them. A window pads a strip only where its
 * rows reach beyond the whole image.
 */
#include "base/format.h"
#include "graph/operator.h"
#include "graph/passes/passes.h"

static bool is_pool(const struct node *node)
{
    return sned_op_is(node->op, OPERATOR_WINDOW) && !sned_node_has_weights(node);
}

/* NULL: it reads the rows that it makes. */
static struct window *window_of(struct node *node)
{
    if (is_pool(node))
        return &node->u.pool.window;
    return sned_op_is(node->op, OPERATOR_WINDOW) ? &node->u.conv.window : NULL;
}

/* An average that counts elements of the image alone would count others at a strip's edge. */
static bool fits_chain(const struct node *node)
{
    const enum activation_kind own = sned_operator(node->op)->activation;
    if (sned_op_is(node->op, OPERATOR_WINDOW))
        return !sned_op_is(node->op, OPERATOR_AVERAGES);
    return own == ACTIVATION_RELU || own == ACTIVATION_CLIP;
}

int sned_graph_chain(const struct graph *graph)
{
    int length = 0, tensor = graph->input;
    while (length < graph->node_count) {
        const struct node *node = &graph->nodes[length];
        if (!fits_chain(node) || node->inputs[0] != tensor || sned_graph_consumers(graph, tensor) != 1)
            break;
        tensor = node->outputs[0];
        length++;
    }
    return length;
}

/* As sned_node_rows; the window's pads become those of the strip. */
static struct rows rows_before(struct window *w, struct rows out, int height)
{
    if (!w)
        return out;
    const int64_t reach = (int64_t)(w->kernel[0] - 1) * w->dilation[0] + 1;
    const int64_t from = (int64_t)out.from * w->stride[0] - w->pad_begin[0],
                  to = ((int64_t)out.to - 1) * w->stride[0] - w->pad_begin[0] + reach;
    w->pad_begin[0] = from < 0 ? (int)-from : 0;
    w->pad_end[0] = to > height ? (int)(to - height) : 0;
    return (struct rows){from < 0 ? 0 : (int)from, to > height ? height : (int)to};
}

struct rows sned_node_rows(const struct node *node, struct rows out, int height)
{
    struct node copy = *node;
    return rows_before(window_of(&copy), out, height);
}

static int height_of(const struct graph *graph, int tensor)
{
    return sned_shape_extent(&graph->tensors[tensor].shape).height;
}

/* Pads that give so many columns without rounding up; those of the rows are exact already. */
static void make_exact(struct node *pool, int width, int out_width)
{
    struct window *w = &pool->u.pool.window;
    const int64_t reach = (int64_t)(w->kernel[1] - 1) * w->dilation[1] + 1;
    const int64_t read = ((int64_t)out_width - 1) * w->stride[1] + reach - w->pad_begin[1];
    pool->u.pool.ceil_mode = false;
    w->pad_end[1] = read > width ? (int)(read - width) : 0;
}

/* A tensor like `like`, of so many rows. */
static sned_status add_rows(struct graph *graph, int like, int rows, int strip, int *tensor,
                            sned_error *error)
{
    char name[160];
    struct shape shape = graph->tensors[like].shape;
    const struct quantization quantization = graph->tensors[like].quantization;
    shape.dim[2] = rows;
    sned_format(name, sizeof name, "%.100s.rows%d", graph->tensors[like].name, strip);
    SNED_TRY(sned_graph_add_tensor(graph, name, TENSOR_F32, &shape, NULL, tensor, error));
    graph->tensors[*tensor].quantization = quantization;
    return SNED_OK;
}

static sned_status add_slice(struct graph *graph, int input, struct rows rows, int strip, int *tensor,
                             sned_error *error)
{
    struct node *node;
    const struct shape shape = graph->tensors[input].shape;
    SNED_TRY(add_rows(graph, input, rows.to - rows.from, strip, tensor, error));
    SNED_TRY(sned_graph_add_node(graph, "rows", OP_SLICE, &input, 1, *tensor, &node, error));
    for (int axis = 0; axis < shape.rank; axis++) {
        node->u.slice.end[axis] = shape.dim[axis];
        node->u.slice.step[axis] = 1;
    }
    node->u.slice.start[2] = rows.from;
    node->u.slice.end[2] = rows.to;
    return SNED_OK;
}

/* Rows `out` of node `index`'s output in *tensor, and all that they need from node `first` on. */
static sned_status add_strip(struct graph *graph, int first, int index, struct rows out, int strip,
                             int *tensor, sned_error *error)
{
    if (index < first)
        return add_slice(graph, graph->nodes[first].inputs[0], out, strip, tensor, error);
    struct node copy = graph->nodes[index];
    const int output = copy.outputs[0];
    int input;
    const struct rows in = rows_before(window_of(&copy), out, height_of(graph, copy.inputs[0]));
    if (is_pool(&copy))
        make_exact(&copy, sned_shape_extent(&graph->tensors[copy.inputs[0]].shape).width,
                   sned_shape_extent(&graph->tensors[output].shape).width);
    SNED_TRY(add_strip(graph, first, index - 1, in, strip, &input, error));
    SNED_TRY(add_rows(graph, output, out.to - out.from, strip, tensor, error));
    SNED_TRY(sned_node_copy(graph, &copy, error));
    struct node *made = &graph->nodes[graph->node_count - 1];
    made->inputs[0] = input;
    made->outputs[0] = *tensor;
    return SNED_OK;
}

/* Strip s of `strips`, as equal as whole rows can be. */
static struct rows strip_of(int height, int s, int strips)
{
    return (struct rows){(int)((int64_t)height * s / strips), (int)((int64_t)height * (s + 1) / strips)};
}

sned_status sned_graph_cut_rows(struct graph *graph, int first, int length, int strips, sned_error *error)
{
    enum { MOST = 256 };
    int parts[MOST];
    if (first < 0 || length < 1 || first + length > sned_graph_chain(graph) || strips < 1 || strips > MOST)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "%d strips of nodes %d to %d", strips, first,
                         first + length);
    const int output = graph->nodes[first + length - 1].outputs[0], height = height_of(graph, output);
    if (strips > height)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "%d strips of %d rows", strips, height);
    for (int s = 0; s < strips; s++)
        SNED_TRY(
            add_strip(graph, first, first + length - 1, strip_of(height, s, strips), s, &parts[s], error));
    struct node *join;
    SNED_TRY(sned_graph_add_node(graph, "join", OP_CONCAT, parts, strips, output, &join, error));
    join->u.concat.axis = 2;
    for (int n = first; n < first + length; n++)
        sned_node_remove(&graph->nodes[n]);
    sned_graph_close_gaps(graph);
    SNED_TRY(sned_graph_sort(graph, error));
    return sned_graph_infer(graph, error);
}
