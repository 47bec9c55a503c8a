/*
 * reduce.h - average pools of one window, which holds the whole image: sums of planes,
 * rtl/vector/sned_reduce.sv.
 */
#ifndef SNED_ACCEL_PROGRAM_REDUCE_H
#define SNED_ACCEL_PROGRAM_REDUCE_H

#include "accel/program/config.h"
#include "graph/graph.h"

/* Whether `node` is such a pool, its sums within the unit's width. */
bool reduce_fits(const struct node *node, const struct extent *in, const struct extent *out);
/* What the unit sees of planes with rows `pitch` bytes apart: rows without gaps are one long row. */
struct extent reduce_rows(const struct extent *in, int pitch);
/* Exact where no read waits. */
int64_t reduce_cycles(int64_t channels, int64_t height, int64_t width, bool wide,
                      const struct accel_config *config);

#endif
