/*
 * avx512_add.c - sums of two rows of bytes for AVX-512, 32 at a time: avx2_pointwise.c tells how.
 */
#include "runtime/micro/avx2.h"
#include "runtime/micro/avx512.h"

#if defined(__x86_64__)

enum { THIRTY_TWO = 32 };

/* In every 32 bits both multipliers' halves, or their lowest bits. */
struct halves {
    __m512i half, odd, start;
    __m128i shift;
};

AVX512_INLINE __m512i add_sixteen(__m512i pairs, const struct halves *terms)
{
    const __m512i odd = _mm512_dpwssd_epi32(terms->start, pairs, terms->odd);
    const __m512i all = _mm512_dpwssd_epi32(odd, _mm512_slli_epi16(pairs, 1), terms->half);
    return _mm512_sra_epi32(all, terms->shift);
}

AVX512_INLINE __m512i unsigned_bytes(const uint8_t *from, __mmask32 some, uint8_t flip)
{
    const __m256i bytes = _mm256_maskz_loadu_epi8(some, from);
    return _mm512_cvtepu8_epi16(_mm256_xor_si256(bytes, _mm256_set1_epi8((char)flip)));
}

/* Without a slope. The low byte of a clamped result is it, whatever its type. */
AVX512_INLINE void add_row(uint8_t *to, const uint8_t *a, const uint8_t *b, size_t count,
                           const struct byte_sum *sum, const struct integer_rule *rule)
{
    const uint32_t first = sum->multiplier[0], second = sum->multiplier[1];
    const struct halves terms = {
        .half = _mm512_set1_epi32((int32_t)(first / 2 | second / 2 << 16)),
        .odd = _mm512_set1_epi32((int32_t)(first % 2 | second % 2 << 16)),
        .start = _mm512_set1_epi32(sum->start),
        .shift = _mm_cvtsi32_si128(sum->shift),
    };
    const __m512i low = _mm512_set1_epi16((int16_t)rule->low), high = _mm512_set1_epi16((int16_t)rule->high);
    for (size_t at = 0; at < count; at += THIRTY_TWO) {
        const __mmask32 some = (__mmask32)first_of_64(count - at);
        const __m512i x = unsigned_bytes(a + at, some, sum->flip[0]);
        const __m512i y = unsigned_bytes(b + at, some, sum->flip[1]);
        const __m512i all = _mm512_packs_epi32(add_sixteen(_mm512_unpacklo_epi16(x, y), &terms),
                                               add_sixteen(_mm512_unpackhi_epi16(x, y), &terms));
        const __m512i clamped = _mm512_min_epi16(_mm512_max_epi16(all, low), high);
        _mm256_mask_storeu_epi8(to + at, some, _mm512_cvtepi16_epi8(clamped));
    }
}

AVX512 void sned_avx512_add_bytes(uint8_t *to, const uint8_t *a, const uint8_t *b, size_t count,
                                  const struct byte_sum *sum, const struct integer_rule *rule)
{
    if (rule->slope)
        sned_avx2_add_bytes(to, a, b, count, sum, rule);
    else
        add_row(to, a, b, count, sum, rule);
}
#endif
