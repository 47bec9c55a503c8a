/*
 * lists.c - the weights of a convolution that are not 0, as lists for its tiles of filters.
 *
 * How many places any part of a cluster of filters has in common follows from how often each mask occurs
 * (lister.h), so that the cheapest split into tiles is known before any list is written: filters that share
 * their zeros (blocks), or have none, stay together. Of shared each cluster is a tile.
 */
#include "runtime/conv/lister.h"
#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

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

enum { SPARSE_FILTERS = 4, MOST_WAITING = 8 };

/* Whether two weights may stand together as they are (struct micro_kernels, pair_limit): of different signs
 * no sum is too large. */
static bool fit(const struct lister *l, int first, int second)
{
    return !l->micro->pair_limit || abs(first + second) <= l->micro->pair_limit;
}

/* What of the second one may. */
static int8_t beside(const struct lister *l, int8_t first, int8_t second)
{
    const int limit = second < 0 ? -l->micro->pair_limit : l->micro->pair_limit;
    return fit(l, first, second) ? second : (int8_t)(limit - first);
}

static bool is_within_limit(const struct lister *l, const struct quad *quad, int filters)
{
    bool is_within = true;
    for (int f = 0; f < filters; f++)
        is_within &= fit(l, quad->weights[f][0], quad->weights[f][1]) &
                     fit(l, quad->weights[f][2], quad->weights[f][3]);
    return is_within;
}

/* Quads of a plane; what exceeds the column's limit is a further quad of the same pixels. */
static void list_dense(struct lister *l, const int8_t *weights, int filters, unsigned bits)
{
    const size_t size = filter_size(l->conv);
    struct quad quad = {{0}, {{0}}}, rest = quad;
    for (size_t p = 0; p < l->place_count; p++) {
        const struct list_place *place = &l->places[p];
        if (!(l->masks[p] & bits))
            continue;
        quad.offsets[0] = rest.offsets[0] = place->offset;
        for (int f = 0; f < filters; f++)
            for (int j = 0; j < 4; j++)
                rest.weights[f][j] =
                    place->source[j] < 0 ? 0 : weights[(size_t)f * size + (size_t)place->source[j]];
        while (!is_within_limit(l, &rest, filters)) {
            for (int f = 0; f < filters; f++)
                for (int j = 0; j < 4; j++) {
                    int8_t *from = &rest.weights[f][j], *to = &quad.weights[f][j];
                    *to = j % 2 ? beside(l, to[-1], *from) : *from;
                    *from = (int8_t)(*from - *to);
                }
            sned_lister_add(l, &quad, filters);
        }
        sned_lister_add(l, &rest, filters);
    }
}

/* A tap of some filters. */
struct tap {
    uint32_t offset;
    int8_t weights[SPARSE_FILTERS];
};

/* Taps on their way into quads, two at a time, which stand together within the column's limit. One that fits
 * no other one that waits does so itself. */
struct tap_queue {
    struct quad quad;
    int lanes; /* of the quad: 0 or 2 */
    int count;
    struct tap waiting[MOST_WAITING];
};

/* Two taps to the quad; what exceeds the limit waits, as one more tap. */
static void add_taps(struct lister *l, struct tap_queue *queue, struct tap first, struct tap second,
                     int filters)
{
    const int at = queue->lanes;
    struct tap rest = second;
    bool has_rest = false;
    queue->quad.offsets[at] = first.offset;
    queue->quad.offsets[at + 1] = second.offset;
    for (int f = 0; f < filters; f++) {
        int8_t *to = queue->quad.weights[f] + at;
        to[0] = first.weights[f];
        to[1] = beside(l, to[0], second.weights[f]);
        rest.weights[f] = (int8_t)(rest.weights[f] - to[1]);
        has_rest |= rest.weights[f] != 0;
    }
    if (has_rest)
        queue->waiting[queue->count++] = rest;
    queue->lanes = (at + 2) % 4;
    if (queue->lanes == 0)
        sned_lister_add(l, &queue->quad, filters);
}

static bool taps_fit(const struct lister *l, const struct tap *first, const struct tap *second, int filters)
{
    bool is_within = true;
    for (int f = 0; f < filters; f++)
        is_within &= fit(l, first->weights[f], second->weights[f]);
    return is_within;
}

/* The first one that waits and fits, and goes; where none does, and there `must` be one, the first of all. */
static bool take_waiting(struct tap *taken, const struct lister *l, struct tap_queue *queue,
                         const struct tap *beside_it, int filters, bool must)
{
    int i = 0;
    while (i < queue->count && !taps_fit(l, &queue->waiting[i], beside_it, filters))
        i++;
    if (i == queue->count && must)
        i = 0;
    if (i == queue->count)
        return false;
    *taken = queue->waiting[i];
    queue->count--;
    memmove(&queue->waiting[i], &queue->waiting[i + 1], (size_t)(queue->count - i) * sizeof *taken);
    return true;
}

static void list_sparse(struct lister *l, const int8_t *weights, int filters, unsigned bits)
{
    const size_t size = filter_size(l->conv);
    struct tap_queue queue = {.count = 0};
    struct tap tap = {0}, other;
    for (size_t p = 0; p < l->place_count; p++) {
        if (!(l->masks[p] & bits))
            continue;
        tap.offset = l->places[p].offset;
        for (int f = 0; f < filters; f++)
            tap.weights[f] = weights[(size_t)f * size + (size_t)l->places[p].source[0]];
        if (take_waiting(&other, l, &queue, &tap, filters, queue.count == MOST_WAITING))
            add_taps(l, &queue, other, tap, filters);
        else
            queue.waiting[queue.count++] = tap;
    }
    while (queue.count || queue.lanes) {
        const struct tap none = {.offset = tap.offset};
        struct tap last = none;
        take_waiting(&last, l, &queue, &none, filters, false);
        if (!take_waiting(&other, l, &queue, &last, filters, true))
            other = none;
        add_taps(l, &queue, last, other, filters);
    }
}

/* ---- tiles ---- */

/* Of weights that are positive, and negative, each with the input that makes most, or least, of it. */
bool sned_conv_has_small_sums(const struct conv_layer *conv, int filter, int count)
{
    const size_t size = filter_size(conv);
    const int64_t low = value_low(conv->input.type), high = value_high(conv->input.type);
    bool are_small = true;
    for (int k = filter; k < filter + count; k++) {
        const int8_t *weights = conv->weights + (size_t)k * size;
        const int64_t bias = conv->bias ? conv->bias[k] : 0;
        int32_t positive = 0, negative = 0;
        for (size_t i = 0; i < size; i++) {
            positive += weights[i] > 0 ? weights[i] : 0;
            negative += weights[i] < 0 ? weights[i] : 0;
        }
        are_small = are_small && bias + high * positive + low * negative <= SMALL_SUM &&
                    bias + low * positive + high * negative >= -SMALL_SUM;
    }
    return are_small;
}

/* Whether quads are only counted, and follow from the masks. */
static bool is_foreseen(const struct lister *l)
{
    return !l->to && !l->micro->pair_limit && l->conv->form != CONV_SHARED;
}

static void count_quads(struct lister *l, int filters, unsigned bits)
{
    size_t places = 0;
    for (size_t p = 0; p < l->place_count; p++)
        places += (l->masks[p] & bits) != 0;
    sned_lister_count(l, l->lanes == 4 ? places : (places + 3) / 4, filters);
}

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
            if (l->conv->form == CONV_SHARED)
                tile->list.lines = l->to->lines + first * 4;
            else
                tile->list.offsets = l->to->offsets + first * (l->lanes == 4 ? 1 : 4);
            tile->list.weights = l->to->quads + l->work.products * 4;
            tile->list.start = l->at ? NULL : l->to->start + filter;
            tile->list.sets = l->to->sets ? l->to->sets + l->work.tiles * QUAD_SETS : NULL;
            tile->has_small_sums = !l->at && sned_conv_has_small_sums(l->conv, filter, count);
        }
    }
    if (l->conv->form == CONV_TAPS)
        list_pairs(l, weights);
    else if (is_foreseen(l))
        count_quads(l, count, bits);
    else if (l->conv->form == CONV_SPARSE)
        list_sparse(l, weights, count, bits);
    else if (l->conv->form == CONV_SHARED)
        sned_list_shared(l, filter, count);
    else
        list_dense(l, weights, count, bits);
    if (tile)
        *(l->conv->form == CONV_TAPS ? &tile->pair_count : &tile->list.count) = l->work.entries - first;
    l->work.tiles++;
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
    if (l->conv->form == CONV_SPARSE)
        return left >= 4 ? 4 : left >= 2 ? 2 : 1;
    return left < l->work.way.cluster ? left : l->work.way.cluster;
}

/* At most. */
static int widest_cluster(const struct lister *l)
{
    switch (l->conv->form) {
    case CONV_TAPS:
        return 1;
    case CONV_SPARSE:
        return 4;
    case CONV_FILTER_LANES:
        return FILTER_LANES;
    default:
        return l->micro->dense_filters;
    }
}

/* All tiles of the filters [first, end) of a group. */
static void list_group(struct lister *l, int first, int end)
{
    for (int k = first, count; k < end; k += count) {
        size_t histogram[MASKS];
        count = cluster_size(l, first + l->conv->group_filters - k);
        if (l->conv->form != CONV_TAPS)
            sned_lister_mask(l, k, count, histogram);
        if (l->conv->form == CONV_SHARED)
            list_tile(l, k, 0, count);
        else
            list_cluster(l, histogram, k, 0, count);
    }
}

/* The same of each of its blocks. */
static void list_blocks(struct lister *l, int first, int end)
{
    for (int block = 0; block < l->conv->blocks; block++) {
        const size_t before = l->work.tiles;
        sned_lister_take_block(l, block);
        list_group(l, first, end);
        l->work.gone_on += block ? l->work.tiles - before : 0;
    }
}

/* All tiles of the first filters, that way. */
static void list_filters(struct lister *l, const struct list_way *way, int filters)
{
    const int of_group = l->conv->group_filters;
    l->work = (struct conv_lists){.way = *way};
    for (int first = 0; first < filters; first += of_group)
        (l->conv->form == CONV_SHARED ? list_blocks : list_group)(
            l, first, first + of_group < filters ? first + of_group : filters);
}

/* The cheaper of what is cheapest so far, at *least, and the first filters listed that way. */
static void try_way(struct lister *l, const struct list_way *way, struct list_way *cheapest, double *least)
{
    enum { TRIED = 60 /* whole clusters of any size */ };
    const int filters = l->conv->output.extent.channels < TRIED ? l->conv->output.extent.channels : TRIED;
    l->seen_lists = 0;
    memset(l->seen, 0, sizeof l->seen);
    list_filters(l, way, filters);
    const double cost = sned_conv_shared_cost(&l->work, &l->micro->costs);
    if (cost < *least) {
        *cheapest = *way;
        *least = cost;
    }
}

/* Of shared: of more filters more quads are for several, but they are of more sets, each a loop that somebody
 * has to find the end of. Where all lists have as many quads of a set, nobody has to search. */
static struct list_way cheapest_way(struct lister *l)
{
    struct list_way cheapest = {.cluster = 1};
    double least = INFINITY;
    for (int cluster = SET_FILTERS; cluster; cluster--) {
        struct list_way way = {.cluster = cluster};
        try_way(l, &way, &cheapest, &least);
        way.is_even = cluster > 1 && sned_find_usual_quads(way.usual, l->seen, l->seen_lists);
        if (way.is_even)
            try_way(l, &way, &cheapest, &least);
    }
    return cheapest;
}

static struct list_way way_of(struct lister *l)
{
    return l->conv->form == CONV_SHARED ? cheapest_way(l) : (struct list_way){.cluster = widest_cluster(l)};
}

sned_status sned_conv_count(const struct conv_layer *conv, const struct micro_kernels *micro,
                            struct conv_lists *work, sned_error *error)
{
    struct lister l = {.conv = conv, .micro = micro};
    sned_status status;
    *work = (struct conv_lists){0};
    SNED_TRY_DONE(sned_lister_open(&l, error));
    const struct list_way way = way_of(&l);
    list_filters(&l, &way, conv->output.extent.channels);
    *work = l.work;
done:
    sned_lister_free(&l);
    return status;
}

/* The bias, less what the flip adds to the products: 128 times each weight, or as much less. */
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
    if (conv->form == CONV_TAPS)
        SNED_TRY_DONE(sned_alloc(&conv->pairs, work->entries, sizeof *conv->pairs, error));
    else
        SNED_TRY_DONE(sned_alloc(&conv->quads, work->products, 4, error));
    if (conv->form == CONV_SHARED) {
        SNED_TRY_DONE(sned_alloc(&conv->lines, work->entries, 4 * sizeof *conv->lines, error));
        SNED_TRY_DONE(sned_alloc(&conv->sets, work->tiles, QUAD_SETS * sizeof *conv->sets, error));
        SNED_TRY_DONE(sned_conv_find_taps(conv, error));
    } else if (conv->form != CONV_TAPS) {
        const size_t offsets = conv->form == CONV_SPARSE ? 4 : 1;
        SNED_TRY_DONE(sned_alloc(&conv->offsets, work->entries * offsets, sizeof *conv->offsets, error));
    }
    SNED_TRY_DONE(sned_lister_open(&l, error));
    list_filters(&l, &work->way, conv->output.extent.channels);
    conv->tile_count = (int)work->tiles;
done:
    sned_lister_free(&l);
    return status;
}

void sned_conv_free_lists(struct conv_layer *conv)
{
    sned_free(conv->tiles);
    sned_free(conv->pairs);
    sned_free(conv->offsets);
    sned_free(conv->lines);
    sned_free(conv->quads);
    sned_free(conv->sets);
    sned_free(conv->taps);
    sned_free(conv->start);
    sned_free(conv->kept);
    sned_free(conv->piece_firsts);
    sned_free(conv->gathers);
    sned_free(conv->orders);
}
