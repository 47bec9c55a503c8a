/*
 * pool.c - threads that wait for work.
 *
 * Each thread but the caller's has one word, its state, and beside it, in the same line of the cache, what it
 * is to do: a hand-over is that line going to the other processor and coming back.
 *
 *     caller                          word        thread 1
 *                                     LOOKING     looks, 0.2 ms at most ...... or sleeps: ASLEEP
 *     offers item 1                   OFFERED     (a sleeper is woken)
 *     does item 0                     TAKEN       does item 1
 *     looks, 0.2 ms at most           LOOKING     has done it
 *
 * Thread i is offered item i, always: so what it left in its caches it finds there again. What a thread has
 * not taken when the caller is through with its own, the caller takes back and does itself: who comes late
 * keeps nobody waiting. Each change of a word says what it was before, so that who offers knows whether to
 * wake the thread, and who has done its item whether the caller has gone to sleep (AWAITED).
 *
 * To wake a thread takes some microseconds, and a step of a network not much longer. So who waits looks for a
 * while before it sleeps. Where there are fewer processors than threads nobody looks: the one that is waited
 * for may be waiting for the processor.
 *
 * Where other programs run, the system may well wake a thread on the caller's own processor, where the one
 * waits behind the other: a thread that finds itself there moves to another one. And it may take the
 * processor from a thread in the middle of its item, for as long as it lets others run, ten milliseconds say:
 * a caller that has looked in vain fetches the thread to its own processor before it sleeps, and there it
 * ends its item at once.
 */
#include "base/pool.h"
#include "base/clock.h"
#include "base/thread.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

static const double LOOK_SECONDS = 200e-6;
enum { LOOKS = 64 /* between two glances at the clock */, ALIGNMENT = 64 };

enum worker_state { LOOKING, ASLEEP, OFFERED, TAKEN, AWAITED, STOPPED };

struct worker {
    _Alignas(ALIGNMENT) atomic_int state; /* enum worker_state */
    int index;                            /* of the items that it is offered */
    /* Of its item; written before it is offered. */
    void (*task)(void *argument, int index);
    void *argument;
    struct thread_pool *pool;
    pthread_t thread;
};

struct thread_pool {
    pthread_mutex_t lock; /* who goes to sleep looks once more under it, who wakes others passes through it */
    pthread_cond_t offered, finished;
    bool looks;
    cpu_set_t processors; /* that threads may run on */
    atomic_int processor; /* that the caller was on, when it last woke or fetched one */
    int started;
    struct worker workers[];
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

static bool is_state(struct worker *worker, int state)
{
    return atomic_load_explicit(&worker->state, memory_order_acquire) == state;
}

static bool change_state(struct worker *worker, int from, int to)
{
    return atomic_compare_exchange_strong(&worker->state, &from, to);
}

/* Looks until it is in that state no longer, or long enough. */
static bool look_until_not(struct worker *worker, int state)
{
    if (!is_state(worker, state) || !worker->pool->looks)
        return !is_state(worker, state);
    for (const double began = sned_clock(); sned_clock() - began < LOOK_SECONDS;)
        for (int i = 0; i < LOOKS; i++, relax())
            if (!is_state(worker, state))
                return true;
    return false;
}

static void sleep_while(struct worker *worker, int state, pthread_cond_t *until)
{
    pthread_mutex_lock(&worker->pool->lock);
    while (is_state(worker, state))
        pthread_cond_wait(until, &worker->pool->lock);
    pthread_mutex_unlock(&worker->pool->lock);
}

/* What they wait for has been made so before. */
static void wake(struct thread_pool *pool, pthread_cond_t *sleepers)
{
    pthread_mutex_lock(&pool->lock);
    pthread_mutex_unlock(&pool->lock);
    pthread_cond_broadcast(sleepers);
}

/* ---- where threads run ---- */

/* There, for now: afterwards it may run on any of its processors again. Not where somebody else has said
 * which these are. */
static void move_thread(const struct thread_pool *pool, pthread_t thread, const cpu_set_t *there)
{
    const cpu_set_t *all = &pool->processors;
    cpu_set_t now;
    if (pool->looks && pthread_getaffinity_np(thread, sizeof now, &now) == 0 && CPU_EQUAL(&now, all) &&
        pthread_setaffinity_np(thread, sizeof *there, there) == 0)
        pthread_setaffinity_np(thread, sizeof *all, all);
}

/* This thread, from the caller's processor. */
static void leave_caller(const struct thread_pool *pool)
{
    const int processor = atomic_load_explicit(&pool->processor, memory_order_relaxed);
    cpu_set_t others = pool->processors;
    CPU_CLR((size_t)processor, &others);
    if (sched_getcpu() == processor)
        move_thread(pool, pthread_self(), &others);
}

/* To the caller's processor, which is about to have nothing else to do. */
static void fetch_thread(struct thread_pool *pool, pthread_t thread)
{
    const int processor = sched_getcpu();
    cpu_set_t here;
    CPU_ZERO(&here);
    CPU_SET((size_t)processor, &here);
    atomic_store_explicit(&pool->processor, processor, memory_order_relaxed);
    move_thread(pool, thread, &here);
}

/* ---- a thread ---- */

static void *work(void *argument)
{
    struct worker *worker = argument;
    struct thread_pool *pool = worker->pool;
    while (!is_state(worker, STOPPED)) {
        if (change_state(worker, OFFERED, TAKEN)) {
            worker->task(worker->argument, worker->index);
            if (atomic_exchange(&worker->state, LOOKING) == AWAITED) {
                wake(pool, &pool->finished);
                leave_caller(pool);
            }
        }
        if (!look_until_not(worker, LOOKING) && change_state(worker, LOOKING, ASLEEP)) {
            sleep_while(worker, ASLEEP, &pool->offered);
            leave_caller(pool);
        }
    }
    return NULL;
}

/* ---- the caller ---- */

static void wake_workers(struct thread_pool *pool)
{
    atomic_store_explicit(&pool->processor, sched_getcpu(), memory_order_relaxed);
    wake(pool, &pool->offered);
}

static void wait_for_worker(struct worker *worker)
{
    if (look_until_not(worker, TAKEN) || !change_state(worker, TAKEN, AWAITED))
        return;
    fetch_thread(worker->pool, worker->thread);
    sleep_while(worker, AWAITED, &worker->pool->finished);
}

void sned_pool_run(void *of, int count, void (*task)(void *argument, int index), void *argument)
{
    struct thread_pool *pool = of;
    const int offers = count - 1 < pool->started ? count - 1 : pool->started;
    bool sleep = false;
    for (int i = 0; i < offers; i++) {
        pool->workers[i].task = task;
        pool->workers[i].argument = argument;
        sleep |= atomic_exchange(&pool->workers[i].state, OFFERED) == ASLEEP;
    }
    if (sleep)
        wake_workers(pool);
    for (int index = 0; index < count; index++)
        if (index < 1 || index > offers || change_state(&pool->workers[index - 1], OFFERED, LOOKING))
            task(argument, index);
    for (int i = 0; i < offers; i++)
        wait_for_worker(&pool->workers[i]);
}

/* ---- the pool ---- */

size_t sned_pool_size(int threads)
{
    return (sizeof(struct thread_pool) + (size_t)(threads - 1) * sizeof(struct worker));
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

static bool start_worker(struct thread_pool *pool, struct worker *worker)
{
    worker->pool = pool;
    worker->index = pool->started + 1;
    return pthread_create(&worker->thread, NULL, work, worker) == 0;
}

struct thread_pool *sned_pool_start(void *memory, int threads)
{
    struct thread_pool *pool = memory;
    sigset_t before;
    memset(pool, 0, sned_pool_size(threads));
    pool->looks = threads <= sned_thread_count();
    pthread_getaffinity_np(pthread_self(), sizeof pool->processors, &pool->processors);
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->offered, NULL);
    pthread_cond_init(&pool->finished, NULL);
    block_signals(&before);
    while (pool->started < threads - 1 && start_worker(pool, &pool->workers[pool->started]))
        pool->started++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return pool;
}

void sned_pool_stop(struct thread_pool *pool)
{
    if (!pool)
        return;
    for (int i = 0; i < pool->started; i++)
        atomic_store(&pool->workers[i].state, STOPPED);
    wake(pool, &pool->offered);
    while (pool->started > 0)
        pthread_join(pool->workers[--pool->started].thread, NULL);
    pthread_cond_destroy(&pool->finished);
    pthread_cond_destroy(&pool->offered);
    pthread_mutex_destroy(&pool->lock);
}
