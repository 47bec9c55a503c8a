/*
 * avxvnni.c - the column for AVX-VNNI, which brings vpdpbusd to processors that have AVX2 and no AVX-512: it
 * adds up products of bytes exactly, in one instruction instead of three. All else is AVX2's.
 *
 * So unpacks are what bounds a sparse layer. Quads that filters share (micro.h) were tried: with ten
 * registers of sums lists are gone through for 8 pixels at a time, from the second cache, and that takes
 * what sharing saves (conv/lines.c is made for vectors of 64).
 */
#include "runtime/micro/columns.h"

#if defined(__x86_64__)
#include "runtime/micro/avx2/avx2.h"

static micro_quads sned_avxvnni_dense, sned_avxvnni_sparse;
static micro_ended_rows sned_avxvnni_ended_dense, sned_avxvnni_ended_sparse;
static micro_depthwise sned_avxvnni_depthwise;
static micro_spanned_rows sned_avxvnni_spanned_rows;

enum { PAIR_LIMIT = 0 };

/* sum + the products of eight quads. As assembler: for compilers that do not know the instruction, and those
 * that do move the sums from register to register in every turn of a loop. */
AVX2_INLINE __m256i add_products(__m256i sum, __m256i activations, __m256i weights)
{
    __asm__("%{vex%} vpdpbusd %2, %1, %0" : "+x"(sum) : "x"(activations), "x"(weights));
    return sum;
}

#include "runtime/micro/avx2/depthwise.h"
#include "runtime/micro/avx2/spans.h"

/* ---- the column ---- */

AVX2_QUADS(sned_avxvnni_dense, sned_avxvnni_ended_dense, sum_dense, sned_avx2_interleave)
AVX2_QUADS(sned_avxvnni_sparse, sned_avxvnni_ended_sparse, sum_sparse, NULL)
AVX2_DEPTHWISE(sned_avxvnni_depthwise)
AVX2_SPANS(sned_avxvnni_spanned_rows)

const struct micro_kernels sned_micro_avxvnni = {
    .name = "avxvnni",
    .bytes = VALUE_U8,
    .dense_filters = 4,
    .is_narrow = true,
    .piece_outputs = 8,
    .gather_bytes = 16,
    .span_columns = 64,
    .costs = {.taps = 0.6f,
              .dense_quad = 0.44f,
              .dense_product = 0.13f,
              .sparse_quad = 1.42f,
              .sparse_product = 0.86f,
              .sparse_far = 1.2f,
              .shared_product = 20,
              .sliding_quad = 90,
              .lane_product = 19,
              .lane_end = 124,
              .depthwise_channel = 8.4f,
              .depthwise_piece = 0.19f,
              .depthwise_quad = 0.4f,
              .requantize = 1.5f,
              .widen = 0.33f,
              .pick = 0.6f,
              .interleave = 0.48f,
              .fill_row = 1.6f,
              .fill_mixed_row = 18,
              .call = 15,
              .row_dense = 1.01f,
              .row_step = 1.7f,
              .row_listed_kept = 0.176f,
              .memory_byte = 0.025f},
    .widen = {[VALUE_U8] = sned_widen_u8, [VALUE_S8] = sned_widen_s8, [VALUE_S16] = sned_widen_s16},
    .add_taps = sned_avx2_add_taps,
    .dense = {[VALUE_U8] = sned_avxvnni_dense, [VALUE_S8] = sned_dense_s8},
    .sparse = {[VALUE_U8] = sned_avxvnni_sparse, [VALUE_S8] = sned_sparse_s8},
    .sliding = {[VALUE_U8] = sned_sliding_u8, [VALUE_S8] = sned_sliding_s8},
    .ended_dense = {[VALUE_U8] = sned_avxvnni_ended_dense, [VALUE_S8] = sned_ended_dense_s8},
    .ended_sparse = {[VALUE_U8] = sned_avxvnni_ended_sparse, [VALUE_S8] = sned_ended_sparse_s8},
    .add_shared = {[VALUE_U8] = sned_add_shared_u8, [VALUE_S8] = sned_add_shared_s8},
    .end_shared = sned_end_shared,
    .ended_sliding = {[VALUE_U8] = sned_ended_sliding_u8, [VALUE_S8] = sned_ended_sliding_s8},
    .ended_filter_lanes = {[VALUE_U8] = sned_ended_filter_lanes_u8, [VALUE_S8] = sned_ended_filter_lanes_s8},
    .depthwise = {[VALUE_U8] = sned_avxvnni_depthwise, [VALUE_S8] = sned_depthwise_s8},
    .interleave = sned_avx2_interleave,
    .pick = sned_avx2_pick,
    .lines = sned_lines,
    .dot = sned_avx2_dot,
    .dense_rows = {[VALUE_U8] = sned_dense_rows_u8, [VALUE_S8] = sned_dense_rows_s8},
    .masked_rows = {[VALUE_U8] = sned_masked_rows_u8, [VALUE_S8] = sned_masked_rows_s8},
    .spanned_rows = {[VALUE_U8] = sned_avxvnni_spanned_rows, [VALUE_S8] = sned_spanned_rows_s8},
    .listed_rows = sned_avx2_listed_rows,
    .span_rows = true,
    .requantize = {[VALUE_U8] = sned_avx2_requantize_u8,
                   [VALUE_S8] = sned_avx2_requantize_s8,
                   [VALUE_S16] = sned_avx2_requantize_s16},
    .finish_rows = sned_finish_rows,
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
