/*
 * avx2.c - micro-kernels for AVX2: convolution rows, dot products and requantization.
 *
 * Exact without instructions for 8 bits: activations and weights are int16, vpmaddwd multiplies pairs of them
 * and adds the two products in int32. Everything here is compiled for AVX2 by attribute, so that the file is
 * part of any build for x86-64; columns.c says when it may run.
 */
#include "runtime/micro/columns.h"

#if defined(__x86_64__)
#include "runtime/micro/requantize.h"

#include <immintrin.h>
#include <string.h>

#define AVX2        __attribute__((target("avx2")))
#define AVX2_INLINE static inline __attribute__((target("avx2"), always_inline))

enum { PIXELS = 16, MOST_VECTORS = 4 /* of PIXELS; two registers of sums each */ };

/* ---- convolution ---- */

/* To the first `count` of eight sums. */
AVX2_INLINE void add_to(int32_t *sums, size_t count, __m256i value)
{
    int32_t part[8];
    if (count >= 8) {
        value = _mm256_add_epi32(value, _mm256_loadu_si256((const __m256i *)sums));
        _mm256_storeu_si256((__m256i *)sums, value);
        return;
    }
    _mm256_storeu_si256((__m256i *)part, value);
    for (size_t i = 0; i < count; i++)
        sums[i] += part[i];
}

/* `vectors` times 16 pixels, of which the last vector may have fewer. Two taps' pixels interleaved are pairs,
 * in the order 0 to 3, 8 to 11 and 4 to 7, 12 to 15; the sums stay in that order until they are stored. */
AVX2_INLINE void add_pixels(int32_t *sums, size_t count, const int16_t *input, const struct tap_pair *pairs,
                            size_t pair_count, const int vectors)
{
    __m256i low[MOST_VECTORS], high[MOST_VECTORS];
    for (int v = 0; v < vectors; v++)
        low[v] = high[v] = _mm256_setzero_si256();
    for (; pair_count; pair_count--, pairs++) {
        const int16_t *a = input + pairs->offset[0], *b = input + pairs->offset[1];
        int32_t both;
        memcpy(&both, pairs->weight, sizeof both);
        const __m256i weights = _mm256_set1_epi32(both);
        for (int v = 0; v < vectors; v++) {
            const __m256i x = _mm256_loadu_si256((const __m256i *)(a + v * PIXELS));
            const __m256i y = _mm256_loadu_si256((const __m256i *)(b + v * PIXELS));
            low[v] = _mm256_add_epi32(low[v], _mm256_madd_epi16(_mm256_unpacklo_epi16(x, y), weights));
            high[v] = _mm256_add_epi32(high[v], _mm256_madd_epi16(_mm256_unpackhi_epi16(x, y), weights));
        }
    }
    for (int v = 0; v < vectors; v++, sums += PIXELS, count -= PIXELS) {
        const __m256i first = _mm256_permute2x128_si256(low[v], high[v], 0x20);
        const __m256i second = _mm256_permute2x128_si256(low[v], high[v], 0x31);
        add_to(sums, count, first);
        if (count > 8)
            add_to(sums + 8, count - 8, second);
    }
}

AVX2 static void add_taps(int32_t *sums, size_t count, const int16_t *input, const struct tap_pair *pairs,
                          size_t pair_count)
{
    for (; count > 3 * PIXELS; sums += 4 * PIXELS, input += 4 * PIXELS) {
        const size_t part = count < 4 * PIXELS ? count : 4 * PIXELS;
        add_pixels(sums, part, input, pairs, pair_count, 4);
        if ((count -= part) == 0)
            return;
    }
    if (count > 2 * PIXELS)
        add_pixels(sums, count, input, pairs, pair_count, 3);
    else if (count > PIXELS)
        add_pixels(sums, count, input, pairs, pair_count, 2);
    else if (count > 0)
        add_pixels(sums, count, input, pairs, pair_count, 1);
}

/* ---- dot products ---- */

AVX2_INLINE int32_t sum_lanes(__m256i value)
{
    __m128i sum = _mm_add_epi32(_mm256_castsi256_si128(value), _mm256_extracti128_si256(value, 1));
    sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0x4E));
    sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0xB1));
    return _mm_cvtsi128_si32(sum);
}

AVX2_INLINE __m256i products(const int8_t *weights, const int16_t *input)
{
    const __m256i w = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)weights));
    return _mm256_madd_epi16(w, _mm256_loadu_si256((const __m256i *)input));
}

AVX2 static int32_t dot(const int8_t *weights, const int16_t *input, size_t count)
{
    __m256i first = _mm256_setzero_si256(), second = first;
    for (; count >= 32; count -= 32, weights += 32, input += 32) {
        first = _mm256_add_epi32(first, products(weights, input));
        second = _mm256_add_epi32(second, products(weights + 16, input + 16));
    }
    if (count >= 16) {
        first = _mm256_add_epi32(first, products(weights, input));
        count -= 16, weights += 16, input += 16;
    }
    return sum_lanes(_mm256_add_epi32(first, second)) + sned_dot(weights, input, count);
}

/* ---- requantization ---- */

/* What is the same for all of a row. */
struct ends {
    __m256i multiplier, round, sign; /* sign: where the sign bit is after the shift */
    __m128i shift;
    __m256i slope, low, high;
    bool has_slope;
};

AVX2_INLINE struct ends ends_of(struct scaling scaling, const struct integer_rule *rule)
{
    return (struct ends){
        .multiplier = _mm256_set1_epi64x(scaling.multiplier),
        .round = _mm256_set1_epi64x((int64_t)1 << (scaling.shift - 1)),
        .sign = _mm256_set1_epi64x((int64_t)((uint64_t)1 << (63 - scaling.shift))),
        .shift = _mm_cvtsi32_si128(scaling.shift),
        .slope = _mm256_set1_epi64x(rule->slope),
        .low = _mm256_set1_epi64x(rule->low),
        .high = _mm256_set1_epi64x(rule->high),
        .has_slope = rule->slope != 0,
    };
}

/* An arithmetic shift of 64 bits, which AVX2 lacks: the sign bit, shifted like the rest, is spread by (x ^ s)
 * - s. */
AVX2_INLINE __m256i shift_right(__m256i value, __m128i shift, __m256i sign)
{
    return _mm256_sub_epi64(_mm256_xor_si256(_mm256_srl_epi64(value, shift), sign), sign);
}

AVX2_INLINE __m256i larger(__m256i a, __m256i b)
{
    return _mm256_blendv_epi8(b, a, _mm256_cmpgt_epi64(a, b));
}

AVX2_INLINE __m256i smaller(__m256i a, __m256i b)
{
    return _mm256_blendv_epi8(a, b, _mm256_cmpgt_epi64(a, b));
}

/* The low halves of four 64-bit lanes, scaled, sloped and clamped. A value below -2^31 is brought up to it
 * before the slope, so that its low half is all of it: with any slope it stays below -2^15, the lowest clamp
 * there is. */
AVX2_INLINE __m256i finish_four(__m256i value, const struct ends *ends)
{
    value = _mm256_add_epi64(_mm256_mul_epi32(value, ends->multiplier), ends->round);
    value = shift_right(value, ends->shift, ends->sign);
    if (ends->has_slope) {
        const __m256i bounded = larger(value, _mm256_set1_epi64x(INT32_MIN));
        __m256i sloped = _mm256_mul_epi32(bounded, ends->slope);
        sloped = _mm256_add_epi64(sloped, _mm256_set1_epi64x((int64_t)1 << (SLOPE_BITS - 1)));
        sloped = shift_right(sloped, _mm_cvtsi32_si128(SLOPE_BITS),
                             _mm256_set1_epi64x((int64_t)1 << (63 - SLOPE_BITS)));
        value = _mm256_blendv_epi8(value, sloped, _mm256_cmpgt_epi64(_mm256_setzero_si256(), value));
    }
    return smaller(larger(value, ends->low), ends->high);
}

/* Eight sums to eight results in int32. */
AVX2_INLINE __m256i finish_eight(const int32_t *input, const struct ends *ends)
{
    const __m256i sums = _mm256_loadu_si256((const __m256i *)input);
    const __m256i even = finish_four(sums, ends);
    const __m256i odd = finish_four(_mm256_srli_epi64(sums, 32), ends);
    return _mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xAA);
}

/* 16 sums to 16 results in int16, which hold those of 8 bits too. */
AVX2_INLINE __m256i finish_sixteen(const int32_t *input, const struct ends *ends)
{
    const __m256i packed = _mm256_packs_epi32(finish_eight(input, ends), finish_eight(input + 8, ends));
    return _mm256_permute4x64_epi64(packed, 0xD8);
}

AVX2_INLINE __m128i narrow(__m256i values, enum value_type type)
{
    const __m128i low = _mm256_castsi256_si128(values), high = _mm256_extracti128_si256(values, 1);
    return type == VALUE_U8 ? _mm_packus_epi16(low, high) : _mm_packs_epi16(low, high);
}

/* The last vector reads behind `input`, as it may, and is written as far as asked for. */
AVX2_INLINE void requantize(void *to, const int32_t *input, size_t count, struct scaling scaling,
                            const struct integer_rule *rule, const enum value_type type)
{
    const struct ends ends = ends_of(scaling, rule);
    const size_t size = type == VALUE_S16 ? 2 : 1;
    uint8_t *out = to;
    for (; count > 0; input += PIXELS, out += PIXELS * size) {
        const size_t part = count < PIXELS ? count : PIXELS;
        const __m256i values = finish_sixteen(input, &ends);
        uint8_t last[PIXELS * 2];
        uint8_t *place = part < PIXELS ? last : out;
        if (type == VALUE_S16)
            _mm256_storeu_si256((__m256i *)place, values);
        else
            _mm_storeu_si128((__m128i *)place, narrow(values, type));
        if (part < PIXELS)
            memcpy(out, last, part * size);
        count -= part;
    }
}

#define REQUANTIZE(name, type)                                                                               \
    AVX2 static void name(void *to, const int32_t *input, size_t count, struct scaling scaling,              \
                          const struct integer_rule *rule)                                                   \
    {                                                                                                        \
        requantize(to, input, count, scaling, rule, type);                                                   \
    }
REQUANTIZE(requantize_u8, VALUE_U8)
REQUANTIZE(requantize_s8, VALUE_S8)
REQUANTIZE(requantize_s16, VALUE_S16)

const struct micro_kernels sned_micro_avx2 = {
    .name = "avx2",
    .widen = {[VALUE_U8] = sned_widen_u8, [VALUE_S8] = sned_widen_s8, [VALUE_S16] = sned_widen_s16},
    .add_taps = add_taps,
    .dot = dot,
    .requantize = {[VALUE_U8] = requantize_u8, [VALUE_S8] = requantize_s8, [VALUE_S16] = requantize_s16},
    .window_max =
        {[VALUE_U8] = sned_window_max_u8, [VALUE_S8] = sned_window_max_s8, [VALUE_S16] = sned_window_max_s16},
    .window_sum =
        {[VALUE_U8] = sned_window_sum_u8, [VALUE_S8] = sned_window_sum_s8, [VALUE_S16] = sned_window_sum_s16},
};
#endif
