/*
 * fc.c - see fc.h.
 */
#include "accel/golden/fc.h"
#include "accel/program/numbers.h"
#include "base/memory.h"

#include <stdlib.h>

sned_status fc_part_find(struct fc_part *part, const struct fc_stream *stream, int port, sned_error *error)
{
    *part = (struct fc_part){.rows = fc_stream_rows(stream, port), .limit = stream->beats};
    if (!part->rows)
        return SNED_OK;
    part->length_beats = (int)divide_up(stream->inputs, FC_BEAT_BYTES);
    part->record_beats = (int)divide_up(part->rows, 2);
    part->column = (size_t)stream->start[port] + (size_t)part->length_beats + (size_t)part->record_beats;
    if (part->column > stream->beats)
        return sned_fail(error, SNED_ERROR_DATA, "fc stream: port %d's tables end at beat %zu of %zu", port,
                         part->column, stream->beats);
    part->lengths = stream->bytes + (size_t)stream->start[port] * FC_BEAT_BYTES;
    part->records = part->lengths + (size_t)part->length_beats * FC_BEAT_BYTES;
    return SNED_OK;
}

/* The low FC_SUM_BITS of a number, as a signed one. */
static int32_t wrap(int64_t value)
{
    const uint64_t mask = ((uint64_t)1 << FC_SUM_BITS) - 1, sign = (uint64_t)1 << (FC_SUM_BITS - 1);
    return (int32_t)((int64_t)(((uint64_t)value & mask) ^ sign) - (int64_t)sign);
}

static sned_status add_column(const struct fc_stream *stream, size_t beat, int beats, int rows, int input,
                              int32_t *sums, sned_error *error)
{
    int place = 0;
    for (int b = 0; b < beats; b++) {
        int8_t weights[FC_ENTRIES];
        int at[FC_ENTRIES];
        fc_beat_unpack(stream->bytes + (beat + (size_t)b) * FC_BEAT_BYTES, &place, weights, at);
        for (int j = 0; j < FC_ENTRIES; j++) {
            if (!weights[j])
                continue;
            if (at[j] >= rows)
                return sned_fail(error, SNED_ERROR_DATA, "fc stream: beat %zu has a weight for row %d of %d",
                                 beat + (size_t)b, at[j], rows);
            sums[at[j]] = wrap(sums[at[j]] + (int64_t)weights[j] * input);
        }
    }
    return SNED_OK;
}

static uint64_t record_bits(const uint8_t *record, int byte, int count)
{
    uint64_t value = 0;
    for (int i = 0; i < count; i++)
        value |= (uint64_t)record[byte + i] << 8 * i;
    return value;
}

/* floor((sum + bias) multiplier / 2^shift + 1/2) in range. A record's shift may be anything. */
static int32_t scaled(int32_t sum, const uint8_t *record, int low, int high)
{
    const int32_t total = wrap((int64_t)sum + (int64_t)record_bits(record, 0, 4));
    const int multiplier = (int)record_bits(record, 4, 2), shift = record[6] & 63;
    const int64_t product = (int64_t)total * multiplier;
    const int64_t value = shift ? (product + ((int64_t)1 << (shift - 1))) >> shift : product;
    return (int32_t)(value < low ? low : value > high ? high : value);
}

static sned_status run_port(const struct fc_stream *stream, int port, const uint8_t *inputs, int32_t *sums,
                            int32_t *results, sned_error *error)
{
    struct fc_part part;
    SNED_TRY(fc_part_find(&part, stream, port, error));
    size_t column = part.column;
    for (int i = 0; part.rows && i < stream->inputs; i++) {
        const int beats = part.lengths[i];
        if (!inputs[i]) {
            column += (size_t)beats; /* may lead beyond the end: nothing is read there */
            continue;
        }
        if (column > part.limit || (size_t)beats > part.limit - column)
            return sned_fail(error, SNED_ERROR_DATA, "fc stream: ends within input %d's column for port %d",
                             i, port);
        SNED_TRY(add_column(stream, column, beats, part.rows,
                            stream->is_signed ? (int8_t)inputs[i] : inputs[i], sums, error));
        column += (size_t)beats;
    }
    for (int r = 0; r < part.rows; r++)
        results[fc_stream_first(stream, port) + r] =
            scaled(sums[r], part.records + (size_t)r * 8, stream->low, stream->high);
    return SNED_OK;
}

sned_status golden_fc_run(const struct fc_stream *stream, const uint8_t *inputs, int32_t *results,
                          sned_error *error)
{
    sned_status status = SNED_OK;
    for (int p = 0; p < stream->ports && status == SNED_OK; p++) {
        int32_t *sums;
        SNED_TRY(sned_alloc(&sums, (size_t)fc_stream_rows(stream, p), sizeof *sums, error));
        status = run_port(stream, p, inputs, sums, results, error);
        free(sums);
    }
    return status;
}
