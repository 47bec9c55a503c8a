/*
 * context.h - what a sned_context is made of, and how its threads share work.
 *
 *     struct | pool | states | memory of a run | own 1 | own 2 | ..
 *     struct | pool | states | memory of a run | memory of a run | ..          with by_image
 *
 * A run's memory is as the plan divides it: activations and scratch, what a thread has for itself, the
 * pointers of one step. Thread 0 works in the first one; the others have memory for themselves alone, or, to
 * run whole images, all of it.
 */
#ifndef SNED_RUNTIME_CONTEXT_H
#define SNED_RUNTIME_CONTEXT_H

#include "runtime/model.h"

struct thread_pool;

/* Whether images are faster by all threads or by one alone (compare.c). All 0 before the first one. */
enum image_way { BY_ALL, BY_ONE, IMAGE_WAYS };
struct comparison {
    enum image_way way; /* of the next image */
    bool is_trial;      /* of the way that was not taken so far */
    struct way_time {
        int images;         /* since it was tried last */
        double nanoseconds; /* of one, on average of late */
    } times[IMAGE_WAYS];
    double spent;    /* nanoseconds on this trial, or since the last one */
    double pause;    /* from the last one to the next */
    double patience; /* and how many trials long the pause after the next one is; 0: nothing has run */
};

struct sned_context {
    const sned_model *model;
    const struct plan *plan;
    uint8_t *states; /* what the states are between two runs, one behind the other */
    uint8_t *memory; /* [memories][plan->size] */
    int memories;    /* 1; with by_image: threads */
    uint8_t *owns;   /* [threads - 1][own_step]: what threads 1 and on have for themselves */
    size_t own_step;
    int threads;
    double worth_sharing, worth_taking; /* nanoseconds of work: that others take at least; of a chunk */
    struct comparison comparison;
    struct thread_pool *pool; /* NULL: it has no threads of its own */
    void (*run_tasks)(void *user, int count, void (*task)(void *argument, int index), void *argument);
    void *user;
    void (*step_done)(void *user, const sned_step_time *time); /* NULL: nobody is told */
    void *step_user;
    struct plan kept;  /* that plan, of a context that keeps all activations */
    int32_t **widened; /* [tensor_count]: those activations as int32; NULL unless kept */
    bool owned;        /* this block was allocated here */
};

/* results.c: of a context that keeps all activations, fills in `widened`. */
void sned_context_widen(sned_context *context);

/* ---- share.c ---- */

/* Work in tasks that may be done in any order. */
struct shared_work {
    int tasks;
    double nanoseconds; /* that a thread would take for all, about */
    void (*run)(void *argument, int thread, int first, int end);
    void *argument;
};
/* Does it, on the context's threads where that pays; on how many. */
int sned_share(const sned_context *context, const struct shared_work *work);

/* ---- compare.c ---- */

/* After an image that took so long: which way the next one goes. */
void sned_compare(struct comparison *comparison, double nanoseconds);

/* ---- input.c ---- */

/* Elements [first, end) of the network's input. */
void sned_input_from_pixels(const sned_model *model, const uint8_t *pixels, void *input, size_t first,
                            size_t end);
void sned_input_from_values(const sned_model *model, const float *values, void *input, size_t first,
                            size_t end);

#endif
