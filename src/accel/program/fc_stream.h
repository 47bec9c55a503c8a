/*
 * fc_stream.h - what the FC engine reads from DDR: one Gemm's weights, column by column.
 *
 * The outputs are cut into `ports` blocks of ceil(outputs / ports) rows, the last shorter or none. Each port
 * reads its block's part of DDR by itself, in beats of 16 bytes:
 *
 *     start                         + L                     + L + R
 *       +-----------------------------+-----------------------+------------------------------------------+
 *       | lengths: beats of each      | records, two a beat   | columns of the inputs 0, 1, 2 ..., each  |
 *       | input's column, a byte each |                       | as many beats as its length says         |
 *       +-----------------------------+-----------------------+------------------------------------------+
 *     L = ceil(inputs / 16), R = ceil(rows / 2)
 *
 *     beat of a column   127            120 119      116 115    108       11       8 7        0
 *                       +------------------+------------+----------+-----+----------+----------+
 *                       | bit 4 of gap 7,  | gap 9,     | weight 9 | ... | gap 0,   | weight 0 |
 *                       | of gap 6, .. 0   | bits 3 - 0 |          |     | 3 - 0    |          |
 *                       +------------------+------------+----------+-----+----------+----------+
 *     record             63    54 53   48 47           32 31           0
 *                       +--------+-------+---------------+--------------+
 *                       |   0    | shift |  multiplier   | bias, signed |
 *                       +--------+-------+---------------+--------------+
 *
 * An entry of a weight that is not 0: `gap` rows lie between it and the one before (before the first: row
 * -1). A weight of 0 is none: it steps (gap + 1) x 16 rows on. The last two entries of a beat have gaps of 4
 * bits, the others of 5: at a density of .09 that makes 8.8 weights a beat, where 4 bits and steps of one gap
 * make 7.5; at .25 it is 9.8. A column without weights has the length 0. Lengths cost a sixteenth of a beat
 * an input, and are read in a row, without knowing which inputs are 0; a column's place is the sum of those
 * before.
 */
#ifndef SNED_ACCEL_PROGRAM_FC_STREAM_H
#define SNED_ACCEL_PROGRAM_FC_STREAM_H

#include "base/error.h"
#include "graph/graph.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    FC_PORTS = 4,    /* at most */
    FC_ENTRIES = 10, /* of a beat */
    FC_BEAT_BYTES = 16,
    FC_SUM_BITS = 27, /* of a row's sum: sned_pkg's SumWidth */
    FC_STEP = 16      /* rows of a step for each gap */
};

/* The engine's parameters. All powers of two. */
struct fc_shape {
    int ports, lanes; /* lanes of a port */
    int lane_rows;    /* rows of a lane: outputs at most = ports x lanes x lane_rows */
};

/* A Gemm, or outputs [k, k + n) of one: pointers to the k-th of each, outputs = n. */
struct fc_gemm {
    int inputs, outputs;            /* 1 to 65535 */
    const int8_t *weights;          /* [outputs][inputs] */
    const int32_t *bias;            /* [outputs]; NULL: all 0 */
    const struct scaling *scalings; /* [outputs] */
    int low, high;                  /* the clamp, within 17 bits signed */
    bool is_signed;                 /* inputs are -128 to 127, not 0 to 255 */
    bool wide;                      /* results have 16 bits */
};

struct fc_stream {
    int inputs, outputs, ports;
    int low, high;
    bool is_signed, wide;
    uint32_t start[FC_PORTS]; /* beats from bytes */
    uint8_t *bytes;           /* [beats][FC_BEAT_BYTES]; owned */
    size_t beats;
};

/* SNED_ERROR_UNSUPPORTED: more inputs or outputs than a descriptor or the engine has room for, a clamp beyond
 * 17 bits, or an output whose sum might not fit FC_SUM_BITS for some input. On failure *stream is empty. */
sned_status fc_stream_make(struct fc_stream *stream, const struct fc_gemm *gemm, const struct fc_shape *shape,
                           sned_error *error);
void fc_stream_free(struct fc_stream *stream);

/* Outputs of a port's block, and those before it. */
int fc_stream_rows(const struct fc_stream *stream, int port);
int fc_stream_first(const struct fc_stream *stream, int port);

/* The entries of a beat of a column: weights, and the row of each that is not 0. *place: 0 at the column's
 * beginning, from there on kept by the caller; no more than 512 x FC_ENTRIES is added to it. */
void fc_beat_unpack(const uint8_t *beat, int *place, int8_t weights[FC_ENTRIES], int rows[FC_ENTRIES]);

#endif
