/*
 * emit.h - the list of descriptors, and the tokens that keep its order of cause and effect.
 *
 * A descriptor names the earlier ones that must be done before it. A unit does its descriptors in order, so
 * what one of them must wait for of another unit is a single number: how many of that unit's descriptors must
 * be done; and it never falls from one descriptor to the next. Where it rises, one token goes from the last
 * of those to this one. So each token is taken once, in the order in which they are given.
 */
#ifndef SNED_ACCEL_COMPILER_EMIT_H
#define SNED_ACCEL_COMPILER_EMIT_H

#include "accel/program/program.h"

struct emitter {
    struct descriptor *list; /* [count]; owned */
    int count, capacity;
    int done[CODE_COUNT][CODE_COUNT]; /* [unit][of]: what the unit's last descriptor has waited for: 1 + its
                                         index in the list */
};

/* Appends a descriptor behind `after` (indices; -1: none). *index is its own. */
sned_status emit(struct emitter *emitter, const struct descriptor *descriptor, const int *after,
                 int after_count, int *index, sned_error *error);
/* The list as bytes, its end included, appended to `image`. SNED_ERROR_UNSUPPORTED names a number that is too
 * large. */
sned_status emit_end(struct emitter *emitter, struct buffer *image, sned_error *error);
void emitter_free(struct emitter *emitter);

#endif
