/*
 * measure.c - see measure.h.
 *
 * A list of quads costs so much for each quad, so much for each of its products and so much at its end: long
 * and short lists, for one filter and for as many as a call takes, tell one from the other. Rows under masks
 * likewise, by two densities.
 */
#include "cli/calibrate/measure.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/random.h"
#include "runtime/conv/conv.h"
#include "runtime/costs/costs.h"
#include "runtime/rows/row_block.h"

#include <stdlib.h>
#include <string.h>

enum {
    TIMES = 2000,
    CHANNELS = 64,
    SIDE = 28, /* pixels of the layer's input, and output */
    PITCH = 30,
    PLANE = 30 * PITCH,       /* with its padding */
    PIXELS = 192,             /* of a tile: whole vectors */
    LANE_PIXELS = 14 * 14,    /* or whole pairs of runs */
    QUADS = CHANNELS / 4 * 9, /* all of a layer 3x3 */
    FEW = 4,
    LISTS = 100,
    MOST_FILTERS = FILTER_LANES,
    ROWS = 32,
    COLUMNS = 2048,
    STREAMED = 64 << 20, /* bytes, more than caches hold */
};
static const double SECONDS = 0.05 /* for each, at most */, LONG_ENOUGH = 1e-5;

/* What a micro-kernel is called with. */
struct trial {
    const struct micro_kernels *micro;
    uint8_t *input; /* planes of quads are the largest */
    int32_t *sums;
    uint32_t *offsets;
    int8_t *weights;
    struct tap_pair *pairs;
    struct quad_list list;
    micro_ended_rows *quads;
    struct quad_ends ends;
    size_t count, stride; /* pixels, and bytes from one to the next */
    struct conv_layer conv;
    struct row_plan plan;
    struct row_block block;
    size_t steps; /* that the last block of spans had */
    void (*work)(const struct trial *trial);
    int calls; /* of it, so many that the clock's steps do not matter */
};

static void make_calls(void *argument)
{
    const struct trial *trial = argument;
    for (int call = 0; call < trial->calls; call++)
        trial->work(trial);
}

static double nanoseconds(void (*work)(const struct trial *trial), struct trial *trial)
{
    trial->work = work;
    for (trial->calls = 1; sned_clock_least(make_calls, trial, 3, 0) < LONG_ENOUGH; trial->calls *= 2)
        ;
    return 1e9 * sned_clock_least(make_calls, trial, TIMES, SECONDS) / trial->calls;
}

static sned_status trial_new(struct trial *trial, const struct micro_kernels *micro, sned_error *error)
{
    static const int32_t start[MOST_FILTERS];
    static struct scaling scalings[MOST_FILTERS];
    static const struct integer_rule rule = {.high = 255};
    const size_t input = (size_t)CHANNELS * PLANE * 4;
    struct random random;
    sned_random_seed(&random, 1, 0);
    for (int f = 0; f < MOST_FILTERS; f++)
        scalings[f] = (struct scaling){40000, 26};
    *trial = (struct trial){.micro = micro, .ends = {VALUE_U8, scalings, &rule, true}};
    SNED_TRY(sned_alloc(&trial->input, input + MICRO_OVER_READ, 1, error));
    SNED_TRY(sned_alloc(&trial->sums, (size_t)LANE_PIXELS * MOST_FILTERS, sizeof *trial->sums, error));
    SNED_TRY(sned_alloc(&trial->offsets, (size_t)QUADS * 4, sizeof *trial->offsets, error));
    SNED_TRY(sned_alloc(&trial->weights, (size_t)QUADS * 4 * MOST_FILTERS, 1, error));
    SNED_TRY(sned_alloc(&trial->pairs, QUADS, sizeof *trial->pairs, error));
    for (size_t i = 0; i < input; i++)
        trial->input[i] = (uint8_t)sned_random_next(&random);
    for (size_t i = 0; i < (size_t)QUADS * 4 * MOST_FILTERS; i++)
        trial->weights[i] = (int8_t)((int)sned_random_below(&random, 127) - 63);
    trial->list = (struct quad_list){
        .count = QUADS, .filters = 1, .offsets = trial->offsets, .weights = trial->weights, .start = start};
    return SNED_OK;
}

static void trial_free(struct trial *trial)
{
    free(trial->input);
    free(trial->sums);
    free(trial->offsets);
    free(trial->weights);
    free(trial->pairs);
}

/* ---- convolutions ---- */

/* Of a layer 3x3, where tap `index` lies in its planes. */
static uint32_t tap_offset(int index)
{
    return (uint32_t)(index / 9 * PLANE + index % 9 / 3 * PITCH + index % 3);
}

static void run_quads(const struct trial *trial)
{
    const struct quad_rows pixels = {.rows = 1, .count = trial->count, .stride = trial->stride};
    trial->quads(trial->sums, PIXELS, &pixels, trial->input, &trial->list, &trial->ends);
}

/* As quads of the set of all its filters. */
static void run_shared(const struct trial *trial)
{
    uint16_t sets[QUAD_SETS] = {0};
    struct line_sums sums;
    struct quad_list list = trial->list;
    sets[(1 << list.filters) - 1] = (uint16_t)list.count;
    list.sets = sets;
    for (int at = 0; at < PIXELS; at += LINE_PIXELS)
        trial->micro->add_shared[trial->micro->bytes](&sums, trial->input, &list);
}

/* Lists of nothing, which go on with sums that are in the second cache. */
static void run_sums(const struct trial *trial)
{
    const uint16_t sets[QUAD_SETS] = {0};
    const struct quad_list list = {.filters = SET_FILTERS, .sets = sets};
    struct line_sums *sums = (struct line_sums *)(void *)trial->input;
    for (int i = 0; i < LISTS; i++)
        trial->micro->add_shared[trial->micro->bytes](&sums[i], trial->input, &list);
}

static void run_lines(const struct trial *trial)
{
    struct line_tap taps[9];
    struct tap_lines lines = {.channels = CHANNELS, .step = PLANE, .tap_count = 9, .taps = taps};
    for (int i = 0; i < 9; i++)
        taps[i] = (struct line_tap){(int32_t)tap_offset(i), (uint32_t)i};
    for (int i = 0; i < LINE_PIXELS; i++)
        lines.order[i] = (uint8_t)(i / SIDE * PITCH + i % SIDE);
    trial->micro->lines(trial->input + CHANNELS * PLANE, trial->input, &lines);
}

static void run_sliding(const struct trial *trial)
{
    const struct quad_rows pixels = {.rows = 1, .count = PIXELS, .stride = 2};
    trial->micro->ended_sliding[trial->micro->bytes](trial->sums, PIXELS, &pixels, trial->input, &trial->list,
                                                     &trial->ends);
}

static void run_lanes(const struct trial *trial)
{
    const struct quad_rows pixels = {.rows = 1, .count = LANE_PIXELS, .stride = 4};
    trial->micro->ended_filter_lanes[trial->micro->bytes](trial->sums, LANE_PIXELS, &pixels, trial->input,
                                                          &trial->list, &trial->ends);
}

/* What a quad of the list takes, of so many filters and pixels; *rest: what a call takes besides. */
static double time_quad(struct trial *trial, void (*work)(const struct trial *trial), int filters,
                        size_t pixels, double *rest)
{
    const size_t count = trial->list.count;
    trial->count = pixels;
    trial->list.filters = filters;
    const double many = nanoseconds(work, trial);
    trial->list.count = FEW;
    const double few = nanoseconds(work, trial);
    trial->list.count = count;
    const double quad = (many - few) / (double)(count - FEW);
    *rest = few - FEW * quad;
    return quad;
}

/* For a quad and a product, for each vector of `lanes` pixels; for 16 outputs. */
static void measure_quads(struct trial *trial, void (*work)(const struct trial *trial), int filters,
                          int lanes, float *quad, float *product, double *ends)
{
    const double vectors = (double)PIXELS / lanes;
    const double one = time_quad(trial, work, 1, PIXELS, ends) / vectors;
    const double all = time_quad(trial, work, filters, PIXELS, ends) / vectors;
    *product = (float)((all - one) / (filters - 1));
    *quad = (float)(one - (double)*product);
    *ends /= filters * PIXELS / 16;
}

/* What a list takes for itself was counted with its vectors of pixels. */
static void measure_pass(struct trial *trial, struct micro_costs *costs)
{
    enum { VECTOR = 64, VECTORS = PIXELS / VECTOR };
    double rest;
    const double all = VECTORS * ((double)costs->sparse_quad + (double)costs->sparse_product);
    const double pass = (VECTORS * time_quad(trial, run_quads, 1, VECTOR, &rest) - all) / (VECTORS - 1);
    costs->sparse_pass = (float)pass;
    costs->sparse_quad -= (float)(pass / VECTORS);
}

static void measure_lists(struct trial *trial, struct micro_costs *costs)
{
    const struct micro_kernels *micro = trial->micro;
    double dense_ends, sparse_ends, rest;
    for (int i = 0; i < QUADS; i++)
        trial->offsets[i] = tap_offset(i);
    trial->quads = micro->ended_dense[micro->bytes];
    trial->stride = 4;
    measure_quads(trial, run_quads, micro->dense_filters, 16, &costs->dense_quad, &costs->dense_product,
                  &dense_ends);
    const double lane_vectors = LANE_PIXELS * FILTER_LANES / 16.;
    costs->lane_product = (float)(time_quad(trial, run_lanes, FILTER_LANES, PIXELS, &rest) / lane_vectors);
    costs->lane_end = (float)(rest / lane_vectors);
    for (int i = 0; i < QUADS; i++) /* a kernel's rows */
        trial->offsets[i] = tap_offset(3 * i);
    costs->sliding_quad =
        (float)(time_quad(trial, run_sliding, micro->dense_filters, PIXELS, &rest) / ((double)PIXELS / 16) -
                micro->dense_filters * (double)costs->dense_product);
    trial->list.count = QUADS / 2;
    for (int i = 0; i < QUADS * 2; i++) /* every other tap */
        trial->offsets[i] = tap_offset(2 * i);
    trial->quads = micro->ended_sparse[micro->bytes];
    trial->stride = 1;
    measure_quads(trial, run_quads, 4, 64, &costs->sparse_quad, &costs->sparse_product, &sparse_ends);
    costs->requantize = (float)((dense_ends + sparse_ends) / 2);
    if (micro->costs.sparse_pass > 0)
        measure_pass(trial, costs);
    uint16_t lines[QUADS * 2];
    for (int i = 0; i < QUADS * 2; i++)
        lines[i] = (uint16_t)(i * LINE_PIXELS / LINE_UNIT);
    trial->list.lines = lines;
    measure_quads(trial, run_shared, SET_FILTERS, 64, &costs->shared_quad, &costs->shared_product, &rest);
    costs->shared_sums = (float)(nanoseconds(run_sums, trial) / LISTS);
    costs->line = (float)(nanoseconds(run_lines, trial) / (CHANNELS * 9));
    trial->list.count = trial->count = 1; /* a tile of next to nothing is all call */
    trial->list.filters = 1;
    costs->call = (float)nanoseconds(run_quads, trial);
}

static void run_channels(const struct trial *trial)
{
    const struct conv_layer *conv = &trial->conv;
    const size_t plane = conv->input.plane;
    const struct channel_range range = {.count = MOST_FILTERS, .to_step = plane, .step = plane};
    trial->micro->depthwise[trial->micro->bytes](trial->input + MOST_FILTERS * plane, trial->input, &range,
                                                 &conv->pieces, &trial->ends);
}

/* A channel of a depthwise layer with stride 1, whose weights are as large as a network's: not all columns
 * multiply large ones as quickly. */
struct channel_time {
    double took, pieces, quads;
};
enum { MOST_TAPS = 5 * 5 };

static sned_status measure_channel(struct channel_time *time, struct trial *trial, int side, int kernel,
                                   sned_error *error)
{
    const int pad = kernel / 2;
    const struct value image = {
        .type = trial->micro->bytes, .extent = {MOST_FILTERS, side, side}, .plane = (size_t)(side * side)};
    struct conv_layer *conv = &trial->conv;
    int8_t weights[MOST_FILTERS * MOST_TAPS];
    sned_status status;
    for (int i = 0; i < MOST_FILTERS * MOST_TAPS; i++)
        weights[i] = (int8_t)(2 * trial->weights[i]);
    *conv = (struct conv_layer){.input = image,
                                .output = image,
                                .window = {{kernel, kernel}, {1, 1}, {1, 1}, {pad, pad}, {pad, pad}},
                                .groups = MOST_FILTERS,
                                .group_channels = 1,
                                .group_filters = 1,
                                .weights = weights,
                                .form = CONV_DEPTHWISE};
    sned_conv_cut(conv, trial->micro);
    SNED_TRY_DONE(sned_conv_list_pieces(conv, trial->micro, error));
    *time = (struct channel_time){nanoseconds(run_channels, trial) / MOST_FILTERS, (double)conv->pieces.count,
                                  (double)conv->pieces.quads};
done:
    sned_conv_free_lists(conv);
    return status;
}

/* Channels of one piece, of many, and of many that have more quads. */
static sned_status measure_channels(struct trial *trial, struct micro_costs *costs, sned_error *error)
{
    struct channel_time one, many, more;
    SNED_TRY(measure_channel(&one, trial, 5, 3, error));
    SNED_TRY(measure_channel(&many, trial, SIDE, 3, error));
    SNED_TRY(measure_channel(&more, trial, SIDE, 5, error));
    const double piece = (many.took - one.took) / (many.pieces - one.pieces);
    const double channel = one.took - one.pieces * piece;
    const double quad = ((more.took - channel) / more.pieces - piece) / (more.quads - many.quads);
    costs->depthwise_channel = (float)channel;
    costs->depthwise_piece = (float)(piece - many.quads * quad);
    costs->depthwise_quad = (float)quad;
    return SNED_OK;
}

static void run_taps(const struct trial *trial)
{
    memset(trial->sums, 0, PIXELS * sizeof *trial->sums); /* as they begin with a bias */
    trial->micro->add_taps(trial->sums, PIXELS, (const int16_t *)(const void *)trial->input, trial->pairs,
                           QUADS);
}

static void measure_taps(struct trial *trial, struct micro_costs *costs)
{
    for (int i = 0; i < QUADS; i++)
        trial->pairs[i] = (struct tap_pair){{tap_offset(4 * i), tap_offset(4 * i + 2)},
                                            {trial->weights[i], trial->weights[i + QUADS]}};
    costs->taps = (float)(nanoseconds(run_taps, trial) / ((double)QUADS * PIXELS / 16));
}

static void run_fill(const struct trial *trial)
{
    const struct conv_layer *conv = &trial->conv;
    uint8_t *planes = trial->input + CHANNELS * SIDE * SIDE;
    sned_conv_fill(conv, trial->micro, trial->input, planes, (uint8_t *)trial->sums, 0, conv->planes.count);
}

/* To fill the planes of a layer; *pieces: of 16 bytes, *rows: that are filled one by one. */
static double measure_fill(struct trial *trial, enum conv_form form, int kernel, int stride, double *pieces,
                           double *rows)
{
    const struct extent extent = {CHANNELS, SIDE, SIDE};
    const int pad = kernel / 2;
    trial->conv =
        (struct conv_layer){.input = {.type = VALUE_U8, .extent = extent, .plane = SIDE * SIDE},
                            .output = {.type = VALUE_U8, .extent = {CHANNELS, SIDE / stride, SIDE / stride}},
                            .window = {{kernel, kernel}, {stride, stride}, {1, 1}, {pad, pad}, {pad, pad}},
                            .slide = {1, 1},
                            .groups = 1,
                            .group_channels = CHANNELS,
                            .group_filters = CHANNELS,
                            .form = form,
                            .flip = form != CONV_TAPS && trial->micro->bytes != VALUE_U8 ? 0x80 : 0};
    if (sned_conv_is_flat(&trial->conv)) /* as its step has it: rows of one pixel */
        trial->conv.input.extent = trial->conv.output.extent = (struct extent){CHANNELS, SIDE * SIDE, 1};
    sned_conv_lay_out(&trial->conv);
    *pieces = (double)sned_conv_planes_size(&trial->conv) / 16;
    *rows = (double)trial->conv.planes.count * (double)trial->conv.planes.height;
    return nanoseconds(run_fill, trial);
}

/* Planes of a layer 1x1 are filled in one go, so that what those of 3x3 take more is that they have rows. */
static void measure_fills(struct trial *trial, struct micro_costs *costs)
{
    static const enum conv_form forms[] = {CONV_TAPS, CONV_SPARSE, CONV_DENSE};
    float *const fills[] = {&costs->widen, &costs->pick, &costs->interleave};
    double more = 0, pieces, rows, all_rows = 0;
    for (int i = 0; i < 3; i++) {
        const double flat = measure_fill(trial, forms[i], 1, 1, &pieces, &rows);
        *fills[i] = (float)(flat / pieces);
        const double padded = measure_fill(trial, forms[i], 3, 1, &pieces, &rows);
        more += padded - (double)*fills[i] * pieces;
        all_rows += rows;
    }
    costs->fill_row = (float)(more / all_rows);
    const double mixed = measure_fill(trial, CONV_DENSE_PHASES, 3, 2, &pieces, &rows);
    costs->fill_mixed_row = (float)((mixed - (double)costs->interleave * pieces) / rows);
}

/* ---- rows ---- */

static void run_block(const struct trial *trial)
{
    sned_row_block_run(&trial->block, &trial->plan, trial->input, (const int16_t *)(const void *)trial->input,
                       trial->sums);
}

/* Of a row form, nanoseconds of the whole block; *kept: its weights that are not 0. */
static sned_status measure_block(struct trial *trial, enum row_form form, int density_percent, double *took,
                                 double *kept, sned_error *error)
{
    struct random random;
    int8_t *weights;
    sned_status status;
    sned_random_seed(&random, 2, 0);
    SNED_TRY(sned_alloc(&weights, ROWS, COLUMNS, error));
    *kept = 0;
    for (int i = 0; i < ROWS * COLUMNS; i++)
        if ((int)sned_random_below(&random, 100) < density_percent) {
            weights[i] = 1;
            ++*kept;
        }
    trial->plan =
        (struct row_plan){.micro = trial->micro, .columns = COLUMNS, .bytes = row_form_takes_bytes(form)};
    status = sned_row_block_make_as(&trial->block, &trial->plan, form, weights, ROWS, error);
    free(weights);
    if (status == SNED_OK)
        *took = nanoseconds(run_block, trial);
    if (form == ROWS_SPANS && status == SNED_OK)
        trial->steps = trial->block.spans.first[ROWS / SPAN_ROWS];
    sned_row_block_free(&trial->block);
    return status;
}

static sned_status measure_rows(struct trial *trial, struct micro_costs *costs, sned_error *error)
{
    const double chunks = (double)ROWS * COLUMNS / ROW_CHUNK;
    double took, kept, few, few_kept;
    SNED_TRY(
        measure_block(trial, trial->micro->byte_rows ? ROWS_BYTES : ROWS_DENSE, 100, &took, &kept, error));
    costs->row_dense = (float)(took / chunks);
    SNED_TRY(measure_block(trial, ROWS_LISTED, 10, &took, &kept, error));
    costs->row_listed_kept = (float)(took / kept);
    if (trial->micro->byte_rows) {
        SNED_TRY(measure_block(trial, ROWS_MASKED, 5, &few, &few_kept, error));
        SNED_TRY(measure_block(trial, ROWS_MASKED, 50, &took, &kept, error));
        costs->row_masked_kept = (float)((took - few) / (kept - few_kept));
        costs->row_masked = (float)((few - few_kept * costs->row_masked_kept) / chunks);
    }
    if (!trial->micro->span_rows)
        return SNED_OK;
    SNED_TRY(measure_block(trial, ROWS_SPANS, 10, &took, &kept, error));
    costs->row_step = (float)(took / (double)trial->steps);
    return SNED_OK;
}

/* ---- memory ---- */

static void read_memory(void *argument)
{
    enum { PLACES = 4, QUARTER = STREAMED / PLACES / sizeof(uint64_t) };
    const uint64_t *at = argument;
    uint64_t sum = 0;
    for (size_t i = 0; i < QUARTER; i++)
        sum ^= at[i] ^ at[i + QUARTER] ^ at[i + 2 * QUARTER] ^ at[i + 3 * QUARTER];
    __asm__ volatile("" : : "r"(sum)); /* it is of use to somebody */
}

static sned_status measure_memory(struct micro_costs *costs, sned_error *error)
{
    uint64_t *data;
    SNED_TRY(sned_alloc_unset(&data, STREAMED, 1, error));
    for (size_t i = 0; i < STREAMED / sizeof *data; i++)
        data[i] = i;
    const double took = sned_clock_least(read_memory, data, 10, SECONDS);
    costs->memory_byte = (float)(1e9 * took / STREAMED);
    free(data);
    return SNED_OK;
}

sned_status measure_costs(struct micro_costs *costs, const struct micro_kernels *column, sned_error *error)
{
    struct trial trial;
    sned_status status;
    *costs = (struct micro_costs){.sparse_far = column->costs.sparse_far,  /* a ratio, of whole layers */
                                  .shared_set = column->costs.shared_set}; /* jumps that nobody foresees */
    SNED_TRY_DONE(trial_new(&trial, column, error));
    measure_taps(&trial, costs);
    measure_lists(&trial, costs);
    SNED_TRY_DONE(measure_channels(&trial, costs, error));
    measure_fills(&trial, costs);
    SNED_TRY_DONE(measure_rows(&trial, costs, error));
    SNED_TRY_DONE(measure_memory(costs, error));
    for (int i = 0; i < COST_COUNT; i++)
        *sned_cost(costs, i) = sned_cost_bounded(column, i, *sned_cost(costs, i));
done:
    trial_free(&trial);
    return status;
}
