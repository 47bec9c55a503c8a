/*
 * lower_scaling.h - real ratios as the multipliers, shifts and tables of docs/arithmetic.md.
 */
#ifndef SNED_COMPRESS_QUANTIZE_LOWER_SCALING_H
#define SNED_COMPRESS_QUANTIZE_LOWER_SCALING_H

#include "graph/graph.h"

/* The scaling nearest to a ratio, which is 0 or above; false where it is 2^15 or more. */
bool scaling_from_ratio(double ratio, struct scaling *scaling);
double scaling_ratio(struct scaling scaling); /* multiplier / 2^shift */

/* Two ratios with one shift: Add. */
bool scaling_pair(const double ratios[2], struct scaling scalings[2]);

/* LRN's table [LRN_TABLE_SIZE] and its shift, for a node without its table yet. */
bool lrn_table(const struct node *node, float scale_in, float scale_out, uint16_t *table, uint8_t *shift);

/* The table [LOOKUP_TABLE_SIZE] of a node whose operator works on each number by itself, its clamp being set:
 * for each 8 bits of its input the 8 bits of its result (docs/arithmetic.md). False: one is no number. */
bool lookup_table(const struct node *node, const struct quantization *in, float scale_out, uint16_t *table);

/* The different numbers of elements that an average pool's windows count, ascending, into *counts, owned by
 * the caller. */
sned_status average_counts(const struct graph *graph, const struct node *node, int **counts, int *count,
                           sned_error *error);

/* Fills rule->integer from mean and scale, for an input quantized with `scale`; false where a number does not
 * fit. */
bool input_rule_from_scale(struct input_rule *rule, int channels, float scale);

#endif
