/*
 * sensitivity.h - how dear each layer's bits are, measured on the packed network.
 *
 * One layer after the other loses the lowest bit of its integers while all else stays: how far do the
 * network's answers on some images move? The mean Kullback-Leibler divergence of its classes from those that
 * the whole file gives, in nats, and how many answers are others.
 */
#ifndef SNED_CLI_REPORT_SENSITIVITY_H
#define SNED_CLI_REPORT_SENSITIVITY_H

#include "cli/common/model.h"
#include "cli/report/facts.h"

/* Into the layers of `facts`, on the first of the images: fewer for larger networks, so that it is done in a
 * minute or so, or in facts->measuring_seconds, but for the 16 that are always looked at. Labels are not. */
sned_status sensitivity_measure(struct report_facts *facts, const struct graph *integer,
                                const struct images *images, const struct reporter *reporter,
                                sned_error *error);

#endif
