/*
 * activations.c - which activations there are, and the copies that strided Convs read.
 *
 * Behind this pass the graph's input and each result of a node before `last` has a spot, of known extent and
 * type, which the node `born` makes: OWN. A node that only gives its input another shape makes nothing: its
 * result's spot is its input's. Each Conv with strides has a COPY to read, or, where it alone reads the
 * graph's input, that lies as it wants it. All have channels, rows and columns and no other axes.
 */
#include "accel/place/passes.h"
#include "accel/program/numbers.h"
#include "graph/operator.h"

static const struct phases plain = {{1, 1}, 1};

static sned_status refuse(const struct node *node, const char *why, sned_error *error)
{
    return sned_fail(error, SNED_ERROR_UNSUPPORTED, "node '%.80s' (%s): %s", node->name,
                     sned_op_name(node->op), why);
}

/* ---- what can be held ---- */

/* Channels, rows and columns are all there is of it. */
static bool is_image(const struct shape *shape)
{
    const struct extent e = sned_shape_extent(shape);
    return shape->rank <= 4 &&
           sned_shape_elements(shape) == (size_t)e.channels * (size_t)e.height * (size_t)e.width;
}

static bool is_strided(const struct node *node)
{
    const int *stride = node->u.conv.window.stride;
    return node->op == OP_CONV && (stride[0] > 1 || stride[1] > 1);
}

static sned_status check_node(const struct graph *graph, const struct node *node, sned_error *error)
{
    const int *stride = node->u.conv.window.stride;
    if (is_strided(node) && (int64_t)stride[0] * stride[1] > 63) /* a bit for each phase */
        return sned_fail(error, SNED_ERROR_UNSUPPORTED, "node '%.80s' (Conv): strides of %d x %d", node->name,
                         stride[0], stride[1]);
    for (int o = 0; o < node->output_count; o++)
        if (!sned_op_is(node->op, OPERATOR_RESHAPES) && !is_image(&graph->tensors[node->outputs[o]].shape))
            return refuse(node, "its result has more than channels, rows and columns", error);
    return SNED_OK;
}

/* May the node read `tensor`, which is another shape of an activation's bytes? A Gemm takes them in any
 * layout, a Concat copies them into a vector. */
static bool takes_any_shape(const struct graph *graph, const struct node *node, int tensor)
{
    const struct extent e = sned_shape_extent(&graph->tensors[tensor].shape);
    const bool is_vector = e.height == 1 && e.width == 1 && is_image(&graph->tensors[tensor].shape);
    return node->op == OP_GEMM || sned_op_is(node->op, OPERATOR_RESHAPES) ||
           (node->op == OP_CONCAT && is_vector);
}

/* Others read another shape only where channels, rows and columns are the same. */
static sned_status check_reshape(const struct placing *p, int index, sned_error *error)
{
    const struct node *node = &p->graph->nodes[index];
    const int result = node->outputs[0];
    const struct extent from = p->placement->tensors[node->inputs[0]]->extent,
                        to = sned_shape_extent(&p->graph->tensors[result].shape);
    if (is_image(&p->graph->tensors[result].shape) && to.channels == from.channels &&
        to.height == from.height && to.width == from.width)
        return SNED_OK;
    for (int r = index + 1; r < p->last; r++)
        for (int i = 0; i < p->graph->nodes[r].input_count; i++)
            if (p->graph->nodes[r].inputs[i] == result &&
                !takes_any_shape(p->graph, &p->graph->nodes[r], result))
                return refuse(node, "the accelerator moves no elements for it", error);
    return SNED_OK;
}

/* ---- spots ---- */

static struct spot *add_spot(const struct placing *p, int tensor, const struct phases *phases, int born)
{
    const struct tensor *t = &p->graph->tensors[tensor];
    const struct extent e = sned_shape_extent(&t->shape);
    struct spot *spot = &p->placement->spots[p->placement->spot_count++];
    *spot = (struct spot){.extent = e,
                          .phases = *phases,
                          .height = (int)divide_up(e.height, phases->stride[0]),
                          .width = (int)divide_up(e.width, phases->stride[1]),
                          .is_signed = t->quantization.is_signed,
                          .wide = t->quantization.bits == 16,
                          .born = born,
                          .dies = born};
    return spot;
}

static int floor_mod(int a, int b)
{
    return (a % b + b) % b;
}

/* Those that a tap of a strided Conv reads. */
static struct phases phases_read(const struct window *w)
{
    struct phases phases = {{w->stride[0], w->stride[1]}, 0};
    for (int r = 0; r < w->kernel[0]; r++)
        for (int s = 0; s < w->kernel[1]; s++) {
            const int y = floor_mod(r * w->dilation[0] - w->pad_begin[0], w->stride[0]),
                      x = floor_mod(s * w->dilation[1] - w->pad_begin[1], w->stride[1]);
            phases.kept |= (uint64_t)1 << (y * w->stride[1] + x);
        }
    return phases;
}

/* How the host lays out the graph's input: for the strides of the Conv that alone reads it, with all phases.
 * */
static struct phases input_phases(const struct placing *p)
{
    const struct graph *graph = p->graph;
    struct phases phases = plain;
    if (sned_graph_consumers(graph, graph->input) == 1)
        for (int n = 0; n < p->last; n++)
            if (graph->nodes[n].inputs[0] == graph->input && is_strided(&graph->nodes[n])) {
                const int *stride = graph->nodes[n].u.conv.window.stride;
                phases = (struct phases){{stride[0], stride[1]}, ((uint64_t)1 << stride[0] * stride[1]) - 1};
            }
    return phases;
}

/* The copy that a strided Conv reads, unless its input lies as it wants it. */
static void add_copy(const struct placing *p, int index)
{
    const struct node *node = &p->graph->nodes[index];
    const struct phases *in = &p->placement->tensors[node->inputs[0]]->phases;
    const struct phases read = phases_read(&node->u.conv.window);
    if (in->stride[0] == read.stride[0] && in->stride[1] == read.stride[1])
        return;
    p->placement->copies[index] = add_spot(p, node->inputs[0], &read, index);
    p->placement->copies[index]->relation.kind = RELATION_COPY;
}

static sned_status add_node(const struct placing *p, int index, sned_error *error)
{
    const struct node *node = &p->graph->nodes[index];
    struct spot **tensors = p->placement->tensors;
    if (is_strided(node))
        add_copy(p, index);
    if (sned_op_is(node->op, OPERATOR_RESHAPES)) {
        tensors[node->outputs[0]] = tensors[node->inputs[0]];
        return check_reshape(p, index, error);
    }
    for (int o = 0; o < node->output_count; o++)
        tensors[node->outputs[o]] = add_spot(p, node->outputs[o], &plain, index);
    return SNED_OK;
}

sned_status place_activations(struct placing *p, sned_error *error)
{
    const struct graph *graph = p->graph;
    if (!is_image(&graph->tensors[graph->input].shape))
        return sned_fail(error, SNED_ERROR_UNSUPPORTED,
                         "the network's input has more than channels, rows and columns");
    for (int n = 0; n < p->last; n++)
        SNED_TRY(check_node(graph, &graph->nodes[n], error));
    const struct phases phases = input_phases(p);
    p->placement->tensors[graph->input] = add_spot(p, graph->input, &phases, -1);
    for (int n = 0; n < p->last; n++)
        SNED_TRY(add_node(p, n, error));
    return SNED_OK;
}
