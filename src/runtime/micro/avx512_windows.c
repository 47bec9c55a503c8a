/*
 * avx512_windows.c - the largest numbers of windows of bytes for AVX-512 with VBMI.
 *
 * First the largest of each column, down the rows, in two vectors of 64 bytes; of these vpermi2b takes, for
 * each of a window's columns, the bytes that the outputs want, whatever the stride. Rows are short: what a
 * call costs by itself counts, so that common windows are loops of their own, without any.
 */
#if defined(__x86_64__)
#include "runtime/micro/avx2.h"
#include "runtime/micro/avx512.h"

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

AVX512_INLINE void max_row(uint8_t *to, const uint8_t *input, size_t count, const struct window_row *windows,
                           const struct integer_rule *rule, const int rows, const int columns,
                           const size_t stride, const enum value_type type)
{
    const size_t reach = (size_t)(columns - 1) * windows->column_step;
    const size_t fitting = (2 * VECTOR - 1 - reach) / stride + 1, most = fitting < VECTOR ? fitting : VECTOR;
    const __m512i low = _mm512_set1_epi8((char)rule->low), high = _mm512_set1_epi8((char)rule->high);
    const __m512i next = _mm512_set1_epi8((char)windows->column_step);
    for (size_t done = 0; done < count; done += most) {
        const size_t part = count - done < most ? count - done : most;
        const uint8_t *from = input + done * stride;
        const bool is_wide = (part - 1) * stride + reach >= VECTOR;
        const __m512i a = largest_of_columns(from, windows->row_step, rows, type);
        const __m512i b = is_wide ? largest_of_columns(from + VECTOR, windows->row_step, rows, type) : a;
        __m512i places = first_places(stride), largest = low;
        for (int c = 0; c < columns; c++, places = _mm512_add_epi8(places, next))
            largest = larger(largest, _mm512_permutex2var_epi8(a, places, b), type);
        _mm512_mask_storeu_epi8(to + done, first_of_64(part), smaller(largest, high, type));
    }
}

#define WINDOW_MAX(type, TYPE)                                                                               \
    AVX512 void sned_avx512_window_max_##type(void *to, const void *input, size_t count,                     \
                                              const struct window_row *windows,                              \
                                              const struct integer_rule *rule)                               \
    {                                                                                                        \
        const int rows = windows->rows, columns = windows->columns;                                          \
        if (windows->stride > 2 || (size_t)(columns - 1) * windows->column_step > MOST_REACH)                \
            sned_avx2_window_max_##type(to, input, count, windows, rule);                                    \
        else if (windows->stride == 2 && rows == 3 && columns == 3)                                          \
            max_row(to, input, count, windows, rule, 3, 3, 2, TYPE);                                         \
        else if (windows->stride == 2 && rows == 2 && columns == 2)                                          \
            max_row(to, input, count, windows, rule, 2, 2, 2, TYPE);                                         \
        else if (windows->stride == 2)                                                                       \
            max_row(to, input, count, windows, rule, rows, columns, 2, TYPE);                                \
        else                                                                                                 \
            max_row(to, input, count, windows, rule, rows, columns, 1, TYPE);                                \
    }
WINDOW_MAX(u8, VALUE_U8)
WINDOW_MAX(s8, VALUE_S8)
#endif
