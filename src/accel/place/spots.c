/*
 * spots.c - see spots.h.
 */
#include "accel/place/spots.h"
#include "accel/place/axes.h"
#include "accel/program/numbers.h"
#include "graph/operator.h"
#include "accel/place/beside.h"
#include "accel/program/results.h"

/* ---- each activation, and the copies of strided Convs ---- */

static sned_status refuse(const struct node *node, const char *why, sned_error *error)
{
    return sned_fail(error, SNED_ERROR_UNSUPPORTED, "node '%.80s' (%s): %s", node->name,
                     sned_op_name(node->op), why);
}

static int add_spot(struct placement *p, const struct graph *graph, int tensor, const int stride[2], int born)
{
    const struct tensor *t = &graph->tensors[tensor];
    const struct extent e = sned_shape_extent(&t->shape);
    p->spots[p->spot_count] = (struct spot){.extent = e,
                                            .stride = {stride[0], stride[1]},
                                            .phases = ((uint64_t)1 << stride[0] * stride[1]) - 1,
                                            .height = (int)divide_up(e.height, stride[0]),
                                            .width = (int)divide_up(e.width, stride[1]),
                                            .is_signed = t->quantization.is_signed,
                                            .wide = t->quantization.bits == 16,
                                            .born = born,
                                            .dies = born,
                                            .base = -1,
                                            .other = -1};
    return p->spot_count++;
}

static bool strided(const struct node *node)
{
    const int *stride = node->u.conv.window.stride;
    return node->op == OP_CONV && (stride[0] > 1 || stride[1] > 1);
}

int spot_phases(const struct spot *spot)
{
    return __builtin_popcountll(spot->phases);
}

int spot_phase_index(const struct spot *spot, int phase)
{
    return __builtin_popcountll(spot->phases & (((uint64_t)1 << phase) - 1));
}

/* The phases that a tap of a strided Conv reads. */
static uint64_t phases_read(const struct window *w)
{
    uint64_t phases = 0;
    for (int r = 0; r < w->kernel[0]; r++)
        for (int s = 0; s < w->kernel[1]; s++) {
            const int y = r * w->dilation[0] - w->pad_begin[0], x = s * w->dilation[1] - w->pad_begin[1];
            const int phase_y = (y % w->stride[0] + w->stride[0]) % w->stride[0],
                      phase_x = (x % w->stride[1] + w->stride[1]) % w->stride[1];
            phases |= (uint64_t)1 << (phase_y * w->stride[1] + phase_x);
        }
    return phases;
}

/* Channels, rows and columns are all there is of it. */
static bool is_image(const struct shape *shape)
{
    const struct extent e = sned_shape_extent(shape);
    return shape->rank <= 4 &&
           sned_shape_elements(shape) == (size_t)e.channels * (size_t)e.height * (size_t)e.width;
}

static sned_status check_nodes(const struct graph *graph, int last, sned_error *error)
{
    if (!is_image(&graph->tensors[graph->input].shape))
        return sned_fail(error, SNED_ERROR_UNSUPPORTED,
                         "the network's input has more than channels, rows and columns");
    for (int n = 0; n < last; n++) {
        const struct node *node = &graph->nodes[n];
        const int *stride = node->u.conv.window.stride;
        if (strided(node) && (int64_t)stride[0] * stride[1] > 63) /* a bit for each phase */
            return sned_fail(error, SNED_ERROR_UNSUPPORTED, "node '%.80s' (Conv): strides of %d x %d",
                             node->name, stride[0], stride[1]);
        if (!moves_nothing(node->op) && !is_image(&graph->tensors[node->outputs[0]].shape))
            return refuse(node, "its result has more than channels, rows and columns", error);
    }
    return SNED_OK;
}

/* Who reads another shape of the same bytes: a Gemm takes them in any layout, a Concat copies them into a
 * vector; others do where channels, rows and columns are the same. */
static sned_status check_moves(const struct placement *p, const struct graph *graph, int index, int last,
                               sned_error *error)
{
    const struct node *node = &graph->nodes[index];
    const struct extent from = p->spots[p->of_tensor[node->inputs[0]]].extent,
                        to = sned_shape_extent(&graph->tensors[node->outputs[0]].shape);
    const bool vector = to.height == 1 && to.width == 1 && is_image(&graph->tensors[node->outputs[0]].shape);
    if (is_image(&graph->tensors[node->outputs[0]].shape) && to.channels == from.channels &&
        to.height == from.height && to.width == from.width)
        return SNED_OK;
    for (int r = index + 1; r < last; r++)
        for (int i = 0; i < graph->nodes[r].input_count; i++) {
            const enum op op = graph->nodes[r].op;
            if (graph->nodes[r].inputs[i] == node->outputs[0] && op != OP_GEMM && !moves_nothing(op) &&
                !(op == OP_CONCAT && vector))
                return refuse(node, "the accelerator moves no elements for it", error);
        }
    return SNED_OK;
}

/* The stride that the host lays the graph's input out for. */
static const int *input_stride(const struct graph *graph, int last)
{
    static const int plain[2] = {1, 1};
    const int *stride = plain;
    if (sned_graph_consumers(graph, graph->input) == 1)
        for (int n = 0; n < last; n++)
            if (graph->nodes[n].inputs[0] == graph->input && strided(&graph->nodes[n]))
                stride = graph->nodes[n].u.conv.window.stride;
    return stride;
}

static sned_status add_spots(struct placement *p, const struct graph *graph, int last, sned_error *error)
{
    static const int plain[2] = {1, 1};
    p->of_tensor[graph->input] = add_spot(p, graph, graph->input, input_stride(graph, last), -1);
    for (int n = 0; n < last; n++) {
        const struct node *node = &graph->nodes[n];
        const struct window *w = &node->u.conv.window;
        const int in = p->of_tensor[node->inputs[0]];
        if (strided(node) &&
            !(p->spots[in].stride[0] == w->stride[0] && p->spots[in].stride[1] == w->stride[1])) {
            p->copy_for[n] = add_spot(p, graph, node->inputs[0], w->stride, n);
            p->spots[p->copy_for[n]].phases = phases_read(w);
        }
        if (moves_nothing(node->op))
            SNED_TRY(check_moves(p, graph, n, last, error));
        p->of_tensor[node->outputs[0]] =
            moves_nothing(node->op) ? in : add_spot(p, graph, node->outputs[0], plain, n);
    }
    return SNED_OK;
}

/* ---- inside of others ---- */

/* Do all that read the tensor read it on the accelerator, as what it is? */
static bool read_in_place(const struct graph *graph, int tensor, int last)
{
    bool all = !sned_graph_is_output(graph, tensor);
    for (int n = 0; n < graph->node_count && all; n++)
        for (int i = 0; i < graph->nodes[n].input_count && all; i++)
            all = graph->nodes[n].inputs[i] != tensor ||
                  (n < last && graph->nodes[n].op != OP_CONCAT && !moves_nothing(graph->nodes[n].op));
    return all;
}

/* A Slice of whole rows one by one, and of channels one by one, is a view: nothing moves. What a Concat reads
 * is no view, as it would be copied all the same. */
static void find_view(struct placement *p, const struct graph *graph, const struct node *node, int last)
{
    const struct shape *shape = &graph->tensors[node->inputs[0]].shape;
    const int in = p->of_tensor[node->inputs[0]];
    struct spot *out = &p->spots[p->of_tensor[node->outputs[0]]];
    int64_t start[AXIS_COUNT], step[AXIS_COUNT];
    if (node->op != OP_SLICE || p->spots[in].wide || p->spots[in].stride[0] * p->spots[in].stride[1] != 1 ||
        !read_in_place(graph, node->outputs[0], last))
        return;
    axes_of(start, shape->rank, node->u.slice.start, 0);
    axes_of(step, shape->rank, node->u.slice.step, 1);
    if (step[AXIS_CHANNEL] == 1 && step[AXIS_ROW] == 1 && step[AXIS_COLUMN] == 1 && start[AXIS_COLUMN] == 0 &&
        out->extent.width == p->spots[in].extent.width) {
        out->lies = LIES_VIEW;
        out->other = in;
        out->channel = (int)start[AXIS_CHANNEL];
        out->row = (int)start[AXIS_ROW];
    }
}

void placement_corner(int64_t corner[AXIS_COUNT], const struct graph *graph, int node, int input)
{
    const struct node *concat = &graph->nodes[node];
    const int axis = concat->u.concat.axis, rank = graph->tensors[concat->outputs[0]].shape.rank;
    for (int kind = 0; kind < AXIS_COUNT; kind++)
        corner[kind] = 0;
    for (int i = 0; i < input; i++)
        corner[axis_kind(rank, axis)] += graph->tensors[concat->inputs[i]].shape.dim[axis];
}

static bool is_part(const struct placement *p, int node, int input)
{
    const struct node *concat = &p->graph->nodes[node];
    const struct spot *spot = &p->spots[p->of_tensor[concat->inputs[input]]];
    int64_t corner[AXIS_COUNT];
    placement_corner(corner, p->graph, node, input);
    return spot->lies == LIES_PART && spot->other == p->of_tensor[concat->outputs[0]] &&
           spot->channel == corner[AXIS_CHANNEL] && spot->row == corner[AXIS_ROW];
}

bool placement_in_place(const struct placement *p, int node, int input, int output)
{
    const struct node *n = &p->graph->nodes[node];
    const int in = p->of_tensor[n->inputs[input]], out = p->of_tensor[n->outputs[output]];
    return in == out || (n->op == OP_SLICE && p->spots[out].lies == LIES_VIEW) ||
           (n->op == OP_CONCAT && is_part(p, node, input));
}

bool placement_needs_step(const struct placement *p, int node)
{
    const struct node *n = &p->graph->nodes[node];
    bool needs = !sned_op_is(n->op, OPERATOR_MOVES);
    for (int i = 0; i < n->input_count && !needs; i++)
        for (int o = 0; o < n->output_count && !needs; o++)
            needs = !placement_in_place(p, node, i, o);
    return needs;
}

/* Is the spot, or another shape of its bytes, stored? */
static bool is_stored(const struct placement *p, const struct results *results, int spot)
{
    bool found = false;
    for (int i = 0; i < results->count; i++)
        found = found || p->of_tensor[results->tensors[i]] == spot;
    return found;
}

/* A Concat's inputs, each inside of the first result that it is joined to by channels or rows. Others are
 * copied: what is loaded or stored as a whole, views, what has the bytes of another shape, columns. */
static void find_parts(struct placement *p, const struct graph *graph, int node,
                       const struct results *results)
{
    const struct node *concat = &graph->nodes[node];
    const int kind = axis_kind(graph->tensors[concat->outputs[0]].shape.rank, concat->u.concat.axis);
    for (int i = 0; i < concat->input_count && kind != AXIS_COLUMN; i++) {
        const int in = p->of_tensor[concat->inputs[i]], made = sned_graph_producer(graph, concat->inputs[i]);
        struct spot *part = &p->spots[in];
        int64_t corner[AXIS_COUNT];
        if (part->lies != LIES_ALONE || made < 0 || moves_nothing(graph->nodes[made].op) ||
            is_stored(p, results, in))
            continue;
        placement_corner(corner, graph, node, i);
        part->lies = LIES_PART;
        part->other = p->of_tensor[concat->outputs[0]];
        part->channel = (int)corner[AXIS_CHANNEL];
        part->row = (int)corner[AXIS_ROW];
    }
}

/* ---- times ---- */

static void find_times(struct placement *p, const struct graph *graph, int last,
                       const struct results *results)
{
    for (int n = 0; n < last; n++)
        for (int i = 0; i < graph->nodes[n].input_count; i++) {
            const int in = graph->nodes[n].inputs[i];
            if (in >= 0 && p->of_tensor[in] >= 0)
                p->spots[p->of_tensor[in]].dies = n;
        }
    for (int i = 0; i < results->count; i++)
        p->spots[p->of_tensor[results->tensors[i]]].dies = last;
}

/* The spots that a node reads stay until node `until`. */
static void keep_inputs(struct placement *p, const struct graph *graph, int node, int until)
{
    for (int i = 0; i < graph->nodes[node].input_count; i++) {
        const int spot = i == 0 && p->copy_for[node] >= 0    ? p->copy_for[node]
                         : graph->nodes[node].inputs[i] >= 0 ? p->of_tensor[graph->nodes[node].inputs[i]]
                                                             : -1;
        if (spot >= 0)
            p->spots[spot].dies = (int)larger(p->spots[spot].dies, until);
    }
}

static void keep_beside(struct placement *p, const struct graph *graph, int last, enum stay stay)
{
    for (int n = 0; n < last; n++) {
        const enum op op = graph->nodes[n].op;
        if (stay == STAY_PARTS && op == OP_CONV)
            keep_inputs(p, graph, n, beside_parts(graph, n, last));
        if (stay != STAY_SHORT && op != OP_CONV && op != OP_GEMM && op != OP_CONCAT && !moves_nothing(op) &&
            placement_needs_step(p, n))
            keep_inputs(p, graph, n, beside_conv(graph, n, last));
    }
}

/* A spot is there when the first of what lies inside of it is made, and as long as any is read. */
static void join_times(struct placement *p)
{
    for (bool changed = true; changed;) {
        changed = false;
        for (int s = 0; s < p->spot_count; s++) {
            if (!spot_lies_inside(&p->spots[s]))
                continue;
            struct spot *outer = &p->spots[p->spots[s].other];
            const int born = (int)smaller(outer->born, p->spots[s].born),
                      dies = (int)larger(outer->dies, p->spots[s].dies);
            changed = changed || outer->born != born || outer->dies != dies;
            outer->born = born;
            outer->dies = dies;
        }
    }
}

/* ---- over others ---- */

/* A sum, an activation or an LRN may write where its input lies: it reads each byte before. */
static bool works_in_place(const struct placement *p, const struct node *node, int n, int in)
{
    const struct spot *spot = &p->spots[in], *out = &p->spots[p->of_tensor[node->outputs[0]]];
    return (node->op == OP_ADD || node->op == OP_RELU || node->op == OP_CLIP || node->op == OP_LRN) &&
           spot->dies == n && spot->lies == LIES_ALONE && out->lies == LIES_ALONE &&
           spot->stride[0] * spot->stride[1] == 1 && !out->wide;
}

/* Gives a node's output the place of an input that nobody reads later; that of a sum's second before its
 * first. */
static void find_shared(struct placement *p, const struct graph *graph, int last)
{
    for (int n = 0; n < last; n++) {
        const struct node *node = &graph->nodes[n];
        for (int i = node->op == OP_ADD ? 1 : 0; i >= 0; i--) {
            const int in = p->of_tensor[node->inputs[i]];
            if (in < 0 || !works_in_place(p, node, n, in))
                continue;
            p->spots[p->of_tensor[node->outputs[0]]].lies = LIES_OVER;
            p->spots[p->of_tensor[node->outputs[0]]].other = in;
            break;
        }
    }
}

/* A spot stays as long as what takes its place: backwards, so that chains add up. */
static void keep_shared(struct placement *p)
{
    for (int s = p->spot_count - 1; s >= 0; s--)
        if (p->spots[s].lies == LIES_OVER) {
            struct spot *first = &p->spots[p->spots[s].other];
            first->dies = (int)larger(first->dies, p->spots[s].dies);
        }
}

sned_status spots_find(struct placement *p, const struct graph *graph, int last, enum stay stay,
                       sned_error *error)
{
    const struct results results = results_of(graph, last);
    SNED_TRY(check_nodes(graph, last, error));
    SNED_TRY(add_spots(p, graph, last, error));
    for (int n = 0; n < last; n++)
        find_view(p, graph, &graph->nodes[n], last);
    for (int n = 0; n < last; n++)
        if (graph->nodes[n].op == OP_CONCAT)
            find_parts(p, graph, n, &results);
    find_times(p, graph, last, &results);
    keep_beside(p, graph, last, stay);
    join_times(p);
    find_shared(p, graph, last);
    keep_shared(p);
    return SNED_OK;
}
