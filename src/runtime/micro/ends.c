/*
 * ends.c - sums and what they become, a piece of pixels at a time: into memory of this file's, and then row
 * by row, or of four filters side by side.
 */
#include "runtime/micro/ends.h"

void sned_end_piece(void *to, size_t step, const int32_t *sums, size_t piece, size_t count, int filters,
                    const struct quad_ends *ends, micro_requantize *requantize)
{
    const size_t size = value_size(ends->type);
    for (int f = 0; f < filters; f++)
        requantize((uint8_t *)to + (size_t)f * step * size, sums + (size_t)f * piece, count,
                   ends->scalings[f], ends->rule);
}

void sned_end_in_quads(uint8_t *to, size_t step, const int32_t *sums, size_t piece, size_t count, int filters,
                       const struct quad_ends *ends, micro_requantize *requantize,
                       micro_interleave *interleave)
{
    uint8_t bytes[4][END_PIECE + MICRO_OVER_READ];
    const uint8_t *const from[4] = {bytes[0], bytes[1], bytes[2], bytes[3]};
    const struct plane_rows row = {.rows = 1, .count = count, .stride = 1};
    for (int f = 0; f < filters; f++, sums += piece) {
        requantize(bytes[f % 4], sums, count, ends->scalings[f], ends->rule);
        if (f % 4 == 3)
            interleave(to + (size_t)(f / 4) * step * 4, from, &row);
    }
}

void sned_end_rows(void *to, size_t step, const struct quad_rows *pixels, const uint8_t *input,
                   const struct quad_list *list, const struct quad_ends *ends, micro_quads *sum,
                   micro_requantize *const requantize[MICRO_TYPES], micro_interleave *interleave)
{
    const bool in_quads = interleave && ends->in_quads;
    const size_t size = in_quads ? 4 : value_size(ends->type);
    int32_t sums[END_FILTERS * END_PIECE];
    for (size_t y = 0; y < pixels->rows; y++, input += pixels->row_step)
        for (size_t at = 0; at < pixels->count; at += END_PIECE) {
            const size_t left = pixels->count - at, part = left < END_PIECE ? left : END_PIECE;
            uint8_t *first = (uint8_t *)to + (y * pixels->count + at) * size;
            sum(sums, END_PIECE, part, input + at * pixels->stride, list);
            if (in_quads)
                sned_end_in_quads(first, step, sums, END_PIECE, part, list->filters, ends,
                                  requantize[ends->type], interleave);
            else
                sned_end_piece(first, step, sums, END_PIECE, part, list->filters, ends,
                               requantize[ends->type]);
        }
}

void sned_end_sliding(void *to, size_t step, const struct quad_rows *pixels, const uint8_t *input,
                      const struct quad_list *list, const struct quad_ends *ends, micro_sliding *sum,
                      micro_requantize *const requantize[MICRO_TYPES])
{
    const size_t size = value_size(ends->type);
    int32_t sums[END_FILTERS * END_PIECE];
    for (size_t y = 0; y < pixels->rows; y++)
        for (size_t at = 0; at < pixels->count; at += END_PIECE) {
            struct quad_rows piece = {.rows = 1, .count = pixels->count - at, .stride = pixels->stride};
            if (piece.count > END_PIECE)
                piece.count = END_PIECE;
            sum(sums, END_PIECE, &piece, input + y * pixels->row_step + at * pixels->stride, list);
            sned_end_piece((uint8_t *)to + (y * pixels->count + at) * size, step, sums, END_PIECE,
                           piece.count, list->filters, ends, requantize[ends->type]);
        }
}
