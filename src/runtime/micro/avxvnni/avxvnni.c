/*
 * avxvnni.c - the column for AVX-VNNI, which brings vpdpbusd to processors that have AVX2 and no AVX-512: it
 * adds up products of bytes exactly, in one instruction instead of three. All else is AVX2's.
 *
 * So unpacks are what bounds a sparse layer, and quads that filters share may gain, while AVX2, whose two
 * weights of a pair must not be too large together, would need more quads than that saves.
 */
#include "runtime/micro/columns.h"

#if defined(__x86_64__)
#include "runtime/micro/avx2/avx2.h"

static micro_quads sned_avxvnni_dense, sned_avxvnni_sparse, sned_avxvnni_shared;
static micro_ended_quads sned_avxvnni_ended_dense, sned_avxvnni_ended_sparse, sned_avxvnni_ended_shared;

/* sum + the products of eight quads. As assembler: for compilers that do not know the instruction, and those
 * that do move the sums from register to register in every turn of a loop. */
AVX2_INLINE __m256i add_products(__m256i sum, __m256i activations, __m256i weights)
{
    __asm__("%{vex%} vpdpbusd %2, %1, %0" : "+x"(sum) : "x"(activations), "x"(weights));
    return sum;
}

#include "runtime/micro/avx2/quads.h"

/* ---- shared ----
 *
 * The sums of five filters, for one half of each 16 of 32 pixels, stay in ten registers. Which filters a quad
 * is for is a constant in the loop over the quads of a set. */

/* Where the quads of the next set are. */
struct set_quads {
    const uint16_t *lines;
    const int8_t *weights;
};

/* add(set), with each set as a constant. */
#define FOR_SETS(add)                                                                                        \
    for (unsigned set_ = 1; set_ < QUAD_SETS; set_++)                                                        \
        switch (set_) {                                                                                      \
            SETS_CASE(1, add)                                                                                \
            SETS_CASE(2, add)                                                                                \
            SETS_CASE(3, add)                                                                                \
            SETS_CASES(4, add)                                                                               \
            SETS_CASES(8, add)                                                                               \
            SETS_CASES(12, add)                                                                              \
            SETS_CASES(16, add)                                                                              \
            SETS_CASES(20, add)                                                                              \
            SETS_CASES(24, add)                                                                              \
            SETS_CASES(28, add)                                                                              \
        }
#define SETS_CASES(set, add)                                                                                 \
    SETS_CASE(set, add) SETS_CASE((set) + 1, add) SETS_CASE((set) + 2, add) SETS_CASE((set) + 3, add)
#define SETS_CASE(set, add)                                                                                  \
    case set:                                                                                                \
        add(set);                                                                                            \
        break;

AVX2_INLINE void add_set(__m256i sums[SET_FILTERS][2], struct set_quads *at, size_t count,
                         const uint8_t *input, const unsigned set)
{
    const uint16_t *lines = at->lines, *const end = lines + count * 4;
    const int8_t *weights = at->weights;
    for (; lines != end; lines += 4) {
        __m256i taps[4], quads[2];
        for (int j = 0; j < 4; j++)
            taps[j] = load(input + (size_t)lines[j] * LINE_UNIT);
        quads_of(quads, taps, false);
        for (int f = 0; f < SET_FILTERS; f++) {
            if (!(set >> f & 1))
                continue;
            const __m256i weight = spread_quad(weights);
            weights += 4;
            for (int i = 0; i < 2; i++)
                sums[f][i] = add_products(sums[f][i], quads[i], weight);
        }
    }
    *at = (struct set_quads){lines, weights};
}

/* To the sums of the first half of each 16 of 32 pixels, the products of a set's quads. */
AVX2_INLINE struct set_quads add_half(const struct sum_rows *rows, const uint8_t *input, struct set_quads at,
                                      size_t count, const unsigned set)
{
    __m256i sums[SET_FILTERS][2];
    for (int f = 0; f < SET_FILTERS; f++) {
        if (!(set >> f & 1))
            continue;
        const int32_t *from = rows->to + (size_t)f * rows->step;
        const __m256i first = load(from), last = load(from + 16);
        sums[f][0] = _mm256_permute2x128_si256(first, last, 0x20);
        sums[f][1] = _mm256_permute2x128_si256(first, last, 0x31);
    }
    add_set(sums, &at, count, input, set);
    for (int f = 0; f < SET_FILTERS; f++)
        if (set >> f & 1)
            store_halves(rows->to + (size_t)f * rows->step, sums[f]);
    return at;
}

/* All pixels by the quads of a set, whose lines stay in the first cache, then by those of the next one. The
 * second half of each 16 pixels is the first one of what lies 8 further. */
AVX2_INLINE void add_pixels_set(const struct sum_rows *rows, size_t count, const uint8_t *input,
                                struct set_quads *at, size_t quads, const unsigned set)
{
    const struct set_quads begin = *at;
    for (size_t p = 0; p < count && quads > 0; p += p % 16 ? 24 : 8) {
        const struct sum_rows half = {rows->to + p, rows->step, true};
        *at = add_half(&half, input + p, begin, quads, set);
    }
}

AVX2 static void shared_piece(const struct sum_rows *rows, size_t count, const uint8_t *input,
                              const struct quad_list *list)
{
    struct set_quads at = {list->lines, list->weights};
    for (int f = 0; f < list->filters; f++)
        for (size_t p = 0; p < count; p += QUAD_PIXELS)
            store(rows->to + (size_t)f * rows->step + p, _mm256_set1_epi32(list->start[f]));
#define ADD(set) add_pixels_set(rows, count, input, &at, list->sets[set], set)
    FOR_SETS(ADD)
#undef ADD
}

/* Absent filters have sums of nothing, for which a piece has rows: where there is room, END_FILTERS. */
AVX2 static void sum_shared(const struct sum_rows *rows, size_t count, const uint8_t *input,
                            const struct quad_list *list)
{
    int32_t sums[SET_FILTERS * END_PIECE];
    const struct sum_rows own = {sums, END_PIECE, true};
    if (rows->has_room) {
        shared_piece(rows, count, input, list);
        return;
    }
    for (size_t at = 0; at < count; at += END_PIECE) {
        const size_t left = count - at, part = left < END_PIECE ? left : END_PIECE;
        shared_piece(&own, part, input + at, list);
        for (int f = 0; f < list->filters; f++)
            memcpy(rows->to + (size_t)f * rows->step + at, sums + f * END_PIECE, part * sizeof *sums);
    }
}

/* ---- the column ---- */

AVX2_QUADS(sned_avxvnni_dense, sned_avxvnni_ended_dense, sum_dense, 4)
AVX2_QUADS(sned_avxvnni_sparse, sned_avxvnni_ended_sparse, sum_sparse, 1)
AVX2_QUADS(sned_avxvnni_shared, sned_avxvnni_ended_shared, sum_shared, 1)

const struct micro_kernels sned_micro_avxvnni = {
    .name = "avxvnni",
    .bytes = VALUE_U8,
    .dense_filters = 4,
    .costs = {.taps = 0.6f,
              .dense_quad = 0.44f,
              .dense_product = 0.13f,
              .sparse_quad = 1.42f,
              .sparse_product = 0.86f,
              .sparse_far = 1.2f,
              .shared_quad = 3.5f,
              .shared_product = 0.42f,
              .shared_set = 3,
              .shared_far = 5.3f,
              .line = 3,
              .sliding_quad = 90,
              .lane_product = 19,
              .lane_end = 124,
              .depthwise_channel = 1,
              .depthwise_piece = 34,
              .depthwise_quad = 55,
              .requantize = 1.5f,
              .widen = 0.33f,
              .pick = 0.6f,
              .interleave = 0.48f,
              .fill_row = 1.6f,
              .fill_mixed_row = 18,
              .call = 15,
              .row_dense = 1.01f,
              .row_listed_kept = 0.176f,
              .memory_byte = 0.025f},
    .widen = {[VALUE_U8] = sned_widen_u8, [VALUE_S8] = sned_widen_s8, [VALUE_S16] = sned_widen_s16},
    .add_taps = sned_avx2_add_taps,
    .dense = {[VALUE_U8] = sned_avxvnni_dense, [VALUE_S8] = sned_dense_s8},
    .sparse = {[VALUE_U8] = sned_avxvnni_sparse, [VALUE_S8] = sned_sparse_s8},
    .shared = {[VALUE_U8] = sned_avxvnni_shared, [VALUE_S8] = sned_shared_s8},
    .sliding = {[VALUE_U8] = sned_sliding_u8, [VALUE_S8] = sned_sliding_s8},
    .ended_dense = {[VALUE_U8] = sned_avxvnni_ended_dense, [VALUE_S8] = sned_ended_dense_s8},
    .ended_sparse = {[VALUE_U8] = sned_avxvnni_ended_sparse, [VALUE_S8] = sned_ended_sparse_s8},
    .ended_shared = {[VALUE_U8] = sned_avxvnni_ended_shared, [VALUE_S8] = sned_ended_shared_s8},
    .ended_sliding = {[VALUE_U8] = sned_ended_sliding_u8, [VALUE_S8] = sned_ended_sliding_s8},
    .ended_filter_lanes = {[VALUE_U8] = sned_ended_filter_lanes_u8, [VALUE_S8] = sned_ended_filter_lanes_s8},
    .depthwise = {[VALUE_U8] = sned_depthwise_u8, [VALUE_S8] = sned_depthwise_s8},
    .interleave = sned_avx2_interleave,
    .pick = sned_avx2_pick,
    .lines = sned_avx2_lines,
    .dot = sned_avx2_dot,
    .dense_rows = {[VALUE_U8] = sned_dense_rows_u8, [VALUE_S8] = sned_dense_rows_s8},
    .masked_rows = {[VALUE_U8] = sned_masked_rows_u8, [VALUE_S8] = sned_masked_rows_s8},
    .spanned_rows = {[VALUE_U8] = sned_spanned_rows_u8, [VALUE_S8] = sned_spanned_rows_s8},
    .listed_rows = sned_avx2_listed_rows,
    .requantize = {[VALUE_U8] = sned_avx2_requantize_u8,
                   [VALUE_S8] = sned_avx2_requantize_s8,
                   [VALUE_S16] = sned_avx2_requantize_s16},
    .window_max = {[VALUE_U8] = sned_avx2_window_max_u8,
                   [VALUE_S8] = sned_avx2_window_max_s8,
                   [VALUE_S16] = sned_avx2_window_max_s16},
    .window_sum = {[VALUE_U8] = sned_avx2_window_sum_u8,
                   [VALUE_S8] = sned_avx2_window_sum_s8,
                   [VALUE_S16] = sned_window_sum_s16},
    .lrn = {[VALUE_U8] = sned_avx2_lrn_u8, [VALUE_S8] = sned_avx2_lrn_s8},
    .look_up = sned_avx2_look_up,
    .quantize = {[VALUE_U8] = sned_avx2_quantize_u8, [VALUE_S8] = sned_avx2_quantize_s8},
    .add = sned_avx2_add_bytes,
};
#endif
