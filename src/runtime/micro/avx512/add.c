/*
 * add.c - sums of two rows of bytes for AVX-512, 64 at a time: avx2/pointwise.c tells how. Packs
 * saturate, and low and high lie within the type of the results, so that the clamp may follow.
 */
#include "runtime/micro/avx2/avx2.h"
#include "runtime/micro/avx512/avx512.h"

#if defined(__x86_64__)

enum { VECTOR = 64 };

/* In every 32 bits both multipliers' halves, or their lowest bits; the clamp, in bytes. */
struct halves {
    __m512i half, odd, start, low, high;
    __m128i shift;
};

AVX512_INLINE __m512i add_sixteen(__m512i pairs, const struct halves *terms)
{
    const __m512i odd = _mm512_dpwssd_epi32(terms->start, pairs, terms->odd);
    const __m512i all = _mm512_dpwssd_epi32(odd, _mm512_slli_epi16(pairs, 1), terms->half);
    return _mm512_sra_epi32(all, terms->shift);
}

/* Of pairs of bytes, in every half of 16 bits one, 32 sums as words: those of each 16 bytes stay there. */
AVX512_INLINE __m512i add_thirty_two(__m512i pairs, const struct halves *terms)
{
    const __m512i zero = _mm512_setzero_si512();
    return _mm512_packs_epi32(add_sixteen(_mm512_unpacklo_epi8(pairs, zero), terms),
                              add_sixteen(_mm512_unpackhi_epi8(pairs, zero), terms));
}

AVX512_INLINE __m512i add_vector(__m512i a, __m512i b, const struct halves *terms, const bool is_signed)
{
    const __m512i first = add_thirty_two(_mm512_unpacklo_epi8(a, b), terms);
    const __m512i second = add_thirty_two(_mm512_unpackhi_epi8(a, b), terms);
    return is_signed
               ? _mm512_min_epi8(_mm512_max_epi8(_mm512_packs_epi16(first, second), terms->low), terms->high)
               : _mm512_min_epu8(_mm512_max_epu8(_mm512_packus_epi16(first, second), terms->low),
                                 terms->high);
}

/* Without a slope. */
AVX512_INLINE void add_row(uint8_t *to, const uint8_t *a, const uint8_t *b, size_t count,
                           const struct byte_sum *sum, const struct integer_rule *rule, const bool is_signed)
{
    const uint32_t first = sum->multiplier[0], second = sum->multiplier[1];
    const struct halves terms = {
        .half = _mm512_set1_epi32((int32_t)(first / 2 | second / 2 << 16)),
        .odd = _mm512_set1_epi32((int32_t)(first % 2 | second % 2 << 16)),
        .start = _mm512_set1_epi32(sum->start),
        .low = _mm512_set1_epi8((char)rule->low),
        .high = _mm512_set1_epi8((char)rule->high),
        .shift = _mm_cvtsi32_si128(sum->shift),
    };
    const __m512i flips[2] = {_mm512_set1_epi8((char)sum->flip[0]), _mm512_set1_epi8((char)sum->flip[1])};
    size_t at = 0;
    for (; at + VECTOR <= count; at += VECTOR)
        _mm512_storeu_si512(to + at, add_vector(_mm512_xor_si512(_mm512_loadu_si512(a + at), flips[0]),
                                                _mm512_xor_si512(_mm512_loadu_si512(b + at), flips[1]),
                                                &terms, is_signed));
    if (at < count) {
        const __mmask64 some = first_of_64(count - at);
        _mm512_mask_storeu_epi8(to + at, some,
                                add_vector(_mm512_xor_si512(_mm512_maskz_loadu_epi8(some, a + at), flips[0]),
                                           _mm512_xor_si512(_mm512_maskz_loadu_epi8(some, b + at), flips[1]),
                                           &terms, is_signed));
    }
}

AVX512 void sned_avx512_add_bytes(uint8_t *to, const uint8_t *a, const uint8_t *b, size_t count,
                                  const struct byte_sum *sum, const struct integer_rule *rule)
{
    if (rule->slope)
        sned_avx2_add_bytes(to, a, b, count, sum, rule);
    else if (rule->low < 0)
        add_row(to, a, b, count, sum, rule, true);
    else
        add_row(to, a, b, count, sum, rule, false);
}
#endif
