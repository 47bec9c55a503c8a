/*
 * lane.c - see lane.h.
 *
 * A round's product sums are kept packed, upper << 19 plus lower, as the DSP has them, and taken apart at its
 * end: so this model would be wrong in the same way if a lower sum ever left its 19 bits.
 */
#include "accel/golden/lane.h"
#include "accel/program/stream.h"
#include "base/memory.h"

#include <stdlib.h>

enum { PAIR_SHIFT = 19, ROUND_BITS = 38 };

struct golden_lane {
    int pixels;
    int64_t *round;   /* [pixels] */
    int32_t *partial; /* [GOLDEN_SLOTS][2][pixels] */
};

/* The low `bits` of a number, as a signed one. */
static int64_t wrap(int64_t value, int bits)
{
    const uint64_t mask = ((uint64_t)1 << bits) - 1, sign = (uint64_t)1 << (bits - 1);
    return (int64_t)((((uint64_t)value & mask) ^ sign) - sign);
}

static void multiply(struct golden_lane *lane, uint32_t entry, const int16_t *row)
{
    const int64_t weight0 = (int8_t)(entry >> 8), weight1 = (int8_t)(entry >> 16);
    const int64_t packed = weight1 * (1 << PAIR_SHIFT) + weight0;
    for (int p = 0; p < lane->pixels; p++)
        lane->round[p] = wrap(lane->round[p] + packed * row[p], ROUND_BITS);
}

static void end_round(struct golden_lane *lane, int slot, bool first)
{
    int32_t *lower_sums = lane->partial + (size_t)slot * 2 * (size_t)lane->pixels,
            *upper_sums = lower_sums + lane->pixels;
    for (int p = 0; p < lane->pixels; p++) {
        const int64_t lower = wrap(lane->round[p], PAIR_SHIFT);
        const int64_t upper = (lane->round[p] - lower) / (1 << PAIR_SHIFT);
        lower_sums[p] = (int32_t)wrap((first ? 0 : lower_sums[p]) + lower, GOLDEN_SUM_BITS);
        upper_sums[p] = (int32_t)wrap((first ? 0 : upper_sums[p]) + upper, GOLDEN_SUM_BITS);
        lane->round[p] = 0;
    }
}

sned_status golden_lane_run(const uint32_t *items, size_t count, const int16_t *rows, int row_count,
                            int half_rows, int pixels, golden_sums sums, void *context, sned_error *error)
{
    struct golden_lane lane = {.pixels = pixels};
    int half = 0;
    sned_status status;
    SNED_TRY_DONE(sned_alloc(&lane.round, (size_t)pixels, sizeof *lane.round, error));
    SNED_TRY_DONE(
        sned_alloc(&lane.partial, (size_t)GOLDEN_SLOTS * 2 * (size_t)pixels, sizeof *lane.partial, error));
    for (size_t i = 0; i < count;) {
        const struct stream_header h = stream_header_unpack(items[i++]);
        if ((size_t)h.count > count - i) {
            status = sned_fail(error, SNED_ERROR_DATA, "lane stream: ends within a pair, at item %zu of %zu",
                               i, count);
            goto done;
        }
        bool first = h.first;
        for (int n = 0; n < h.count; n++) {
            const int row = half * half_rows + (int)(items[i] & 255);
            if (row >= row_count) {
                status = sned_fail(error, SNED_ERROR_DATA, "lane stream: item %zu reads row %d of %d", i, row,
                                   row_count);
                goto done;
            }
            multiply(&lane, items[i++], rows + (size_t)row * (size_t)pixels);
            if (n % ACCEL_ROUND == ACCEL_ROUND - 1 || n == h.count - 1) {
                end_round(&lane, h.slot, first);
                first = false;
            }
        }
        if (h.count && h.last)
            sums(context, lane.partial + (size_t)h.slot * 2 * (size_t)pixels);
        half += h.leave;
    }
done:
    free(lane.round);
    free(lane.partial);
    return status;
}
