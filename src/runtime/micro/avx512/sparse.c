/*
 * sparse.c - sparse sums of quads for AVX-512 VNNI.
 *
 * 64 pixels of four taps' rows are interleaved to quads by eight unpacks; then each filter of the group takes
 * four vpdpbusd. So a group of one filter is bound by its shuffles and loads, one of four by its
 * multiplications, almost. The sums stay in the order that unpacks leave until they are stored; where they
 * become bytes at once, the packs that make those restore the pixels' order.
 */
#if defined(__x86_64__)
#include "runtime/micro/avx512/ends.h"
#include "runtime/micro/ends.h"

#include <string.h>

enum { PIXELS = 64, MOST_PARTS = 6 };

/* By one load of four offsets: where rows that cross lines of the cache are the bound, loads of single
 * numbers among them cost a quarter of the time. Where multiplications are, those are cheaper. */
AVX512_INLINE void find_rows(const uint32_t *offsets, const uint8_t *input, const bool is_bound_by_loads,
                             const uint8_t *from[4])
{
    for (int j = 0; j < 4; j++)
        from[j] = input + offsets[j];
    if (!is_bound_by_loads)
        return;
    __m128i four = _mm_loadu_si128((const __m128i *)(const void *)offsets);
    __asm__("" : "+v"(four));
    const uint64_t first = (uint64_t)_mm_cvtsi128_si64(four), second = (uint64_t)_mm_extract_epi64(four, 1);
    from[0] = input + (uint32_t)first;
    from[1] = input + (first >> 32);
    from[2] = input + (uint32_t)second;
    from[3] = input + (second >> 32);
}

/* 64 pixels' sums, or as many of them as `count` says. */
AVX512_INLINE void store_sums(int32_t *to, __m512i sums[4], size_t count)
{
    in_order(sums);
    for (size_t k = 0; k < 4; k++)
        if (k * 16 < count)
            _mm512_mask_storeu_epi32(to + k * 16, first_of_16(count - k * 16), sums[k]);
}

AVX512_INLINE void store_bytes(uint8_t *to, const __m512i sums[4], size_t count, const struct row_end *end,
                               enum value_type type)
{
    __m512i results[4];
    for (int k = 0; k < 4; k++)
        results[k] = ended(sums[k], end);
    _mm512_mask_storeu_epi8(to, first_of_64(count),
                            type == VALUE_U8 ? packed(results, VALUE_U8) : packed(results, VALUE_S8));
}

/* `parts` times 64 pixels, of which the last part may have fewer. */
AVX512_INLINE void sum_tile(const struct quad_destination *destination, size_t count, const uint8_t *input,
                            const struct quad_list *list, const int filters, const int parts)
{
    const int8_t *weights = list->weights;
    const uint32_t *offsets = list->offsets;
    const struct row_end *ends = destination->ends;
    __m512i sum[4][MOST_PARTS][4];
    for (int f = 0; f < filters; f++)
        for (int p = 0; p < parts; p++)
            for (int k = 0; k < 4; k++)
                sum[f][p][k] = _mm512_set1_epi32(list->start[f]);
    for (size_t q = list->count; q; q--, weights += filters * 4, offsets += 4) {
        const uint8_t *from[4];
        find_rows(offsets, input, filters < 4, from);
        for (int p = 0; p < parts; p++) {
            __m512i rows[4], quads[4];
            for (int j = 0; j < 4; j++)
                rows[j] = load_once(from[j] + p * PIXELS);
            quads_of_rows(rows, quads);
            for (int f = 0; f < filters; f++) {
                int32_t quad;
                memcpy(&quad, weights + f * 4, sizeof quad);
                const __m512i weight = _mm512_set1_epi32(quad);
                for (int k = 0; k < 4; k++)
                    sum[f][p][k] = add_products(sum[f][p][k], quads[k], weight);
            }
        }
    }
    for (int f = 0; f < filters; f++) {
        const size_t at = (size_t)f * destination->step;
        for (int p = 0; p < parts; p++) {
            const size_t before = (size_t)p * PIXELS;
            if (ends)
                store_bytes((uint8_t *)destination->to + at + before, sum[f][p], count - before, ends + f,
                            destination->type);
            else
                store_sums((int32_t *)destination->to + at + before, sum[f][p], count - before);
        }
    }
}

#define TILE(name, filters, parts)                                                                           \
    AVX512 static void name(const struct quad_destination *destination, size_t count, const uint8_t *input,  \
                            const struct quad_list *list)                                                    \
    {                                                                                                        \
        sum_tile(destination, count, input, list, filters, parts);                                           \
    }
TILE(sum_1_1, 1, 1)
TILE(sum_1_2, 1, 2)
TILE(sum_1_3, 1, 3)
TILE(sum_1_4, 1, 4)
TILE(sum_1_5, 1, 5)
TILE(sum_1_6, 1, 6)
TILE(sum_2_1, 2, 1)
TILE(sum_2_2, 2, 2)
TILE(sum_2_3, 2, 3)
TILE(sum_4_1, 4, 1)

typedef void sum_function(const struct quad_destination *destination, size_t count, const uint8_t *input,
                          const struct quad_list *list);

/* By the list's filters and parts: as many as the registers hold. */
static const struct {
    size_t most;
    sum_function *of[MOST_PARTS];
} tiles[] = {[1] = {6, {sum_1_1, sum_1_2, sum_1_3, sum_1_4, sum_1_5, sum_1_6}},
             [2] = {3, {sum_2_1, sum_2_2, sum_2_3}},
             [4] = {1, {sum_4_1}}};

AVX512_INLINE void sum_row(struct quad_destination destination, size_t count, const uint8_t *input,
                           const struct quad_list *list)
{
    const size_t most = tiles[list->filters].most, size = destination.ends ? 1 : sizeof(int32_t);
    size_t left = (count + PIXELS - 1) / PIXELS;
    for (size_t tile = (left + most - 1) / most; tile; tile--) {
        const size_t parts = (left + tile - 1) / tile, pixels = parts * PIXELS;
        tiles[list->filters].of[parts - 1](&destination, count, input, list);
        destination.to = (uint8_t *)destination.to + pixels * size;
        input += pixels;
        count -= pixels;
        left -= parts;
    }
}

AVX512 void sned_avx512_sparse(int32_t *sums, size_t step, size_t count, const uint8_t *input,
                               const struct quad_list *list)
{
    sum_row((struct quad_destination){.to = sums, .step = step}, count, input, list);
}

AVX512 void sned_avx512_ended_sparse(void *to, size_t step, size_t count, const uint8_t *input,
                                     const struct quad_list *list, const struct quad_ends *ends)
{
    struct row_end row_ends[MOST_ENDED];
    if (find_row_ends(row_ends, ends, list->filters))
        sum_row((struct quad_destination){to, step, row_ends, ends->type}, count, input, list);
    else
        end_quads(to, step, count, input, list, ends, 1, sned_avx512_sparse, sned_avx512_requantize);
}
#endif
