/*
 * requantize.c - the end of a row of any sums for AVX-512, in lanes of 32 bits; small ones have ends.h.
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
 */
#if defined(__x86_64__)
#include "runtime/micro/avx2/avx2.h"
#include "runtime/micro/avx512/ends.h"
#include "runtime/micro/requantize.h"

#include <stddef.h>

enum { LEAST_SHIFT = 18, MOST_SHIFT = 48, LEAST_MULTIPLIER = 1 << 15, LOWER_WORDS = 0x55555555 };

/* What is the same for all sums of a scaling. */
struct row_end {
    uint32_t multiplier, upper; /* m in both words; n in the upper one */
    int32_t round, shift;
};

/* Where all results are 0, whatever the sums: as they are of any m and the largest shift. */
static struct row_end row_end_of(struct scaling scaling)
{
    if (scaling.multiplier == 0 || scaling.shift > MOST_SHIFT)
        scaling = (struct scaling){LEAST_MULTIPLIER, MOST_SHIFT};
    return (struct row_end){.multiplier = scaling.multiplier * 0x10001u,
                            .upper = (uint32_t)scaling.multiplier << 16,
                            .round = 1 << (scaling.shift - 18),
                            .shift = scaling.shift - 17};
}

/* Whether that is how such sums end; else AVX2 does it. */
static bool is_common(struct scaling scaling, const struct integer_rule *rule)
{
    return scaling.shift >= LEAST_SHIFT && !rule->slope &&
           (scaling.multiplier == 0 || scaling.multiplier >= LEAST_MULTIPLIER);
}

/* 16 sums' results, within 32 bits. */
AVX512_INLINE __m512i divided(__m512i sums, const struct row_end *end)
{
    const __m512i multiplier = _mm512_set1_epi32((int32_t)end->multiplier);
    const __m512i replaced = _mm512_mask_mulhi_epu16(sums, LOWER_WORDS, sums, multiplier);
    const __m512i product = _mm512_dpwssd_epi32(replaced, sums, _mm512_set1_epi32((int32_t)end->upper));
    const __m512i rounded = _mm512_add_epi32(_mm512_srai_epi32(product, 1), _mm512_set1_epi32(end->round));
    return _mm512_srav_epi32(rounded, _mm512_set1_epi32(end->shift));
}

/* Vector `index` of a row's part of `count` sums. */
AVX512_INLINE __m512i part_of(const int32_t *input, size_t count, size_t index, const struct row_end *end)
{
    const size_t before = index * 16;
    const __mmask16 some = before < count ? first_of_16(count - before) : 0;
    return divided(_mm512_maskz_loadu_epi32(some, input + before), end);
}

AVX512_INLINE void requantize_bytes(uint8_t *to, const int32_t *input, size_t count, struct scaling scaling,
                                    const struct integer_rule *rule, const enum value_type type)
{
    const struct row_end end = row_end_of(scaling);
    const struct byte_bounds bounds = bounds_of(rule);
    for (size_t done = 0; done < count; done += 64) {
        __m512i results[4];
        for (size_t k = 0; k < 4; k++)
            results[k] = part_of(input + done, count - done, k, &end);
        _mm512_mask_storeu_epi8(to + done, first_of_64(count - done),
                                by_vectors(packed(results, type, &bounds)));
    }
}

AVX512_INLINE void requantize_words(int16_t *to, const int32_t *input, size_t count, struct scaling scaling,
                                    const struct integer_rule *rule)
{
    const struct row_end end = row_end_of(scaling);
    for (size_t done = 0; done < count; done += 16) {
        const __m512i above =
            _mm512_max_epi32(part_of(input + done, count - done, 0, &end), _mm512_set1_epi32(rule->low));
        _mm512_mask_cvtepi32_storeu_epi16(to + done, first_of_16(count - done),
                                          _mm512_min_epi32(above, _mm512_set1_epi32(rule->high)));
    }
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

/* ---- rows that have a scaling each ---- */

_Static_assert(sizeof(struct scaling) == 4 && offsetof(struct scaling, multiplier) == 0 &&
                   offsetof(struct scaling, shift) == 2,
               "how scalings are read");

/* 8 rows' results, in lanes of 64 bits, which hold every product as it is. */
AVX512_INLINE __m512i scaled_rows(__m256i sums, __m256i scalings, const struct integer_rule *rule)
{
    const __m512i wide = _mm512_cvtepu32_epi64(scalings);
    const __m512i multiplier = _mm512_and_si512(wide, _mm512_set1_epi64(UINT16_MAX));
    const __m512i shift = _mm512_and_si512(_mm512_srli_epi64(wide, 16), _mm512_set1_epi64(UINT8_MAX));
    const __m512i one = _mm512_set1_epi64(1), half = _mm512_sllv_epi64(one, _mm512_sub_epi64(shift, one));
    const __m512i product = _mm512_mul_epi32(_mm512_cvtepi32_epi64(sums), multiplier);
    const __m512i scaled = _mm512_srav_epi64(_mm512_add_epi64(product, half), shift);
    return _mm512_min_epi64(_mm512_max_epi64(scaled, _mm512_set1_epi64(rule->low)),
                            _mm512_set1_epi64(rule->high));
}

AVX512 void sned_avx512_finish_rows(void *to, enum value_type type, const int32_t *sums, size_t rows,
                                    const int32_t *start, const struct scaling *scalings,
                                    const struct integer_rule *rule)
{
    if (rule->slope) {
        sned_finish_rows(to, type, sums, rows, start, scalings, rule);
        return;
    }
    for (size_t r = 0; r < rows; r += 8) {
        const __mmask8 some = (__mmask8)first_of_16(rows - r);
        const __m256i sum = _mm256_add_epi32(_mm256_maskz_loadu_epi32(some, sums + r),
                                             _mm256_maskz_loadu_epi32(some, start + r));
        const __m512i results = scaled_rows(sum, _mm256_maskz_loadu_epi32(some, scalings + r), rule);
        if (type == VALUE_S16)
            _mm512_mask_cvtepi64_storeu_epi16((int16_t *)to + r, some, results);
        else
            _mm512_mask_cvtepi64_storeu_epi8((uint8_t *)to + r, some, results);
    }
}
#endif
