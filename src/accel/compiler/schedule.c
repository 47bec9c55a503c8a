/*
 * schedule.c - see schedule.h.
 */
#include "accel/compiler/schedule.h"
#include "accel/compiler/loader.h"
#include "accel/program/numbers.h"

#include <stdlib.h>

/* ---- what was tried out ----
 *
 * These numbers only choose among lists that are all right; none of them can make a result wrong. They were
 * chosen by what simulated streams took (bench/sim.sh; docs/accelerator.md says what each step brought).
 * Whoever changes one compares the cycles of these streams. Shares below are of streams of 16 images on
 * zcu104, by the clock of this file.
 */

/* Images on their way at once, at most. With 1, AlexNet's stream takes half as long again as with 4, since
 * lanes and FC engine wait for each other; 2, 3, 6 and 8 are as good as 4. A network as small as ResNet-20
 * would gain 7 % by 8. More take longer to compile: a list is made for each number. */
enum { MOST_AT_ONCE = 4 };

/* An older image's task that can begin so many cycles later than the first that could is still taken before
 * it. With none, whatever can begin now keeps units busy at the network's beginning, while the engine at its
 * end, FC in AlexNet, runs out of images; with too much, units wait for nothing. AlexNet gains .5 % by the
 * best of these against none; with 13 amounts in place of 6 SqueezeNet would gain .4 %, in twice the time.
 * One image alone needs none. */
static const int64_t patience_choices[] = {0, 2000, 5000, 10000, 20000, 30000};

/* How much longer the vector unit takes beside the Convs of other images, which read the activation memory
 * first: simulated, about half as long again. Less, and the clock believes that its results are there before
 * they are, so that Convs wait for them. */
enum { BESIDE_CONVS = 3, ALONE = 2 };

/* A descriptor, and when it is done, about. */
struct done {
    int descriptor;
    int64_t time;
};

/* When all of several descriptors are done: of each unit the last one, or -1. */
struct unit_ends {
    int of[CODE_COUNT];
    int64_t time; /* about */
};

/* An image on its way. */
struct image {
    int next;              /* task; -1: its picture is to be loaded */
    struct done *done;     /* [1 + tasks so far]: of the picture's load, of each task */
    struct unit_ends ends; /* of all its tasks so far */
    bool has_left; /* are the head's tasks in the list? Then its place is free for another image when */
    struct unit_ends left; /* these are done */
    int stored;            /* the descriptor that stores its last output; -1: not yet in the list */
};

struct scheduler {
    struct accel_program *program;
    const struct step_list *steps;
    struct emitter emitter;
    struct loader loader;
    struct image *images;     /* [program->images]; owned */
    struct done *done;        /* of all images; owned */
    int heads, tails;         /* places for images' heads, and for their tails; tails 0: heads hold all */
    int64_t head, tail;       /* bytes of each */
    int head_tasks;           /* the first task behind the head's */
    int tail_task;            /* the first that writes to the tail */
    int64_t input;            /* the picture's place, of one image, */
    const int64_t *outputs;   /* and its results' */
    int64_t patience;         /* cycles that a unit waits at most for an older image */
    int64_t free[CODE_COUNT]; /* when a unit has done all that is in the list, about */
};

_Static_assert(CODE_COUNT == 5, "one -1 for each unit");
static const struct unit_ends no_ends = {.of = {-1, -1, -1, -1, -1}};

/* Its picture and those of its steps that an image's task waits for. */
static struct unit_ends before_task(const struct image *image, const struct task *task)
{
    struct unit_ends ends = {.time = image->done[0].time};
    for (int unit = 0; unit < CODE_COUNT; unit++) {
        const struct done *done = task->after[unit] < 0 ? NULL : &image->done[1 + task->after[unit]];
        ends.of[unit] = done ? done->descriptor : -1;
        ends.time = larger(ends.time, done ? done->time : 0);
    }
    ends.of[CODE_LOAD] = image->done[0].descriptor;
    return ends;
}

/* ---- places ---- */

/* Where the place of an image that stands for all lies for this one. */
static int64_t place_for(const struct scheduler *s, int image, int64_t place)
{
    return s->tails && place >= s->head ? place + (s->heads - 1) * s->head + image % s->tails * s->tail
                                        : place + image % s->heads * s->head;
}

static void move(const struct scheduler *s, int image, struct descriptor *d)
{
    switch (d->unit) {
    case CODE_CONV:
        d->u.conv.base = place_for(s, image, d->u.conv.base);
        d->u.conv.out_base = place_for(s, image, d->u.conv.out_base);
        break;
    case CODE_VECTOR:
        d->u.vector.base = place_for(s, image, d->u.vector.base);
        d->u.vector.second = place_for(s, image, d->u.vector.second);
        d->u.vector.out_base = place_for(s, image, d->u.vector.out_base);
        break;
    case CODE_FC:
        d->u.fc.base = place_for(s, image, d->u.fc.base);
        d->u.fc.out_base = place_for(s, image, d->u.fc.out_base);
        d->u.fc.second = place_for(s, image, d->u.fc.second);
        break;
    default:
        break;
    }
}

static int64_t written(const struct task *task)
{
    return task->work.unit == CODE_CONV     ? task->work.u.conv.out_base
           : task->work.unit == CODE_VECTOR ? task->work.u.vector.out_base
                                            : task->work.u.fc.out_base;
}

/* The image whose head's, or tail's, place this one takes; -1: it is free. */
static int before_in_head(const struct scheduler *s, int image)
{
    return image < s->heads ? -1 : image - s->heads;
}

static int before_in_tail(const struct scheduler *s, int image)
{
    return !s->tails || s->images[image].next < s->tail_task || image < s->tails ? -1 : image - s->tails;
}

/* ---- one task ---- */

/* What a descriptor waits for at most: of each unit a step, a store of the image before, and its loads. */
enum { OTHER = CODE_COUNT, LOADS, AFTER = LOADS + 3 };

static sned_status add_lrn(struct scheduler *s, const struct task *task, const struct descriptor *d,
                           int after[AFTER], int *index, sned_error *error)
{
    SNED_TRY(loader_lrn(&s->loader, &s->emitter, task, &after[LOADS], error));
    SNED_TRY(emit(&s->emitter, d, after, AFTER, index, error));
    s->loader.lrn = *index;
    return SNED_OK;
}

static sned_status add_task(struct scheduler *s, int index, const struct task *task, sned_error *error)
{
    struct image *image = &s->images[index];
    struct descriptor d = task->work;
    const int other = before_in_tail(s, index);
    const struct unit_ends before = before_task(image, task);
    int *descriptor = &image->done[1 + image->next].descriptor;
    int after[AFTER] = {[OTHER] = other < 0 ? -1 : s->images[other].stored, -1, -1, -1};
    for (int unit = 0; unit < CODE_COUNT; unit++)
        after[unit] = before.of[unit];
    move(s, index, &d);
    if (task->table.words)
        return add_lrn(s, task, &d, after, descriptor, error);
    if (d.unit == CODE_CONV)
        SNED_TRY(loader_tables(&s->loader, &s->emitter, task, &d, after + LOADS, error));
    return emit(&s->emitter, &d, after, AFTER, descriptor, error);
}

/* ---- images ---- */

/* The picture, once the image before in its place is gone. */
static sned_status begin_image(struct scheduler *s, int index, sned_error *error)
{
    struct image *image = &s->images[index];
    const int words = s->program->input.bytes / DDR_WORD, before = before_in_head(s, index);
    const struct load_work work = {.kind = LOAD_ACTIVATIONS,
                                   .moves = 1,
                                   .address = (int64_t)index * words,
                                   .words = words,
                                   .place = place_for(s, index, s->input)};
    const struct unit_ends *left = before < 0 ? &no_ends : &s->images[before].left;
    SNED_TRY(loader_load(&s->loader, &s->emitter, 0, &work, left->of, CODE_COUNT, left->time,
                         &image->done[0].descriptor, error));
    image->done[0].time = s->loader.free;
    if (!s->steps->task_count) /* the picture is the result */
        image->ends.of[CODE_LOAD] = image->done[0].descriptor;
    return SNED_OK;
}

/* Its results, all when the last step is done. */
static sned_status end_image(struct scheduler *s, int index, sned_error *error)
{
    struct image *image = &s->images[index];
    for (int i = 0; i < s->program->output_count; i++) {
        const struct program_output *output = &s->program->outputs[i];
        const int64_t first = index * s->program->output_bytes + output->offset;
        const struct descriptor d = {.unit = CODE_STORE,
                                     .layer = s->program->layer_count - 1,
                                     .u.store = {.moves = 1,
                                                 .address = first / DDR_WORD,
                                                 .words = output->layout.bytes / DDR_WORD,
                                                 .place = place_for(s, index, s->outputs[i])}};
        SNED_TRY(emit(&s->emitter, &d, image->ends.of, CODE_COUNT, &image->stored, error));
    }
    return SNED_OK;
}

/* When its next task can begin; INT64_MAX: it is done, or waits for its place. */
static int64_t next_time(const struct scheduler *s, int index)
{
    const struct image *image = &s->images[index];
    const int head = before_in_head(s, index), tail = before_in_tail(s, index);
    if (image->stored >= 0 || (head >= 0 && !s->images[head].has_left) ||
        (tail >= 0 && s->images[tail].stored < 0))
        return INT64_MAX;
    if (image->next < 0)
        return larger(s->loader.free, head < 0 ? 0 : s->images[head].left.time);
    const struct task *task = &s->steps->tasks[image->next];
    const int64_t before = before_task(image, task).time;
    const int64_t ready = tail < 0 ? before : larger(before, s->images[tail].ends.time);
    const int64_t when = larger(ready, s->free[task->work.unit]);
    return task->work.unit == CODE_CONV ? larger(when, loader_time(&s->loader, task)) : when;
}

static int64_t cycles_of(const struct scheduler *s, const struct task *task)
{
    const bool waits = task->work.unit == CODE_VECTOR && s->program->images > 1;
    return waits ? task->cycles * BESIDE_CONVS / ALONE : task->cycles;
}

static sned_status do_task(struct scheduler *s, int index, sned_error *error)
{
    struct image *image = &s->images[index];
    const struct task *task = &s->steps->tasks[image->next];
    struct done *done = &image->done[1 + image->next];
    done->time = next_time(s, index) + cycles_of(s, task);
    SNED_TRY(add_task(s, index, task, error));
    image->ends.of[task->work.unit] = done->descriptor;
    image->ends.time = larger(image->ends.time, done->time);
    s->free[task->work.unit] = done->time;
    if (task->work.unit == CODE_CONV)
        loader_used(&s->loader, done->descriptor, done->time);
    return SNED_OK;
}

static sned_status add_next(struct scheduler *s, int index, sned_error *error)
{
    struct image *image = &s->images[index];
    SNED_TRY(image->next < 0 ? begin_image(s, index, error) : do_task(s, index, error));
    image->next++;
    if (image->next == s->steps->task_count)
        SNED_TRY(end_image(s, index, error));
    if (image->next == s->head_tasks) {
        image->has_left = true;
        image->left = image->ends;
        if (!s->tails)
            image->left.of[CODE_STORE] = image->stored;
    }
    return SNED_OK;
}

/* The oldest of those that can go on first, or little later than the first. -1: all are done. */
static int next_image(const struct scheduler *s)
{
    int next = -1;
    int64_t earliest = INT64_MAX;
    for (int i = 0; i < s->program->images; i++)
        earliest = smaller(earliest, next_time(s, i));
    for (int i = 0; i < s->program->images && next < 0; i++) {
        const int64_t when = next_time(s, i);
        if (when < INT64_MAX && when - earliest <= s->patience)
            next = i;
    }
    return next;
}

/* ---- lists ---- */

/* *end: when all is done, about. */
static sned_status add_images(struct scheduler *s, int64_t *end, sned_error *error)
{
    const int count = s->program->images, steps = s->steps->task_count + 1;
    SNED_TRY(sned_alloc(&s->images, (size_t)count, sizeof *s->images, error));
    SNED_TRY(sned_alloc(&s->done, (size_t)count * (size_t)steps, sizeof *s->done, error));
    for (int i = 0; i < count; i++)
        s->images[i] = (struct image){
            .next = -1, .done = s->done + i * steps, .ends = no_ends, .left = no_ends, .stored = -1};
    for (int i = next_image(s); i >= 0; i = next_image(s))
        SNED_TRY(add_next(s, i, error));
    *end = 0;
    for (int i = 0; i < count; i++)
        *end = larger(*end, s->images[i].ends.time);
    return SNED_OK;
}

/* What its places and patience say, if it is done before *first; it then takes the place of *best. */
static sned_status try_list(const struct scheduler *start, struct emitter *best, int64_t *first,
                            sned_error *error)
{
    struct scheduler s = *start;
    int64_t end = 0;
    const sned_status status = add_images(&s, &end, error);
    free(s.images);
    free(s.done);
    if (status == SNED_OK && end < *first) {
        emitter_free(best);
        *best = s.emitter;
        *first = end;
    } else {
        emitter_free(&s.emitter);
    }
    return status;
}

static sned_status best_list(struct scheduler *s, struct emitter *best, sned_error *error)
{
    const int64_t room = s->program->config->activation_bytes;
    const int most = (int)smaller(s->program->images, MOST_AT_ONCE),
              choices = s->program->images > 1 ? sizeof patience_choices / sizeof *patience_choices : 1;
    int64_t first = INT64_MAX;
    for (s->tails = s->tail ? 1 : 0; s->tails <= (s->tail ? most : 0); s->tails++)
        for (s->heads = 1; s->heads <= most && s->heads * s->head + s->tails * s->tail <= room; s->heads++)
            for (int i = 0; i < choices; i++) {
                s->patience = patience_choices[i];
                SNED_TRY(try_list(s, best, &first, error));
            }
    return SNED_OK;
}

sned_status schedule(struct accel_program *program, const struct step_list *steps,
                     const struct placement *placement, int64_t input_place, const int64_t *output_places,
                     sned_error *error)
{
    struct scheduler s = {.program = program,
                          .steps = steps,
                          .head = placement->head,
                          .tail = placement->bytes - placement->head,
                          .input = input_place,
                          .outputs = output_places};
    struct emitter list = {0};
    sned_status status;
    loader_init(&s.loader, program->config);
    while (s.head_tasks < steps->task_count && steps->tasks[s.head_tasks].work.layer < placement->cut)
        s.head_tasks++;
    while (s.tail_task < steps->task_count && written(&steps->tasks[s.tail_task]) < s.head)
        s.tail_task++;
    SNED_TRY_DONE(best_list(&s, &list, error));
    SNED_TRY_DONE(sned_buffer_append(&program->image, steps->data.data, steps->data.size, error));
    program->list = (int64_t)program->image.size;
    SNED_TRY_DONE(emit_end(&list, &program->image, error));
    program->descriptor_count = list.count;
done:
    emitter_free(&list);
    return status;
}
