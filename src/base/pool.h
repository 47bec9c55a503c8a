/*
 * pool.h - threads that wait for work, for a loop that is so short that to start threads would take longer.
 */
#ifndef SNED_BASE_POOL_H
#define SNED_BASE_POOL_H

#include <stddef.h>

struct thread_pool;
enum { POOL_MAX_THREADS = 1024 };

/* Bytes of a pool of `threads`, the one that calls sned_pool_run among them; a multiple of 64. */
size_t sned_pool_size(int threads);
/* A pool in that memory, which begins at a multiple of 64. Where the system gives fewer threads, those do the
 * work. */
struct thread_pool *sned_pool_start(void *memory, int threads);
void sned_pool_stop(struct thread_pool *pool); /* NULL is fine */

/* Calls task(argument, index) for every index in [0, count), each once, in no set order, on the pool's
 * threads and the caller's; what they wrote is there when it returns. One caller at a time; count: at most
 * POOL_MAX_THREADS. Index i is thread i's, the caller being 0, or the caller's too, where that thread does
 * not come in time: it keeps nobody waiting. Threads that have nothing to do look for work for 0.2
 * milliseconds, then sleep; so does the caller, while it waits. Where there is a processor for each, a thread
 * that wakes on the caller's moves to another one, and one that the caller has looked for in vain is moved to
 * the caller's; which ones it may run on stays as it was. */
void sned_pool_run(void *pool, int count, void (*task)(void *argument, int index), void *argument);

#endif
