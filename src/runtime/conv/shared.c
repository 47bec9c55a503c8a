/*
 * shared.c - lists of quads that sets of filters share: of which filters a tap has a weight is its set, and
 * four taps of one set are a quad. sets.c says which taps count to other sets, so that they are.
 */
#include "runtime/conv/lister.h"

#include <string.h>

static const uint32_t NO_TAP = UINT32_MAX;

/* A list's taps, each set's in a chain. */
struct set_chains {
    struct set_tap *taps;
    uint32_t count, first[QUAD_SETS];
};

static void put(struct set_chains *chains, unsigned set, uint32_t tap)
{
    chains->taps[tap].next = chains->first[set];
    chains->first[set] = tap;
}

static uint32_t take(struct set_chains *chains, unsigned set)
{
    const uint32_t tap = chains->first[set];
    chains->first[set] = chains->taps[tap].next;
    return tap;
}

static void put_new(struct set_chains *chains, unsigned set, uint16_t place)
{
    chains->taps[chains->count] = (struct set_tap){.place = place, .filters = (uint8_t)set};
    put(chains, set, chains->count++);
}

static void chain(struct set_chains *chains, const struct lister *l)
{
    chains->count = 0;
    for (unsigned set = 0; set < QUAD_SETS; set++)
        chains->first[set] = NO_TAP;
    for (size_t p = l->place_count; p--;)
        if (l->masks[p])
            put_new(chains, l->masks[p], (uint16_t)p);
}

static void move(struct set_chains *chains, const struct set_plan *plan)
{
    for (int i = 0; i < plan->move_count; i++) {
        const struct set_move *of = &plan->moves[i];
        for (int k = 0; k < of->count; k++) {
            const uint32_t tap = take(chains, of->from);
            chains->taps[tap].filters &= of->to;
            put(chains, of->to, tap);
            if (of->rest)
                put_new(chains, of->rest, chains->taps[tap].place);
        }
    }
}

/* A set's next quad. Where there are no four taps, the last one's pixels, or any, have weights of 0. */
static void add_quad(struct lister *l, struct set_chains *chains, const int8_t *weights, unsigned set)
{
    const size_t size = filter_size(l->conv);
    struct quad quad = {{0}, {{0}}};
    for (int j = 0; j < 4; j++) {
        if (chains->first[set] == NO_TAP) {
            quad.offsets[j] = j ? quad.offsets[j - 1] : 0;
            continue;
        }
        const struct set_tap *tap = &chains->taps[take(chains, set)];
        int8_t(*to)[4] = quad.weights;
        quad.offsets[j] = l->places[tap->place].offset;
        for (int f = 0; f < SET_FILTERS; f++)
            if (set >> f & 1) {
                (*to)[j] = tap->filters >> f & 1 ? weights[(size_t)f * size + tap->place] : 0;
                to++;
            }
    }
    sned_lister_add(l, &quad, filters_in(set));
}

void sned_list_shared(struct lister *l, int filter, int count)
{
    const int8_t *weights = l->conv->weights + (size_t)filter * filter_size(l->conv) + l->at;
    const bool is_whole = count == l->work.way.cluster, is_even = is_whole && l->work.way.is_even;
    uint16_t *counts = l->to ? l->to->sets + l->work.tiles * QUAD_SETS : NULL;
    struct set_chains chains = {.taps = l->set_taps};
    struct set_plan plan = {.move_count = 0};
    for (size_t p = 0; p < l->place_count; p++)
        plan.taps[l->masks[p]]++;
    plan.taps[0] = 0;
    for (unsigned set = 1; set < QUAD_SETS; set++)
        l->seen[set] += is_whole ? plan.taps[set] : 0;
    l->seen_lists += is_whole;
    if (is_even)
        sned_plan_usual_quads(&plan, l->work.way.usual);
    else
        sned_plan_few_quads(&plan);
    if (l->to) {
        chain(&chains, l);
        move(&chains, &plan);
    }
    for (unsigned set = 1; set < QUAD_SETS; set++) {
        const size_t usual = is_even ? l->work.way.usual[set] : 0;
        const size_t needed = (plan.taps[set] + 3) / 4, quads = needed > usual ? needed : usual;
        l->work.sets += quads != usual;
        if (counts)
            counts[set] = (uint16_t)quads;
        if (!l->to)
            sned_lister_count(l, quads, filters_in(set));
        for (size_t q = l->to ? quads : 0; q; q--)
            add_quad(l, &chains, weights, set);
    }
}

double sned_conv_shared_cost(const struct conv_lists *work, const struct micro_costs *costs)
{
    return (double)work->entries * (double)costs->shared_quad +
           (double)work->products * (double)costs->shared_product +
           (double)work->sets * (double)costs->shared_set +
           (double)work->gone_on * (double)costs->shared_sums;
}
