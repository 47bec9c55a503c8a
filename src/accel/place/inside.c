/*
 * inside.c - what lies inside of other activations: what a node takes out of its input, and what it joins to
 * its result, of whole rows and channels.
 *
 * Behind this pass such a spot is a VIEW of the input's spot, or a PART of the result's, where all who read
 * it can read it there. What lies inside of another may have others inside of it; around all of them is one
 * with bytes of its own.
 */
#include "accel/place/axes.h"
#include "accel/place/corner.h"
#include "accel/place/passes.h"
#include "graph/operator.h"

bool place_joins(const struct node *node)
{
    return sned_op_is(node->op, OPERATOR_MOVES) && sned_operator(node->op)->inputs_most != 1;
}

static bool reshapes(const struct node *node)
{
    return sned_op_is(node->op, OPERATOR_RESHAPES);
}

static void put_inside(struct spot *inner, enum relation_kind kind, struct spot *outer,
                       const struct corner *corner)
{
    inner->relation = (struct relation){.kind = kind, .inside = {outer, corner->channel, corner->row}};
}

/* ---- what a node takes out of its input ---- */

/* Can all who read the tensor read it where it would be a view? Not the store or the host, which take one run
 * of bytes, nor a Reshape, whose result is one to those who read it; and a Concat copies it in any case. */
static bool read_in_place(const struct placing *p, int tensor)
{
    bool all = !results_have(&p->results, tensor);
    for (int n = 0; n < p->last && all; n++) {
        const struct node *node = &p->graph->nodes[n];
        for (int i = 0; i < node->input_count && all; i++)
            all = node->inputs[i] != tensor || !(place_joins(node) || reshapes(node));
    }
    return all;
}

static void find_views(const struct placing *p, const struct node *node)
{
    struct spot *in = p->placement->tensors[node->inputs[0]];
    struct corner corner;
    if (in->wide || !spot_is_plain(in))
        return;
    for (int o = 0; o < node->output_count; o++)
        if (corner_in_input(&corner, p->graph, node, 0, o) && read_in_place(p, node->outputs[o]))
            put_inside(p->placement->tensors[node->outputs[o]], RELATION_VIEW, in, &corner);
}

/* A Pad is always a copy into zeros, also where it adds none. */
static bool takes_out(const struct node *node)
{
    return sned_op_is(node->op, OPERATOR_MOVES) && !place_joins(node) && !reshapes(node) &&
           node->op != OP_PAD;
}

/* ---- what a Concat joins ---- */

/* Is the spot, or another shape of its bytes, stored as a whole? */
static bool is_stored(const struct placing *p, const struct spot *spot)
{
    bool found = false;
    for (int i = 0; i < p->results.count; i++)
        found = found || p->placement->tensors[p->results.tensors[i]] == spot;
    return found;
}

/* A Concat of columns is always a copy, also where it joins but one tensor. */
static bool is_concat_of_columns(const struct graph *graph, const struct node *node)
{
    return node->op == OP_CONCAT &&
           axis_kind(graph->tensors[node->outputs[0]].shape.rank, node->u.concat.axis) == AXIS_COLUMN;
}

/* Each input lies inside of the first result that it is joined to. Others are copied: what is loaded or
 * stored as a whole, what is a view or a part already, what is another shape of an activation; and 16 bits,
 * whose upper bytes lie apart. */
static void find_parts(const struct placing *p, const struct node *node)
{
    for (int i = 0; i < node->input_count; i++) {
        struct spot *part = p->placement->tensors[node->inputs[i]];
        const int made = sned_graph_producer(p->graph, node->inputs[i]);
        struct corner corner;
        if (part->relation.kind == RELATION_OWN && !part->wide && made >= 0 &&
            !reshapes(&p->graph->nodes[made]) && !is_stored(p, part) &&
            corner_in_output(&corner, p->graph, node, i, 0))
            put_inside(part, RELATION_PART, p->placement->tensors[node->outputs[0]], &corner);
    }
}

sned_status place_inside(struct placing *p, sned_error *error)
{
    for (int n = 0; n < p->last; n++)
        if (takes_out(&p->graph->nodes[n]))
            find_views(p, &p->graph->nodes[n]);
    for (int n = 0; n < p->last; n++)
        if (place_joins(&p->graph->nodes[n]) && !is_concat_of_columns(p->graph, &p->graph->nodes[n]))
            find_parts(p, &p->graph->nodes[n]);
    return SNED_OK;
}
