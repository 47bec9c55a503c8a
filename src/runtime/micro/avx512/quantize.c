/*
 * quantize.c - real numbers to integers of 8 bits for AVX-512: 64 at a time, as fast as it divides.
 */
#if defined(__x86_64__)
#include "runtime/micro/avx512/ends.h"

enum { SIXTEEN = 16, SIXTY_FOUR = 64 };

/* One conversion rounds down; of what is too far down for it, it makes the lowest integer, which packs bring
 * to the bound. The upper bound comes before, as floor(min(x, n)) = min(floor(x), n). No number becomes 0. */
AVX512_INLINE __m512i quantize_sixteen(__m512 numbers, __m512 scale, __m512 high)
{
    const __m512 more = _mm512_add_ps(_mm512_div_ps(numbers, scale), _mm512_set1_ps(0.5f));
    return _mm512_maskz_cvt_roundps_epi32(_mm512_cmp_ps_mask(more, more, _CMP_ORD_Q),
                                          _mm512_min_ps(high, more),
                                          _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
}

AVX512_INLINE void quantize(uint8_t *to, const float *from, size_t count, float by,
                            const enum value_type type)
{
    const struct integer_rule rule = {.low = value_low(type), .high = value_high(type)};
    const struct byte_bounds bounds = bounds_of(&rule);
    const __m512 scale = _mm512_set1_ps(by), high = _mm512_set1_ps((float)rule.high);
    for (size_t i = 0; i < count; i += SIXTY_FOUR) {
        const __mmask64 some = first_of_64(count - i);
        __m512i results[4];
        for (size_t k = 0; k < 4; k++) {
            const __mmask16 part = (__mmask16)(some >> k * SIXTEEN);
            results[k] = quantize_sixteen(_mm512_maskz_loadu_ps(part, from + i + k * SIXTEEN), scale, high);
        }
        _mm512_mask_storeu_epi8(to + i, some, by_vectors(packed(results, type, &bounds)));
    }
}

AVX512 void sned_avx512_quantize_u8(void *to, const float *from, size_t count, float scale)
{
    quantize(to, from, count, scale, VALUE_U8);
}

AVX512 void sned_avx512_quantize_s8(void *to, const float *from, size_t count, float scale)
{
    quantize(to, from, count, scale, VALUE_S8);
}
#endif
