/*
 * fc_stream.c - see fc_stream.h.
 */
#include "accel/program/fc_stream.h"
#include "accel/program/numbers.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

/* The most that a gap says: 5 bits for those whose upper bit is one of the beat's last 8, else 4. */
static int most_gap(int entry)
{
    return entry < 8 ? 31 : 15;
}

/* ---- a beat's bits, the lowest of the first byte first ---- */

static void put_bits(uint8_t *beat, int at, int count, unsigned value)
{
    for (int i = 0; i < count; i++, at++)
        beat[at / 8] |= (uint8_t)((value >> i & 1) << at % 8);
}

static unsigned get_bits(const uint8_t *beat, int at, int count)
{
    const unsigned both = beat[at / 8] | (at / 8 + 1 < FC_BEAT_BYTES ? (unsigned)beat[at / 8 + 1] << 8 : 0);
    return both >> at % 8 & ((1U << count) - 1);
}

static void put_entry(uint8_t *beat, int entry, int8_t weight, int gap)
{
    put_bits(beat, 12 * entry, 8, (uint8_t)weight);
    put_bits(beat, 12 * entry + 8, 4, (unsigned)gap & 15);
    if (entry < 8)
        put_bits(beat, 12 * FC_ENTRIES + entry, 1, (unsigned)gap >> 4);
}

void fc_beat_unpack(const uint8_t *beat, int *place, int8_t weights[FC_ENTRIES], int rows[FC_ENTRIES])
{
    for (int j = 0; j < FC_ENTRIES; j++) {
        const unsigned upper = j < 8 ? get_bits(beat, 12 * FC_ENTRIES + j, 1) : 0;
        const int gap = (int)(get_bits(beat, 12 * j + 8, 4) | upper << 4);
        weights[j] = (int8_t)get_bits(beat, 12 * j, 8);
        rows[j] = *place + gap;
        *place += weights[j] ? gap + 1 : (gap + 1) * FC_STEP;
    }
}

/* ---- blocks ---- */

static int block_rows(const struct fc_stream *stream)
{
    return (int)divide_up(stream->outputs, stream->ports);
}

int fc_stream_first(const struct fc_stream *stream, int port)
{
    const int first = port * block_rows(stream);
    return first < stream->outputs ? first : stream->outputs;
}

int fc_stream_rows(const struct fc_stream *stream, int port)
{
    return fc_stream_first(stream, port + 1) - fc_stream_first(stream, port);
}

/* ---- writing ---- */

struct column_writer {
    struct buffer *buffer;
    uint8_t beat[FC_BEAT_BYTES];
    int entry, beats;
};

static sned_status next_entry(struct column_writer *w, int8_t weight, int gap, sned_error *error)
{
    put_entry(w->beat, w->entry++, weight, gap);
    if (w->entry < FC_ENTRIES)
        return SNED_OK;
    SNED_TRY(sned_buffer_append(w->buffer, w->beat, sizeof w->beat, error));
    memset(w->beat, 0, sizeof w->beat);
    w->entry = 0;
    w->beats++;
    return SNED_OK;
}

/* The part of input i's column for the rows [first, first + rows). */
static sned_status write_column(struct buffer *buffer, const struct fc_gemm *gemm, int i, int first, int rows,
                                int *beats, sned_error *error)
{
    struct column_writer w = {.buffer = buffer};
    int place = 0;
    for (int r = 0; r < rows; r++) {
        const int8_t weight = gemm->weights[(size_t)(first + r) * (size_t)gemm->inputs + (size_t)i];
        if (!weight)
            continue;
        while (r - place > most_gap(w.entry)) {
            const int wanted = (r - place) / FC_STEP, most = most_gap(w.entry) + 1;
            const int steps = wanted < most ? wanted : most;
            SNED_TRY(next_entry(&w, 0, steps - 1, error));
            place += steps * FC_STEP;
        }
        SNED_TRY(next_entry(&w, weight, r - place, error));
        place = r + 1;
    }
    while (w.entry)
        SNED_TRY(next_entry(&w, 0, 0, error));
    *beats = w.beats;
    return SNED_OK;
}

static sned_status write_records(struct buffer *buffer, const struct fc_gemm *gemm, int first, int rows,
                                 sned_error *error)
{
    for (int r = 0; r < rows; r += 2) {
        uint8_t beat[FC_BEAT_BYTES] = {0};
        for (int k = first + r; k < first + rows && k < first + r + 2; k++) {
            const int at = 64 * (k - first - r);
            const uint32_t bias = gemm->bias ? (uint32_t)gemm->bias[k] : 0;
            put_bits(beat, at, 32, bias);
            put_bits(beat, at + 32, 16, gemm->scalings[k].multiplier);
            put_bits(beat, at + 48, 6, gemm->scalings[k].shift);
        }
        SNED_TRY(sned_buffer_append(buffer, beat, sizeof beat, error));
    }
    return SNED_OK;
}

static sned_status write_port(struct buffer *buffer, const struct fc_gemm *gemm, int first, int rows,
                              sned_error *error)
{
    const size_t start = buffer->size;
    const uint8_t zeros[FC_BEAT_BYTES] = {0};
    for (int i = 0; i < gemm->inputs; i += FC_BEAT_BYTES)
        SNED_TRY(sned_buffer_append(buffer, zeros, sizeof zeros, error));
    SNED_TRY(write_records(buffer, gemm, first, rows, error));
    for (int i = 0; i < gemm->inputs; i++) {
        int beats;
        SNED_TRY(write_column(buffer, gemm, i, first, rows, &beats, error));
        if (beats > 255)
            return sned_fail(error, SNED_ERROR_UNSUPPORTED,
                             "fc: the column of input %d takes %d beats; 255 is the most", i, beats);
        buffer->data[start + (size_t)i] = (uint8_t)beats;
    }
    return SNED_OK;
}

/* ---- what the engine has no room for ---- */

/* The least and the largest sum of each output: only these, as sums wrap, and are back at the end. */
static sned_status check_sums(const struct fc_gemm *gemm, sned_error *error)
{
    const int64_t smallest = gemm->is_signed ? -128 : 0, largest = gemm->is_signed ? 127 : 255;
    const int64_t limit = (int64_t)1 << (FC_SUM_BITS - 1);
    for (int k = 0; k < gemm->outputs; k++) {
        const int64_t bias = gemm->bias ? gemm->bias[k] : 0;
        int64_t least = bias, most = bias;
        for (int i = 0; i < gemm->inputs; i++) {
            const int64_t weight = gemm->weights[(size_t)k * (size_t)gemm->inputs + (size_t)i];
            least += weight * (weight < 0 ? largest : smallest);
            most += weight * (weight < 0 ? smallest : largest);
        }
        if (bias < -limit || bias >= limit || least < -limit || most >= limit)
            return sned_fail(error, SNED_ERROR_UNSUPPORTED,
                             "fc: the sum of output %d may be %lld to %lld, beyond %d bits", k,
                             (long long)least, (long long)most, FC_SUM_BITS);
    }
    return SNED_OK;
}

static sned_status check_sizes(const struct fc_gemm *gemm, const struct fc_shape *shape, sned_error *error)
{
    const int64_t most = (int64_t)shape->ports * shape->lanes * shape->lane_rows;
    if (gemm->inputs < 1 || gemm->inputs > 65535 || gemm->outputs < 1 || gemm->outputs > 65535 ||
        gemm->outputs > most)
        return sned_fail(error, SNED_ERROR_UNSUPPORTED,
                         "fc: %d inputs and %d outputs; the engine takes 1 to 65535 and 1 to %lld",
                         gemm->inputs, gemm->outputs, (long long)(most < 65535 ? most : 65535));
    if (gemm->low < -65536 || gemm->high > 65535 || gemm->low > gemm->high)
        return sned_fail(error, SNED_ERROR_UNSUPPORTED, "fc: a clamp of %d to %d; 17 bits are the most",
                         gemm->low, gemm->high);
    return SNED_OK;
}

sned_status fc_stream_make(struct fc_stream *stream, const struct fc_gemm *gemm, const struct fc_shape *shape,
                           sned_error *error)
{
    struct buffer buffer = {0};
    sned_status status;
    *stream = (struct fc_stream){.inputs = gemm->inputs,
                                 .outputs = gemm->outputs,
                                 .ports = shape->ports,
                                 .low = gemm->low,
                                 .high = gemm->high,
                                 .is_signed = gemm->is_signed,
                                 .wide = gemm->wide};
    SNED_TRY_DONE(check_sizes(gemm, shape, error));
    SNED_TRY_DONE(check_sums(gemm, error));
    for (int p = 0; p < shape->ports; p++) {
        const int rows = fc_stream_rows(stream, p);
        stream->start[p] = (uint32_t)(buffer.size / FC_BEAT_BYTES);
        if (rows)
            SNED_TRY_DONE(write_port(&buffer, gemm, fc_stream_first(stream, p), rows, error));
        /* The engine counts a port's beats in 28 bits. */
        if (buffer.size / FC_BEAT_BYTES - stream->start[p] > (size_t)1 << 28) {
            status =
                sned_fail(error, SNED_ERROR_UNSUPPORTED, "fc: the weights of a port take more than 4 GB");
            goto done;
        }
    }
    stream->bytes = buffer.data;
    stream->beats = buffer.size / FC_BEAT_BYTES;
    return SNED_OK;
done:
    sned_buffer_free(&buffer);
    *stream = (struct fc_stream){0};
    return status;
}

void fc_stream_free(struct fc_stream *stream)
{
    free(stream->bytes);
    *stream = (struct fc_stream){0};
}
