/*
 * pool.c - threads that wait for work.
 *
 * What there is to do is one number, the offer: how many items of the loop nobody has taken, and above these
 * bits how many loops there were before. Whoever takes the number to one less has taken an item; so no thread
 * ever takes an item of a loop that is over, however late it comes. The caller takes items too, until there
 * are none, and waits for those that others have taken.
 *
 *     offer       | loops begun | items left |
 *     caller      publishes loop 7, takes 3         takes 1    waits . returns
 *     thread 1    looks ..........  takes 2 ...................... looks ............ sleeps
 *     thread 2    sleeps . wakes .............. takes 0 .......... looks ............ sleeps
 *
 * To wake a thread takes some ten microseconds, and a step of a network not much longer. So who waits looks
 * for a while before it sleeps. Where there are fewer processors than threads nobody looks: the one that is
 * waited for may be waiting for the processor.
 */
#include "base/pool.h"
#include "base/clock.h"
#include "base/thread.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static const double LOOK_SECONDS = 200e-6;
enum { LOOKS = 64 /* between two glances at the clock */, ALIGNMENT = 64 };
static const uint64_t ITEMS = 0xFFFF, ONE_LOOP = 0x10000;

struct thread_pool {
    _Alignas(ALIGNMENT) _Atomic uint64_t offer;
    _Alignas(ALIGNMENT) atomic_int unfinished; /* items of this loop, taken or not */
    /* Of the loop that is on offer; written while there is none. */
    _Alignas(ALIGNMENT) void (*task)(void *argument, int index);
    void *argument;
    bool looks;
    _Alignas(ALIGNMENT) atomic_int sleepers; /* threads that wait for `offered` */
    atomic_bool caller_sleeps;               /* for `finished` */
    atomic_bool stop;
    pthread_mutex_t lock; /* who goes to sleep looks once more under it, who wakes others passes through it */
    pthread_cond_t offered, finished;
    int started;
    pthread_t threads[];
};

/* ---- waiting ---- */

static void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static bool has_work(struct thread_pool *pool)
{
    return (atomic_load(&pool->offer) & ITEMS) || atomic_load(&pool->stop);
}

static bool is_finished(struct thread_pool *pool)
{
    return atomic_load(&pool->unfinished) == 0;
}

/* Looks until it is so, or long enough. */
static bool look_for(struct thread_pool *pool, bool (*is_so)(struct thread_pool *pool))
{
    if (is_so(pool) || !pool->looks)
        return is_so(pool);
    for (const double began = sned_clock(); sned_clock() - began < LOOK_SECONDS;)
        for (int i = 0; i < LOOKS; i++, relax())
            if (is_so(pool))
                return true;
    return false;
}

static void wait_for_work(struct thread_pool *pool)
{
    if (look_for(pool, has_work))
        return;
    pthread_mutex_lock(&pool->lock);
    atomic_fetch_add(&pool->sleepers, 1);
    while (!has_work(pool))
        pthread_cond_wait(&pool->offered, &pool->lock);
    atomic_fetch_sub(&pool->sleepers, 1);
    pthread_mutex_unlock(&pool->lock);
}

static void wait_for_others(struct thread_pool *pool)
{
    if (look_for(pool, is_finished))
        return;
    pthread_mutex_lock(&pool->lock);
    atomic_store(&pool->caller_sleeps, true);
    while (!is_finished(pool))
        pthread_cond_wait(&pool->finished, &pool->lock);
    atomic_store(&pool->caller_sleeps, false);
    pthread_mutex_unlock(&pool->lock);
}

/* What they wait for has been made so before; it and the sleepers' number are of one order (seq_cst), so that
 * one of the two sees the other. */
static void wake(struct thread_pool *pool, bool anybody, pthread_cond_t *sleepers)
{
    if (!anybody)
        return;
    pthread_mutex_lock(&pool->lock);
    pthread_cond_broadcast(sleepers);
    pthread_mutex_unlock(&pool->lock);
}

/* ---- work ---- */

static bool take_item(struct thread_pool *pool, int *index)
{
    uint64_t offer = atomic_load(&pool->offer);
    do {
        if (!(offer & ITEMS))
            return false;
    } while (!atomic_compare_exchange_weak(&pool->offer, &offer, offer - 1));
    *index = (int)(offer & ITEMS) - 1;
    return true;
}

static void do_items(struct thread_pool *pool)
{
    for (int index; take_item(pool, &index);) {
        pool->task(pool->argument, index);
        if (atomic_fetch_sub(&pool->unfinished, 1) == 1)
            wake(pool, atomic_load(&pool->caller_sleeps), &pool->finished);
    }
}

static void *work(void *argument)
{
    struct thread_pool *pool = argument;
    while (!atomic_load(&pool->stop)) {
        do_items(pool);
        wait_for_work(pool);
    }
    return NULL;
}

void sned_pool_run(void *of, int count, void (*task)(void *argument, int index), void *argument)
{
    struct thread_pool *pool = of;
    const uint64_t loops = atomic_load(&pool->offer) & ~ITEMS;
    pool->task = task;
    pool->argument = argument;
    atomic_store(&pool->unfinished, count);
    atomic_store(&pool->offer, (loops + ONE_LOOP) | (uint64_t)count);
    wake(pool, atomic_load(&pool->sleepers) > 0, &pool->offered);
    do_items(pool);
    wait_for_others(pool);
}

/* ---- the pool ---- */

size_t sned_pool_size(int threads)
{
    const size_t size = sizeof(struct thread_pool) + (size_t)threads * sizeof(pthread_t);
    return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

/* The program's signals are for the program's threads; but what a thread does wrong is for itself. */
static void block_signals(sigset_t *before)
{
    sigset_t signals;
    sigfillset(&signals);
    sigdelset(&signals, SIGSEGV);
    sigdelset(&signals, SIGBUS);
    sigdelset(&signals, SIGFPE);
    sigdelset(&signals, SIGILL);
    pthread_sigmask(SIG_SETMASK, &signals, before);
}

struct thread_pool *sned_pool_start(void *memory, int threads)
{
    struct thread_pool *pool = memory;
    sigset_t before;
    memset(pool, 0, sned_pool_size(threads));
    pool->looks = threads <= sned_thread_count();
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->offered, NULL);
    pthread_cond_init(&pool->finished, NULL);
    block_signals(&before);
    while (pool->started < threads - 1 &&
           pthread_create(&pool->threads[pool->started], NULL, work, pool) == 0)
        pool->started++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return pool;
}

void sned_pool_stop(struct thread_pool *pool)
{
    if (!pool)
        return;
    atomic_store(&pool->stop, true);
    wake(pool, true, &pool->offered);
    while (pool->started > 0)
        pthread_join(pool->threads[--pool->started], NULL);
    pthread_cond_destroy(&pool->finished);
    pthread_cond_destroy(&pool->offered);
    pthread_mutex_destroy(&pool->lock);
}
