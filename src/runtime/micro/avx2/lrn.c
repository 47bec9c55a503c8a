/*
 * lrn.c - LRN: sums of squares that slide over the channels, and the factors that a table has for
 * them.
 *
 * The entry for a sum is found by its logarithm, 64 steps an octave, which a float holds: the bits of 2^e *
 * 1.f are (e + 127) << 23 | f, so that their upper half less that of 2^5 is 64 * (e - 5) + the six highest
 * bits of f, the document's lrn_index. Sums have 28 bits and a float 24: it would round up where it may
 * not, so that bits far down are taken away before: bit e - 16 and those below it that sum >> 16 has. A
 * rounding that would come to the bits that count would have to carry through bit e - 16, which is 0 then.
 */
#include "runtime/micro/lrn.h"

#if defined(__x86_64__)
#include "runtime/micro/avx2/avx2.h"

enum { EIGHT = 8, SIXTEEN = 16, MOST_SHIFT = 30 };

/* ---- sums of squares ---- */

/* Eight squares: of a signed number's absolute, -128 included, as an unsigned one. */
AVX2_INLINE __m256i squares(const uint8_t *from, const bool is_signed)
{
    __m128i bytes = _mm_loadl_epi64((const __m128i *)from);
    if (is_signed)
        bytes = _mm_abs_epi8(bytes);
    const __m256i values = _mm256_cvtepu8_epi32(bytes);
    return _mm256_madd_epi16(values, values);
}

/* Numbers behind a row's end change nothing: LRN_PIXELS are whole vectors. */
AVX2_INLINE void slide(uint32_t *sums, const uint8_t *entering, const uint8_t *leaving, size_t count,
                       const bool is_signed)
{
    for (size_t i = 0; i < count; i += EIGHT) {
        const __m256i more =
            _mm256_sub_epi32(squares(entering + i, is_signed), squares(leaving + i, is_signed));
        store(sums + i, _mm256_add_epi32(load(sums + i), more));
    }
}

/* ---- factors ---- */

struct lrn_ends {
    const uint16_t *table;
    __m256i round;
    __m128i shift;
    __m256i slope, low, high;
    bool has_slope;
};

/* Whatever a sum is, behind a row's end too, its index is one. */
AVX2_INLINE __m256i index_eight(__m256i sums)
{
    const __m256i kept = _mm256_andnot_si256(_mm256_srli_epi32(sums, 16), sums);
    const __m256i bits = _mm256_castps_si256(_mm256_cvtepi32_ps(kept));
    const __m256i steps = _mm256_sub_epi32(_mm256_srli_epi32(bits, 17), _mm256_set1_epi32((127 + 5) * 64));
    const __m256i is_large = _mm256_cmpgt_epi32(sums, _mm256_set1_epi32(63));
    return _mm256_min_epu32(_mm256_blendv_epi8(sums, steps, is_large), _mm256_set1_epi32(LRN_TABLE_SIZE - 1));
}

/* A number times its factor has 24 bits. */
AVX2_INLINE __m256i normalize_eight(__m256i values, const uint32_t *sums, const struct lrn_ends *ends)
{
    const __m256i index = index_eight(load(sums));
    const __m256i pairs = _mm256_i32gather_epi32((const int *)ends->table, index, sizeof *ends->table);
    const __m256i factors = _mm256_and_si256(pairs, _mm256_set1_epi32(UINT16_MAX));
    const __m256i product = _mm256_add_epi32(_mm256_mullo_epi32(values, factors), ends->round);
    const __m256i scaled = _mm256_sra_epi32(product, ends->shift);
    return ends->has_slope ? slope_eight(scaled, ends->slope) : scaled;
}

/* 16 results; the low byte of a clamped one is it, whatever its type. */
AVX2_INLINE __m128i normalize_sixteen(const uint8_t *input, const uint32_t *sums, const struct lrn_ends *ends,
                                      const bool is_signed)
{
    const __m128i bytes = _mm_loadu_si128((const __m128i *)input), upper = _mm_unpackhi_epi64(bytes, bytes);
    const __m256i a = is_signed ? _mm256_cvtepi8_epi32(bytes) : _mm256_cvtepu8_epi32(bytes);
    const __m256i b = is_signed ? _mm256_cvtepi8_epi32(upper) : _mm256_cvtepu8_epi32(upper);
    __m256i all = _mm256_packs_epi32(normalize_eight(a, sums, ends), normalize_eight(b, sums + EIGHT, ends));
    all = _mm256_min_epi16(_mm256_max_epi16(_mm256_permute4x64_epi64(all, 0xD8), ends->low), ends->high);
    all = _mm256_and_si256(all, _mm256_set1_epi16(UINT8_MAX));
    return _mm_packus_epi16(_mm256_castsi256_si128(all), _mm256_extracti128_si256(all, 1));
}

/* A product of 24 bits, shifted by more than MOST_SHIFT, is 0, as by MOST_SHIFT. */
AVX2_INLINE void normalize(uint8_t *to, const uint8_t *input, const uint32_t *sums, size_t count,
                           const struct lrn_strip *strip, const struct integer_rule *rule,
                           const bool is_signed)
{
    const int bounded = strip->shift < MOST_SHIFT ? strip->shift : MOST_SHIFT;
    const struct lrn_ends ends = {
        .table = strip->table,
        .round = _mm256_set1_epi32(1 << (bounded - 1)),
        .shift = _mm_cvtsi32_si128(bounded),
        .slope = _mm256_set1_epi64x(rule->slope),
        .low = _mm256_set1_epi16((int16_t)rule->low),
        .high = _mm256_set1_epi16((int16_t)rule->high),
        .has_slope = rule->slope != 0,
    };
    for (size_t i = 0; i < count; i = next_vector(i, count, SIXTEEN)) {
        const __m128i results = normalize_sixteen(input + i, sums + i, &ends, is_signed);
        store_part(to + i, _mm256_castsi128_si256(results), count - i < SIXTEEN ? count - i : SIXTEEN);
    }
}

#define LRN(type_name, is_signed)                                                                            \
    AVX2 static void slide_##type_name(uint32_t *sums, const void *entering, const void *leaving,            \
                                       size_t count)                                                         \
    {                                                                                                        \
        slide(sums, entering, leaving, count, is_signed);                                                    \
    }                                                                                                        \
    AVX2 static void normalize_##type_name(void *to, const void *input, const uint32_t *sums, size_t count,  \
                                           const struct lrn_strip *strip, const struct integer_rule *rule)   \
    {                                                                                                        \
        normalize(to, input, sums, count, strip, rule, is_signed);                                           \
    }                                                                                                        \
    void sned_avx2_lrn_##type_name(uint8_t *to, const uint8_t *input, const struct lrn_strip *strip,         \
                                   const struct integer_rule *rule)                                          \
    {                                                                                                        \
        sned_lrn_by_rows(to, input, strip, rule, slide_##type_name, normalize_##type_name);                  \
    }
LRN(u8, false)
LRN(s8, true)
#endif
