/*
 * depthwise.c - channels that are convolved each by itself, for AVX-512 with VNNI and VBMI.
 *
 * Two channels at a time, which have the same orders: of each, for each quad of taps, one load of 64 bytes,
 * wherever they begin, of which two vpermi2b make the quads of a piece's 32 outputs; the second of the two
 * vectors that these choose from is padding. Loads are the bound, next to shuffles and multiplications.
 *
 * A piece of fewer outputs than 32 is stored as a whole where there is room for it: what is too much, the
 * next one overwrites.
 */
#if defined(__x86_64__)
#include "runtime/micro/avx512/ends.h"

#include <string.h>

enum { TOGETHER = 2, VECTORS = 2 /* of a piece's sums */ };

/* What pieces are made of, as copies, which no store to bytes can change. */
struct channel {
    const uint8_t *input;
    const int8_t *weights;
    uint8_t *to;
    int32_t start;
    struct scaling scaling;
    float scale;
};

struct channel_pair {
    const struct channel *channels; /* [TOGETHER] */
    const uint8_t *orders;
    uint8_t flip;
};

AVX512_INLINE void sum_piece(__m512i sums[TOGETHER][VECTORS], const struct channel_pair *pair,
                             const struct quad_gather *gathers, const size_t quads)
{
    const __m512i padding = _mm512_set1_epi8((char)pair->flip);
    for (int c = 0; c < TOGETHER; c++)
        sums[c][0] = sums[c][1] = _mm512_set1_epi32(pair->channels[c].start);
#pragma GCC unroll 3
    for (size_t q = 0; q < quads; q++) {
        uint64_t gather; /* one load for both */
        memcpy(&gather, &gathers[q], sizeof gather);
        const uint32_t offset = (uint32_t)gather;
        const uint8_t *from = pair->orders + (gather >> 32) * sizeof(gather_order);
        const __m512i order[VECTORS] = {load_once(from), load_once(from + 64)};
        for (int c = 0; c < TOGETHER; c++) {
            const struct channel *channel = &pair->channels[c];
            const __m512i bytes = _mm512_xor_si512(_mm512_loadu_si512(channel->input + offset), padding);
            int32_t weights;
            memcpy(&weights, channel->weights + q * 4, sizeof weights);
            for (int v = 0; v < VECTORS; v++) {
                const __m512i taken = _mm512_permutex2var_epi8(bytes, order[v], padding);
                sums[c][v] = add_products(sums[c][v], taken, _mm512_set1_epi32(weights));
            }
        }
    }
}

/* 32 bytes, or as many of them as are left. */
AVX512_INLINE void store_piece(uint8_t *to, __m256i bytes, size_t left)
{
    if (left >= PIECE_OUTPUTS)
        _mm256_storeu_si256((__m256i *)(void *)to, bytes);
    else
        _mm256_mask_storeu_epi8(to, (__mmask32)((1u << left) - 1), bytes);
}

AVX512_INLINE void convolve(const struct channel_pair *two, const struct channel_pieces *pieces,
                            const struct quad_ends *ends, const size_t quads)
{
    const struct channel channels[TOGETHER] = {two->channels[0], two->channels[1]};
    const struct channel_pair pair = {channels, two->orders, two->flip};
    const __m512 scales[TOGETHER] = {_mm512_set1_ps(channels[0].scale), _mm512_set1_ps(channels[1].scale)};
    const struct byte_bounds bounds = bounds_of(ends->rule);
    const enum value_type type = ends->type;
    const uint32_t *first = pieces->first, *const last = first + pieces->count, outputs = *last;
    for (const struct quad_gather *gathers = pieces->gathers; first < last; first++, gathers += quads) {
        __m512i sums[TOGETHER][VECTORS], results[TOGETHER * VECTORS];
        const size_t at = *first, left = outputs - at;
        sum_piece(sums, &pair, gathers, quads);
        for (int v = 0; v < TOGETHER * VECTORS; v++)
            results[v] = scaled(sums[v / VECTORS][v % VECTORS], scales[v / VECTORS]);
        const __m512i bytes = by_vectors(packed(results, type, &bounds));
        store_piece(channels[0].to + at, _mm512_castsi512_si256(bytes), left);
        store_piece(channels[1].to + at, _mm512_extracti64x4_epi64(bytes, 1), left);
    }
}

/* The same by way of sums in memory, for other ends. */
AVX512_INLINE void convolve_to_sums(const struct channel_pair *pair, const struct channel_pieces *pieces,
                                    const struct quad_ends *ends)
{
    const struct channel *channels = pair->channels;
    for (size_t p = 0; p < pieces->count; p++) {
        const size_t at = pieces->first[p], count = pieces->first[p + 1] - at;
        __m512i sums[TOGETHER][VECTORS];
        int32_t stored[TOGETHER][PIECE_OUTPUTS];
        sum_piece(sums, pair, pieces->gathers + p * pieces->quads, pieces->quads);
        memcpy(stored, sums, sizeof stored);
        for (int c = 0; c < TOGETHER; c++)
            sned_avx512_requantize[ends->type](channels[c].to + at * value_size(ends->type), stored[c], count,
                                               channels[c].scaling, ends->rule);
    }
}

/* One of the range's; false: it has no scale. */
AVX512_INLINE bool find_channel(struct channel *channel, void *to, const uint8_t *input,
                                const struct channel_range *range, const struct channel_pieces *pieces,
                                const struct quad_ends *ends, size_t place)
{
    const size_t index = range->first + place;
    *channel = (struct channel){.input = input + place * range->step,
                                .weights = pieces->weights + index * pieces->quads * 4,
                                .to = (uint8_t *)to + place * range->to_step * value_size(ends->type),
                                .scaling = ends->scalings[index],
                                .start = pieces->start[index]};
    return find_scale(&channel->scale, channel->scaling);
}

/* The last channel of an odd number is its own neighbour. */
AVX512 void sned_avx512_depthwise(void *to, const uint8_t *input, const struct channel_range *range,
                                  const struct channel_pieces *pieces, const struct quad_ends *ends)
{
    for (size_t place = 0; place < range->count; place += TOGETHER) {
        struct channel channels[TOGETHER];
        const struct channel_pair pair = {channels, (const uint8_t *)pieces->orders, pieces->flip};
        bool are_found = are_small(ends);
        for (size_t c = 0; c < TOGETHER; c++)
            are_found &= find_channel(&channels[c], to, input, range, pieces, ends,
                                      place + c < range->count ? place + c : place);
        if (!are_found)
            convolve_to_sums(&pair, pieces, ends);
        else if (pieces->quads == 3)
            convolve(&pair, pieces, ends, 3);
        else
            convolve(&pair, pieces, ends, pieces->quads);
    }
}
#endif
