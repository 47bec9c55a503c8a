/*
 * loader.h - what the load unit brings for the list that the scheduler makes, and when it will have done so.
 *
 * Tables and streams of a Conv go into the halves that the last Conv but one has left, so they are loaded
 * while the last one runs; those of the same task for another image are there already. Times are cycles,
 * about: what the scheduler compares.
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
    struct half halves[2], row_halves[2];
    int half;                  /* of the last Conv */
    int row_loads;             /* so far */
    int row_first;             /* of the rows that were loaded last, */
    int row_load;              /* by this descriptor, */
    int64_t rows_loaded;       /* from here, */
    int row_half;              /* to this half; 2: both */
    const struct task *loaded; /* of the last Conv */
    int lrn;                   /* the last LRN: it reads the one table, */
    int64_t lrn_table;         /* which came from here, */
    int lrn_load;              /* by this descriptor */
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
