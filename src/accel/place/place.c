/*
 * place.c - what is asked of a placement: place.h.
 */
#include "accel/place/place.h"
#include "accel/place/corner.h"
#include "graph/operator.h"

#include <stdlib.h>

void placement_free(struct placement *p)
{
    free(p->spots);
    free(p->tensors);
    free(p->copies);
    *p = (struct placement){0};
}

const char *placement_name(const struct placement *p, const struct spot *spot)
{
    return spot->born >= 0 ? p->graph->nodes[spot->born].name : "(input)";
}

/* ---- who lies where ---- */

const struct spot *placement_spot(const struct placement *p, int tensor)
{
    return tensor >= 0 ? p->tensors[tensor] : NULL;
}

const struct spot *placement_copy(const struct placement *p, int node)
{
    return p->copies[node];
}

const struct spot *placement_input(const struct placement *p, int node)
{
    return p->copies[node] ? p->copies[node] : placement_spot(p, p->graph->nodes[node].inputs[0]);
}

static bool lies_at(const struct spot *inner, enum relation_kind kind, const struct spot *outer,
                    const struct corner *corner)
{
    const struct relation *r = &inner->relation;
    return r->kind == kind && r->inside.outer == outer && r->inside.channel == corner->channel &&
           r->inside.row == corner->row;
}

bool placement_in_place(const struct placement *p, int index, int input, int output)
{
    const struct node *node = &p->graph->nodes[index];
    const struct spot *in = p->tensors[node->inputs[input]], *out = p->tensors[node->outputs[output]];
    struct corner corner;
    return in == out ||
           (corner_in_input(&corner, p->graph, node, input, output) &&
            lies_at(out, RELATION_VIEW, in, &corner)) ||
           (corner_in_output(&corner, p->graph, node, input, output) &&
            lies_at(in, RELATION_PART, out, &corner));
}

bool placement_needs_step(const struct placement *p, int index)
{
    const struct node *node = &p->graph->nodes[index];
    bool needs = !sned_op_is(node->op, OPERATOR_MOVES);
    for (int i = 0; i < node->input_count && !needs; i++)
        for (int o = 0; o < node->output_count && !needs; o++)
            needs = !placement_in_place(p, index, i, o);
    return needs;
}

/* ---- what a spot is ---- */

bool spot_is_solid(const struct spot *spot)
{
    return spot->plane == spot->height * spot->pitch;
}

bool spot_is_inside(const struct spot *spot)
{
    return spot->relation.kind == RELATION_VIEW || spot->relation.kind == RELATION_PART;
}

const struct spot *spot_holder(const struct spot *spot)
{
    return spot_is_inside(spot)                   ? spot->relation.inside.outer
           : spot->relation.kind == RELATION_OVER ? spot->relation.under
                                                  : NULL;
}

bool spot_is_plain(const struct spot *spot)
{
    return spot->phases.stride[0] == 1 && spot->phases.stride[1] == 1;
}

bool spot_keeps_phase(const struct spot *spot, int phase)
{
    return spot->phases.kept >> phase & 1;
}

int spot_phases(const struct spot *spot)
{
    return __builtin_popcountll(spot->phases.kept);
}

int spot_phase_index(const struct spot *spot, int phase)
{
    return __builtin_popcountll(spot->phases.kept & (((uint64_t)1 << phase) - 1));
}
