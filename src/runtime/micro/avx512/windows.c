/*
 * windows.c - the largest numbers of windows of bytes for AVX-512 with VBMI.
 *
 * First the largest of each column, down the rows, in two vectors of 64 bytes; of these vpermi2b takes, for
 * each of a window's columns, the bytes that the outputs want, whatever the stride. Rows are short, so that
 * common windows are loops of their own, without loops in them.
 */
#if defined(__x86_64__)
#include "runtime/micro/avx2/avx2.h"
#include "runtime/micro/avx512/avx512.h"

enum { VECTOR = 64, MOST_REACH = 64 };

AVX512_INLINE __m512i larger(__m512i a, __m512i b, const enum value_type type)
{
    return type == VALUE_U8 ? _mm512_max_epu8(a, b) : _mm512_max_epi8(a, b);
}

AVX512_INLINE __m512i smaller(__m512i a, __m512i b, const enum value_type type)
{
    return type == VALUE_U8 ? _mm512_min_epu8(a, b) : _mm512_min_epi8(a, b);
}

AVX512_INLINE __m512i largest_of_columns(const uint8_t *from, size_t row_step, const int rows,
                                         const enum value_type type)
{
    __m512i largest = _mm512_loadu_si512(from);
    for (int r = 1; r < rows; r++)
        largest = larger(largest, _mm512_loadu_si512(from + (size_t)r * row_step), type);
    return largest;
}

/* Bytes 0, stride, 2 stride .. */
AVX512_INLINE __m512i first_places(const size_t stride)
{
    const __m512i lanes =
        _mm512_setr_epi64(0x0706050403020100, 0x0F0E0D0C0B0A0908, 0x1716151413121110, 0x1F1E1D1C1B1A1918,
                          0x2726252423222120, 0x2F2E2D2C2B2A2928, 0x3736353433323130, 0x3F3E3D3C3B3A3938);
    return stride == 1 ? lanes : _mm512_add_epi8(lanes, lanes);
}

/* Of columns' largest numbers in two vectors those of windows, whose first places are given. */
AVX512_INLINE __m512i largest_of_windows(__m512i a, __m512i b, __m512i places, const int columns,
                                         const struct window_rows *windows, const struct integer_rule *rule,
                                         const enum value_type type)
{
    const __m512i next = _mm512_set1_epi8((char)windows->row.column_step);
    __m512i largest = _mm512_set1_epi8((char)rule->low);
    for (int c = 0; c < columns; c++, places = _mm512_add_epi8(places, next))
        largest = larger(largest, _mm512_permutex2var_epi8(a, places, b), type);
    return smaller(largest, _mm512_set1_epi8((char)rule->high), type);
}

/* Two rows of windows at a time, which one vector holds each, and both results. How many rows are done. */
AVX512_INLINE size_t max_pairs(uint8_t *to, const uint8_t *from, const struct window_rows *windows,
                               const struct integer_rule *rule, const int rows, const int columns,
                               const size_t stride, const enum value_type type)
{
    const size_t count = windows->count;
    const __m512i other = _mm512_set1_epi8((char)(VECTOR - count * stride));
    const __m512i firsts = first_places(stride);
    const __m512i places = _mm512_mask_blend_epi8(first_of_64(count), _mm512_add_epi8(firsts, other), firsts);
    size_t done = 0;
    for (; done + 2 <= windows->rows; done += 2, from += 2 * windows->step, to += 2 * count) {
        const __m512i a = largest_of_columns(from, windows->row.row_step, rows, type);
        const __m512i b = largest_of_columns(from + windows->step, windows->row.row_step, rows, type);
        _mm512_mask_storeu_epi8(to, first_of_64(2 * count),
                                largest_of_windows(a, b, places, columns, windows, rule, type));
    }
    return done;
}

/* `most` at a time: what two vectors have of a row's windows. */
AVX512_INLINE void max_rows(uint8_t *to, const uint8_t *input, const struct window_rows *windows,
                            const struct integer_rule *rule, const int rows, const int columns,
                            const size_t stride, const enum value_type type)
{
    const size_t row_step = windows->row.row_step, reach = (size_t)(columns - 1) * windows->row.column_step;
    const size_t fitting = (2 * VECTOR - 1 - reach) / stride + 1, most = fitting < VECTOR ? fitting : VECTOR;
    const bool are_pairs = 2 * windows->count <= VECTOR && windows->to_step == windows->count &&
                           (windows->count - 1) * stride + reach < VECTOR;
    const size_t paired = are_pairs ? max_pairs(to, input, windows, rule, rows, columns, stride, type) : 0;
    for (size_t done = 0; done < windows->count; done += most) {
        const size_t part = windows->count - done < most ? windows->count - done : most;
        const bool is_wide = (part - 1) * stride + reach >= VECTOR;
        const __mmask64 some = first_of_64(part);
        const uint8_t *from = input + done * stride + paired * windows->step;
        uint8_t *out = to + done + paired * windows->to_step;
        for (size_t r = paired; r < windows->rows; r++, from += windows->step, out += windows->to_step) {
            const __m512i a = largest_of_columns(from, row_step, rows, type);
            const __m512i b = is_wide ? largest_of_columns(from + VECTOR, row_step, rows, type) : a;
            _mm512_mask_storeu_epi8(
                out, some, largest_of_windows(a, b, first_places(stride), columns, windows, rule, type));
        }
    }
}

#define WINDOW_MAX(type, TYPE)                                                                               \
    AVX512 void sned_avx512_window_max_##type(                                                               \
        void *to, const void *input, const struct window_rows *windows, const struct integer_rule *rule)     \
    {                                                                                                        \
        const struct window_row *row = &windows->row;                                                        \
        if (row->stride > 2 || (size_t)(row->columns - 1) * row->column_step > MOST_REACH)                   \
            sned_avx2_window_max_##type(to, input, windows, rule);                                           \
        else if (row->stride == 2 && row->rows == 3 && row->columns == 3)                                    \
            max_rows(to, input, windows, rule, 3, 3, 2, TYPE);                                               \
        else if (row->stride == 2 && row->rows == 2 && row->columns == 2)                                    \
            max_rows(to, input, windows, rule, 2, 2, 2, TYPE);                                               \
        else if (row->stride == 2)                                                                           \
            max_rows(to, input, windows, rule, row->rows, row->columns, 2, TYPE);                            \
        else                                                                                                 \
            max_rows(to, input, windows, rule, row->rows, row->columns, 1, TYPE);                            \
    }
WINDOW_MAX(u8, VALUE_U8)
WINDOW_MAX(s8, VALUE_S8)
#endif
