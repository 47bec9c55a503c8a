/*
 * pitches.c - how far apart rows and planes lie, and how large each spot is.
 *
 * Behind this pass spots that must share a pitch have one, as wide as the widest row among them; what is
 * inside of another has its plane, too. Each spot's size is known, and none is larger than the memory, so
 * that numbers are small from here on.
 */
#include "accel/place/passes.h"
#include "accel/program/numbers.h"
#include "accel/program/units.h"
#include "base/memory.h"
#include "base/union_find.h"

#include <stdlib.h>

/* ---- who shares a pitch ---- */

struct sharing {
    struct placing *placing;
    int *root; /* [spot_count]: by union_find.h; owned */
};

static void share(struct sharing *s, const struct spot *a, const struct spot *b)
{
    const struct spot *spots = s->placing->placement->spots;
    s->root[find_root(s->root, (int)(a - spots))] = find_root(s->root, (int)(b - spots));
}

/* What the node reads and makes, where its rows must be as far apart in both (units.h). */
static void share_operands(struct sharing *s, int index)
{
    const struct placement *p = s->placing->placement;
    const struct node *node = &s->placing->graph->nodes[index];
    for (int i = 0; i < node->input_count && accel_unit_row(node->op)->keeps_pitch; i++) {
        const struct spot *in = i == 0 ? placement_input(p, index) : placement_spot(p, node->inputs[i]);
        if (in)
            share(s, in, p->tensors[node->outputs[0]]);
    }
}

static void find_shared(struct sharing *s)
{
    const struct placement *p = s->placing->placement;
    for (int i = 0; i < p->spot_count; i++)
        s->root[i] = i;
    for (int i = 0; i < p->spot_count; i++)
        if (spot_is_inside(&p->spots[i]))
            share(s, &p->spots[i], p->spots[i].relation.inside.outer);
    for (int n = 0; n < s->placing->last; n++)
        share_operands(s, n);
}

/* ---- sizes ---- */

/* What is around the spot, and around that, up to the last one; the spot itself, where it is inside of none.
 * */
static const struct spot *outermost(const struct spot *spot)
{
    while (spot_is_inside(spot))
        spot = spot->relation.inside.outer;
    return spot;
}

static sned_status set_size(const struct placing *p, struct spot *spot, int pitch, sned_error *error)
{
    const int64_t most = p->config->activation_bytes;
    const int64_t plane = (int64_t)pitch * outermost(spot)->height,
                  planes = (int64_t)spot->extent.channels * spot_phases(spot) * (spot->wide ? 2 : 1);
    if (plane > most || planes > most || plane * planes > most)
        return sned_fail(error, SNED_ERROR_UNSUPPORTED,
                         "node '%.80s': an activation of %lld planes of %lld bytes; the configuration '%s' "
                         "has %lld bytes on chip",
                         placement_name(p->placement, spot), (long long)planes, (long long)plane,
                         p->config->name, (long long)most);
    spot->pitch = pitch;
    spot->plane = (int)plane;
    spot->bytes = divide_up(planes * plane, 16) * 16;
    return SNED_OK;
}

sned_status place_pitches(struct placing *p, sned_error *error)
{
    const int count = p->placement->spot_count;
    struct spot *spots = p->placement->spots;
    struct sharing sharing = {.placing = p};
    int *widest = NULL; /* of all that share a pitch: by root */
    sned_status status;
    SNED_TRY_DONE(sned_alloc(&sharing.root, (size_t)count, sizeof *sharing.root, error));
    SNED_TRY_DONE(sned_alloc(&widest, (size_t)count, sizeof *widest, error));
    find_shared(&sharing);
    for (int s = 0; s < count; s++) {
        int *most = &widest[find_root(sharing.root, s)];
        *most = (int)larger(*most, spots[s].width);
    }
    for (int s = 0; s < count; s++)
        SNED_TRY_DONE(set_size(p, &spots[s], widest[find_root(sharing.root, s)], error));
done:
    free(sharing.root);
    free(widest);
    return status;
}
