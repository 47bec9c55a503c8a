/*
 * loader.c - see loader.h.
 */
#include "accel/compiler/loader.h"
#include "accel/program/numbers.h"

/* Cycles from a load's beginning to its first word, about: 40 of the memory (assumed, as in the simulation),
 * and a descriptor's. The loads of a layer take thousands, so little depends on it. */
enum { LATENCY = 60 };

void loader_init(struct loader *l, const struct accel_config *config)
{
    const struct half unused = {-1, 0};
    *l = (struct loader){.config = config,
                         .halves = {unused, unused},
                         .row_halves = {unused, unused},
                         .row_load = -1,
                         .rows_loaded = -1,
                         .lrn = -1,
                         .lrn_table = -1};
}

/* rtl/dma/sned_load.sv; streams come by two ports. */
static int64_t cycles_of(const struct load_work *work)
{
    const int64_t each = work->kind == LOAD_ROWS ? 2 : work->kind == LOAD_TABLE ? 8 : 1;
    return LATENCY + (work->kind == LOAD_STREAMS ? work->words / 2 : work->words * each);
}

sned_status loader_load(struct loader *l, struct emitter *emitter, int layer, const struct load_work *work,
                        const int *after, int after_count, int64_t from, int *index, sned_error *error)
{
    const struct descriptor d = {.unit = CODE_LOAD, .layer = layer, .u.load = *work};
    l->free = larger(l->free, from) + cycles_of(work);
    return emit(emitter, &d, after, after_count, index, error);
}

/* ---- the loads of a Conv ---- */

/* Where its rows go: the half that the group before last has used, or 2, the whole, where they need it. */
static int row_half_for(const struct loader *l, const struct task *conv)
{
    return conv->row_count > l->config->table_rows / 2 ? 2 : l->row_loads % 2;
}

/* Of the Convs that read it the one to wait for. */
static struct half row_user(const struct loader *l, int half)
{
    const struct half *h = l->row_halves;
    return half < 2 ? h[half] : h[h[1].user > h[0].user];
}

static struct load_work rows_of(const struct loader *l, const struct task *conv)
{
    return (struct load_work){.kind = LOAD_ROWS,
                              .address = conv->rows.address,
                              .words = conv->rows.words,
                              .place = row_half_for(l, conv) == 1 ? l->config->table_rows / 2 : 0};
}

static struct load_work pairs_of(const struct loader *l, const struct task *conv, int half)
{
    return (struct load_work){.kind = LOAD_PAIRS,
                              .address = conv->pairs.address,
                              .words = conv->pairs.words,
                              .place = half * l->config->table_pairs / 2};
}

static struct load_work streams_of(const struct loader *l, const struct task *conv, int half)
{
    return (struct load_work){.kind = LOAD_STREAMS,
                              .address = conv->streams.address,
                              .words = conv->streams.words,
                              .place = half * l->config->stream_words / 2,
                              .lane_words = conv->stream_words};
}

/* The last Conv's tables and streams serve other images' Convs and other parts of the same. */
static bool is_loaded(const struct loader *l, const struct task *conv)
{
    return l->loaded && l->loaded->rows.address == conv->rows.address &&
           l->loaded->pairs.address == conv->pairs.address &&
           l->loaded->streams.address == conv->streams.address;
}

int64_t loader_time(const struct loader *l, const struct task *conv)
{
    const int half = 1 - l->half;
    const struct load_work rows = rows_of(l, conv), pairs = pairs_of(l, conv, half),
                           streams = streams_of(l, conv, half);
    int64_t when = l->free;
    if (is_loaded(l, conv))
        return 0;
    if (l->rows_loaded != conv->rows.address)
        when = larger(when, row_user(l, row_half_for(l, conv)).free) + cycles_of(&rows);
    return larger(when, l->halves[half].free) + cycles_of(&pairs) + cycles_of(&streams);
}

static sned_status load_rows(struct loader *l, struct emitter *emitter, const struct task *conv,
                             sned_error *error)
{
    const struct load_work work = rows_of(l, conv);
    l->row_half = row_half_for(l, conv);
    l->row_loads = l->row_half == 2 ? 0 : l->row_half + 1;
    l->row_first = (int)work.place;
    l->rows_loaded = conv->rows.address;
    const struct half user = row_user(l, l->row_half);
    return loader_load(l, emitter, conv->work.layer, &work, &user.user, 1, user.free, &l->row_load, error);
}

sned_status loader_tables(struct loader *l, struct emitter *emitter, const struct task *conv,
                          struct descriptor *d, int loads[3], sned_error *error)
{
    const int layer = conv->work.layer;
    loads[1] = loads[2] = -1;
    if (!is_loaded(l, conv)) {
        l->half = 1 - l->half;
        l->loaded = conv;
        const struct half *half = &l->halves[l->half];
        const struct load_work pairs = pairs_of(l, conv, l->half), streams = streams_of(l, conv, l->half);
        if (l->rows_loaded != conv->rows.address)
            SNED_TRY(load_rows(l, emitter, conv, error));
        SNED_TRY(loader_load(l, emitter, layer, &pairs, &half->user, 1, half->free, &loads[1], error));
        SNED_TRY(loader_load(l, emitter, layer, &streams, &half->user, 1, half->free, &loads[2], error));
    }
    loads[0] = l->row_load;
    d->u.conv.row_first = l->row_first;
    d->u.conv.pair_first = l->half * l->config->table_pairs / 2;
    d->u.conv.stream_first = l->half * l->config->stream_words / 2;
    return SNED_OK;
}

sned_status loader_lrn(struct loader *l, struct emitter *emitter, const struct task *lrn, int *load,
                       sned_error *error)
{
    const struct load_work table = {
        .kind = LOAD_TABLE, .address = lrn->table.address, .words = lrn->table.words};
    if (l->lrn_table != lrn->table.address)
        SNED_TRY(loader_load(l, emitter, lrn->work.layer, &table, &l->lrn, 1, 0, &l->lrn_load, error));
    l->lrn_table = lrn->table.address;
    *load = l->lrn_load;
    return SNED_OK;
}

void loader_used(struct loader *l, int conv, int64_t end)
{
    const struct half used = {conv, end};
    l->halves[l->half] = used;
    if (l->row_half != 1)
        l->row_halves[0] = used;
    if (l->row_half != 0)
        l->row_halves[1] = used;
}
