/*
 * spots.h - which activations and copies are in memory, from when to when, and which of them lie inside of or
 * over others: all of a placement but sizes and places.
 */
#ifndef SNED_ACCEL_PLACE_SPOTS_H
#define SNED_ACCEL_PLACE_SPOTS_H

#include "accel/place/place.h"

/* Fills in the spots of `placement`, whose arrays are allocated; all as placement_make has it. */
sned_status spots_find(struct placement *placement, const struct graph *graph, int last, enum stay stay,
                       sned_error *error);

static inline bool spot_lies_inside(const struct spot *spot)
{
    return spot->lies == LIES_VIEW || spot->lies == LIES_PART;
}

/* Flatten and Reshape: the result is the same bytes under another shape. */
static inline bool moves_nothing(enum op op)
{
    return op == OP_FLATTEN || op == OP_RESHAPE;
}

#endif
