/*
 * ends.h - sums of quads and what they become, a piece of pixels at a time: for columns, or ends, that have
 * no kernel that does both at once.
 */
#ifndef SNED_RUNTIME_MICRO_ENDS_H
#define SNED_RUNTIME_MICRO_ENDS_H

#include "runtime/micro/micro.h"

enum { END_PIECE = 256 /* pixels: their sums stay in the first cache */, END_FILTERS = 8 };

/* Sums that are `piece` apart to outputs that are `step` apart, from pixel `at` on. */
static inline void end_piece(void *to, size_t step, size_t at, const int32_t *sums, size_t piece,
                             size_t count, int filters, const struct quad_ends *ends,
                             micro_requantize *requantize)
{
    const size_t size = value_size(ends->type);
    for (int f = 0; f < filters; f++)
        requantize((uint8_t *)to + ((size_t)f * step + at) * size, sums + (size_t)f * piece, count,
                   ends->scalings[f], ends->rule);
}

/* The same, in quads (ends.c). */
void sned_end_in_quads(uint8_t *to, size_t step, const int32_t *sums, size_t piece, size_t count, int filters,
                       const struct quad_ends *ends, micro_requantize *requantize,
                       micro_interleave *interleave);

/* `pixel`: bytes of the input from a pixel to the next one. `interleave`: of those that may end in quads. */
static inline void end_quads(void *to, size_t step, size_t count, const uint8_t *input,
                             const struct quad_list *list, const struct quad_ends *ends, size_t pixel,
                             micro_quads *sum, micro_requantize *const requantize[MICRO_TYPES],
                             micro_interleave *interleave)
{
    int32_t sums[END_FILTERS * END_PIECE];
    for (size_t at = 0; at < count; at += END_PIECE) {
        const size_t part = count - at < END_PIECE ? count - at : END_PIECE;
        sum(sums, END_PIECE, part, input + at * pixel, list);
        if (interleave && ends->in_quads)
            sned_end_in_quads((uint8_t *)to + at * 4, step, sums, END_PIECE, part, list->filters, ends,
                              requantize[ends->type], interleave);
        else
            end_piece(to, step, at, sums, END_PIECE, part, list->filters, ends, requantize[ends->type]);
    }
}

static inline void end_sliding(void *to, size_t step, const struct quad_rows *pixels, const uint8_t *input,
                               const struct quad_list *list, const struct quad_ends *ends, micro_sliding *sum,
                               micro_requantize *const requantize[MICRO_TYPES])
{
    int32_t sums[END_FILTERS * END_PIECE];
    for (size_t y = 0; y < pixels->rows; y++)
        for (size_t at = 0; at < pixels->count; at += END_PIECE) {
            struct quad_rows piece = {.rows = 1, .count = pixels->count - at, .stride = pixels->stride};
            if (piece.count > END_PIECE)
                piece.count = END_PIECE;
            sum(sums, END_PIECE, &piece, input + y * pixels->row_step + at * pixels->stride, list);
            end_piece(to, step, y * pixels->count + at, sums, END_PIECE, piece.count, list->filters, ends,
                      requantize[ends->type]);
        }
}

#define ENDED_QUADS(name, sum, pixel, requantize, interleave)                                                \
    void name(void *to, size_t step, size_t count, const uint8_t *input, const struct quad_list *list,       \
              const struct quad_ends *ends)                                                                  \
    {                                                                                                        \
        end_quads(to, step, count, input, list, ends, pixel, sum, requantize, interleave);                   \
    }
#define ENDED_SLIDING(name, sum, requantize)                                                                 \
    void name(void *to, size_t step, const struct quad_rows *pixels, const uint8_t *input,                   \
              const struct quad_list *list, const struct quad_ends *ends)                                    \
    {                                                                                                        \
        end_sliding(to, step, pixels, input, list, ends, sum, requantize);                                   \
    }

#endif
