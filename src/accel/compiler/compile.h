/*
 * compile.h - the compiler's way from a network to a list of descriptors, and the border between its files.
 *
 *     network --arrange--> placement --compile_node--> tasks --parts_cut, order_steps--> tasks
 *             place/       place.h     compile_*.c     step.h  parts.h    order.h          |
 *                                                                                      schedule
 *                                                         list of descriptors <--emit------+
 *                                                                        emit.h     schedule.h, loader.h
 *
 * What becomes of three nodes, a Conv whose filters need two passes over its input, a pool and a Gemm:
 *
 *     node    tasks (step.h), of one image          descriptors (descriptor.h), in the list's order
 *                                                   load picture
 *     conv    Conv, pass 0: rows, pairs, streams    load rows, load pairs, load streams, Conv
 *             Conv, pass 1: pairs, streams          load pairs, load streams, Conv
 *     pool    Vector                                Vector    (waits for a token of the Convs)
 *     fc      FC                                    FC        (waits for a token of the pool)
 *                                                   store     (waits for a token of the FC engine)
 *
 * To follow a step, read step.h (a task: what a unit is to do, and which data it needs), order.h (which tasks
 * it waits for), schedule.h (when it goes into the list, for which image), loader.h (the loads before it),
 * emit.h (its descriptor's tokens).
 */
#ifndef SNED_ACCEL_COMPILER_COMPILE_H
#define SNED_ACCEL_COMPILER_COMPILE_H

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

/* Refuses an operator that no unit does, with the reason. */
sned_status compile_check(enum op op, sned_error *error);

/* Makes steps of a node, or refuses it; of one that only moves numbers where these do not lie right. */
typedef sned_status compile_function(struct compiler *c, int node, sned_error *error);
compile_function compile_node; /* of any kind, by compile_node.c's table of these: */
compile_function compile_conv, compile_gemm;
compile_function compile_sum, compile_lrn; /* Add, Relu, Clip; compile_vector.c */
compile_function compile_pool;             /* all three */
compile_function compile_moves;            /* what only moves numbers */

/* The space-to-depth copy that a strided Conv reads; nothing where it reads none. compile_moves.c. */
sned_status compile_copy(struct compiler *c, int node, sned_error *error);

/* ---- steps of the vector unit (vector_steps.c) ---- */

/* One; and a walk with any stride as steps of it (walk.h). */
sned_status compile_work(struct compiler *c, int node, const struct vector_work *work, sned_error *error);
sned_status compile_walk(struct compiler *c, int node, const struct vector_work *walk, sned_error *error);
/* `sum` for all bytes of `out`: a step, or one for each plane where planes lie apart. */
sned_status compile_runs(struct compiler *c, int node, const struct spot *in, const struct spot *second,
                         const struct spot *out, const struct vector_work *sum, sned_error *error);

#endif
