/*
 * avx512_dense.c - dense sums of quads for AVX-512 VNNI.
 *
 * vpdpbusd multiplies 16 pixels' quads by one quad of weights and adds the products to 16 sums. Eight filters
 * times three vectors of sums, three of pixels and one of weights are 28 of the 32 registers, and 11 loads
 * serve 24 multiplications: the multipliers, not memory, are the bound. Fewer filters take more vectors.
 */
#if defined(__x86_64__)
#include "runtime/micro/avx512.h"

#include <string.h>

enum { PIXELS = 16, MOST_VECTORS = 6 };

/* `filters` filters of the list's, of which `weights` and `start` are the first one's; `vectors` times 16
 * pixels, of which the last vector may have fewer. */
AVX512_INLINE void sum_tile(int32_t *sums, size_t step, size_t count, const uint8_t *input,
                            const struct quad_list *list, int first, const int filters, const int vectors)
{
    const size_t next = (size_t)list->filters * 4;
    const int8_t *weights = list->weights + (size_t)first * 4;
    __m512i sum[8][MOST_VECTORS];
    for (int f = 0; f < filters; f++)
        for (int v = 0; v < vectors; v++)
            sum[f][v] = _mm512_set1_epi32(list->start[first + f]);
    for (size_t q = 0; q < list->count; q++, weights += next) {
        const uint8_t *from = input + (size_t)list->offsets[q] * 4;
        __m512i pixels[MOST_VECTORS];
        for (int v = 0; v < vectors; v++)
            pixels[v] = load_once(from + v * PIXELS * 4);
        for (int f = 0; f < filters; f++) {
            int32_t quad;
            memcpy(&quad, weights + f * 4, sizeof quad);
            const __m512i weight = _mm512_set1_epi32(quad);
            for (int v = 0; v < vectors; v++)
                sum[f][v] = add_products(sum[f][v], pixels[v], weight);
        }
    }
    sums += (size_t)first * step;
    const __mmask16 last = first_of_16(count - (size_t)(vectors - 1) * PIXELS);
    for (int f = 0; f < filters; f++, sums += step)
        for (int v = 0; v < vectors; v++)
            _mm512_mask_storeu_epi32(sums + v * PIXELS, v + 1 < vectors ? 0xFFFF : last, sum[f][v]);
}

#define TILE(name, filters, vectors)                                                                         \
    AVX512 static void name(int32_t *sums, size_t step, size_t count, const uint8_t *input,                  \
                            const struct quad_list *list, int first)                                         \
    {                                                                                                        \
        sum_tile(sums, step, count, input, list, first, filters, vectors);                                   \
    }
#define TILES_OF_3(filters)                                                                                  \
    TILE(sum_##filters##_1, filters, 1)                                                                      \
    TILE(sum_##filters##_2, filters, 2) TILE(sum_##filters##_3, filters, 3)
#define TILES_OF_6(filters)                                                                                  \
    TILES_OF_3(filters)                                                                                      \
    TILE(sum_##filters##_4, filters, 4)                                                                      \
    TILE(sum_##filters##_5, filters, 5) TILE(sum_##filters##_6, filters, 6)
TILES_OF_3(8)
TILES_OF_6(4)
TILES_OF_6(2)
TILES_OF_6(1)

typedef void sum_function(int32_t *sums, size_t step, size_t count, const uint8_t *input,
                          const struct quad_list *list, int first);

/* By filters and vectors. */
static const struct {
    int filters, most;
    sum_function *of[MOST_VECTORS];
} tiles[] = {
    {8, 3, {sum_8_1, sum_8_2, sum_8_3}},
    {4, 6, {sum_4_1, sum_4_2, sum_4_3, sum_4_4, sum_4_5, sum_4_6}},
    {2, 6, {sum_2_1, sum_2_2, sum_2_3, sum_2_4, sum_2_5, sum_2_6}},
    {1, 6, {sum_1_1, sum_1_2, sum_1_3, sum_1_4, sum_1_5, sum_1_6}},
};

/* The filters as eights, fours, twos and ones; a row as parts of nearly as many vectors each. */
AVX512 void sned_avx512_dense(int32_t *sums, size_t step, size_t count, const uint8_t *input,
                              const struct quad_list *list)
{
    int kind = 0;
    for (int first = 0; first < list->filters; first += tiles[kind].filters) {
        while (list->filters - first < tiles[kind].filters)
            kind++;
        size_t vectors = (count + PIXELS - 1) / PIXELS, done = 0;
        size_t parts = (vectors + (size_t)tiles[kind].most - 1) / (size_t)tiles[kind].most;
        for (; parts; parts--) {
            const size_t part = (vectors + parts - 1) / parts;
            tiles[kind].of[part - 1](sums + done, step, count - done, input + done * 4, list, first);
            done += part * PIXELS;
            vectors -= part;
        }
    }
}
#endif
