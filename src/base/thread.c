/*
 * thread.c - the parallel loop: threads take the next index from a shared counter.
 */
#include "base/thread.h"
#include "base/memory.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

struct loop {
    parallel_body body;
    void *argument;
    size_t count;
    atomic_size_t next;
    atomic_bool stop;
    pthread_mutex_t lock; /* guards the three below */
    size_t failed_index;
    sned_status status;
    sned_error *error;
};

int sned_thread_count(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return 1;
    int count = CPU_COUNT(&set);
    return count > 0 ? count : 1;
}

static void keep_first_failure(struct loop *loop, size_t index, sned_status status, const sned_error *error)
{
    pthread_mutex_lock(&loop->lock);
    if (loop->status == SNED_OK || index < loop->failed_index) {
        loop->failed_index = index;
        loop->status = status;
        if (loop->error)
            *loop->error = *error;
    }
    pthread_mutex_unlock(&loop->lock);
    atomic_store(&loop->stop, true);
}

static void *work(void *argument)
{
    struct loop *loop = argument;
    while (!atomic_load(&loop->stop)) {
        size_t index = atomic_fetch_add(&loop->next, 1);
        if (index >= loop->count)
            break;
        sned_error error = {0};
        sned_status status = loop->body(loop->argument, index, &error);
        if (status != SNED_OK)
            keep_first_failure(loop, index, status, &error);
    }
    return NULL;
}

sned_status sned_parallel_for(int threads, size_t count, parallel_body body, void *argument,
                              sned_error *error)
{
    if (threads < 1)
        threads = sned_thread_count();
    if ((size_t)threads > count)
        threads = count ? (int)count : 1;
    struct loop loop = {.body = body, .argument = argument, .count = count, .error = error};
    pthread_mutex_init(&loop.lock, NULL);
    pthread_t *handles = NULL;
    sned_status status = sned_alloc(&handles, (size_t)threads, sizeof *handles, error);
    if (status == SNED_OK) {
        int started = 0;
        /* The caller is a worker too; where the system gives no more threads, fewer do the same work. */
        while (started < threads - 1 && pthread_create(&handles[started], NULL, work, &loop) == 0)
            started++;
        work(&loop);
        while (started > 0)
            pthread_join(handles[--started], NULL);
        status = loop.status;
    }
    free(handles);
    pthread_mutex_destroy(&loop.lock);
    return status;
}
