/*
 * schedule.c - see schedule.h. The one-cycle schedule is Smith and Topin's (2018) with cosine halves: up from
 * rate/25 over the first 30 % of the steps, down to rate/250000 over the rest. Momentum stays as it is.
 */
#include "train/schedule.h"

#include <math.h>

static const double ONE_CYCLE_RISE = 0.3, ONE_CYCLE_START = 1.0 / 25, ONE_CYCLE_END = 1.0 / 250000;

/* From a to b along half a cosine, at in [0, 1]. */
static double cosine_between(double a, double b, double at)
{
    return b + (a - b) * (1 + cos(M_PI * at)) / 2;
}

static double one_cycle(double at)
{
    if (at < ONE_CYCLE_RISE)
        return cosine_between(ONE_CYCLE_START, 1, at / ONE_CYCLE_RISE);
    return cosine_between(1, ONE_CYCLE_END, (at - ONE_CYCLE_RISE) / (1 - ONE_CYCLE_RISE));
}

float schedule_rate(const struct train_options *options, size_t step, size_t total, size_t per_epoch)
{
    const double at = total ? (double)step / (double)total : 0;
    double factor = 1;
    switch (options->schedule) {
    case SCHEDULE_CONSTANT:
        break;
    case SCHEDULE_STEP:
        if (options->step_epochs > 0 && per_epoch > 0)
            factor = pow(options->step_factor, (double)(step / per_epoch / (size_t)options->step_epochs));
        break;
    case SCHEDULE_COSINE:
        factor = cosine_between(1, 0, at);
        break;
    case SCHEDULE_ONE_CYCLE:
        factor = one_cycle(at);
        break;
    }
    return (float)(options->rate * factor);
}
