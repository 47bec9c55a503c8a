/*
 * trial.c - how long a step takes, by the clock, on inputs that nobody looks at: kernels' times do not depend
 * on what they multiply.
 */
#include "runtime/conv/conv.h"
#include "base/clock.h"
#include "base/memory.h"

#include <string.h>

enum { TIMES = 50 };
static const double SECONDS = 0.003; /* more only where three runs take it */

struct step_trial {
    const struct step *step;
    struct step_work work;
};

static void run_step(void *argument)
{
    const struct step_trial *trial = argument;
    for (int phase = 0; phase < STEP_PHASES; phase++)
        trial->step->kernel->run(trial->step, &trial->work, phase, 0, trial->step->tasks[phase]);
}

/* Written once, so that it is memory of its own, and not one page of zeros that stands for all. */
static sned_status new_memory(void *memory, size_t size, sned_error *error)
{
    uint8_t **bytes = memory;
    SNED_TRY(sned_alloc_unset(bytes, size + MICRO_OVER_READ, 1, error));
    memset(*bytes, 1, size + MICRO_OVER_READ);
    return SNED_OK;
}

static size_t value_bytes(const struct value *value)
{
    return value->span * value_size(value->type);
}

sned_status sned_conv_time(const struct step *step, double *nanoseconds, sned_error *error)
{
    void *input = NULL, *output = NULL;
    struct step_trial trial = {.step = step};
    sned_status status;
    SNED_TRY_DONE(new_memory(&input, value_bytes(&step->inputs[0]), error));
    SNED_TRY_DONE(new_memory(&output, value_bytes(&step->outputs[0]), error));
    SNED_TRY_DONE(new_memory(&trial.work.scratch, step->scratch_size, error));
    SNED_TRY_DONE(new_memory(&trial.work.own, step->own_size, error));
    trial.work.inputs = (const void *const[]){input};
    trial.work.outputs = (void *const[]){output};
    *nanoseconds = 1e9 * sned_clock_least(run_step, &trial, TIMES, SECONDS);
done:
    sned_free(input);
    sned_free(output);
    sned_free(trial.work.scratch);
    sned_free(trial.work.own);
    return status;
}
