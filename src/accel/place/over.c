/*
 * over.c - what is written where its input lies.
 *
 * Behind this pass what can be written over an input that dies with the node is OVER that, and the input's
 * spot, whose bytes it has, stays as long.
 */
#include "accel/place/passes.h"
#include "accel/program/numbers.h"
#include "accel/program/units.h"

/* A sum, an activation or an LRN reads each byte before it writes it. Around and inside of either nobody must
 * lie, as that is read as well. */
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
        if (in && may_go_over(out, in, index))
            out->relation = (struct relation){.kind = RELATION_OVER, .under = in};
    }
}

/* Backwards, so that chains add up. */
static void keep_under(const struct placing *p)
{
    for (int s = p->placement->spot_count - 1; s >= 0; s--) {
        const struct spot *over = &p->placement->spots[s];
        if (over->relation.kind == RELATION_OVER) {
            struct spot *under = over->relation.under;
            under->dies = (int)larger(under->dies, over->dies);
        }
    }
}

sned_status place_over(struct placing *p, sned_error *error)
{
    for (int n = 0; n < p->last; n++)
        if (accel_unit_row(p->graph->nodes[n].op)->may_overwrite)
            find_over(p, n);
    keep_under(p);
    return SNED_OK;
}
