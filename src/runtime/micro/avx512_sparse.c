/*
 * avx512_sparse.c - sparse sums of quads for AVX-512 VNNI.
 *
 * 64 pixels of four taps' rows are interleaved to quads by eight unpacks; then each filter of the group takes
 * four vpdpbusd. So a group of one filter is bound by its shuffles and loads, one of four by its
 * multiplications, almost. The sums stay in the order that unpacks leave until they are stored.
 */
#include "runtime/micro/avx512.h"

#if defined(__x86_64__)
#include <string.h>

enum { PIXELS = 64, MOST_PARTS = 3 };

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
        const uint8_t *const from[4] = {input + offsets[0], input + offsets[1], input + offsets[2],
                                        input + offsets[3]};
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
TILE(sum_2_1, 2, 1)
TILE(sum_2_2, 2, 2)
TILE(sum_4_1, 4, 1)

/* By the list's filters and parts. */
static const struct {
    size_t most;
    micro_quads *of[MOST_PARTS];
} tiles[] = {[1] = {3, {sum_1_1, sum_1_2, sum_1_3}}, [2] = {2, {sum_2_1, sum_2_2}}, [4] = {1, {sum_4_1}}};

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
