/*
 * weights.c - a layer's int8 weights to bytes and back, in any of the formats: their table, and what holds
 * for all of them. dense8 is simply every weight, one byte.
 */
#include "codec/weights.h"

#include <string.h>

static sned_status encode_dense(const int8_t *weights, const int shape[4], size_t count,
                                struct writer *writer, sned_error *error)
{
    sned_write_bytes(writer, weights, count);
    return SNED_OK;
}

static sned_status decode_dense(const struct weight_stream *stream, struct weight_place *place, size_t begin,
                                size_t end, int8_t *weights, sned_error *error)
{
    const size_t count = end - begin;
    if (stream->size != stream->count)
        return weights_misfit("dense8", stream->size, stream->count, error);
    if (count && memchr(stream->data + begin, INT8_MIN & 0xff, count))
        return weights_too_low("dense8", error);
    if (count && weights)
        memcpy(weights, stream->data + begin, count);
    return SNED_OK;
}

static const struct weight_coding dense8 = {"dense8", NULL, NULL, decode_dense};

/* Its weights have no stream of their own: mixed_section.c. */
static const struct weight_coding mixed = {"mixed", NULL, NULL, NULL};

static const struct weight_coding *const codings[FORMAT_COUNT] = {
    [FORMAT_DENSE8] = &dense8, [FORMAT_CCOO16] = &sned_weights_ccoo16, [FORMAT_GAP16] = &sned_weights_gap16,
    [FORMAT_MIXED] = &mixed,   [FORMAT_RANS] = &sned_weights_rans,
};

static weights_encoder *const encoders[FORMAT_COUNT] = {
    [FORMAT_DENSE8] = encode_dense,
    [FORMAT_CCOO16] = sned_encode_ccoo16,
    [FORMAT_GAP16] = sned_encode_gap16,
    [FORMAT_RANS] = sned_encode_rans,
};

static const struct weight_coding *coding_of(enum weight_format format)
{
    return (unsigned)format < FORMAT_COUNT ? codings[format] : NULL;
}

const char *sned_format_name(enum weight_format format)
{
    const struct weight_coding *coding = coding_of(format);
    return coding ? coding->name : "unknown";
}

/* How many weights; K may be 0 (every filter left out). */
static sned_status count_weights(const int shape[4], size_t *count, sned_error *error)
{
    *count = 1;
    for (int i = 0; i < 4; i++) {
        if (shape[i] < (i > 0) || shape[i] > GRAPH_MAX_DIM || !sned_size_multiply(*count, shape[i], count) ||
            *count > SNED_MAX_WEIGHTS)
            return sned_fail(error, SNED_ERROR_SHAPE, "weights of %d x %d x %d x %d cannot be stored",
                             shape[0], shape[1], shape[2], shape[3]);
    }
    return SNED_OK;
}

bool sned_weights_fit(enum weight_format format, const int shape[4])
{
    const struct weight_coding *coding = coding_of(format);
    return coding && (!coding->check || coding->check(shape, NULL) == SNED_OK);
}

sned_status sned_weights_encode(enum weight_format format, const int8_t *weights, const int shape[4],
                                struct buffer *out, sned_error *error)
{
    const struct weight_coding *coding = coding_of(format);
    size_t count;
    SNED_TRY(count_weights(shape, &count, error));
    if (!coding)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "weight format %d does not exist", (int)format);
    if (!encoders[format])
        return sned_fail(error, SNED_ERROR_UNSUPPORTED, "%s: not a format of a layer alone", coding->name);
    if (count && memchr(weights, INT8_MIN & 0xff, count))
        return sned_fail(error, SNED_ERROR_ARGUMENT, "a weight of -128; weights are from -127 to 127");
    if (coding->check)
        SNED_TRY(coding->check(shape, error));
    struct writer writer = {.buffer = *out};
    sned_status status = encoders[format](weights, shape, count, &writer, error);
    *out = writer.buffer;
    if (status == SNED_OK && writer.status != SNED_OK)
        status = sned_fail(error, writer.status, "out of memory for weights");
    return status;
}

sned_status sned_weights_check(enum weight_format format, const int shape[4], size_t *count,
                               sned_error *error)
{
    const struct weight_coding *coding = coding_of(format);
    SNED_TRY(count_weights(shape, count, error));
    if (!coding || (!coding->decode && !coding->decode_part))
        return sned_fail(error, SNED_ERROR_UNSUPPORTED,
                         "weight format %d is not known; a newer version of sned may read it", (int)format);
    return coding->check ? coding->check(shape, error) : SNED_OK;
}

bool sned_weights_have_parts(const struct weight_stream *stream)
{
    return coding_of(stream->format)->decode_part;
}

sned_status sned_weights_decode_part(const struct weight_stream *stream, struct weight_place *place,
                                     size_t begin, size_t end, int8_t *weights, sned_error *error)
{
    return coding_of(stream->format)->decode_part(stream, place, begin, end, weights, error);
}

sned_status sned_weights_decode(enum weight_format format, const uint8_t *data, size_t size,
                                const int shape[4], int8_t *weights, sned_error *error)
{
    struct weight_stream stream = {format, data, size, {shape[0], shape[1], shape[2], shape[3]}, 0};
    struct weight_place place = {0};
    SNED_TRY(sned_weights_check(format, shape, &stream.count, error));
    if (sned_weights_have_parts(&stream))
        return sned_weights_decode_part(&stream, &place, 0, stream.count, weights, error);
    SNED_TRY(coding_of(format)->decode(&stream, weights, error));
    if (stream.count && memchr(weights, INT8_MIN & 0xff, stream.count))
        return weights_too_low(sned_format_name(format), error);
    return SNED_OK;
}
