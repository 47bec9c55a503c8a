/*
 * place.c - see place.h: how far apart rows and planes lie, and where in memory each spot does.
 */
#include "accel/program/numbers.h"
#include "accel/place/spots.h"
#include "base/memory.h"
#include "base/union_find.h"

#include <stdlib.h>

/* ---- pitches ---- */

const struct spot *placement_spot(const struct placement *p, int tensor)
{
    return tensor >= 0 && p->of_tensor[tensor] >= 0 ? &p->spots[p->of_tensor[tensor]] : NULL;
}

const struct spot *placement_copy(const struct placement *p, int node)
{
    return p->copy_for[node] >= 0 ? &p->spots[p->copy_for[node]] : NULL;
}

const struct spot *placement_input(const struct placement *p, int node)
{
    const struct spot *copy = placement_copy(p, node);
    return copy ? copy : placement_spot(p, p->graph->nodes[node].inputs[0]);
}

bool spot_is_solid(const struct spot *spot)
{
    return spot->plane == spot->height * spot->pitch;
}

/* The spot that this one lies inside of, or that one does ... */
static const struct spot *outermost(const struct placement *p, int spot)
{
    while (spot_lies_inside(&p->spots[spot]))
        spot = p->spots[spot].other;
    return &p->spots[spot];
}

/* Must input `i` of a node have its result's pitch? */
static bool shares_pitch(const struct placement *p, const struct graph *graph, int n, int i)
{
    switch (graph->nodes[n].op) {
    case OP_CONV:
    case OP_LRN:
    case OP_RELU:
    case OP_CLIP:
        return i == 0;
    case OP_ADD:
        return p->of_tensor[graph->nodes[n].inputs[i]] >= 0;
    case OP_CONCAT:
        return placement_in_place(p, n, i, 0);
    case OP_SLICE:
        return placement_in_place(p, n, 0, 0);
    default:
        return false;
    }
}

/* root[]: of all spots, by union_find.h, those that have one pitch. */
static void join_pitches(int *root, const struct placement *p, const struct graph *graph, int last)
{
    for (int s = 0; s < p->spot_count; s++)
        root[s] = s;
    for (int n = 0; n < last; n++) {
        const struct node *node = &graph->nodes[n];
        for (int i = 0; i < node->input_count; i++) {
            if (!shares_pitch(p, graph, n, i))
                continue;
            const int in = i == 0 ? (int)(placement_input(p, n) - p->spots) : p->of_tensor[node->inputs[i]];
            root[find_root(root, in)] = find_root(root, p->of_tensor[node->outputs[0]]);
        }
    }
}

static const char *name_of(const struct graph *graph, const struct spot *spot)
{
    return spot->born >= 0 ? graph->nodes[spot->born].name : "(input)";
}

/* What is larger than the memory is refused here, so that sizes are small from here on. */
static sned_status set_sizes(struct placement *p, int s, int pitch, const struct graph *graph,
                             const struct accel_config *config, sned_error *error)
{
    struct spot *spot = &p->spots[s];
    const int64_t plane = (int64_t)pitch * outermost(p, s)->height,
                  planes = (int64_t)spot->extent.channels * spot_phases(spot) * (spot->wide ? 2 : 1);
    if (plane > config->activation_bytes || planes > config->activation_bytes ||
        plane * planes > config->activation_bytes)
        return sned_fail(error, SNED_ERROR_UNSUPPORTED,
                         "node '%.80s': an activation of %lld planes of %lld bytes; the configuration '%s' "
                         "has %lld bytes on chip",
                         name_of(graph, spot), (long long)planes, (long long)plane, config->name,
                         (long long)config->activation_bytes);
    spot->pitch = pitch;
    spot->plane = (int)plane;
    spot->bytes = divide_up(planes * plane, 16) * 16;
    return SNED_OK;
}

static sned_status find_pitches(struct placement *p, const struct graph *graph, int last,
                                const struct accel_config *config, sned_error *error)
{
    int *root = NULL, *most = NULL;
    sned_status status;
    SNED_TRY_DONE(sned_alloc(&root, (size_t)p->spot_count, sizeof *root, error));
    SNED_TRY_DONE(sned_alloc(&most, (size_t)p->spot_count, sizeof *most, error));
    join_pitches(root, p, graph, last);
    for (int s = 0; s < p->spot_count; s++)
        most[find_root(root, s)] = (int)larger(most[find_root(root, s)], p->spots[s].width);
    for (int s = 0; s < p->spot_count; s++)
        SNED_TRY_DONE(set_sizes(p, s, most[find_root(root, s)], graph, config, error));
done:
    free(root);
    free(most);
    return status;
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
    return spot->lies == LIES_ALONE;
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
                         name_of(graph, last), (long long)p->bytes, config->name,
                         (long long)config->activation_bytes);
    return SNED_OK;
}

static int64_t base_of(const struct placement *p, int s)
{
    const struct spot *spot = &p->spots[s];
    if (spot->lies == LIES_ALONE)
        return spot->base;
    return base_of(p, spot->other) +
           (spot_lies_inside(spot) ? (int64_t)spot->channel * spot->plane + (int64_t)spot->row * spot->pitch
                                   : 0);
}

static sned_status find_places(struct placement *p, const struct graph *graph,
                               const struct accel_config *config, sned_error *error)
{
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
    *p = (struct placement){.graph = graph, .cut = cut};
    SNED_TRY_DONE(sned_alloc(&p->spots, 2 * (size_t)graph->node_count + 1, sizeof *p->spots, error));
    SNED_TRY_DONE(sned_alloc(&p->of_tensor, (size_t)graph->tensor_count, sizeof(int), error));
    SNED_TRY_DONE(sned_alloc(&p->copy_for, (size_t)graph->node_count, sizeof(int), error));
    for (int t = 0; t < graph->tensor_count; t++)
        p->of_tensor[t] = -1;
    for (int n = 0; n < graph->node_count; n++)
        p->copy_for[n] = -1;
    SNED_TRY_DONE(spots_find(p, graph, last, stay, error));
    SNED_TRY_DONE(find_pitches(p, graph, last, config, error));
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
