/*
 * parts.c - see parts.h.
 */
#include "accel/compiler/parts.h"
#include "accel/program/numbers.h"
#include "accel/program/vector_cycles.h"
#include "accel/compiler/walk.h"

#include <math.h>

/* Of so few parts, with two steps behind each, a queue of 8 descriptors does not keep later loads back. Each
 * part more costs about so many cycles: the feeder's beginning, the lanes' and collectors' end. */
enum { MOST = 4, COST = 250 };

/* ---- their steps ---- */

/* A Conv's last pass, and behind it an LRN, a pool or both. */
struct chain {
    struct task conv, lrn, pool;
    bool has_lrn, has_pool;
    int tasks;
};

static bool is_vector(const struct task *task, int operation)
{
    return task->work.unit == CODE_VECTOR && task->work.u.vector.operation == operation;
}

/* tasks 0: the list ends otherwise. Places say whether a step reads what the one before it writes. */
static struct chain chain_of(const struct step_list *steps)
{
    struct chain c = {0};
    int at = steps->task_count - 1;
    if (at > 0 &&
        (is_vector(&steps->tasks[at], VECTOR_MAX) || is_vector(&steps->tasks[at], VECTOR_AVERAGE))) {
        c.pool = steps->tasks[at--];
        c.has_pool = true;
    }
    if (at > 0 && is_vector(&steps->tasks[at], VECTOR_LRN)) {
        c.lrn = steps->tasks[at--];
        c.has_lrn = true;
    }
    if (at < 0 || at == steps->task_count - 1 || steps->tasks[at].work.unit != CODE_CONV)
        return (struct chain){0};
    c.conv = steps->tasks[at];
    const struct conv_work *conv = &c.conv.work.u.conv;
    const struct vector_work *lrn = &c.lrn.work.u.vector, *pool = &c.pool.work.u.vector;
    const bool joined = (!c.has_lrn || lrn->base == conv->out_base) &&
                        (!c.has_pool || (pool->base == (c.has_lrn ? lrn->out_base : conv->out_base) &&
                                         pool->pitch == conv->pitch));
    if (joined)
        c.tasks = steps->task_count - at;
    return c;
}

/* ---- parts ---- */

/* The Conv's tiles from `from` to before `to`. */
static struct task conv_part(const struct chain *c, int64_t from, int64_t to,
                             const struct accel_config *config)
{
    struct task task = c->conv;
    struct conv_work *work = &task.work.u.conv;
    work->first = from * config->pixels;
    work->first_column = work->first % work->pitch;
    work->out_base += work->first;
    work->out_limit -= work->first;
    work->tiles = to - from;
    task.cycles = task.cycles * work->tiles / c->conv.work.u.conv.tiles;
    return task;
}

/* The LRN's pixels from `from` to before `to`, of each plane. */
static struct task lrn_part(const struct chain *c, int64_t from, int64_t to,
                            const struct accel_config *config)
{
    struct task task = c->lrn;
    struct vector_work *work = &task.work.u.vector;
    work->base += from;
    work->out_base += from;
    work->length = to - from;
    task.cycles = vector_cycles(work, config);
    return task;
}

/* The pool's rows from `from` to before `to`. */
static struct task pool_part(const struct chain *c, int64_t from, int64_t to,
                             const struct accel_config *config)
{
    struct task task = c->pool;
    const struct vector_work *pool = &c->pool.work.u.vector;
    task.work.u.vector = walk_part(pool, (int64_t[2]){from, 0}, (int64_t[2]){to, pool->out_width});
    task.cycles = vector_cycles(&task.work.u.vector, config);
    return task;
}

/* The pool's rows whose windows lie in the first `complete` rows of the image; the next must not begin above
 * the image, as it would be another part's first. */
static int64_t rows_within(const struct vector_work *pool, int64_t complete)
{
    int64_t rows = 0;
    while (rows < pool->out_height &&
           rows * pool->stride_down - pool->pad_top + pool->kernel_height <= complete)
        rows++;
    return rows * pool->stride_down < pool->pad_top ? 0 : rows;
}

static int64_t parts_of(const struct chain *c, int parts)
{
    const int64_t vector = (c->has_lrn ? c->lrn.cycles : 0) + (c->has_pool ? c->pool.cycles : 0);
    const int64_t pays = (int64_t)sqrt((double)vector / COST);
    return smaller(parts ? parts : smaller(pays, MOST), c->conv.work.u.conv.tiles);
}

/* Behind the Conv's part `conv` (a step): what is complete with pixels before `pixels` of the raster; those
 * of the parts before, and the pool's rows, are done. */
static sned_status add_vector(struct step_list *steps, const struct chain *c, int conv, int64_t before,
                              int64_t pixels, int64_t *rows, const struct accel_config *config,
                              sned_error *error)
{
    int behind = conv;
    const bool ends = pixels == INT64_MAX;
    if (c->has_lrn) {
        const int64_t to = ends ? c->lrn.work.u.vector.length : pixels;
        const struct task lrn = lrn_part(c, before, to, config);
        SNED_TRY(step_add_behind(steps, c->lrn.work.layer, &lrn, behind, error));
        behind = steps->task_count - 1;
    }
    if (c->has_pool) {
        const struct vector_work *pool = &c->pool.work.u.vector;
        const int64_t to = ends ? pool->out_height : rows_within(pool, pixels / pool->pitch);
        if (to > *rows) {
            const struct task part = pool_part(c, *rows, to, config);
            SNED_TRY(step_add_behind(steps, c->pool.work.layer, &part, behind, error));
            *rows = to;
        }
    }
    return SNED_OK;
}

sned_status parts_cut(struct step_list *steps, int parts, const struct accel_config *config,
                      sned_error *error)
{
    const struct chain c = chain_of(steps);
    const int64_t count = c.tasks ? parts_of(&c, parts) : 0, tiles = c.conv.work.u.conv.tiles;
    int64_t rows = 0;
    if (count < 2)
        return SNED_OK;
    steps->task_count -= c.tasks;
    const int first = steps->task_count;
    for (int64_t p = 0; p < count; p++) {
        const struct task conv = conv_part(&c, p * tiles / count, (p + 1) * tiles / count, config);
        SNED_TRY(step_add(steps, c.conv.work.layer, &conv, error));
    }
    for (int64_t p = 0; p < count; p++)
        SNED_TRY(add_vector(steps, &c, first + (int)p, p * tiles / count * config->pixels,
                            p == count - 1 ? INT64_MAX : (p + 1) * tiles / count * config->pixels, &rows,
                            config, error));
    return SNED_OK;
}
