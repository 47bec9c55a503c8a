/*
 * shared.c - sums of quads that some of up to five filters share, for AVX-512 VNNI.
 *
 * To interleave four rows of 64 pixels takes as long as to multiply them for two filters (sparse.c). Of five
 * filters with a third of their weights at random, a tap that any of them has is on average one of two of
 * them: fetched and interleaved once for both, a product costs three quarters of what it does there. Which
 * filters a quad is for is a constant in the loop over the quads of a set, one of 31 loops, between which
 * the sums stay in 20 registers.
 *
 * 64 pixels at a time, the list is gone through for each; so what its quads of one block read should stay in
 * the first cache (conv/shared.c).
 */
#if defined(__x86_64__)
#include "runtime/micro/avx512/sparse.h"

#include <string.h>

struct set_quads {
    const uint32_t *offsets;
    const int8_t *weights;
};

/* `count` quads of a set. Products by intrinsics, not by add_products: here compilers do worse with
 * assembler. */
AVX512_INLINE void add_set(__m512i sums[SET_FILTERS][4], struct set_quads *at, size_t count,
                           const uint8_t *input, const unsigned set)
{
    const uint32_t *offsets = at->offsets, *const end = offsets + count * 4;
    const int8_t *weights = at->weights;
    for (; offsets != end; offsets += 4) {
        const uint8_t *from[4];
        __m512i rows[4], quads[4];
        find_rows(offsets, input, true, from);
        for (int j = 0; j < 4; j++)
            rows[j] = load_once(from[j]);
        quads_of_rows(rows, quads);
        for (int f = 0; f < SET_FILTERS; f++) {
            if (!(set >> f & 1))
                continue;
            int32_t quad;
            memcpy(&quad, weights, sizeof quad);
            weights += 4;
            const __m512i weight = _mm512_set1_epi32(quad);
            for (int k = 0; k < 4; k++)
                sums[f][k] = _mm512_dpbusd_epi32(sums[f][k], quads[k], weight);
        }
    }
    *at = (struct set_quads){offsets, weights};
}

/* 64 pixels, or the first `count` of them. */
AVX512 static void sum_part(const struct quad_destination *destination, size_t count, const uint8_t *input,
                            const struct quad_list *list)
{
    struct set_quads at = {list->offsets, list->weights};
    __m512i sums[SET_FILTERS][4];
    for (int f = 0; f < SET_FILTERS; f++)
        for (int k = 0; k < 4; k++)
            sums[f][k] = _mm512_set1_epi32(f < list->filters ? list->start[f] : 0);
    const uint16_t *sets = list->sets;
    for (size_t b = list->blocks; b; b--, sets += QUAD_SETS)
        for (unsigned set = 1; set < QUAD_SETS; set++)
#define CASE(set)                                                                                            \
    case set:                                                                                                \
        add_set(sums, &at, sets[set], input, set);                                                           \
        break;
#define CASES(set) CASE(set) CASE(set + 1) CASE(set + 2) CASE(set + 3)
            switch (set) {
                CASE(1) CASE(2) CASE(3) CASES(4) CASES(8) CASES(12) CASES(16) CASES(20) CASES(24) CASES(28)
            }
#undef CASES
#undef CASE
    for (int f = 0; f < SET_FILTERS; f++)
        if (f < list->filters)
            store_part(destination, f, 0, sums[f], count);
}

static void sum_row(struct quad_destination destination, size_t count, const uint8_t *input,
                    const struct quad_list *list)
{
    const size_t size = destination.scales ? 1 : sizeof(int32_t);
    for (size_t at = 0; at < count; at += SPARSE_PIXELS) {
        sum_part(&destination, count - at, input + at, list);
        destination.to = (uint8_t *)destination.to + SPARSE_PIXELS * size;
    }
}

SPARSE_KERNELS(sned_avx512_shared, sned_avx512_ended_shared)
#endif
