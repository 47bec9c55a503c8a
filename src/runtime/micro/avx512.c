/*
 * avx512.c - the column for AVX-512 with VNNI and VBMI2: vpdpbusd adds up products of bytes exactly. What has
 * no form of its own here is AVX2's.
 */
#if defined(__x86_64__)
#include "runtime/micro/avx2.h"
#include "runtime/micro/avx512.h"

const struct micro_kernels sned_micro_avx512 = {
    .name = "avx512vnni",
    .bytes = VALUE_U8,
    .dense_filters = 8,
    .costs = {.taps = 0.6f,
              .dense_quad = 0.2f,
              .dense_product = 0.098f,
              .sparse_quad = 0.73f,
              .sparse_product = 0.41f,
              .sliding_quad = 0.12f,
              .requantize = 0.88f,
              .widen = 0.33f,
              .pick = 0.46f,
              .interleave = 0.38f,
              .fill_row = 1.7f,
              .fill_mixed_row = 20,
              .call = 11,
              .row_dense = 0.25f,
              .row_masked = 0.56f,
              .row_masked_kept = 0.0005f,
              .row_listed_kept = 0.176f,
              .memory_byte = 0.025f},
    .widen = {[VALUE_U8] = sned_widen_u8, [VALUE_S8] = sned_widen_s8, [VALUE_S16] = sned_widen_s16},
    .add_taps = sned_avx2_add_taps,
    .dense = {[VALUE_U8] = sned_avx512_dense, [VALUE_S8] = sned_dense_s8},
    .sparse = {[VALUE_U8] = sned_avx512_sparse, [VALUE_S8] = sned_sparse_s8},
    .sliding = {[VALUE_U8] = sned_avx512_sliding, [VALUE_S8] = sned_sliding_s8},
    .interleave = sned_avx512_interleave,
    .pick = sned_avx512_pick,
    .dot = sned_avx2_dot,
    .dense_rows = {[VALUE_U8] = sned_avx512_dense_rows, [VALUE_S8] = sned_dense_rows_s8},
    .masked_rows = {[VALUE_U8] = sned_avx512_masked_rows, [VALUE_S8] = sned_masked_rows_s8},
    .listed_rows = sned_avx2_listed_rows,
    .byte_rows = true,
    .requantize = {[VALUE_U8] = sned_avx512_requantize_u8,
                   [VALUE_S8] = sned_avx512_requantize_s8,
                   [VALUE_S16] = sned_avx512_requantize_s16},
    .window_max = {[VALUE_U8] = sned_avx512_window_max_u8,
                   [VALUE_S8] = sned_avx512_window_max_s8,
                   [VALUE_S16] = sned_avx2_window_max_s16},
    .window_sum = {[VALUE_U8] = sned_avx2_window_sum_u8,
                   [VALUE_S8] = sned_avx2_window_sum_s8,
                   [VALUE_S16] = sned_window_sum_s16},
    .slide_squares = {[VALUE_U8] = sned_avx2_slide_squares_u8, [VALUE_S8] = sned_avx2_slide_squares_s8},
    .normalize = {[VALUE_U8] = sned_avx2_normalize_u8, [VALUE_S8] = sned_avx2_normalize_s8},
    .look_up = sned_avx512_look_up,
    .quantize = {[VALUE_U8] = sned_avx2_quantize_u8, [VALUE_S8] = sned_avx2_quantize_s8},
    .add = sned_avx512_add_bytes,
};
#endif
