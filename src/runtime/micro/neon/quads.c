/*
 * quads.c - sums of products of bytes, in quads, for any ARMv8-A.
 *
 * smull multiplies eight bytes to int16, smlal adds eight such products to them, sadalp adds pairs of the
 * int16 to int32: 16 products in three instructions, where the int16 kernel of neon.c has four in one.
 * Nothing overflows: weights are -127 to 127 and activations, as this column wants them, -128 to 127; two
 * products, none beyond 128 * 127, sum up to 32512 at most, and int16 holds 32767.
 *
 *     dense      quads of four pixels    0 1 2 3 | 0 1 2 3 | 0 1 2 3 | 0 1 2 3    by the quad of weights, and
 *                the next quad's likewise; a pixel's sum is in two lanes, which addp makes one at the end
 *     sparse     two rows interleaved    0 1 | 0 1 | 0 1 | ..    by the pair of weights, and the other two
 *                                        2 3 | 2 3 | 2 3 | ..    likewise; sadalp makes each pair one sum
 */
#include "runtime/micro/neon/neon.h"

#if defined(__aarch64__)
enum { MOST_FILTERS = 4, MOST_VECTORS = 4 };

/* ---- dense: some filters, and some vectors of four pixels ---- */

/* A pixel's sum is in two lanes. */
struct dense_sums {
    int32x4_t lanes[MOST_FILTERS][MOST_VECTORS][2];
};

/* A quad of each filter, in all four lanes. */
struct dense_weights {
    int8x16_t quads[MOST_FILTERS];
};

NEON_INLINE struct dense_weights load_weights(const int8_t *weights, const int filters)
{
    struct dense_weights loaded;
    for (int f = 0; f < filters; f++)
        loaded.quads[f] = neon_spread_quad(weights + 4 * f);
    return loaded;
}

/* The products of two quads, whose pixels are at `a` and `b`. */
NEON_INLINE void add_two_quads(struct dense_sums *sums, const int8_t *a, const int8_t *b,
                               struct dense_weights v, struct dense_weights w, const int filters,
                               const int vectors)
{
    for (int i = 0; i < vectors; i++) {
        const int8x16_t x = vld1q_s8(a + 16 * i), y = vld1q_s8(b + 16 * i);
        for (int f = 0; f < filters; f++) {
            int32x4_t *lanes = sums->lanes[f][i];
            const int16x8_t low = vmull_s8(vget_low_s8(x), vget_low_s8(v.quads[f]));
            const int16x8_t high = vmull_high_s8(x, v.quads[f]);
            lanes[0] = vpadalq_s16(lanes[0], vmlal_s8(low, vget_low_s8(y), vget_low_s8(w.quads[f])));
            lanes[1] = vpadalq_s16(lanes[1], vmlal_high_s8(high, y, w.quads[f]));
        }
    }
}

/* The same for a last quad that is alone. */
NEON_INLINE void add_quad(struct dense_sums *sums, const int8_t *a, struct dense_weights v, const int filters,
                          const int vectors)
{
    for (int i = 0; i < vectors; i++) {
        const int8x16_t x = vld1q_s8(a + 16 * i);
        for (int f = 0; f < filters; f++) {
            int32x4_t *lanes = sums->lanes[f][i];
            lanes[0] = vpadalq_s16(lanes[0], vmull_s8(vget_low_s8(x), vget_low_s8(v.quads[f])));
            lanes[1] = vpadalq_s16(lanes[1], vmull_high_s8(x, v.quads[f]));
        }
    }
}

/* `count` pixels, in up to `vectors` vectors, of the filters from `first` on. */
NEON_INLINE void dense_block(int32_t *to, size_t step, size_t count, const int8_t *input,
                             const struct quad_list *list, int first, const int filters, const int vectors)
{
    struct dense_sums sums;
    const size_t next = (size_t)list->filters * 4;
    const int8_t *weights = list->weights + (size_t)first * 4;
    const uint32_t *offsets = list->offsets;
    for (int f = 0; f < filters; f++)
        for (int i = 0; i < vectors; i++)
            sums.lanes[f][i][0] = sums.lanes[f][i][1] = vdupq_n_s32(0);
    for (size_t pairs = list->count / 2; pairs; pairs--, offsets += 2, weights += 2 * next)
        add_two_quads(&sums, input + (size_t)offsets[0] * 4, input + (size_t)offsets[1] * 4,
                      load_weights(weights, filters), load_weights(weights + next, filters), filters,
                      vectors);
    if (list->count % 2)
        add_quad(&sums, input + (size_t)offsets[0] * 4, load_weights(weights, filters), filters, vectors);
    for (int f = 0; f < filters; f++) {
        const uint32x4_t start = vdupq_n_u32((uint32_t)list->start[first + f]); /* sums may wrap */
        for (int i = 0; i < vectors; i++)
            neon_store_sums(
                to + (size_t)(first + f) * step, count, (size_t)i * 4,
                vreinterpretq_s32_u32(vaddq_u32(
                    vreinterpretq_u32_s32(vpaddq_s32(sums.lanes[f][i][0], sums.lanes[f][i][1])), start)));
    }
}

/* All pixels of the filters from `first` on: in blocks of `most` vectors, then of less. */
NEON_INLINE void dense_rows(int32_t *to, size_t step, size_t count, const int8_t *input,
                            const struct quad_list *list, int first, const int filters, const int most)
{
    for (size_t at = 0; at < count;) {
        const size_t left = count - at;
        if (left > (size_t)(most - 1) * 4) {
            dense_block(to + at, step, left, input + at * 4, list, first, filters, most);
            at += (size_t)most * 4;
        } else if (most > 2 && left > 4) {
            dense_block(to + at, step, left, input + at * 4, list, first, filters, 2);
            at += 8;
        } else {
            dense_block(to + at, step, left, input + at * 4, list, first, filters, 1);
            at += 4;
        }
    }
}

void sned_neon_dense(int32_t *to, size_t step, size_t count, const uint8_t *input,
                     const struct quad_list *list)
{
    const int8_t *bytes = (const int8_t *)input;
    int first = 0;
    for (; first + 4 <= list->filters; first += 4)
        dense_rows(to, step, count, bytes, list, first, 4, 2);
    if (list->filters & 2)
        dense_rows(to, step, count, bytes, list, first, 2, 3);
    if (list->filters & 1)
        dense_rows(to, step, count, bytes, list, list->filters - 1, 1, 4);
}

/* ---- sparse: some filters, and some vectors of 16 pixels ---- */

struct sparse_sums {
    int32x4_t pixels[MOST_FILTERS][4 * MOST_VECTORS];
};

/* The two pairs of a quad of weights, each in all lanes. */
struct sparse_weights {
    int8x16_t ab, cd;
};

NEON_INLINE struct sparse_weights spread_pairs(const int8_t *weights)
{
    const int16x4_t pairs = vreinterpret_s16_s8(vget_low_s8(neon_spread_quad(weights)));
    return (struct sparse_weights){vreinterpretq_s8_s16(vdupq_lane_s16(pairs, 0)),
                                   vreinterpretq_s8_s16(vdupq_lane_s16(pairs, 1))};
}

/* The products of eight pixels, whose bytes are interleaved by two. */
NEON_INLINE void add_eight(int32x4_t sums[2], int8x16_t ab, int8x16_t cd, struct sparse_weights w)
{
    const int16x8_t low = vmull_s8(vget_low_s8(ab), vget_low_s8(w.ab)), high = vmull_high_s8(ab, w.ab);
    sums[0] = vpadalq_s16(sums[0], vmlal_s8(low, vget_low_s8(cd), vget_low_s8(w.cd)));
    sums[1] = vpadalq_s16(sums[1], vmlal_high_s8(high, cd, w.cd));
}

NEON_INLINE void add_rows(struct sparse_sums *sums, const int8_t *const rows[4], const int8_t *weights,
                          const int filters, const int vectors)
{
    struct sparse_weights w[MOST_FILTERS];
    for (int f = 0; f < filters; f++)
        w[f] = spread_pairs(weights + 4 * f);
    for (int i = 0; i < vectors; i++) {
        const int8x16_t a = vld1q_s8(rows[0] + 16 * i), b = vld1q_s8(rows[1] + 16 * i);
        const int8x16_t c = vld1q_s8(rows[2] + 16 * i), d = vld1q_s8(rows[3] + 16 * i);
        const int8x16_t first_ab = vzip1q_s8(a, b), first_cd = vzip1q_s8(c, d);
        for (int f = 0; f < filters; f++)
            add_eight(&sums->pixels[f][4 * i], first_ab, first_cd, w[f]);
        const int8x16_t second_ab = vzip2q_s8(a, b), second_cd = vzip2q_s8(c, d);
        for (int f = 0; f < filters; f++)
            add_eight(&sums->pixels[f][4 * i + 2], second_ab, second_cd, w[f]);
    }
}

/* `count` pixels, in up to `vectors` vectors. */
NEON_INLINE void sparse_block(int32_t *to, size_t step, size_t count, const int8_t *input,
                              const struct quad_list *list, const int filters, const int vectors)
{
    struct sparse_sums sums;
    const int8_t *weights = list->weights;
    const uint32_t *offsets = list->offsets;
    for (int f = 0; f < filters; f++)
        for (int i = 0; i < 4 * vectors; i++)
            sums.pixels[f][i] = vdupq_n_s32(list->start[f]);
    for (size_t q = list->count; q; q--, offsets += 4, weights += 4 * filters) {
        const int8_t *const rows[4] = {input + offsets[0], input + offsets[1], input + offsets[2],
                                       input + offsets[3]};
        add_rows(&sums, rows, weights, filters, vectors);
    }
    for (int f = 0; f < filters; f++)
        for (int i = 0; i < 4 * vectors; i++)
            neon_store_sums(to + (size_t)f * step, count, (size_t)i * 4, sums.pixels[f][i]);
}

/* All pixels: in blocks of `most` vectors, then of one. */
NEON_INLINE void sparse_rows(int32_t *to, size_t step, size_t count, const int8_t *input,
                             const struct quad_list *list, const int filters, const int most)
{
    size_t at = 0;
    for (; count - at > (size_t)(most - 1) * 16 && at < count; at += (size_t)most * 16)
        sparse_block(to + at, step, count - at, input + at, list, filters, most);
    for (; at < count; at += 16)
        sparse_block(to + at, step, count - at, input + at, list, filters, 1);
}

void sned_neon_sparse(int32_t *to, size_t step, size_t count, const uint8_t *input,
                      const struct quad_list *list)
{
    const int8_t *bytes = (const int8_t *)input;
    if (list->filters == 1)
        sparse_rows(to, step, count, bytes, list, 1, 4);
    else if (list->filters == 2)
        sparse_rows(to, step, count, bytes, list, 2, 2);
    else
        sparse_rows(to, step, count, bytes, list, 4, 1);
}
#endif
