/*
 * coder.h - a stream of bits, each coded by its probability: a binary range coder, as in LZMA (Martin,
 * "Range encoding", 1979; carries are held back as in Subbotin's).
 *
 * `range` is a piece of the numbers from 0 to 1, `low` where it begins, both known to 32 bits behind the
 * bytes that are out. A bit takes the lower part of the piece where it is 1, the upper where it is 0, as
 * large as its probability. One function codes in both directions: encoding it takes the bit and returns
 * it, decoding it returns what the stream says. So a model of the data is written once and cannot differ
 * from itself.
 */
#ifndef SNED_CODEC_CODER_CODER_H
#define SNED_CODEC_CODER_CODER_H

#include "base/bytes.h"
#include "codec/coder/logistic.h"

/* What bits are spent on. */
enum spent_on {
    SPENT_OTHER, /* the small sections, forms */
    SPENT_POSITIONS,
    SPENT_SIGNS,
    SPENT_MAGNITUDES,
    SPENT_BIASES,
    SPENT_SCALINGS,
    SPENT_TABLES,
    SPENT_COUNT
};

struct coder {
    bool decoding;
    bool failed; /* decoding: it went on behind the end of the stream */
    uint32_t range;
    /* encoding */
    uint64_t low;       /* bit 32: a carry into the bytes that are held back */
    uint8_t held;       /* the last byte that is not 255, if `begun` */
    uint64_t held_ones; /* bytes of 255 behind it */
    bool begun;
    struct writer writer; /* owned */
    /* decoding */
    uint32_t code;       /* the stream's number less `low` */
    const uint8_t *data; /* borrowed */
    size_t size, position;
    /* the account */
    enum spent_on spent_on;      /* what the next bits are for */
    uint64_t spent[SPENT_COUNT]; /* in bits / COST_ONE */
    uint64_t decisions;
    struct logistic logistic;
};
void sned_coder_encode(struct coder *coder);
void sned_coder_decode(struct coder *coder, const void *data, size_t size);
/* Ends a stream: encoding, its last byte goes to coder->writer; decoding, whether it ended here, to the
 * byte. */
sned_status sned_coder_finish(struct coder *coder, sned_error *error);
void sned_coder_free(struct coder *coder);

/* Not for callers: the next byte out or in. */
void sned_coder_shift_out(struct coder *coder);
static inline void coder_shift_in(struct coder *coder)
{
    uint8_t byte = 0;
    if (coder->position < coder->size)
        byte = coder->data[coder->position];
    else if (coder->position >= coder->size + 3) /* the last byte has 3 zeros behind it */
        coder->failed = true;
    coder->position++;
    coder->code = coder->code << 8 | byte;
}

/* A bit that is 1 with `probability` / 65536, from PROBABILITY_LEAST to PROBABILITY_MOST. */
static inline int coder_bit(struct coder *coder, int bit, uint32_t probability)
{
    const uint32_t bound = (coder->range >> 16) * probability;
    if (coder->decoding)
        bit = coder->code < bound;
    if (bit) {
        coder->range = bound;
    } else {
        coder->range -= bound;
        if (coder->decoding)
            coder->code -= bound;
        else
            coder->low += bound;
    }
    coder->spent[coder->spent_on] += coder->logistic.cost[bit ? probability >> 4 : 4095 - (probability >> 4)];
    coder->decisions++;
    while (coder->range < 1u << 24) {
        coder->range <<= 8;
        if (coder->decoding)
            coder_shift_in(coder);
        else
            sned_coder_shift_out(coder);
    }
    return bit;
}

/* `count` bits that could be anything, the highest first. */
static inline uint32_t coder_bits(struct coder *coder, uint32_t value, int count)
{
    uint32_t coded = 0;
    for (int i = count - 1; i >= 0; i--)
        coded = coded << 1 | (uint32_t)coder_bit(coder, (int)(value >> i & 1), 1 << 15);
    return coded;
}

#endif
