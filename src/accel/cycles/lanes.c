/*
 * lanes.c - one Conv on the lanes, simulated event by event.
 *
 * Half-tiles follow one another through all tiles of a pass; passes are descriptors of their own. The feeder
 * fills one, a row a cycle, as soon as all lanes have left the one two before it. A lane takes its pairs one
 * after the other through each half; the adders behind the DSPs are busy with a round for `drain` cycles.
 * After a tile's last half a pair's sums wait in the lane for a collector (collect.c), and the lane
 * for room. Lanes meet nowhere else.
 */
#include "accel/cycles/cycles.h"
#include "accel/cycles/collect.h"
#include "accel/program/lanes.h"
#include "accel/program/numbers.h"
#include "base/memory.h"

#include <stdlib.h>

/* Cycles of the RTL: from the feeder's turn to a lane's; from a lane's last entry to the feeder's next row in
 * its place; what the feeder needs beside a cycle for each pixel before a pass's first row; from
 * the last sums taken to the last byte in memory. */
enum { FORWARD = 11, BACK = 6, BEGIN = 6, FINISH = 21 };
enum { ENTRY_BYTES = 3 };

/* Half-tiles that are looked at at one time: two in the tiles, and those that lanes have left last. */
enum { RING = 4 };

struct lane {
    int64_t done;   /* when it has nothing more to do so far */
    int64_t adders; /* when its adders can take the next round */
    int64_t half;   /* the half-tile it works on, counted through the pass */
    int next, end;  /* its pairs there, in plan->order */
};

struct machine {
    const struct accel_config *config;
    const struct lane_plan *plan;
    struct node_cycles *count;
    struct lane *lanes;
    struct collection collection;
    int pass;
    int64_t halves;       /* of the pass */
    int64_t fed;          /* half-tiles whose filling is known */
    int64_t feeder;       /* free from then on */
    int64_t loaded[RING]; /* when lanes can begin with half-tile h, at h mod RING */
    int64_t left[RING];   /* when the last of those lanes that have left it did so */
    int gone[RING];       /* how many have */
};

/* ---- where a half-tile stands ---- */

static int half_of(const struct machine *m, int64_t index)
{
    return (int)(index % m->plan->halves);
}

static bool is_last(const struct machine *m, const struct lane *lane)
{
    return half_of(m, lane->half) == m->plan->halves - 1;
}

/* ---- the feeder ---- */

/* Fills what it can: the next half-tile, once all lanes have left the one in its place. */
static void feed(struct machine *m)
{
    while (m->fed < m->halves && (m->fed < 2 || m->gone[(m->fed - 2) % RING] == m->config->lanes)) {
        const int rows = m->plan->half_rows[half_of(m, m->fed)], slot = (int)(m->fed % RING);
        if (m->fed == 0)
            m->feeder += BEGIN + m->config->pixels;
        if (m->fed >= 2)
            m->feeder = larger(m->feeder, m->left[(m->fed - 2) % RING] + BACK);
        m->feeder += rows ? rows : 1;
        m->loaded[slot] = m->feeder + FORWARD;
        m->left[slot] = 0;
        m->gone[slot] = 0;
        m->fed++;
    }
}

/* ---- lanes ---- */

/* When a lane has issued the last entry of a pair: after its header, in rounds, the last of which may be
 * short; each ends no earlier than the adders allow. A pair ends with a round even where the last half has
 * nothing for it. */
static int64_t pair_end(const struct machine *m, const struct lane *lane)
{
    const struct pair *pair = &m->plan->pairs[m->plan->order[lane->next]];
    const int in_half = pair->in_half[half_of(m, lane->half)];
    const int entries = in_half ? in_half : is_last(m, lane);
    if (entries == 0)
        return lane->done;
    const int first = entries < ACCEL_ROUND ? entries : ACCEL_ROUND;
    const int full = entries / ACCEL_ROUND, spare = entries % ACCEL_ROUND;
    int64_t end = larger(lane->done + 1 + first, lane->adders);
    if (full > 1)
        end += (int64_t)(full - 1) * ACCEL_ROUND;
    if (full && spare)
        end += spare > m->config->drain ? spare : m->config->drain;
    return end;
}

/* The lane's next pair, ended at `end`, of which the last cycles may have been spent waiting for room. */
static void spend(struct machine *m, struct lane *lane, int64_t end)
{
    const struct pair *pair = &m->plan->pairs[m->plan->order[lane->next++]];
    const int64_t unhindered = larger(lane->done, end), entries = pair->in_half[half_of(m, lane->half)];
    if (unhindered > lane->done)
        lane->adders = unhindered + m->config->drain;
    m->count->issued += entries;
    m->count->rounding += unhindered - lane->done - entries;
    lane->done = unhindered;
}

/* To the next half-tile, if there is one; its header is read while it is waited for. */
static void enter(struct machine *m, struct lane *lane, int64_t index)
{
    lane->half = index;
    lane->next = lane->end = 0;
    if (index >= m->halves)
        return;
    const int bin = m->pass * m->config->lanes + (int)(lane - m->lanes);
    lane->next = m->plan->start[bin];
    lane->end = m->plan->start[bin + 1];
}

static void leave(struct machine *m, struct lane *lane)
{
    const int slot = (int)(lane->half % RING);
    m->left[slot] = larger(m->left[slot], larger(lane->done, m->loaded[slot]));
    m->gone[slot]++;
    enter(m, lane, lane->half + 1);
    feed(m);
}

/* Waits for the lane's half-tile. */
static void await(struct machine *m, struct lane *lane)
{
    const int64_t loaded = m->loaded[lane->half % RING] - 1;
    if (lane->next == lane->end || lane->done >= loaded)
        return;
    m->count->unfed += loaded - lane->done;
    lane->done = loaded;
}

/* A lane's half-tile that is not the last touches nobody else: all at once. */
static void run_half(struct machine *m, struct lane *lane)
{
    await(m, lane);
    while (lane->next < lane->end)
        spend(m, lane, pair_end(m, lane));
    leave(m, lane);
}

/* One pair of a last half. */
static void run_pair(struct machine *m, struct lane *lane, int64_t end)
{
    await(m, lane);
    const int64_t ready = pair_end(m, lane);
    spend(m, lane, ready);
    if (end > ready) {
        m->count->blocked += end - ready;
        lane->adders += end - ready;
        lane->done = end;
    }
    collection_add(&m->collection, (int)(lane - m->lanes), lane->done);
    if (lane->next == lane->end)
        leave(m, lane);
}

/* When a lane can do its next thing: to the end of a pair in a last half, else the beginning of the half. -1:
 * not yet known, or nothing is left. */
static int64_t next_event(const struct machine *m, const struct lane *lane)
{
    if (lane->half >= m->halves || lane->half >= m->fed)
        return -1;
    const int index = (int)(lane - m->lanes);
    const int64_t loaded = m->loaded[lane->half % RING] - 1;
    if (!is_last(m, lane) || lane->next == lane->end)
        return larger(lane->done, loaded);
    if (collection_full(&m->collection, index))
        return -1;
    struct lane ahead = *lane;
    ahead.done = larger(lane->done, loaded);
    return larger(pair_end(m, &ahead), m->collection.lanes[index].room);
}

/* ---- a group ---- */

static bool step(struct machine *m)
{
    struct lane *first = NULL;
    int64_t earliest = INT64_MAX;
    for (int l = 0; l < m->config->lanes; l++) {
        const int64_t when = next_event(m, &m->lanes[l]);
        if (when >= 0 && when < earliest) {
            first = &m->lanes[l];
            earliest = when;
        }
    }
    if (collection_next(&m->collection) < earliest)
        collection_take(&m->collection);
    else if (!first)
        return false;
    else if (!is_last(m, first) || first->next == first->end)
        run_half(m, first);
    else
        run_pair(m, first, earliest);
    return true;
}

static sned_status run_pass(struct node_cycles *count, const struct lane_plan *plan, int pass, int tiles,
                            const struct accel_config *config, sned_error *error)
{
    struct machine m = {.config = config,
                        .plan = plan,
                        .count = count,
                        .pass = pass,
                        .halves = (int64_t)tiles * plan->halves};
    sned_status status;
    SNED_TRY_DONE(sned_alloc(&m.lanes, (size_t)config->lanes, sizeof *m.lanes, error));
    SNED_TRY_DONE(collection_new(&m.collection, config, error));
    for (int l = 0; l < config->lanes; l++)
        enter(&m, &m.lanes[l], 0);
    feed(&m);
    while (step(&m))
        ;
    int64_t end = collection_end(&m.collection);
    for (int l = 0; l < config->lanes; l++)
        end = larger(end, m.lanes[l].done);
    count->cycles += end + FINISH;
done:
    free(m.lanes);
    collection_free(&m.collection);
    return status;
}

sned_status cycles_of_conv(struct node_cycles *result, const struct graph *graph, const struct node *node,
                           const struct accel_config *config, sned_error *error)
{
    const struct tensor *weights = &graph->tensors[node_weights(node, 0)];
    struct raster raster = {0};
    sned_status status;
    *result = (struct node_cycles){.unit = UNIT_LANES};
    SNED_TRY_DONE(raster_of(&raster, graph, node, error));
    result->tiles = divide_up(raster_pixels(&raster), config->pixels);
    for (int g = 0; g < raster.groups; g++) {
        struct lane_plan plan;
        SNED_TRY_DONE(lane_plan_make(
            &plan, &raster,
            (const int8_t *)weights->data + (size_t)g * (size_t)raster.filters * (size_t)raster.row_count,
            config, graph->tensors[node->outputs[0]].quantization.bits == 16, error));
        for (int p = 0; p < plan.passes && status == SNED_OK; p++)
            status = run_pass(result, &plan, p, result->tiles, config, error);
        for (int p = 0; p < plan.pair_count; p++)
            result->weight_bytes += (int64_t)plan.pairs[p].entries * ENTRY_BYTES;
        result->passes += plan.passes;
        result->halves += plan.halves;
        lane_plan_free(&plan);
        SNED_TRY_DONE(status);
    }
    result->macs = (int64_t)sned_node_kept(graph, node) * raster.height * raster.width;
    result->idle =
        result->cycles * config->lanes - result->issued - result->rounding - result->unfed - result->blocked;
done:
    raster_free(&raster);
    return status;
}
