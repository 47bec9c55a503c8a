/*
 * avx2.h - what the files of the AVX2 column share: how they are compiled, whole and partial vectors in
 * memory, and the functions that a later column of x86-64 takes over.
 *
 * A row is done a vector at a time. Where it has one vector or more, the last one ends where the row ends
 * and does some of the numbers of the one before again; a shorter row reads behind its input, as it may,
 * and is stored in pieces.
 */
#ifndef SNED_RUNTIME_MICRO_AVX2_AVX2_H
#define SNED_RUNTIME_MICRO_AVX2_AVX2_H

#include "runtime/micro/columns.h"
#include "runtime/micro/requantize.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX2        __attribute__((target("avx2")))
#define AVX2_INLINE static inline __attribute__((target("avx2"), always_inline))

micro_add_taps sned_avx2_add_taps;
micro_dot sned_avx2_dot;
micro_listed_rows sned_avx2_listed_rows;
micro_quads sned_avx2_dense, sned_avx2_sparse; /* of unsigned activations */
micro_ended_rows sned_avx2_ended_dense, sned_avx2_ended_sparse;
micro_depthwise sned_avx2_depthwise;
micro_spanned_rows sned_avx2_spanned_rows;
micro_interleave sned_avx2_interleave;
micro_pick sned_avx2_pick;
micro_requantize sned_avx2_requantize_u8, sned_avx2_requantize_s8, sned_avx2_requantize_s16;
micro_window_max sned_avx2_window_max_u8, sned_avx2_window_max_s8, sned_avx2_window_max_s16;
micro_window_sum sned_avx2_window_sum_u8, sned_avx2_window_sum_s8;
micro_lrn sned_avx2_lrn_u8, sned_avx2_lrn_s8;
micro_look_up sned_avx2_look_up;
micro_quantize sned_avx2_quantize_u8, sned_avx2_quantize_s8;
micro_add sned_avx2_add_bytes;

AVX2_INLINE __m256i load(const void *from)
{
    return _mm256_loadu_si256((const __m256i *)from);
}

AVX2_INLINE void store(void *to, __m256i value)
{
    _mm256_storeu_si256((__m256i *)to, value);
}

/* A number in all places of a vector of that type. */
AVX2_INLINE __m256i spread(int32_t value, const enum value_type type)
{
    return type == VALUE_S16 ? _mm256_set1_epi16((int16_t)value) : _mm256_set1_epi8((char)value);
}

/* The first `size` bytes of 16, at most 15. */
AVX2_INLINE void store_some(uint8_t *to, __m128i value, size_t size)
{
    if (size & 8) {
        _mm_storel_epi64((__m128i *)to, value);
        value = _mm_unpackhi_epi64(value, value);
        to += 8;
    }
    if (size & 4) {
        _mm_storeu_si32(to, value);
        value = _mm_srli_epi64(value, 32);
        to += 4;
    }
    if (size & 2) {
        _mm_storeu_si16(to, value);
        value = _mm_srli_epi64(value, 16);
        to += 2;
    }
    if (size & 1)
        *to = (uint8_t)_mm_cvtsi128_si32(value);
}

/* The first `size` bytes of 32. */
AVX2_INLINE void store_part(void *to, __m256i value, size_t size)
{
    uint8_t *bytes = to;
    if (size >= 32) {
        store(to, value);
    } else if (size >= 16) {
        _mm_storeu_si128((__m128i *)to, _mm256_castsi256_si128(value));
        store_some(bytes + 16, _mm256_extracti128_si256(value, 1), size - 16);
    } else {
        store_some(bytes, _mm256_castsi256_si128(value), size);
    }
}

/* LeakyReLU of eight values. One below -2^30 is brought up to it: with any slope it stays -2^15 or less,
 * the lowest clamp there is, and with the steepest its product, shifted, has 32 bits. So the lower half of
 * a logical shift is that of an arithmetic one. */
AVX2_INLINE __m256i slope_eight(__m256i value, __m256i slope)
{
    const __m256i half = _mm256_set1_epi64x((int64_t)1 << (SLOPE_BITS - 1));
    const __m256i bounded = _mm256_max_epi32(value, _mm256_set1_epi32(-(1 << 30)));
    const __m256i even = _mm256_add_epi64(_mm256_mul_epi32(bounded, slope), half);
    const __m256i odd = _mm256_add_epi64(_mm256_mul_epi32(_mm256_srli_epi64(bounded, 32), slope), half);
    const __m256i sloped = _mm256_blend_epi32(_mm256_srli_epi64(even, SLOPE_BITS),
                                              _mm256_slli_epi64(odd, 32 - SLOPE_BITS), 0xAA);
    return _mm256_blendv_epi8(value, sloped, _mm256_srai_epi32(value, 31));
}

/* Where the vector behind the one at `at` begins, in a row of `count` numbers of which a vector holds
 * `vector`; `count` or more: there is none. */
static inline size_t next_vector(size_t at, size_t count, size_t vector)
{
    const size_t next = at + vector;
    return next < count && count - next < vector ? count - vector : next;
}
#endif

#endif
