/*
 * passes.h - how a placement is made: pass after pass, each of which fills in one thing of all spots.
 *
 *     file             finds                             fills in (struct spot)
 *     activations.c    which activations there are,      extent, phases, height, width, is_signed, wide,
 *                      and copies of strided Convs       born; relations OWN and COPY
 *     inside.c         what lies inside of others        relations VIEW and PART
 *     times.c          from when to when each is there   born, dies
 *     over.c           what is written over its input    relation OVER; dies of that input
 *     pitches.c        how far apart rows lie            pitch, plane, bytes
 *     memory.c         where each begins                 base; head, bytes of the placement
 *
 * The head of each file says what holds behind it, on which those after it rely.
 */
#ifndef SNED_ACCEL_PLACE_PASSES_H
#define SNED_ACCEL_PLACE_PASSES_H

#include "accel/place/place.h"
#include "accel/program/results.h"

struct placing {
    struct placement *placement; /* in the making; its arrays are allocated, and empty */
    const struct graph *graph;
    int last; /* nodes before it run on the accelerator */
    enum stay stay;
    const struct accel_config *config;
    struct results results;
};

sned_status place_activations(struct placing *placing, sned_error *error);
sned_status place_inside(struct placing *placing, sned_error *error);
sned_status place_times(struct placing *placing, sned_error *error);
sned_status place_over(struct placing *placing, sned_error *error);
sned_status place_pitches(struct placing *placing, sned_error *error);
sned_status place_memory(struct placing *placing, sned_error *error);

/* Does the node only move numbers, of several inputs: a Concat? (inside.c) */
bool place_joins(const struct node *node);

#endif
