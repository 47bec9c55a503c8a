/*
 * thread.h - a loop over independent items, on several threads.
 */
#ifndef SNED_BASE_THREAD_H
#define SNED_BASE_THREAD_H

#include "base/error.h"

/* Processors this process may use, at least 1. */
int sned_thread_count(void);

/* Calls body(argument, index) for every index in [0, count), each once, on at most `threads` threads, in no
 * set order. A status other than SNED_OK stops the hand-out of further items; that of the lowest failed index
 * is returned. body fills its own copy of the error, which is passed on. */
typedef sned_status (*parallel_body)(void *argument, size_t index, sned_error *error);
sned_status sned_parallel_for(int threads, size_t count, parallel_body body, void *argument,
                              sned_error *error);

#endif
