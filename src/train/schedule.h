/*
 * schedule.h - the learning rate as a function of the step.
 */
#ifndef SNED_TRAIN_SCHEDULE_H
#define SNED_TRAIN_SCHEDULE_H

#include "train/train.h"

/* Step `step` of `total`, `per_epoch` of which make an epoch. */
float schedule_rate(const struct train_options *options, size_t step, size_t total, size_t per_epoch);

#endif
