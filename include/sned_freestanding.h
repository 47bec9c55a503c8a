/*
 * sned_freestanding.h - what sned.h needs where there is no system: an array to live in.
 *
 * The build without files, malloc, threads and stdio (src/freestanding) has all of sned.h but sned_open and
 * sned_open_with, which read files. It runs on one thread, whatever number is asked for. Its memory is one
 * array of the caller's:
 *
 *     static _Alignas(64) unsigned char memory[48 * 1024];
 *     sned_freestanding_use(memory, sizeof memory);
 *     if (sned_open_memory(&model, net_sned, net_sned_size, &error)) ...
 *
 * How large it has to be: take one that is more than enough once, open the network, make its contexts, and
 * ask sned_freestanding_used(). The same calls then do with an array of so many bytes. Opening needs more
 * than what stays, and contexts find their place in what it leaves; a context may also be put elsewhere
 * (sned_context_place).
 */
#ifndef SNED_FREESTANDING_H
#define SNED_FREESTANDING_H

#include "sned.h"

#ifdef __cplusplus
extern "C" {
#endif

/* All memory is taken from these bytes from now on; they stay the caller's. Models and contexts from before
 * are gone: not to be used, closed or freed. Without this call, or with too few bytes, what needs memory
 * fails with SNED_ERROR_MEMORY, and the message says how many bytes are missing. */
void sned_freestanding_use(void *memory, size_t size);

/* Of these bytes, how many there were in use at most, counted from the first to the last. */
size_t sned_freestanding_used(void);

/* Seconds since any moment, for sned_step_time. A program that has a timer defines this function; the
 * library's own always says 0. */
double sned_clock(void);

#ifdef __cplusplus
}
#endif
#endif
