/*
 * loader.h - which loads the list needs before a task, and when they will be done.
 *
 * Feeder, collectors and lanes' buffers hold tables and streams of two Convs, a half each: one is read while
 * the other is filled.
 *
 *     lanes    |  Conv 1, half 0     |  Conv 2, half 1     |  Conv 3, half 0     |
 *     loads    |  for Conv 2, half 1 |  for Conv 3, half 0 |
 *                                       waits for Conv 1, which has half 0 until then
 *
 * The feeder's rows have halves of their own, since the passes of a group share them; a group with more rows
 * than a half has both. What is loaded serves all that comes next and needs the same: other images, other
 * parts of a Conv. There is one table for the LRN. Times are cycles, about: what the scheduler compares.
 */
#ifndef SNED_ACCEL_COMPILER_LOADER_H
#define SNED_ACCEL_COMPILER_LOADER_H

#include "accel/compiler/emit.h"
#include "accel/compiler/step.h"

/* What one Conv reads while another's is loaded: a half of buffers and tables, or of the row table. */
struct half {
    int user;     /* the last Conv that reads it; -1: none */
    int64_t free; /* when that is done */
};

struct loader {
    const struct accel_config *config;
    int64_t free; /* when all loads in the list are done */

    /* Pairs and streams. */
    struct half halves[2];
    int half;                  /* of the last Conv */
    const struct task *loaded; /* the task whose tables these are; NULL: none yet */

    /* The feeder's rows: those loaded last. */
    struct half row_halves[2];
    int row_loads;       /* so far */
    int row_half;        /* that they lie in; 2: both */
    int row_first;       /* where they begin */
    int row_load;        /* the descriptor that loads them */
    int64_t rows_loaded; /* their address, which tells them from others */

    /* The LRN's table: the one loaded last. */
    int lrn;           /* the last LRN that reads it */
    int lrn_load;      /* the descriptor that loads it */
    int64_t lrn_table; /* its address */
};

void loader_init(struct loader *loader, const struct accel_config *config);

/* A load behind descriptors `after` (-1: none), which are done at `from`. */
sned_status loader_load(struct loader *loader, struct emitter *emitter, int layer,
                        const struct load_work *work, const int *after, int after_count, int64_t from,
                        int *index, sned_error *error);

/* When a Conv's tables are there, if it comes next. */
int64_t loader_time(const struct loader *loader, const struct task *conv);

/* Loads what is not there, and writes into the Conv's descriptor where all lies. loads[3]: what the Conv
 * waits for, or -1. */
sned_status loader_tables(struct loader *loader, struct emitter *emitter, const struct task *conv,
                          struct descriptor *descriptor, int loads[3], sned_error *error);

/* The table of an LRN, if it is another than the last one's. *load: what the LRN waits for. */
sned_status loader_lrn(struct loader *loader, struct emitter *emitter, const struct task *lrn, int *load,
                       sned_error *error);

/* The Conv whose tables came last is descriptor `conv`, done at `end`. */
void loader_used(struct loader *loader, int conv, int64_t end);

#endif
