/*
 * avx512.h - what the files of the column for AVX-512 share: how they are compiled, partial vectors, and
 * rows of bytes as quads. columns.c says what a machine has to have to run them.
 */
#ifndef SNED_RUNTIME_MICRO_AVX512_AVX512_H
#define SNED_RUNTIME_MICRO_AVX512_AVX512_H

#include "runtime/micro/columns.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX512_TARGET target("avx512f,avx512bw,avx512vl,avx512vnni,avx512vbmi,avx512vbmi2,popcnt")
#define AVX512        __attribute__((AVX512_TARGET))
/* Compiled once, whatever callers pass. */
#define AVX512_ONCE   AVX512 static __attribute__((noinline, noclone))
#define AVX512_INLINE static inline __attribute__((AVX512_TARGET, always_inline))

micro_quads sned_avx512_dense, sned_avx512_sparse;
micro_sliding sned_avx512_sliding;
micro_add_shared sned_avx512_add_shared;
micro_end_shared sned_avx512_end_shared;
micro_ended_rows sned_avx512_ended_dense, sned_avx512_ended_sparse, sned_avx512_ended_sliding,
    sned_avx512_ended_filter_lanes;
micro_depthwise sned_avx512_depthwise;
micro_interleave sned_avx512_interleave;
micro_pick sned_avx512_pick;
micro_lines sned_avx512_lines;
micro_requantize sned_avx512_requantize_u8, sned_avx512_requantize_s8, sned_avx512_requantize_s16;
extern micro_requantize *const sned_avx512_requantize[MICRO_TYPES];
micro_finish_rows sned_avx512_finish_rows;
micro_dense_rows sned_avx512_dense_rows;
micro_masked_rows sned_avx512_masked_rows;
micro_spanned_rows sned_avx512_spanned_rows;
micro_window_max sned_avx512_window_max_u8, sned_avx512_window_max_s8;
micro_look_up sned_avx512_look_up;
micro_lrn sned_avx512_lrn_u8, sned_avx512_lrn_s8;
micro_quantize sned_avx512_quantize_u8, sned_avx512_quantize_s8;
micro_add sned_avx512_add_bytes;

/* The first `count` of 16, or of 64; all of them, where there are more. */
AVX512_INLINE __mmask16 first_of_16(size_t count)
{
    return (__mmask16)(count >= 16 ? 0xFFFF : (1u << count) - 1);
}

AVX512_INLINE __mmask64 first_of_64(size_t count)
{
    return count >= 64 ? ~(__mmask64)0 : ((__mmask64)1 << count) - 1;
}

/* sum + bytes * weights. As assembler: compilers that see what it is move the sums from register to register
 * in every turn of a loop, and to memory and back where there are many. */
AVX512_INLINE __m512i add_products(__m512i sum, __m512i bytes, __m512i weights)
{
    __asm__("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(bytes), "v"(weights));
    return sum;
}

/* A vector that is loaded once, however often it is used. */
AVX512_INLINE __m512i load_once(const void *from)
{
    __m512i value = _mm512_loadu_si512(from);
    __asm__("" : "+v"(value));
    return value;
}

/* 64 pixels of four rows, to quads of a byte of each: lane l, 16 bytes, of vector k has four pixels from 16 l
 * + 4 k on. */
AVX512_INLINE void quads_of_rows(const __m512i rows[4], __m512i quads[4])
{
    const __m512i low01 = _mm512_unpacklo_epi8(rows[0], rows[1]);
    const __m512i high01 = _mm512_unpackhi_epi8(rows[0], rows[1]);
    const __m512i low23 = _mm512_unpacklo_epi8(rows[2], rows[3]);
    const __m512i high23 = _mm512_unpackhi_epi8(rows[2], rows[3]);
    quads[0] = _mm512_unpacklo_epi16(low01, low23);
    quads[1] = _mm512_unpackhi_epi16(low01, low23);
    quads[2] = _mm512_unpacklo_epi16(high01, high23);
    quads[3] = _mm512_unpackhi_epi16(high01, high23);
}

/* Four vectors in that order, to the order of the pixels: lane l of vector k to lane k of vector l. */
AVX512_INLINE void in_order(__m512i vectors[4])
{
    const __m512i low01 = _mm512_shuffle_i32x4(vectors[0], vectors[1], 0x44);
    const __m512i high01 = _mm512_shuffle_i32x4(vectors[0], vectors[1], 0xEE);
    const __m512i low23 = _mm512_shuffle_i32x4(vectors[2], vectors[3], 0x44);
    const __m512i high23 = _mm512_shuffle_i32x4(vectors[2], vectors[3], 0xEE);
    vectors[0] = _mm512_shuffle_i32x4(low01, low23, 0x88);
    vectors[1] = _mm512_shuffle_i32x4(low01, low23, 0xDD);
    vectors[2] = _mm512_shuffle_i32x4(high01, high23, 0x88);
    vectors[3] = _mm512_shuffle_i32x4(high01, high23, 0xDD);
}
#endif

#endif
