/*
 * phases.h - what a compression goes through, in this order: each phase is a loop over steps.
 *
 *     settle_reference     the held-out images forgotten, what accuracy there is worth    settle.c
 *     prune_search         layer by layer, each to a density found for it                 prune_search.c
 *       prune_peak         and then on past the peak of accuracy                          prune_peak.c
 *     or prune_to_target   to a share of all weights that the recipe names                prune_target.c
 *     (the last retraining, a step: compress.c)
 *     quantize_pruned      calibration, retraining with rounding, the integer network     quantize.c
 */
#ifndef SNED_COMPRESS_PHASES_H
#define SNED_COMPRESS_PHASES_H

#include "compress/step.h"

sned_status settle_reference(struct compression *compression, sned_error *error);
sned_status prune_search(struct compression *compression, sned_error *error);
sned_status prune_peak(struct compression *compression, sned_error *error);
sned_status prune_to_target(struct compression *compression, sned_error *error);
sned_status quantize_pruned(struct compression *compression, struct graph **integer, sned_error *error);

/* Whether the recipe's target_kept can be reached within its rules; before the first phase. */
sned_status prune_check_target(const struct compression *compression, sned_error *error);

/* ---- prune_search.c: what several phases need ---- */

/* A layer whose density the recipe sets: there in equal steps, whatever it costs. */
sned_status prune_fixed(struct compression *compression, const char *phase, int layer, sned_error *error);
/* Weights that a cut of a layer (-1: of all) to a density saves; whether that is worth a retraining and some
 * accuracy. */
size_t prune_saving(const struct compression *compression, int layer, double density);
bool prune_is_worth_it(const struct compression *compression, size_t saved);

#endif
