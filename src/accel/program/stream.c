/*
 * stream.c - see stream.h.
 */
#include "accel/program/stream.h"
#include "base/memory.h"

#include <stdlib.h>

uint32_t stream_header_pack(struct stream_header h)
{
    return (uint32_t)(h.count | h.slot << 9 | h.first << 15 | h.last << 16 | h.leave << 17);
}

struct stream_header stream_header_unpack(uint32_t item)
{
    return (struct stream_header){.count = (int)(item & 511),
                                  .slot = (int)(item >> 9 & 63),
                                  .first = item >> 15 & 1,
                                  .last = item >> 16 & 1,
                                  .leave = item >> 17 & 1};
}

uint32_t stream_entry_pack(int row, int8_t weight0, int8_t weight1)
{
    return (uint32_t)row | (uint32_t)(uint8_t)weight0 << 8 | (uint32_t)(uint8_t)weight1 << 16;
}

struct stream_writer {
    uint32_t *items;
    size_t count;
    const struct lane_plan *plan;
    const struct raster *raster;
    const int8_t *weights;
    int half_rows;
};

static int8_t weight_of(const struct stream_writer *w, int filter, int row)
{
    return filter < 0 ? 0 : w->weights[(size_t)filter * (size_t)w->raster->row_count + (size_t)row];
}

static void write_entries(struct stream_writer *w, const struct pair *pair, int half)
{
    for (int i = 0; i < w->plan->half_rows[half]; i++) {
        const int row = w->plan->live[half * w->half_rows + i];
        const int8_t lower = weight_of(w, pair->filters[0], row), upper = weight_of(w, pair->filters[1], row);
        if (lower || upper)
            w->items[w->count++] = stream_entry_pack(i, lower, upper);
    }
}

/* The pairs order[start .. end) in one half-tile; begun[i]: pair i has had a header. */
static void write_half(struct stream_writer *w, int start, int end, int half, bool *begun)
{
    const bool last = half == w->plan->halves - 1;
    size_t header = 0;
    bool any = false;
    for (int i = start; i < end; i++) {
        const struct pair *pair = &w->plan->pairs[w->plan->order[i]];
        const int entries = pair->in_half[half];
        if (!entries && !last)
            continue;
        header = w->count;
        any = true;
        w->items[w->count++] = stream_header_pack(
            (struct stream_header){entries ? entries : 1, i - start, !begun[i - start], last, false});
        begun[i - start] = true;
        if (entries)
            write_entries(w, pair, half);
        else
            w->items[w->count++] = stream_entry_pack(0, 0, 0);
    }
    if (!any) {
        header = w->count;
        w->items[w->count++] = stream_header_pack((struct stream_header){0});
    }
    w->items[header] |= stream_header_pack((struct stream_header){.leave = true});
}

sned_status stream_make(uint32_t **items, size_t *count, const struct lane_plan *plan,
                        const struct raster *raster, const int8_t *weights, const struct accel_config *config,
                        int bin, sned_error *error)
{
    const int start = plan->start[bin], end = plan->start[bin + 1];
    struct stream_writer w = {
        .plan = plan, .raster = raster, .weights = weights, .half_rows = config->half_rows};
    size_t most = (size_t)plan->halves * (size_t)(end - start + 1) + (size_t)(end - start);
    bool *begun = NULL;
    sned_status status;
    for (int i = start; i < end; i++)
        most += (size_t)plan->pairs[plan->order[i]].entries;
    SNED_TRY_DONE(sned_alloc(&w.items, most, sizeof *w.items, error));
    SNED_TRY_DONE(sned_alloc(&begun, (size_t)(end - start), sizeof *begun, error));
    for (int half = 0; half < plan->halves; half++)
        write_half(&w, start, end, half, begun);
done:
    if (status != SNED_OK) {
        free(w.items);
        w = (struct stream_writer){0};
    }
    free(begun);
    *items = w.items;
    *count = w.count;
    return status;
}
