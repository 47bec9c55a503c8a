/*
 * sparse.h - what sparse and shared sums of quads have in common: 64 pixels of four taps' rows, and where
 * their sums go. The sums stay in the order that unpacks leave until they are stored; where they become
 * bytes at once, the packs that make those restore the pixels' order.
 */
#ifndef SNED_RUNTIME_MICRO_AVX512_SPARSE_H
#define SNED_RUNTIME_MICRO_AVX512_SPARSE_H

#include "runtime/micro/avx512/ends.h"
#include "runtime/micro/ends.h"

#if defined(__x86_64__)

enum { SPARSE_PIXELS = 64 };

/* By one load of four offsets: where rows that cross lines of the cache are the bound, loads of single
 * numbers among them cost a quarter of the time. Where multiplications are, those are cheaper. */
AVX512_INLINE void find_rows(const uint32_t *offsets, const uint8_t *input, const bool is_bound_by_loads,
                             const uint8_t *from[4])
{
    for (int j = 0; j < 4; j++)
        from[j] = input + offsets[j];
    if (!is_bound_by_loads)
        return;
    __m128i four = _mm_loadu_si128((const __m128i *)(const void *)offsets);
    __asm__("" : "+v"(four));
    const uint64_t first = (uint64_t)_mm_cvtsi128_si64(four), second = (uint64_t)_mm_extract_epi64(four, 1);
    from[0] = input + (uint32_t)first;
    from[1] = input + (first >> 32);
    from[2] = input + (uint32_t)second;
    from[3] = input + (second >> 32);
}

/* 64 pixels' sums, or as many of them as `count` says. */
AVX512_INLINE void store_sums(int32_t *to, __m512i sums[4], size_t count)
{
    in_order(sums);
    for (size_t k = 0; k < 4; k++)
        if (k * 16 < count)
            _mm512_mask_storeu_epi32(to + k * 16, first_of_16(count - k * 16), sums[k]);
}

/* A filter's sums as bytes. */
AVX512_INLINE __m512i ended(const struct quad_destination *destination, int filter, const __m512i sums[4])
{
    const __m512 scale = _mm512_set1_ps(destination->scales[filter]);
    const struct byte_bounds bounds = bounds_of(destination->ends->rule);
    __m512i results[4];
    for (int k = 0; k < 4; k++)
        results[k] = scaled(sums[k], scale);
    return packed(results, destination->ends->type, &bounds);
}

#endif

#endif
