/*
 * shared.c - lists of quads that sets of filters share: of which filters a tap has a weight is its set, and
 * four taps of one set are a quad. What is left of each set, up to three taps, makes quads of taps whose
 * sets differ as little as may be; such a quad is of the set of all their filters, with zeros where a filter
 * has none.
 *
 * A list is in blocks of taps that lie near each other. The micro-kernel goes through it for each 64 pixels,
 * through a block once for each set; so what a block's taps read, some lines of the cache each, should stay
 * in the first one meanwhile.
 */
#include "runtime/conv/lister.h"

#include <string.h>

enum {
    BLOCK_BYTES = 48 << 10, /* of 3x3 on 56x56 128 channels: half costs 1 to 5 % more, no blocks 12 to 19 % */
    LINE_BYTES = 64,
    MOST_PLACES = UINT16_MAX,
    MOST_LEFT = 3 * QUAD_SETS
};

/* A quad of a block: its set, and its places. */
struct set_quad {
    uint8_t set, count;
    uint32_t places[4];
};

struct set_block {
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

/* Bytes of a channel's planes that its taps read for 64 pixels: of each row of taps two lines of the cache,
 * or where rows are short, what lies between the first tap and the last. */
static size_t channel_bytes(const struct conv_layer *conv)
{
    const size_t apart = (size_t)conv->window.kernel[0] * 2 * LINE_BYTES;
    const size_t close =
        (conv->planes.height - (size_t)conv->output.extent.height + 1) * conv->planes.pitch + 2 * LINE_BYTES;
    return (apart < close ? apart : close) * (size_t)conv->planes.phases[1];
}

/* Places of a block. */
static size_t block_size(const struct conv_layer *conv)
{
    const size_t taps = (size_t)conv->window.kernel[0] * (size_t)conv->window.kernel[1];
    const size_t bytes = channel_bytes(conv), channels = bytes < BLOCK_BYTES ? BLOCK_BYTES / bytes : 1;
    return taps < MOST_PLACES / channels ? taps * channels : MOST_PLACES;
}

/* The places of a block, by their sets. */
static void sort_by_set(struct lister *l, size_t first, size_t end, struct set_block *block)
{
    size_t at[QUAD_SETS], sum = 0;
    memset(block->taps, 0, sizeof block->taps);
    for (size_t p = first; p < end; p++)
        block->taps[l->masks[p]]++;
    for (unsigned set = 0; set < QUAD_SETS; set++) {
        at[set] = block->first[set] = sum;
        sum += block->taps[set];
    }
    if (l->to)
        for (size_t p = first; p < end; p++)
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
static void join_left(const struct lister *l, struct set_block *block)
{
    struct set_quad *taps = block->left;
    int count = 0;
    for (int bits = SET_FILTERS; bits; bits--)
        for (unsigned set = 1; set < QUAD_SETS; set++)
            for (size_t i = bits_of(set) == bits ? block->taps[set] % 4 : 0; i; i--)
                taps[count++] =
                    (struct set_quad){(uint8_t)set, 1, {l->by_set[block->first[set] + block->taps[set] - i]}};
    block->left_count = 0;
    for (int first = 0; first < count;) {
        struct set_quad *quad = &block->left[block->left_count++];
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

static void list_block(struct lister *l, const int8_t *weights, size_t first, size_t end)
{
    struct set_block block;
    uint16_t *counts = l->to ? l->to->sets + l->work.blocks * QUAD_SETS : NULL;
    sort_by_set(l, first, end, &block);
    join_left(l, &block);
    for (unsigned set = 1; set < QUAD_SETS; set++) {
        const uint32_t *places = l->by_set + block.first[set];
        const size_t before = l->work.entries;
        add_set_quads(l, weights, set, places, block.taps[set] / 4);
        for (int i = 0; i < block.left_count; i++)
            if (block.left[i].set == set)
                add_set_quad(l, weights, &block.left[i]);
        l->work.sets += l->work.entries > before;
        if (counts)
            counts[set] = (uint16_t)(l->work.entries - before);
    }
    l->work.blocks++;
}

void sned_list_shared(struct lister *l, int filter)
{
    const int8_t *weights = l->conv->weights + (size_t)filter * filter_size(l->conv);
    const size_t step = block_size(l->conv);
    for (size_t first = 0; first < l->place_count; first += step)
        list_block(l, weights, first, first + step < l->place_count ? first + step : l->place_count);
}
