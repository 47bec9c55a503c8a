/*
 * lane.h - what a lane computes, bit for bit: the C twin of rtl/lane/sned_lane.sv.
 */
#ifndef SNED_ACCEL_GOLDEN_LANE_H
#define SNED_ACCEL_GOLDEN_LANE_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

enum { GOLDEN_SLOTS = 64, GOLDEN_SUM_BITS = 27 };

/* Receives the complete sums of one pair, [2][pixels], the lower filter's first; in the stream's order. */
typedef void (*golden_sums)(void *context, const int32_t *sums);

/*
 * Runs a lane's stream over one pixel tile. rows [row_count][pixels]: the rows that the feeder writes,
 * half-tile after half-tile, `half_rows` each (the last may have fewer), values -128 to 255. Arithmetic is
 * the hardware's: rounds of packed products, and sums that wrap at GOLDEN_SUM_BITS. SNED_ERROR_DATA for a
 * stream that reads a row that is not there, or ends amid a pair.
 */
sned_status golden_lane_run(const uint32_t *items, size_t count, const int16_t *rows, int row_count,
                            int half_rows, int pixels, golden_sums sums, void *context, sned_error *error);

#endif
