/*
 * rows.c - rows of a fully connected layer for AVX-512 with VNNI and VBMI2.
 *
 * vpdpbusd multiplies 64 bytes of the input with 64 weights and adds them up by fours, exactly. Of weights
 * under a mask vpexpandb puts each into its column. It is quick only if it is used as here, which is why a
 * compiler is kept from better ideas: from a register, since it reads memory in many small steps (Zen 5), and
 * into one that was set to 0 just before, since it waits for what it replaces, even where nothing is kept.
 */
#if defined(__x86_64__)
#include "runtime/micro/avx512/avx512.h"

/* Where the weights are read that come next. */
struct row_place {
    const uint64_t *masks;
    const int8_t *values;
};

AVX512_INLINE __m512i next_chunk(struct row_place *place, const bool is_masked)
{
    if (!is_masked) {
        const __m512i weights = _mm512_loadu_si512(place->values);
        place->values += ROW_CHUNK;
        return weights;
    }
    const uint64_t mask = *place->masks++;
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
#endif
