/*
 * prepare.h - where a model's weights come from when its steps are prepared.
 *
 * Of a graph that has them they are taken; those of a file are unpacked layer by layer, checked, handed to
 * the step's kernel, which brings them into a form of its own, and given back. So a layer is never there
 * twice for longer than its kernel looks at it, and of one whose kernel takes it by rows never more than a
 * block for each thread.
 */
#ifndef SNED_RUNTIME_PREPARE_H
#define SNED_RUNTIME_PREPARE_H

#include "codec/codec.h"
#include "runtime/kernel.h"

struct weight_source {
    const struct packed_file *packed; /* NULL: the graph has all of them, checked, and keeps them */
    int threads;                      /* that do it; 0: 1 */
    uint64_t *kept;                   /* [tensor_count]: set to how many weights are not 0; or NULL */
};

/* The step of `node`, as kernel->prepare has it. */
sned_status sned_step_prepare(struct step *step, const struct graph *graph, const struct node *node,
                              const struct weight_source *source, sned_error *error);

#endif
