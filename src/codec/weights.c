/*
 * weights.c - the three formats of a layer's int8 weights: dense8, ccoo16, gap16 (docs/format.md, "WEIGHTS").
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
#include "codec/codec.h"
#include "codec/fields.h"

#include <string.h>

enum { CCOO_FIELD = 16, CCOO_MAX_STEP = 256, GAP_MAX = 255 };

const char *sned_format_name(enum weight_format format)
{
    static const char *const names[FORMAT_COUNT] = {"dense8", "ccoo16", "gap16"};
    return (unsigned)format < FORMAT_COUNT ? names[format] : "unknown";
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

static void write_entry(struct writer *writer, int value, unsigned low)
{
    sned_write_u16(writer, (uint16_t)((unsigned)(uint8_t)value << 8 | low));
}

/* ---- ccoo16 ----
 *
 * Kernels are small against the fields of 4 bits: what a field holds beyond the row or column tells how many
 * kernels to move on first. With A = 16 / R and B = 16 / S, rounded down, an entry moves on by a + A * b
 * kernels:
 *
 *      7           4 3            0
 *     +-------------+--------------+
 *     | row + R * a | column + S * b|        a < A, b < B: 0 to 24 kernels of 3 x 3, 0 to 8 of 5 x 5, 0 of 11
 * x 11
 *     +-------------+--------------+
 */

static sned_status check_kernel(const int shape[4], sned_error *error)
{
    if (shape[2] <= CCOO_FIELD && shape[3] <= CCOO_FIELD)
        return SNED_OK;
    return sned_fail(error, SNED_ERROR_UNSUPPORTED,
                     "ccoo16 holds kernels up to 16 x 16, not %d x %d; use gap16 or dense8", shape[2],
                     shape[3]);
}

static void encode_ccoo(const int8_t *weights, const int shape[4], struct writer *writer)
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
                    write_entry(writer, 0, (unsigned)step - 1);
                    ahead -= step;
                }
                unsigned row = r + rows * (unsigned)(ahead % a_count);
                unsigned column = s + columns * (unsigned)(ahead / a_count);
                write_entry(writer, value, row << 4 | column);
                reached = kernel;
            }
        }
    }
}

static sned_status decode_ccoo(const uint8_t *data, size_t entries, const int shape[4], int8_t *weights,
                               sned_error *error)
{
    const size_t kernels = (size_t)shape[0] * shape[1];
    const unsigned rows = shape[2], columns = shape[3];
    const unsigned a_count = CCOO_FIELD / rows, b_count = CCOO_FIELD / columns;
    size_t kernel = 0;
    for (size_t i = 0; i < entries; i++) {
        unsigned row = data[2 * i] >> 4, column = data[2 * i] & 15;
        int8_t value = (int8_t)data[2 * i + 1];
        if (value == 0) {
            kernel += (size_t)data[2 * i] + 1;
            continue;
        }
        unsigned a = row / rows, b = column / columns;
        kernel += a + a_count * b;
        if (kernel >= kernels || a >= a_count || b >= b_count)
            return sned_fail(
                error, SNED_ERROR_FORMAT,
                "ccoo16: entry %zu lies outside the weights: kernel %zu of %zu, fields %u and %u", i, kernel,
                kernels, row, column);
        weights[(kernel * rows + row % rows) * columns + column % columns] = value;
    }
    return SNED_OK;
}

/* ---- gap16 ---- */

static void encode_gap(const int8_t *weights, size_t count, struct writer *writer)
{
    size_t next = 0; /* where a decoder stands */
    for (size_t i = 0; i < count; i++) {
        if (weights[i] == 0)
            continue;
        for (; i - next > GAP_MAX; next += GAP_MAX + 1)
            write_entry(writer, 0, GAP_MAX);
        write_entry(writer, weights[i], (unsigned)(i - next));
        next = i + 1;
    }
}

static sned_status decode_gap(const uint8_t *data, size_t entries, size_t count, int8_t *weights,
                              sned_error *error)
{
    size_t next = 0;
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

/* ---- all formats ---- */

sned_status sned_weights_encode(enum weight_format format, const int8_t *weights, const int shape[4],
                                struct buffer *out, sned_error *error)
{
    size_t count;
    SNED_TRY(count_weights(shape, &count, error));
    if (count && memchr(weights, INT8_MIN & 0xff, count))
        return sned_fail(error, SNED_ERROR_ARGUMENT, "a weight of -128; weights are from -127 to 127");
    if (format == FORMAT_DENSE8)
        return sned_buffer_append(out, weights, count, error);

    struct writer writer = {.buffer = *out};
    if (format == FORMAT_CCOO16) {
        SNED_TRY(check_kernel(shape, error));
        encode_ccoo(weights, shape, &writer);
    } else if (format == FORMAT_GAP16) {
        encode_gap(weights, count, &writer);
    } else {
        return sned_fail(error, SNED_ERROR_ARGUMENT, "weight format %d does not exist", (int)format);
    }
    *out = writer.buffer;
    return writer.status == SNED_OK ? SNED_OK : sned_fail(error, writer.status, "out of memory for weights");
}

sned_status sned_weights_decode(enum weight_format format, const uint8_t *data, size_t size,
                                const int shape[4], int8_t *weights, sned_error *error)
{
    size_t count;
    SNED_TRY(count_weights(shape, &count, error));
    if (format != FORMAT_DENSE8 && format != FORMAT_CCOO16 && format != FORMAT_GAP16)
        return sned_fail(error, SNED_ERROR_UNSUPPORTED,
                         "weight format %d is not known; a newer version of sned may read it", (int)format);
    if (format == FORMAT_DENSE8 ? size != count : size % 2 != 0)
        return sned_fail(error, SNED_ERROR_FORMAT, "%s: %zu bytes do not fit %zu weights",
                         sned_format_name(format), size, count);
    /* One weight of -128 would do no harm here, but accumulators are proved safe for -127 to 127. */
    if (format != FORMAT_DENSE8) {
        for (size_t i = 1; i < size; i += 2) {
            if (data[i] == (INT8_MIN & 0xff))
                return sned_fail(error, SNED_ERROR_FORMAT, "%s: a weight of -128", sned_format_name(format));
        }
        memset(weights, 0, count);
    } else if (count) {
        if (memchr(data, INT8_MIN & 0xff, count))
            return sned_fail(error, SNED_ERROR_FORMAT, "dense8: a weight of -128");
        memcpy(weights, data, count);
    }
    if (format == FORMAT_CCOO16) {
        SNED_TRY(check_kernel(shape, error));
        return decode_ccoo(data, size / 2, shape, weights, error);
    }
    return format == FORMAT_GAP16 ? decode_gap(data, size / 2, count, weights, error) : SNED_OK;
}
