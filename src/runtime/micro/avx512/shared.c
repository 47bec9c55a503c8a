/*
 * shared.c - sums of quads that some of up to five filters share, for AVX-512 VNNI.
 *
 * To interleave four rows of 64 pixels takes as long as to multiply them for two filters (sparse.c). Of five
 * filters with a third of their weights at random, a tap that any of them has is on average one of two of
 * them: fetched and interleaved once for both. Which filters a quad is for is a constant in the loop over the
 * quads of a set, one of 31 loops, between which the sums stay in 20 registers.
 *
 * Rows are lines of the cache (conv/lines.c): a load that crosses lines takes the time of two, and four of
 * these for a quad more than all else that is done with it.
 *
 * In assembler: compilers make more loads, and move sums about. A quad for two filters takes 5.0 cycles (Zen
 * 5, lines in the first cache), one for five 10.5, of which 10 are products'.
 */
#if defined(__x86_64__)
#include "runtime/micro/avx512/sparse.h"

/* The sums, in the order that unpacks leave; zmm0 to zmm19 while quads are added. */
#define FOUR_SUMS(DO, a, b, c, d) DO(a) DO(b) DO(c) DO(d)
#define EACH_SUM(DO)                                                                                         \
    FOUR_SUMS(DO, 0, 1, 2, 3)                                                                                \
    FOUR_SUMS(DO, 4, 5, 6, 7)                                                                                \
    FOUR_SUMS(DO, 8, 9, 10, 11) FOUR_SUMS(DO, 12, 13, 14, 15) FOUR_SUMS(DO, 16, 17, 18, 19)
#define LOAD_SUM(n) "vmovdqa64 " #n " * 64(%[sums]), %%zmm" #n "\n\t"
#define BEGIN_SUMS(filter, a, b, c, d)                                                                       \
    "vpbroadcastd " #filter " * 4(%[start]), %%zmm" #a "\n\t"                                                \
    "vmovdqa64 %%zmm" #a ", %%zmm" #b "\n\t"                                                                 \
    "vmovdqa64 %%zmm" #a ", %%zmm" #c "\n\t"                                                                 \
    "vmovdqa64 %%zmm" #a ", %%zmm" #d "\n\t"
#define STORE_SUM(n) "vmovdqa64 %%zmm" #n ", " #n " * 64(%[sums])\n\t"
#define SUMS_AND_QUADS                                                                                       \
    "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11",        \
        "xmm12", "xmm13", "xmm14", "xmm15", "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22",   \
        "xmm23", "xmm24", "xmm25", "xmm26", "xmm27", "xmm28"

/* What comes later in a list, or in the next one: of an image of few tiles, lists are new to all caches.
 * Where it is not, that costs 3 to 5 %. */
#define PREFETCH_LIST "prefetcht1 2048(%[lines])\n\tprefetcht1 2048(%[weights])\n\t"

/* Where the lines of a quad are, in a to d, by one load. */
#define FIND_LINES                                                                                           \
    "mov (%[lines]), %[d]\n\t"                                                                               \
    "movzwl %w[d], %k[a]\n\t"                                                                                \
    "mov %k[d], %k[b]\n\t"                                                                                   \
    "shr $16, %k[b]\n\t"                                                                                     \
    "shr $32, %[d]\n\t"                                                                                      \
    "movzwl %w[d], %k[c]\n\t"                                                                                \
    "shr $16, %k[d]\n\t"                                                                                     \
    "add $8, %[lines]\n\t"

/* quads_of_rows(), to zmm20 to zmm23. */
#define FETCH_QUADS                                                                                          \
    "vmovdqu64 (%[input], %[a], 8), %%zmm20\n\t"                                                             \
    "vmovdqu64 (%[input], %[b], 8), %%zmm21\n\t"                                                             \
    "vmovdqu64 (%[input], %[c], 8), %%zmm22\n\t"                                                             \
    "vmovdqu64 (%[input], %[d], 8), %%zmm23\n\t"                                                             \
    "vpunpcklbw %%zmm21, %%zmm20, %%zmm24\n\t"                                                               \
    "vpunpckhbw %%zmm21, %%zmm20, %%zmm25\n\t"                                                               \
    "vpunpcklbw %%zmm23, %%zmm22, %%zmm26\n\t"                                                               \
    "vpunpckhbw %%zmm23, %%zmm22, %%zmm27\n\t"                                                               \
    "vpunpcklwd %%zmm26, %%zmm24, %%zmm20\n\t"                                                               \
    "vpunpckhwd %%zmm26, %%zmm24, %%zmm21\n\t"                                                               \
    "vpunpcklwd %%zmm27, %%zmm25, %%zmm22\n\t"                                                               \
    "vpunpckhwd %%zmm27, %%zmm25, %%zmm23\n\t"

/* A filter's products with them, if it is of the set: the quad's next four weights. */
#define PRODUCTS(filter, a, b, c, d)                                                                         \
    ".if set >> " #filter " & 1\n\t"                                                                         \
    "vpbroadcastd place(%[weights]), %%zmm28\n\t"                                                            \
    "vpdpbusd %%zmm28, %%zmm20, %%zmm" #a "\n\t"                                                             \
    "vpdpbusd %%zmm28, %%zmm21, %%zmm" #b "\n\t"                                                             \
    "vpdpbusd %%zmm28, %%zmm22, %%zmm" #c "\n\t"                                                             \
    "vpdpbusd %%zmm28, %%zmm23, %%zmm" #d "\n\t"                                                             \
    ".set place, place + 4\n\t"                                                                              \
    ".endif\n\t"

_Static_assert(LINE_UNIT == 8, "which lines are multiplied by");

/* All quads of a list, of each set after the other: the assembler makes a loop for each. Those of filters
 * that the list has not are none. Sums begin with `start`, or go on where that is NULL. */
AVX512 __attribute__((noinline)) static void add_quads(struct line_sums *sums, const uint8_t *input,
                                                       const struct quad_list *list, const int32_t *start)
{
    const uint16_t *lines = list->lines;
    const int8_t *weights = list->weights;
    const size_t end = (size_t)1 << list->filters;
    size_t count, a, b, c, d;
    /* clang-format off */
    __asm__ volatile(
        "test %[start], %[start]\n\t"
        "jz 4f\n\t"
        BEGIN_SUMS(0, 0, 1, 2, 3)
        BEGIN_SUMS(1, 4, 5, 6, 7)
        BEGIN_SUMS(2, 8, 9, 10, 11)
        BEGIN_SUMS(3, 12, 13, 14, 15)
        BEGIN_SUMS(4, 16, 17, 18, 19)
        "jmp 5f\n"
        "4:\n\t"
        EACH_SUM(LOAD_SUM)
        "5:\n\t"
        ".p2align 5\n\t"
        ".set set, 1\n\t"
        ".rept 31\n\t"
        ".if (set & (set - 1)) == 0\n\t"
        "cmp $set, %k[end]\n\t"
        "jbe 1f\n\t"
        ".endif\n\t"
        "movzwl 2 * set(%[sets]), %k[count]\n\t"
        "test %k[count], %k[count]\n\t"
        "jz 3f\n\t"
        PREFETCH_LIST
        "2:\n\t"
        FIND_LINES
        FETCH_QUADS
        ".set place, 0\n\t"
        PRODUCTS(0, 0, 1, 2, 3)
        PRODUCTS(1, 4, 5, 6, 7)
        PRODUCTS(2, 8, 9, 10, 11)
        PRODUCTS(3, 12, 13, 14, 15)
        PRODUCTS(4, 16, 17, 18, 19)
        "add $place, %[weights]\n\t"
        "dec %k[count]\n\t"
        "jnz 2b\n"
        "3:\n\t"
        ".set set, set + 1\n\t"
        ".endr\n\t"
        "1:\n\t"
        EACH_SUM(STORE_SUM)
        /* clang-format on */
        : [lines] "+r"(lines), [weights] "+r"(weights), [count] "=&r"(count), [a] "=&r"(a), [b] "=&r"(b),
          [c] "=&r"(c), [d] "=&r"(d)
        : [sums] "r"(sums), [input] "r"(input), [sets] "r"(list->sets), [end] "r"(end), [start] "r"(start)
        : SUMS_AND_QUADS, "cc", "memory");
}

AVX512 void sned_avx512_add_shared(struct line_sums *sums, const uint8_t *input, const struct quad_list *list)
{
    int32_t start[SET_FILTERS] = {0};
    for (int f = 0; f < list->filters && list->start; f++)
        start[f] = list->start[f];
    add_quads(sums, input, list, list->start ? start : NULL);
}

AVX512 void sned_avx512_end_shared(void *to, size_t step, size_t count, const struct line_sums *sums,
                                   int filters, const struct quad_ends *ends)
{
    float scales[MOST_ENDED];
    const struct quad_destination destination = {to, step, scales, ends, NULL};
    const bool is_scaled = find_scales(scales, ends, filters);
    for (int f = 0; f < filters; f++) {
        __m512i of[4];
        for (int k = 0; k < 4; k++)
            of[k] = _mm512_load_si512(sums->of[f] + k * 16);
        if (is_scaled) {
            _mm512_mask_storeu_epi8((uint8_t *)to + (size_t)f * step, first_of_64(count),
                                    ended(&destination, f, of));
            continue;
        }
        int32_t row[LINE_PIXELS];
        store_sums(row, of, LINE_PIXELS);
        sned_avx512_requantize[ends->type]((uint8_t *)to + (size_t)f * step * value_size(ends->type), row,
                                           count, ends->scalings[f], ends->rule);
    }
}
#endif
