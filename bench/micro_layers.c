/*
 * micro_layers.c - micro-kernels whose lists are more than random numbers: a whole layer is drawn, the
 * runtime lists it as it would to run it (runtime/conv/conv.h), and a call goes through the lists of all
 * filters, one behind the other, so that what they take from the caches and what processors foresee of them
 * is what a run has.
 *
 *     shared          a block's lines, 512 or somewhat less, which are there: sums of 64 pixels
 *     filter lanes    as many rows as are done together, requantized, since these have no other end
 *     sliding         likewise
 *     depthwise       all channels
 */
#include "micro_kernels.h"
#include "base/memory.h"
#include "runtime/conv/conv.h"

#include <stdlib.h>

struct layer {
    struct conv_layer conv;
    struct step step; /* for its rule, by which sums end */
    struct integer_rule rule;
    int8_t *weights;        /* [filters][channels of a group][rows][columns] */
    uint8_t *input;         /* planes; of shared lines, of depthwise the image */
    uint8_t *output;        /* a list's, or of depthwise all */
    struct line_sums *sums; /* of shared: each list's */
    struct quad_rows rows;  /* that a list is for */
    size_t pixels;          /* of its filters, with those between rows */
    int tiles;              /* lists of a call */
};

void bench_layer_free(struct layer *layer)
{
    if (!layer)
        return;
    sned_conv_free_lists(&layer->conv);
    free(layer->rule.scalings);
    free(layer->weights);
    free(layer->input);
    free(layer->output);
    free(layer->sums);
    free(layer);
}

/* ---- the layer ---- */

/* An image of so many channels, whose pixels are one row where each is convolved by itself. */
static struct value image_of(const struct piece *piece, int channels, int side)
{
    const size_t plane = (size_t)side * (size_t)side;
    const struct extent extent = {channels, piece->kernel > 1 ? side : side * side,
                                  piece->kernel > 1 ? side : 1};
    return (struct value){.type = VALUE_U8,
                          .extent = extent,
                          .elements = (size_t)channels * plane,
                          .plane = plane,
                          .span = (size_t)channels * plane};
}

static struct conv_layer layer_of(const struct piece *piece, int groups, const int8_t *weights)
{
    const int pad = piece->kernel / 2, stride = piece->stride;
    const int side = (piece->width + 2 * pad - piece->kernel) / stride + 1;
    return (struct conv_layer){.input = image_of(piece, piece->channels, piece->width),
                               .output = image_of(piece, piece->filters, side),
                               .window = {.kernel = {piece->kernel, piece->kernel},
                                          .stride = {stride, stride},
                                          .dilation = {1, 1},
                                          .pad_begin = {pad, pad},
                                          .pad_end = {pad, pad}},
                               .groups = groups,
                               .group_channels = piece->channels / groups,
                               .group_filters = piece->filters / groups,
                               .weights = weights};
}

/* A conv_judge for which every form but one costs something. */
static sned_status judge_by_form(double *cost, const void *form, const struct conv_layer *conv,
                                 const struct conv_lists *work, sned_error *error)
{
    *cost = conv->form != *(const enum conv_form *)form;
    return SNED_OK;
}

static sned_status draw_bytes(uint8_t **bytes, size_t size, struct random *random, sned_error *error)
{
    SNED_TRY(sned_alloc(bytes, size + MICRO_OVER_READ, 1, error));
    for (size_t i = 0; i < size; i++)
        (*bytes)[i] = (uint8_t)sned_random_next(random);
    return SNED_OK;
}

static sned_status draw_layer(struct call *call, enum conv_form form, struct random *random,
                              sned_error *error)
{
    const struct piece *piece = call->piece;
    const int groups = form == CONV_DEPTHWISE ? piece->channels : 1;
    const size_t size = (size_t)(piece->channels / groups * piece->kernel * piece->kernel);
    const size_t filters = (size_t)piece->filters;
    struct conv_lists work;
    SNED_TRY(sned_alloc(&call->layer, 1, sizeof *call->layer, error));
    struct layer *layer = call->layer;
    SNED_TRY(sned_alloc(&layer->weights, filters, size, error));
    for (size_t i = 0; i < filters * size; i++)
        layer->weights[i] = (double)sned_random_uniform(random) < piece->density ? draw_weight(random) : 0;
    layer->rule = (struct integer_rule){.scaling_count = piece->filters, .high = UINT8_MAX};
    SNED_TRY(sned_alloc(&layer->rule.scalings, filters, sizeof *layer->rule.scalings, error));
    for (size_t f = 0; f < filters; f++)
        layer->rule.scalings[f] = (struct scaling){40000, 26};
    layer->conv = layer_of(piece, groups, layer->weights);
    layer->step = (struct step){.micro = call->micro, .rule = &layer->rule, .state = &layer->conv};
    SNED_TRY(sned_conv_choose(&layer->conv, call->micro, judge_by_form, &form, &work, error));
    if (layer->conv.form != form)
        return sned_fail(error, SNED_ERROR_UNSUPPORTED, "%s: it cannot be %s", piece->name,
                         sned_conv_form_name(form));
    layer->tiles = (int)work.tiles / (form == CONV_SHARED ? layer->conv.blocks : 1);
    call->weight_bytes = 4 * (form == CONV_DEPTHWISE ? filters * layer->conv.pieces.quads : work.products);
    return form == CONV_DEPTHWISE ? sned_conv_list_pieces(&layer->conv, call->micro, error)
                                  : sned_conv_list(&layer->conv, call->micro, &work, error);
}

/* Of each filter's first taps, those that are not 0. */
static size_t count_kept(const struct layer *layer, size_t taps)
{
    const struct conv_layer *conv = &layer->conv;
    const size_t filters = (size_t)conv->output.extent.channels;
    const size_t size = (size_t)conv->group_channels * sned_conv_tap_count(conv);
    size_t kept = 0;
    for (size_t f = 0; f < filters; f++)
        for (size_t i = 0; i < taps; i++)
            kept += layer->weights[f * size + i] != 0;
    return kept;
}

/* ---- shared ---- */

static sned_status prepare_shared(struct call *call, struct random *random, sned_error *error)
{
    SNED_TRY(draw_layer(call, CONV_SHARED, random, error));
    struct layer *layer = call->layer;
    const size_t lines = (size_t)layer->conv.block_channels * sned_conv_tap_count(&layer->conv);
    SNED_TRY(draw_bytes(&layer->input, lines * LINE_PIXELS, random, error));
    layer->sums = aligned_alloc(_Alignof(struct line_sums), (size_t)layer->tiles * sizeof *layer->sums);
    if (!layer->sums)
        return sned_fail(error, SNED_ERROR_MEMORY, "no memory for the sums of %d lists", layer->tiles);
    call->products = count_kept(layer, lines) * LINE_PIXELS;
    call->weight_bytes /= (size_t)layer->conv.blocks; /* nearly */
    return SNED_OK;
}

static void run_shared(const struct call *call)
{
    const struct layer *layer = call->layer;
    micro_add_shared *add = call->micro->add_shared[call->micro->bytes];
    for (int t = 0; t < layer->tiles; t++)
        add(&layer->sums[t], layer->input, &layer->conv.tiles[t].list);
}

/* ---- filter lanes and sliding ---- */

static sned_status prepare_rows(struct call *call, enum conv_form form, struct random *random,
                                sned_error *error)
{
    SNED_TRY(draw_layer(call, form, random, error));
    struct layer *layer = call->layer;
    const struct conv_layer *conv = &layer->conv;
    const size_t height = (size_t)conv->output.extent.height, width = (size_t)conv->output.extent.width;
    const size_t rows = (size_t)conv->rows < height ? (size_t)conv->rows : height;
    const size_t unit = sned_conv_pixel_size(conv);
    const bool is_one_row = sned_conv_is_one_row(conv);
    layer->pixels = sned_conv_tile_pixels(conv, rows);
    layer->rows = (struct quad_rows){.rows = is_one_row ? 1 : rows,
                                     .count = is_one_row ? layer->pixels : width,
                                     .stride = (size_t)conv->slide[1] * unit,
                                     .row_step = conv->planes.pitch * (size_t)conv->slide[0] * unit};
    SNED_TRY(draw_bytes(&layer->input, sned_conv_planes_size(conv), random, error));
    SNED_TRY(sned_alloc(&layer->output, layer->pixels, FILTER_LANES, error));
    call->products =
        count_kept(layer, (size_t)conv->group_channels * sned_conv_tap_count(conv)) * rows * width;
    return SNED_OK;
}

static void run_rows(const struct call *call, micro_ended_rows *end)
{
    const struct layer *layer = call->layer;
    for (int t = 0; t < layer->tiles; t++) {
        const struct filter_tile *tile = &layer->conv.tiles[t];
        const struct quad_ends ends = conv_ends(&layer->step, tile);
        end(layer->output, layer->pixels, &layer->rows, layer->input, &tile->list, &ends);
    }
}

static sned_status prepare_filter_lanes(struct call *call, struct random *random, sned_error *error)
{
    return prepare_rows(call, CONV_FILTER_LANES, random, error);
}

static void run_filter_lanes(const struct call *call)
{
    run_rows(call, call->micro->ended_filter_lanes[call->micro->bytes]);
}

static sned_status prepare_sliding(struct call *call, struct random *random, sned_error *error)
{
    return prepare_rows(call, CONV_SLIDING, random, error);
}

static void run_sliding(const struct call *call)
{
    run_rows(call, call->micro->ended_sliding[call->micro->bytes]);
}

/* ---- depthwise ---- */

static sned_status prepare_depthwise(struct call *call, struct random *random, sned_error *error)
{
    SNED_TRY(draw_layer(call, CONV_DEPTHWISE, random, error));
    struct layer *layer = call->layer;
    const struct conv_layer *conv = &layer->conv;
    SNED_TRY(draw_bytes(&layer->input, conv->input.span, random, error));
    SNED_TRY(sned_alloc(&layer->output, conv->output.span, 1, error));
    call->products = count_kept(layer, sned_conv_tap_count(conv)) * conv->output.plane;
    return SNED_OK;
}

static void run_depthwise(const struct call *call)
{
    const struct layer *layer = call->layer;
    const struct conv_layer *conv = &layer->conv;
    const struct channel_range range = {
        .count = (size_t)conv->groups, .to_step = conv->output.plane, .step = conv->input.plane};
    const struct quad_ends ends = {.type = VALUE_U8,
                                   .scalings = layer->rule.scalings,
                                   .rule = &layer->rule,
                                   .are_small = conv->has_small_sums};
    call->micro->depthwise[call->micro->bytes](layer->output, layer->input, &range, &conv->pieces, &ends);
}

/* ---- which columns have them ---- */

/* Those whose function is not portable C's; and that column. */
#define IS_HAD(function)                                                                                     \
    static bool has_##function(const struct micro_kernels *micro)                                            \
    {                                                                                                        \
        const struct micro_kernels *portable = sned_micro_column(0);                                         \
        return micro == portable || micro->function[micro->bytes] != portable->function[micro->bytes];       \
    }

IS_HAD(add_shared)
IS_HAD(ended_filter_lanes)
IS_HAD(ended_sliding)
IS_HAD(depthwise)

const struct bench_kernel bench_shared = {"shared", has_add_shared, prepare_shared, run_shared};
const struct bench_kernel bench_filter_lanes = {"filter lanes", has_ended_filter_lanes, prepare_filter_lanes,
                                                run_filter_lanes};
const struct bench_kernel bench_sliding = {"sliding", has_ended_sliding, prepare_sliding, run_sliding};
const struct bench_kernel bench_depthwise = {"depthwise", has_depthwise, prepare_depthwise, run_depthwise};
