/*
 * stream.h - what a lane is told: its pairs' weights in the order in which it multiplies them.
 *
 * A stream is a sequence of items of 24 bits (rtl/sned_pkg.sv has the same), read once for each pixel tile:
 *
 *     header   23      18   17    16   15   14     9 8       0      entry   23     16 15      8 7      0
 *             +----------+-----+----+-----+--------+---------+             +---------+---------+--------+
 *             |    0     |leave|last|first|  slot  |  count  |             | weight1 | weight0 |  row   |
 *             +----------+-----+----+-----+--------+---------+             +---------+---------+--------+
 *
 * For each half-tile, each pair that has entries there: a header and so many entries. `first`: the pair's
 * sums begin at 0; `last`: they are complete afterwards; `leave`: the lane is done with the half-tile. A lane
 * that needs nothing of a half-tile gets a header with a count of 0. A pair without entries in the last
 * half-tile gets one of two zeros.
 */
#ifndef SNED_ACCEL_PROGRAM_STREAM_H
#define SNED_ACCEL_PROGRAM_STREAM_H

#include "accel/program/lanes.h"

struct stream_header {
    int count, slot;
    bool first, last, leave;
};

uint32_t stream_header_pack(struct stream_header header);
struct stream_header stream_header_unpack(uint32_t item);
uint32_t stream_entry_pack(int row, int8_t weight0, int8_t weight1);

/* The stream of one bin of `plan`, weights [filters][row_count] as lane_plan_make had them; *items is the
 * caller's to free. Its slots are the pairs' places in the bin. */
sned_status stream_make(uint32_t **items, size_t *count, const struct lane_plan *plan,
                        const struct raster *raster, const int8_t *weights, const struct accel_config *config,
                        int bin, sned_error *error);

#endif
