/*
 * value_range.h - values for a network that takes pictures, too: are they what its pixels become?
 */
#ifndef SNED_CLI_COMMON_VALUE_RANGE_H
#define SNED_CLI_COMMON_VALUE_RANGE_H

#include "base/report.h"
#include "graph/graph.h"
#include "io/data/dataset.h"

/* Says that mean and scale are not applied to the values of `dataset`, called `spec`; and where the first of
 * them lie elsewhere than pixels would by that mean and scale, says both ranges. Nothing for a network
 * without. */
sned_status tell_of_values(const struct graph *graph, struct dataset *dataset, const char *spec,
                           const struct reporter *reporter, sned_error *error);

#endif
