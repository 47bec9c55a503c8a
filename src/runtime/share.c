/*
 * share.c - how threads share work: in chunks, from one counter.
 *
 * A thread takes a part of what is left, so that first chunks are large, for caches and for few words between
 * the threads, and last ones small: nobody waits long for the one that ends last, whatever the tasks cost and
 * whoever is held up. A chunk is no smaller than what makes up for taking it; and work that is not worth two
 * threads' meeting is done by the caller alone.
 */
#include "runtime/context.h"

#include <stdatomic.h>

enum { CHUNKS_LEFT = 2 /* for each thread, when one is taken */ };

struct work_share {
    const struct shared_work *work;
    int threads, least; /* tasks of a chunk */
    _Alignas(64) atomic_int next;
};

static bool take_chunk(struct work_share *share, int *first, int *end)
{
    const int tasks = share->work->tasks;
    int next = atomic_load_explicit(&share->next, memory_order_relaxed), size;
    do {
        if (next >= tasks)
            return false;
        size = (tasks - next) / (CHUNKS_LEFT * share->threads);
        if (size < share->least)
            size = share->least;
        if (size > tasks - next)
            size = tasks - next;
    } while (!atomic_compare_exchange_weak_explicit(&share->next, &next, next + size, memory_order_relaxed,
                                                    memory_order_relaxed));
    *first = next;
    *end = next + size;
    return true;
}

static void take_part(void *argument, int thread)
{
    struct work_share *share = argument;
    for (int first, end; take_chunk(share, &first, &end);)
        share->work->run(share->work->argument, thread, first, end);
}

static int least_chunk(const sned_context *context, const struct shared_work *work)
{
    const double least = work->tasks * (context->worth_taking / work->nanoseconds);
    return least < 1 ? 1 : (int)least;
}

int sned_share(const sned_context *context, const struct shared_work *work)
{
    if (context->threads == 1 || work->tasks < 2 || work->nanoseconds < context->worth_sharing) {
        if (work->tasks > 0)
            work->run(work->argument, 0, 0, work->tasks);
        return 1;
    }
    struct work_share share = {
        .work = work, .threads = context->threads, .least = least_chunk(context, work)};
    const int threads = work->tasks < context->threads ? work->tasks : context->threads;
    context->run_tasks(context->user, threads, take_part, &share);
    return threads;
}
