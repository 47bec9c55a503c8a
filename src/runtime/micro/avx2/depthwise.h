/*
 * depthwise.h - channels that are convolved each by itself, for AVX2: see struct channel_pieces in micro.h.
 * The source of two columns, as quads.h is.
 *
 * vpshufb takes bytes within 16, and there is no permutation of more. So a piece is eight outputs, of which a
 * quad of taps takes 16 bytes of the image, in both halves of a register; places that are GATHER_NOTHING make
 * 0. Two channels at a time share the orders. Their sums go to memory, some hundred of them, and become
 * outputs like those of other layers.
 *
 * vpmaddubsw saturates, and here a quad has its taps, whatever the weights of a channel are. Where two of
 * them may be too much, weights are halved: w = 2h + r, r being 0 or 1. vpmaddwd, which adds the products of
 * h in pairs, doubles them too; those of r are so small that all of them are added in 16 bits: 510 times
 * PIECE_QUADS at most. Channels of a kind are taken together.
 */
#ifndef SNED_RUNTIME_MICRO_AVX2_DEPTHWISE_H
#define SNED_RUNTIME_MICRO_AVX2_DEPTHWISE_H

#include "runtime/micro/avx2/quads.h"

#if defined(__x86_64__)

enum { TOGETHER = 2, CHANNEL_SUMS = 256 /* that become outputs together */ };

/* What all channels of a call have in common. */
struct channel_call {
    uint8_t *to;
    size_t size; /* bytes of an output */
    const uint8_t *input;
    const struct channel_range *range;
    const struct channel_pieces *pieces;
    const struct quad_ends *ends;
};

/* What a channel's sums are made of: its quads of weights in all lanes, or 2 * quads + odd. */
struct channel_source {
    const uint8_t *input;
    __m256i start, quads[PIECE_QUADS], odd[PIECE_QUADS];
};

/* Whether two weights that stand together sum up to more than vpmaddubsw can do: of different signs they do
 * not. */
AVX2_INLINE bool are_too_large(const int8_t *weights, const size_t quads)
{
    __m256i most = _mm256_setzero_si256();
    for (size_t q = 0; q < quads; q++) {
        const __m256i pairs = _mm256_maddubs_epi16(_mm256_set1_epi8(1), spread_quad(weights + q * 4));
        most = _mm256_max_epi16(most, _mm256_abs_epi16(pairs));
    }
    return _mm256_movemask_epi8(_mm256_cmpgt_epi16(most, _mm256_set1_epi16(PAIR_LIMIT))) != 0;
}

/* Bytes are shifted as w + 128, which is not negative, and with those beside them, whose bits are removed. */
AVX2_INLINE __m256i halved(__m256i weights)
{
    const __m256i moved = _mm256_xor_si256(weights, _mm256_set1_epi8(-128));
    const __m256i half = _mm256_and_si256(_mm256_srli_epi16(moved, 1), _mm256_set1_epi8(127));
    return _mm256_sub_epi8(half, _mm256_set1_epi8(64));
}

AVX2 __attribute__((noinline)) static void
find_source(struct channel_source *source, const struct channel_call *call, size_t place, bool are_halved)
{
    const size_t index = call->range->first + place, quads = call->pieces->quads;
    source->input = call->input + place * call->range->step;
    source->start = _mm256_set1_epi32(call->pieces->start[index]);
    for (size_t q = 0; q < quads; q++) {
        const __m256i weights = spread_quad(call->pieces->weights + (index * quads + q) * 4);
        source->quads[q] = are_halved ? halved(weights) : weights;
        source->odd[q] = _mm256_and_si256(weights, _mm256_set1_epi8(1));
    }
}

/* A piece's sums of both channels. */
AVX2_INLINE void sum_piece(__m256i sums[TOGETHER], const struct channel_source sources[TOGETHER],
                           const struct quad_gather *gathers, const gather_order *orders, const __m256i flip,
                           const size_t quads, const bool are_halved)
{
    __m256i rest[TOGETHER] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
    for (int c = 0; c < TOGETHER; c++)
        sums[c] = sources[c].start;
    for (size_t q = 0; q < quads; q++) {
        const __m256i order = load(orders[gathers[q].order]);
#pragma GCC unroll 2
        for (int c = 0; c < TOGETHER; c++) {
            const __m128i bytes = _mm_loadu_si128((const __m128i *)(sources[c].input + gathers[q].offset));
            const __m256i taken =
                _mm256_xor_si256(_mm256_shuffle_epi8(_mm256_broadcastsi128_si256(bytes), order), flip);
            if (!are_halved) {
                sums[c] = add_products(sums[c], taken, sources[c].quads[q]);
                continue;
            }
            const __m256i pairs = _mm256_maddubs_epi16(taken, sources[c].quads[q]);
            sums[c] = _mm256_add_epi32(sums[c], _mm256_madd_epi16(pairs, _mm256_set1_epi16(2)));
            rest[c] = _mm256_add_epi16(rest[c], _mm256_maddubs_epi16(taken, sources[c].odd[q]));
        }
    }
    for (int c = 0; c < TOGETHER && are_halved; c++)
        sums[c] = _mm256_add_epi32(sums[c], _mm256_madd_epi16(rest[c], _mm256_set1_epi16(1)));
}

AVX2_INLINE void convolve(const struct channel_call *call, const size_t places[TOGETHER], const size_t quads,
                          const bool are_halved)
{
    const struct channel_pieces *pieces = call->pieces;
    const struct quad_ends *ends = call->ends;
    const uint32_t *first = pieces->first, *const last = first + pieces->count;
    const struct quad_gather *gathers = pieces->gathers;
    const gather_order *orders = pieces->orders;
    const __m256i flip = _mm256_set1_epi8((char)pieces->flip);
    struct channel_source sources[TOGETHER];
    int32_t sums[TOGETHER][CHANNEL_SUMS + QUAD_PIXELS];
    for (int c = 0; c < TOGETHER; c++)
        find_source(&sources[c], call, places[c], are_halved);
    while (first < last) {
        const size_t at = *first;
        for (; first < last && first[1] - at <= CHANNEL_SUMS; first++, gathers += quads) {
            __m256i piece[TOGETHER];
            sum_piece(piece, sources, gathers, orders, flip, quads, are_halved);
            for (int c = 0; c < TOGETHER; c++)
                store(sums[c] + (*first - at), piece[c]);
        }
        for (int c = 0; c < TOGETHER; c++)
            sned_avx2_requantize[ends->type](call->to + (places[c] * call->range->to_step + at) * call->size,
                                             sums[c], *first - at,
                                             ends->scalings[call->range->first + places[c]], ends->rule);
    }
}

AVX2 static void convolve_two(const struct channel_call *call, size_t one, size_t other, bool are_halved)
{
    const size_t places[TOGETHER] = {one, other}, quads = call->pieces->quads;
    if (quads == 3 && PAIR_LIMIT && are_halved)
        convolve(call, places, 3, true);
    else if (quads == 3)
        convolve(call, places, 3, false);
    else
        convolve(call, places, quads, PAIR_LIMIT && are_halved);
}

/* Each waits for the next one whose weights are halved, or are not, as its own; the last of an odd number is
 * its own neighbour. */
AVX2_INLINE void convolve_channels(const struct channel_call *call)
{
    const size_t count = call->range->count, size = call->pieces->quads * 4;
    const int8_t *weights = call->pieces->weights + call->range->first * size;
    size_t waiting[2] = {count, count};
    for (size_t c = 0; c < count; c++, weights += size) {
        const bool is_halved = PAIR_LIMIT && are_too_large(weights, call->pieces->quads);
        const size_t one = waiting[is_halved];
        waiting[is_halved] = one == count ? c : count;
        if (one < count)
            convolve_two(call, one, c, is_halved);
    }
    for (int are_halved = 0; are_halved < 2; are_halved++)
        if (waiting[are_halved] < count)
            convolve_two(call, waiting[are_halved], waiting[are_halved], are_halved);
}

#define AVX2_DEPTHWISE(name)                                                                                 \
    AVX2 void name(void *to, const uint8_t *input, const struct channel_range *range,                        \
                   const struct channel_pieces *pieces, const struct quad_ends *ends)                        \
    {                                                                                                        \
        convolve_channels(&(struct channel_call){to, value_size(ends->type), input, range, pieces, ends});   \
    }
#endif

#endif
