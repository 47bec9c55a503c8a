/*
 * layout.c - rows of bytes into the inputs of dense, sparse and shared, for AVX-512.
 */
#if defined(__x86_64__)
#include "runtime/micro/avx512/avx512.h"

/* Bytes 0, 2, 4 .. of the row, `count` of them of 64; nothing behind the last one is read. */
AVX512_INLINE __m512i every_other(const uint8_t *row, size_t count)
{
    const __m512i low = _mm512_maskz_loadu_epi8(first_of_64(2 * count - 1), row);
    const __m512i high = _mm512_maskz_loadu_epi8(first_of_64(count > 32 ? 2 * count - 1 - 64 : 0), row + 64);
    const __m512i even = _mm512_set1_epi16(0xFF);
    const __m512i packed = _mm512_packus_epi16(_mm512_and_si512(low, even), _mm512_and_si512(high, even));
    return _mm512_permutexvar_epi64(_mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7), packed);
}

AVX512_INLINE __m512i some_of(const uint8_t *row, size_t count, size_t stride)
{
    return stride == 2 ? every_other(row, count) : _mm512_maskz_loadu_epi8(first_of_64(count), row);
}

/* `part` pixels, of 64, as quads in their order. */
AVX512_INLINE void load_quads(__m512i quads[4], const uint8_t *const from[4], size_t at, size_t part,
                              size_t stride, __m512i flips)
{
    __m512i bytes[4];
    for (int j = 0; j < 4; j++)
        bytes[j] = _mm512_xor_si512(some_of(from[j] + at, part, stride), flips);
    quads_of_rows(bytes, quads);
    in_order(quads);
}

AVX512_INLINE void interleave_row(uint8_t *to, const uint8_t *const from[4], size_t at, size_t count,
                                  size_t stride, __m512i flips)
{
    for (size_t done = 0; done < count; done += 64) {
        const size_t part = count - done < 64 ? count - done : 64;
        __m512i quads[4];
        load_quads(quads, from, at + done * stride, part, stride, flips);
        for (size_t k = 0; k < 4 && k * 16 < part; k++)
            _mm512_mask_storeu_epi32(to + (done + k * 16) * 4, first_of_16(part - k * 16), quads[k]);
    }
}

/* Rows of whole vectors that follow each other in the image are one there: 64 pixels at a time, of which each
 * vector goes to its row. */
AVX512_INLINE void interleave_vectors(uint8_t *to, const uint8_t *const from[4],
                                      const struct plane_rows *rows, __m512i flips)
{
    const size_t all = rows->rows * rows->count, between = rows->step - rows->count * 4;
    for (size_t at = 0, left = rows->count; at < all; at += 64) {
        const size_t part = all - at < 64 ? all - at : 64;
        __m512i quads[4];
        load_quads(quads, from, at, part, 1, flips);
        for (size_t k = 0; k < 4 && k * 16 < part; k++, to += 64) {
            _mm512_storeu_si512(to, quads[k]);
            left -= 16;
            if (!left) {
                left = rows->count;
                to += between;
            }
        }
    }
}

AVX512 void sned_avx512_interleave(uint8_t *to, const uint8_t *const from[4], const struct plane_rows *rows)
{
    const __m512i flips = _mm512_set1_epi8((char)rows->flip);
    if (rows->stride > 2)
        sned_interleave(to, from, rows);
    else if (rows->stride == 1 && rows->image_step == rows->count && rows->count % 16 == 0)
        interleave_vectors(to, from, rows, flips);
    else
        for (size_t r = 0; r < rows->rows; r++)
            interleave_row(to + r * rows->step, from, r * rows->image_step, rows->count, rows->stride, flips);
}

/* A vector's pixels of a row, every `stride`-th: 64; of strides 2 and 4 as many as 64 bytes have of them. */
AVX512_INLINE void pick_part(uint8_t *to, const uint8_t *from, size_t part, const size_t stride,
                             __m512i flips)
{
    const __m512i bytes = _mm512_xor_si512(_mm512_loadu_si512(from), flips);
    if (stride == 1)
        _mm512_mask_storeu_epi8(to, first_of_64(part), bytes);
    else if (stride == 2)
        _mm256_mask_storeu_epi8(to, (__mmask32)first_of_64(part), _mm512_cvtepi16_epi8(bytes));
    else
        _mm_mask_storeu_epi8(to, first_of_16(part), _mm512_cvtepi32_epi8(bytes));
}

AVX512_INLINE void pick_rows(uint8_t *to, const uint8_t *input, const struct plane_rows *rows,
                             const size_t stride)
{
    const __m512i flips = _mm512_set1_epi8((char)rows->flip);
    const size_t pixels = 64 / stride;
    for (size_t r = rows->rows; r; r--, to += rows->step, input += rows->image_step)
        for (size_t done = 0; done < rows->count; done += pixels) {
            const size_t left = rows->count - done;
            pick_part(to + done, input + done * stride, left < pixels ? left : pixels, stride, flips);
        }
}

AVX512 void sned_avx512_pick(uint8_t *to, const uint8_t *input, const struct plane_rows *rows)
{
    if (rows->stride == 1)
        pick_rows(to, input, rows, 1);
    else if (rows->stride == 2)
        pick_rows(to, input, rows, 2);
    else if (rows->stride == 4)
        pick_rows(to, input, rows, 4);
    else
        sned_pick(to, input, rows);
}

enum { TAPS_TOGETHER = 4 };

/* Of all channels, the lines of a few taps that lie within so many bytes, one vector or over the ends of rows
 * two: these are loaded once for all of them. `count`, whether there are bits, and `bytes` are constants
 * wherever this is called: orders and masks stay in registers. */
AVX512_INLINE void copy_taps(uint8_t *to, const uint8_t *input, const struct tap_lines *lines,
                             const struct line_tap *taps, const size_t count, const struct line_bits *bits,
                             const int bytes)
{
    __m512i places[TAPS_TOGETHER];
    __mmask64 inside[TAPS_TOGETHER];
    uint8_t *line[TAPS_TOGETHER];
    for (size_t t = 0; t < count; t++) {
        const char further = (char)(taps[t].offset - taps->offset);
        places[t] = _mm512_add_epi8(_mm512_loadu_si512(lines->order), _mm512_set1_epi8(further));
        inside[t] = bits ? bits[t].inside : UINT64_MAX;
        line[t] = to + taps[t].line * LINE_PIXELS;
    }
    const __mmask64 first = bits ? bits->readable[0] : UINT64_MAX,
                    second = bits ? bits->readable[1] : UINT64_MAX;
    const size_t size = lines->tap_count * LINE_PIXELS;
    input += taps->offset;
    for (size_t c = 0; c < lines->channels; c++, input += lines->step) {
        const __m512i low = bits ? _mm512_maskz_loadu_epi8(first, input) : _mm512_loadu_si512(input);
        __m512i high = low;
        if (bytes > 64)
            high = bits ? _mm512_maskz_loadu_epi8(second, input + 64) : _mm512_loadu_si512(input + 64);
        for (size_t t = 0; t < count; t++) {
            __m512i pixels = bytes > 64 ? _mm512_permutex2var_epi8(low, places[t], high)
                                        : _mm512_permutexvar_epi8(places[t], low);
            if (bits)
                pixels = _mm512_maskz_mov_epi8(inside[t], pixels);
            _mm512_storeu_si512(line[t] + c * size, pixels);
        }
    }
}

AVX512_INLINE void copy_lines(uint8_t *to, const uint8_t *input, const struct tap_lines *lines,
                              const struct line_bits *bits, const int bytes)
{
    const int room = bytes - 1 - lines->order[LINE_PIXELS - 1];
    const struct line_tap *tap = lines->taps, *end = tap + lines->tap_count;
    for (size_t count; tap < end; tap += count) {
        count = 1;
        while (count < TAPS_TOGETHER && tap + count < end && tap[count].offset - tap->offset <= room)
            count++;
        if (count == 4)
            copy_taps(to, input, lines, tap, 4, bits, bytes);
        else if (count == 3)
            copy_taps(to, input, lines, tap, 3, bits, bytes);
        else if (count == 2)
            copy_taps(to, input, lines, tap, 2, bits, bytes);
        else
            copy_taps(to, input, lines, tap, 1, bits, bytes);
        if (bits)
            bits += count;
    }
}

AVX512 void sned_avx512_lines(uint8_t *to, const uint8_t *input, const struct tap_lines *lines)
{
    if (lines->bits)
        copy_lines(to, input, lines, lines->bits, 128);
    else if (lines->order[LINE_PIXELS - 1] >= 64)
        copy_lines(to, input, lines, NULL, 128);
    else
        copy_lines(to, input, lines, NULL, 64);
}
#endif
