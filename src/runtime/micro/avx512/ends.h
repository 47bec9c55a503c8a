/*
 * ends.h - how 16 sums become activations with AVX-512; avx512/requantize.c says why it is exact.
 */
#ifndef SNED_RUNTIME_MICRO_AVX512_ENDS_H
#define SNED_RUNTIME_MICRO_AVX512_ENDS_H

#include "runtime/micro/avx512/avx512.h"
#include "runtime/micro/requantize.h"

#if defined(__x86_64__)

enum { LEAST_SHIFT = 18, MOST_SHIFT = 48, LEAST_MULTIPLIER = 1 << 15, LOWER_WORDS = 0x55555555 };

/* What is the same for all sums of a scaling, to be spread from memory. */
struct row_end {
    uint32_t multiplier, upper; /* m in both words; n in the upper one */
    int32_t round, shift, low, high;
};

/* Where all results are 0, whatever the sums: as they are of any m and the largest shift. */
static inline struct row_end row_end_of(struct scaling scaling, const struct integer_rule *rule)
{
    if (scaling.multiplier == 0 || scaling.shift > MOST_SHIFT)
        scaling = (struct scaling){LEAST_MULTIPLIER, MOST_SHIFT};
    return (struct row_end){.multiplier = scaling.multiplier * 0x10001u,
                            .upper = (uint32_t)scaling.multiplier << 16,
                            .round = 1 << (scaling.shift - 18),
                            .shift = scaling.shift - 17,
                            .low = rule->low,
                            .high = rule->high};
}

/* The same as vectors, of one scaling or of 16. */
struct vector_end {
    __m512i multiplier, upper, round, shift;
};

/* 16 sums' results, within 32 bits. */
AVX512_INLINE __m512i scaled(__m512i sums, const struct vector_end *end)
{
    const __m512i replaced = _mm512_mask_mulhi_epu16(sums, LOWER_WORDS, sums, end->multiplier);
    const __m512i product = _mm512_dpwssd_epi32(replaced, sums, end->upper);
    return _mm512_srav_epi32(_mm512_add_epi32(_mm512_srai_epi32(product, 1), end->round), end->shift);
}

AVX512_INLINE struct vector_end spread_end(const struct row_end *end)
{
    return (struct vector_end){_mm512_set1_epi32((int32_t)end->multiplier),
                               _mm512_set1_epi32((int32_t)end->upper), _mm512_set1_epi32(end->round),
                               _mm512_set1_epi32(end->shift)};
}

/* And the bounds. */
AVX512_INLINE __m512i ended(__m512i sums, const struct row_end *end)
{
    const struct vector_end spread = spread_end(end);
    const __m512i above = _mm512_max_epi32(scaled(sums, &spread), _mm512_set1_epi32(end->low));
    return _mm512_min_epi32(above, _mm512_set1_epi32(end->high));
}

/* 64 results as bytes. Packs work within lanes of 16 bytes: lane l has the l-th four of each vector. */
AVX512_INLINE __m512i packed(const __m512i results[4], const enum value_type type)
{
    const __m512i first = _mm512_packs_epi32(results[0], results[1]);
    const __m512i second = _mm512_packs_epi32(results[2], results[3]);
    return type == VALUE_U8 ? _mm512_packus_epi16(first, second) : _mm512_packs_epi16(first, second);
}

/* Whether that is how such sums end; else AVX2 does it. */
static inline bool is_common(struct scaling scaling, const struct integer_rule *rule)
{
    return scaling.shift >= LEAST_SHIFT && !rule->slope &&
           (scaling.multiplier == 0 || scaling.multiplier >= LEAST_MULTIPLIER);
}

enum { MOST_ENDED = 8 };

/* The ends of a list's filters, to bytes; false: some is not common. */
static inline bool find_row_ends(struct row_end row_ends[MOST_ENDED], const struct quad_ends *ends,
                                 int filters)
{
    bool are_common = ends->type != VALUE_S16;
    for (int f = 0; f < filters && are_common; f++) {
        are_common = is_common(ends->scalings[f], ends->rule);
        if (are_common)
            row_ends[f] = row_end_of(ends->scalings[f], ends->rule);
    }
    return are_common;
}

/* Where sums go: the first filter's, and `step` further the next one's. */
struct quad_destination {
    void *to;
    size_t step;
    const struct row_end *ends; /* of each filter, which make them bytes; NULL: they stay sums */
    enum value_type type;       /* of the bytes */
};
#endif

#endif
