/*
 * weights_ccoo16.c - the format for kernels: a non-zero weight with its row and column, and how many kernels
 * lie between.
 */
#include "codec/weights.h"

#include <string.h>

enum { CCOO_FIELD = 16, CCOO_MAX_STEP = 256 };

/* Kernels are small against the fields of 4 bits: what a field holds beyond the row or column tells how many
 * kernels to move on first. With A = 16 / R and B = 16 / S, rounded down, an entry moves on by a + A * b
 * kernels:
 *
 *      7           4 3            0
 *     +-------------+--------------+
 *     | row + R * a | column + S * b|        a < A, b < B: 0 to 24 kernels of 3 x 3, 0 to 8 of 5 x 5,
 *     +-------------+--------------+       0 of 11 x 11
 */

static sned_status check_kernel(const int shape[4], sned_error *error)
{
    if (shape[2] <= CCOO_FIELD && shape[3] <= CCOO_FIELD)
        return SNED_OK;
    return sned_fail(error, SNED_ERROR_UNSUPPORTED,
                     "ccoo16 holds kernels up to 16 x 16, not %d x %d; use gap16 or dense8", shape[2],
                     shape[3]);
}

sned_status sned_encode_ccoo16(const int8_t *weights, const int shape[4], size_t count, struct writer *writer,
                               sned_error *error)
{
    const size_t kernels = (size_t)shape[0] * shape[1];
    const unsigned rows = shape[2], columns = shape[3];
    const size_t a_count = CCOO_FIELD / rows, most = a_count * (CCOO_FIELD / columns) - 1;
    size_t reached = 0; /* the kernel where a decoder stands */
    for (size_t kernel = 0; kernel < kernels; kernel++) {
        for (unsigned r = 0; r < rows; r++) {
            for (unsigned s = 0; s < columns; s++) {
                int value = *weights++;
                if (value == 0)
                    continue;
                size_t ahead = kernel - reached;
                while (ahead > most) {
                    size_t step = ahead < CCOO_MAX_STEP ? ahead : CCOO_MAX_STEP;
                    weights_write_entry(writer, 0, (unsigned)step - 1);
                    ahead -= step;
                }
                unsigned row = r + rows * (unsigned)(ahead % a_count);
                unsigned column = s + columns * (unsigned)(ahead / a_count);
                weights_write_entry(writer, value, row << 4 | column);
                reached = kernel;
            }
        }
    }
    return SNED_OK;
}

static sned_status decode(const struct weight_stream *stream, struct weight_place *place, size_t begin,
                          size_t end, int8_t *weights, sned_error *error)
{
    const size_t entries = stream->size / 2, kernels = (size_t)stream->shape[0] * stream->shape[1];
    const unsigned rows = stream->shape[2], columns = stream->shape[3];
    const unsigned a_count = CCOO_FIELD / rows, b_count = CCOO_FIELD / columns;
    if (stream->size % 2 != 0)
        return weights_misfit("ccoo16", stream->size, stream->count, error);
    if (end > begin && weights)
        memset(weights, 0, end - begin);
    for (; place->entry < entries; place->entry++) {
        const uint8_t *entry = stream->data + 2 * place->entry;
        const unsigned row = entry[0] >> 4, column = entry[0] & 15, a = row / rows, b = column / columns;
        const size_t kernel = place->reached + a + a_count * b;
        const size_t at = (kernel * rows + row % rows) * columns + column % columns;
        if (entry[1] == 0) {
            place->reached += (size_t)entry[0] + 1;
            continue;
        }
        if (kernel >= kernels || a >= a_count || b >= b_count)
            return sned_fail(
                error, SNED_ERROR_FORMAT,
                "ccoo16: entry %zu lies outside the weights: kernel %zu of %zu, fields %u and %u",
                place->entry, kernel, kernels, row, column);
        if ((int8_t)entry[1] == INT8_MIN)
            return weights_too_low("ccoo16", error);
        if (at >= end)
            break;
        if (weights)
            weights[at - begin] = (int8_t)entry[1];
        place->reached = kernel;
    }
    return SNED_OK;
}

const struct weight_coding sned_weights_ccoo16 = {"ccoo16", check_kernel, NULL, decode};
