/*
 * spans.h - rows of a fully connected layer in steps of spans, for AVX2: see struct span_list in micro.h. The
 * source of two columns, as quads.h and depthwise.h are.
 *
 * Spans have 64 columns, four registers with 16 each in both halves: vpshufb takes of all four what the
 * lowest four bits of a place say, and bits 4 and 5 say which of them it is. Here weights that stand together
 * are whatever they are: where add_products saturates, bytes are multiplied as numbers of 16 bits.
 */
#ifndef SNED_RUNTIME_MICRO_AVX2_SPANS_H
#define SNED_RUNTIME_MICRO_AVX2_SPANS_H

#include "runtime/micro/avx2/quads.h"

#if defined(__x86_64__)

enum { SPAN_PARTS = 4, FETCH_AHEAD = 8192, HALF_ROWS = SPAN_ROWS / 2 };

AVX2_INLINE __m256i add_any_products(__m256i sum, __m256i activations, __m256i weights)
{
    if (!PAIR_LIMIT)
        return add_products(sum, activations, weights);
    const __m256i even = _mm256_and_si256(activations, _mm256_set1_epi16(UINT8_MAX));
    const __m256i odd = _mm256_srli_epi16(activations, 8);
    sum = _mm256_add_epi32(sum, _mm256_madd_epi16(even, _mm256_srai_epi16(_mm256_slli_epi16(weights, 8), 8)));
    return _mm256_add_epi32(sum, _mm256_madd_epi16(odd, _mm256_srai_epi16(weights, 8)));
}

/* Shifts bring a bit to where vpblendvb wants it; what comes from the byte below is of no effect. */
AVX2_INLINE __m256i pick_places(const __m256i parts[SPAN_PARTS], __m256i places)
{
    const __m256i second = _mm256_slli_epi16(places, 3), upper = _mm256_slli_epi16(places, 2);
    const __m256i low = _mm256_blendv_epi8(_mm256_shuffle_epi8(parts[0], places),
                                           _mm256_shuffle_epi8(parts[1], places), second);
    const __m256i high = _mm256_blendv_epi8(_mm256_shuffle_epi8(parts[2], places),
                                            _mm256_shuffle_epi8(parts[3], places), second);
    return _mm256_blendv_epi8(low, high, upper);
}

AVX2_INLINE void add_step(__m256i sums[2], const struct span_step *step, const uint8_t *span)
{
    __m256i parts[SPAN_PARTS];
    for (int p = 0; p < SPAN_PARTS; p++)
        parts[p] = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(span + p * 16)));
    for (int half = 0; half < 2; half++) {
        const __m256i taken = pick_places(parts, load(step->places[half * HALF_ROWS]));
        sums[half] = add_any_products(sums[half], taken, load(step->weights[half * HALF_ROWS]));
    }
    _mm_prefetch((const char *)step->places + FETCH_AHEAD, _MM_HINT_T0);
    _mm_prefetch((const char *)step->weights + FETCH_AHEAD, _MM_HINT_T0);
}

#define AVX2_SPANS(name)                                                                                     \
    AVX2 void name(int32_t *sums, size_t rows, const struct span_list *list, const uint8_t *input)           \
    {                                                                                                        \
        const uint32_t *first = list->first;                                                                 \
        for (size_t r = 0; r < rows; r += SPAN_ROWS, first++) {                                              \
            __m256i added[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};                             \
            int32_t all[SPAN_ROWS];                                                                          \
            for (uint32_t s = first[0]; s < first[1]; s++)                                                   \
                add_step(added, &list->steps[s], input + list->columns[s]);                                  \
            store(all, added[0]);                                                                            \
            store(all + HALF_ROWS, added[1]);                                                                \
            memcpy(sums + r, all, (rows - r < SPAN_ROWS ? rows - r : SPAN_ROWS) * sizeof *all);              \
        }                                                                                                    \
    }
#endif

#endif
