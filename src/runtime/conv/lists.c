/*
 * lists.c - the weights of a convolution that are not 0, as lists for its tiles of filters.
 *
 * A place is what an entry of a list can be: of taps and sparse one weight of a filter, of the dense forms
 * the four weights that meet one quad of a plane. For a cluster of filters, as many as the form takes at
 * once, a mask says of each place which of them have something there. How many places any part of the cluster
 * has in common follows from how often each mask occurs, so that the cheapest split into tiles is known
 * before any list is written: filters that share their zeros (blocks), or have none, stay together.
 */
#include "runtime/conv/conv.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

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
};

/* ---- places ---- */

static size_t filter_size(const struct conv_layer *conv)
{
    return (size_t)conv->group_channels * (size_t)conv->window.kernel[0] * (size_t)conv->window.kernel[1];
}

static void list_single_places(struct lister *l)
{
    const struct conv_layer *conv = l->conv;
    for (int c = 0; c < conv->group_channels; c++)
        for (int r = 0; r < conv->window.kernel[0]; r++)
            for (int s = 0; s < conv->window.kernel[1]; s++, l->place_count++)
                l->places[l->place_count] = (struct list_place){sned_conv_tap_offset(conv, c, r, s),
                                                                {(int32_t)l->place_count, -1, -1, -1}};
}

/* The tap of an axis that meets pixel `at` of a plane of `phase`; -1: none. */
static int tap_at(const struct conv_layer *conv, int axis, int at, int phase)
{
    const int position = at * conv->window.stride[axis] + phase;
    const int tap = position / conv->window.dilation[axis];
    return position % conv->window.dilation[axis] == 0 && tap < conv->window.kernel[axis] ? tap : -1;
}

/* The quad `plane`, (dy, dx) pixels away, where any tap meets it. */
static void add_quad_place(struct lister *l, int plane, int dy, int dx)
{
    const struct conv_layer *conv = l->conv;
    struct list_place place = {.source = {-1, -1, -1, -1}};
    bool is_met = false;
    for (int j = 0; j < 4; j++) {
        int channel, phase[2];
        if (!sned_conv_source(conv, plane, j, &channel, phase))
            continue;
        const int r = tap_at(conv, 0, dy, phase[0]), s = tap_at(conv, 1, dx, phase[1]);
        if (r < 0 || s < 0)
            continue;
        place.source[j] = (channel * conv->window.kernel[0] + r) * conv->window.kernel[1] + s;
        place.offset = sned_conv_tap_offset(conv, channel, r, s);
        is_met = true;
    }
    if (is_met)
        l->places[l->place_count++] = place;
}

static void list_quad_places(struct lister *l)
{
    const struct window *window = &l->conv->window;
    int last[2];
    for (int axis = 0; axis < 2; axis++)
        last[axis] = (window->kernel[axis] - 1) * window->dilation[axis] / window->stride[axis];
    for (int plane = 0; plane < l->conv->planes.count; plane++)
        for (int dy = 0; dy <= last[0]; dy++)
            for (int dx = 0; dx <= last[1]; dx++)
                add_quad_place(l, plane, dy, dx);
}

/* Of a kernel's row, four taps each. */
static void list_sliding_places(struct lister *l)
{
    const struct conv_layer *conv = l->conv;
    const int rows = conv->window.kernel[0], columns = conv->window.kernel[1];
    for (int c = 0; c < conv->group_channels; c++)
        for (int r = 0; r < rows; r++)
            for (int s = 0; s < columns; s += 4) {
                struct list_place *place = &l->places[l->place_count++];
                place->offset = sned_conv_tap_offset(conv, c, r, s);
                for (int j = 0; j < 4; j++)
                    place->source[j] = s + j < columns ? (c * rows + r) * columns + s + j : -1;
            }
}

/* No form has more places than a filter has weights. */
static sned_status list_places(struct lister *l, sned_error *error)
{
    const enum conv_form form = l->conv->form;
    const bool is_single = form == CONV_TAPS || form == CONV_SPARSE;
    SNED_TRY(sned_alloc(&l->places, filter_size(l->conv), sizeof *l->places, error));
    SNED_TRY(sned_alloc(&l->masks, filter_size(l->conv), 1, error));
    l->lanes = is_single ? 1 : 4;
    if (is_single)
        list_single_places(l);
    else if (form == CONV_SLIDING)
        list_sliding_places(l);
    else
        list_quad_places(l);
    return SNED_OK;
}

/* ---- entries ---- */

static void add_pair(struct lister *l, const struct tap_pair *pair)
{
    if (l->to)
        l->to->pairs[l->work.entries] = *pair;
    l->work.entries++;
    l->work.products++;
}

static void list_pairs(struct lister *l, const int8_t *weights)
{
    struct tap_pair pair = {0};
    int half = 0;
    for (size_t p = 0; p < l->place_count; p++) {
        const int8_t weight = weights[l->places[p].source[0]];
        if (!weight)
            continue;
        pair.offset[half] = l->places[p].offset;
        pair.weight[half] = weight;
        half = !half;
        if (half == 0)
            add_pair(l, &pair);
    }
    pair.offset[1] = pair.offset[0];
    pair.weight[1] = 0;
    if (half)
        add_pair(l, &pair);
}

struct quad {
    uint32_t offsets[4];
    int8_t weights[MOST_FILTERS][4];
};

/* Filters of an entry; those that filter lanes are short of have weights of 0. */
static size_t listed_filters(const struct lister *l, int filters)
{
    return l->conv->form == CONV_FILTER_LANES ? FILTER_LANES : (size_t)filters;
}

static void add_quad(struct lister *l, const struct quad *quad, int filters)
{
    const size_t places = l->lanes == 4 ? 1 : 4, listed = listed_filters(l, filters);
    if (l->to) {
        memcpy(l->to->offsets + l->work.entries * places, quad->offsets, places * sizeof *quad->offsets);
        memcpy(l->to->quads + l->work.products * 4, quad->weights, listed * 4);
    }
    l->work.entries++;
    l->work.products += listed;
}

/* What of the second weight of a pair may stand beside the first one (struct micro_kernels, pair_limit). */
static int8_t beside(int8_t first, int8_t second, int limit)
{
    if (!limit || (first < 0) != (second < 0) || abs(first) + abs(second) <= limit)
        return second;
    return (int8_t)(second < 0 ? -limit - first : limit - first);
}

/* Quads of a plane; what exceeds the column's limit is a further quad of the same pixels. */
static void list_dense(struct lister *l, const int8_t *weights, int filters, unsigned bits)
{
    const size_t size = filter_size(l->conv);
    for (size_t p = 0; p < l->place_count; p++) {
        const struct list_place *place = &l->places[p];
        struct quad quad = {{place->offset}, {{0}}}, rest = quad;
        bool has_rest = true;
        if (!(l->masks[p] & bits))
            continue;
        for (int f = 0; f < filters; f++)
            for (int j = 0; j < 4; j++)
                rest.weights[f][j] =
                    place->source[j] < 0 ? 0 : weights[(size_t)f * size + (size_t)place->source[j]];
        while (has_rest) {
            has_rest = false;
            for (int f = 0; f < filters; f++)
                for (int j = 0; j < 4; j++) {
                    int8_t *from = &rest.weights[f][j], *to = &quad.weights[f][j];
                    *to = j % 2 ? beside(to[-1], *from, l->micro->pair_limit) : *from;
                    *from = (int8_t)(*from - *to);
                    has_rest |= *from != 0;
                }
            add_quad(l, &quad, filters);
        }
    }
}

/* A tap's weights as byte *lane of the quad; what exceeds the column's limit is one more tap. */
static void add_tap(struct lister *l, struct quad *quad, int *lane, uint32_t offset, int8_t *tap, int filters)
{
    bool has_rest = true;
    while (has_rest) {
        const int j = (*lane)++;
        has_rest = false;
        quad->offsets[j] = offset;
        for (int f = 0; f < filters; f++) {
            int8_t *to = &quad->weights[f][j];
            *to = j % 2 ? beside(to[-1], tap[f], l->micro->pair_limit) : tap[f];
            tap[f] = (int8_t)(tap[f] - *to);
            has_rest |= tap[f] != 0;
        }
        if (*lane == 4) {
            add_quad(l, quad, filters);
            *lane = 0;
        }
    }
}

static void list_sparse(struct lister *l, const int8_t *weights, int filters, unsigned bits)
{
    const size_t size = filter_size(l->conv);
    struct quad quad;
    int lane = 0;
    uint32_t last = 0;
    for (size_t p = 0; p < l->place_count; p++) {
        int8_t tap[MOST_FILTERS];
        if (!(l->masks[p] & bits))
            continue;
        for (int f = 0; f < filters; f++)
            tap[f] = weights[(size_t)f * size + (size_t)l->places[p].source[0]];
        last = l->places[p].offset;
        add_tap(l, &quad, &lane, last, tap, filters);
    }
    while (lane) {
        int8_t none[MOST_FILTERS] = {0};
        add_tap(l, &quad, &lane, last, none, filters);
    }
}

/* ---- tiles ---- */

/* Filters [low, low + count) of a cluster in its masks; of filter lanes all are one. */
static unsigned bits_of(const struct lister *l, int low, int count)
{
    return l->conv->form == CONV_FILTER_LANES ? 1 : ((1u << count) - 1) << low;
}

/* Those filters of the cluster that begins with `cluster`. */
static void list_tile(struct lister *l, int cluster, int low, int count)
{
    const int filter = cluster + low;
    const int8_t *weights = l->conv->weights + (size_t)filter * filter_size(l->conv);
    const unsigned bits = bits_of(l, low, count);
    const size_t first = l->work.entries;
    struct filter_tile *tile = l->to ? &l->to->tiles[l->work.tiles] : NULL;
    if (tile) {
        *tile = (struct filter_tile){.filter = filter, .list.filters = count};
        if (l->conv->form == CONV_TAPS) {
            tile->pairs = l->to->pairs + first;
        } else {
            tile->list.offsets = l->to->offsets + first * (l->lanes == 4 ? 1 : 4);
            tile->list.weights = l->to->quads + l->work.products * 4;
            tile->list.start = l->to->start + filter;
        }
    }
    if (l->conv->form == CONV_TAPS)
        list_pairs(l, weights);
    else if (l->conv->form == CONV_SPARSE)
        list_sparse(l, weights, count, bits);
    else
        list_dense(l, weights, count, bits);
    if (tile)
        *(l->conv->form == CONV_TAPS ? &tile->pair_count : &tile->list.count) = l->work.entries - first;
    l->work.tiles++;
}

static void find_masks(struct lister *l, int cluster, int count, size_t histogram[MASKS])
{
    const size_t size = filter_size(l->conv);
    const int8_t *weights = l->conv->weights + (size_t)cluster * size;
    const bool is_split = l->conv->form != CONV_FILTER_LANES;
    memset(l->masks, 0, l->place_count);
    for (int f = 0; f < count; f++, weights += size)
        for (size_t p = 0; p < l->place_count; p++) {
            const int32_t *source = l->places[p].source;
            bool is_met = false;
            for (int j = 0; j < l->lanes; j++)
                is_met |= source[j] >= 0 && weights[source[j]] != 0;
            l->masks[p] |= (uint8_t)(is_met << (is_split ? f : 0));
        }
    l->mask_end = 1u << (is_split ? count : 1);
    memset(histogram, 0, l->mask_end * sizeof *histogram);
    for (size_t p = 0; p < l->place_count; p++)
        histogram[l->masks[p]]++;
}

/* Of a tile of those filters, a place. */
static double tile_cost(const struct lister *l, const size_t histogram[MASKS], int low, int count)
{
    const struct micro_costs *costs = &l->micro->costs;
    const unsigned bits = ((1u << count) - 1) << low;
    size_t places = 0;
    for (unsigned mask = 0; mask < l->mask_end; mask++)
        places += mask & bits ? histogram[mask] : 0;
    return (double)places * (l->lanes == 4 ? costs->dense_quad + count * costs->dense_product
                                           : costs->sparse_quad + count * costs->sparse_product);
}

static double cheapest_cost(const struct lister *l, const size_t histogram[MASKS], int low, int count)
{
    const double whole = tile_cost(l, histogram, low, count);
    if (count == 1)
        return whole;
    const double halves = cheapest_cost(l, histogram, low, count / 2) +
                          cheapest_cost(l, histogram, low + count / 2, count - count / 2);
    return halves < whole ? halves : whole;
}

static void list_cluster(struct lister *l, const size_t histogram[MASKS], int cluster, int low, int count)
{
    if (count == 1 || l->conv->form == CONV_FILTER_LANES ||
        tile_cost(l, histogram, low, count) <= cheapest_cost(l, histogram, low, count)) {
        list_tile(l, cluster, low, count);
        return;
    }
    list_cluster(l, histogram, cluster, low, count / 2);
    list_cluster(l, histogram, cluster, low + count / 2, count - count / 2);
}

/* How many filters, of so many that are left in a group, are looked at together. */
static int cluster_size(const struct lister *l, int left)
{
    if (l->conv->form == CONV_TAPS)
        return 1;
    if (l->conv->form == CONV_FILTER_LANES)
        return left < FILTER_LANES ? left : FILTER_LANES;
    if (l->conv->form == CONV_SPARSE)
        return left >= 4 ? 4 : left >= 2 ? 2 : 1;
    return left < l->micro->dense_filters ? left : l->micro->dense_filters;
}

static void list_all(struct lister *l)
{
    const int filters = l->conv->output.extent.channels, of_group = l->conv->group_filters;
    for (int k = 0, count; k < filters; k += count) {
        size_t histogram[MASKS];
        count = cluster_size(l, of_group - k % of_group);
        if (l->conv->form != CONV_TAPS)
            find_masks(l, k, count, histogram);
        list_cluster(l, histogram, k, 0, count);
    }
}

static void lister_free(struct lister *l)
{
    sned_free(l->places);
    sned_free(l->masks);
}

sned_status sned_conv_count(const struct conv_layer *conv, const struct micro_kernels *micro,
                            struct conv_lists *work, sned_error *error)
{
    struct lister l = {.conv = conv, .micro = micro};
    const sned_status status = list_places(&l, error);
    if (status == SNED_OK)
        list_all(&l);
    *work = l.work;
    lister_free(&l);
    return status;
}

/* The flip adds 128 times each weight to the products, or takes it away. */
sned_status sned_conv_start(struct conv_layer *conv, const struct micro_kernels *micro, sned_error *error)
{
    const size_t size = filter_size(conv);
    const uint32_t shift = conv->flip ? micro->bytes == VALUE_U8 ? 128 : -128u : 0;
    SNED_TRY(sned_alloc(&conv->start, (size_t)conv->output.extent.channels, sizeof *conv->start, error));
    for (int k = 0; k < conv->output.extent.channels; k++) {
        int32_t sum = 0;
        for (size_t i = 0; i < size; i++)
            sum += conv->weights[(size_t)k * size + i];
        conv->start[k] = (int32_t)((uint32_t)(conv->bias ? conv->bias[k] : 0) - shift * (uint32_t)sum);
    }
    return SNED_OK;
}

sned_status sned_conv_list(struct conv_layer *conv, const struct micro_kernels *micro,
                           const struct conv_lists *work, sned_error *error)
{
    struct lister l = {.conv = conv, .micro = micro, .to = conv};
    sned_status status;
    SNED_TRY_DONE(sned_alloc(&conv->tiles, work->tiles, sizeof *conv->tiles, error));
    SNED_TRY_DONE(sned_conv_start(conv, micro, error));
    if (conv->form == CONV_TAPS) {
        SNED_TRY_DONE(sned_alloc(&conv->pairs, work->entries, sizeof *conv->pairs, error));
    } else {
        const size_t offsets = conv->form == CONV_SPARSE ? 4 : 1;
        SNED_TRY_DONE(sned_alloc(&conv->offsets, work->entries * offsets, sizeof *conv->offsets, error));
        SNED_TRY_DONE(sned_alloc(&conv->quads, work->products, 4, error));
    }
    SNED_TRY_DONE(list_places(&l, error));
    list_all(&l);
    conv->tile_count = (int)work->tiles;
done:
    lister_free(&l);
    return status;
}

void sned_conv_free_lists(struct conv_layer *conv)
{
    sned_free(conv->tiles);
    sned_free(conv->pairs);
    sned_free(conv->offsets);
    sned_free(conv->quads);
    sned_free(conv->start);
    sned_free(conv->piece_firsts);
    sned_free(conv->gathers);
    sned_free(conv->orders);
}
