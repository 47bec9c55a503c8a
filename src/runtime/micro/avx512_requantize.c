/*
 * avx512_requantize.c - the end of a row of sums for AVX-512, in lanes of 32 bits.
 *
 * scale(v) = floor((v m + 2^(s-1)) / 2^s) asks for 48 bits of product. Where s is 18 or more, the lowest 17
 * of them decide nothing: 2^(s-1) is a multiple of 2^17, and so
 *
 *     scale(v) = floor((g + 2^(s-18)) / 2^(s-17)),    g = floor(v m / 2^17) = floor(h / 2),
 *     h = floor(v m / 2^16) = high m + floor(low m / 2^16),    v = 2^16 high + low, 0 <= low < 2^16.
 *
 * m is 2^15 or more and below 2^16, so that n = m - 2^16 is an int16, and h = high n + (2^16 high + floor(low
 * m / 2^16)): the bracket is v with its lower half replaced, and vpdpwssd adds the product of the upper one.
 * |v m| < 2^31 2^16, so h is an int32 and |g| <= 2^30; with s at most 47 g + 2^(s-18) is one too. With a
 * larger s, v m + 2^(s-1) lies between 0 and 2^s: scale(v) is 0, as it is with m = 0; both are done with v =
 * 0. A smaller s, of scalings of 1/4 and more that networks hardly have, and slopes are left to AVX2.
 *
 * Results go to bytes by packs, which saturate; low and high lie within the output's type, so that the clamp
 * may follow.
 */
#if defined(__x86_64__)
#include "runtime/micro/avx2.h"
#include "runtime/micro/avx512.h"

enum { LEAST_SHIFT = 18, MOST_SHIFT = 47, LEAST_MULTIPLIER = 1 << 15, LOWER_WORDS = 0x55555555 };

/* What is the same for all of a row. */
struct row_end {
    bool is_zero;
    __m512i multiplier, upper, round; /* m in all words; n in the upper ones of each lane */
    __m128i shift;
};

AVX512_INLINE struct row_end row_end_of(struct scaling scaling)
{
    const bool is_zero = scaling.multiplier == 0 || scaling.shift > MOST_SHIFT;
    const int shift = is_zero ? LEAST_SHIFT : scaling.shift;
    return (struct row_end){.is_zero = is_zero,
                            .multiplier = _mm512_set1_epi16((int16_t)scaling.multiplier),
                            .upper = _mm512_set1_epi32((int32_t)((uint32_t)scaling.multiplier << 16)),
                            .round = _mm512_set1_epi32(1 << (shift - 18)),
                            .shift = _mm_cvtsi32_si128(shift - 17)};
}

AVX512_INLINE __m512i scaled(__m512i sums, const struct row_end *ends)
{
    const __m512i replaced = _mm512_mask_mulhi_epu16(sums, LOWER_WORDS, sums, ends->multiplier);
    const __m512i half = _mm512_srai_epi32(_mm512_dpwssd_epi32(replaced, sums, ends->upper), 1);
    return _mm512_sra_epi32(_mm512_add_epi32(half, ends->round), ends->shift);
}

/* Vector `index` of a row's part of `count` sums. */
AVX512_INLINE __m512i part_of(const int32_t *input, size_t count, size_t index, const struct row_end *ends)
{
    const size_t before = index * 16;
    const __mmask16 some = before < count && !ends->is_zero ? first_of_16(count - before) : 0;
    return scaled(_mm512_maskz_loadu_epi32(some, input + before), ends);
}

/* 64 sums. Packs work within lanes of 16 bytes, so that lane l has the l-th four of each vector. */
AVX512_INLINE __m512i bytes_of(const int32_t *input, size_t count, const struct row_end *ends,
                               const enum value_type type)
{
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    const __m512i first = _mm512_packs_epi32(part_of(input, count, 0, ends), part_of(input, count, 1, ends));
    const __m512i second = _mm512_packs_epi32(part_of(input, count, 2, ends), part_of(input, count, 3, ends));
    return _mm512_permutexvar_epi32(order, type == VALUE_U8 ? _mm512_packus_epi16(first, second)
                                                            : _mm512_packs_epi16(first, second));
}

AVX512_INLINE void requantize_bytes(uint8_t *to, const int32_t *input, size_t count, struct scaling scaling,
                                    const struct integer_rule *rule, const enum value_type type)
{
    const struct row_end ends = row_end_of(scaling);
    const __m512i low = _mm512_set1_epi8((char)rule->low), high = _mm512_set1_epi8((char)rule->high);
    for (size_t done = 0; done < count; done += 64) {
        const size_t part = count - done;
        __m512i bytes = bytes_of(input + done, part, &ends, type);
        bytes = type == VALUE_U8 ? _mm512_min_epu8(_mm512_max_epu8(bytes, low), high)
                                 : _mm512_min_epi8(_mm512_max_epi8(bytes, low), high);
        _mm512_mask_storeu_epi8(to + done, first_of_64(part), bytes);
    }
}

AVX512_INLINE void requantize_words(int16_t *to, const int32_t *input, size_t count, struct scaling scaling,
                                    const struct integer_rule *rule)
{
    const struct row_end ends = row_end_of(scaling);
    const __m512i low = _mm512_set1_epi32(rule->low), high = _mm512_set1_epi32(rule->high);
    for (size_t done = 0; done < count; done += 16) {
        const __m512i values = part_of(input + done, count - done, 0, &ends);
        const __m512i clamped = _mm512_min_epi32(_mm512_max_epi32(values, low), high);
        _mm512_mask_cvtepi32_storeu_epi16(to + done, first_of_16(count - done), clamped);
    }
}

static bool is_common(struct scaling scaling, const struct integer_rule *rule)
{
    return scaling.shift >= LEAST_SHIFT && !rule->slope &&
           (scaling.multiplier == 0 || scaling.multiplier >= LEAST_MULTIPLIER);
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

AVX512 void sned_avx512_requantize_s16(void *to, const int32_t *input, size_t count, struct scaling scaling,
                                       const struct integer_rule *rule)
{
    if (is_common(scaling, rule))
        requantize_words(to, input, count, scaling, rule);
    else
        sned_avx2_requantize_s16(to, input, count, scaling, rule);
}
#endif
