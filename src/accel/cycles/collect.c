/*
 * collect.c - see collect.h.
 *
 * A collector takes a pair in `drain` cycles. It chooses the next while it takes one, by round robin among
 * the other lanes; where none of them had a pair in time, the choice comes late.
 */
#include "accel/cycles/collect.h"
#include "accel/program/numbers.h"
#include "base/memory.h"

#include <stdlib.h>

/* Cycles of the RTL: from a pair's last entry to its first sums in the lane's FIFO; from there to the first
 * that is taken. */
enum { SUMS = 10, CHOICE = 4 };

sned_status collection_new(struct collection *collection, const struct accel_config *config,
                           sned_error *error)
{
    sned_status status;
    *collection = (struct collection){.config = config};
    SNED_TRY_DONE(sned_alloc(&collection->lanes, (size_t)config->lanes, sizeof *collection->lanes, error));
    SNED_TRY_DONE(sned_alloc(&collection->collectors, (size_t)config->collectors,
                             sizeof *collection->collectors, error));
    for (int l = 0; l < config->lanes; l++)
        SNED_TRY_DONE(
            sned_alloc(&collection->lanes[l].ready, (size_t)config->waiting, sizeof(int64_t), error));
    for (int c = 0; c < config->collectors; c++)
        collection->collectors[c].last = -1;
done:
    if (status != SNED_OK)
        collection_free(collection);
    return status;
}

void collection_free(struct collection *collection)
{
    for (int l = 0; collection->lanes && l < collection->config->lanes; l++)
        free(collection->lanes[l].ready);
    free(collection->lanes);
    free(collection->collectors);
    collection->lanes = NULL;
    collection->collectors = NULL;
}

void collection_add(struct collection *collection, int lane, int64_t time)
{
    struct waiting_pairs *pairs = &collection->lanes[lane];
    if (collection->config->collectors)
        pairs->ready[(pairs->head + pairs->count++) % collection->config->waiting] = time + SUMS;
}

bool collection_full(const struct collection *collection, int lane)
{
    return collection->lanes[lane].count == collection->config->waiting;
}

/* The lane that collector c takes next, and when; -1: none. */
static int next_of(const struct collection *collection, int c, int64_t *when)
{
    const struct collector *collector = &collection->collectors[c];
    const int each = collection->config->lanes / collection->config->collectors, first = c * each;
    int best = -1;
    for (int i = 1; i <= each; i++) {
        const int lane = collector->last < 0 ? first + i - 1 : first + (collector->last - first + i) % each;
        const struct waiting_pairs *pairs = &collection->lanes[lane];
        if (pairs->count == 0)
            continue;
        int64_t time = larger(collector->free, pairs->ready[pairs->head] + CHOICE);
        if (lane == collector->last)
            time = larger(time, collector->free + CHOICE);
        if (best < 0 || time < *when) {
            best = lane;
            *when = time;
        }
    }
    return best;
}

/* The collector whose turn is first, the lane and the time; -1: none. */
static int next(const struct collection *collection, int *lane, int64_t *when)
{
    int best = -1;
    for (int c = 0; c < collection->config->collectors; c++) {
        int64_t time = 0;
        const int candidate = next_of(collection, c, &time);
        if (candidate >= 0 && (best < 0 || time < *when)) {
            best = c;
            *lane = candidate;
            *when = time;
        }
    }
    return best;
}

int64_t collection_next(const struct collection *collection)
{
    int lane;
    int64_t when;
    return next(collection, &lane, &when) < 0 ? INT64_MAX : when;
}

void collection_take(struct collection *collection)
{
    int lane;
    int64_t when;
    const int c = next(collection, &lane, &when);
    if (c < 0)
        return;
    struct waiting_pairs *pairs = &collection->lanes[lane];
    const int64_t end = when + collection->config->drain;
    collection->collectors[c] = (struct collector){.free = end, .last = lane};
    if (pairs->count == collection->config->waiting)
        pairs->room = end;
    pairs->head = (pairs->head + 1) % collection->config->waiting;
    pairs->count--;
}

int64_t collection_end(struct collection *collection)
{
    int64_t end = 0;
    while (collection_next(collection) != INT64_MAX)
        collection_take(collection);
    for (int c = 0; c < collection->config->collectors; c++)
        end = larger(end, collection->collectors[c].free);
    return end;
}
