/*
 * lanes.c - see lanes.h.
 *
 * Pairs: the filter with most weights left takes the partner with which it has the fewest rows in all; and so
 * on. Masks that come in pairs (sned new --block 2x1) find each other so, and others at least pair dense with
 * dense. Bins: the largest pair to the bin with the least work that has a slot free (Graham's longest
 * processing time first).
 */
#include "accel/program/lanes.h"
#include "accel/program/numbers.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

/* Which rows a filter reads, a bit each. */
struct masks {
    size_t words;
    uint64_t *bits; /* [filters][words] */
    int *count;     /* [filters] */
};

static void masks_free(struct masks *masks)
{
    free(masks->bits);
    free(masks->count);
}

static const uint64_t *mask_of(const struct masks *masks, int filter)
{
    return masks->bits + (size_t)filter * masks->words;
}

static sned_status masks_make(struct masks *masks, const struct raster *raster, const int8_t *weights,
                              sned_error *error)
{
    const size_t rows = (size_t)raster->row_count;
    *masks = (struct masks){.words = (rows + 63) / 64};
    SNED_TRY(sned_alloc(&masks->bits, (size_t)raster->filters, masks->words * sizeof(uint64_t), error));
    SNED_TRY(sned_alloc(&masks->count, (size_t)raster->filters, sizeof(int), error));
    for (int k = 0; k < raster->filters; k++)
        for (size_t r = 0; r < rows; r++)
            if (weights[(size_t)k * rows + r]) {
                masks->bits[(size_t)k * masks->words + r / 64] |= (uint64_t)1 << r % 64;
                masks->count[k]++;
            }
    return SNED_OK;
}

static bool reads(const struct masks *masks, int filter, int row)
{
    return filter >= 0 && mask_of(masks, filter)[row / 64] >> row % 64 & 1;
}

static int rows_together(const struct masks *masks, int a, int b)
{
    const uint64_t *first = mask_of(masks, a), *second = mask_of(masks, b);
    int rows = 0;
    for (size_t i = 0; i < masks->words; i++)
        rows += __builtin_popcountll(first[i] | second[i]);
    return rows;
}

/* ---- pairs ---- */

struct ranked {
    int index, size;
};

static int by_size(const void *left, const void *right)
{
    const struct ranked *a = left, *b = right;
    return a->size != b->size ? (a->size < b->size ? 1 : -1) : a->index - b->index;
}

static int best_partner(const struct masks *masks, const struct ranked *ranked, int count, int first,
                        const bool *taken)
{
    int best = -1, least = 0;
    for (int i = first + 1; i < count; i++) {
        if (taken[ranked[i].index])
            continue;
        const int rows = rows_together(masks, ranked[first].index, ranked[i].index);
        if (best < 0 || rows < least) {
            best = ranked[i].index;
            least = rows;
        }
    }
    return best;
}

static sned_status find_pairs(struct lane_plan *plan, const struct masks *masks, int filters, bool alone,
                              sned_error *error)
{
    struct ranked *ranked = NULL;
    bool *taken = NULL;
    sned_status status;
    SNED_TRY_DONE(sned_alloc(&ranked, (size_t)filters, sizeof *ranked, error));
    SNED_TRY_DONE(sned_alloc(&taken, (size_t)filters, sizeof *taken, error));
    SNED_TRY_DONE(sned_alloc(&plan->pairs, (size_t)filters, sizeof *plan->pairs, error));
    for (int k = 0; k < filters; k++)
        ranked[k] = (struct ranked){k, masks->count[k]};
    qsort(ranked, (size_t)filters, sizeof *ranked, by_size);
    for (int i = 0; i < filters; i++) {
        const int filter = ranked[i].index;
        if (taken[filter])
            continue;
        const int partner = alone ? filter : best_partner(masks, ranked, filters, i, taken);
        taken[filter] = true;
        if (partner >= 0)
            taken[partner] = true;
        plan->pairs[plan->pair_count++] = (struct pair){.filters = {filter, partner}};
    }
done:
    free(ranked);
    free(taken);
    return status;
}

/* ---- rows ---- */

static sned_status find_rows(struct lane_plan *plan, const struct masks *masks, const struct raster *raster,
                             int half_rows, sned_error *error)
{
    SNED_TRY(sned_alloc(&plan->live, (size_t)raster->row_count, sizeof *plan->live, error));
    for (int r = 0; r < raster->row_count; r++) {
        bool live = false;
        for (int k = 0; k < raster->filters && !live; k++)
            live = reads(masks, k, r);
        if (live)
            plan->live[plan->live_count++] = r;
    }
    /* A network of biases alone still has outputs. */
    plan->halves = plan->live_count ? (plan->live_count + half_rows - 1) / half_rows : 1;
    SNED_TRY(sned_alloc(&plan->half_rows, (size_t)plan->halves, sizeof *plan->half_rows, error));
    for (int i = 0; i < plan->live_count; i++)
        plan->half_rows[i / half_rows]++;
    for (int p = 0; p < plan->pair_count; p++) {
        struct pair *pair = &plan->pairs[p];
        SNED_TRY(sned_alloc(&pair->in_half, (size_t)plan->halves, sizeof *pair->in_half, error));
        for (int i = 0; i < plan->live_count; i++)
            if (reads(masks, pair->filters[0], plan->live[i]) ||
                reads(masks, pair->filters[1], plan->live[i])) {
                pair->in_half[i / half_rows]++;
                pair->entries++;
            }
    }
    return SNED_OK;
}

/* ---- lanes ---- */

/* Deals with `passes`; false where a bin's stream would be too long. */
static bool deal(struct lane_plan *plan, const struct ranked *ranked, const struct accel_config *config,
                 int *load, int *count)
{
    const int bins = plan->passes * config->lanes, most = divide_up(plan->pair_count, bins);
    memset(load, 0, (size_t)bins * sizeof *load);
    memset(count, 0, (size_t)bins * sizeof *count);
    for (int i = 0; i < plan->pair_count; i++) {
        int best = -1;
        for (int b = 0; b < bins; b++)
            if (count[b] < most && (best < 0 || load[b] < load[best]))
                best = b;
        load[best] += ranked[i].size;
        count[best]++;
        plan->bin[ranked[i].index] = best;
        if (load[best] > accel_stream_items(config))
            return false;
    }
    return true;
}

static sned_status order_bins(struct lane_plan *plan, const struct ranked *ranked, int bins,
                              sned_error *error)
{
    int at = 0;
    SNED_TRY(sned_alloc(&plan->start, (size_t)bins + 1, sizeof *plan->start, error));
    SNED_TRY(sned_alloc(&plan->order, (size_t)plan->pair_count, sizeof *plan->order, error));
    for (int b = 0; b < bins; b++) {
        plan->start[b] = at;
        for (int i = 0; i < plan->pair_count; i++)
            if (plan->bin[ranked[i].index] == b)
                plan->order[at++] = ranked[i].index;
    }
    plan->start[bins] = at;
    return SNED_OK;
}

static sned_status find_bins(struct lane_plan *plan, const struct accel_config *config, sned_error *error)
{
    struct ranked *ranked = NULL;
    int *load = NULL, *count = NULL;
    const size_t most = (size_t)(plan->pair_count + config->lanes) * 2;
    sned_status status;
    SNED_TRY_DONE(sned_alloc(&ranked, (size_t)plan->pair_count, sizeof *ranked, error));
    SNED_TRY_DONE(sned_alloc(&plan->bin, (size_t)plan->pair_count, sizeof *plan->bin, error));
    SNED_TRY_DONE(sned_alloc(&load, most, sizeof *load, error));
    SNED_TRY_DONE(sned_alloc(&count, most, sizeof *count, error));
    for (int p = 0; p < plan->pair_count; p++) {
        /* With a header in each half-tile. */
        ranked[p] = (struct ranked){p, plan->pairs[p].entries + plan->halves};
        if (ranked[p].size > accel_stream_items(config)) {
            status =
                sned_fail(error, SNED_ERROR_UNSUPPORTED,
                          "filters with %d weights that are not 0; the configuration '%s' takes %d at most",
                          plan->pairs[p].entries, config->name, accel_stream_items(config));
            goto done;
        }
    }
    qsort(ranked, (size_t)plan->pair_count, sizeof *ranked, by_size);
    /* With one pair a bin every stream fits, so this ends. */
    plan->passes = divide_up(plan->pair_count, config->lanes * config->slots);
    while (!deal(plan, ranked, config, load, count))
        plan->passes++;
    SNED_TRY_DONE(order_bins(plan, ranked, plan->passes * config->lanes, error));
done:
    free(ranked);
    free(load);
    free(count);
    return status;
}

sned_status lane_plan_make(struct lane_plan *plan, const struct raster *raster, const int8_t *weights,
                           const struct accel_config *config, bool alone, sned_error *error)
{
    struct masks masks = {0};
    sned_status status;
    *plan = (struct lane_plan){0};
    SNED_TRY_DONE(masks_make(&masks, raster, weights, error));
    SNED_TRY_DONE(find_pairs(plan, &masks, raster->filters, alone, error));
    SNED_TRY_DONE(find_rows(plan, &masks, raster, config->half_rows, error));
    SNED_TRY_DONE(find_bins(plan, config, error));
done:
    masks_free(&masks);
    if (status != SNED_OK)
        lane_plan_free(plan);
    return status;
}

void lane_plan_free(struct lane_plan *plan)
{
    for (int p = 0; plan->pairs && p < plan->pair_count; p++)
        free(plan->pairs[p].in_half);
    free(plan->pairs);
    free(plan->half_rows);
    free(plan->live);
    free(plan->bin);
    free(plan->order);
    free(plan->start);
    *plan = (struct lane_plan){0};
}
