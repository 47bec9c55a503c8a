/*
 * avx512_sparse.c - sparse sums of quads for AVX-512 VNNI.
 *
 * 64 pixels of four taps' rows are interleaved to quads by eight unpacks; then each filter of the group takes
 * four vpdpbusd. So a group of one filter is bound by its shuffles and loads, one of four by its
 * multiplications, almost. The sums stay in the order that unpacks leave until they are stored.
 */
#if defined(__x86_64__)
#include "runtime/micro/avx512.h"

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

/* `parts` times 64 pixels, of which the last part may have fewer. */
AVX512_INLINE void sum_tile(int32_t *sums, size_t step, size_t count, const uint8_t *input,
                            const struct quad_list *list, const int filters, const int parts)
{
    const int8_t *weights = list->weights;
    const uint32_t *offsets = list->offsets;
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
    for (int f = 0; f < filters; f++, sums += step)
        for (int p = 0; p < parts; p++) {
            int32_t *to = sums + p * PIXELS;
            in_order(sum[f][p]);
            for (size_t k = 0; k < 4; k++) {
                const size_t before = (size_t)p * PIXELS + k * 16;
                if (before < count)
                    _mm512_mask_storeu_epi32(to + k * 16, first_of_16(count - before), sum[f][p][k]);
            }
        }
}

#define TILE(name, filters, parts)                                                                           \
    AVX512 static void name(int32_t *sums, size_t step, size_t count, const uint8_t *input,                  \
                            const struct quad_list *list)                                                    \
    {                                                                                                        \
        sum_tile(sums, step, count, input, list, filters, parts);                                            \
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

/* By the list's filters and parts: as many as the registers hold. */
static const struct {
    size_t most;
    micro_quads *of[MOST_PARTS];
} tiles[] = {[1] = {6, {sum_1_1, sum_1_2, sum_1_3, sum_1_4, sum_1_5, sum_1_6}},
             [2] = {3, {sum_2_1, sum_2_2, sum_2_3}},
             [4] = {1, {sum_4_1}}};

AVX512 void sned_avx512_sparse(int32_t *sums, size_t step, size_t count, const uint8_t *input,
                               const struct quad_list *list)
{
    const size_t most = tiles[list->filters].most;
    size_t left = (count + PIXELS - 1) / PIXELS, done = 0;
    for (size_t tile = (left + most - 1) / most; tile; tile--) {
        const size_t parts = (left + tile - 1) / tile;
        tiles[list->filters].of[parts - 1](sums + done, step, count - done, input + done, list);
        done += parts * PIXELS;
        left -= parts;
    }
}
#endif
