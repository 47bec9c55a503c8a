/*
 * plan.h - how a graph is run: which steps, in which order, and where everything lies in a context's memory.
 *
 *     graph        input -> Pad -> Conv -> Concat -> Flatten -> Gemm -> Softmax
 *     steps                 [    Conv    ]                      [Gemm]            (steps.c)
 *     places                                  made there    ..                    (places.c, layouts.c)
 *     memory       a        [  scratch   ]     b       b        [ .. ] a          (plan.c)
 *
 * A plan is made once, with a model; a context that keeps every activation has one of its own.
 */
#ifndef SNED_RUNTIME_PLAN_H
#define SNED_RUNTIME_PLAN_H

#include "runtime/kernel.h"
#include "runtime/prepare.h"

enum { PLAN_LINE = 64 /* of a cache, and a vector of the machines that have the longest */ };

struct plan {
    const struct micro_kernels *micro;
    bool tries_forms; /* as PLAN_TRIES */
    int step_count;
    struct step *steps;
    struct value *values; /* the steps' inputs and outputs */
    /* [tensor_count]: in whose memory each tensor lies, and how many bytes from its start: its own, or that
     * of another one, of which it is a part, or all of it under another shape; -1: it has none. */
    int *home;
    size_t *inside;
    /* [tensor_count]: whether each channel begins at a multiple of PLAN_LINE bytes, and whether it lies in
     * quads; it may, as long as steps are prepared (layouts.c) */
    bool *apart, *quads;
    /* Offsets from the 64-byte aligned start of the memory. */
    size_t *tensors;   /* [tensor_count]: of those that have a home */
    size_t *scratches; /* [step_count] */
    size_t own;        /* behind all of them: what a thread has for itself (struct step_work), for any step */
    size_t pointers;   /* behind that, MICRO_OVER_READ bytes or more: the input and output pointers of one
                          step */
    size_t size;       /* of all */
    double nanoseconds; /* of a run, as its steps say */
};

/* Kernels take their inner loops from `micro`, and weights from `source`, which may be NULL: the graph has
 * them. With PLAN_KEEPS each activation has a place and keeps its value to
 * the end of the run; else several nodes may be one step, and memory is used again when the last reader of a
 * tensor has run. With PLAN_TRIES the forms of a layer are run, on weights as they are and an input that
 * nobody looks at, and the fastest is taken; else the one whose costs (micro->costs) are least. */
enum plan_option { PLAN_KEEPS = 1, PLAN_TRIES = 2 };
sned_status sned_plan_make(struct plan *plan, const struct graph *graph, const struct micro_kernels *micro,
                           const struct weight_source *source, unsigned options, sned_error *error);
void sned_plan_free(struct plan *plan);

/* A tensor as it lies in the plan's memory. */
struct value sned_plan_value(const struct plan *plan, const struct graph *graph, int tensor);

/* What a node is to the plan. */
enum node_part {
    PART_STEP,    /* a step of its own */
    PART_OF_STEP, /* of another node's */
    PART_ENDING,  /* of what is made of the scores, after the steps */
    PART_CUT,     /* no step: what it makes are parts of what it reads */
    PART_JOINT    /* no step: what it reads are parts of what it makes */
};
/* Of the nodes that would be steps, says which are cuts and joints, and gives what joints read its home,
 * before any other has one (places.c). */
void sned_plan_join(struct plan *plan, const struct graph *graph, const struct uses *uses,
                    enum node_part *parts);
/* Says which tensors' channels lie apart, and which may lie in quads, when homes of joints are known
 * (layouts.c). */
sned_status sned_plan_space(struct plan *plan, const struct graph *graph, const struct uses *uses,
                            const enum node_part *parts, sned_error *error);
/* Says which tensors lie in quads, when all steps are prepared, and tells these (layouts.c). */
sned_status sned_plan_quads(struct plan *plan, const struct graph *graph, sned_error *error);
/* Gives what a cut makes its home: in what it reads, which has one. */
void sned_plan_cut(struct plan *plan, const struct graph *graph, const struct node *node);

/* The first half of making one: steps, values, home and inside, with plan->micro (steps.c). */
sned_status sned_plan_steps(struct plan *plan, const struct graph *graph, const struct weight_source *source,
                            bool keep, sned_error *error);
void sned_plan_free_steps(struct plan *plan);

#endif
