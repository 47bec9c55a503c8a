/*
 * lanes.h - which filters of a Conv share a DSP, and which lane works on them.
 */
#ifndef SNED_ACCEL_PROGRAM_LANES_H
#define SNED_ACCEL_PROGRAM_LANES_H

#include "accel/program/config.h"
#include "accel/program/raster.h"

/* Two filters of one group that are computed together: an entry of their stream has a weight of each, so a
 * row takes a cycle where either is not 0. */
struct pair {
    int filters[2]; /* within the group; the second is -1 where their number is odd */
    int entries;
    int *in_half; /* [halves] entries of each half-tile; owned */
};

/*
 * One group of a Conv, divided. Rows that no filter reads are left out; the others are cut into half-tiles.
 * Pairs are dealt to bins, one for each lane and pass: all lanes finish a pass over all pixels before the
 * next begins.
 */
struct lane_plan {
    int pair_count, passes, halves;
    struct pair *pairs; /* [pair_count]; owned */
    int *half_rows;     /* [halves] rows fed for each; owned */
    int *live;          /* [live_count] row indices, ascending; owned */
    int live_count;
    int *bin;   /* [pair_count] lane + pass * lanes of each pair; owned */
    int *order; /* [pair_count] pairs by bin, largest first; owned */
    int *start; /* [passes * lanes + 1] where a bin begins in order; owned */
};

/* `weights` [filters][row_count] of the group. `alone`: each filter is a pair with itself, so that its sum is
 * there twice (a result of 16 bits is written as two of 8). SNED_ERROR_UNSUPPORTED where one pair's stream is
 * longer than a lane's buffer. */
sned_status lane_plan_make(struct lane_plan *plan, const struct raster *raster, const int8_t *weights,
                           const struct accel_config *config, bool alone, sned_error *error);
void lane_plan_free(struct lane_plan *plan);

#endif
