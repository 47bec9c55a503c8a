/*
 * filter_lanes.c - sums of quads for AVX-512 VNNI whose lanes are filters.
 *
 *     weights of a quad     f0 f0 f0 f0 | f1 f1 f1 f1 | .. f15     f16 .. f31        two vectors
 *     pixel p's             a  b  c  d  | a  b  c  d  | ..                           a broadcast
 *
 * Two vectors of filters times 14 pixels are 28 sums, of 32 registers: 16 loads serve 28 multiplications, and
 * none crosses a line of the cache. Of small images this computes what is asked for, where lanes of pixels
 * have columns that are thrown away; and weights, which such layers have more of than pixels, are read a
 * vector at a time and once for 14 pixels.
 *
 * The 14 pixels are two runs of up to 7 neighbours, as far apart as the stride says and wherever the second
 * run is: of a row of an image, or of two. Rows are cut into runs of nearly the same length; a run that is
 * shorter than its partner computes one pixel too many, behind its end, whose place the next run takes.
 *
 * Lists lie one behind the other, and weights that come from the third cache come slower than they are
 * multiplied. So the first two pairs of runs fetch what lies behind their list into the second cache, half of
 * it each.
 *
 * Sums of some pixels stay in the first cache, [pixel][filter]. Then 16 pixels at a time become bytes, are
 * transposed and go to their filters' rows; or to their quads, which four filters' bytes are as they come.
 */
#if defined(__x86_64__)
#include "runtime/micro/avx512/ends.h"
#include "runtime/micro/ends.h"

#include <string.h>

enum {
    LANES = 16,
    VECTORS = FILTER_LANES / LANES,
    LINE = 64,               /* bytes */
    GROUP = 16,              /* pixels that are transposed together */
    PIECE = GROUP * LANE_RUN /* and whose sums are kept */
};

typedef int32_t pixel_sums[FILTER_LANES];

/* ---- sums ---- */

/* The first filters of 16 from `first` on. */
AVX512_INLINE __mmask16 lanes_from(int first, int filters)
{
    return filters > first ? first_of_16((size_t)(filters - first)) : 0;
}

/* Two runs of neighbours, the second one `apart` bytes behind the first. */
struct run_pair {
    const uint8_t *input;
    size_t apart, pixel_step;
    const int8_t *ahead; /* what is fetched meanwhile, a line of the cache for each quad */
};

typedef __m512i run_sums[LANE_RUN][VECTORS];

/* Runs of so many pixels. */
AVX512_INLINE void sum_runs(run_sums sum[2], const struct run_pair *pair, const struct quad_list *list,
                            const int pixels)
{
    const int8_t *weights = list->weights;
    const __m512i start[VECTORS] = {
        _mm512_maskz_loadu_epi32(lanes_from(0, list->filters), list->start),
        _mm512_maskz_loadu_epi32(lanes_from(LANES, list->filters), list->start + LANES)};
#pragma GCC unroll 2
    for (int run = 0; run < 2; run++)
#pragma GCC unroll 8
        for (int p = 0; p < pixels; p++)
            sum[run][p][0] = start[0], sum[run][p][1] = start[1];
    for (size_t q = 0; q < list->count; q++, weights += FILTER_LANES * 4) {
        const __m512i low = load_once(weights), high = load_once(weights + LANES * 4);
        const uint8_t *from = pair->input + (size_t)list->offsets[q] * 4;
        _mm_prefetch(pair->ahead + q * LINE, _MM_HINT_T1);
#pragma GCC unroll 2
        for (int run = 0; run < 2; run++, from += pair->apart)
#pragma GCC unroll 8
            for (int p = 0; p < pixels; p++) {
                int32_t quad;
                memcpy(&quad, from + (size_t)p * pair->pixel_step, sizeof quad);
                const __m512i pixel = _mm512_set1_epi32(quad);
                sum[run][p][0] = add_products(sum[run][p][0], pixel, low);
                sum[run][p][1] = add_products(sum[run][p][1], pixel, high);
            }
    }
}

AVX512_INLINE void store_runs(pixel_sums *first, pixel_sums *second, const struct run_pair *pair,
                              const struct quad_list *list, const int pixels)
{
    run_sums sum[2];
    sum_runs(sum, pair, list, pixels);
#pragma GCC unroll 2
    for (int run = 0; run < 2; run++) {
        int32_t *const to = run == 0 ? *first : *second;
#pragma GCC unroll 8
        for (int p = 0; p < pixels; p++) {
            _mm512_storeu_si512(to + p * FILTER_LANES, sum[run][p][0]);
            _mm512_storeu_si512(to + p * FILTER_LANES + LANES, sum[run][p][1]);
        }
    }
}

#define RUNS(pixels)                                                                                         \
    AVX512 static void runs_of_##pixels(pixel_sums *first, pixel_sums *second, const struct run_pair *pair,  \
                                        const struct quad_list *list)                                        \
    {                                                                                                        \
        store_runs(first, second, pair, list, pixels);                                                       \
    }
RUNS(1)
RUNS(2)
RUNS(3)
RUNS(4)
RUNS(5)
RUNS(6)
RUNS(7)

typedef void runs_function(pixel_sums *first, pixel_sums *second, const struct run_pair *pair,
                           const struct quad_list *list);
static runs_function *const runs_of[] = {NULL,      runs_of_1, runs_of_2, runs_of_3,
                                         runs_of_4, runs_of_5, runs_of_6, runs_of_7};

/* Neighbours in a row. */
struct pixel_run {
    const uint8_t *input;
    size_t pixels;
};

/* The runs of all rows one after the other; of each row the first `longer` have a pixel more than others. */
struct run_cursor {
    const struct quad_rows *rows;
    const uint8_t *row, *at;
    size_t of_row, shortest, longer;
    size_t index, left; /* in the row; in all */
};

static inline struct run_cursor runs_in(const struct quad_rows *rows, const uint8_t *input)
{
    const size_t of_row = (rows->count + LANE_RUN - 1) / LANE_RUN;
    return (struct run_cursor){.rows = rows,
                               .row = input,
                               .at = input,
                               .of_row = of_row,
                               .shortest = rows->count / of_row,
                               .longer = rows->count % of_row,
                               .left = of_row * rows->rows};
}

static inline struct pixel_run next_run(struct run_cursor *cursor)
{
    const struct pixel_run run = {cursor->at, cursor->shortest + (cursor->index < cursor->longer)};
    cursor->left--;
    cursor->at += run.pixels * cursor->rows->stride;
    if (++cursor->index == cursor->of_row) {
        cursor->index = 0;
        cursor->row += cursor->rows->row_step;
        cursor->at = cursor->row;
    }
    return run;
}

/* The second of a pair; the last one of all may be alone, and is halved. */
static inline struct pixel_run next_partner(struct run_cursor *cursor, struct pixel_run *first)
{
    if (cursor->left)
        return next_run(cursor);
    const size_t half = (first->pixels + 1) / 2;
    const struct pixel_run second = {first->input + half * cursor->rows->stride, first->pixels - half};
    first->pixels = half;
    return second;
}

/* ---- ends ---- */

struct lane_ends {
    __m512 scales[VECTORS];
    __m512i low, high, flip; /* of bytes, unsigned */
    __m512i zero;            /* of words: where 0 is */
};

/* The scales of 16 filters; false: a shift is too small. */
AVX512_INLINE bool find_scales_of(__m512 *scales, const struct scaling *scalings, __mmask16 some)
{
    _Static_assert(sizeof *scalings == 4, "a scaling is a lane");
    const __m512i loaded = _mm512_maskz_loadu_epi32(some, scalings);
    const __m512i multiplier = _mm512_and_si512(loaded, _mm512_set1_epi32(UINT16_MAX));
    const __m512i shift = _mm512_and_si512(_mm512_srli_epi32(loaded, 16), _mm512_set1_epi32(UINT8_MAX));
    const __m512i power = _mm512_slli_epi32(_mm512_sub_epi32(_mm512_set1_epi32(127), shift), 23);
    *scales = _mm512_mul_ps(_mm512_cvtepi32_ps(multiplier), _mm512_castsi512_ps(power));
    return _mm512_mask_cmplt_epi32_mask(some, shift, _mm512_set1_epi32(LEAST_SMALL_SHIFT)) == 0;
}

/* Signed bytes are ended as unsigned ones, 128 above them. False: they do not end so. */
AVX512_INLINE bool find_lane_ends(struct lane_ends *lanes, const struct quad_ends *ends, int filters)
{
    const int zero = ends->type == VALUE_S8 ? 128 : 0;
    lanes->zero = _mm512_set1_epi16((int16_t)zero);
    lanes->flip = _mm512_set1_epi8((int8_t)zero);
    lanes->low = _mm512_set1_epi8((int8_t)(ends->rule->low + zero));
    lanes->high = _mm512_set1_epi8((int8_t)(ends->rule->high + zero));
    bool are_found = are_small(ends);
    for (int v = 0; v < VECTORS; v++)
        are_found &=
            find_scales_of(&lanes->scales[v], ends->scalings + v * LANES, lanes_from(v * LANES, filters));
    return are_found;
}

/* Four pixels' results, of 16 filters, as bytes: a lane has four filters of a pixel, then of the next. */
AVX512_INLINE __m512i bounded_bytes(const __m512i results[4], const struct lane_ends *lanes)
{
    const __m512i first = _mm512_adds_epi16(_mm512_packs_epi32(results[0], results[1]), lanes->zero);
    const __m512i second = _mm512_adds_epi16(_mm512_packs_epi32(results[2], results[3]), lanes->zero);
    const __m512i bytes = _mm512_packus_epi16(first, second);
    const __m512i bounded = _mm512_min_epu8(_mm512_max_epu8(bytes, lanes->low), lanes->high);
    return _mm512_xor_si512(bounded, lanes->flip);
}

AVX512_INLINE __m512i four_ended(const pixel_sums sums[4], int vector, const struct lane_ends *lanes)
{
    __m512i results[4];
#pragma GCC unroll 4
    for (int p = 0; p < 4; p++)
        results[p] = scaled(_mm512_loadu_si512(sums[p] + vector * LANES), lanes->scales[vector]);
    return bounded_bytes(results, lanes);
}

/* 16 pixels of 16 filters: of row k a lane is filter 4 * lane + k. */
AVX512_INLINE void sixteen_ended(__m512i rows[4], const pixel_sums sums[GROUP], int vector,
                                 const struct lane_ends *lanes)
{
    const __m512i order =
        _mm512_broadcast_i32x4(_mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
    __m512i fours[4];
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++)
        fours[i] = _mm512_shuffle_epi8(four_ended(sums + i * 4, vector, lanes), order);
    const __m512i low01 = _mm512_unpacklo_epi32(fours[0], fours[1]);
    const __m512i high01 = _mm512_unpackhi_epi32(fours[0], fours[1]);
    const __m512i low23 = _mm512_unpacklo_epi32(fours[2], fours[3]);
    const __m512i high23 = _mm512_unpackhi_epi32(fours[2], fours[3]);
    rows[0] = _mm512_unpacklo_epi64(low01, low23);
    rows[1] = _mm512_unpackhi_epi64(low01, low23);
    rows[2] = _mm512_unpacklo_epi64(high01, high23);
    rows[3] = _mm512_unpackhi_epi64(high01, high23);
}

/* All of them. */
AVX512_INLINE void store_rows(uint8_t *to, size_t step, const __m512i rows[4])
{
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++, to += step) {
        _mm_storeu_si128((__m128i *)to, _mm512_castsi512_si128(rows[k]));
        _mm_storeu_si128((__m128i *)(to + 4 * step), _mm512_extracti32x4_epi32(rows[k], 1));
        _mm_storeu_si128((__m128i *)(to + 8 * step), _mm512_extracti32x4_epi32(rows[k], 2));
        _mm_storeu_si128((__m128i *)(to + 12 * step), _mm512_extracti32x4_epi32(rows[k], 3));
    }
}

/* The first pixels of the first filters. */
AVX512_INLINE void store_some(uint8_t *to, size_t step, const __m512i rows[4], size_t pixels, int filters)
{
    for (int f = 0; f < filters && f < LANES; f++)
        _mm_mask_storeu_epi8(to + (size_t)f * step, first_of_16(pixels),
                             _mm_loadu_si128((const __m128i *)(rows + f % 4) + f / 4));
}

/* The sums of up to 16 pixels to their filters' rows. */
AVX512_INLINE void store_group(uint8_t *to, size_t step, const pixel_sums *sums, size_t pixels, int filters,
                               const struct lane_ends *lanes)
{
#pragma GCC unroll 2
    for (int v = 0; v < VECTORS; v++, to += LANES * step, filters -= LANES) {
        __m512i rows[4];
        sixteen_ended(rows, sums, v, lanes);
        if (pixels >= GROUP && filters >= LANES)
            store_rows(to, step, rows);
        else
            store_some(to, step, rows, pixels, filters);
    }
}

/* ---- pieces ---- */

/* Where the filters' rows go. */
struct lane_rows {
    uint8_t *to;
    size_t step;
    int filters;
    const struct quad_ends *ends;
    const struct lane_ends *lanes; /* NULL: they do not end so */
};

/* The last 16 pixels may be some that are there already. */
AVX512 static void store_bytes(const struct lane_rows *rows, size_t done, const pixel_sums *sums,
                               size_t pixels)
{
    for (size_t at = 0; at < pixels; at += GROUP) {
        if (at + GROUP > pixels && pixels >= GROUP)
            at = pixels - GROUP;
        store_group(rows->to + done + at, rows->step, sums + at, pixels - at, rows->filters, rows->lanes);
    }
}

/* Quads of the first of four pixels, of the first of four planes. A masked vextracti32x4, into which
 * compilers make an extraction and a masked store, faults where the mask has nothing: they are kept apart. */
AVX512_INLINE void store_four_quads(uint8_t *to, size_t step, __m512i bytes, const size_t pixels,
                                    const int planes)
{
    __m128i quads[4] = {_mm512_castsi512_si128(bytes), _mm512_extracti32x4_epi32(bytes, 1),
                        _mm512_extracti32x4_epi32(bytes, 2), _mm512_extracti32x4_epi32(bytes, 3)};
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++, to += step) {
        if (__builtin_constant_p(pixels) && pixels == 4) {
            _mm_storeu_si128((__m128i *)to, quads[k]);
            continue;
        }
        __asm__("" : "+v"(quads[k]));
        _mm_mask_storeu_epi32(to, k < planes ? (__mmask8)((1 << pixels) - 1) : 0, quads[k]);
    }
}

AVX512 static void store_quads(const struct lane_rows *rows, size_t done, const pixel_sums *sums,
                               size_t pixels)
{
    uint8_t *const to = rows->to + done * 4;
    for (size_t at = 0; at < pixels; at += 4)
        for (int f = 0; f < rows->filters; f += LANES)
            store_four_quads(to + ((size_t)f / 4 * rows->step + at) * 4, rows->step * 4,
                             four_ended(sums + at, f / LANES, rows->lanes), pixels - at < 4 ? pixels - at : 4,
                             (rows->filters - f) / 4);
}

/* Two whole runs of all filters, which end in registers: of what is most often met. */
AVX512 static void whole_runs_to_quads(uint8_t *to, size_t step, const struct run_pair *pair,
                                       const struct quad_list *list, const struct lane_ends *lanes)
{
    run_sums sum[2];
    sum_runs(sum, pair, list, LANE_RUN);
#pragma GCC unroll 2
    for (int run = 0; run < 2; run++, to += LANE_RUN * 4)
#pragma GCC unroll 2
        for (int v = 0; v < VECTORS; v++)
#pragma GCC unroll 2
            for (int first = 0; first < LANE_RUN; first += 4) {
                __m512i results[4];
#pragma GCC unroll 4
                for (int p = 0; p < 4; p++)
                    results[p] =
                        first + p < LANE_RUN ? scaled(sum[run][first + p][v], lanes->scales[v]) : results[0];
                store_four_quads(to + (size_t)v * 4 * step + first * 4, step, bounded_bytes(results, lanes),
                                 LANE_RUN - first < 4 ? LANE_RUN - first : 4, 4);
            }
}

/* Other ends, a filter or four at a time. */
static void requantize_filters(const struct lane_rows *rows, size_t done, const pixel_sums *sums,
                               size_t pixels)
{
    const struct quad_ends *ends = rows->ends;
    const int together = ends->in_quads ? 4 : 1;
    const size_t size = value_size(ends->type);
    for (int f = 0; f < rows->filters; f += together) {
        int32_t row[4 * PIECE];
        uint8_t *to = rows->to + ((size_t)f * rows->step + done * (size_t)together) * size;
        for (int j = 0; j < together; j++)
            for (size_t p = 0; p < pixels; p++)
                row[(size_t)j * PIECE + p] = sums[p][f + j];
        const struct quad_ends four = {
            .type = ends->type, .scalings = ends->scalings + f, .rule = ends->rule};
        if (ends->in_quads)
            sned_end_in_quads(to, 0, row, PIECE, pixels, 4, &four, sned_avx512_requantize[ends->type],
                              sned_avx512_interleave);
        else
            sned_avx512_requantize[ends->type](to, row, pixels, ends->scalings[f], ends->rule);
    }
}

static void end_pixels(const struct lane_rows *rows, size_t done, const pixel_sums *sums, size_t pixels)
{
    if (rows->lanes && rows->ends->in_quads)
        store_quads(rows, done, sums, pixels);
    else if (rows->lanes)
        store_bytes(rows, done, sums, pixels);
    else
        requantize_filters(rows, done, sums, pixels);
}

AVX512 void sned_avx512_ended_filter_lanes(void *to, size_t step, const struct quad_rows *pixels,
                                           const uint8_t *input, const struct quad_list *list,
                                           const struct quad_ends *ends)
{
    struct lane_ends lanes;
    const bool are_found = find_lane_ends(&lanes, ends, list->filters);
    const struct lane_rows rows = {to, step, list->filters, ends, are_found ? &lanes : NULL};
    const bool are_whole = are_found && ends->in_quads && list->filters == FILTER_LANES;
    struct run_cursor runs = runs_in(pixels, input);
    const int8_t *const behind = list->weights + list->count * FILTER_LANES * 4;
    const int8_t *ahead = behind;
    _Alignas(64) pixel_sums sums[PIECE + 2];
    size_t done = 0, held = 0;
    while (runs.left) {
        struct pixel_run first = next_run(&runs);
        const struct pixel_run second = next_partner(&runs, &first);
        const struct run_pair pair = {first.input, (size_t)(second.input - first.input), pixels->stride,
                                      ahead};
        const bool is_whole = are_whole && first.pixels == LANE_RUN && second.pixels == LANE_RUN;
        ahead = ahead == behind ? behind + list->count * LINE : list->weights;
        if (is_whole || held + 2 * LANE_RUN > PIECE) {
            end_pixels(&rows, done, sums, held);
            done += held;
            held = 0;
        }
        if (is_whole) {
            whole_runs_to_quads(rows.to + done * 4, step * 4, &pair, list, &lanes);
            done += 2 * LANE_RUN;
            continue;
        }
        const size_t most = first.pixels > second.pixels ? first.pixels : second.pixels;
        runs_of[most](sums + held, sums + held + first.pixels, &pair, list);
        held += first.pixels + second.pixels;
    }
    end_pixels(&rows, done, sums, held);
}
#endif
