/*
 * memory.c - where in memory each spot begins.
 *
 * Behind this pass no two spots with bytes of their own that are there at one time meet. What only the head
 * reads, the nodes before the cut, lies from 0 on, what any other node reads from placement->head on:
 *
 *     0            head                        bytes
 *     |  the head  |  the tail, read from the cut on  |
 *
 * so that the next image's head can run beside this one's tail. Without a cut all is the head's.
 */
#include "accel/place/passes.h"
#include "accel/program/numbers.h"
#include "base/memory.h"

#include <stdlib.h>

struct memory {
    struct placement *placement;
    bool *placed; /* [spot_count]: has its base; owned */
};

/* ---- a place for each ---- */

static bool together(const struct spot *a, const struct spot *b)
{
    return a->born <= b->dies && b->born <= a->dies;
}

static bool in_tail(const struct placement *p, const struct spot *spot)
{
    return spot->dies >= p->cut;
}

/* The lowest place that no spot of the same part and time has. */
static int64_t lowest(const struct memory *m, const struct spot *spot)
{
    const struct placement *p = m->placement;
    int64_t base = in_tail(p, spot) ? p->head : 0;
    bool moved = true;
    while (moved) {
        moved = false;
        for (int s = 0; s < p->spot_count; s++) {
            const struct spot *other = &p->spots[s];
            if (m->placed[s] && in_tail(p, other) == in_tail(p, spot) && together(spot, other) &&
                base < other->base + other->bytes && other->base < base + spot->bytes) {
                base = other->base + other->bytes;
                moved = true;
            }
        }
    }
    return base;
}

/* The next of a part that has no place yet: the first, or the largest; NULL: all have. */
static struct spot *next_spot(const struct memory *m, bool tail, bool largest)
{
    const struct placement *p = m->placement;
    struct spot *next = NULL;
    for (int s = 0; s < p->spot_count && (largest || !next); s++) {
        struct spot *spot = &p->spots[s];
        if (!m->placed[s] && !spot_holder(spot) && in_tail(p, spot) == tail &&
            (!next || spot->bytes > next->bytes))
            next = spot;
    }
    return next;
}

/* Returns where the part ends; *last: the spot that ends there. */
static int64_t pack(const struct memory *m, bool tail, bool largest, const struct spot **last)
{
    struct placement *p = m->placement;
    int64_t end = tail ? p->head : 0;
    for (int s = 0; s < p->spot_count; s++)
        if (in_tail(p, &p->spots[s]) == tail)
            m->placed[s] = false;
    for (struct spot *spot = next_spot(m, tail, largest); spot; spot = next_spot(m, tail, largest)) {
        spot->base = lowest(m, spot);
        m->placed[spot - p->spots] = true;
        if (spot->base + spot->bytes > end) {
            end = spot->base + spot->bytes;
            *last = spot;
        }
    }
    return end;
}

/* The head's spots, or the tail's: neither order is always the better. */
static sned_status pack_part(const struct memory *m, const struct placing *placing, bool tail,
                             sned_error *error)
{
    struct placement *p = m->placement;
    const struct accel_config *config = placing->config;
    const struct spot *last = NULL;
    const int64_t largest = pack(m, tail, true, &last), first = pack(m, tail, false, &last);
    p->bytes = divide_up(largest < first ? pack(m, tail, true, &last) : first, 16) * 16;
    if (p->bytes > config->activation_bytes)
        return sned_fail(error, SNED_ERROR_UNSUPPORTED,
                         "node '%.80s': its activations need %lld bytes on chip beside those that are "
                         "read later; the configuration '%s' has %lld",
                         placement_name(p, last), (long long)p->bytes, config->name,
                         (long long)config->activation_bytes);
    return SNED_OK;
}

/* ---- of those that have none of their own ---- */

static int64_t base_of(const struct spot *spot)
{
    const struct relation *r = &spot->relation;
    const int64_t corner =
        spot_is_inside(spot) ? (int64_t)r->inside.channel * spot->plane + (int64_t)r->inside.row * spot->pitch
                             : 0;
    return spot_holder(spot) ? base_of(spot_holder(spot)) + corner : spot->base;
}

sned_status place_memory(struct placing *placing, sned_error *error)
{
    struct memory m = {.placement = placing->placement};
    struct placement *p = m.placement;
    sned_status status;
    SNED_TRY_DONE(sned_alloc(&m.placed, (size_t)p->spot_count, sizeof *m.placed, error));
    SNED_TRY_DONE(pack_part(&m, placing, false, error));
    p->head = p->bytes;
    SNED_TRY_DONE(pack_part(&m, placing, true, error));
    for (int s = 0; s < p->spot_count; s++)
        p->spots[s].base = base_of(&p->spots[s]);
done:
    free(m.placed);
    return status;
}
