/*
 * lister.c - see lister.h.
 */
#include "runtime/conv/lister.h"
#include "base/memory.h"

#include <string.h>

static void list_single_places(struct lister *l)
{
    const struct conv_layer *conv = l->conv;
    const int channels = conv->form == CONV_SHARED ? conv->block_channels : conv->group_channels;
    for (int c = 0; c < channels; c++)
        for (int r = 0; r < conv->window.kernel[0]; r++)
            for (int s = 0; s < conv->window.kernel[1]; s++, l->place_count++)
                l->places[l->place_count] =
                    (struct list_place){conv->form == CONV_SHARED ? (uint32_t)l->place_count * LINE_PIXELS
                                                                  : sned_conv_tap_offset(conv, c, r, s),
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
sned_status sned_lister_open(struct lister *l, sned_error *error)
{
    const enum conv_form form = l->conv->form;
    const bool is_single = form == CONV_TAPS || sned_conv_is_sparse(l->conv);
    SNED_TRY(sned_alloc(&l->places, filter_size(l->conv), sizeof *l->places, error));
    SNED_TRY(sned_alloc(&l->masks, filter_size(l->conv), 1, error));
    if (form == CONV_SHARED && l->to)
        SNED_TRY(sned_alloc(&l->set_taps, (size_t)l->conv->block_channels * sned_conv_tap_count(l->conv),
                            SET_FILTERS * sizeof *l->set_taps, error));
    l->lanes = is_single ? 1 : 4;
    if (is_single)
        list_single_places(l);
    else if (form == CONV_SLIDING)
        list_sliding_places(l);
    else
        list_quad_places(l);
    return SNED_OK;
}

void sned_lister_take_block(struct lister *l, int block)
{
    const size_t taps = sned_conv_tap_count(l->conv);
    l->at = (size_t)block * (size_t)l->conv->block_channels * taps;
    l->place_count = (size_t)sned_conv_channels_of(l->conv, block) * taps;
}

/* A place is a weight. */
static void mask_weights(struct lister *l, const int8_t *weights, int bit)
{
    uint8_t *restrict masks = l->masks;
    for (size_t p = 0; p < l->place_count; p++)
        masks[p] |= (uint8_t)((weights[p] != 0) << bit);
}

static void mask_quads(struct lister *l, const int8_t *weights, int bit)
{
    for (size_t p = 0; p < l->place_count; p++) {
        const int32_t *source = l->places[p].source;
        bool is_met = false;
        for (int j = 0; j < 4; j++)
            is_met |= source[j] >= 0 && weights[source[j]] != 0;
        l->masks[p] |= (uint8_t)(is_met << bit);
    }
}

void sned_lister_mask(struct lister *l, int cluster, int count, size_t histogram[MASKS])
{
    const size_t size = filter_size(l->conv);
    const int8_t *weights = l->conv->weights + (size_t)cluster * size + l->at;
    const bool is_split = l->conv->form != CONV_FILTER_LANES;
    memset(l->masks, 0, l->place_count);
    for (int f = 0; f < count; f++, weights += size)
        if (l->lanes == 1)
            mask_weights(l, weights, f);
        else
            mask_quads(l, weights, is_split ? f : 0);
    l->mask_end = 1u << (is_split ? count : 1);
    memset(histogram, 0, l->mask_end * sizeof *histogram);
    for (size_t p = 0; p < l->place_count; p++)
        histogram[l->masks[p]]++;
}

/* Filters of an entry; those that filter lanes are short of have weights of 0. */
static size_t listed_filters(const struct lister *l, int filters)
{
    return l->conv->form == CONV_FILTER_LANES ? FILTER_LANES : (size_t)filters;
}

void sned_lister_count(struct lister *l, size_t quads, int filters)
{
    l->work.entries += quads;
    l->work.products += quads * listed_filters(l, filters);
}

void sned_lister_add(struct lister *l, const struct quad *quad, int filters)
{
    const size_t places = l->lanes == 4 ? 1 : 4;
    if (l->to && l->conv->form == CONV_SHARED)
        for (size_t j = 0; j < 4; j++)
            l->to->lines[l->work.entries * 4 + j] = (uint16_t)(quad->offsets[j] / LINE_UNIT);
    else if (l->to)
        memcpy(l->to->offsets + l->work.entries * places, quad->offsets, places * sizeof *quad->offsets);
    if (l->to)
        memcpy(l->to->quads + l->work.products * 4, quad->weights, listed_filters(l, filters) * 4);
    sned_lister_count(l, 1, filters);
}

void sned_lister_free(struct lister *l)
{
    sned_free(l->places);
    sned_free(l->masks);
    sned_free(l->set_taps);
}
