/*
 * schedule.c - see schedule.h.
 */
#include "accel/schedule.h"
#include "accel/numbers.h"

#include <stdio.h>
#include <stdlib.h>

/* At most: a unit that waits for its image finds work on another's. */
enum { SLOTS = 4 };

/* Cycles from a load's beginning to its first word, about. */
enum { LATENCY = 60 };

/* What decides between images that could go on. */
struct policy {
    int slots;        /* images on their way at once, at most */
    int64_t patience; /* so many cycles later may an image begin that finds its tables loaded, and still go first */
};

static const int64_t patiences[] = {0, 1000, 4000, 16000, 64000, INT64_MAX / 4};

/* An image on its way. */
struct image {
    int next;      /* task; -1: its picture is to be loaded */
    int last;      /* descriptor of the step before: its load, in the beginning */
    int64_t ready; /* when that is done, about */
    int stored;    /* the descriptor of its end; -1: not yet there */
};

/* A half of the buffers and tables, or of the row table, that one Conv reads while another's is loaded. */
struct half {
    int user;     /* the last Conv that reads it */
    int64_t free; /* when that is done, about */
};

struct scheduler {
    struct accel_program *program;
    const struct step_list *steps;
    struct policy policy;
    struct emitter emitter;
    struct image *images;      /* [program->images]; owned */
    int64_t input, output;     /* places of one image */
    int64_t free[CODE_COUNT];  /* when a unit has done all that is in the list, about */
    struct half halves[2], row_halves[2];
    int half;                  /* of buffers and tables that the last Conv uses */
    int row_loads;             /* so far */
    int row_first;             /* of the rows that were loaded last, */
    int row_load;              /* by this descriptor, */
    int64_t rows_loaded;       /* from here, */
    int row_half;              /* to this half; 2: both */
    const struct task *loaded; /* of the last Conv: the same task for another image finds its tables there */
    int lrn;                   /* the last LRN */
};

/* ---- one task ---- */

/* rtl/dma/sned_load.sv. */
static int64_t load_cycles(const struct load_work *work, const struct accel_config *config)
{
    const int64_t each = work->kind == LOAD_ROWS ? 2 : work->kind == LOAD_TABLE ? 8 : 1;
    return LATENCY + (work->kind == LOAD_STREAMS ? work->words / 2 : work->words * each);
}

static void move(struct descriptor *d, int64_t by)
{
    switch (d->unit) {
    case CODE_CONV:
        d->u.conv.base += by;
        d->u.conv.out_base += by;
        break;
    case CODE_VECTOR:
        d->u.vector.base += by;
        d->u.vector.second += by;
        d->u.vector.out_base += by;
        break;
    case CODE_FC:
        d->u.fc.base += by;
        d->u.fc.out_base += by;
        d->u.fc.second += by;
        break;
    default:
        break;
    }
}

static sned_status load(struct scheduler *s, int layer, const struct load_work *work, int after, int64_t from,
                        int *index, sned_error *error)
{
    const struct descriptor d = {.unit = CODE_LOAD, .layer = layer, .u.load = *work};
    s->free[CODE_LOAD] = larger(s->free[CODE_LOAD], from) + load_cycles(work, s->program->config);
    return emit(&s->emitter, &d, &after, 1, index, error);
}

/* ---- a Conv and its tables ---- */

/* Where its rows go: the half that the group before last has used, or 2, the whole, where they need it. */
static int row_half(const struct scheduler *s, const struct task *task)
{
    return task->row_count > s->program->config->table_rows / 2 ? 2 : s->row_loads % 2;
}

/* Of the Convs that read it the one to wait for. */
static struct half row_user(const struct scheduler *s, int half)
{
    const struct half *h = s->row_halves;
    return half < 2 ? h[half] : h[h[1].user > h[0].user];
}

static struct load_work rows_of(const struct scheduler *s, const struct task *task)
{
    return (struct load_work){.kind = LOAD_ROWS,
                              .address = task->rows.address,
                              .words = task->rows.words,
                              .place = row_half(s, task) == 1 ? s->program->config->table_rows / 2 : 0};
}

static struct load_work pairs_of(const struct scheduler *s, const struct task *task, int half)
{
    return (struct load_work){.kind = LOAD_PAIRS,
                              .address = task->pairs.address,
                              .words = task->pairs.words,
                              .place = half * s->program->config->table_pairs / 2};
}

static struct load_work streams_of(const struct scheduler *s, const struct task *task, int half)
{
    return (struct load_work){.kind = LOAD_STREAMS,
                              .address = task->streams.address,
                              .words = task->streams.words,
                              .place = half * s->program->config->stream_words / 2,
                              .lane_words = task->stream_words};
}

/* When its tables are there, if it comes next. */
static int64_t tables_time(const struct scheduler *s, const struct task *task)
{
    const struct accel_config *config = s->program->config;
    const int half = 1 - s->half;
    const struct load_work rows = rows_of(s, task), pairs = pairs_of(s, task, half), streams = streams_of(s, task, half);
    int64_t when = s->free[CODE_LOAD];
    if (s->loaded == task)
        return 0;
    if (s->rows_loaded != task->rows.address)
        when = larger(when, row_user(s, row_half(s, task)).free) + load_cycles(&rows, config);
    return larger(when, s->halves[half].free) + load_cycles(&pairs, config) + load_cycles(&streams, config);
}

static sned_status load_rows(struct scheduler *s, const struct task *task, sned_error *error)
{
    const struct load_work work = rows_of(s, task);
    s->row_half = row_half(s, task);
    s->row_loads = s->row_half == 2 ? 0 : s->row_half + 1;
    s->row_first = (int)work.place;
    s->rows_loaded = task->rows.address;
    const struct half user = row_user(s, s->row_half);
    return load(s, task->work.layer, &work, user.user, user.free, &s->row_load, error);
}

static sned_status load_tables(struct scheduler *s, const struct task *task, int loads[2], sned_error *error)
{
    s->half = 1 - s->half;
    const struct half *half = &s->halves[s->half];
    const struct load_work pairs = pairs_of(s, task, s->half), streams = streams_of(s, task, s->half);
    if (s->rows_loaded != task->rows.address)
        SNED_TRY(load_rows(s, task, error));
    SNED_TRY(load(s, task->work.layer, &pairs, half->user, half->free, &loads[0], error));
    return load(s, task->work.layer, &streams, half->user, half->free, &loads[1], error);
}

static sned_status add_conv(struct scheduler *s, const struct task *task, struct descriptor *d, int before,
                            int *index, sned_error *error)
{
    const struct accel_config *config = s->program->config;
    int loads[2] = {-1, -1};
    if (s->loaded != task)
        SNED_TRY(load_tables(s, task, loads, error));
    s->loaded = task;
    d->u.conv.row_first = s->row_first;
    d->u.conv.pair_first = s->half * config->table_pairs / 2;
    d->u.conv.stream_first = s->half * config->stream_words / 2;
    const int after[] = {before, s->row_load, loads[0], loads[1]};
    SNED_TRY(emit(&s->emitter, d, after, 4, index, error));
    return SNED_OK;
}

/* It reads its halves until `end`. */
static void use_halves(struct scheduler *s, int conv, int64_t end)
{
    const struct half used = {conv, end};
    s->halves[s->half] = used;
    if (s->row_half != 1)
        s->row_halves[0] = used;
    if (s->row_half != 0)
        s->row_halves[1] = used;
}

static sned_status add_task(struct scheduler *s, const struct task *task, int64_t place, int before,
                            int *index, sned_error *error)
{
    struct descriptor d = task->work;
    int after[2] = {before, -1};
    move(&d, place);
    if (d.unit == CODE_CONV)
        return add_conv(s, task, &d, before, index, error);
    if (task->table.words) {
        SNED_TRY(load(s, d.layer,
                      &(struct load_work){
                          .kind = LOAD_TABLE, .address = task->table.address, .words = task->table.words},
                      s->lrn, 0, &after[1], error));
        SNED_TRY(emit(&s->emitter, &d, after, 2, index, error));
        s->lrn = *index;
        return SNED_OK;
    }
    return emit(&s->emitter, &d, after, 1, index, error);
}

/* ---- images ---- */

static int64_t place_of(const struct scheduler *s, int image)
{
    return image % s->policy.slots * (int64_t)s->program->activation_bytes;
}

/* The picture, once the image before in its slot is gone. */
static sned_status begin_image(struct scheduler *s, int image, sned_error *error)
{
    const int words = s->program->input.bytes / DDR_WORD;
    const int before = image - s->policy.slots;
    return load(s, 0,
                &(struct load_work){.kind = LOAD_ACTIVATIONS,
                                    .moves = 1,
                                    .address = (int64_t)image * words,
                                    .words = words,
                                    .place = s->input + place_of(s, image)},
                before < 0 ? -1 : s->images[before].stored, before < 0 ? 0 : s->images[before].ready,
                &s->images[image].last, error);
}

static sned_status end_image(struct scheduler *s, int image, sned_error *error)
{
    const int words = s->program->output.bytes / DDR_WORD;
    const struct descriptor d = {.unit = CODE_STORE,
                                 .layer = s->program->layer_count - 1,
                                 .u.store = {.moves = 1,
                                             .address = (int64_t)image * words,
                                             .words = words,
                                             .place = s->output + place_of(s, image)}};
    return emit(&s->emitter, &d, &s->images[image].last, 1, &s->images[image].stored, error);
}

static bool uses_tables(const struct task *task)
{
    return task->work.unit == CODE_CONV;
}

/* When its next task can begin; INT64_MAX: it is done, or waits for its slot. */
static int64_t next_time(const struct scheduler *s, int index)
{
    const struct image *image = &s->images[index];
    const int before = index - s->policy.slots;
    if (image->stored >= 0 || (before >= 0 && s->images[before].stored < 0))
        return INT64_MAX;
    if (image->next < 0)
        return larger(s->free[CODE_LOAD], before >= 0 ? s->images[before].ready : 0);
    const struct task *task = &s->steps->tasks[image->next];
    const int64_t when = larger(image->ready, s->free[task->work.unit]);
    return uses_tables(task) ? larger(when, tables_time(s, task)) : when;
}

static sned_status add_next(struct scheduler *s, int index, sned_error *error)
{
    struct image *image = &s->images[index];
    if (image->next < 0) {
        SNED_TRY(begin_image(s, index, error));
        image->ready = s->free[CODE_LOAD];
    } else {
        const struct task *task = &s->steps->tasks[image->next];
        image->ready = next_time(s, index) + task->cycles;
        SNED_TRY(add_task(s, task, place_of(s, index), image->last, &image->last, error));
        s->free[task->work.unit] = image->ready;
        if (uses_tables(task))
            use_halves(s, image->last, image->ready);
    }
    return ++image->next == s->steps->task_count ? end_image(s, index, error) : SNED_OK;
}

/* The first that can go on; one that finds its tables there may be later by the policy's patience; of equals
 * the oldest. -1: all are done. */
static int next_image(const struct scheduler *s)
{
    int best = -1;
    int64_t earliest = INT64_MAX;
    for (int i = 0; i < s->program->images; i++) {
        int64_t when = next_time(s, i);
        if (when < INT64_MAX && s->images[i].next >= 0 && s->loaded == &s->steps->tasks[s->images[i].next])
            when -= s->policy.patience;
        if (when < earliest) {
            earliest = when;
            best = i;
        }
    }
    return best;
}

static sned_status add_images(struct scheduler *s, sned_error *error)
{
    for (int i = 0; i < s->program->images; i++)
        s->images[i] = (struct image){.next = -1, .stored = -1};
    for (int image = next_image(s); image >= 0; image = next_image(s))
        SNED_TRY(add_next(s, image, error));
    return SNED_OK;
}

static int64_t end_of(const struct scheduler *s)
{
    int64_t end = 0;
    for (int i = 0; i < s->program->images; i++)
        end = larger(end, s->images[i].ready);
    return end;
}

/* ---- policies ---- */

/* A list by one policy; *end: when it is done, about. */
static sned_status schedule_by(const struct scheduler *start, struct policy policy, struct emitter *list,
                               int64_t *end, sned_error *error)
{
    struct scheduler s = *start;
    sned_status status;
    s.policy = policy;
    SNED_TRY_DONE(sned_alloc(&s.images, (size_t)s.program->images, sizeof *s.images, error));
    SNED_TRY_DONE(add_images(&s, error));
    *end = end_of(&s);
done:
    free(s.images);
    *list = s.emitter;
    return status;
}

/* The list that is done first. */
static sned_status schedule_best(const struct scheduler *start, struct emitter *best, sned_error *error)
{
    const struct accel_program *program = start->program;
    const int64_t room = program->config->activation_bytes / program->activation_bytes;
    const int most = (int)smaller(smaller(room, SLOTS), program->images);
    const int count = most > 1 ? (int)(sizeof patiences / sizeof *patiences) : 1;
    int64_t first = INT64_MAX, end = 0;
    for (int slots = 1; slots <= most; slots++)
        for (int p = 0; p < count; p++) {
            struct emitter list = {0};
            const sned_status status = schedule_by(start, (struct policy){slots, patiences[p]}, &list, &end, error);
            if (getenv("SCHED")) fprintf(stderr, "slots %d patience %ld: %ld\n", slots, (long)patiences[p], (long)end);
            if (status != SNED_OK || end >= first) {
                emitter_free(&list);
                SNED_TRY(status);
            } else {
                emitter_free(best);
                *best = list;
                first = end;
            }
        }
    return SNED_OK;
}

sned_status schedule(struct accel_program *program, const struct step_list *steps, int64_t input_place,
                     int64_t output_place, sned_error *error)
{
    const struct half unused = {-1, 0};
    const struct scheduler start = {.program = program,
                                    .steps = steps,
                                    .input = input_place,
                                    .output = output_place,
                                    .halves = {unused, unused},
                                    .row_halves = {unused, unused},
                                    .row_load = -1,
                                    .rows_loaded = -1,
                                    .lrn = -1};
    struct emitter list = {0};
    sned_status status;
    SNED_TRY_DONE(schedule_best(&start, &list, error));
    SNED_TRY_DONE(sned_buffer_append(&program->image, steps->data.data, steps->data.size, error));
    program->list = (int64_t)program->image.size;
    SNED_TRY_DONE(emit_end(&list, &program->image, error));
    program->descriptor_count = list.count;
done:
    emitter_free(&list);
    return status;
}
