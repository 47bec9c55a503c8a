/*
 * marks.c - see marks.h.
 */
#include "runtime/rows/marks.h"
#include "base/memory.h"

#include <string.h>

/* Which of eight weights are not zero: bit k for weight k. */
static uint64_t mark_eight(const int8_t *weights)
{
    const uint64_t low = 0x7f7f7f7f7f7f7f7f;
    uint64_t eight;
    memcpy(&eight, weights, sizeof eight);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    eight = __builtin_bswap64(eight);
#endif
    const uint64_t tops = (((eight & low) + low) | eight) & ~low; /* the top bit of each byte that is not 0 */
    return (tops >> 7) * 0x0102040810204080 >> 56;                /* side by side, the first lowest */
}

/* Which of `count` weights, up to 64, are not zero. */
static uint64_t mark_weights(const int8_t *weights, size_t count)
{
    uint64_t marks = 0;
    size_t i = 0;
    for (; i + 8 <= count; i += 8)
        marks |= mark_eight(weights + i) << i;
    for (; i < count; i++)
        marks |= (uint64_t)(weights[i] != 0) << i;
    return marks;
}

static size_t mark_row(uint64_t *marks, const int8_t *weights, size_t columns)
{
    size_t kept = 0;
    for (; columns >= ROW_CHUNK; columns -= ROW_CHUNK, weights += ROW_CHUNK) {
        *marks = mark_weights(weights, ROW_CHUNK);
        kept += (size_t)__builtin_popcountll(*marks++);
    }
    if (columns > 0) {
        *marks = mark_weights(weights, columns);
        kept += (size_t)__builtin_popcountll(*marks);
    }
    return kept;
}

sned_status sned_mark_rows(struct marked_rows *marked, const int8_t *weights, size_t rows, size_t columns,
                           sned_error *error)
{
    const size_t chunks = (columns + ROW_CHUNK - 1) / ROW_CHUNK;
    *marked = (struct marked_rows){.weights = weights, .rows = rows, .columns = columns, .chunks = chunks};
    SNED_TRY(sned_alloc_unset(&marked->marks, rows * chunks, sizeof *marked->marks, error));
    for (size_t r = 0; r < rows; r++)
        marked->kept += mark_row(marked->marks + r * chunks, weights + r * columns, columns);
    return SNED_OK;
}

enum { AT_ONCE = 8 };

/* Eight places at once, be they there or not: the end of a loop that goes by the count is mispredicted. */
static uint32_t *find_places(uint32_t *places, uint64_t marks, uint32_t column)
{
    const uint64_t last = (uint64_t)1 << 63;
    uint32_t *const end = places + __builtin_popcountll(marks);
    for (; places < end; places += AT_ONCE)
        for (int i = 0; i < AT_ONCE; i++, marks &= marks - 1)
            places[i] = column + (uint32_t)__builtin_ctzll(marks | last);
    return end;
}

static uint32_t *find_row(uint32_t *places, const uint64_t *marks, size_t chunks)
{
    for (size_t c = 0; c < chunks; c++)
        places = find_places(places, marks[c], (uint32_t)(c * ROW_CHUNK));
    for (int i = 0; i < SPAN_TAKES; i++)
        *places++ = PLACES_END;
    return places;
}

sned_status sned_mark_places(struct marked_rows *marked, sned_error *error)
{
    uint32_t *places;
    SNED_TRY(sned_alloc_unset(&marked->first, marked->rows, sizeof *marked->first, error));
    SNED_TRY(sned_alloc_unset(&marked->places, marked->kept + marked->rows * SPAN_TAKES + AT_ONCE,
                              sizeof *places, error));
    places = marked->places;
    for (size_t r = 0; r < marked->rows; r++) {
        marked->first[r] = (size_t)(places - marked->places);
        places = find_row(places, marked->marks + r * marked->chunks, marked->chunks);
    }
    return SNED_OK;
}

void sned_marked_rows_free(struct marked_rows *marked)
{
    sned_free(marked->marks);
    sned_free(marked->places);
    sned_free(marked->first);
    *marked = (struct marked_rows){0};
}
