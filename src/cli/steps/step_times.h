/*
 * step_times.h - what each step of a run takes.
 */
#ifndef SNED_CLI_STEPS_STEP_TIMES_H
#define SNED_CLI_STEPS_STEP_TIMES_H

#include "base/error.h"
#include "sned.h"

#include <jansson.h>

struct step_times {
    sned_context *context;
    int steps, runs;       /* `runs`: room for so many */
    int run;               /* the one under way, from 0 on: set by who runs the context */
    sned_step_time *named; /* [steps] */
    double *ms;            /* [steps][runs] */
};

/* From now on the context's runs are timed, `runs` of them, until step_times_free. */
sned_status step_times_new(struct step_times *times, sned_context *context, const sned_model *model, int runs,
                           sned_error *error);
void step_times_free(struct step_times *times);

/* After the last run: medians, as a table and as an array of objects (a new reference). */
sned_status step_times_print(const struct step_times *times, sned_error *error);
sned_status step_times_json(json_t **array, const struct step_times *times, sned_error *error);

#endif
