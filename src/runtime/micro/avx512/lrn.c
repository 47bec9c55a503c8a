/*
 * lrn.c - LRN for AVX-512 with VBMI: 128 pixels at a time through all channels, so that their sums of squares
 * stay in registers, and a row of the table, once loaded, serves two vectors of 64.
 *
 * A sum's entry in the table is found by its logarithm, as for AVX2 (avx2/lrn.c); a float that is rounded
 * towards zero has it in its bits without more ado. vpermi2b looks up 64 places in 128 bytes at once. So the
 * table, of 16 bits, is kept as blocks of 128 entries, lower bytes and upper bytes; each block is asked for
 * the places that it has, under a mask that leaves the others as they are, and after the last one all places
 * have become entries.
 *
 * A result is floor((v f + 2^(s-1)) / 2^s). v f has 24 bits, and where s is 9 or more, the lowest 8 decide
 * nothing:
 *
 *     floor((floor(p / 2^(s-9)) + 1) / 2),    p = floor(v f / 2^8) = floor(2^8 v f / 2^16),
 *
 * p the upper half of a product of 16 bits. A smaller s and slopes, which networks hardly have here, are left
 * to AVX2.
 */
#if defined(__x86_64__)
#include "runtime/micro/avx2/avx2.h"
#include "runtime/micro/avx512/avx512.h"
#include "runtime/micro/lrn.h"

#include <string.h>

enum { VECTOR = 64, VECTORS = 2, LEAST_SHIFT = 9 };

/* ---- sums of squares ---- */

/* Of 64 pixels, in the order that unpacks leave (quads_of_rows): e e - l l, the pair (e, l) times (e, -l). */
AVX512_INLINE void slide(__m512i sums[4], __m512i entering, __m512i leaving, const bool is_signed)
{
    const __m512i zero = _mm512_setzero_si512();
    if (is_signed) { /* -128 becomes 128, as an unsigned byte */
        entering = _mm512_abs_epi8(entering);
        leaving = _mm512_abs_epi8(leaving);
    }
    const __m512i low = _mm512_unpacklo_epi8(entering, leaving);
    const __m512i high = _mm512_unpackhi_epi8(entering, leaving);
    const __m512i pairs[4] = {_mm512_unpacklo_epi8(low, zero), _mm512_unpackhi_epi8(low, zero),
                              _mm512_unpacklo_epi8(high, zero), _mm512_unpackhi_epi8(high, zero)};
    for (int k = 0; k < 4; k++)
        sums[k] = _mm512_dpwssd_epi32(sums[k], pairs[k],
                                      _mm512_mask_sub_epi16(pairs[k], 0xAAAAAAAA, zero, pairs[k]));
}

/* ---- factors ---- */

/* Beyond its end the table goes on with its last entry, to the last that a sum of 28 bits would have. */
enum { BLOCK = 128, BLOCKS = 12, ENTRIES = BLOCKS * BLOCK, STRETCH = 32 };

struct factors {
    struct factor_block {
        _Alignas(VECTOR) uint8_t low[BLOCK];
        uint8_t high[BLOCK];
    } blocks[BLOCKS];
    int count; /* of blocks that sums come to */
};

AVX512_INLINE void factors_make(struct factors *factors, const struct lrn_strip *strip, const bool is_signed)
{
    const uint32_t window = (uint32_t)strip->before + 1 + (uint32_t)strip->after,
                   most = is_signed ? 128 : 255;
    const int last = lrn_index(window * most * most);
    for (int i = 0; i < ENTRIES; i += STRETCH) {
        struct factor_block *block = &factors->blocks[i / BLOCK];
        const __m512i entries = i < LRN_TABLE_SIZE
                                    ? _mm512_loadu_si512(strip->table + i)
                                    : _mm512_set1_epi16((int16_t)strip->table[LRN_TABLE_SIZE - 1]);
        _mm256_store_si256((__m256i *)(block->low + i % BLOCK), _mm512_cvtepi16_epi8(entries));
        _mm256_store_si256((__m256i *)(block->high + i % BLOCK),
                           _mm512_cvtepi16_epi8(_mm512_srli_epi16(entries, 8)));
    }
    factors->count = last < LRN_TABLE_SIZE - 1 ? last / BLOCK + 1 : BLOCKS;
}

/* The bytes of two vectors' words: the lower ones (the upper ones are the next), as packs have them. */
AVX512_INLINE __m512i lower_places(void)
{
    return _mm512_setr_epi64(0x0E0C0A0806040200, 0x4E4C4A4846444240, 0x1E1C1A1816141210, 0x5E5C5A5856545250,
                             0x2E2C2A2826242220, 0x6E6C6A6866646260, 0x3E3C3A3836343230, 0x7E7C7A7876747270);
}

AVX512_INLINE __m512i upper_places(void)
{
    return _mm512_add_epi8(lower_places(), _mm512_set1_epi8(1));
}

/* Likewise of floats the upper words. */
AVX512_INLINE __m512i upper_words(__m512 a, __m512 b)
{
    const __m512i places =
        _mm512_setr_epi64(0x0007000500030001, 0x0027002500230021, 0x000F000D000B0009, 0x002F002D002B0029,
                          0x0017001500130011, 0x0037003500330031, 0x001F001D001B0019, 0x003F003D003B0039);
    return _mm512_permutex2var_epi16(_mm512_castps_si512(a), places, _mm512_castps_si512(b));
}

/* Of 32 sums twice the index, or one more. The upper half of the bits of 2^e 1.f is (e + 127) << 7 and the
 * highest bits of f. */
AVX512_INLINE __m512i double_index(__m512i a, __m512i b)
{
    const __m512i logarithms =
        upper_words(_mm512_cvt_roundepi32_ps(a, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC),
                    _mm512_cvt_roundepi32_ps(b, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC));
    const __m512i sums = _mm512_packus_epi32(a, b);
    const __mmask32 is_small = _mm512_cmplt_epu16_mask(sums, _mm512_set1_epi16(64));
    return _mm512_mask_add_epi16(_mm512_sub_epi16(logarithms, _mm512_set1_epi16((127 + 5) * 128)), is_small,
                                 sums, sums);
}

struct places {
    __m512i block, place; /* [64]; the place in its lowest seven bits, all that vpermi2b looks at */
};

AVX512_INLINE struct places places_of(const __m512i sums[4])
{
    const __m512i first = double_index(sums[0], sums[1]), second = double_index(sums[2], sums[3]);
    return (struct places){.block = _mm512_permutex2var_epi8(first, upper_places(), second),
                           .place =
                               _mm512_srli_epi16(_mm512_permutex2var_epi8(first, lower_places(), second), 1)};
}

/* Lower and upper bytes. */
AVX512_INLINE void find_factors(__m512i low[VECTORS], __m512i high[VECTORS],
                                const struct places places[VECTORS], const struct factors *factors)
{
    const struct factor_block *block = factors->blocks;
    for (int v = 0; v < VECTORS; v++)
        low[v] = high[v] = places[v].place;
    for (int b = 0; b < factors->count; b++, block++) {
        const __m512i lows[2] = {load_once(block->low), load_once(block->low + VECTOR)};
        const __m512i highs[2] = {load_once(block->high), load_once(block->high + VECTOR)};
        for (int v = 0; v < VECTORS; v++) {
            const __mmask64 here = _mm512_cmpeq_epi8_mask(places[v].block, _mm512_set1_epi8((char)b));
            low[v] = _mm512_mask2_permutex2var_epi8(lows[0], low[v], here, lows[1]);
            high[v] = _mm512_mask2_permutex2var_epi8(highs[0], high[v], here, highs[1]);
        }
    }
}

/* ---- results ---- */

struct lrn_end {
    __m128i shift;
    __m512i low, high;
};

/* Of 32 numbers, times 2^8. The upper half of a signed one's product with what has no sign is less by that,
 * where it is below 0. */
AVX512_INLINE __m512i end_words(__m512i values, __m512i factors, const struct lrn_end *end,
                                const bool is_signed)
{
    const __m512i product = _mm512_mulhi_epu16(values, factors);
    __m512i result;
    if (is_signed) {
        const __mmask32 is_below = _mm512_movepi16_mask(values);
        const __m512i whole = _mm512_mask_sub_epi16(product, is_below, product, factors);
        const __m512i doubled = _mm512_sra_epi16(whole, end->shift);
        result = _mm512_srai_epi16(_mm512_add_epi16(doubled, _mm512_set1_epi16(1)), 1);
    } else {
        result = _mm512_avg_epu16(_mm512_srl_epi16(product, end->shift), _mm512_setzero_si512());
    }
    return _mm512_min_epi16(_mm512_max_epi16(result, end->low), end->high);
}

/* 64 results: the low byte of a clamped one is it, whatever its type. */
AVX512_INLINE __m512i results_of(__m512i values, __m512i low, __m512i high, const struct lrn_end *end,
                                 const bool is_signed)
{
    const __m512i zero = _mm512_setzero_si512();
    const __m512i first =
        end_words(_mm512_unpacklo_epi8(zero, values), _mm512_unpacklo_epi8(low, high), end, is_signed);
    const __m512i second =
        end_words(_mm512_unpackhi_epi8(zero, values), _mm512_unpackhi_epi8(low, high), end, is_signed);
    return _mm512_permutex2var_epi8(first, lower_places(), second);
}

/* ---- strips ---- */

/* `count` pixels, or as many as two vectors have. Where they have more, the second one does some of the
 * pixels of the first again. */
AVX512_INLINE void lrn_channels(uint8_t *to, const uint8_t *input, size_t count,
                                const struct lrn_strip *strip, const struct factors *factors,
                                const struct lrn_end *end, const bool is_signed)
{
    const size_t at[VECTORS] = {0, count >= 2 * VECTOR ? VECTOR : count > VECTOR ? count - VECTOR : 0};
    const __mmask64 some = first_of_64(count);
    __m512i sums[VECTORS][4];
    memset(sums, 0, sizeof sums);
    for (int c = -strip->after; c < strip->channels; c++) {
        const uint8_t *entering = lrn_channel(input, strip, c + strip->after);
        const uint8_t *leaving = lrn_channel(input, strip, c - strip->before - 1);
        for (int v = 0; v < VECTORS; v++)
            slide(sums[v], _mm512_loadu_si512(entering + at[v]), _mm512_loadu_si512(leaving + at[v]),
                  is_signed);
        if (c < 0)
            continue;
        const struct places places[VECTORS] = {places_of(sums[0]), places_of(sums[1])};
        __m512i low[VECTORS], high[VECTORS];
        find_factors(low, high, places, factors);
        for (int v = 0; v < VECTORS; v++) {
            const size_t place = (size_t)c * strip->step + at[v];
            _mm512_mask_storeu_epi8(
                to + place, some,
                results_of(_mm512_loadu_si512(input + place), low[v], high[v], end, is_signed));
        }
    }
}

AVX512_INLINE void lrn(uint8_t *to, const uint8_t *input, const struct lrn_strip *strip,
                       const struct integer_rule *rule, const bool is_signed)
{
    const struct lrn_end end = {.shift = _mm_cvtsi32_si128(strip->shift - LEAST_SHIFT),
                                .low = _mm512_set1_epi16((int16_t)rule->low),
                                .high = _mm512_set1_epi16((int16_t)rule->high)};
    struct factors factors;
    factors_make(&factors, strip, is_signed);
    for (size_t i = 0; i < strip->pixels; i += VECTORS * VECTOR)
        lrn_channels(to + i, input + i, strip->pixels - i, strip, &factors, &end, is_signed);
}

#define LRN(type_name, is_signed)                                                                            \
    AVX512 void sned_avx512_lrn_##type_name(uint8_t *to, const uint8_t *input,                               \
                                            const struct lrn_strip *strip, const struct integer_rule *rule)  \
    {                                                                                                        \
        if (strip->shift >= LEAST_SHIFT && !rule->slope)                                                     \
            lrn(to, input, strip, rule, is_signed);                                                          \
        else                                                                                                 \
            sned_avx2_lrn_##type_name(to, input, strip, rule);                                               \
    }
LRN(u8, false)
LRN(s8, true)
#endif
