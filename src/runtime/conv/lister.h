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

struct lister {
    const struct conv_layer *conv;
    const struct micro_kernels *micro;
    struct conv_layer *to;     /* where the lists go; NULL: they are only counted */
    struct conv_lists work;    /* so far */
    struct list_place *places; /* [place_count] */
    uint8_t *masks;            /* [place_count] */
    size_t place_count;
    int lanes;         /* of a place */
    unsigned mask_end; /* above the masks of the present cluster */
    uint32_t *by_set;  /* shared: [place_count], sorted by their sets */
    int cluster;       /* filters that are looked at together, where as many are left */
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

/* Its places; what it holds is freed by sned_lister_free, also where that fails. */
sned_status sned_lister_open(struct lister *l, sned_error *error);
void sned_lister_free(struct lister *l);
/* The masks of the cluster of `count` filters from `cluster` on, and how often each occurs. */
void sned_lister_mask(struct lister *l, int cluster, int count, size_t histogram[MASKS]);
/* Quads more, of so many filters each, that are not made; or one that is. */
void sned_lister_count(struct lister *l, size_t quads, int filters);
void sned_lister_add(struct lister *l, const struct quad *quad, int filters);

/* ---- shared.c ---- */

/* The tile of filters from that one on whose masks these are, in quads that sets of them share. */
void sned_list_shared(struct lister *l, int filter);

#endif
