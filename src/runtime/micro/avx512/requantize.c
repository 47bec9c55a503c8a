/*
 * requantize.c - the end of a row of sums for AVX-512, in lanes of 32 bits.
 *
 * scale(v) = floor((v m + 2^(s-1)) / 2^s) asks for 48 bits of product. Where s is 18 or more, the lowest 17
 * of them decide nothing: 2^(s-1) is a multiple of 2^17, and so
 *
 *     scale(v) = floor((g + 2^(s-18)) / 2^(s-17)),    g = floor(v m / 2^17) = floor(h / 2),
 *     h = floor(v m / 2^16) = high m + floor(low m / 2^16),    v = 2^16 high + low, 0 <= low < 2^16.
 *
 * m is 2^15 or more and below 2^16, so that n = m - 2^16 is an int16, and h = high n + (2^16 high + floor(low
 * m / 2^16)): the bracket is v with its lower half replaced, and vpdpwssd adds the product of the upper one.
 * |v m| < 2^31 2^16, so h is an int32 and -2^30 <= g < 2^30; with s at most 48 g + 2^(s-18) is one too. With
 * a larger s, v m + 2^(s-1) lies between 0 and 2^s: scale(v) is 0, as it is with m = 0, and as it is of any m
 * with s = 48, which stands for both. A smaller s, of scalings of 1/4 and more that networks hardly have, and
 * slopes are left to AVX2.
 *
 * Results go to bytes by packs, which saturate; low and high lie within the output's type, so that the clamp
 * may follow.
 */
#if defined(__x86_64__)
#include "runtime/micro/avx2/avx2.h"
#include "runtime/micro/avx512/ends.h"

/* Vector `index` of a row's part of `count` sums. */
AVX512_INLINE __m512i part_of(const int32_t *input, size_t count, size_t index, const struct row_end *end)
{
    const size_t before = index * 16;
    const __mmask16 some = before < count ? first_of_16(count - before) : 0;
    return ended(_mm512_maskz_loadu_epi32(some, input + before), end);
}

/* 64 sums. */
AVX512_INLINE __m512i bytes_of(const int32_t *input, size_t count, const struct row_end *end,
                               const enum value_type type)
{
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    __m512i results[4];
    for (size_t k = 0; k < 4; k++)
        results[k] = part_of(input, count, k, end);
    return _mm512_permutexvar_epi32(order, packed(results, type));
}

AVX512_INLINE void requantize_bytes(uint8_t *to, const int32_t *input, size_t count, struct scaling scaling,
                                    const struct integer_rule *rule, const enum value_type type)
{
    const struct row_end end = row_end_of(scaling, rule);
    for (size_t done = 0; done < count; done += 64)
        _mm512_mask_storeu_epi8(to + done, first_of_64(count - done),
                                bytes_of(input + done, count - done, &end, type));
}

AVX512_INLINE void requantize_words(int16_t *to, const int32_t *input, size_t count, struct scaling scaling,
                                    const struct integer_rule *rule)
{
    const struct row_end end = row_end_of(scaling, rule);
    for (size_t done = 0; done < count; done += 16)
        _mm512_mask_cvtepi32_storeu_epi16(to + done, first_of_16(count - done),
                                          part_of(input + done, count - done, 0, &end));
}

AVX512 void sned_avx512_requantize_u8(void *to, const int32_t *input, size_t count, struct scaling scaling,
                                      const struct integer_rule *rule)
{
    if (is_common(scaling, rule))
        requantize_bytes(to, input, count, scaling, rule, VALUE_U8);
    else
        sned_avx2_requantize_u8(to, input, count, scaling, rule);
}

AVX512 void sned_avx512_requantize_s8(void *to, const int32_t *input, size_t count, struct scaling scaling,
                                      const struct integer_rule *rule)
{
    if (is_common(scaling, rule))
        requantize_bytes(to, input, count, scaling, rule, VALUE_S8);
    else
        sned_avx2_requantize_s8(to, input, count, scaling, rule);
}

micro_requantize *const sned_avx512_requantize[MICRO_TYPES] = {
    sned_avx512_requantize_u8, sned_avx512_requantize_s8, sned_avx512_requantize_s16};

AVX512 void sned_avx512_requantize_s16(void *to, const int32_t *input, size_t count, struct scaling scaling,
                                       const struct integer_rule *rule)
{
    if (is_common(scaling, rule))
        requantize_words(to, input, count, scaling, rule);
    else
        sned_avx2_requantize_s16(to, input, count, scaling, rule);
}
#endif
