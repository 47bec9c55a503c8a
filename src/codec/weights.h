/*
 * weights.h - the formats of a layer's int8 weights as rows of one table (weights.c): a new format is a file
 * with a row (docs/format.md, "WEIGHTS").
 *
 * An entry of the two sparse formats is 16 bits, little endian, the value on top; a non-zero weight costs
 * one, and since no stored weight is 0, the value 0 is free to mean "move on".
 *
 *      15             8 7     4 3     0            15             8 7             0
 *     +----------------+-------+-------+          +----------------+---------------+
 *     |     value      |  row  | column|  ccoo16  |     value      |      gap      |  gap16
 *     +----------------+-------+-------+          +----------------+---------------+
 *     |       0        |  kernels - 1  |          |       0        |      255      |  256 zeros
 *     +----------------+---------------+          +----------------+---------------+
 */
#ifndef SNED_CODEC_WEIGHTS_H
#define SNED_CODEC_WEIGHTS_H

#include "codec/codec.h"
#include "codec/fields.h"

/* A layer's weights as a file has them: `size` bytes that are not trusted, of `count` weights,
 * [shape[0]][shape[1]][shape[2]][shape[3]]. */
struct weight_stream {
    enum weight_format format;
    const uint8_t *data;
    size_t size;
    int shape[4];
    size_t count;
};

/* How far a decoder has come: to that entry, and to that weight or kernel, as the format counts. */
struct weight_place {
    size_t entry, reached;
};

/* Weights are [shape[0]][shape[1]][shape[2]][shape[3]], `count` of them, none of which is -128. */
struct weight_coding {
    const char *name;
    /* Refuses shapes that the format cannot hold; NULL: it holds all. */
    sned_status (*check)(const int shape[4], sned_error *error);
    /* Writes all weights, of a stream whose bytes are consumed exactly, or refused. */
    sned_status (*decode)(const struct weight_stream *stream, int8_t *weights, sned_error *error);
    /* Or, where a filter can be had without those before it: from *place on, which belongs to weight `begin`,
     * writes weights [begin, end) to `weights`, or nowhere if it is NULL, and leaves the place of `end`. Both
     * are where filters begin; at the last one's end all bytes have been consumed. */
    sned_status (*decode_part)(const struct weight_stream *stream, struct weight_place *place, size_t begin,
                               size_t end, int8_t *weights, sned_error *error);
};
extern const struct weight_coding sned_weights_ccoo16; /* weights_ccoo16.c */
extern const struct weight_coding sned_weights_gap16;  /* weights_gap16.c */
extern const struct weight_coding sned_weights_rans;   /* weights_rans.c */

/* What writes a format is no part of its row, so that a program that only reads is linked without. */
typedef sned_status weights_encoder(const int8_t *weights, const int shape[4], size_t count,
                                    struct writer *writer, sned_error *error);
weights_encoder sned_encode_ccoo16, sned_encode_gap16, sned_encode_rans;

/* Whether there is a decoder for the format and it can hold the shape; *count: of its weights. */
sned_status sned_weights_check(enum weight_format format, const int shape[4], size_t *count,
                               sned_error *error);

/* Whether the stream's format is decoded by parts, and a part, as above. */
bool sned_weights_have_parts(const struct weight_stream *stream);
sned_status sned_weights_decode_part(const struct weight_stream *stream, struct weight_place *place,
                                     size_t begin, size_t end, int8_t *weights, sned_error *error);

/* An entry of a sparse format. */
static inline void weights_write_entry(struct writer *writer, int value, unsigned low)
{
    sned_write_u16(writer, (uint16_t)((unsigned)(uint8_t)value << 8 | low));
}

/* What every decoder says of bytes that cannot be so many weights. */
static inline sned_status weights_misfit(const char *name, size_t size, size_t count, sned_error *error)
{
    return sned_fail(error, SNED_ERROR_FORMAT, "%s: %zu bytes do not fit %zu weights", name, size, count);
}

/* One would do no harm, but accumulators are proved safe for -127 to 127. */
static inline sned_status weights_too_low(const char *name, sned_error *error)
{
    return sned_fail(error, SNED_ERROR_FORMAT, "%s: a weight of -128", name);
}

#endif
