/*
 * parts.h - a Conv in parts, so that the vector unit begins behind the first of them.
 *
 * Of one image a unit waits for the one before it: lanes, then LRN and pool, then lanes again. Where a Conv's
 * output goes to an LRN, a pool, or an LRN and then a pool, and nowhere else, the Conv's last pass is cut
 * into runs of tiles; behind each go the LRN of its pixels and the rows of windows that are complete. Only
 * the last part's pixels are then waited for. Several images fill the gaps better: their Convs stay whole.
 */
#ifndef SNED_ACCEL_COMPILER_PARTS_H
#define SNED_ACCEL_COMPILER_PARTS_H

#include "accel/compiler/step.h"

/* Cuts the last steps in the list, those of the nodes from a Conv to its beside_parts (beside.h). `parts`: so
 * many, where there are as many tiles; 0: as many as pay. Steps that are no such chain stay as they are. */
sned_status parts_cut(struct step_list *steps, int parts, const struct accel_config *config,
                      sned_error *error);

#endif
