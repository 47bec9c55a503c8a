/*
 * step.h - a node as work for the units: tasks, one behind the other, before it is known when and for which
 * image each runs.
 *
 * A task is a descriptor in the making. Places in it count from the beginning of an image's part of the
 * activation memory, as if there were but one image; where tables and streams lie in feeder, collectors and
 * stream buffers is left open. Both are filled in when it is put into the list (schedule.h, loader.h), once
 * for each image.
 */
#ifndef SNED_ACCEL_COMPILER_STEP_H
#define SNED_ACCEL_COMPILER_STEP_H

#include "accel/program/program.h"

/* Data that must be loaded: words of 16 bytes of the program's image. 0 words: none. */
struct step_data {
    int64_t address; /* in words */
    int words;
};

struct task {
    struct descriptor work;
    /* Of a Conv: the feeder's rows, which all passes of a group share; the pairs; the lanes' streams. */
    struct step_data rows, pairs, streams;
    int row_count;          /* of the feeder's table in use */
    int stream_words;       /* of one lane */
    struct step_data table; /* of an LRN */
    int behind;             /* of a node in parts (parts.h): the task that comes before; else -1 */
    int after[CODE_COUNT];  /* of each unit the last task that must be done first; -1: none (order.h) */
    int64_t cycles;         /* that it takes, about */
};

struct step_list {
    struct task *tasks; /* owned */
    int task_count, task_capacity;
    struct buffer data; /* what loads point to */
};

void step_list_free(struct step_list *list);

/* Appends a task for a node; `behind`: as struct task has it. */
sned_status step_add(struct step_list *list, int node, const struct task *task, sned_error *error);
sned_status step_add_behind(struct step_list *list, int node, const struct task *task, int behind,
                            sned_error *error);

/* Room for `words` of 16 bytes of data, all 0; *bytes is valid until the next call. */
sned_status step_data(struct step_list *list, int words, struct step_data *data, uint8_t **bytes,
                      sned_error *error);

#endif
