/*
 * times.c - from when to when each activation is there.
 *
 * Behind this pass `born` is the first node that writes a byte of the spot, and `dies` the last one that
 * reads one, or that may run at the same time as such a node (beside.h). A byte of what lies inside of the
 * spot is a byte of it. A result is read by `last`, which stands for the store.
 */
#include "accel/place/beside.h"
#include "accel/place/passes.h"
#include "accel/program/numbers.h"
#include "accel/program/units.h"

/* ---- who reads it last ---- */

static void find_readers(const struct placing *p)
{
    struct spot **tensors = p->placement->tensors;
    for (int n = 0; n < p->last; n++)
        for (int i = 0; i < p->graph->nodes[n].input_count; i++) {
            const int in = p->graph->nodes[n].inputs[i];
            if (in >= 0 && tensors[in])
                tensors[in]->dies = n;
        }
    for (int i = 0; i < p->results.count; i++)
        tensors[p->results.tensors[i]]->dies = p->last;
}

/* ---- what runs beside that ---- */

static void keep(struct spot *spot, int until)
{
    if (spot)
        spot->dies = (int)larger(spot->dies, until);
}

/* All that a node reads stays until node `until`. */
static void keep_inputs(const struct placing *p, int index, int until)
{
    const struct node *node = &p->graph->nodes[index];
    struct spot *copy = p->placement->copies[index];
    for (int i = 0; i < node->input_count; i++)
        if (i == 0 && copy)
            keep(copy, until);
        else if (node->inputs[i] >= 0)
            keep(p->placement->tensors[node->inputs[i]], until);
}

/* Not what is joined, by a Concat: most of that is made in place, and would be kept for nothing. */
static void keep_beside(const struct placing *p)
{
    for (int n = 0; n < p->last; n++) {
        const struct node *node = &p->graph->nodes[n];
        const enum accel_unit unit = accel_unit_row(node->op)->unit;
        if (p->stay == STAY_PARTS && unit == UNIT_LANES)
            keep_inputs(p, n, beside_parts(p->graph, n, p->last));
        if (p->stay != STAY_SHORT && unit == UNIT_VECTOR && !place_joins(node) &&
            placement_needs_step(p->placement, n))
            keep_inputs(p, n, beside_conv(p->graph, n, p->last));
    }
}

/* ---- what is around it ---- */

/* A spot is there from when the first of what lies inside of it is made until the last of it was read. It may
 * lie inside of another itself: so until nothing changes. */
static void keep_around(const struct placing *p)
{
    for (bool changed = true; changed;) {
        changed = false;
        for (int s = 0; s < p->placement->spot_count; s++) {
            const struct spot *inner = &p->placement->spots[s];
            if (!spot_is_inside(inner))
                continue;
            struct spot *outer = inner->relation.inside.outer;
            changed = changed || inner->born < outer->born || inner->dies > outer->dies;
            outer->born = (int)smaller(outer->born, inner->born);
            outer->dies = (int)larger(outer->dies, inner->dies);
        }
    }
}

sned_status place_times(struct placing *p, sned_error *error)
{
    find_readers(p);
    keep_beside(p);
    keep_around(p);
    return SNED_OK;
}
