/*
 * one_thread.c - what base/thread.h, base/pool.h and runtime/context.h do with threads, on the one there is.
 */
#include "base/pool.h"
#include "base/thread.h"
#include "runtime/context.h"

int sned_thread_count(void)
{
    return 1;
}

sned_status sned_parallel_for(int threads, size_t count, parallel_body body, void *argument,
                              sned_error *error)
{
    for (size_t index = 0; index < count; index++)
        SNED_TRY(body(argument, index, error));
    return SNED_OK;
}

/* No pool takes memory, and a context that has none asks nobody. */
size_t sned_pool_size(int threads)
{
    return 0;
}

struct thread_pool *sned_pool_start(void *memory, int threads)
{
    return NULL;
}

void sned_pool_stop(struct thread_pool *pool)
{
}

void sned_pool_run(void *pool, int count, void (*task)(void *argument, int index), void *argument)
{
    for (int index = 0; index < count; index++)
        task(argument, index);
}

int sned_share(const sned_context *context, const struct shared_work *work)
{
    if (work->tasks > 0)
        work->run(work->argument, 0, 0, work->tasks);
    return 1;
}

void sned_compare(struct comparison *comparison, double nanoseconds)
{
}
