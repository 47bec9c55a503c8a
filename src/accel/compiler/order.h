/*
 * order.h - which steps of an image must be done before which.
 *
 * A step waits for those that write what it reads, and for those that read or write what it overwrites. Units
 * do their steps in the list's order, so of each unit the last of those is all that counts. So the pool of
 * one strip of rows, say, runs beside the next strip's Convs.
 */
#ifndef SNED_ACCEL_COMPILER_ORDER_H
#define SNED_ACCEL_COMPILER_ORDER_H

#include "accel/place/place.h"
#include "accel/compiler/step.h"

/* Fills in `after` of all steps. */
sned_status order_steps(struct step_list *steps, const struct graph *graph, const struct placement *placement,
                        sned_error *error);

#endif
