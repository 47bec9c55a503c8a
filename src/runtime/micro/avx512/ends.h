/*
 * ends.h - how 16 sums become activations with AVX-512, in floats that lose nothing.
 *
 * scale(v) = floor(t), t = v m / 2^s + 1/2 (docs/arithmetic.md). Sums v within 2^24 are floats, and so are
 * m / 2^s and 1/2; vfmadd rounds t once, here downwards, to r. Where t is within 2^24, floor(t) is a float
 * that is not above t, so that r is not below it: floor(r) = floor(t). Where t is further away, r is so too,
 * on the same side, and both become what is the nearest number within any bounds. With s at least 10, r fits
 * int32.
 *
 * Whoever sums says that sums are so small (struct quad_ends). Others, slopes, and what becomes 16 bits are
 * summed into memory and go to requantize.c, which takes integers, two operations more, and any sum.
 */
#ifndef SNED_RUNTIME_MICRO_AVX512_ENDS_H
#define SNED_RUNTIME_MICRO_AVX512_ENDS_H

#include "runtime/micro/avx512/avx512.h"

#include <string.h>

#if defined(__x86_64__)

enum { LEAST_SMALL_SHIFT = 10 };

/* Whether sums end so, but for their scalings. */
static inline bool are_small(const struct quad_ends *ends)
{
    return ends->are_small && ends->type != VALUE_S16 && !ends->rule->slope;
}

/* m / 2^s; false: the shift is too small. */
static inline bool find_scale(float *scale, struct scaling scaling)
{
    const uint32_t bits = (uint32_t)(127 - scaling.shift) << 23; /* of a float with that exponent */
    float power;
    memcpy(&power, &bits, sizeof power);
    *scale = scaling.multiplier * power;
    return scaling.shift >= LEAST_SMALL_SHIFT;
}

/* 16 sums' results, within 32 bits. */
AVX512_INLINE __m512i scaled(__m512i sums, __m512 scale)
{
    enum { DOWN = _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC };
    const __m512 half = _mm512_set1_ps(0.5f);
    return _mm512_cvt_roundps_epi32(_mm512_fmadd_round_ps(_mm512_cvtepi32_ps(sums), scale, half, DOWN), DOWN);
}

/* What bytes are clamped to. */
struct byte_bounds {
    __m512i low, high;
};

AVX512_INLINE struct byte_bounds bounds_of(const struct integer_rule *rule)
{
    return (struct byte_bounds){_mm512_set1_epi8((char)rule->low), _mm512_set1_epi8((char)rule->high)};
}

/* 64 results as bytes. Packs bring what is no byte to the nearest one, so that bounds may follow. They work
 * within lanes of 16 bytes: lane l has the l-th four of each vector. */
AVX512_INLINE __m512i packed(const __m512i results[4], enum value_type type, const struct byte_bounds *bounds)
{
    const __m512i first = _mm512_packs_epi32(results[0], results[1]);
    const __m512i second = _mm512_packs_epi32(results[2], results[3]);
    if (type == VALUE_U8)
        return _mm512_min_epu8(_mm512_max_epu8(_mm512_packus_epi16(first, second), bounds->low),
                               bounds->high);
    return _mm512_min_epi8(_mm512_max_epi8(_mm512_packs_epi16(first, second), bounds->low), bounds->high);
}

/* To lanes that have the fours of one vector each. */
AVX512_INLINE __m512i by_vectors(__m512i bytes)
{
    return _mm512_permutexvar_epi32(_mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15),
                                    bytes);
}

AVX512_INLINE __m512i byte_numbers(void)
{
    return _mm512_setr_epi64(0x0706050403020100, 0x0F0E0D0C0B0A0908, 0x1716151413121110, 0x1F1E1D1C1B1A1918,
                             0x2726252423222120, 0x2F2E2D2C2B2A2928, 0x3736353433323130, 0x3F3E3D3C3B3A3938);
}

/* Pixels of rows that are summed as one, with those between them. */
AVX512_INLINE size_t joined_pixels(const struct quad_rows *rows)
{
    return rows->rows > 1 ? (rows->rows - 1) * (rows->row_step / rows->stride) + rows->count : rows->count;
}

/* Of 64 pixels those that are a row's: which bytes they are, how many, and where they go. */
struct kept_pixels {
    _Alignas(64) uint8_t order[64];
    __mmask64 some;
    size_t place;
};

/* Of 64 pixels, or those that are left, by bits (struct quad_rows): all but the place. `bytes` says which
 * byte each is. How many they are. */
AVX512_INLINE size_t find_kept(struct kept_pixels *pixels, const void *rows, size_t left, __m512i bytes)
{
    uint64_t bits;
    memcpy(&bits, rows, sizeof bits);
    bits &= first_of_64(left);
    const size_t count = (size_t)__builtin_popcountll(bits);
    pixels->some = first_of_64(count);
    _mm512_store_si512(pixels->order, _mm512_maskz_compress_epi8(bits, bytes));
    return count;
}

/* 64 pixels' bytes to where they belong. */
AVX512_INLINE void store_kept(uint8_t *to, __m512i bytes, const struct kept_pixels *kept)
{
    _mm512_mask_storeu_epi8(to + kept->place, kept->some,
                            _mm512_permutexvar_epi8(_mm512_load_si512(kept->order), bytes));
}

enum { MOST_ENDED = 8 };

/* The scales of a list's filters; false: they do not end so. */
static inline bool find_scales(float scales[MOST_ENDED], const struct quad_ends *ends, int filters)
{
    bool are_found = are_small(ends);
    for (int f = 0; f < filters && are_found; f++)
        are_found = find_scale(&scales[f], ends->scalings[f]);
    return are_found;
}

/* Where sums go: the first filter's, and `step` further the next one's. */
struct quad_destination {
    void *to;
    size_t step;
    const float *scales;            /* of each filter, which make them bytes; NULL: they stay sums */
    const struct quad_ends *ends;   /* of the bytes */
    const struct kept_pixels *kept; /* and which of these are stored, of each 64 pixels */
};
#endif

#endif
