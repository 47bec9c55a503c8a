/*
 * rows.c - rows of a fully connected layer for AVX2, where few weights are not 0.
 *
 * Eight weights' inputs are brought together one by one, an insertion each, and multiplied at once: that
 * takes half the time of vpgatherdd and of a scalar loop (bench: tests/runtime/test_row_kernels --bench).
 */
#if defined(__x86_64__)
#include "runtime/micro/avx2/avx2.h"

AVX2_INLINE __m128i pick_eight(const int16_t *input, const uint16_t *columns)
{
    __m128i picked = _mm_cvtsi32_si128(input[columns[0]]);
    picked = _mm_insert_epi16(picked, input[columns[1]], 1);
    picked = _mm_insert_epi16(picked, input[columns[2]], 2);
    picked = _mm_insert_epi16(picked, input[columns[3]], 3);
    picked = _mm_insert_epi16(picked, input[columns[4]], 4);
    picked = _mm_insert_epi16(picked, input[columns[5]], 5);
    picked = _mm_insert_epi16(picked, input[columns[6]], 6);
    return _mm_insert_epi16(picked, input[columns[7]], 7);
}

AVX2 void sned_avx2_listed_rows(int32_t *sums, size_t rows, const uint32_t *first, const uint16_t *columns,
                                const int8_t *values, const int16_t *input)
{
    for (size_t r = 0; r < rows; r++) {
        __m128i total = _mm_setzero_si128();
        uint32_t i = first[r];
        for (; first[r + 1] - i >= 8; i += 8) {
            const __m128i weights = _mm_cvtepi8_epi16(_mm_loadl_epi64((const __m128i *)(values + i)));
            total = _mm_add_epi32(total, _mm_madd_epi16(pick_eight(input, columns + i), weights));
        }
        total = _mm_add_epi32(total, _mm_shuffle_epi32(total, 0x4E));
        total = _mm_add_epi32(total, _mm_shuffle_epi32(total, 0xB1));
        sums[r] = _mm_cvtsi128_si32(total);
        for (; i < first[r + 1]; i++)
            sums[r] += values[i] * input[columns[i]];
    }
}
#endif
