/*
 * conv.c - a Conv descriptor: rows as the feeder makes them, lanes by lane.h, bytes as the collectors write
 * them.
 */
#include "accel/golden/golden.h"
#include "accel/golden/lane.h"

#include "base/memory.h"

#include <stdlib.h>

struct conv_run {
    struct golden *g;
    const struct conv_work *work;
    int16_t *rows; /* [row_count][pixels] of a tile */
    int row_count;
    int lane, pair; /* whose sums come next */
    int64_t place;  /* of the tile's first pixel, from the first tile on */
    bool beyond;
};

static int place_in(int64_t value, int64_t range)
{
    return (int)(value < 0 ? value % range + range : value % range);
}

/* Row `r` of the tile: shifted, and 0 where the shift leaves the image. */
static void make_row(struct conv_run *run, int r)
{
    const struct conv_work *w = run->work;
    const struct accel_config *config = run->g->program->config;
    const struct table_row *row = &run->g->rows[w->row_first + r];
    for (int p = 0; p < config->pixels; p++) {
        const int64_t place = w->first + run->place + p, at = place + row->shift;
        const int64_t column = place % w->pitch + row->columns, line = at - row->columns - place % w->pitch;
        const bool inside = column >= 0 && column < w->width && line + place % w->pitch >= 0 &&
                            line + place % w->pitch < w->limit;
        const uint8_t byte = run->g->memory[place_in(w->base + row->channel + at, config->activation_bytes)];
        run->rows[(int64_t)r * config->pixels + p] =
            !inside ? 0 : (int16_t)(w->is_signed ? (int8_t)byte : byte);
    }
}

static void write_row(struct conv_run *run, const struct table_pair *pair, int f, const int32_t *sums)
{
    const struct conv_work *w = run->work;
    const struct accel_config *config = run->g->program->config;
    const struct table_filter *filter = &pair->filters[f];
    for (int p = 0; p < config->pixels && run->place + p < w->out_limit; p++) {
        const int64_t sum = (int64_t)sums[p] + filter->bias;
        const int64_t value = golden_scale(sum * filter->multiplier, filter->shift, w->low, w->high);
        const int64_t at = w->out_base + pair->channel[f] + run->place + p;
        if (at < config->activation_bytes)
            run->g->memory[at] = (uint8_t)(filter->upper ? value >> 8 : value);
        else
            run->beyond = true;
    }
}

static void collect(void *context, const int32_t *sums)
{
    struct conv_run *run = context;
    const struct accel_config *config = run->g->program->config;
    const struct table_pair *pair =
        &run->g->pairs[run->lane * config->table_pairs + run->pair++ % config->table_pairs];
    for (int f = 0; f < 2; f++)
        if (pair->filters[f].used && pair->filters[f].shift)
            write_row(run, pair, f, sums + f * config->pixels);
}

static sned_status run_tile(struct conv_run *run, sned_error *error)
{
    const struct accel_config *config = run->g->program->config;
    const struct conv_work *w = run->work;
    for (int r = 0; r < run->row_count; r++)
        make_row(run, r);
    for (run->lane = 0; run->lane < config->lanes; run->lane++) {
        if (!(w->active >> run->lane & 1))
            continue;
        const int64_t room = (config->stream_words - w->stream_first - 1) * STREAM_ITEMS;
        const uint32_t *items =
            run->g->streams + (run->lane * (int64_t)config->stream_words + w->stream_first) * STREAM_ITEMS;
        if (items[0] > room)
            return sned_fail(error, SNED_ERROR_DATA, "lane %d: a stream of %u items", run->lane,
                             (unsigned)items[0]);
        run->pair = (int)w->pair_first;
        SNED_TRY(golden_lane_run(items + STREAM_ITEMS, items[0], run->rows, run->row_count, config->half_rows,
                                 config->pixels, collect, run, error));
    }
    return SNED_OK;
}

sned_status golden_conv(struct golden *g, const struct conv_work *work, sned_error *error)
{
    const struct accel_config *config = g->program->config;
    struct conv_run run = {
        .g = g, .work = work, .row_count = (int)((work->halves - 1) * config->half_rows + work->last_rows)};
    sned_status status;
    if (work->pitch && work->first % work->pitch != work->first_column)
        return sned_fail(error, SNED_ERROR_DATA, "a Conv from pixel %d on, in column %d of %d",
                         (int)work->first, (int)work->first_column, (int)work->pitch);
    if (run.row_count < 1 || work->row_first + run.row_count > config->table_rows || !work->pitch ||
        work->stream_first >= config->stream_words)
        return sned_fail(error, SNED_ERROR_DATA, "a Conv of %d rows from row %d on", run.row_count,
                         (int)work->row_first);
    SNED_TRY_DONE(
        sned_alloc(&run.rows, (size_t)run.row_count * (size_t)config->pixels, sizeof *run.rows, error));
    for (int64_t t = 0; t < work->tiles; t++) {
        run.place = t * config->pixels;
        SNED_TRY_DONE(run_tile(&run, error));
    }
    if (run.beyond)
        status = sned_fail(error, SNED_ERROR_DATA, "a Conv writes beyond the activation memory");
done:
    free(run.rows);
    return status;
}
