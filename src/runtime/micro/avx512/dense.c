/*
 * dense.c - dense and sliding sums of quads for AVX-512 VNNI.
 *
 * vpdpbusd multiplies 16 pixels' quads by one quad of weights and adds the products to 16 sums. Eight filters
 * times three vectors of sums, three of pixels and one of weights are 28 of the 32 registers, and 11 loads
 * serve 24 multiplications: the multipliers, not memory, are the bound. Fewer filters take more vectors.
 *
 * A tile's sums are stored, or become activations before they leave their registers.
 *
 * Dense quads are loaded as they lie; sliding ones vpermb makes of the bytes that 16 pixels have together.
 */
#if defined(__x86_64__)
#include "runtime/micro/avx512/ends.h"
#include "runtime/micro/ends.h"

#include <string.h>

enum { PIXELS = 16, MOST_VECTORS = 6 };

/* How quads lie: as such, or as neighbours in bytes, of which 16 pixels have 64 at most. */
enum layout { WHOLE, SLIDING };

/* Where a tile's pixels are, and which bytes of those from the first one on are its quads. */
struct quad_source {
    const uint8_t *input;
    size_t vector; /* bytes from 16 pixels to the next */
    __m512i order;
};

AVX512_INLINE __m512i load_quads(const uint8_t *from, const struct quad_source *source,
                                 const enum layout layout)
{
    if (layout == WHOLE)
        return load_once(from);
    __m512i quads = _mm512_permutexvar_epi8(source->order, _mm512_loadu_si512(from));
    __asm__("" : "+v"(quads));
    return quads;
}

/* `count` pixels, of `vectors` times 16. */
AVX512_INLINE void store_sums(int32_t *to, const __m512i *sums, __mmask16 last, const int vectors)
{
    for (int v = 0; v + 1 < vectors; v++)
        _mm512_storeu_si512(to + v * PIXELS, sums[v]);
    _mm512_mask_storeu_epi32(to + (vectors - 1) * PIXELS, last, sums[vectors - 1]);
}

/* Four vectors at a time. */
AVX512_INLINE void store_bytes(uint8_t *to, const __m512i *sums, size_t count, const int vectors, float scale,
                               enum value_type type, const struct byte_bounds *bounds)
{
    for (int first = 0; first < vectors; first += 4) {
        const size_t before = (size_t)first * PIXELS;
        __m512i results[4];
        for (int v = 0; v < 4; v++)
            results[v] =
                v && first + v >= vectors ? results[0] : scaled(sums[first + v], _mm512_set1_ps(scale));
        _mm512_mask_storeu_epi8(to + before, first_of_64(count - before),
                                by_vectors(packed(results, type, bounds)));
    }
}

/* `filters` filters of the list's, from `first` on; `vectors` times 16 pixels, of which the last vector may
 * have fewer. */
AVX512_INLINE void sum_tile(const struct quad_destination *destination, size_t count,
                            const struct quad_source *source, const struct quad_list *list, int first,
                            const int filters, const int vectors, const enum layout layout)
{
    const size_t next = (size_t)list->filters * 4, unit = layout == WHOLE ? 4 : 1;
    const int8_t *weights = list->weights + (size_t)first * 4;
    __m512i sum[8][MOST_VECTORS];
    for (int f = 0; f < filters; f++)
        for (int v = 0; v < vectors; v++)
            sum[f][v] = _mm512_set1_epi32(list->start[first + f]);
    for (size_t q = 0; q < list->count; q++, weights += next) {
        const uint8_t *from = source->input + (size_t)list->offsets[q] * unit;
        __m512i pixels[MOST_VECTORS];
        for (int v = 0; v < vectors; v++)
            pixels[v] = load_quads(from + (size_t)v * source->vector, source, layout);
        for (int f = 0; f < filters; f++) {
            int32_t quad;
            memcpy(&quad, weights + f * 4, sizeof quad);
            const __m512i weight = _mm512_set1_epi32(quad);
            for (int v = 0; v < vectors; v++)
                sum[f][v] = add_products(sum[f][v], pixels[v], weight);
        }
    }
    const size_t most = (size_t)vectors * PIXELS, stored = count < most ? count : most;
    const __mmask16 last = first_of_16(stored - (most - PIXELS));
    if (destination->scales) {
        const enum value_type type = destination->ends->type;
        const struct byte_bounds bounds = bounds_of(destination->ends->rule);
#pragma GCC unroll 8
        for (int f = 0; f < filters; f++)
            store_bytes((uint8_t *)destination->to + (size_t)(first + f) * destination->step, sum[f], stored,
                        vectors, destination->scales[first + f], type, &bounds);
    } else {
#pragma GCC unroll 8
        for (int f = 0; f < filters; f++)
            store_sums((int32_t *)destination->to + (size_t)(first + f) * destination->step, sum[f], last,
                       vectors);
    }
}

#define TILE(layout, filters, vectors)                                                                       \
    AVX512 static void layout##_##filters##_##vectors(const struct quad_destination *destination,            \
                                                      size_t count, const struct quad_source *source,        \
                                                      const struct quad_list *list, int first)               \
    {                                                                                                        \
        struct quad_source place = *source;                                                                  \
        place.vector = layout == WHOLE ? PIXELS * 4 : place.vector;                                          \
        sum_tile(destination, count, &place, list, first, filters, vectors, layout);                         \
    }
#define TILES_OF_3(layout, filters)                                                                          \
    TILE(layout, filters, 1)                                                                                 \
    TILE(layout, filters, 2) TILE(layout, filters, 3)
#define TILES_OF_6(layout, filters)                                                                          \
    TILES_OF_3(layout, filters)                                                                              \
    TILE(layout, filters, 4)                                                                                 \
    TILE(layout, filters, 5) TILE(layout, filters, 6)
#define TILES(layout) TILES_OF_3(layout, 8) TILES_OF_6(layout, 4) TILES_OF_3(layout, 2) TILES_OF_6(layout, 1)
TILES(WHOLE)
TILES(SLIDING)

typedef void sum_function(const struct quad_destination *destination, size_t count,
                          const struct quad_source *source, const struct quad_list *list, int first);

#define THREE(layout, filters) layout##_##filters##_1, layout##_##filters##_2, layout##_##filters##_3
#define SIX(layout, filters)                                                                                 \
    THREE(layout, filters), layout##_##filters##_4, layout##_##filters##_5, layout##_##filters##_6
#define KINDS(layout)                                                                                        \
    {                                                                                                        \
        {THREE(layout, 8)}, {SIX(layout, 4)}, {THREE(layout, 2)},                                            \
        {                                                                                                    \
            SIX(layout, 1)                                                                                   \
        }                                                                                                    \
    }

/* By filters and vectors. */
static const struct {
    int filters, most;
} kinds[] = {{8, 3}, {4, 6}, {2, 3}, {1, 6}};
static sum_function *const tiles[][4][MOST_VECTORS] = {[WHOLE] = KINDS(WHOLE), [SLIDING] = KINDS(SLIDING)};

/* The filters as eights, fours, twos and ones; a row as parts of nearly as many vectors each. */
AVX512_INLINE void sum_row(struct quad_destination destination, size_t count, struct quad_source source,
                           const struct quad_list *list, enum layout layout)
{
    const size_t size = destination.scales ? 1 : sizeof(int32_t);
    const struct quad_source whole = source;
    uint8_t *const to = destination.to;
    int kind = 0;
    for (int first = 0; first < list->filters; first += kinds[kind].filters) {
        while (list->filters - first < kinds[kind].filters)
            kind++;
        size_t vectors = (count + PIXELS - 1) / PIXELS, done = 0;
        size_t parts = (vectors + (size_t)kinds[kind].most - 1) / (size_t)kinds[kind].most;
        for (; parts; parts--) {
            const size_t part = (vectors + parts - 1) / parts, before = done * PIXELS;
            source.input = whole.input + done * source.vector;
            destination.to = to + before * size;
            tiles[layout][kind][part - 1](&destination, count - before, &source, list, first);
            done += part;
            vectors -= part;
        }
    }
}

/* Byte 4 i + j of 16 pixels' quads is byte i * stride + j of theirs. */
AVX512_INLINE __m512i order_of(size_t stride)
{
    const __m512i pixels = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const __m512i firsts = _mm512_mullo_epi32(pixels, _mm512_set1_epi32((int32_t)stride * 0x01010101));
    return _mm512_add_epi8(firsts, _mm512_set1_epi32(0x03020100));
}

AVX512_INLINE void sum_rows(struct quad_destination destination, const struct quad_rows *pixels,
                            const uint8_t *input, const struct quad_list *list)
{
    struct quad_source source = {input, PIXELS * pixels->stride, order_of(pixels->stride)};
    const size_t row = pixels->count * (destination.scales ? 1 : sizeof(int32_t));
    for (size_t y = 0; y < pixels->rows; y++, source.input += pixels->row_step) {
        sum_row(destination, pixels->count, source, list, SLIDING);
        destination.to = (uint8_t *)destination.to + row;
    }
}

AVX512 void sned_avx512_dense(int32_t *sums, size_t step, size_t count, const uint8_t *input,
                              const struct quad_list *list)
{
    const struct quad_source source = {.input = input, .vector = PIXELS * 4};
    sum_row((struct quad_destination){.to = sums, .step = step}, count, source, list, WHOLE);
}

AVX512 void sned_avx512_sliding(int32_t *sums, size_t step, const struct quad_rows *pixels,
                                const uint8_t *input, const struct quad_list *list)
{
    sum_rows((struct quad_destination){.to = sums, .step = step}, pixels, input, list);
}

AVX512 void sned_avx512_ended_dense(void *to, size_t step, size_t count, const uint8_t *input,
                                    const struct quad_list *list, const struct quad_ends *ends)
{
    const struct quad_source source = {.input = input, .vector = PIXELS * 4};
    float scales[MOST_ENDED];
    if (!ends->in_quads && find_scales(scales, ends, list->filters))
        sum_row((struct quad_destination){to, step, scales, ends}, count, source, list, WHOLE);
    else
        end_quads(to, step, count, input, list, ends, 4, sned_avx512_dense, sned_avx512_requantize,
                  sned_avx512_interleave);
}

AVX512 void sned_avx512_ended_sliding(void *to, size_t step, const struct quad_rows *pixels,
                                      const uint8_t *input, const struct quad_list *list,
                                      const struct quad_ends *ends)
{
    float scales[MOST_ENDED];
    if (find_scales(scales, ends, list->filters))
        sum_rows((struct quad_destination){to, step, scales, ends}, pixels, input, list);
    else
        end_sliding(to, step, pixels, input, list, ends, sned_avx512_sliding, sned_avx512_requantize);
}
#endif
