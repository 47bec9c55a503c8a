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

AVX512_INLINE void interleave_part(uint8_t *to, const uint8_t *const rows[4], size_t at, size_t part,
                                   size_t stride, __m512i flips)
{
    __m512i bytes[4], quads[4];
    for (int j = 0; j < 4; j++)
        bytes[j] = _mm512_xor_si512(some_of(rows[j] + at * stride, part, stride), flips);
    quads_of_rows(bytes, quads);
    in_order(quads);
    for (size_t k = 0; k < 4 && k * 16 < part; k++)
        _mm512_mask_storeu_epi32(to + (at + k * 16) * 4, first_of_16(part - k * 16), quads[k]);
}

/* Whole parts of a stride of 1; then what is left. */
AVX512 void sned_avx512_interleave(uint8_t *to, const uint8_t *const rows[4], size_t count, size_t stride,
                                   uint8_t flip)
{
    const __m512i flips = _mm512_set1_epi8((char)flip);
    size_t done = 0;
    if (stride > 2) {
        sned_interleave(to, rows, count, stride, flip);
        return;
    }
    for (; stride == 1 && done + 64 <= count; done += 64)
        interleave_part(to, rows, done, 64, 1, flips);
    for (; done < count; done += 64)
        interleave_part(to, rows, done, count - done < 64 ? count - done : 64, stride, flips);
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

/* A channel's lines. What lies within so many bytes, one vector or over the ends of rows two, is loaded once
 * for all taps that it has: of a kernel 3x3 three, or six. */
AVX512_INLINE void copy_lines(uint8_t *to, const uint8_t *input, const struct tap_lines *lines, __m512i order,
                              int bytes, const struct line_bits *bits)
{
    const int room = bytes - 1 - lines->order[LINE_PIXELS - 1];
    const struct line_tap *tap = lines->taps, *end = tap + lines->tap_count;
    __m512i low = order, high = order;
    for (int32_t first = tap->offset; tap < end; tap++) {
        __m512i places = _mm512_add_epi8(order, _mm512_set1_epi8((char)(tap->offset - first)));
        if (tap == lines->taps || tap->offset - first > room) {
            const uint8_t *from = input + tap->offset;
            first = tap->offset;
            places = order;
            low = bits ? _mm512_maskz_loadu_epi8(bits->readable[0], from) : _mm512_loadu_si512(from);
            if (bytes > 64)
                high = bits ? _mm512_maskz_loadu_epi8(bits->readable[1], from + 64)
                            : _mm512_loadu_si512(from + 64);
        }
        __m512i line =
            bytes > 64 ? _mm512_permutex2var_epi8(low, places, high) : _mm512_permutexvar_epi8(places, low);
        if (bits)
            line = _mm512_maskz_mov_epi8(bits++->inside, line);
        _mm512_storeu_si512(to + tap->line * LINE_PIXELS, line);
    }
}

AVX512 void sned_avx512_lines(uint8_t *to, const uint8_t *input, const struct tap_lines *lines)
{
    const __m512i order = _mm512_loadu_si512(lines->order);
    const bool is_far = lines->order[LINE_PIXELS - 1] >= 64;
    const size_t size = lines->tap_count * LINE_PIXELS;
    for (size_t c = lines->channels; c; c--, input += lines->step, to += size)
        if (lines->bits)
            copy_lines(to, input, lines, order, 128, lines->bits);
        else if (is_far)
            copy_lines(to, input, lines, order, 128, NULL);
        else
            copy_lines(to, input, lines, order, 64, NULL);
}
#endif
