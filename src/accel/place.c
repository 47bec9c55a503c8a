/*
 * place.c - see place.h.
 */
#include "accel/place.h"
#include "accel/numbers.h"
#include "accel/parts.h"
#include "base/memory.h"
#include "base/union_find.h"

#include <stdlib.h>

static bool moves_nothing(enum op op)
{
    return op == OP_FLATTEN || op == OP_RESHAPE;
}

/* ---- spots ---- */

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
                                            .parent = -1,
                                            .place_of = -1};
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

/* Does a Slice take whole rows, one by one, for nodes that read them where they are? */
static bool takes_rows(const struct placement *p, const struct graph *graph, const struct node *node,
                       int last)
{
    const struct shape *shape = &graph->tensors[node->inputs[0]].shape;
    const struct spot *in = &p->spots[p->of_tensor[node->inputs[0]]];
    if (node->op != OP_SLICE || shape->rank != 4 || node->output == graph->output || in->wide ||
        in->stride[0] * in->stride[1] != 1)
        return false;
    bool whole = node->u.slice.start[0] == 0 && node->u.slice.start[3] == 0 &&
                 graph->tensors[node->output].shape.dim[3] == shape->dim[3];
    for (int axis = 0; axis < shape->rank; axis++)
        whole = whole && node->u.slice.step[axis] == 1;
    for (int n = 0; n < graph->node_count && whole; n++)
        for (int i = 0; i < graph->nodes[n].input_count && whole; i++)
            whole = graph->nodes[n].inputs[i] != node->output ||
                    (n < last && graph->nodes[n].op != OP_CONCAT && !moves_nothing(graph->nodes[n].op));
    return whole;
}

/* Only Flatten and Reshape that keep the order of elements without a change of spot: what reads them is a
 * Gemm, which takes any layout. */
static sned_status find_spots(struct placement *p, const struct graph *graph, int last, sned_error *error)
{
    static const int plain[2] = {1, 1};
    const int *stride = plain;
    for (int n = 0; n < last; n++) { /* a bit for each phase */
        const int *s = graph->nodes[n].u.conv.window.stride;
        if (strided(&graph->nodes[n]) && (int64_t)s[0] * s[1] > 63)
            return sned_fail(error, SNED_ERROR_UNSUPPORTED, "node '%.80s' (Conv): strides of %d x %d",
                             graph->nodes[n].name, s[0], s[1]);
    }
    if (sned_graph_consumers(graph, graph->input) == 1)
        for (int n = 0; n < last; n++)
            if (graph->nodes[n].inputs[0] == graph->input && strided(&graph->nodes[n]))
                stride = graph->nodes[n].u.conv.window.stride;
    p->of_tensor[graph->input] = add_spot(p, graph, graph->input, stride, -1);
    for (int n = 0; n < last; n++) {
        const struct node *node = &graph->nodes[n];
        const int in = p->of_tensor[node->inputs[0]];
        if (strided(node) && !(p->spots[in].stride[0] == node->u.conv.window.stride[0] &&
                               p->spots[in].stride[1] == node->u.conv.window.stride[1])) {
            const struct window *w = &node->u.conv.window;
            p->copy_for[n] = add_spot(p, graph, node->inputs[0], w->stride, n);
            p->spots[p->copy_for[n]].phases = phases_read(w);
        }
        if (moves_nothing(node->op)) {
            const struct extent from = p->spots[in].extent;
            const struct extent to = sned_shape_extent(&graph->tensors[node->output].shape);
            const bool pixel = from.height == 1 && from.width == 1 && to.height == 1 && to.width == 1;
            for (int r = n + 1; r < last && !pixel; r++)
                for (int i = 0; i < graph->nodes[r].input_count; i++)
                    if (graph->nodes[r].inputs[i] == node->output && graph->nodes[r].op != OP_GEMM &&
                        !moves_nothing(graph->nodes[r].op))
                        return sned_fail(error, SNED_ERROR_UNSUPPORTED,
                                         "node '%.80s' (%s): the accelerator moves no elements for it",
                                         node->name, sned_op_name(node->op));
            p->of_tensor[node->output] = in;
        } else {
            p->of_tensor[node->output] = add_spot(p, graph, node->output, plain, n);
        }
        if (takes_rows(p, graph, node, last)) {
            struct spot *view = &p->spots[p->of_tensor[node->output]];
            view->parent = in;
            view->channel = (int)node->u.slice.start[1];
            view->row = (int)node->u.slice.start[2];
        }
        for (int i = 0; i < node->input_count; i++)
            if (node->inputs[i] >= 0 && p->of_tensor[node->inputs[i]] >= 0)
                p->spots[p->of_tensor[node->inputs[i]]].dies = n;
    }
    const int result = last == graph->node_count ? graph->output : graph->nodes[last].inputs[0];
    p->spots[p->of_tensor[result]].dies = last;
    for (int s = p->spot_count - 1; s >= 0; s--) /* what Slices are parts of stays as long as they are */
        if (p->spots[s].parent >= 0) {
            struct spot *parent = &p->spots[p->spots[s].parent];
            parent->dies = (int)larger(parent->dies, p->spots[s].dies);
        }
    return SNED_OK;
}

bool placement_is_view(const struct placement *p, const struct graph *graph, int node)
{
    return graph->nodes[node].op == OP_SLICE && p->spots[p->of_tensor[graph->nodes[node].output]].parent >= 0;
}

/* A sum, an activation or an LRN may write where its input lies: it reads each byte before. */
static bool works_in_place(const struct placement *p, const struct node *node, int n, int in)
{
    const struct spot *spot = &p->spots[in], *out = &p->spots[p->of_tensor[node->output]];
    return (node->op == OP_ADD || node->op == OP_RELU || node->op == OP_CLIP || node->op == OP_LRN) &&
           spot->dies == n && spot->parent < 0 && out->parent < 0 && spot->place_of < 0 &&
           spot->stride[0] * spot->stride[1] == 1 && !out->wide;
}

/* Gives a node's output the place of an input that nobody reads later; that of a sum's second before its
 * first. */
static void find_shared(struct placement *p, const struct graph *graph, int last)
{
    for (int n = 0; n < last; n++) {
        const struct node *node = &graph->nodes[n];
        for (int i = node->op == OP_ADD ? 1 : 0; i >= 0 && !moves_nothing(node->op) && node->op != OP_CONCAT;
             i--) {
            const int in = p->of_tensor[node->inputs[i]], out = p->of_tensor[node->output];
            if (in < 0 || !works_in_place(p, node, n, in))
                continue;
            p->spots[out].place_of = in;
            break;
        }
    }
}

static sned_status find_parts(struct placement *p, const struct graph *graph, int last, sned_error *error)
{
    for (int n = 0; n < last; n++) {
        const struct node *node = &graph->nodes[n];
        if (node->op != OP_CONCAT)
            continue;
        const bool rows = node->u.concat.axis == 2;
        int at = 0;
        for (int i = 0; i < node->input_count; i++) {
            struct spot *part = &p->spots[p->of_tensor[node->inputs[i]]];
            if ((node->u.concat.axis != 1 && !rows) || part->parent >= 0 || node->inputs[i] == graph->input ||
                sned_graph_producer(graph, node->inputs[i]) < 0 ||
                moves_nothing(graph->nodes[sned_graph_producer(graph, node->inputs[i])].op))
                return sned_fail(error, SNED_ERROR_UNSUPPORTED,
                                 "node '%.80s' (Concat): the accelerator joins channels or rows of tensors "
                                 "that are part of no "
                                 "other Concat",
                                 node->name);
            part->parent = p->of_tensor[node->output];
            part->channel = rows ? 0 : at;
            part->row = rows ? at : 0;
            at += rows ? part->extent.height : part->extent.channels;
        }
    }
    return SNED_OK;
}

/* ---- pitches ---- */

const struct spot *placement_input(const struct placement *p, const struct graph *graph, int node)
{
    const int copy = p->copy_for[node];
    return &p->spots[copy >= 0 ? copy : p->of_tensor[graph->nodes[node].inputs[0]]];
}

/* The spot that this one is a part of a part of ... */
static const struct spot *outermost(const struct placement *p, int spot)
{
    while (p->spots[spot].parent >= 0)
        spot = p->spots[spot].parent;
    return &p->spots[spot];
}

static sned_status find_pitches(struct placement *p, const struct graph *graph, int last, sned_error *error)
{
    int *root = NULL, *most = NULL;
    sned_status status;
    SNED_TRY_DONE(sned_alloc(&root, (size_t)p->spot_count, sizeof *root, error));
    SNED_TRY_DONE(sned_alloc(&most, (size_t)p->spot_count, sizeof *most, error));
    for (int s = 0; s < p->spot_count; s++)
        root[s] = s;
    for (int n = 0; n < last; n++) {
        const struct node *node = &graph->nodes[n];
        const int out = p->of_tensor[node->output];
        const int in = (int)(placement_input(p, graph, n) - p->spots);
        if (node->op == OP_GEMM || node->op == OP_MAX_POOL || node->op == OP_AVERAGE_POOL ||
            node->op == OP_GLOBAL_AVERAGE_POOL || (node->op == OP_SLICE && !placement_is_view(p, graph, n)) ||
            node->op == OP_PAD || moves_nothing(node->op))
            continue;
        root[find_root(root, in)] = find_root(root, out);
        for (int i = 1; i < node->input_count && (node->op == OP_ADD || node->op == OP_CONCAT); i++)
            root[find_root(root, p->of_tensor[node->inputs[i]])] = find_root(root, out);
    }
    for (int s = 0; s < p->spot_count; s++)
        most[find_root(root, s)] = (int)larger(most[find_root(root, s)], p->spots[s].width);
    for (int s = 0; s < p->spot_count; s++) {
        struct spot *spot = &p->spots[s];
        spot->pitch = most[find_root(root, s)];
        spot->plane = spot->pitch * outermost(p, s)->height;
        spot->bytes = (int64_t)spot->extent.channels * spot_phases(spot) * spot->plane * (spot->wide ? 2 : 1);
        spot->bytes = divide_up(spot->bytes, 16) * 16;
    }
done:
    free(root);
    free(most);
    return status;
}

static bool reads(const struct node *node, int tensor)
{
    bool found = false;
    for (int i = 0; i < node->input_count; i++)
        found = found || node->inputs[i] == tensor;
    return found;
}

/* The Conv that can run beside a step of the vector unit, as it is the next and needs nothing of it; else the
 * node itself. */
static int beside(const struct graph *graph, int node, int last)
{
    for (int n = node + 1; n < last && !reads(&graph->nodes[n], graph->nodes[node].output); n++)
        if (graph->nodes[n].op == OP_CONV)
            return n;
    return node;
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
            keep_inputs(p, graph, n, parts_end(graph, n, last));
        if (stay != STAY_SHORT && op != OP_CONV && op != OP_GEMM && op != OP_CONCAT && !moves_nothing(op) &&
            !placement_is_view(p, graph, n))
            keep_inputs(p, graph, n, beside(graph, n, last));
    }
}

/* ---- places ---- */

static bool together(const struct spot *a, const struct spot *b)
{
    return a->born <= b->dies && b->born <= a->dies;
}

static bool in_tail(const struct placement *p, const struct spot *spot)
{
    return spot->dies >= p->cut;
}

/* Has a place of its own, not one inside or instead of another. */
static bool own_place(const struct spot *spot)
{
    return spot->parent < 0 && spot->place_of < 0;
}

/* The lowest place that no spot of the same part and time has. */
static int64_t lowest(const struct placement *p, const struct spot *spot)
{
    int64_t base = in_tail(p, spot) ? p->head : 0;
    bool moved = true;
    while (moved) {
        moved = false;
        for (int s = 0; s < p->spot_count; s++) {
            const struct spot *other = &p->spots[s];
            if (other->base >= 0 && own_place(other) && in_tail(p, other) == in_tail(p, spot) &&
                together(spot, other) && base < other->base + other->bytes &&
                other->base < base + spot->bytes) {
                base = other->base + other->bytes;
                moved = true;
            }
        }
    }
    return base;
}

/* The next of a part that has no place yet: the first, or the largest; NULL: all have. */
static struct spot *next_spot(struct placement *p, bool tail, bool largest)
{
    struct spot *next = NULL;
    for (int s = 0; s < p->spot_count && (largest || !next); s++) {
        struct spot *spot = &p->spots[s];
        if (spot->base < 0 && own_place(spot) && in_tail(p, spot) == tail &&
            (!next || spot->bytes > next->bytes))
            next = spot;
    }
    return next;
}

/* Returns where the part ends; *last: the spot that ends there. */
static int64_t pack(struct placement *p, bool tail, bool largest, const struct spot **last)
{
    int64_t end = tail ? p->head : 0;
    for (int s = 0; s < p->spot_count; s++)
        if (in_tail(p, &p->spots[s]) == tail)
            p->spots[s].base = -1;
    for (struct spot *spot = next_spot(p, tail, largest); spot; spot = next_spot(p, tail, largest)) {
        spot->base = lowest(p, spot);
        if (spot->base + spot->bytes > end) {
            end = spot->base + spot->bytes;
            *last = spot;
        }
    }
    return end;
}

/* A spot stays as long as what takes its place: backwards, so that chains add up. */
static void keep_shared(struct placement *p)
{
    for (int s = p->spot_count - 1; s >= 0; s--)
        if (p->spots[s].place_of >= 0) {
            struct spot *first = &p->spots[p->spots[s].place_of];
            first->dies = (int)larger(first->dies, p->spots[s].dies);
        }
}

/* A spot is there when the first of its parts is made, and as long as any is read. */
static void join_times(struct placement *p)
{
    for (bool changed = true; changed;) {
        changed = false;
        for (int s = 0; s < p->spot_count; s++) {
            if (p->spots[s].parent < 0)
                continue;
            struct spot *parent = &p->spots[p->spots[s].parent];
            const int born = (int)smaller(parent->born, p->spots[s].born),
                      dies = (int)larger(parent->dies, p->spots[s].dies);
            changed = changed || parent->born != born || parent->dies != dies;
            parent->born = born;
            parent->dies = dies;
        }
    }
}

/* The head's spots, or the tail's: neither order is always the better. */
static sned_status find_part(struct placement *p, bool tail, const struct graph *graph,
                             const struct accel_config *config, sned_error *error)
{
    const struct spot *last = NULL;
    const int64_t largest = pack(p, tail, true, &last), first = pack(p, tail, false, &last);
    p->bytes = divide_up(largest < first ? pack(p, tail, true, &last) : first, 16) * 16;
    if (p->bytes > config->activation_bytes)
        return sned_fail(error, SNED_ERROR_UNSUPPORTED,
                         "node '%.80s': its activations need %lld bytes on chip beside those that are "
                         "read later; the configuration '%s' has %lld",
                         last->born >= 0 ? graph->nodes[last->born].name : "(input)", (long long)p->bytes,
                         config->name, (long long)config->activation_bytes);
    return SNED_OK;
}

static int64_t base_of(const struct placement *p, int s)
{
    const struct spot *spot = &p->spots[s];
    return spot->place_of >= 0 ? base_of(p, spot->place_of)
           : spot->parent >= 0 ? base_of(p, spot->parent) + (int64_t)spot->channel * spot->plane +
                                     (int64_t)spot->row * spot->pitch
                               : spot->base;
}

static sned_status find_places(struct placement *p, const struct graph *graph,
                               const struct accel_config *config, sned_error *error)
{
    join_times(p);
    keep_shared(p);
    SNED_TRY(find_part(p, false, graph, config, error));
    p->head = p->bytes;
    SNED_TRY(find_part(p, true, graph, config, error));
    for (int s = 0; s < p->spot_count; s++)
        p->spots[s].base = base_of(p, s);
    return SNED_OK;
}

sned_status placement_make(struct placement *p, const struct graph *graph, int last, int cut, enum stay stay,
                           const struct accel_config *config, sned_error *error)
{
    sned_status status;
    *p = (struct placement){.cut = cut};
    SNED_TRY_DONE(sned_alloc(&p->spots, 2 * (size_t)graph->node_count + 1, sizeof *p->spots, error));
    SNED_TRY_DONE(sned_alloc(&p->of_tensor, (size_t)graph->tensor_count, sizeof(int), error));
    SNED_TRY_DONE(sned_alloc(&p->copy_for, (size_t)graph->node_count, sizeof(int), error));
    for (int t = 0; t < graph->tensor_count; t++)
        p->of_tensor[t] = -1;
    for (int n = 0; n < graph->node_count; n++)
        p->copy_for[n] = -1;
    SNED_TRY_DONE(find_spots(p, graph, last, error));
    keep_beside(p, graph, last, stay);
    SNED_TRY_DONE(find_parts(p, graph, last, error));
    find_shared(p, graph, last);
    SNED_TRY_DONE(find_pitches(p, graph, last, error));
    SNED_TRY_DONE(find_places(p, graph, config, error));
done:
    if (status != SNED_OK)
        placement_free(p);
    return status;
}

void placement_free(struct placement *p)
{
    free(p->spots);
    free(p->of_tensor);
    free(p->copy_for);
    *p = (struct placement){0};
}
