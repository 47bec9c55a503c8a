/*
 * dense.c - dense and sliding sums of quads for AVX-512 VNNI.
 *
 * vpdpbusd multiplies 16 pixels' quads by one quad of weights and adds the products to 16 sums. Eight filters
 * times three vectors of sums, three of pixels and one of weights are 28 of the 32 registers, and 11 loads
 * serve 24 multiplications: the multipliers, not memory, are the bound. Fewer filters take more vectors.
 *
 * A tile's sums are stored, or become activations before they leave their registers. Its pixels may be of
 * several rows: those between these are summed with them and not stored, but where a row is whole vectors,
 * which follow those of the row before.
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

/* Where a tile's vectors of pixels are, and which bytes of those from a first one on are its quads. */
struct quad_source {
    const uint8_t *input;
    const size_t *places; /* of vectors, from the input on */
    const __m512i *order; /* of SLIDING */
};

static const size_t whole_places[MOST_VECTORS] = {0, 64, 128, 192, 256, 320};

/* Pixels in vectors of 16: of rows that are summed as one, or, where these have whole vectors, of each. */
struct vector_rows {
    size_t count;  /* pixels, with those between rows that are one */
    size_t vector; /* bytes from a vector to the next one */
    size_t of_row; /* vectors, behind which it is so many bytes more */
    size_t more;
    const uint64_t *kept; /* of the pixels; NULL: all */
};

AVX512_INLINE __m512i load_quads(const uint8_t *from, const struct quad_source *source,
                                 const enum layout layout)
{
    if (layout == WHOLE)
        return load_once(from);
    __m512i quads = _mm512_permutexvar_epi8(*source->order, _mm512_loadu_si512(from));
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
AVX512_INLINE void store_bytes(uint8_t *to, const __m512i *sums, const struct kept_pixels kept[2],
                               const int vectors, float scale, enum value_type type,
                               const struct byte_bounds *bounds)
{
    for (int first = 0; first < vectors; first += 4) {
        __m512i results[4];
        for (int v = 0; v < 4; v++)
            results[v] =
                v && first + v >= vectors ? results[0] : scaled(sums[first + v], _mm512_set1_ps(scale));
        store_kept(to, packed(results, type, bounds), &kept[first / 4]);
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
    size_t places[MOST_VECTORS] = {0};
    for (int v = 1; v < vectors; v++)
        places[v] = source->places[v];
    const int32_t *start = list->start + first;
    __m512i sum[8][MOST_VECTORS];
    for (int f = 0; f < filters; f++)
        for (int v = 0; v < vectors; v++)
            sum[f][v] = _mm512_set1_epi32(start[f]);
    for (size_t q = 0; q < list->count; q++, weights += next) {
        const uint8_t *from = source->input + (size_t)list->offsets[q] * unit;
        __m512i pixels[MOST_VECTORS];
        for (int v = 0; v < vectors; v++)
            pixels[v] = load_quads(from + places[v], source, layout);
        for (int f = 0; f < filters; f++) {
            int32_t quad;
            memcpy(&quad, weights + f * 4, sizeof quad);
            const __m512i weight = _mm512_set1_epi32(quad);
            for (int v = 0; v < vectors; v++)
                sum[f][v] = add_products(sum[f][v], pixels[v], weight);
        }
    }
    const size_t step = destination->step, before = (size_t)first * step;
    if (destination->scales) {
        const enum value_type type = destination->ends->type;
        const struct byte_bounds bounds = bounds_of(destination->ends->rule);
        struct kept_pixels kept[2] = {destination->kept[0], destination->kept[vectors > 4]};
        kept[vectors > 4].some &= vectors % 4 ? ((uint64_t)1 << vectors % 4 * PIXELS) - 1 : UINT64_MAX;
        const float *scales = destination->scales + first;
        uint8_t *to = (uint8_t *)destination->to + before;
#pragma GCC unroll 8
        for (int f = 0; f < filters; f++, to += step)
            store_bytes(to, sum[f], kept, vectors, scales[f], type, &bounds);
    } else {
        const __mmask16 last = first_of_16(count - (size_t)(vectors - 1) * PIXELS);
        int32_t *to = (int32_t *)destination->to + before;
#pragma GCC unroll 8
        for (int f = 0; f < filters; f++, to += step)
            store_sums(to, sum[f], last, vectors);
    }
}

#define TILE(layout, filters, vectors)                                                                       \
    AVX512 static void layout##_##filters##_##vectors(const struct quad_destination *destination,            \
                                                      size_t count, const struct quad_source *source,        \
                                                      const struct quad_list *list, int first)               \
    {                                                                                                        \
        sum_tile(destination, count, source, list, first, filters, vectors, layout);                         \
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

/* Where the next vectors are, of which `in_row` of a row are done; and where the one behind them is. */
AVX512_INLINE size_t find_vectors(size_t places[MOST_VECTORS], const struct vector_rows *rows, size_t vectors,
                                  size_t *in_row)
{
    size_t place = 0;
    for (size_t v = 0; v < vectors; v++) {
        places[v] = place;
        place += rows->vector;
        if (++*in_row == rows->of_row) {
            place += rows->more;
            *in_row = 0;
        }
    }
    return place;
}

/* Which byte each pixel is where four vectors are packed: lane l has the l-th four of each. */
#define FOUR(byte)   byte, byte + 1, byte + 2, byte + 3
#define VECTOR(byte) FOUR(byte), FOUR(byte + 16), FOUR(byte + 32), FOUR(byte + 48)
#define PACKED       VECTOR(0), VECTOR(4), VECTOR(8), VECTOR(12)

/* All pixels: of a tile as many as its vectors have. */
static const struct kept_pixels whole_tile[2] = {{.order = {PACKED}, .some = UINT64_MAX},
                                                 {.order = {PACKED}, .some = UINT64_MAX, .place = 64}};

/* Which pixels are stored, `count` at most. How many they are. */
AVX512_INLINE size_t find_pixels(struct kept_pixels kept[2], const uint64_t *rows, size_t first, size_t count)
{
    const uint64_t all[2] = {UINT64_MAX, UINT64_MAX};
    const uint8_t *bits = rows ? (const uint8_t *)rows + first / 8 : (const uint8_t *)all;
    const __m512i bytes = _mm512_load_si512(whole_tile->order);
    kept[0].place = 0;
    size_t stored = find_kept(&kept[0], bits, count, bytes);
    kept[1].place = stored;
    if (count > 64)
        stored += find_kept(&kept[1], bits + 8, count - 64, bytes);
    return stored;
}

/* Pixels as parts of nearly as many vectors each. */
AVX512_INLINE void sum_parts(struct quad_destination *destination, const struct vector_rows *rows,
                             struct quad_source *source, const struct quad_list *list, int first,
                             sum_function *const *tiles_of, uint32_t most)
{
    const size_t size = destination->scales ? 1 : sizeof(int32_t);
    uint8_t *const to = destination->to;
    const uint8_t *const input = source->input;
    struct kept_pixels kept[2];
    const size_t *const places_of_one = source->places;
    size_t places[MOST_VECTORS], done = 0, in_row = 0;
    uint32_t left = (uint32_t)((rows->count + PIXELS - 1) / PIXELS);
    if (rows->more)
        source->places = places;
    for (uint32_t parts = (left + most - 1) / most; parts; parts--) {
        const uint32_t part = (left + parts - 1) / parts;
        const size_t pixels = (size_t)part * PIXELS, all = rows->count - done;
        size_t stored = pixels, taken = part * rows->vector;
        destination->kept = whole_tile;
        if (rows->kept || all < pixels) {
            stored = find_pixels(kept, rows->kept, done, all < pixels ? all : pixels);
            destination->kept = kept;
        }
        if (rows->more)
            taken = find_vectors(places, rows, part, &in_row);
        tiles_of[part - 1](destination, all, source, list, first);
        destination->to = (uint8_t *)destination->to + stored * size;
        source->input += taken;
        done += pixels;
        left -= part;
    }
    destination->to = to;
    destination->kept = NULL;
    source->input = input;
    source->places = places_of_one;
}

/* The filters as eights, fours, twos and ones. What is given stays as it is. */
AVX512_ONCE void sum_vectors(struct quad_destination *destination, const struct vector_rows *rows,
                             struct quad_source *source, const struct quad_list *list, enum layout layout)
{
    int kind = 0;
    for (int first = 0; first < list->filters; first += kinds[kind].filters) {
        while (list->filters - first < kinds[kind].filters)
            kind++;
        sum_parts(destination, rows, source, list, first, tiles[layout][kind], (uint32_t)kinds[kind].most);
    }
}

/* Byte 4 i + j of 16 pixels' quads is byte i * stride + j of theirs. */
AVX512_INLINE __m512i order_of(size_t stride)
{
    const __m512i pixels = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const __m512i firsts = _mm512_mullo_epi32(pixels, _mm512_set1_epi32((int32_t)stride * 0x01010101));
    return _mm512_add_epi8(firsts, _mm512_set1_epi32(0x03020100));
}

/* One row. */
AVX512_INLINE struct vector_rows row_of(size_t count, size_t stride)
{
    return (struct vector_rows){.count = count, .vector = PIXELS * stride, .of_row = SIZE_MAX};
}

AVX512_INLINE struct vector_rows rows_of(const struct quad_rows *pixels)
{
    struct vector_rows rows = row_of(joined_pixels(pixels), pixels->stride);
    rows.kept = pixels->kept;
    if (pixels->rows > 1 && pixels->count % PIXELS == 0)
        rows = (struct vector_rows){.count = pixels->rows * pixels->count,
                                    .vector = rows.vector,
                                    .of_row = pixels->count / PIXELS,
                                    .more = pixels->row_step - pixels->count * pixels->stride};
    return rows;
}

AVX512 void sned_avx512_dense(int32_t *sums, size_t step, size_t count, const uint8_t *input,
                              const struct quad_list *list)
{
    struct quad_destination destination = {.to = sums, .step = step};
    struct quad_source source = {input, whole_places, NULL};
    const struct vector_rows row = row_of(count, 4);
    sum_vectors(&destination, &row, &source, list, WHOLE);
}

AVX512 void sned_avx512_ended_dense(void *to, size_t step, const struct quad_rows *pixels,
                                    const uint8_t *input, const struct quad_list *list,
                                    const struct quad_ends *ends)
{
    float scales[MOST_ENDED];
    struct quad_destination destination = {to, step, scales, ends, NULL};
    struct quad_source source = {input, whole_places, NULL};
    const struct vector_rows rows = rows_of(pixels);
    if (!ends->in_quads && find_scales(scales, ends, list->filters))
        sum_vectors(&destination, &rows, &source, list, WHOLE);
    else
        sned_end_rows(to, step, pixels, input, list, ends, sned_avx512_dense, sned_avx512_requantize,
                      sned_avx512_interleave);
}

/* Row by row. */
AVX512_INLINE void sum_sliding(struct quad_destination *destination, const struct quad_rows *pixels,
                               const uint8_t *input, const struct quad_list *list)
{
    const struct vector_rows row = row_of(pixels->count, pixels->stride);
    const size_t step = pixels->count * (destination->scales ? 1 : sizeof(int32_t));
    const __m512i order = order_of(pixels->stride);
    size_t places[MOST_VECTORS];
    struct quad_source source = {input, places, &order};
    for (size_t v = 0; v < MOST_VECTORS; v++)
        places[v] = v * row.vector;
    for (size_t y = 0; y < pixels->rows; y++) {
        sum_vectors(destination, &row, &source, list, SLIDING);
        destination->to = (uint8_t *)destination->to + step;
        source.input += pixels->row_step;
    }
}

AVX512 void sned_avx512_sliding(int32_t *sums, size_t step, const struct quad_rows *pixels,
                                const uint8_t *input, const struct quad_list *list)
{
    sum_sliding(&(struct quad_destination){.to = sums, .step = step}, pixels, input, list);
}

AVX512 void sned_avx512_ended_sliding(void *to, size_t step, const struct quad_rows *pixels,
                                      const uint8_t *input, const struct quad_list *list,
                                      const struct quad_ends *ends)
{
    float scales[MOST_ENDED];
    if (find_scales(scales, ends, list->filters))
        sum_sliding(&(struct quad_destination){to, step, scales, ends, NULL}, pixels, input, list);
    else
        sned_end_sliding(to, step, pixels, input, list, ends, sned_avx512_sliding, sned_avx512_requantize);
}
#endif
