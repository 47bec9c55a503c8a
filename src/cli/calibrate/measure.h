/*
 * measure.h - what micro-kernels cost on this machine: struct micro_costs, by the clock.
 *
 * Each is timed on a piece of work as layers have it, small enough for the caches, and the least of many
 * times is taken; all of them together take about a second.
 */
#ifndef SNED_CLI_CALIBRATE_MEASURE_H
#define SNED_CLI_CALIBRATE_MEASURE_H

#include "base/error.h"
#include "runtime/micro/micro.h"

/* Of a column; what it has no cost of its own for is 0 as there. */
sned_status measure_costs(struct micro_costs *costs, const struct micro_kernels *column, sned_error *error);

#endif
