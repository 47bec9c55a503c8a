/*
 * sparse.c - sparse sums of quads for AVX-512 VNNI.
 *
 * 64 pixels of four taps' rows are interleaved to quads by eight unpacks; then each filter of the group takes
 * four vpdpbusd. So a group of one filter is bound by its shuffles and loads, one of four by its
 * multiplications, almost.
 */
#if defined(__x86_64__)
#include "runtime/micro/avx512/sparse.h"

#include <string.h>

enum { PIXELS = SPARSE_PIXELS, MOST_PARTS = 6 };

/* `parts` times 64 pixels, of which the last part may have fewer. */
AVX512_INLINE void sum_tile(const struct quad_destination *destination, size_t count, const uint8_t *input,
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
#pragma GCC unroll 4
    for (int f = 0; f < filters; f++)
        for (int p = 0; p < parts; p++)
            store_part(destination, f, (size_t)p * PIXELS, sum[f][p], count - (size_t)p * PIXELS);
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
    const size_t most = tiles[list->filters].most, size = destination.scales ? 1 : sizeof(int32_t);
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

SPARSE_KERNELS(sned_avx512_sparse, sned_avx512_ended_sparse)
#endif
