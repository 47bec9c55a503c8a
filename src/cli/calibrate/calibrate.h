/*
 * calibrate.h - sned bench --calibrate: what micro-kernels cost here, measured, kept (runtime/costs/costs.h)
 * and shown beside what is built in.
 */
#ifndef SNED_CLI_CALIBRATE_CALIBRATE_H
#define SNED_CLI_CALIBRATE_CALIBRATE_H

#include "cli/options/options.h"

sned_status calibrate(const struct options *options, sned_error *error);

#endif
