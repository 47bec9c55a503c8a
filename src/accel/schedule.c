/*
 * schedule.c - see schedule.h.
 */
#include "accel/schedule.h"
#include "accel/numbers.h"

#include <stdlib.h>

/* At most: a unit that waits for its image finds work on another's. */
enum { SLOTS = 4 };

/* An image on its way. */
struct image {
    int next;      /* task; -1: its picture is to be loaded */
    int last;      /* descriptor of the step before: its load, in the beginning */
    int64_t ready; /* when that is done, about */
    int stored;    /* the descriptor of its end; -1: not yet there */
};

struct scheduler {
    struct accel_program *program;
    const struct step_list *steps;
    struct emitter emitter;
    struct image *images; /* [program->images]; owned */
    int slots;
    int64_t input, output;     /* places of one image */
    int64_t free[CODE_COUNT];  /* when a unit has done all that is in the list, about */
    int half;                  /* of buffers and tables that the last Conv uses */
    int conv[2], row_users[2]; /* the last Convs that use each half of buffers and tables; of the row table */
    int row_loads;             /* so far */
    int row_first;             /* of the rows that were loaded last, */
    int row_load;              /* by this descriptor, */
    int64_t rows_loaded;       /* from here, */
    int row_half;              /* to this half; 2: both */
    const struct task *loaded; /* of the last Conv: the same task for another image finds its tables there */
    int lrn;                   /* the last LRN */
};

/* ---- one task ---- */

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

static sned_status load(struct scheduler *s, int layer, const struct load_work *work, const int *after,
                        int count, int *index, sned_error *error)
{
    const struct descriptor d = {.unit = CODE_LOAD, .layer = layer, .u.load = *work};
    return emit(&s->emitter, &d, after, count, index, error);
}

/* Rows go to the half that the group before last has used, or to the whole where they need it. */
static sned_status load_rows(struct scheduler *s, const struct task *task, sned_error *error)
{
    const int room = s->program->config->table_rows / 2;
    s->row_half = task->row_count > room ? 2 : s->row_loads % 2;
    s->row_loads = s->row_half == 2 ? 0 : s->row_half + 1;
    s->row_first = s->row_half == 1 ? room : 0;
    s->rows_loaded = task->rows.address;
    const int after[2] = {s->row_half == 1 ? -1 : s->row_users[0], s->row_half == 0 ? -1 : s->row_users[1]};
    return load(s, task->work.layer,
                &(struct load_work){.kind = LOAD_ROWS,
                                    .address = task->rows.address,
                                    .words = task->rows.words,
                                    .place = s->row_first},
                after, 2, &s->row_load, error);
}

static sned_status load_tables(struct scheduler *s, const struct task *task, int half, int loads[2],
                               sned_error *error)
{
    const struct accel_config *config = s->program->config;
    if (s->rows_loaded != task->rows.address)
        SNED_TRY(load_rows(s, task, error));
    SNED_TRY(load(s, task->work.layer,
                  &(struct load_work){.kind = LOAD_PAIRS,
                                      .address = task->pairs.address,
                                      .words = task->pairs.words,
                                      .place = half * config->table_pairs / 2},
                  &s->conv[half], 1, &loads[0], error));
    return load(s, task->work.layer,
                &(struct load_work){.kind = LOAD_STREAMS,
                                    .address = task->streams.address,
                                    .words = task->streams.words,
                                    .place = half * config->stream_words / 2,
                                    .lane_words = task->stream_words},
                &s->conv[half], 1, &loads[1], error);
}

static sned_status add_conv(struct scheduler *s, const struct task *task, struct descriptor *d, int before,
                            int *index, sned_error *error)
{
    const struct accel_config *config = s->program->config;
    int loads[2] = {-1, -1};
    if (s->loaded != task) {
        s->half = 1 - s->half;
        SNED_TRY(load_tables(s, task, s->half, loads, error));
        s->loaded = task;
    }
    d->u.conv.row_first = s->row_first;
    d->u.conv.pair_first = s->half * config->table_pairs / 2;
    d->u.conv.stream_first = s->half * config->stream_words / 2;
    const int after[] = {before, s->row_load, loads[0], loads[1]};
    SNED_TRY(emit(&s->emitter, d, after, 4, index, error));
    s->conv[s->half] = *index;
    if (s->row_half != 1)
        s->row_users[0] = *index;
    if (s->row_half != 0)
        s->row_users[1] = *index;
    return SNED_OK;
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
                      &s->lrn, 1, &after[1], error));
        SNED_TRY(emit(&s->emitter, &d, after, 2, index, error));
        s->lrn = *index;
        return SNED_OK;
    }
    return emit(&s->emitter, &d, after, 1, index, error);
}

/* ---- images ---- */

static int64_t place_of(const struct scheduler *s, int image)
{
    return image % s->slots * (int64_t)s->program->activation_bytes;
}

/* The picture, once the image before in its slot is gone. */
static sned_status begin_image(struct scheduler *s, int image, sned_error *error)
{
    const int words = s->program->input.bytes / DDR_WORD;
    const int before = image >= s->slots ? s->images[image - s->slots].stored : -1;
    return load(s, 0,
                &(struct load_work){.kind = LOAD_ACTIVATIONS,
                                    .moves = 1,
                                    .address = (int64_t)image * words,
                                    .words = words,
                                    .place = s->input + place_of(s, image)},
                &before, 1, &s->images[image].last, error);
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

static sned_status add_next(struct scheduler *s, int index, sned_error *error)
{
    struct image *image = &s->images[index];
    if (image->next < 0)
        SNED_TRY(begin_image(s, index, error));
    if (image->next >= 0) {
        const struct task *task = &s->steps->tasks[image->next];
        int64_t *busy = &s->free[task->work.unit];
        SNED_TRY(add_task(s, task, place_of(s, index), image->last, &image->last, error));
        image->ready = *busy = larger(*busy, image->ready) + task->cycles;
    }
    return ++image->next == s->steps->task_count ? end_image(s, index, error) : SNED_OK;
}

/* When its next task can begin; INT64_MAX: it is done, or waits for its slot. */
static int64_t next_time(const struct scheduler *s, int index)
{
    const struct image *image = &s->images[index];
    if (image->stored >= 0 || (index >= s->slots && s->images[index - s->slots].stored < 0))
        return INT64_MAX;
    if (image->next < 0)
        return index >= s->slots ? s->images[index - s->slots].ready : 0;
    return larger(image->ready, s->free[s->steps->tasks[image->next].work.unit]);
}

/* The first that can go on; of equals one that finds its tables there, then the oldest. -1: all are done. */
static int next_image(const struct scheduler *s)
{
    int best = -1;
    int64_t earliest = INT64_MAX;
    bool best_loaded = false;
    for (int i = 0; i < s->program->images; i++) {
        const int64_t when = next_time(s, i);
        const bool loaded =
            s->images[i].next >= 0 && when < INT64_MAX && s->loaded == &s->steps->tasks[s->images[i].next];
        if (when < earliest || (when == earliest && loaded && !best_loaded)) {
            earliest = when;
            best = i;
            best_loaded = loaded;
        }
    }
    return best;
}

static sned_status add_images(struct scheduler *s, sned_error *error)
{
    for (int image = next_image(s); image >= 0; image = next_image(s)) {
        if (s->images[image].next < 0)
            s->images[image].ready = next_time(s, image);
        SNED_TRY(add_next(s, image, error));
    }
    return SNED_OK;
}

sned_status schedule(struct accel_program *program, const struct step_list *steps, int64_t input_place,
                     int64_t output_place, sned_error *error)
{
    const int64_t room = program->config->activation_bytes / program->activation_bytes;
    struct scheduler s = {.program = program,
                          .steps = steps,
                          .slots = room > SLOTS ? SLOTS : (int)room,
                          .input = input_place,
                          .output = output_place,
                          .conv = {-1, -1},
                          .row_users = {-1, -1},
                          .row_load = -1,
                          .rows_loaded = -1,
                          .lrn = -1};
    sned_status status;
    SNED_TRY_DONE(sned_alloc(&s.images, (size_t)program->images, sizeof *s.images, error));
    for (int i = 0; i < program->images; i++)
        s.images[i] = (struct image){.next = -1, .stored = -1};
    SNED_TRY_DONE(sned_buffer_append(&program->image, steps->data.data, steps->data.size, error));
    program->list = (int64_t)program->image.size;
    SNED_TRY_DONE(add_images(&s, error));
    SNED_TRY_DONE(emit_end(&s.emitter, &program->image, error));
    program->descriptor_count = s.emitter.count;
done:
    free(s.images);
    emitter_free(&s.emitter);
    return status;
}
