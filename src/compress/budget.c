/*
 * budget.c - time: how much a compression has taken, and what still fits into --time-budget.
 */
#include "base/clock.h"
#include "compress/compression.h"

/* Shares of a time budget that the last retrainings may take. */
static const double finish_share = 0.25, quantize_share = 0.1;
/* What measuring, calibration and a slower moment of the machine add to retraining. */
static const double time_reserve = 1.25;

double compression_elapsed(const struct compression *compression)
{
    return compression->journal.seconds + sned_clock() - compression->started;
}

static double epochs_within(const struct compression *compression, double epochs, double share)
{
    const double budget = compression->options->time_budget;
    if (budget <= 0 || compression->images_per_second <= 0)
        return epochs;
    const double fitting = share * budget * compression->images_per_second / (double)compression->train_count;
    return fitting < epochs ? fitting : epochs;
}

double compression_finish_epochs(const struct compression *compression)
{
    return epochs_within(compression, compression->recipe->finish.epochs, finish_share);
}

double compression_quantize_epochs(const struct compression *compression)
{
    return epochs_within(compression, compression->recipe->quantize.epochs, quantize_share);
}

bool compression_has_time(const struct compression *compression, double epochs)
{
    const double budget = compression->options->time_budget, speed = compression->images_per_second;
    if (budget <= 0)
        return true;
    if (speed <= 0)
        return compression_elapsed(compression) < budget;
    epochs += compression_finish_epochs(compression) + compression_quantize_epochs(compression);
    const double seconds = epochs * (double)compression->train_count / speed;
    return compression_elapsed(compression) + time_reserve * seconds < budget;
}
