/*
 * columns.h - the columns of the table of micro-kernels, and the first one's functions, for those that have
 * none of their own.
 */
#ifndef SNED_RUNTIME_MICRO_COLUMNS_H
#define SNED_RUNTIME_MICRO_COLUMNS_H

#include "runtime/micro/micro.h"

extern const struct micro_kernels sned_micro_portable;
#if defined(__x86_64__)
extern const struct micro_kernels sned_micro_avx2, sned_micro_avxvnni, sned_micro_avx512;
#elif defined(__aarch64__)
extern const struct micro_kernels sned_micro_neon, sned_micro_neon_dot;
#endif

micro_widen sned_widen_u8, sned_widen_s8, sned_widen_s16;
micro_add_taps sned_add_taps;
micro_quads sned_dense_u8, sned_dense_s8, sned_sparse_u8, sned_sparse_s8;
micro_sliding sned_sliding_u8, sned_sliding_s8;
micro_ended_rows sned_ended_dense_u8, sned_ended_dense_s8, sned_ended_sparse_u8, sned_ended_sparse_s8;
micro_add_shared sned_add_shared_u8, sned_add_shared_s8;
micro_end_shared sned_end_shared;
micro_ended_rows sned_ended_sliding_u8, sned_ended_sliding_s8;
micro_ended_rows sned_ended_filter_lanes_u8, sned_ended_filter_lanes_s8;
micro_depthwise sned_depthwise_u8, sned_depthwise_s8;
micro_interleave sned_interleave;
micro_pick sned_pick;
micro_lines sned_lines;
micro_dot sned_dot;
micro_dense_rows sned_dense_rows_u8, sned_dense_rows_s8;
micro_masked_rows sned_masked_rows_u8, sned_masked_rows_s8;
micro_spanned_rows sned_spanned_rows_u8, sned_spanned_rows_s8;
micro_listed_rows sned_listed_rows;
micro_requantize sned_requantize_u8, sned_requantize_s8, sned_requantize_s16;
extern micro_requantize *const sned_requantize[MICRO_TYPES];
micro_finish_rows sned_finish_rows;
micro_window_max sned_window_max_u8, sned_window_max_s8, sned_window_max_s16;
micro_window_sum sned_window_sum_u8, sned_window_sum_s8, sned_window_sum_s16;
micro_lrn sned_lrn_u8, sned_lrn_s8;
micro_look_up sned_look_up;
micro_quantize sned_quantize_u8, sned_quantize_s8;
micro_add sned_add_bytes;

#endif
