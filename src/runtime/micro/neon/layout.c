/*
 * layout.c - the inputs of dense and sparse (micro.h) for any ARMv8-A: bytes, picked and interleaved.
 * A stride of 2 is loaded by ld2, which takes every other byte; longer ones are left to portable C.
 */
#include "runtime/micro/neon/neon.h"

#if defined(__aarch64__)
#include <string.h>

enum { BYTES = 16 };

NEON_INLINE uint8x16_t load_flipped(const uint8_t *from, const size_t stride, uint8x16_t flip)
{
    return veorq_u8(stride == 1 ? vld1q_u8(from) : vld2q_u8(from).val[0], flip);
}

NEON_INLINE void store_quads(uint8_t *to, const uint8_t *const rows[4], size_t at, const size_t stride,
                             uint8x16_t flip)
{
    vst4q_u8(to, (uint8x16x4_t){{load_flipped(rows[0] + at * stride, stride, flip),
                                 load_flipped(rows[1] + at * stride, stride, flip),
                                 load_flipped(rows[2] + at * stride, stride, flip),
                                 load_flipped(rows[3] + at * stride, stride, flip)}});
}

NEON_INLINE void interleave(uint8_t *to, const uint8_t *const from[4], const struct plane_rows *rows,
                            const size_t stride)
{
    const uint8x16_t flip = vdupq_n_u8(rows->flip);
    for (size_t r = 0; r < rows->rows; r++, to += rows->step) {
        const uint8_t *row[4];
        size_t at = 0;
        for (int j = 0; j < 4; j++)
            row[j] = from[j] + r * rows->image_step;
        for (; at + BYTES <= rows->count; at += BYTES)
            store_quads(to + 4 * at, row, at, stride, flip);
        if (at < rows->count) {
            uint8_t last[4 * BYTES];
            store_quads(last, row, at, stride, flip);
            memcpy(to + 4 * at, last, 4 * (rows->count - at));
        }
    }
}

void sned_neon_interleave(uint8_t *to, const uint8_t *const from[4], const struct plane_rows *rows)
{
    if (rows->stride == 1)
        interleave(to, from, rows, 1);
    else if (rows->stride == 2)
        interleave(to, from, rows, 2);
    else
        sned_interleave(to, from, rows);
}

NEON_INLINE void pick_row(uint8_t *to, const uint8_t *input, size_t count, const size_t stride,
                          uint8x16_t flip)
{
    for (; count >= BYTES; count -= BYTES, to += BYTES, input += BYTES * stride)
        vst1q_u8(to, load_flipped(input, stride, flip));
    if (count) {
        uint8_t last[BYTES];
        vst1q_u8(last, load_flipped(input, stride, flip));
        memcpy(to, last, count);
    }
}

NEON_INLINE void pick_rows(uint8_t *to, const uint8_t *input, const struct plane_rows *rows,
                           const size_t stride)
{
    for (size_t r = rows->rows; r; r--, to += rows->step, input += rows->image_step)
        pick_row(to, input, rows->count, stride, vdupq_n_u8(rows->flip));
}

void sned_neon_pick(uint8_t *to, const uint8_t *input, const struct plane_rows *rows)
{
    if (rows->stride == 1)
        pick_rows(to, input, rows, 1);
    else if (rows->stride == 2)
        pick_rows(to, input, rows, 2);
    else
        sned_pick(to, input, rows);
}
#endif
