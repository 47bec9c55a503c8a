/*
 * step.h - a node as work for the units, before it is known when and for which image it runs.
 *
 * Places in a step's descriptors count from the beginning of an image's part of the activation memory; where
 * its tables lie in the feeder, the collectors and the stream buffers is decided when it is put into the list
 * (schedule.h).
 */
#ifndef SNED_ACCEL_COMPILER_STEP_H
#define SNED_ACCEL_COMPILER_STEP_H

#include "accel/program/program.h"

/* Data of a load; 0 words: none. */
struct step_data {
    int64_t address;
    int words;
};

/* One descriptor, and what must be loaded for it. */
struct task {
    struct descriptor work;
    struct step_data rows, pairs, streams, table; /* rows: the same for all passes of a group */
    int row_count;                                /* of the feeder's table in use */
    int stream_words;                             /* of a lane */
    int behind; /* of a Conv in parts: the step that must be done first; -1: what it reads and writes says it
                 */
    int after[CODE_COUNT]; /* of each unit the last step that must be done first; -1: none (order.h) */
    int64_t cycles;        /* about */
};

struct step_list {
    struct task *tasks; /* owned */
    int task_count, task_capacity;
    struct buffer data; /* what loads point to */
};

void step_list_free(struct step_list *list);

/* The next task of an image; behind: as struct task has it. */
sned_status step_add(struct step_list *list, int node, const struct task *task, sned_error *error);
sned_status step_add_behind(struct step_list *list, int node, const struct task *task, int behind,
                            sned_error *error);

/* Room for `words` of 16 bytes of data, all 0; *bytes is valid until the next call. */
sned_status step_data(struct step_list *list, int words, struct step_data *data, uint8_t **bytes,
                      sned_error *error);

#endif
