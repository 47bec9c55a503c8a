/*
 * avx2.h - what the files of the AVX2 column share: how they are compiled, whole and partial vectors in
 * memory, and the functions that a later column of x86-64 takes over.
 *
 * A row is done a vector at a time. Where it has one vector or more, the last one ends where the row ends and
 * does some of the numbers of the one before again; a shorter row reads behind its input, as it may, and is
 * stored in pieces.
 */
#ifndef SNED_RUNTIME_MICRO_AVX2_H
#define SNED_RUNTIME_MICRO_AVX2_H

#include "runtime/micro/columns.h"

#include <immintrin.h>

#define AVX2        __attribute__((target("avx2")))
#define AVX2_INLINE static inline __attribute__((target("avx2"), always_inline))

micro_add_taps sned_avx2_add_taps;
micro_dot sned_avx2_dot;
micro_listed_rows sned_avx2_listed_rows;
micro_requantize sned_avx2_requantize_u8, sned_avx2_requantize_s8, sned_avx2_requantize_s16;

AVX2_INLINE __m256i load(const void *from)
{
    return _mm256_loadu_si256((const __m256i *)from);
}

AVX2_INLINE void store(void *to, __m256i value)
{
    _mm256_storeu_si256((__m256i *)to, value);
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

#endif
