/*
 * movement.h - a walk over the numbers of a `struct movement` (operator.h), for those who ask of each where
 * it comes from and where it goes to.
 *
 *     for (struct movement_walk walk = movement_begin(&movement); !walk.is_over; movement_next(&walk))
 *         use(walk.from, walk.to);
 */
#ifndef SNED_GRAPH_MOVEMENT_H
#define SNED_GRAPH_MOVEMENT_H

#include "graph/operator.h"

struct movement_walk {
    const struct movement *movement;
    int64_t from, to; /* elements of the input and the output */
    int64_t at[GRAPH_MAX_RANK];
    bool is_over;
};

static inline struct movement_walk movement_begin(const struct movement *movement)
{
    return (struct movement_walk){
        .movement = movement, .from = movement->from_offset, .to = movement->to_offset};
}

/* The last axis is the fastest. */
static inline void movement_next(struct movement_walk *walk)
{
    const struct movement *movement = walk->movement;
    for (int axis = movement->box.rank - 1; axis >= 0; axis--) {
        walk->from += movement->from_stride[axis];
        walk->to += movement->to_stride[axis];
        if (++walk->at[axis] < movement->box.dim[axis])
            return;
        walk->from -= movement->from_stride[axis] * walk->at[axis];
        walk->to -= movement->to_stride[axis] * walk->at[axis];
        walk->at[axis] = 0;
    }
    walk->is_over = true;
}

#endif
