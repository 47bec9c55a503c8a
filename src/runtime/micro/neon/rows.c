/*
 * rows.c - rows of a fully connected layer, each weight a byte, for any ARMv8-A and for dot product
 * instructions.
 *
 * A row's sums lie in four lanes, which are added up at its end. With sdot 16 products are one instruction.
 * Without, as in quads.c, they are three: smull and smlal2 make eight sums of two products in int16, which
 * holds them, and sadalp adds those in pairs to the lanes.
 *
 * What is under masks is left to portable C: nothing here puts bytes into places that bits tell, and to look
 * the places up in a table, eight at a time, takes some 60 instructions for a chunk, of which all 64 products
 * take 7, or 17.
 */
#include "runtime/micro/neon/neon.h"

#if defined(__aarch64__)
enum { PARTS = ROW_CHUNK / 16 };

/* Four loads, of which compilers make two; ld1 of four registers costs them moves here. */
NEON_INLINE int8x16x4_t load_by_pairs(const int8_t *from)
{
    return (int8x16x4_t){{vld1q_s8(from), vld1q_s8(from + 16), vld1q_s8(from + 32), vld1q_s8(from + 48)}};
}

NEON_INLINE int32x4_t add_by_pairs(int32x4_t total, int8x16_t weights, int8x16_t input)
{
    const int16x8_t products = vmull_s8(vget_low_s8(weights), vget_low_s8(input));
    return vpadalq_s16(total, vmlal_high_s8(products, weights, input));
}

DOT_INLINE int32x4_t add_by_dot(int32x4_t total, int8x16_t weights, int8x16_t input)
{
    return vdotq_s32(total, weights, input);
}

/* `rows` is a constant wherever a group is added: its totals stay in registers. */
#define DENSE_ROWS(name, load, add, function, inlined)                                                       \
    inlined const int8_t *name##_group(int32_t *sums, const size_t rows, size_t chunks,                      \
                                       const int8_t *weights, const int8_t *input)                           \
    {                                                                                                        \
        int32x4_t total[ROW_GROUP];                                                                          \
        for (size_t r = 0; r < rows; r++)                                                                    \
            total[r] = vdupq_n_s32(0);                                                                       \
        for (; chunks > 0; chunks--, input += ROW_CHUNK, weights += rows * ROW_CHUNK) {                      \
            int8x16_t x[PARTS];                                                                              \
            for (int part = 0; part < PARTS; part++)                                                         \
                x[part] = vld1q_s8(input + 16 * part);                                                       \
            for (size_t r = 0; r < rows; r++) {                                                              \
                const int8x16x4_t w = load(weights + r * ROW_CHUNK);                                         \
                for (int part = 0; part < PARTS; part++)                                                     \
                    total[r] = add(total[r], w.val[part], x[part]);                                          \
            }                                                                                                \
        }                                                                                                    \
        for (size_t r = 0; r < rows; r++)                                                                    \
            sums[r] = vaddvq_s32(total[r]);                                                                  \
        return weights;                                                                                      \
    }                                                                                                        \
    function void name(int32_t *sums, size_t rows, size_t chunks, const int8_t *weights,                     \
                       const uint8_t *input)                                                                 \
    {                                                                                                        \
        const int8_t *bytes = (const int8_t *)input;                                                         \
        for (; rows >= ROW_GROUP; rows -= ROW_GROUP, sums += ROW_GROUP)                                      \
            weights = name##_group(sums, ROW_GROUP, chunks, weights, bytes);                                 \
        if (rows == 3)                                                                                       \
            name##_group(sums, 3, chunks, weights, bytes);                                                   \
        else if (rows == 2)                                                                                  \
            name##_group(sums, 2, chunks, weights, bytes);                                                   \
        else if (rows == 1)                                                                                  \
            name##_group(sums, 1, chunks, weights, bytes);                                                   \
    }
DENSE_ROWS(sned_neon_dense_rows, load_by_pairs, add_by_pairs, , NEON_INLINE)
DENSE_ROWS(sned_neon_dot_dense_rows, vld1q_s8_x4, add_by_dot, DOT, DOT_INLINE)
#endif
