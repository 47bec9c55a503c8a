/*
 * portable_quads.c - sums of products of unsigned bytes in plain C, and of signed ones where NEON's columns
 * have none of their own; and how inputs of any bytes are laid out.
 */
#include "runtime/micro/portable_quads.h"

PORTABLE_QUADS(u8, uint8_t)

SLIDING_ROW(slide_u8, uint8_t)
SLIDING_ROW(slide_s8, int8_t)
SLIDING(sned_sliding_u8, uint8_t, slide_u8)
SLIDING(sned_sliding_s8, int8_t, slide_s8)

void sned_end_shared(void *to, size_t step, size_t count, const struct line_sums *sums, int filters,
                     const struct quad_ends *ends)
{
    sned_end_piece(to, step, sums->of[0], LINE_PIXELS, count, filters, ends, sned_requantize[ends->type]);
}

/* ---- layouts ---- */

static void interleave_byte(uint8_t *restrict to, const uint8_t *restrict row, size_t count, size_t stride,
                            uint8_t flip)
{
    for (size_t i = 0; i < count; i++)
        to[4 * i] = row[i * stride] ^ flip;
}

void sned_interleave(uint8_t *to, const uint8_t *const from[4], const struct plane_rows *rows)
{
    for (size_t r = 0; r < rows->rows; r++)
        for (size_t j = 0; j < 4; j++)
            interleave_byte(to + r * rows->step + j, from[j] + r * rows->image_step, rows->count,
                            rows->stride, rows->flip);
}

static void pick_row(uint8_t *restrict to, const uint8_t *restrict input, size_t count, size_t stride,
                     uint8_t flip)
{
    if (stride == 1)
        for (size_t i = 0; i < count; i++)
            to[i] = input[i] ^ flip;
    else
        for (size_t i = 0; i < count; i++)
            to[i] = input[i * stride] ^ flip;
}

void sned_pick(uint8_t *to, const uint8_t *input, const struct plane_rows *rows)
{
    for (size_t r = 0; r < rows->rows; r++)
        pick_row(to + r * rows->step, input + r * rows->image_step, rows->count, rows->stride, rows->flip);
}

void sned_lines(uint8_t *restrict to, const uint8_t *restrict input, const struct tap_lines *lines)
{
    const size_t size = lines->tap_count * LINE_PIXELS;
    for (size_t c = 0; c < lines->channels; c++, input += lines->step, to += size)
        for (size_t t = 0; t < lines->tap_count; t++) {
            const ptrdiff_t offset = lines->taps[t].offset;
            const uint64_t inside = lines->bits ? lines->bits[t].inside : UINT64_MAX;
            uint8_t *line = to + (size_t)lines->taps[t].line * LINE_PIXELS;
            for (int i = 0; i < LINE_PIXELS; i++)
                line[i] = inside >> i & 1 ? input[offset + lines->order[i]] : 0;
        }
}
