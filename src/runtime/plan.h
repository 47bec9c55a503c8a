/*
 * plan.h - how a graph is run: which steps, in which order, and where everything lies in a context's memory.
 *
 *     graph        input -> Pad -> Conv -> Flatten -> Gemm -> Softmax
 *     steps                 [    Conv    ]            [Gemm]            (steps.c)
 *     memory       a        [  scratch   ] b      b   [ .. ] a          (plan.c)
 *
 * A plan is made once, with a model; a context that keeps every activation has one of its own.
 */
#ifndef SNED_RUNTIME_PLAN_H
#define SNED_RUNTIME_PLAN_H

#include "runtime/kernel.h"

struct plan {
    const struct micro_kernels *micro;
    int step_count;
    struct step *steps;
    struct value *values; /* the steps' inputs and outputs */
    /* [tensor_count]: in whose memory each tensor lies: its own, or that of another one, whose bytes it is
     * under another shape; -1: it has none. */
    int *home;
    /* Offsets from the 64-byte aligned start of the memory. */
    size_t *tensors;   /* [tensor_count]: of those that have a home */
    size_t *scratches; /* [step_count] */
    size_t own;        /* behind all of them: what a thread has for itself (struct step_work), for any step */
    size_t pointers;   /* behind that, MICRO_OVER_READ bytes or more: the input and output pointers of one
                          step */
    size_t size;       /* of all */
};

/* Kernels take their inner loops from `micro`. With `keep` each activation has a place and keeps its value to
 * the end of the run; else several nodes may be one step, and memory is used again when the last reader of a
 * tensor has run. */
sned_status sned_plan_make(struct plan *plan, const struct graph *graph, const struct micro_kernels *micro,
                           bool keep, sned_error *error);
void sned_plan_free(struct plan *plan);

/* The first half of making one: steps, values and home, with plan->micro (steps.c). */
sned_status sned_plan_steps(struct plan *plan, const struct graph *graph, bool keep, sned_error *error);
void sned_plan_free_steps(struct plan *plan);

#endif
