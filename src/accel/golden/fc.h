/*
 * fc.h - what the FC engine computes from its stream, bit for bit: the C twin of rtl/fc/sned_fc.sv.
 */
#ifndef SNED_ACCEL_GOLDEN_FC_H
#define SNED_ACCEL_GOLDEN_FC_H

#include "accel/program/fc_stream.h"

/*
 * inputs [stream->inputs]: the bytes as they lie in the activation memory. results [stream->outputs]:
 * clamped; the engine writes their lowest 8 bits, and the next 8 where results are wide. The stream is not
 * trusted, and need not come from fc_stream_make: start[] may be anywhere in bytes. SNED_ERROR_DATA where it
 * ends amid a port's part, or a weight has a row that its block does not have (the engine's error_o).
 */
sned_status golden_fc_run(const struct fc_stream *stream, const uint8_t *inputs, int32_t *results,
                          sned_error *error);

/* A port's part of a stream, once it is known to be there. */
struct fc_part {
    const uint8_t *lengths, *records; /* in the stream's bytes */
    size_t column, limit;             /* beats: where columns begin, where the stream ends */
    int rows, length_beats, record_beats;
};

/* SNED_ERROR_DATA: the stream has no room for lengths and records. A port without rows has none. */
sned_status fc_part_find(struct fc_part *part, const struct fc_stream *stream, int port, sned_error *error);

#endif
