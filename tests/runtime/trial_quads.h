/*
 * trial_quads.h - trials of what sums bytes in quads, and of what lays out their inputs.
 */
#ifndef SNED_TESTS_RUNTIME_TRIAL_QUADS_H
#define SNED_TESTS_RUNTIME_TRIAL_QUADS_H

#include "tests/runtime/trial.h"

/* Weights that the column's pair_limit allows; the rest of a pair is 0. */
static inline void draw_quad(int8_t weights[4], int limit, struct random *random)
{
    for (int j = 0; j < 4; j++) {
        weights[j] = (int8_t)(between(random, 0, 3) ? number(random, -127, 127) : 0);
        const bool same_sign = j % 2 && (weights[j] < 0) == (weights[j - 1] < 0);
        if (limit && same_sign && abs(weights[j]) + abs(weights[j - 1]) > limit)
            weights[j] = (int8_t)(weights[j] < 0 ? -limit - weights[j - 1] : limit - weights[j - 1]);
    }
}

/* The constants are start, offsets and weights, one behind the other. */
static inline struct quad_list quads_at(const struct trial *trial, const void *constants, size_t offsets)
{
    struct quad_list quads = trial->quads;
    quads.start = constants;
    quads.offsets = (const uint32_t *)(quads.start + quads.filters);
    quads.weights = (const int8_t *)(quads.offsets + quads.count * offsets);
    return quads;
}

/* What sums of so many quads begin with: half the time such that none can exceed SMALL_SUM. */
static inline void draw_starts(struct trial *trial, int32_t *start, int count, size_t quads, bool is_bench,
                               struct random *random)
{
    const int64_t most = SMALL_SUM - (int64_t)quads * 4 * UINT8_MAX * INT8_MAX;
    trial->are_small = most >= 0 && (is_bench || between(random, 0, 1));
    for (int f = 0; f < count; f++)
        start[f] =
            (int32_t)(trial->are_small ? number(random, -most, most) : number(random, INT32_MIN, INT32_MAX));
}

/* A list with `offsets` of them a quad, of at most `reach`, and weights of `lanes` filters, of which those
 * beyond `filters` are 0; and sums as they were before. */
static inline void draw_lanes_list(struct trial *trial, int filters, int lanes, size_t offsets, size_t reach,
                                   struct random *random)
{
    const bool is_bench = trial->count == BENCH_COUNT;
    trial->pixels = trial->count;
    trial->step = trial->pixels + (size_t)between(random, 0, 3);
    trial->count = ((size_t)filters - 1) * trial->step + trial->pixels;
    trial->quads = (struct quad_list){
        .filters = filters, .count = is_bench ? BENCH_PAIRS : (size_t)between(random, 0, MOST_PAIRS)};
    trial->constant_size = ((size_t)filters + trial->quads.count * offsets) * sizeof(int32_t) +
                           trial->quads.count * (size_t)lanes * 4;
    trial->constants = room(trial->constant_size, 1);
    const struct quad_list list = quads_at(trial, trial->constants, offsets);
    draw_starts(trial, (int32_t *)list.start, filters, list.count, is_bench, random);
    for (size_t i = 0; i < list.count * offsets; i++)
        ((uint32_t *)list.offsets)[i] = (uint32_t)number(random, 0, (int64_t)reach);
    for (size_t q = 0; q < list.count * (size_t)lanes; q++)
        if (q % (size_t)lanes < (size_t)filters)
            draw_quad((int8_t *)list.weights + q * 4, trial->micro->pair_limit, random);
    trial->output_unit = sizeof(int32_t);
    trial->output = room(trial->count, sizeof(int32_t));
    for (size_t i = 0; i < trial->count; i++)
        ((int32_t *)trial->output)[i] = (int32_t)sned_random_next(random);
}

static inline void draw_list(struct trial *trial, int filters, size_t offsets, size_t reach,
                             struct random *random)
{
    draw_lanes_list(trial, filters, filters, offsets, reach, random);
}

static inline size_t draw_reach(const struct trial *trial, struct random *random)
{
    return trial->count == BENCH_COUNT ? 16 * BENCH_COUNT : (size_t)between(random, 0, 2 * MOST);
}

/* `unit` bytes a pixel, `offsets` of them a quad. */
static inline void draw_quads(struct trial *trial, enum value_type type, int filters, size_t unit,
                              size_t offsets, struct random *random)
{
    const size_t reach = draw_reach(trial, random);
    draw_numbers(trial, type, (trial->count + reach) * unit, random);
    draw_list(trial, filters, offsets, reach, random);
}

static inline void draw_dense(struct trial *trial, enum value_type type, struct random *random)
{
    const int most = trial->micro->dense_filters;
    draw_quads(trial, type, trial->count == BENCH_COUNT ? most : (int)between(random, 1, most), 4, 1, random);
}

static inline void call_dense(const struct micro_kernels *micro, enum value_type type,
                              const struct trial *trial, const void *input, const void *constants,
                              void *output)
{
    const struct quad_list list = quads_at(trial, constants, 1);
    micro->dense[type](output, trial->step, trial->pixels, input, &list);
}

static inline void draw_sparse(struct trial *trial, enum value_type type, struct random *random)
{
    draw_quads(trial, type, trial->count == BENCH_COUNT ? 1 : 1 << between(random, 0, 2), 1, 4, random);
}

static inline void draw_sparse_of_four(struct trial *trial, enum value_type type, struct random *random)
{
    draw_quads(trial, type, 4, 1, 4, random);
}

static inline void call_sparse(const struct micro_kernels *micro, enum value_type type,
                               const struct trial *trial, const void *input, const void *constants,
                               void *output)
{
    const struct quad_list list = quads_at(trial, constants, 4);
    micro->sparse[type](output, trial->step, trial->pixels, input, &list);
}

/* ---- shared ---- */

/* The constants are start, lines, weights and sets, one behind the other. */
static inline struct quad_list shared_at(const struct trial *trial, const void *constants)
{
    struct quad_list list = trial->quads;
    list.start = constants;
    list.lines = (const uint16_t *)(list.start + list.filters);
    list.weights = (const int8_t *)(list.lines + list.count * 4);
    list.sets = (const uint16_t *)((const int8_t *)constants + trial->constant_size) - QUAD_SETS;
    return list;
}

static inline size_t filters_of(unsigned set)
{
    size_t filters = 0;
    for (unsigned f = 0; f < SET_FILTERS; f++)
        filters += set >> f & 1;
    return filters;
}

/* A few quads of each set that the filters can make; of what is timed, quads of any two of five. */
static inline void draw_shared(struct trial *trial, enum value_type type, struct random *random)
{
    const bool is_bench = trial->count == BENCH_COUNT;
    const int filters = is_bench ? SET_FILTERS : (int)between(random, 1, SET_FILTERS);
    const size_t reach = draw_reach(trial, random);
    uint16_t sets[QUAD_SETS] = {0};
    size_t quads = 0, products = 0;
    for (unsigned set = 1; set < 1u << filters; set++) {
        sets[set] =
            (uint16_t)(is_bench ? filters_of(set) == 2 ? BENCH_PAIRS / 10 : 0 : between(random, 0, 6));
        quads += sets[set];
        products += sets[set] * filters_of(set);
    }
    draw_numbers(trial, type, (trial->count + LINE_PIXELS - 1) / LINE_PIXELS * LINE_PIXELS + reach, random);
    draw_list(trial, filters, 4, reach, random);
    free(trial->constants);
    trial->quads.count = quads;
    trial->constant_size =
        ((size_t)filters + products) * sizeof(int32_t) + quads * 4 * sizeof(uint16_t) + sizeof sets;
    trial->constants = room(trial->constant_size, 1);
    const struct quad_list list = shared_at(trial, trial->constants);
    draw_starts(trial, (int32_t *)list.start, filters, 2 * quads, is_bench, random);
    for (size_t i = 0; i < quads * 4; i++)
        ((uint16_t *)list.lines)[i] = (uint16_t)number(random, 0, (int64_t)reach / LINE_UNIT);
    for (size_t q = 0; q < products; q++)
        draw_quad((int8_t *)list.weights + q * 4, 0, random);
    memcpy((uint16_t *)list.sets, sets, sizeof sets);
}

/* Rows of pixels, which may overlap; of what is timed one, as of a depthwise layer. */
static inline void draw_sliding(struct trial *trial, enum value_type type, struct random *random)
{
    const bool is_bench = trial->count == BENCH_COUNT;
    const int filters = is_bench ? 1 : (int)between(random, 1, trial->micro->dense_filters);
    const size_t reach = draw_reach(trial, random), rows = is_bench ? 1 : (size_t)between(random, 1, 3);
    trial->sliding = (struct quad_rows){.rows = rows,
                                        .count = trial->count,
                                        .stride = is_bench ? 1 : (size_t)between(random, 1, SLIDING_STRIDE),
                                        .row_step = (size_t)between(random, 0, 2 * (int64_t)trial->count)};
    draw_numbers(trial, type,
                 (rows - 1) * trial->sliding.row_step + (trial->count - 1) * trial->sliding.stride + reach +
                     4,
                 random);
    if (!is_bench)
        trial->count *= rows;
    draw_list(trial, filters, 1, reach, random);
}

static inline void call_sliding(const struct micro_kernels *micro, enum value_type type,
                                const struct trial *trial, const void *input, const void *constants,
                                void *output)
{
    const struct quad_list list = quads_at(trial, constants, 1);
    micro->sliding[type](output, trial->step, &trial->sliding, input, &list);
}

/* The same lists, and bytes of the column's kind; what sums become is of the subject's type: a scaling
 * for each filter, half the time such as networks have and no slope. */
static inline void draw_ends(struct trial *trial, enum value_type type, bool is_bench, struct random *random)
{
    const bool is_plain = is_bench || between(random, 0, 1);
    for (int f = 0; f < MOST_FILTERS; f++) {
        draw_rule(trial, type, random);
        trial->scalings[f] = trial->scaling;
        if (is_plain)
            trial->scalings[f].shift = (uint8_t)between(random, 8, 62);
    }
    if (is_plain)
        trial->rule.slope = 0;
    trial->output_unit = value_size(type);
}

static inline struct quad_ends ends_of(const struct trial *trial, enum value_type type)
{
    return (struct quad_ends){type, trial->scalings, &trial->rule, trial->are_small, trial->in_quads};
}

/* Rows of pixels, `stride` bytes each, with or without some between them; of what is timed one. Often they
 * have whole vectors of the machines that have the longest. */
static inline void draw_rows_of_pixels(struct trial *trial, int filters, size_t stride, size_t offsets,
                                       struct random *random)
{
    const bool is_bench = trial->count == BENCH_COUNT;
    const size_t reach = draw_reach(trial, random), rows = is_bench ? 1 : (size_t)between(random, 1, 9);
    if (rows > 3)
        trial->count = (size_t)between(random, 1, 70);
    if (!is_bench && between(random, 0, 1))
        trial->count = (trial->count + 15) / 16 * 16;
    const size_t pitch = trial->count + (size_t)(between(random, 0, 2) ? between(random, 0, 5) : 80);
    trial->sliding =
        (struct quad_rows){.rows = rows, .count = trial->count, .stride = stride, .row_step = pitch * stride};
    draw_numbers(trial, trial->micro->bytes, ((rows - 1) * pitch + trial->count + reach) * stride, random);
    if (!is_bench)
        trial->count *= rows;
    draw_list(trial, filters, offsets, reach, random);
}

static inline void draw_ended_dense(struct trial *trial, enum value_type type, struct random *random)
{
    const bool is_bench = trial->count == BENCH_COUNT;
    const int most = trial->micro->dense_filters;
    draw_rows_of_pixels(trial, is_bench ? most : (int)between(random, 1, most), 4, 1, random);
    draw_ends(trial, type, is_bench, random);
}

/* Of a list of filters in fours that is drawn: an element of the output is a quad. */
static inline void end_in_quads(struct trial *trial)
{
    trial->in_quads = true;
    trial->count = ((size_t)trial->quads.filters / 4 - 1) * trial->step + trial->pixels;
    trial->output_unit = 4;
}

static inline void draw_dense_to_quads(struct trial *trial, enum value_type type, struct random *random)
{
    const bool is_bench = trial->count == BENCH_COUNT;
    const int most = trial->micro->dense_filters;
    draw_rows_of_pixels(trial, is_bench ? most : 4 * (int)between(random, 1, most / 4), 4, 1, random);
    draw_ends(trial, type, is_bench, random);
    end_in_quads(trial);
}

/* And which of their pixels are a row's. */
struct kept_rows {
    struct quad_rows pixels;
    uint64_t kept[9 * (MOST + 80) / 64 + 2];
};

static inline void keep_rows(struct kept_rows *rows, const struct trial *trial)
{
    rows->pixels = trial->sliding;
    if (trial->sliding.rows == 1)
        return;
    memset(rows->kept, 0, sizeof rows->kept);
    rows->pixels.kept = rows->kept;
    for (size_t y = 0; y < rows->pixels.rows; y++)
        for (size_t x = 0; x < rows->pixels.count; x++) {
            const size_t pixel = y * (rows->pixels.row_step / rows->pixels.stride) + x;
            rows->kept[pixel / 64] |= (uint64_t)1 << pixel % 64;
        }
}

static inline void call_ended_dense(const struct micro_kernels *micro, enum value_type type,
                                    const struct trial *trial, const void *input, const void *constants,
                                    void *output)
{
    const struct quad_list list = quads_at(trial, constants, 1);
    const struct quad_ends ends = ends_of(trial, type);
    struct kept_rows rows;
    keep_rows(&rows, trial);
    micro->ended_dense[trial->micro->bytes](output, trial->step, &rows.pixels, input, &list, &ends);
}

static inline void draw_ended_sparse(struct trial *trial, enum value_type type, struct random *random)
{
    const bool is_bench = trial->count == BENCH_COUNT;
    draw_rows_of_pixels(trial, is_bench ? 1 : 1 << between(random, 0, 2), 1, 4, random);
    draw_ends(trial, type, is_bench, random);
}

static inline void call_ended_sparse(const struct micro_kernels *micro, enum value_type type,
                                     const struct trial *trial, const void *input, const void *constants,
                                     void *output)
{
    const struct quad_list list = quads_at(trial, constants, 4);
    const struct quad_ends ends = ends_of(trial, type);
    struct kept_rows rows;
    keep_rows(&rows, trial);
    micro->ended_sparse[trial->micro->bytes](output, trial->step, &rows.pixels, input, &list, &ends);
}

/* Of what is timed once; else two blocks of the same list. */
static inline void draw_ended_shared(struct trial *trial, enum value_type type, struct random *random)
{
    const bool is_bench = trial->count == BENCH_COUNT;
    draw_shared(trial, trial->micro->bytes, random);
    draw_ends(trial, type, is_bench, random);
}

static inline void call_ended_shared(const struct micro_kernels *micro, enum value_type type,
                                     const struct trial *trial, const void *input, const void *constants,
                                     void *output)
{
    const struct quad_list list = shared_at(trial, constants);
    struct quad_list more = list;
    const struct quad_ends ends = ends_of(trial, type);
    micro_add_shared *add = micro->add_shared[trial->micro->bytes];
    more.start = NULL;
    for (size_t at = 0; at < trial->pixels; at += LINE_PIXELS) {
        const size_t left = trial->pixels - at, count = left < LINE_PIXELS ? left : LINE_PIXELS;
        struct line_sums sums;
        add(&sums, (const uint8_t *)input + at, &list);
        if (trial->pixels != BENCH_COUNT)
            add(&sums, (const uint8_t *)input + at, &more);
        micro->end_shared((uint8_t *)output + at * value_size(type), trial->step, count, &sums, list.filters,
                          &ends);
    }
}

static inline void draw_ended_sliding(struct trial *trial, enum value_type type, struct random *random)
{
    const bool is_bench = trial->count == BENCH_COUNT;
    draw_sliding(trial, trial->micro->bytes, random);
    draw_ends(trial, type, is_bench, random);
}

static inline void call_ended_sliding(const struct micro_kernels *micro, enum value_type type,
                                      const struct trial *trial, const void *input, const void *constants,
                                      void *output)
{
    const struct quad_list list = quads_at(trial, constants, 1);
    const struct quad_ends ends = ends_of(trial, type);
    micro->ended_sliding[trial->micro->bytes](output, trial->step, &trial->sliding, input, &list, &ends);
}

/* As sliding, of pixels of whole quads; of what is timed all filters, and a few rows of a small image. */
static inline void draw_lanes(struct trial *trial, enum value_type type, int filters, struct random *random)
{
    const bool is_bench = trial->count == BENCH_COUNT;
    const size_t reach = draw_reach(trial, random), rows = is_bench ? 1 : (size_t)between(random, 1, 9);
    if (rows > 3)
        trial->count = (size_t)between(random, 1, 40);
    trial->sliding =
        (struct quad_rows){.rows = rows,
                           .count = trial->count,
                           .stride = is_bench ? 4 : 4 * (size_t)between(random, 1, SLIDING_STRIDE),
                           .row_step = 4 * (size_t)between(random, 0, 2 * (int64_t)trial->count)};
    draw_numbers(trial, trial->micro->bytes,
                 (rows - 1) * trial->sliding.row_step + (trial->count - 1) * trial->sliding.stride +
                     (1 + reach) * 4,
                 random);
    if (!is_bench)
        trial->count *= rows;
    draw_lanes_list(trial, filters, FILTER_LANES, 1, reach, random);
    draw_ends(trial, type, is_bench, random);
}

static inline void draw_ended_lanes(struct trial *trial, enum value_type type, struct random *random)
{
    const bool is_bench = trial->count == BENCH_COUNT;
    draw_lanes(trial, type, is_bench ? FILTER_LANES : (int)between(random, 1, FILTER_LANES), random);
}

/* Half the time all filters. */
static inline void draw_lanes_to_quads(struct trial *trial, enum value_type type, struct random *random)
{
    const bool has_all = trial->count == BENCH_COUNT || between(random, 0, 1);
    draw_lanes(trial, type, has_all ? FILTER_LANES : 4 * (int)between(random, 1, FILTER_LANES / 4), random);
    end_in_quads(trial);
}

static inline void call_ended_lanes(const struct micro_kernels *micro, enum value_type type,
                                    const struct trial *trial, const void *input, const void *constants,
                                    void *output)
{
    const struct quad_list list = quads_at(trial, constants, 1);
    const struct quad_ends ends = ends_of(trial, type);
    micro->ended_filter_lanes[trial->micro->bytes](output, trial->step, &trial->sliding, input, &list, &ends);
}

/* The constants are start, the first outputs of pieces, gathers, an order for each of these, and weights. */
static inline struct channel_pieces pieces_at(const struct trial *trial, const void *constants)
{
    struct channel_pieces pieces = trial->pieces;
    pieces.start = constants;
    pieces.first = (const uint32_t *)(pieces.start + MOST_FILTERS);
    pieces.gathers = (const struct quad_gather *)(pieces.first + pieces.count + 1);
    pieces.orders = (const gather_order *)(pieces.gathers + pieces.count * pieces.quads);
    pieces.weights = (const int8_t *)(pieces.orders + pieces.count * pieces.quads);
    return pieces;
}

/* Bytes from any place on, of `size` of them, in any order, and sometimes nothing. */
static inline void draw_gather(const struct micro_kernels *micro, struct quad_gather *gather,
                               gather_order order, size_t size, struct random *random)
{
    gather->offset = (uint32_t)number(random, 0, (int64_t)size - 1);
    const int64_t left = (int64_t)(size - gather->offset);
    const int64_t last = (left < micro->gather_bytes ? left : micro->gather_bytes) - 1;
    for (int i = 0; i < micro->piece_outputs; i++)
        for (int j = 0; j < 4; j++)
            order[i][j] = (uint8_t)(between(random, 0, 3) ? number(random, 0, last) : GATHER_NOTHING);
}

/* A channel's pieces, of images of `size` bytes: how many outputs it has. */
static inline size_t draw_pieces(struct trial *trial, size_t size, struct random *random)
{
    const bool is_bench = trial->count == BENCH_COUNT;
    const size_t most = (size_t)trial->micro->piece_outputs;
    struct channel_pieces *pieces = &trial->pieces;
    pieces->count = is_bench ? BENCH_COUNT / most : (size_t)between(random, 1, 5);
    pieces->quads = is_bench || between(random, 0, 1) ? 3 : (size_t)between(random, 1, 8);
    pieces->flip = between(random, 0, 1) ? 0x80 : 0;
    const size_t gathers = pieces->count * pieces->quads;
    trial->constant_size = (MOST_FILTERS + pieces->count + 1) * sizeof(int32_t) +
                           gathers * (sizeof(struct quad_gather) + sizeof(gather_order)) +
                           MOST_FILTERS * pieces->quads * 4;
    trial->constants = room(trial->constant_size, 1);
    const struct channel_pieces made = pieces_at(trial, trial->constants);
    draw_starts(trial, (int32_t *)made.start, MOST_FILTERS, made.quads, is_bench, random);
    for (size_t p = 0; p < made.count; p++)
        ((uint32_t *)made.first)[p + 1] =
            made.first[p] + (uint32_t)(is_bench ? most : (size_t)number(random, 1, (int64_t)most));
    for (size_t g = 0; g < gathers; g++) {
        struct quad_gather *gather = (struct quad_gather *)made.gathers + g;
        gather->order = (uint32_t)(gathers - 1 - g);
        draw_gather(trial->micro, gather, ((gather_order *)made.orders)[gather->order], size, random);
    }
    for (size_t q = 0; q < MOST_FILTERS * made.quads; q++)
        draw_quad((int8_t *)made.weights + q * 4, 0, random);
    return made.first[made.count];
}

/* Some of the channels that there are, which may overlap in the input. */
static inline void draw_depthwise(struct trial *trial, enum value_type type, struct random *random)
{
    const bool is_bench = trial->count == BENCH_COUNT;
    const size_t size = trial->count, outputs = draw_pieces(trial, size, random);
    const size_t first = (size_t)between(random, 0, MOST_FILTERS - 1);
    trial->channels = (struct channel_range){
        .first = is_bench ? 0 : first,
        .count = is_bench ? 2 : (size_t)between(random, 1, MOST_FILTERS - (int64_t)first),
        .to_step = outputs + (size_t)between(random, 0, 3),
        .step = (size_t)between(random, 0, (int64_t)size)};
    draw_ends(trial, type, is_bench, random);
    draw_numbers(trial, trial->micro->bytes, (trial->channels.count - 1) * trial->channels.step + size,
                 random);
    trial->count = (trial->channels.count - 1) * trial->channels.to_step + outputs;
    trial->output_unit = value_size(type);
    trial->output = room(trial->count, trial->output_unit);
    for (size_t i = 0; i < trial->count * trial->output_unit; i++)
        ((uint8_t *)trial->output)[i] = (uint8_t)sned_random_next(random);
}

static inline void call_depthwise(const struct micro_kernels *micro, enum value_type type,
                                  const struct trial *trial, const void *input, const void *constants,
                                  void *output)
{
    const struct channel_pieces pieces = pieces_at(trial, constants);
    const struct quad_ends ends = ends_of(trial, type);
    micro->depthwise[trial->micro->bytes](output, input, &trial->channels, &pieces, &ends);
}

/* `rows` rows, one behind the other. */
static inline void draw_strided(struct trial *trial, size_t rows, struct random *random)
{
    trial->stride = trial->count == BENCH_COUNT ? 1 : (size_t)between(random, 1, 4);
    trial->flip = between(random, 0, 1) ? 0x80 : 0;
    trial->pixels = trial->count;
    trial->step = (trial->pixels - 1) * trial->stride + 1;
    draw_numbers(trial, VALUE_U8, rows * trial->step, random);
    trial->count *= rows;
    trial->output_unit = 1;
}

/* A few rows, often of whole vectors, and often one behind the other in the image; what lies between them
 * stays. */
static inline void draw_interleave(struct trial *trial, enum value_type type, struct random *random)
{
    const bool is_bench = trial->count == BENCH_COUNT;
    const size_t rows = is_bench ? 1 : (size_t)between(random, 1, 6);
    if (!is_bench && between(random, 0, 1))
        trial->count = (trial->count + 15) / 16 * 16;
    trial->pixels = trial->count;
    trial->plane_rows = (struct plane_rows){
        .rows = rows,
        .count = trial->pixels,
        .step = 4 * trial->pixels + (size_t)between(random, 0, 9),
        .image_step = trial->pixels + (size_t)(between(random, 0, 1) ? between(random, 0, 9) : 0),
        .stride = is_bench ? 1 : (size_t)between(random, 1, 4),
        .flip = between(random, 0, 1) ? 0x80 : 0};
    trial->step =
        (rows - 1) * trial->plane_rows.image_step + (trial->pixels - 1) * trial->plane_rows.stride + 1;
    draw_numbers(trial, VALUE_U8, 4 * trial->step, random);
    trial->count = (rows - 1) * trial->plane_rows.step + 4 * trial->pixels;
    trial->output_unit = 1;
    trial->output = room(trial->count, 1);
    for (size_t i = 0; i < trial->count; i++)
        ((uint8_t *)trial->output)[i] = (uint8_t)sned_random_next(random);
}

static inline void call_interleave(const struct micro_kernels *micro, enum value_type type,
                                   const struct trial *trial, const void *input, const void *constants,
                                   void *output)
{
    const uint8_t *const row = input, *const rows[4] = {row + 3 * trial->step, row, row + trial->step,
                                                        row + 2 * trial->step};
    micro->interleave(output, rows, &trial->plane_rows);
}

/* A few rows, of a row or of an image: what lies between them stays. */
static inline void draw_pick(struct trial *trial, enum value_type type, struct random *random)
{
    const size_t most = trial->count == BENCH_COUNT ? 1 : (size_t)between(random, 1, 5);
    draw_strided(trial, most, random);
    trial->plane_rows = (struct plane_rows){.rows = most,
                                            .count = trial->pixels,
                                            .step = trial->pixels + (size_t)between(random, 0, 9),
                                            .image_step = trial->step - (size_t)between(random, 0, 1),
                                            .stride = trial->stride,
                                            .flip = trial->flip};
    trial->count = (most - 1) * trial->plane_rows.step + trial->pixels;
    trial->output = room(trial->count, 1);
    for (size_t i = 0; i < trial->count; i++)
        ((uint8_t *)trial->output)[i] = (uint8_t)sned_random_next(random);
}

static inline void call_pick(const struct micro_kernels *micro, enum value_type type,
                             const struct trial *trial, const void *input, const void *constants,
                             void *output)
{
    micro->pick(output, input, &trial->plane_rows);
}

/* The constants are bits and taps, ascending, whose lines are in any order. Pixels that are absent, at the
 * end, are the last one; of those with bits what is inside lies in the input, and nothing else need to. */
static inline void draw_lines(struct trial *trial, enum value_type type, struct random *random)
{
    const bool is_bench = trial->count == BENCH_COUNT;
    const size_t taps = is_bench ? 8 : (size_t)between(random, 1, 12);
    struct tap_lines *lines = &trial->lines;
    trial->has_bits = !is_bench && between(random, 0, 1);
    *lines = (struct tap_lines){.channels = is_bench ? BENCH_COUNT / LINE_PIXELS / taps
                                                     : (size_t)between(random, 1, 4),
                                .step = (size_t)between(random, 0, MOST),
                                .tap_count = taps};
    for (size_t i = 1, most = trial->has_bits ? 1 : (size_t)between(random, 1, 3); i < LINE_PIXELS; i++) {
        const size_t next = lines->order[i - 1] + (size_t)between(random, most < 2 ? 1 : 0, (int64_t)most);
        lines->order[i] = (uint8_t)(next < LINE_REACH ? next : LINE_REACH - 1);
    }
    trial->constant_size = taps * (sizeof *lines->bits + sizeof *lines->taps);
    trial->constants = room(trial->constant_size, 1);
    struct line_bits *bits = trial->constants;
    struct line_tap *tap = (struct line_tap *)(void *)(bits + taps);
    const uint32_t turned = (uint32_t)between(random, 0, (int64_t)taps - 1);
    int32_t farthest = 0;
    for (size_t t = 0; t < taps; t++) {
        farthest += (int32_t)between(random, 0, between(random, 0, 1) ? 3 : MOST / 4);
        tap[t] = (struct line_tap){farthest, ((uint32_t)t + turned) % (uint32_t)taps};
    }
    for (size_t t = 0; t < taps; t++) { /* nothing behind the last tap's first pixel */
        const size_t left = (size_t)(farthest - tap[t].offset) + 1, behind = left < 64 ? 0 : left - 64;
        bits[t].readable[0] = left < 64 ? ((uint64_t)1 << left) - 1 : UINT64_MAX;
        bits[t].readable[1] = behind < 64 ? ((uint64_t)1 << behind) - 1 : UINT64_MAX;
        bits[t].inside = sned_random_next(random) & bits[t].readable[0];
    }
    draw_numbers(trial, VALUE_U8,
                 (lines->channels - 1) * lines->step + (size_t)farthest +
                     (trial->has_bits ? 0 : lines->order[LINE_PIXELS - 1]) + 1,
                 random);
    trial->count = lines->channels * taps * LINE_PIXELS;
    trial->output_unit = 1;
}

static inline void call_lines(const struct micro_kernels *micro, enum value_type type,
                              const struct trial *trial, const void *input, const void *constants,
                              void *output)
{
    struct tap_lines lines = trial->lines;
    const struct line_bits *bits = constants;
    lines.taps = (const struct line_tap *)(const void *)(bits + lines.tap_count);
    lines.bits = trial->has_bits ? bits : NULL;
    micro->lines(output, input, &lines);
}

#endif
