/*
 * look_up.c - tables of bytes by vpermi2b (AVX-512 VBMI), which looks up 128 entries by the lower
 * seven bits of a byte: both halves of the table are asked, and the highest bit says which of the answers it
 * is.
 */
#include "runtime/micro/columns.h"

#if defined(__x86_64__)
#include "runtime/micro/avx512/avx512.h"

enum { SIXTY_FOUR = 64 };

AVX512 void sned_avx512_look_up(uint8_t *to, const uint8_t *from, size_t count, const uint8_t *table)
{
    __m512i part[4];
    for (int i = 0; i < 4; i++)
        part[i] = _mm512_loadu_si512(table + i * SIXTY_FOUR);
    for (size_t at = 0; at < count; at += SIXTY_FOUR) {
        const __mmask64 mask = first_of_64(count - at);
        const __m512i index = _mm512_maskz_loadu_epi8(mask, from + at);
        const __m512i low = _mm512_permutex2var_epi8(part[0], index, part[1]);
        const __m512i high = _mm512_permutex2var_epi8(part[2], index, part[3]);
        const __m512i entry = _mm512_mask_blend_epi8(_mm512_movepi8_mask(index), low, high);
        _mm512_mask_storeu_epi8(to + at, mask, entry);
    }
}
#endif
