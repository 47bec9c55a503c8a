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

/* Of filters, parts and vectors of a part. */
typedef __m512i tile_sums[4][MOST_PARTS][4];

/* A tile's sums as they are. */
AVX512_ONCE void store_tile(const struct quad_destination *destination, tile_sums sums, int filters,
                            int parts, size_t count)
{
    for (int f = 0; f < filters; f++)
        for (size_t p = 0; p < (size_t)parts; p++)
            store_sums((int32_t *)destination->to + (size_t)f * destination->step + p * PIXELS, sums[f][p],
                       count - p * PIXELS);
}

/* `parts` times 64 pixels, of which `count` are left. */
AVX512_INLINE void sum_tile(const struct quad_destination *destination, size_t count, const uint8_t *input,
                            const struct quad_list *list, const int filters, const int parts)
{
    const int8_t *weights = list->weights;
    const uint32_t *offsets = list->offsets;
    tile_sums sum;
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
    if (!destination->scales) {
        tile_sums sums; /* where the others have registers */
#pragma GCC unroll 4
        for (int f = 0; f < filters; f++)
#pragma GCC unroll 6
            for (int p = 0; p < parts; p++)
#pragma GCC unroll 4
                for (int k = 0; k < 4; k++)
                    sums[f][p][k] = sum[f][p][k];
        store_tile(destination, sums, filters, parts, count);
        return;
    }
#pragma GCC unroll 6
    for (int p = 0; p < parts; p++) {
        const struct kept_pixels kept = destination->kept[p];
        uint8_t *to = destination->to;
#pragma GCC unroll 4
        for (int f = 0; f < filters; f++, to += destination->step)
            store_kept(to, ended(destination, f, sum[f][p]), &kept);
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
    uint32_t most;
    sum_function *of[MOST_PARTS];
} tiles[] = {[1] = {6, {sum_1_1, sum_1_2, sum_1_3, sum_1_4, sum_1_5, sum_1_6}},
             [2] = {3, {sum_2_1, sum_2_2, sum_2_3}},
             [4] = {1, {sum_4_1}}};

/* Which pixels of the parts are stored, `count` at most. How many they are. */
AVX512_INLINE size_t find_parts(struct kept_pixels *kept, size_t parts, const uint64_t *rows, size_t count)
{
    const uint64_t all = UINT64_MAX;
    size_t stored = 0;
    for (size_t p = 0; p < parts; p++, count -= PIXELS) {
        kept[p].place = stored;
        stored += find_kept(&kept[p], rows ? rows + p : &all, count, byte_numbers());
    }
    return stored;
}

/* `rows`: which of the pixels are a row's; NULL: all. */
AVX512_ONCE void sum_row(struct quad_destination *destination, size_t count, const uint8_t *input,
                         const struct quad_list *list, const uint64_t *rows)
{
    const size_t size = destination->scales ? 1 : sizeof(int32_t);
    const uint32_t most = tiles[list->filters].most;
    struct kept_pixels kept[MOST_PARTS];
    uint32_t left = (uint32_t)((count + PIXELS - 1) / PIXELS);
    destination->kept = kept;
    for (uint32_t tile = (left + most - 1) / most; tile; tile--) {
        const uint32_t parts = (left + tile - 1) / tile;
        const size_t pixels = (size_t)parts * PIXELS, stored = find_parts(kept, parts, rows, count);
        tiles[list->filters].of[parts - 1](destination, count, input, list);
        destination->to = (uint8_t *)destination->to + stored * size;
        rows = rows ? rows + parts : NULL;
        input += pixels;
        count -= pixels;
        left -= parts;
    }
    destination->kept = NULL;
}

AVX512 void sned_avx512_sparse(int32_t *sums, size_t step, size_t count, const uint8_t *input,
                               const struct quad_list *list)
{
    struct quad_destination destination = {.to = sums, .step = step};
    sum_row(&destination, count, input, list, NULL);
}

AVX512 void sned_avx512_ended_sparse(void *to, size_t step, const struct quad_rows *pixels,
                                     const uint8_t *input, const struct quad_list *list,
                                     const struct quad_ends *ends)
{
    float scales[MOST_ENDED];
    struct quad_destination destination = {to, step, scales, ends, NULL};
    if (find_scales(scales, ends, list->filters))
        sum_row(&destination, joined_pixels(pixels), input, list, pixels->kept);
    else
        sned_end_rows(to, step, pixels, input, list, ends, sned_avx512_sparse, sned_avx512_requantize, NULL);
}
#endif
