/*
 * quads.c - sums of products of bytes for AVX2, and what lays their inputs out.
 *
 * vpmaddubsw multiplies unsigned activations by signed weights and adds neighbours in 16 bits, where it
 * saturates. 255 * 128 is below 2^15: with a pair_limit of 128 no sum of two does, and it is exact. vpmaddwd
 * by ones adds the two halves of a quad in 32 bits.
 */
#include "runtime/micro/columns.h"

#if defined(__x86_64__)
#include "runtime/micro/avx2/avx2.h"

enum { PAIR_LIMIT = 128 };

/* sum + the products of eight quads. The addition is assembler: compilers that see what it is move the sums
 * from register to register in every turn of a loop, and to memory and back. */
AVX2_INLINE __m256i add_products(__m256i sum, __m256i activations, __m256i weights)
{
    const __m256i pairs = _mm256_maddubs_epi16(activations, weights);
    const __m256i products = _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
    __asm__("vpaddd %1, %0, %0" : "+x"(sum) : "x"(products));
    return sum;
}

#include "runtime/micro/avx2/depthwise.h"
#include "runtime/micro/avx2/spans.h"

AVX2_QUADS(sned_avx2_dense, sned_avx2_ended_dense, sum_dense, sned_avx2_interleave)
AVX2_QUADS(sned_avx2_sparse, sned_avx2_ended_sparse, sum_sparse, NULL)
AVX2_DEPTHWISE(sned_avx2_depthwise)
AVX2_SPANS(sned_avx2_spanned_rows)

enum { EIGHT = 8, SIXTEEN = 16 };

/* ---- their inputs ---- */

/* 16 bytes, `stride` apart: 1, 2 or 4. */
AVX2_INLINE __m128i pick_sixteen(const uint8_t *from, const size_t stride)
{
    if (stride == 1)
        return _mm_loadu_si128((const __m128i *)from);
    if (stride == 2) {
        const __m256i pairs = _mm256_and_si256(load(from), _mm256_set1_epi16(UINT8_MAX));
        return _mm_packus_epi16(_mm256_castsi256_si128(pairs), _mm256_extracti128_si256(pairs, 1));
    }
    const __m256i first = _mm256_and_si256(load(from), _mm256_set1_epi32(UINT8_MAX));
    const __m256i second = _mm256_and_si256(load(from + 32), _mm256_set1_epi32(UINT8_MAX));
    const __m256i pairs = _mm256_permute4x64_epi64(_mm256_packs_epi32(first, second), 0xD8);
    return _mm_packus_epi16(_mm256_castsi256_si128(pairs), _mm256_extracti128_si256(pairs, 1));
}

/* Row `at` bytes from where the first one begins. */
AVX2_INLINE void interleave_row(uint8_t *to, const uint8_t *const from[4], size_t at, size_t count,
                                const size_t stride, __m256i flips)
{
    for (size_t i = 0; i < count; i = next_vector(i, count, SIXTEEN)) {
        __m128i row[4];
        for (int j = 0; j < 4; j++)
            row[j] = pick_sixteen(from[j] + at + i * stride, stride);
        const __m128i ab = _mm_unpacklo_epi8(row[0], row[1]), cd = _mm_unpacklo_epi8(row[2], row[3]);
        const __m128i AB = _mm_unpackhi_epi8(row[0], row[1]), CD = _mm_unpackhi_epi8(row[2], row[3]);
        const __m256i first = _mm256_set_m128i(_mm_unpackhi_epi16(ab, cd), _mm_unpacklo_epi16(ab, cd));
        const __m256i second = _mm256_set_m128i(_mm_unpackhi_epi16(AB, CD), _mm_unpacklo_epi16(AB, CD));
        const size_t left = count - i;
        store_part(to + i * 4, _mm256_xor_si256(first, flips), (left < EIGHT ? left : EIGHT) * 4);
        if (left > EIGHT)
            store_part(to + i * 4 + 32, _mm256_xor_si256(second, flips),
                       (left < SIXTEEN ? left - EIGHT : EIGHT) * 4);
    }
}

AVX2_INLINE void interleave_rows(uint8_t *to, const uint8_t *const from[4], const struct plane_rows *rows,
                                 const size_t stride)
{
    const __m256i flips = _mm256_set1_epi8((char)rows->flip);
    for (size_t r = 0; r < rows->rows; r++, to += rows->step)
        interleave_row(to, from, r * rows->image_step, rows->count, stride, flips);
}

AVX2 void sned_avx2_interleave(uint8_t *to, const uint8_t *const from[4], const struct plane_rows *rows)
{
    if (rows->stride == 1)
        interleave_rows(to, from, rows, 1);
    else if (rows->stride == 2)
        interleave_rows(to, from, rows, 2);
    else if (rows->stride == 4)
        interleave_rows(to, from, rows, 4);
    else
        sned_interleave(to, from, rows);
}

AVX2_INLINE void pick_rows(uint8_t *to, const uint8_t *input, const struct plane_rows *rows,
                           const size_t stride)
{
    const __m128i flips = _mm_set1_epi8((char)rows->flip);
    const size_t count = rows->count;
    for (size_t r = rows->rows; r; r--, to += rows->step, input += rows->image_step)
        for (size_t i = 0; i < count; i = next_vector(i, count, SIXTEEN)) {
            const __m128i picked = _mm_xor_si128(pick_sixteen(input + i * stride, stride), flips);
            store_part(to + i, _mm256_castsi128_si256(picked), count - i < SIXTEEN ? count - i : SIXTEEN);
        }
}

AVX2 void sned_avx2_pick(uint8_t *to, const uint8_t *input, const struct plane_rows *rows)
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
#endif
