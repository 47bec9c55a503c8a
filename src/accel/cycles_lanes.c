/*
 * cycles_lanes.c - one Conv on the lanes, simulated event by event.
 *
 * The feeder fills half-tiles, a row a cycle, as soon as all lanes have left the half that it overwrites. A
 * lane takes its pairs one after the other through each half; a pair of n entries takes whole rounds, since
 * the adders behind the DSPs are busy with a round for `drain` cycles. After the last half a pair's sums wait
 * in the lane until the collector has scaled those that came before. Nothing waits between pixel tiles,
 * passes and groups: they follow as one sequence.
 */
#include "accel/cycles.h"
#include "accel/lanes.h"
#include "base/memory.h"

#include <stdlib.h>

/* Cycles of the RTL: from the feeder's turn to a lane's; from a lane's last entry to the feeder's next row in
 * its place; what the feeder needs beside a cycle for each pixel before a layer's or a pass's first row; from
 * the last entry to its sums in memory. */
enum { FORWARD = 11, BACK = 6, BEGIN = 6, FINISH = 24 };
enum { ENTRY_BYTES = 3 };

struct lane {
    int64_t done;      /* when it has nothing more to do in the half-tiles so far */
    int64_t adders;    /* when its adders can take the next round */
    int64_t *accepted; /* [waiting] when the collector was done with its latest pairs, a ring */
    int finished;      /* pairs */
    int next, end;     /* of this half, in plan->order */
};

struct machine {
    const struct accel_config *config;
    struct node_cycles *count;
    struct lane *lanes;
    int64_t feeder, collector; /* free from then on */
    int64_t left[2];           /* when all lanes had left this half */
    int64_t halves;            /* begun so far */
};

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int divide_up(int a, int b)
{
    return (a + b - 1) / b;
}

static void machine_free(struct machine *m)
{
    for (int l = 0; m->lanes && l < m->config->lanes; l++)
        free(m->lanes[l].accepted);
    free(m->lanes);
}

static sned_status machine_new(struct machine *m, struct node_cycles *count,
                               const struct accel_config *config, sned_error *error)
{
    *m = (struct machine){.config = config, .count = count};
    SNED_TRY(sned_alloc(&m->lanes, (size_t)config->lanes, sizeof *m->lanes, error));
    for (int l = 0; l < config->lanes; l++)
        SNED_TRY(sned_alloc(&m->lanes[l].accepted, (size_t)config->waiting, sizeof(int64_t), error));
    return SNED_OK;
}

/* When a lane has issued the last entry of a pair in a half-tile: after its header, in rounds, the last of
 * which may be short; each ends no earlier than the adders allow. A pair ends with a round even where the
 * last half has nothing for it. */
static int64_t pair_end(const struct machine *m, const struct lane *lane, const struct pair *pair, int half,
                        bool last)
{
    const int entries = pair->in_half[half] ? pair->in_half[half] : last;
    if (entries == 0)
        return lane->done;
    const int first = entries < ACCEL_ROUND ? entries : ACCEL_ROUND;
    const int full = entries / ACCEL_ROUND, spare = entries % ACCEL_ROUND;
    int64_t end = later(lane->done + 1 + first, lane->adders);
    if (full > 1)
        end += (int64_t)(full - 1) * ACCEL_ROUND;
    if (full && spare)
        end += spare > m->config->drain ? spare : m->config->drain;
    return end;
}

static void spend(struct machine *m, struct lane *lane, const struct pair *pair, int half, bool last)
{
    const int64_t end = pair_end(m, lane, pair, half, last);
    if (end > lane->done)
        lane->adders = end + m->config->drain;
    m->count->issued += pair->in_half[half];
    m->count->rounding += end - lane->done - pair->in_half[half];
    lane->done = end;
}

/* A half that is not the last: lanes do not meet. */
static void run_half(struct machine *m, const struct lane_plan *plan, int half)
{
    for (int l = 0; l < m->config->lanes; l++) {
        struct lane *lane = &m->lanes[l];
        for (; lane->next < lane->end; lane->next++)
            spend(m, lane, &plan->pairs[plan->order[lane->next]], half, false);
    }
}

/* The last half: lanes hand their sums to the collector in the order in which they finish. */
static void run_last_half(struct machine *m, const struct lane_plan *plan, int half)
{
    const int service = divide_up(2 * m->config->pixels, m->config->collect);
    for (;;) {
        struct lane *first = NULL;
        int64_t earliest = 0;
        for (int l = 0; l < m->config->lanes; l++) {
            struct lane *lane = &m->lanes[l];
            if (lane->next == lane->end)
                continue;
            const int64_t when = pair_end(m, lane, &plan->pairs[plan->order[lane->next]], half, true);
            if (!first || when < earliest) {
                first = lane;
                earliest = when;
            }
        }
        if (!first)
            break;
        spend(m, first, &plan->pairs[plan->order[first->next++]], half, true);
        int64_t *accepted = &first->accepted[first->finished++ % m->config->waiting];
        const int64_t room = later(first->done, *accepted);
        m->count->blocked += room - first->done;
        first->done = room;
        m->collector = later(m->collector, room) + service;
        *accepted = m->collector;
    }
}

static void run_pass(struct machine *m, const struct lane_plan *plan, int pass, int half)
{
    const int64_t buffer = m->halves++ & 1;
    const int rows = plan->half_rows[half] ? plan->half_rows[half] : 1;
    m->feeder = later(m->feeder, m->left[buffer] ? m->left[buffer] + BACK : 0) + rows;
    const int64_t loaded = m->feeder + FORWARD;
    for (int l = 0; l < m->config->lanes; l++) {
        struct lane *lane = &m->lanes[l];
        lane->next = plan->start[pass * m->config->lanes + l];
        lane->end = plan->start[pass * m->config->lanes + l + 1];
        /* The header of what comes is read meanwhile. */
        if (lane->next == lane->end || lane->done >= loaded - 1)
            continue;
        m->count->unfed += loaded - 1 - lane->done;
        lane->done = loaded - 1;
    }
    if (half == plan->halves - 1)
        run_last_half(m, plan, half);
    else
        run_half(m, plan, half);
    m->left[buffer] = loaded;
    for (int l = 0; l < m->config->lanes; l++)
        m->left[buffer] = later(m->left[buffer], m->lanes[l].done);
}

static void run_group(struct machine *m, const struct lane_plan *plan, int tiles)
{
    for (int pass = 0; pass < plan->passes; pass++) {
        m->feeder += BEGIN + m->config->pixels;
        for (int tile = 0; tile < tiles; tile++)
            for (int half = 0; half < plan->halves; half++)
                run_pass(m, plan, pass, half);
    }
    for (int p = 0; p < plan->pair_count; p++)
        m->count->weight_bytes += (int64_t)plan->pairs[p].entries * ENTRY_BYTES;
}

static void finish(struct machine *m)
{
    struct node_cycles *count = m->count;
    int64_t end = m->collector;
    for (int l = 0; l < m->config->lanes; l++)
        end = later(end, m->lanes[l].done);
    count->cycles = end + FINISH;
    count->idle =
        count->cycles * m->config->lanes - count->issued - count->rounding - count->unfed - count->blocked;
}

sned_status cycles_of_conv(struct node_cycles *result, const struct graph *graph, const struct node *node,
                           const struct accel_config *config, sned_error *error)
{
    const struct tensor *weights = &graph->tensors[node->inputs[1]];
    struct raster raster = {0};
    struct machine machine = {.config = config};
    sned_status status;
    *result = (struct node_cycles){.unit = UNIT_LANES};
    SNED_TRY_DONE(raster_of(&raster, graph, node, error));
    SNED_TRY_DONE(machine_new(&machine, result, config, error));
    result->tiles = divide_up(raster_pixels(&raster), config->pixels);
    for (int g = 0; g < raster.groups; g++) {
        struct lane_plan plan;
        SNED_TRY_DONE(lane_plan_make(&plan, &raster,
                                     (const int8_t *)weights->data +
                                         (size_t)g * (size_t)raster.filters * (size_t)raster.row_count,
                                     config, error));
        run_group(&machine, &plan, result->tiles);
        result->passes += plan.passes;
        result->halves += plan.halves;
        lane_plan_free(&plan);
    }
    result->macs = (int64_t)sned_node_kept(graph, node) * raster.height * raster.width;
    finish(&machine);
done:
    raster_free(&raster);
    machine_free(&machine);
    return status;
}
