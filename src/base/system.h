/*
 * system.h - all that the running part of libsned asks of a system beside threads and a clock: memory
 * and a random key.
 *
 * system.c asks the system that there is. Where there is none, on a microcontroller, src/freestanding has
 * the same functions on an array of the caller's, and those of thread.h, pool.h, clock.h, format.h and
 * runtime/costs/host.h.
 */
#ifndef SNED_BASE_SYSTEM_H
#define SNED_BASE_SYSTEM_H

#include "base/error.h"

/* `size` bytes, at least 1, where any type and any vector may begin; NULL: there are none. */
void *sned_system_take(size_t size);
/* What came from here, or NULL, made larger or smaller; NULL: it is as it was. */
void *sned_system_resize(void *memory, size_t size);
void sned_system_give(void *memory); /* of either; NULL is fine */
/* The error of one of the two above, in words, for count * size bytes, a product that may not fit size_t. */
sned_status sned_system_no_memory(sned_error *error, size_t count, size_t size);

/* A hint: what lies around that place is read from end to end, again and again. */
void sned_system_read_often(const void *at);

/* Bytes of a piece of something large that is worked on piece by piece. */
size_t sned_system_piece(void);

/* Bytes that nobody can know beforehand, at most 256. */
sned_status sned_system_random(void *key, size_t size, sned_error *error);

#endif
