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

/* What a context knows of its threads' meetings (share.c), in nanoseconds. */
struct meetings {
    double cost, fastest; /* of late: of one, on average; of an image */
    double waited;        /* by its caller, up to this image */
    /* Of this image: how many, the work that they shared, and what their last tasks took, in which nobody can
     * help; and the work that was not shared because of what they cost. */
    int count;
    double shared, ends, skipped;
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
    struct meetings meetings;
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
int sned_share(sned_context *context, const struct shared_work *work);
/* After an image, which took so long: what pays. */
void sned_share_learn(sned_context *context, double nanoseconds);

/* ---- input.c ---- */

/* Elements [first, end) of the network's input. */
void sned_input_from_pixels(const sned_model *model, const uint8_t *pixels, void *input, size_t first,
                            size_t end);
void sned_input_from_values(const sned_model *model, const float *values, void *input, size_t first,
                            size_t end);

#endif
