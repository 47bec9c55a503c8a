/*
 * weights_gap16.c - the format for any shape: a non-zero weight, and how many zeros lie before it.
 */
#include "codec/weights.h"

#include <string.h>

enum { GAP_MAX = 255 };

sned_status sned_encode_gap16(const int8_t *weights, const int shape[4], size_t count, struct writer *writer,
                              sned_error *error)
{
    size_t next = 0; /* where a decoder stands */
    for (size_t i = 0; i < count; i++) {
        if (weights[i] == 0)
            continue;
        for (; i - next > GAP_MAX; next += GAP_MAX + 1)
            weights_write_entry(writer, 0, GAP_MAX);
        weights_write_entry(writer, weights[i], (unsigned)(i - next));
        next = i + 1;
    }
    return SNED_OK;
}

static sned_status decode(const struct weight_stream *stream, struct weight_place *place, size_t begin,
                          size_t end, int8_t *weights, sned_error *error)
{
    const size_t entries = stream->size / 2;
    if (stream->size % 2 != 0)
        return weights_misfit("gap16", stream->size, stream->count, error);
    if (end > begin && weights)
        memset(weights, 0, end - begin);
    for (; place->entry < entries; place->entry++) {
        const size_t gap = stream->data[2 * place->entry], at = place->reached + gap;
        const int8_t value = (int8_t)stream->data[2 * place->entry + 1];
        if (value == 0 && gap != GAP_MAX)
            return sned_fail(error, SNED_ERROR_FORMAT, "gap16: entry %zu is a zero with a gap of %zu",
                             place->entry, gap);
        if (gap >= stream->count - place->reached)
            return sned_fail(error, SNED_ERROR_FORMAT, "gap16: entry %zu lies past the last of %zu weights",
                             place->entry, stream->count);
        if (value == INT8_MIN)
            return weights_too_low("gap16", error);
        if (at >= end)
            break;
        if (weights)
            weights[at - begin] = value;
        place->reached = at + 1;
    }
    return SNED_OK;
}

const struct weight_coding sned_weights_gap16 = {"gap16", NULL, NULL, decode};
