/*
 * depthwise.h - channels that are convolved each by itself, for AVX2: see struct channel_pieces in micro.h.
 * The source of two columns, behind quads.h.
 *
 * vpshufb takes bytes within 16, and there is no permutation of more. So a piece is eight outputs, of which a
 * quad of taps takes 16 bytes of the image, in both halves of a register; places that are GATHER_NOTHING make
 * 0. A channel's sums go to memory, some hundred of them, and become outputs like those of other layers.
 *
 * vpmaddubsw saturates, and here a quad has its taps, whatever the weights of a channel are. Where two of
 * them may be too much, weights are halved: w = 2h + r, r being 0 or 1. vpmaddwd, which adds the products of
 * h in pairs, doubles them too; those of r are so small that all of them are added in 16 bits.
 */
#ifndef SNED_RUNTIME_MICRO_AVX2_DEPTHWISE_H
#define SNED_RUNTIME_MICRO_AVX2_DEPTHWISE_H

#include "runtime/micro/avx2/quads.h"

#if defined(__x86_64__)

enum { CHANNEL_SUMS = 256 /* that become outputs together */ };

/* A channel's quads of weights, each in all lanes; where they are halved, as 2 * quads + odd. */
struct channel_weights {
    __m256i quads[PIECE_QUADS], odd[PIECE_QUADS];
};

/* What a piece's sums are made of, as copies, which no store can change. */
struct channel_source {
    const uint8_t *input;
    const gather_order *orders;
    __m256i start, flip;
};

/* The quads of a piece's outputs. */
AVX2_INLINE __m256i taken_quads(const struct channel_source *source, const struct quad_gather *gather)
{
    const __m128i bytes = _mm_loadu_si128((const __m128i *)(source->input + gather->offset));
    const __m256i taken =
        _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(bytes), load(source->orders[gather->order]));
    return _mm256_xor_si256(taken, source->flip);
}

AVX2_INLINE __m256i sum_piece(const struct channel_source *source, const struct channel_weights *weights,
                              const struct quad_gather *gathers, const size_t quads, const bool are_halved)
{
    __m256i sum = source->start, rest = _mm256_setzero_si256();
#pragma GCC unroll 3
    for (size_t q = 0; q < quads; q++) {
        const __m256i taken = taken_quads(source, &gathers[q]);
        if (!are_halved) {
            sum = add_products(sum, taken, weights->quads[q]);
            continue;
        }
        const __m256i pairs = _mm256_maddubs_epi16(taken, weights->quads[q]);
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(2)));
        rest = _mm256_add_epi16(rest, _mm256_maddubs_epi16(taken, weights->odd[q]));
    }
    return are_halved ? _mm256_add_epi32(sum, _mm256_madd_epi16(rest, _mm256_set1_epi16(1))) : sum;
}

/* Whether two weights that stand together sum up to more than vpmaddubsw can do: of different signs they do
 * not. */
AVX2_INLINE bool find_weights(struct channel_weights *weights, const int8_t *from, const size_t quads)
{
    __m256i most = _mm256_setzero_si256();
    for (size_t q = 0; q < quads; q++) {
        weights->quads[q] = spread_quad(from + q * 4);
        const __m256i pairs = _mm256_maddubs_epi16(_mm256_set1_epi8(1), weights->quads[q]);
        most = _mm256_max_epi16(most, _mm256_abs_epi16(pairs));
    }
    return _mm256_movemask_epi8(_mm256_cmpgt_epi16(most, _mm256_set1_epi16(128))) != 0;
}

/* Bytes are shifted as w + 128, which is not negative, and with those beside them, whose bits are removed. */
AVX2_INLINE void halve_weights(struct channel_weights *weights, const size_t quads)
{
    for (size_t q = 0; q < quads; q++) {
        const __m256i all = weights->quads[q], moved = _mm256_xor_si256(all, _mm256_set1_epi8(-128));
        const __m256i half = _mm256_and_si256(_mm256_srli_epi16(moved, 1), _mm256_set1_epi8(127));
        weights->quads[q] = _mm256_sub_epi8(half, _mm256_set1_epi8(64));
        weights->odd[q] = _mm256_and_si256(all, _mm256_set1_epi8(1));
    }
}

/* Channel `index`. */
AVX2_INLINE void convolve_pieces(uint8_t *to, const struct channel_source *source,
                                 const struct channel_weights *weights, const struct channel_pieces *pieces,
                                 const struct quad_ends *ends, size_t index, const size_t quads,
                                 const bool are_halved)
{
    const uint32_t *first = pieces->first, *const last = first + pieces->count;
    const struct quad_gather *gathers = pieces->gathers;
    int32_t sums[CHANNEL_SUMS + QUAD_PIXELS];
    while (first < last) {
        const size_t at = *first;
        for (; first < last && first[1] - at <= CHANNEL_SUMS; first++, gathers += quads)
            store(sums + (*first - at), sum_piece(source, weights, gathers, quads, are_halved));
        sned_avx2_requantize[ends->type](to + at * value_size(ends->type), sums, *first - at,
                                         ends->scalings[index], ends->rule);
    }
}

AVX2_INLINE void convolve_channel(uint8_t *to, const uint8_t *input, const struct channel_pieces *pieces,
                                  const struct quad_ends *ends, size_t index, const size_t quads,
                                  const bool saturates)
{
    const struct channel_source source = {.input = input,
                                          .orders = pieces->orders,
                                          .start = _mm256_set1_epi32(pieces->start[index]),
                                          .flip = _mm256_set1_epi8((char)pieces->flip)};
    struct channel_weights weights;
    const bool is_much = find_weights(&weights, pieces->weights + index * quads * 4, quads);
    if (saturates && is_much) {
        halve_weights(&weights, quads);
        convolve_pieces(to, &source, &weights, pieces, ends, index, quads, true);
    } else {
        convolve_pieces(to, &source, &weights, pieces, ends, index, quads, false);
    }
}

#define AVX2_DEPTHWISE(name, saturates)                                                                      \
    AVX2 void name(void *to, const uint8_t *input, const struct channel_range *range,                        \
                   const struct channel_pieces *pieces, const struct quad_ends *ends)                        \
    {                                                                                                        \
        uint8_t *outputs = to;                                                                               \
        for (size_t c = 0; c < range->count; c++, input += range->step) {                                    \
            if (pieces->quads == 3)                                                                          \
                convolve_channel(outputs, input, pieces, ends, range->first + c, 3, saturates);              \
            else                                                                                             \
                convolve_channel(outputs, input, pieces, ends, range->first + c, pieces->quads, saturates);  \
            outputs += range->to_step * value_size(ends->type);                                              \
        }                                                                                                    \
    }
#endif

#endif
