/*
 * weights_gap16.c - the format for any shape: a non-zero weight, and how many zeros lie before it.
 */
#include "codec/weights.h"

#include <string.h>

enum { GAP_MAX = 255 };

static sned_status encode(const int8_t *weights, const int shape[4], size_t count, struct writer *writer,
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

static sned_status decode(const uint8_t *data, size_t size, const int shape[4], size_t count, int8_t *weights,
                          sned_error *error)
{
    const size_t entries = size / 2;
    size_t next = 0;
    if (size % 2 != 0)
        return weights_misfit("gap16", size, count, error);
    if (count)
        memset(weights, 0, count);
    for (size_t i = 0; i < entries; i++) {
        size_t gap = data[2 * i];
        int8_t value = (int8_t)data[2 * i + 1];
        if (value == 0 && gap != GAP_MAX)
            return sned_fail(error, SNED_ERROR_FORMAT, "gap16: entry %zu is a zero with a gap of %zu", i,
                             gap);
        if (gap >= count - next)
            return sned_fail(error, SNED_ERROR_FORMAT, "gap16: entry %zu lies past the last of %zu weights",
                             i, count);
        weights[next + gap] = value;
        next += gap + 1;
    }
    return SNED_OK;
}

const struct weight_coding sned_weights_gap16 = {"gap16", NULL, encode, decode};
