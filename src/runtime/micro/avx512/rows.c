/*
 * rows.c - rows of a fully connected layer for AVX-512 with VNNI and VBMI2.
 *
 * vpdpbusd multiplies 64 bytes of the input with 64 weights and adds them up by fours, exactly. Of weights
 * under a mask vpexpandb puts each into its column. It is quick only if it is used as here, which is why a
 * compiler is kept from better ideas: from a register, since it reads memory in many small steps (Zen 5), and
 * into one that was set to 0 just before, since it waits for what it replaces, even where nothing is kept.
 * Of spans vpermi2b finds the input of all 64 weights of a step at once.
 */
#if defined(__x86_64__)
#include "runtime/micro/avx512/avx512.h"

/* What weights are asked of memory that are so many bytes ahead: a processor looks not as far by itself, and
 * takes a third longer then where they come from the last cache or from behind it. */
enum { FETCH_AHEAD = 8192 };

/* Where the weights are read that come next. */
struct row_place {
    const uint64_t *masks;
    const int8_t *values;
};

AVX512_INLINE __m512i next_chunk(struct row_place *place, const bool is_masked)
{
    __builtin_prefetch(place->values + FETCH_AHEAD);
    if (!is_masked) {
        const __m512i weights = _mm512_loadu_si512(place->values);
        place->values += ROW_CHUNK;
        return weights;
    }
    const uint64_t mask = *place->masks++;
    __builtin_prefetch((const uint8_t *)place->masks + FETCH_AHEAD / 4);
    __m512i values = _mm512_loadu_si512(place->values), weights = _mm512_setzero_si512();
    __asm__("" : "+v"(values), "+v"(weights));
    weights = _mm512_mask_expand_epi8(weights, mask, values);
    place->values += __builtin_popcountll(mask);
    return weights;
}

/* `rows` and `is_masked` are constants wherever this is called: the totals stay in registers. */
AVX512_INLINE struct row_place add_group(int32_t *sums, const size_t rows, size_t chunks,
                                         struct row_place place, const bool is_masked, const uint8_t *input)
{
    __m512i total[ROW_GROUP];
    for (size_t r = 0; r < rows; r++)
        total[r] = _mm512_setzero_si512();
    for (; chunks > 0; chunks--, input += ROW_CHUNK) {
        const __m512i x = _mm512_loadu_si512(input);
        for (size_t r = 0; r < rows; r++)
            total[r] = _mm512_dpbusd_epi32(total[r], x, next_chunk(&place, is_masked));
    }
    for (size_t r = 0; r < rows; r++)
        sums[r] = _mm512_reduce_add_epi32(total[r]);
    return place;
}

AVX512_INLINE void add_rows(int32_t *sums, size_t rows, size_t chunks, struct row_place place,
                            const bool is_masked, const uint8_t *input)
{
    for (; rows >= ROW_GROUP; rows -= ROW_GROUP, sums += ROW_GROUP)
        place = add_group(sums, ROW_GROUP, chunks, place, is_masked, input);
    if (rows == 3)
        add_group(sums, 3, chunks, place, is_masked, input);
    else if (rows == 2)
        add_group(sums, 2, chunks, place, is_masked, input);
    else if (rows == 1)
        add_group(sums, 1, chunks, place, is_masked, input);
}

AVX512 void sned_avx512_dense_rows(int32_t *sums, size_t rows, size_t chunks, const int8_t *weights,
                                   const uint8_t *input)
{
    add_rows(sums, rows, chunks, (struct row_place){NULL, weights}, false, input);
}

AVX512 void sned_avx512_masked_rows(int32_t *sums, size_t rows, size_t chunks, const uint64_t *masks,
                                    const int8_t *values, const uint8_t *input)
{
    add_rows(sums, rows, chunks, (struct row_place){masks, values}, true, input);
}

/* ---- spans ---- */

AVX512_INLINE __m512i add_step(__m512i sums, const struct span_step *step, const uint8_t *span)
{
    const __m512i places = _mm512_loadu_si512(step->places);
    const __m512i input = _mm512_permutex2var_epi8(_mm512_loadu_si512(span), places,
                                                   _mm512_loadu_si512(span + SPAN_COLUMNS / 2));
    __builtin_prefetch((const uint8_t *)step->places + FETCH_AHEAD);
    __builtin_prefetch((const uint8_t *)step->weights + FETCH_AHEAD);
    return add_products(sums, input, _mm512_loadu_si512(step->weights));
}

/* A lane of the sums is a row. Steps take turns at two of them: the next one need not wait. */
AVX512 void sned_avx512_spanned_rows(int32_t *sums, size_t rows, const struct span_list *list,
                                     const uint8_t *input)
{
    const uint32_t *first = list->first;
    for (size_t r = 0; r < rows; r += SPAN_ROWS, first++) {
        __m512i even = _mm512_setzero_si512(), odd = even;
        uint32_t s = first[0];
        for (; s + 1 < first[1]; s += 2) {
            even = add_step(even, &list->steps[s], input + list->columns[s]);
            odd = add_step(odd, &list->steps[s + 1], input + list->columns[s + 1]);
        }
        if (s < first[1])
            even = add_step(even, &list->steps[s], input + list->columns[s]);
        _mm512_mask_storeu_epi32(sums + r, first_of_16(rows - r), _mm512_add_epi32(even, odd));
    }
}
#endif
