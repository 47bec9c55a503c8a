/*
 * move.h - any movement of a box of numbers as walks of the vector unit.
 *
 * At both ends the box's axes are strides in bytes, as far as no axis runs on from one row or plane into the
 * next: such an axis is cut in two there. A walk takes three axes at most: one as its channels (any stride),
 * one as its rows (strides of 12 bits), and one as its columns, which must be neighbours where they go to.
 * The others are loops around walks. So a DepthToSpace by 2 of [4 C][H][W], say, is 4 C walks of H x W
 * elements:
 *
 *     axis        elements   from          to
 *     block row   2          2 C planes    a row           a loop
 *     block col.  2          C planes      a byte          a loop
 *     channel     C          a plane       a plane         a loop
 *     row         H          a row         two rows        the walk's rows
 *     column      W          a byte        two bytes       the walk's channels
 */
#ifndef SNED_ACCEL_COMPILER_MOVE_H
#define SNED_ACCEL_COMPILER_MOVE_H

#include "accel/place/axes.h"
#include "accel/place/place.h"
#include "accel/program/descriptor.h"
#include "graph/operator.h"

enum { MOVE_AXES = 3 * GRAPH_MAX_RANK, MOVE_WALKS = 4096 };

struct move_axis {
    int64_t count, from, to; /* strides in bytes */
    int kind;                /* of axes.h: along what it goes where the numbers are */
};

struct move {
    const struct spot *in;
    struct move_axis walk[AXIS_COUNT]; /* channels, rows, columns of each walk */
    struct move_axis loops[MOVE_AXES]; /* around it, the last the innermost */
    int loop_count;
    int64_t base, out_base; /* of the first walk */
    int64_t next, walks;    /* the walk that comes next, of so many */
};

/* Are there elements of an output that no input goes to? A Pad is taken for one that has some, also where it
 * adds none. */
bool move_leaves_zeros(const struct graph *graph, const struct node *node, int output);

/* SNED_ERROR_UNSUPPORTED: rows or planes would have to be cut unevenly, or it takes more than MOVE_WALKS. */
sned_status move_of(struct move *move, const struct movement *movement, const struct spot *in,
                    const struct spot *out, sned_error *error);
/* The next walk; false: there is none. */
bool move_next(struct vector_work *walk, struct move *move, const struct accel_config *config);

#endif
