/*
 * pointwise.c - what is done to each number of a row by itself, for AVX2: tables of bytes, real numbers
 * to integers, sums of two rows.
 */
#include "runtime/micro/columns.h"

#if defined(__x86_64__)
#include "runtime/micro/avx2/avx2.h"

enum { EIGHT = 8, SIXTEEN = 16, THIRTY_TWO = 32 };

/* ---- tables ----
 *
 * vpshufb looks up 16 entries, by the lower half of a byte, and gives 0 where the byte's highest bit is set.
 * For the bytes below 128 all eight sixteens are looked up, one behind the other, each with 16 taken off the
 * byte once more, so that those whose sixteen lies before give 0 from then on. With the sixteens stored as
 * what each changes against the one before, the exclusive or of all that is looked up is the entry. The bytes
 * from 128 on, their highest bit flipped, do the same with the upper half of the table. */

enum { SIXTEENS = 16, HALF = SIXTEENS / 2 };

struct byte_ladder {
    __m128i steps[SIXTEENS];
};

AVX2_INLINE struct byte_ladder ladder_of(const uint8_t *table)
{
    struct byte_ladder ladder;
    for (int i = 0; i < SIXTEENS; i++) {
        ladder.steps[i] = _mm_loadu_si128((const __m128i *)(table + i * SIXTEEN));
        if (i % HALF)
            ladder.steps[i] =
                _mm_xor_si128(ladder.steps[i], _mm_loadu_si128((const __m128i *)(table + (i - 1) * SIXTEEN)));
    }
    return ladder;
}

AVX2_INLINE __m256i step_up(const struct byte_ladder *ladder, int step, __m256i index)
{
    return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(ladder->steps[step]), index);
}

/* 16 less; one that has gone below 0 stays there. */
AVX2_INLINE __m256i step_down(__m256i index)
{
    return _mm256_subs_epi8(index, _mm256_set1_epi8(SIXTEEN));
}

AVX2_INLINE __m256i climb(const struct byte_ladder *ladder, __m256i low)
{
    __m256i high = _mm256_xor_si256(low, _mm256_set1_epi8((char)0x80));
    __m256i entry = _mm256_xor_si256(step_up(ladder, 0, low), step_up(ladder, HALF, high));
    for (int i = 1; i < HALF; i++) {
        low = step_down(low);
        high = step_down(high);
        entry = _mm256_xor_si256(entry, step_up(ladder, i, low));
        entry = _mm256_xor_si256(entry, step_up(ladder, HALF + i, high));
    }
    return entry;
}

AVX2 void sned_avx2_look_up(uint8_t *to, const uint8_t *from, size_t count, const uint8_t *table)
{
    if (count < THIRTY_TWO) {
        sned_look_up(to, from, count, table);
        return;
    }
    const struct byte_ladder ladder = ladder_of(table);
    size_t i = 0;
    for (; i + 2 * THIRTY_TWO <= count; i += 2 * THIRTY_TWO) {
        const __m256i first = climb(&ladder, load(from + i));
        const __m256i second = climb(&ladder, load(from + i + THIRTY_TWO));
        store(to + i, first);
        store(to + i + THIRTY_TWO, second);
    }
    for (; i < count; i = next_vector(i, count, THIRTY_TWO)) {
        i = count - i < THIRTY_TWO ? count - THIRTY_TWO : i;
        store(to + i, climb(&ladder, load(from + i)));
    }
}

/* ---- real numbers ---- */

/* Within low and high, whole; what is no number is 0. */
AVX2_INLINE __m256i quantize_eight(const float *from, __m256 scale, __m256 low, __m256 high)
{
    const __m256 divided = _mm256_div_ps(_mm256_loadu_ps(from), scale);
    const __m256 whole = _mm256_floor_ps(_mm256_add_ps(divided, _mm256_set1_ps(0.5f)));
    const __m256 number = _mm256_and_ps(whole, _mm256_cmp_ps(whole, whole, _CMP_ORD_Q));
    return _mm256_cvttps_epi32(_mm256_min_ps(_mm256_max_ps(number, low), high));
}

/* 16 numbers or more. */
AVX2_INLINE void quantize(uint8_t *to, const float *from, size_t count, float by, const enum value_type type)
{
    const __m256 scale = _mm256_set1_ps(by);
    const __m256 low = _mm256_set1_ps((float)value_low(type)), high = _mm256_set1_ps((float)value_high(type));
    for (size_t i = 0; i < count; i = next_vector(i, count, SIXTEEN)) {
        const __m256i both = _mm256_packs_epi32(quantize_eight(from + i, scale, low, high),
                                                quantize_eight(from + i + EIGHT, scale, low, high));
        const __m256i ordered = _mm256_permute4x64_epi64(both, 0xD8);
        const __m128i first = _mm256_castsi256_si128(ordered), last = _mm256_extracti128_si256(ordered, 1);
        const __m128i bytes = type == VALUE_U8 ? _mm_packus_epi16(first, last) : _mm_packs_epi16(first, last);
        _mm_storeu_si128((__m128i *)(to + i), bytes);
    }
}

AVX2 void sned_avx2_quantize_u8(void *to, const float *from, size_t count, float scale)
{
    if (count < SIXTEEN)
        sned_quantize_u8(to, from, count, scale);
    else
        quantize(to, from, count, scale, VALUE_U8);
}

AVX2 void sned_avx2_quantize_s8(void *to, const float *from, size_t count, float scale)
{
    if (count < SIXTEEN)
        sned_quantize_s8(to, from, count, scale);
    else
        quantize(to, from, count, scale, VALUE_S8);
}

/* ---- sums of two rows ----
 *
 * vpmaddwd multiplies by signed numbers of 16 bits, and a multiplier has 16 bits without a sign. So twice the
 * numbers are multiplied by its half, and the numbers by the bit that is lost. */

struct terms {
    __m128i flip[2];
    __m256i half, odd; /* of both multipliers, in every 32 bits */
    __m256i start, slope, low, high;
    __m128i shift;
    bool has_slope;
};

AVX2_INLINE __m256i spread_both(uint32_t first, uint32_t second)
{
    return _mm256_set1_epi32((int32_t)(first | second << 16));
}

AVX2_INLINE struct terms terms_of(const struct byte_sum *sum, const struct integer_rule *rule)
{
    const uint32_t a = sum->multiplier[0], b = sum->multiplier[1];
    return (struct terms){
        .flip = {_mm_set1_epi8((char)sum->flip[0]), _mm_set1_epi8((char)sum->flip[1])},
        .half = spread_both(a / 2, b / 2),
        .odd = spread_both(a % 2, b % 2),
        .start = _mm256_set1_epi32(sum->start),
        .slope = _mm256_set1_epi64x(rule->slope),
        .low = _mm256_set1_epi16((int16_t)rule->low),
        .high = _mm256_set1_epi16((int16_t)rule->high),
        .shift = _mm_cvtsi32_si128(sum->shift),
        .has_slope = rule->slope != 0,
    };
}

AVX2_INLINE __m256i add_eight(__m256i pairs, const struct terms *terms)
{
    const __m256i halves = _mm256_madd_epi16(_mm256_slli_epi16(pairs, 1), terms->half);
    const __m256i odds = _mm256_madd_epi16(pairs, terms->odd);
    const __m256i all = _mm256_add_epi32(_mm256_add_epi32(halves, odds), terms->start);
    const __m256i scaled = _mm256_sra_epi32(all, terms->shift);
    return terms->has_slope ? slope_eight(scaled, terms->slope) : scaled;
}

AVX2_INLINE __m256i unsigned_sixteen(const uint8_t *from, __m128i flip)
{
    return _mm256_cvtepu8_epi16(_mm_xor_si128(_mm_loadu_si128((const __m128i *)from), flip));
}

/* The low byte of a clamped result is it, whatever its type. */
AVX2_INLINE __m128i add_sixteen(const uint8_t *a, const uint8_t *b, const struct terms *terms)
{
    const __m256i first = unsigned_sixteen(a, terms->flip[0]), second = unsigned_sixteen(b, terms->flip[1]);
    const __m256i all = _mm256_packs_epi32(add_eight(_mm256_unpacklo_epi16(first, second), terms),
                                           add_eight(_mm256_unpackhi_epi16(first, second), terms));
    const __m256i clamped = _mm256_min_epi16(_mm256_max_epi16(all, terms->low), terms->high);
    const __m256i bytes = _mm256_and_si256(clamped, _mm256_set1_epi16(UINT8_MAX));
    return _mm_packus_epi16(_mm256_castsi256_si128(bytes), _mm256_extracti128_si256(bytes, 1));
}

AVX2 void sned_avx2_add_bytes(uint8_t *to, const uint8_t *a, const uint8_t *b, size_t count,
                              const struct byte_sum *sum, const struct integer_rule *rule)
{
    const struct terms terms = terms_of(sum, rule);
    for (size_t i = 0; i < count; i = next_vector(i, count, SIXTEEN))
        store_part(to + i, _mm256_castsi128_si256(add_sixteen(a + i, b + i, &terms)),
                   count - i < SIXTEEN ? count - i : SIXTEEN);
}
#endif
