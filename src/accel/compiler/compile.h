/*
 * compile.h - the compiler's inner borders: one function for each kind of node.
 */
#ifndef SNED_ACCEL_COMPILE_H
#define SNED_ACCEL_COMPILE_H

#include "accel/compiler/step.h"
#include "accel/place/place.h"

struct compiler {
    const struct graph *graph;
    const struct accel_config *config;
    const struct placement *placement;
    bool in_parts; /* a Conv and what follows it may go in parts */
    int parts;     /* as struct accel_request has it */
    int failed;    /* the node that cannot be compiled, of the whole graph; -1: none was found */
    struct accel_program *program;
    struct step_list steps;
};

sned_status compile_conv(struct compiler *c, int node, sned_error *error); /* compile_conv.c */
sned_status compile_gemm(struct compiler *c, int node, sned_error *error); /* compile_gemm.c */
sned_status compile_pool(struct compiler *c, int node, sned_error *error); /* compile_pool.c */
sned_status compile_vector(struct compiler *c, int node,
                           sned_error *error); /* the others: compile_vector.c */
/* The space-to-depth copy that a strided Conv reads. */
sned_status compile_copy(struct compiler *c, int node, sned_error *error);

/* A step of the vector unit; and a walk with any stride as steps of it (walk.h). */
sned_status compile_work(struct compiler *c, int node, const struct vector_work *work, sned_error *error);
sned_status compile_walk(struct compiler *c, int node, const struct vector_work *walk, sned_error *error);
/* `sum` for all bytes of `out`: a step, or one for each plane where planes lie apart. */
sned_status compile_runs(struct compiler *c, int node, const struct spot *in, const struct spot *second,
                         const struct spot *out, const struct vector_work *sum, sned_error *error);

#endif
