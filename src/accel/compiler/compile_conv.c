/*
 * compile_conv.c - a Conv on the lanes: for each group its rows, and for each pass of pairs over the pixels
 * their table, their streams and a descriptor.
 *
 */
#include "accel/compiler/compile.h"
#include "accel/program/lanes.h"
#include "accel/program/numbers.h"
#include "accel/program/stream.h"
#include "accel/program/table.h"

#include <stdlib.h>

struct conv {
    const struct node *node;
    int index;
    const struct spot *in, *out;
    struct raster raster;
    const int8_t *weights; /* of the group */
    const int32_t *biases; /* of all filters, or NULL */
    int group;
    struct lane_plan plan;
    struct conv_work work;
};

/* ---- what it is ---- */

/* The lanes' sums have SUM_BITS bits: no image may leave them, in whatever order products are added. */
static sned_status check_sums(const struct conv *v, sned_error *error)
{
    const int64_t most = (int64_t)1 << (SUM_BITS - 1);
    const int64_t least_input = v->in->is_signed ? -128 : 0, most_input = v->in->is_signed ? 127 : 255;
    for (int k = 0; k < v->raster.filters; k++) {
        int64_t high = 0, low = 0;
        for (int i = 0; i < v->raster.row_count; i++) {
            const int64_t w = v->weights[(size_t)k * (size_t)v->raster.row_count + (size_t)i];
            high += w > 0 ? w * most_input : w * least_input;
            low += w > 0 ? w * least_input : w * most_input;
        }
        const int64_t bias = v->biases ? v->biases[v->group * v->raster.filters + k] : 0;
        if (high >= most || low < -most || high + bias >= most || low + bias < -most || bias >= most ||
            bias < -most)
            return sned_fail(error, SNED_ERROR_UNSUPPORTED,
                             "the sums of output channel %d need more than %d bits",
                             v->group * v->raster.filters + k, SUM_BITS);
    }
    return SNED_OK;
}

static int64_t shift_of(const struct conv *v, const struct raster_row *row)
{
    return (int64_t)row->dy * v->raster.pitch + row->dx;
}

/* What the feeder's table can say of a tap. */
static sned_status check_taps(const struct conv *v, sned_error *error)
{
    const int most = 1 << (COLUMN_BITS - 1), most_shift = 1 << (SHIFT_BITS - 1);
    for (int i = 0; i < v->raster.row_count; i++) {
        const struct raster_row *row = &v->raster.rows[i];
        if (row->dx >= most || row->dx < -most)
            return sned_fail(error, SNED_ERROR_UNSUPPORTED, "a tap %d columns away; the feeder reaches %d",
                             abs(row->dx), most - 1);
        if (shift_of(v, row) >= most_shift || shift_of(v, row) < -most_shift)
            return sned_fail(error, SNED_ERROR_UNSUPPORTED, "a tap %d rows of %d bytes away", abs(row->dy),
                             v->raster.pitch);
    }
    return SNED_OK;
}

/* ---- its tables ---- */

static struct table_filter filter_of(const struct conv *v, int filter, bool upper)
{
    if (filter < 0)
        return (struct table_filter){.shift = 1};
    const int k = v->group * v->raster.filters + filter;
    return (struct table_filter){.bias = v->biases ? v->biases[k] : 0,
                                 .multiplier = v->node->rules[0].scalings[k].multiplier,
                                 .shift = v->node->rules[0].scalings[k].shift,
                                 .used = true,
                                 .upper = upper};
}

static int channel_of(const struct conv *v, int filter, bool upper)
{
    const int k = v->group * v->raster.filters + filter;
    return filter < 0 ? 0 : (int)((int64_t)k * v->out->plane + (upper ? v->out->bytes / 2 : 0));
}

static sned_status make_rows(struct compiler *c, const struct conv *v, struct task *task, sned_error *error)
{
    uint8_t *bytes;
    SNED_TRY(step_data(&c->steps, (int)divide_up(task->row_count * ROW_BYTES, DDR_WORD), &task->rows, &bytes,
                       error));
    for (int i = 0; i < task->row_count; i++) {
        const struct raster_row row = v->raster.rows[v->plan.live_count ? v->plan.live[i] : 0];
        const int phases = v->in->phases.stride[0] * v->in->phases.stride[1], phase = row.channel % phases;
        const int plane = row.channel / phases * spot_phases(v->in) + spot_phase_index(v->in, phase);
        table_row_pack(bytes + i * ROW_BYTES,
                       &(struct table_row){plane * v->in->plane, (int)shift_of(v, &row), row.dx});
    }
    return SNED_OK;
}

static sned_status make_pairs(struct compiler *c, const struct conv *v, int pass, struct task *task,
                              sned_error *error)
{
    const int first = pass * c->config->lanes, each = c->config->lanes / c->config->collectors;
    const int pairs = v->plan.start[first + c->config->lanes] - v->plan.start[first];
    uint8_t *bytes;
    SNED_TRY(step_data(&c->steps, pairs * PAIR_BYTES / DDR_WORD, &task->pairs, &bytes, error));
    for (int lane = 0; lane < c->config->lanes; lane++)
        for (int i = v->plan.start[first + lane]; i < v->plan.start[first + lane + 1]; i++) {
            const int *filters = v->plan.pairs[v->plan.order[i]].filters;
            table_pair_pack(bytes, &(struct table_pair){.filters = {filter_of(v, filters[0], false),
                                                                    filter_of(v, filters[1], v->out->wide)},
                                                        .channel = {channel_of(v, filters[0], false),
                                                                    channel_of(v, filters[1], v->out->wide)},
                                                        .number = i - v->plan.start[first + lane],
                                                        .lane = lane % each,
                                                        .collector = lane / each,
                                                        .ends = i == v->plan.start[first + lane + 1] - 1});
            bytes += PAIR_BYTES;
        }
    return SNED_OK;
}

static void put_item(uint8_t *bytes, size_t index, uint32_t item)
{
    uint8_t *at = bytes + index / STREAM_ITEMS * DDR_WORD + index % STREAM_ITEMS * 3;
    at[0] = (uint8_t)item;
    at[1] = (uint8_t)(item >> 8);
    at[2] = (uint8_t)(item >> 16);
}

/* The first word says how many items and words follow: rtl/stream/sned_stream.sv. */
static void pack_stream(uint8_t *bytes, const uint32_t *items, size_t count)
{
    put_item(bytes, 0, (uint32_t)count);
    put_item(bytes, 1, (uint32_t)divide_up((int64_t)count, STREAM_ITEMS));
    for (size_t i = 0; i < count; i++)
        put_item(bytes + DDR_WORD, i, items[i]);
}

static sned_status make_streams(struct compiler *c, const struct conv *v, int pass, struct task *task,
                                sned_error *error)
{
    const int lanes = c->config->lanes;
    uint32_t *items[64] = {0};
    size_t counts[64] = {0}, most = 0;
    uint8_t *bytes;
    sned_status status = SNED_OK;
    for (int l = 0; l < lanes; l++) {
        const int bin = pass * lanes + l;
        /* A lane without pairs has a stream, too: it says that the lane leaves each half-tile. */
        if (v->plan.start[bin + 1] > v->plan.start[bin])
            task->work.u.conv.active |= (int64_t)1 << l;
        SNED_TRY_DONE(
            stream_make(&items[l], &counts[l], &v->plan, &v->raster, v->weights, c->config, bin, error));
        most = (size_t)larger((int64_t)most, (int64_t)counts[l]);
    }
    task->stream_words = 1 + (int)divide_up((int64_t)most, STREAM_ITEMS);
    /* For the schedule's clock: headers and short rounds cost a twentieth, about (docs/accelerator.md). */
    task->cycles = task->work.u.conv.tiles * larger((int64_t)most, task->row_count) * 21 / 20;
    SNED_TRY_DONE(step_data(&c->steps, task->stream_words * lanes, &task->streams, &bytes, error));
    for (int l = 0; l < lanes; l++)
        pack_stream(bytes + (size_t)(l * task->stream_words) * DDR_WORD, items[l], counts[l]);
done:
    for (int l = 0; l < lanes; l++)
        free(items[l]);
    return status;
}

/* ---- tasks ---- */

static sned_status compile_pass(struct compiler *c, const struct conv *v, int pass, struct step_data *rows,
                                sned_error *error)
{
    struct task task = {.work = {.unit = CODE_CONV, .u.conv = v->work},
                        .row_count = v->plan.live_count ? v->plan.live_count : 1};
    if (task.row_count > c->config->table_rows)
        return sned_fail(error, SNED_ERROR_UNSUPPORTED,
                         "%d rows of inputs in a group; the feeder's table in '%s' has %d", task.row_count,
                         c->config->name, c->config->table_rows);
    if (pass == 0) {
        SNED_TRY(make_rows(c, v, &task, error));
        *rows = task.rows;
    }
    task.rows = *rows;
    SNED_TRY(make_pairs(c, v, pass, &task, error));
    SNED_TRY(make_streams(c, v, pass, &task, error));
    return step_add(&c->steps, v->index, &task, error);
}

static sned_status compile_group(struct compiler *c, struct conv *v, sned_error *error)
{
    const int rows = v->plan.live_count ? v->plan.live_count : 1;
    struct step_data rows_data = {0};
    v->work.base = v->in->base + (int64_t)v->group * v->in->extent.channels / v->raster.groups *
                                     spot_phases(v->in) * v->in->plane;
    v->work.out_base = v->out->base;
    v->work.halves = v->plan.halves;
    v->work.last_rows = rows - (v->plan.halves - 1) * c->config->half_rows;
    /* A pair without entries in the last half-tile gets one there that closes its sums (stream.h). */
    for (int p = 0; p < v->plan.pair_count; p++)
        c->program->layers[v->index].issued +=
            (v->plan.pairs[p].entries + !v->plan.pairs[p].in_half[v->plan.halves - 1]) * v->work.tiles;
    for (int pass = 0; pass < v->plan.passes; pass++)
        SNED_TRY(compile_pass(c, v, pass, &rows_data, error));
    return SNED_OK;
}

static sned_status describe(const struct compiler *c, struct conv *v, sned_error *error)
{
    const struct node *node = v->node;
    SNED_TRY(raster_of(&v->raster, c->graph, node, error));
    v->raster.pitch = v->in->pitch;
    v->work = (struct conv_work){.is_signed = v->in->is_signed,
                                 .limit = (int64_t)v->in->height * v->in->pitch,
                                 .pitch = v->in->pitch,
                                 .width = v->in->width,
                                 .step = c->config->pixels % v->in->pitch,
                                 .tiles = divide_up(raster_pixels(&v->raster), c->config->pixels),
                                 .out_limit = raster_pixels(&v->raster),
                                 .low = node->rules[0].low,
                                 .high = node->rules[0].high};
    return check_taps(v, error);
}

sned_status compile_conv(struct compiler *c, int index, sned_error *error)
{
    const struct node *node = &c->graph->nodes[index];
    struct conv v = {.node = node,
                     .index = index,
                     .in = placement_input(c->placement, index),
                     .out = placement_spot(c->placement, node->outputs[0])};
    const int8_t *weights = c->graph->tensors[node_weights(node, 0)].data;
    const int bias = node_bias(node, 0);
    if (bias >= 0)
        v.biases = c->graph->tensors[bias].data;
    sned_status status;
    SNED_TRY_DONE(compile_copy(c, index, error));
    SNED_TRY_DONE(describe(c, &v, error));
    for (v.group = 0; v.group < v.raster.groups; v.group++) {
        v.weights = weights + (size_t)v.group * (size_t)v.raster.filters * (size_t)v.raster.row_count;
        SNED_TRY_DONE(check_sums(&v, error));
        SNED_TRY_DONE(lane_plan_make(&v.plan, &v.raster, v.weights, c->config, v.out->wide, error));
        status = compile_group(c, &v, error);
        lane_plan_free(&v.plan);
        SNED_TRY_DONE(status);
    }
done:
    raster_free(&v.raster);
    return status;
}
