/*
 * windows.c - the largest numbers and the sums of windows, for AVX2.
 *
 * The windows of a row begin one or two numbers apart. With one, a vector of results is the largest, or the
 * sum, of vectors, one for each tap. With two, so are made twice as many, and every other one is kept.
 */
#include "runtime/micro/columns.h"

#if defined(__x86_64__)
#include "runtime/micro/avx2/avx2.h"

/* ---- the largest ---- */

AVX2_INLINE __m256i larger(__m256i a, __m256i b, const enum value_type type)
{
    return type == VALUE_U8   ? _mm256_max_epu8(a, b)
           : type == VALUE_S8 ? _mm256_max_epi8(a, b)
                              : _mm256_max_epi16(a, b);
}

AVX2_INLINE __m256i smaller(__m256i a, __m256i b, const enum value_type type)
{
    return type == VALUE_U8   ? _mm256_min_epu8(a, b)
           : type == VALUE_S8 ? _mm256_min_epi8(a, b)
                              : _mm256_min_epi16(a, b);
}

/* Of the windows that begin at each number of a vector, but nothing below `low`. */
AVX2_INLINE __m256i largest(const uint8_t *from, const struct window_row *windows, __m256i low,
                            const int columns, const enum value_type type)
{
    const size_t row_step = windows->row_step * value_size(type);
    const size_t column_step = windows->column_step * value_size(type);
    for (int r = 0; r < windows->rows; r++, from += row_step)
        for (int c = 0; c < columns; c++)
            low = larger(low, load(from + c * column_step), type);
    return low;
}

/* Every other number of two vectors. */
AVX2_INLINE __m256i every_other(__m256i a, __m256i b, const enum value_type type)
{
    __m256i kept;
    if (type == VALUE_S16)
        kept = _mm256_packs_epi32(_mm256_srai_epi32(_mm256_slli_epi32(a, 16), 16),
                                  _mm256_srai_epi32(_mm256_slli_epi32(b, 16), 16));
    else
        kept = _mm256_packus_epi16(_mm256_and_si256(a, _mm256_set1_epi16(UINT8_MAX)),
                                   _mm256_and_si256(b, _mm256_set1_epi16(UINT8_MAX)));
    return _mm256_permute4x64_epi64(kept, 0xD8);
}

AVX2_INLINE void max_row(uint8_t *to, const uint8_t *input, size_t count, const struct window_row *windows,
                         const struct integer_rule *rule, const int columns, const size_t stride,
                         const enum value_type type)
{
    const size_t size = value_size(type), vector = 32 / size;
    const __m256i low = spread(rule->low, type), high = spread(rule->high, type);
    for (size_t i = 0; i < count; i = next_vector(i, count, vector)) {
        const uint8_t *from = input + i * stride * size;
        __m256i most = largest(from, windows, low, columns, type);
        if (stride == 2)
            most = every_other(most, largest(from + 32, windows, low, columns, type), type);
        store_part(to + i * size, smaller(most, high, type),
                   (count - i < vector ? count - i : vector) * size);
    }
}

/* Windows of two and three columns are loops of their own. */
AVX2_INLINE void max_rows(uint8_t *to, const uint8_t *input, const struct window_rows *windows,
                          const struct integer_rule *rule, const size_t stride, const enum value_type type)
{
    const struct window_row *row = &windows->row;
    const size_t size = value_size(type), count = windows->count;
    for (size_t r = windows->rows; r; r--, to += windows->to_step * size, input += windows->step * size)
        if (row->columns == 2)
            max_row(to, input, count, row, rule, 2, stride, type);
        else if (row->columns == 3)
            max_row(to, input, count, row, rule, 3, stride, type);
        else
            max_row(to, input, count, row, rule, row->columns, stride, type);
}

#define WINDOW_MAX(type, TYPE)                                                                               \
    AVX2 void sned_avx2_window_max_##type(void *to, const void *input, const struct window_rows *windows,    \
                                          const struct integer_rule *rule)                                   \
    {                                                                                                        \
        if (windows->row.stride == 1)                                                                        \
            max_rows(to, input, windows, rule, 1, TYPE);                                                     \
        else if (windows->row.stride == 2)                                                                   \
            max_rows(to, input, windows, rule, 2, TYPE);                                                     \
        else                                                                                                 \
            sned_window_max_##type(to, input, windows, rule);                                                \
    }
WINDOW_MAX(u8, VALUE_U8)
WINDOW_MAX(s8, VALUE_S8)
WINDOW_MAX(s16, VALUE_S16)

/* ---- sums ---- */

enum { EIGHT = 8, SIXTEEN = 16, FEW_TAPS = 256 /* bytes that sum up within 16 bits */ };

/* 16 bytes, `stride` apart, as numbers of 16 bits. */
AVX2_INLINE __m256i widen_sixteen(const uint8_t *from, const size_t stride, const enum value_type type)
{
    if (stride == 1) {
        const __m128i bytes = _mm_loadu_si128((const __m128i *)from);
        return type == VALUE_U8 ? _mm256_cvtepu8_epi16(bytes) : _mm256_cvtepi8_epi16(bytes);
    }
    const __m256i pairs = load(from);
    return type == VALUE_U8 ? _mm256_and_si256(pairs, _mm256_set1_epi16(UINT8_MAX))
                            : _mm256_srai_epi16(_mm256_slli_epi16(pairs, 8), 8);
}

/* Of few bytes a window. */
AVX2_INLINE void sum_few(int32_t *to, const uint8_t *input, size_t count, const struct window_row *windows,
                         const size_t stride, const enum value_type type)
{
    for (size_t i = 0; i < count; i = next_vector(i, count, SIXTEEN)) {
        const uint8_t *from = input + i * stride;
        const size_t left = count - i;
        __m256i sums = _mm256_setzero_si256();
        for (int r = 0; r < windows->rows; r++, from += windows->row_step)
            for (int c = 0; c < windows->columns; c++)
                sums = _mm256_add_epi16(sums, widen_sixteen(from + c * windows->column_step, stride, type));
        const __m128i low = _mm256_castsi256_si128(sums), high = _mm256_extracti128_si256(sums, 1);
        store_part(to + i, type == VALUE_U8 ? _mm256_cvtepu16_epi32(low) : _mm256_cvtepi16_epi32(low),
                   (left < EIGHT ? left : EIGHT) * sizeof *to);
        if (left > EIGHT)
            store_part(to + i + EIGHT,
                       type == VALUE_U8 ? _mm256_cvtepu16_epi32(high) : _mm256_cvtepi16_epi32(high),
                       (left < SIXTEEN ? left - EIGHT : EIGHT) * sizeof *to);
    }
}

/* The one window of a row, whose columns lie side by side: 32 bytes at a time by vpsadbw, of signed ones with
 * 128 added. */
AVX2_INLINE int32_t sum_bytes(const uint8_t *input, const struct window_row *windows, const uint8_t flip)
{
    const __m256i zero = _mm256_setzero_si256(), flips = _mm256_set1_epi8((char)flip);
    const bool is_whole = windows->row_step == (size_t)windows->columns;
    const int rows = is_whole ? 1 : windows->rows;
    const size_t columns = (size_t)windows->columns * (size_t)(is_whole ? windows->rows : 1);
    __m256i sums = zero;
    int32_t sum = 0;
    for (int r = 0; r < rows; r++, input += windows->row_step) {
        size_t i = 0;
        for (; i + 32 <= columns; i += 32)
            sums = _mm256_add_epi64(sums, _mm256_sad_epu8(_mm256_xor_si256(load(input + i), flips), zero));
        for (; i < columns; i++)
            sum += input[i] ^ flip;
    }
    const __m128i two = _mm_add_epi64(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
    sum += _mm_cvtsi128_si32(_mm_add_epi64(two, _mm_unpackhi_epi64(two, two)));
    return flip ? sum - 128 * windows->rows * windows->columns : sum;
}

#define WINDOW_SUM(type, TYPE, flip)                                                                         \
    AVX2 void sned_avx2_window_sum_##type(int32_t *to, const void *input, size_t count,                      \
                                          const struct window_row *windows)                                  \
    {                                                                                                        \
        const bool is_few = windows->rows * windows->columns <= FEW_TAPS;                                    \
        if (count == 1 && windows->column_step == 1)                                                         \
            to[0] = sum_bytes(input, windows, flip);                                                         \
        else if (is_few && windows->stride == 1)                                                             \
            sum_few(to, input, count, windows, 1, TYPE);                                                     \
        else if (is_few && windows->stride == 2)                                                             \
            sum_few(to, input, count, windows, 2, TYPE);                                                     \
        else                                                                                                 \
            sned_window_sum_##type(to, input, count, windows);                                               \
    }
WINDOW_SUM(u8, VALUE_U8, 0)
WINDOW_SUM(s8, VALUE_S8, 0x80)
#endif
