/*
 * over.c - what is written where its input lies.
 *
 * Behind this pass what can be written over an input that dies with the node is OVER that, and the input's
 * spot, whose bytes it has, stays as long.
 */
#include "accel/place/passes.h"
#include "accel/program/numbers.h"
#include "accel/program/units.h"

/* Byte by byte the unit reads before it writes (units.h). Neither may lie inside of another, of which other
 * bytes are read as well. What lies inside of the input is read no more either, as the input stays as long.
 * */
static bool may_go_over(const struct spot *out, const struct spot *in, int node)
{
    return in->dies == node && in->relation.kind == RELATION_OWN && out->relation.kind == RELATION_OWN &&
           spot_is_plain(in) && !out->wide;
}

/* Of a sum's two inputs rather the second. */
static void find_over(const struct placing *p, int index)
{
    const struct node *node = &p->graph->nodes[index];
    struct spot *out = p->placement->tensors[node->outputs[0]];
    for (int i = node->input_count - 1; i >= 0 && out->relation.kind == RELATION_OWN; i--) {
        struct spot *in = node->inputs[i] >= 0 ? p->placement->tensors[node->inputs[i]] : NULL;
        if (in && may_go_over(out, in, index)) {
            out->relation = (struct relation){.kind = RELATION_OVER, .under = in};
            in->dies = (int)larger(in->dies, out->dies);
        }
    }
}

sned_status place_over(struct placing *p, sned_error *error)
{
    for (int n = 0; n < p->last; n++)
        if (accel_unit_row(p->graph->nodes[n].op)->may_overwrite)
            find_over(p, n);
    return SNED_OK;
}
