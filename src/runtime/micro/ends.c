/*
 * ends.c - sums that end in quads, for columns, or ends, that have no kernel that does both at once: bytes of
 * four filters, and then side by side.
 */
#include "runtime/micro/ends.h"

void sned_end_in_quads(uint8_t *to, size_t step, const int32_t *sums, size_t piece, size_t count, int filters,
                       const struct quad_ends *ends, micro_requantize *end, micro_interleave *interleave)
{
    uint8_t bytes[4][END_PIECE + MICRO_OVER_READ];
    const uint8_t *const rows[4] = {bytes[0], bytes[1], bytes[2], bytes[3]};
    for (int f = 0; f < filters; f++, sums += piece) {
        end(bytes[f % 4], sums, count, ends->scalings[f], ends->rule);
        if (f % 4 == 3)
            interleave(to + (size_t)(f / 4) * step * 4, rows, count, 1, 0);
    }
}
