/*
 * lister.h - what the lists of a convolution are made with: places, masks, quads.
 *
 * A place is what an entry of a list can be: of taps, sparse and shared one weight of a filter, of the dense
 * forms the four weights that meet one quad of a plane. For a cluster of filters, as many as the form takes
 * at once, a mask says of each place which of them have something there.
 */
#ifndef SNED_RUNTIME_CONV_LISTER_H
#define SNED_RUNTIME_CONV_LISTER_H

#include "runtime/conv/conv.h"

enum { MASKED_FILTERS = 8, MASKS = 1 << MASKED_FILTERS, MOST_FILTERS = FILTER_LANES };

struct list_place {
    uint32_t offset;
    int32_t source[4]; /* of a filter's weights; -1: none */
};

/* A weight of some filters, which other filters may have too: there it is another tap of the same place. */
struct set_tap {
    uint32_t next; /* of its set */
    uint16_t place;
    uint8_t filters;
};

struct lister {
    const struct conv_layer *conv;
    const struct micro_kernels *micro;
    struct conv_layer *to;     /* where the lists go; NULL: they are only counted */
    struct conv_lists work;    /* so far */
    struct list_place *places; /* [place_count] */
    uint8_t *masks;            /* [place_count] */
    size_t place_count;
    size_t at;         /* shared: a filter's weight that the first place is, as of the present block */
    int lanes;         /* of a place */
    unsigned mask_end; /* above the masks of the present cluster */
    /* Of shared, by their sets: taps, room for a list's where it is made; and how many all lists of whole
     * clusters had. */
    struct set_tap *set_taps;
    size_t seen[QUAD_SETS], seen_lists;
};

struct quad {
    uint32_t offsets[4];
    int8_t weights[MOST_FILTERS][4];
};

/* Weights of a filter. */
static inline size_t filter_size(const struct conv_layer *conv)
{
    return (size_t)conv->group_channels * (size_t)conv->window.kernel[0] * (size_t)conv->window.kernel[1];
}

/* Its places, of shared those of a block; what it holds is freed by sned_lister_free, also where that
 * fails. */
sned_status sned_lister_open(struct lister *l, sned_error *error);
void sned_lister_free(struct lister *l);
/* Shared: on to a block of channels. */
void sned_lister_take_block(struct lister *l, int block);
/* The masks of the cluster of `count` filters from `cluster` on, and how often each occurs. */
void sned_lister_mask(struct lister *l, int cluster, int count, size_t histogram[MASKS]);
/* Quads more, of so many filters each, that are not made; or one that is. */
void sned_lister_count(struct lister *l, size_t quads, int filters);
void sned_lister_add(struct lister *l, const struct quad *quad, int filters);

/* ---- shared.c ---- */

/* The tile of filters from that one on whose masks these are, in quads that sets of them share. */
void sned_list_shared(struct lister *l, int filter, int count);

/* ---- sets.c ---- */

/* Taps that go to another set: to one of more filters, with weights of 0 for these; or to one of fewer and,
 * as further taps, to that of the rest. */
struct set_move {
    uint8_t from, to, rest;
    uint16_t count;
};
enum { MOST_MOVES = 192 };

struct set_plan {
    size_t taps[QUAD_SETS]; /* after the moves */
    struct set_move moves[MOST_MOVES];
    int move_count;
};

static inline int filters_in(unsigned set)
{
    int filters = 0;
    for (; set; set &= set - 1)
        filters++;
    return filters;
}

/* From taps as they are to quads: few, or of each set as many as usual. */
void sned_plan_few_quads(struct set_plan *plan);
void sned_plan_usual_quads(struct set_plan *plan, const uint8_t usual[QUAD_SETS]);
/* What is usual where so many lists have so many taps, together; false: nothing is, as of a single one. */
bool sned_find_usual_quads(uint8_t usual[QUAD_SETS], const size_t seen[QUAD_SETS], size_t lists);

#endif
