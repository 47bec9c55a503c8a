/*
 * shared.c - lists of quads that sets of filters share: of which filters a tap has a weight is its set, and
 * four taps of one set are a quad. What is left of each set, up to three taps, makes quads of taps whose
 * sets differ as little as may be; such a quad is of the set of all their filters, with zeros where a filter
 * has none.
 */
#include "runtime/conv/lister.h"

#include <string.h>

enum { MOST_LEFT = 3 * QUAD_SETS };

/* A quad: its set, and its places. */
struct set_quad {
    uint8_t set, count;
    uint32_t places[4];
};

struct set_taps {
    size_t taps[QUAD_SETS], first[QUAD_SETS]; /* in l->by_set */
    struct set_quad left[MOST_LEFT];
    int left_count;
};

static int bits_of(unsigned set)
{
    int bits = 0;
    for (; set; set &= set - 1)
        bits++;
    return bits;
}

/* All places, by their sets. */
static void sort_by_set(struct lister *l, struct set_taps *sorted)
{
    size_t at[QUAD_SETS], sum = 0;
    memset(sorted->taps, 0, sizeof sorted->taps);
    for (size_t p = 0; p < l->place_count; p++)
        sorted->taps[l->masks[p]]++;
    for (unsigned set = 0; set < QUAD_SETS; set++) {
        at[set] = sorted->first[set] = sum;
        sum += sorted->taps[set];
    }
    if (l->to)
        for (size_t p = 0; p < l->place_count; p++)
            l->by_set[at[l->masks[p]]++] = (uint32_t)p;
}

/* Of the taps in left[], one each, the one that adds fewest filters to the set. */
static int nearest(const struct set_quad *left, int count, unsigned set)
{
    int best = 0;
    for (int i = 1; i < count; i++)
        if (bits_of(set | left[i].set) < bits_of(set | left[best].set))
            best = i;
    return best;
}

/* Taps that fill no quad of their set, into quads of wider ones, beginning with those of most filters. The
 * quads take the places of taps that are done. */
static void join_left(const struct lister *l, struct set_taps *sorted)
{
    struct set_quad *taps = sorted->left;
    int count = 0;
    for (int bits = SET_FILTERS; bits; bits--)
        for (unsigned set = 1; set < QUAD_SETS; set++)
            for (size_t i = bits_of(set) == bits ? sorted->taps[set] % 4 : 0; i; i--)
                taps[count++] = (struct set_quad){
                    (uint8_t)set, 1, {l->by_set[sorted->first[set] + sorted->taps[set] - i]}};
    sorted->left_count = 0;
    for (int first = 0; first < count;) {
        struct set_quad *quad = &sorted->left[sorted->left_count++];
        *quad = taps[first++];
        while (quad->count < 4 && first < count) {
            const int other = first + nearest(taps + first, count - first, quad->set);
            quad->set |= taps[other].set;
            quad->places[quad->count++] = taps[other].places[0];
            taps[other] = taps[first++];
        }
    }
}

/* Places behind the last one are its pixels with weights of 0. */
static void add_set_quad(struct lister *l, const int8_t *weights, const struct set_quad *from)
{
    const size_t size = filter_size(l->conv);
    struct quad quad = {{0}, {{0}}};
    for (int j = 0; j < 4; j++) {
        const struct list_place *place = &l->places[from->places[j < from->count ? j : from->count - 1]];
        quad.offsets[j] = place->offset;
        int8_t(*to)[4] = quad.weights;
        for (int f = 0; f < SET_FILTERS; f++)
            if (from->set >> f & 1)
                (*to++)[j] =
                    (int8_t)(j < from->count ? weights[(size_t)f * size + (size_t)place->source[0]] : 0);
    }
    sned_lister_add(l, &quad, bits_of(from->set));
}

/* Quads of the set's own; where they are only counted, their places are not known. */
static void add_set_quads(struct lister *l, const int8_t *weights, unsigned set, const uint32_t *places,
                          size_t count)
{
    if (l->to) {
        for (size_t q = 0; q < count; q++, places += 4)
            add_set_quad(l, weights,
                         &(struct set_quad){(uint8_t)set, 4, {places[0], places[1], places[2], places[3]}});
    } else {
        sned_lister_count(l, count, bits_of(set));
    }
}

void sned_list_shared(struct lister *l, int filter)
{
    const int8_t *weights = l->conv->weights + (size_t)filter * filter_size(l->conv);
    struct set_taps sorted;
    uint16_t *counts = l->to ? l->to->sets + l->work.tiles * QUAD_SETS : NULL;
    sort_by_set(l, &sorted);
    join_left(l, &sorted);
    for (unsigned set = 1; set < QUAD_SETS; set++) {
        const uint32_t *places = l->by_set + sorted.first[set];
        const size_t before = l->work.entries;
        add_set_quads(l, weights, set, places, sorted.taps[set] / 4);
        for (int i = 0; i < sorted.left_count; i++)
            if (sorted.left[i].set == set)
                add_set_quad(l, weights, &sorted.left[i]);
        l->work.sets += l->work.entries > before;
        if (counts)
            counts[set] = (uint16_t)(l->work.entries - before);
    }
}

double sned_conv_shared_cost(const struct conv_layer *conv, const struct conv_lists *work,
                             const struct micro_costs *costs)
{
    const double entries = (double)work->entries, beyond = sned_conv_beyond_near(conv);
    const double sums =
        entries * (double)costs->shared_quad + (double)work->products * (double)costs->shared_product;
    const double far = entries * (double)costs->shared_far; /* meanwhile */
    return (double)work->sets * (double)costs->shared_set + sums +
           (far > sums ? (far - sums) * (beyond < 1 ? beyond : 1) : 0);
}
