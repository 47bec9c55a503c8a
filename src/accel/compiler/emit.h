/*
 * emit.h - the list of descriptors, and the tokens that keep cause before effect.
 *
 * A unit does its descriptors in the list's order, and waits for nobody but where a descriptor says so: it
 * takes a token there of another unit, which an earlier descriptor of that unit gave. Who emits a descriptor
 * names the earlier ones that must be done first; tokens follow. A pool behind two Convs, and a second one:
 *
 *     index   descriptor   must come after   tokens
 *     0       Conv                           -
 *     1       Conv                           gives one to Vector
 *     2       Vector       0, 1              takes one of Conv: as 1 is done, 0 is, too
 *     3       Vector       0                 - : it is done later than 2, which has waited for all of that
 *
 * So what a descriptor must wait for of another unit is one number, how many of that unit's descriptors are
 * done, and it never falls from one descriptor to the next. Where it rises, one token goes over: each is
 * taken once, in the order in which they are given.
 */
#ifndef SNED_ACCEL_COMPILER_EMIT_H
#define SNED_ACCEL_COMPILER_EMIT_H

#include "accel/program/program.h"

struct emitter {
    struct descriptor *list; /* [count]; owned */
    int count, capacity;
    /* [unit][other]: of the other unit the latest descriptor that this unit has waited for: 1 + its index. */
    int done[CODE_COUNT][CODE_COUNT];
};

/* Appends a descriptor behind `after` (indices; -1: none). *index is its own. */
sned_status emit(struct emitter *emitter, const struct descriptor *descriptor, const int *after,
                 int after_count, int *index, sned_error *error);
/* The list as bytes, its end included, appended to `image`. SNED_ERROR_UNSUPPORTED names a number that is too
 * large. */
sned_status emit_end(struct emitter *emitter, struct buffer *image, sned_error *error);
void emitter_free(struct emitter *emitter);

#endif
