/*
 * requantize.c - how every operator ends (requantize.h), eight sums at a time.
 *
 * floor((v * m + 2^(s-1)) / 2^s) takes products of 64 bits, but hardly 64-bit shifts, which AVX2 lacks.
 * With m made m * 2^k and s made s + k the value is the same. m is below 2^16, so that k up to 15 leaves it
 * below 2^31, as the signed 32-bit multiplication wants it; and a shift s of 18 or more can so be brought
 * to 33 or more: S = max(s, 33). Then
 *
 *     floor((p + 2^(S-1)) / 2^S) = floor((floor(p / 2^32) + 2^(S-33)) / 2^(S-32)),    p = v * m * 2^k
 *
 * because dividing by integers one after the other, rounding down each time, is dividing by their product,
 * and 2^(S-1) is a multiple of 2^32: the inner one is the high half of p, within 2^30, the outer one a 32-bit
 * arithmetic shift. p stays within 64 bits: |v| is at most 2^31, the multiplier below 2^31.
 *
 * Of what becomes bytes S is made 39 where k allows it, and never more. Then the high half may be brought to
 * 16 bits before it is rounded: one beyond them ends as 256 or more, or -256 or less, and so does the nearest
 * number of 16 bits. vpmulhrsw by 2^(47-S) is that sum and shift, of 16 at once.
 *
 * Products are of every other sum. One shuffle takes the high halves of both kinds: of four sums the two in
 * the middle are exchanged from there on, until one of 32 or 16 results puts them back.
 *
 * Smaller shifts are ratios of a quarter and more, which few layers have: those are shifted in 64 bits. Few
 * have slopes, or bytes of larger shifts.
 */
#include "runtime/micro/columns.h"

#if defined(__x86_64__)
#include "runtime/micro/avx2/avx2.h"

enum { EASY_SHIFT = 18, MOST_SHIFT = 39, MOST_MORE = 15, HALF = 32, VECTOR = 16 };

/* How sums end: see the head of this file. */
enum way {
    NARROW, /* as bytes without a slope, rounded in 16 bits: shifts from EASY_SHIFT to MOST_SHIFT */
    EASY,   /* rounded in 32 bits: from EASY_SHIFT */
    HARD    /* in 64 bits */
};

/* What is the same for all of a row. */
struct ends {
    __m256i multiplier, round; /* round: of the sum that it is added to, or a factor that shifts, too */
    __m256i sign;              /* where the sign bit is after the 64-bit shift */
    __m128i shift;
    __m256i slope, low, high; /* low, high: of the output's type in vectors that are easy, else of 64 bits */
};

AVX2_INLINE struct ends easy_ends(struct scaling scaling, const struct integer_rule *rule,
                                  enum value_type type, const enum way way)
{
    const int least = way == NARROW ? MOST_SHIFT - scaling.shift : HALF + 1 - scaling.shift;
    const int more = least < 0 ? 0 : least < MOST_MORE ? least : MOST_MORE, shift = scaling.shift + more;
    return (struct ends){
        .multiplier = _mm256_set1_epi64x((int64_t)scaling.multiplier << more),
        .round = way == NARROW ? _mm256_set1_epi16((int16_t)(1 << (HALF + 15 - shift)))
                               : _mm256_set1_epi32(1 << (shift - HALF - 1)),
        .shift = _mm_cvtsi32_si128(shift - HALF),
        .slope = _mm256_set1_epi64x(rule->slope),
        .low = spread(rule->low, type),
        .high = spread(rule->high, type),
    };
}

AVX2_INLINE struct ends hard_ends(struct scaling scaling, const struct integer_rule *rule)
{
    return (struct ends){
        .multiplier = _mm256_set1_epi64x(scaling.multiplier),
        .round = _mm256_set1_epi64x((int64_t)1 << (scaling.shift - 1)),
        .sign = _mm256_set1_epi64x((int64_t)((uint64_t)1 << (63 - scaling.shift))),
        .shift = _mm_cvtsi32_si128(scaling.shift),
        .slope = _mm256_set1_epi64x(rule->slope),
        .low = _mm256_set1_epi64x(rule->low),
        .high = _mm256_set1_epi64x(rule->high),
    };
}

/* An arithmetic shift of 64 bits: the sign bit, shifted like the rest, is spread by (x ^ s) - s. */
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
 * before the slope, so that its low half is all of it: with any slope it stays below -2^15, the lowest
 * clamp there is. */
AVX2_INLINE __m256i finish_four(__m256i value, const struct ends *ends, bool has_slope)
{
    value = _mm256_add_epi64(_mm256_mul_epi32(value, ends->multiplier), ends->round);
    value = shift_right(value, ends->shift, ends->sign);
    if (has_slope) {
        const __m256i bounded = larger(value, _mm256_set1_epi64x(INT32_MIN));
        __m256i sloped = _mm256_mul_epi32(bounded, ends->slope);
        sloped = _mm256_add_epi64(sloped, _mm256_set1_epi64x((int64_t)1 << (SLOPE_BITS - 1)));
        sloped = shift_right(sloped, _mm_cvtsi32_si128(SLOPE_BITS),
                             _mm256_set1_epi64x((int64_t)1 << (63 - SLOPE_BITS)));
        value = _mm256_blendv_epi8(value, sloped, _mm256_cmpgt_epi64(_mm256_setzero_si256(), value));
    }
    return smaller(larger(value, ends->low), ends->high);
}

/* Eight sums to eight results in int32, clamped, in the order of the others (finish_easy). */
AVX2_INLINE __m256i finish_hard(__m256i sums, const struct ends *ends, bool has_slope)
{
    const __m256i even = finish_four(sums, ends, has_slope);
    const __m256i odd = finish_four(_mm256_srli_epi64(sums, 32), ends, has_slope);
    return _mm256_shuffle_epi32(_mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xAA), 0xD8);
}

/* The high halves of eight products. */
AVX2_INLINE __m256i high_halves(const int32_t *input, const struct ends *ends)
{
    const __m256i sums = load(input);
    const __m256 even = _mm256_castsi256_ps(_mm256_mul_epi32(sums, ends->multiplier));
    const __m256 odd = _mm256_castsi256_ps(_mm256_mul_epi32(_mm256_srli_epi64(sums, 32), ends->multiplier));
    return _mm256_castps_si256(_mm256_shuffle_ps(even, odd, 0xDD));
}

/* Eight sums to eight results in int32, not clamped yet. */
AVX2_INLINE __m256i finish_easy(const int32_t *input, const struct ends *ends, bool has_slope)
{
    const __m256i high = _mm256_add_epi32(high_halves(input, ends), ends->round);
    const __m256i value = _mm256_sra_epi32(high, ends->shift);
    return has_slope ? slope_eight(value, ends->slope) : value;
}

/* 16 sums to 16 results in int16, in two registers' order: 0 to 3, 8 to 11; 4 to 7, 12 to 15. */
AVX2_INLINE __m256i finish_sixteen(const int32_t *input, const struct ends *ends, const enum way way,
                                   bool has_slope)
{
    const int32_t *second = input + 8;
    if (way == NARROW)
        return _mm256_mulhrs_epi16(_mm256_packs_epi32(high_halves(input, ends), high_halves(second, ends)),
                                   ends->round);
    if (way == EASY)
        return _mm256_packs_epi32(finish_easy(input, ends, has_slope), finish_easy(second, ends, has_slope));
    return _mm256_packs_epi32(finish_hard(load(input), ends, has_slope),
                              finish_hard(load(second), ends, has_slope));
}

/* 16-bit numbers to bytes; what is beyond the type becomes its end. */
AVX2_INLINE __m256i narrow(__m256i a, __m256i b, enum value_type type)
{
    return type == VALUE_U8 ? _mm256_packus_epi16(a, b) : _mm256_packs_epi16(a, b);
}

AVX2_INLINE __m256i clamp(__m256i values, const struct ends *ends, enum value_type type)
{
    switch (type) {
    case VALUE_U8:
        return _mm256_min_epu8(_mm256_max_epu8(values, ends->low), ends->high);
    case VALUE_S8:
        return _mm256_min_epi8(_mm256_max_epi8(values, ends->low), ends->high);
    default:
        return _mm256_min_epi16(_mm256_max_epi16(values, ends->low), ends->high);
    }
}

/* Of four results that follow each other the second goes to the third place, the third to the second. */
AVX2_INLINE __m256i in_order(__m256i values, enum value_type type)
{
    const __m128i bytes = _mm_setr_epi8(0, 2, 1, 3, 4, 6, 5, 7, 8, 10, 9, 11, 12, 14, 13, 15);
    const __m128i words = _mm_setr_epi8(0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15);
    return _mm256_shuffle_epi8(values, _mm256_broadcastsi128_si256(type == VALUE_S16 ? words : bytes));
}

/* What a register of clamped numbers is made of: 16 of 16 bits or 16 of 8 bits, these in its lower half. */
AVX2_INLINE __m256i order_sixteen(__m256i values, const struct ends *ends, const enum way way,
                                  enum value_type type)
{
    if (type != VALUE_S16)
        values = narrow(values, values, type);
    if (way != HARD)
        values = clamp(values, ends, type);
    return in_order(type == VALUE_S16
                        ? _mm256_permute4x64_epi64(values, 0xD8)
                        : _mm256_permutevar8x32_epi32(values, _mm256_setr_epi32(0, 4, 1, 5, 0, 4, 1, 5)),
                    type);
}

/* 32 results of 8 bits. */
AVX2_INLINE __m256i finish_thirty_two(const int32_t *input, const struct ends *ends, enum value_type type)
{
    const __m256i values = narrow(finish_sixteen(input, ends, NARROW, false),
                                  finish_sixteen(input + VECTOR, ends, NARROW, false), type);
    return in_order(
        _mm256_permutevar8x32_epi32(clamp(values, ends, type), _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7)),
        type);
}

AVX2_INLINE void requantize_row(uint8_t *to, const int32_t *input, size_t count, const struct ends *ends,
                                const enum way way, const bool has_slope, const enum value_type type)
{
    const size_t size = type == VALUE_S16 ? 2 : 1;
    for (size_t at = 0; at < count;) {
        if (way == NARROW && count - at >= 2 * VECTOR) {
            store(to + at, finish_thirty_two(input + at, ends, type));
            at += 2 * VECTOR;
            continue;
        }
        if (at && count - at < VECTOR)
            at = count - VECTOR;
        const size_t left = count - at;
        store_part(to + at * size,
                   order_sixteen(finish_sixteen(input + at, ends, way, has_slope), ends, way, type),
                   (left < VECTOR ? left : VECTOR) * size);
        at += VECTOR;
    }
}

/* What few layers have: one loop for all of it. */
AVX2 __attribute__((noinline)) static void requantize_seldom(void *to, const int32_t *input, size_t count,
                                                             struct scaling scaling,
                                                             const struct integer_rule *rule,
                                                             enum value_type type)
{
    const enum way way = scaling.shift >= EASY_SHIFT ? EASY : HARD;
    const struct ends ends = way == EASY ? easy_ends(scaling, rule, type, EASY) : hard_ends(scaling, rule);
    requantize_row(to, input, count, &ends, way, rule->slope != 0, type);
}

AVX2_INLINE void requantize(void *to, const int32_t *input, size_t count, struct scaling scaling,
                            const struct integer_rule *rule, const enum value_type type)
{
    const enum way way = type == VALUE_S16 ? EASY : NARROW;
    if (scaling.shift < EASY_SHIFT || rule->slope || (way == NARROW && scaling.shift > MOST_SHIFT)) {
        requantize_seldom(to, input, count, scaling, rule, type);
    } else {
        const struct ends ends = easy_ends(scaling, rule, type, way);
        requantize_row(to, input, count, &ends, way, false, type);
    }
}

#define REQUANTIZE(name, type)                                                                               \
    AVX2 void name(void *to, const int32_t *input, size_t count, struct scaling scaling,                     \
                   const struct integer_rule *rule)                                                          \
    {                                                                                                        \
        requantize(to, input, count, scaling, rule, type);                                                   \
    }
REQUANTIZE(sned_avx2_requantize_u8, VALUE_U8)
REQUANTIZE(sned_avx2_requantize_s8, VALUE_S8)
REQUANTIZE(sned_avx2_requantize_s16, VALUE_S16)
#endif
