/*
 * share.c - how threads share work: each has a stretch of the tasks, and helps the others when it is done.
 *
 * A stretch is the same part of the work for every step, the first, the second: so what a thread made in one
 * step, rows of an image mostly, it reads in the next, from its own caches. To fetch it from another
 * processor's takes longer than many a step. Who has finished its stretch takes chunks of the next one's, a
 * part of what is left there, so that nobody waits long for the one that ends last, whatever the tasks cost
 * and whoever is held up. A chunk is no smaller than what makes up for taking it.
 *
 * Work that is not worth the threads' meeting is done by the caller alone: a meeting takes up to a
 * microsecond, by how far apart two processors are, and what one thread made another one fetches. Whether
 * threads are worth it at all, compare.c finds out.
 */
#include "runtime/context.h"

#include <stdatomic.h>

enum { STRETCHES = 32, CHUNKS_LEFT = 2 /* of a stretch, when one is taken */ };

struct task_stretch {
    _Alignas(64) atomic_int next;
    int end;
};

struct work_share {
    const struct shared_work *work;
    int count, least; /* stretches; tasks of a chunk */
    struct task_stretch stretches[STRETCHES];
};

static bool take_chunk(struct task_stretch *stretch, int least, int *first, int *end)
{
    int next = atomic_load_explicit(&stretch->next, memory_order_relaxed), size;
    do {
        const int left = stretch->end - next;
        if (left <= 0)
            return false;
        size = left / CHUNKS_LEFT > least ? left / CHUNKS_LEFT : least;
        if (size > left)
            size = left;
    } while (!atomic_compare_exchange_weak_explicit(&stretch->next, &next, next + size, memory_order_relaxed,
                                                    memory_order_relaxed));
    *first = next;
    *end = next + size;
    return true;
}

static void take_part(void *argument, int thread)
{
    struct work_share *share = argument;
    for (int i = 0; i < share->count; i++) {
        struct task_stretch *stretch = &share->stretches[(thread + i) % share->count];
        for (int first, end; take_chunk(stretch, share->least, &first, &end);)
            share->work->run(share->work->argument, thread, first, end);
    }
}

/* Each has a chunk at least. */
static int threads_for(const sned_context *context, const struct shared_work *work)
{
    const int threads = work->tasks < context->threads ? work->tasks : context->threads;
    const double chunks = work->nanoseconds / context->worth_taking;
    return chunks < threads ? (int)chunks : threads;
}

static int least_chunk(const sned_context *context, const struct shared_work *work)
{
    const double least = work->tasks * (context->worth_taking / work->nanoseconds);
    return least > 1 ? (int)least : 1;
}

static void divide(struct work_share *share, int tasks)
{
    for (int i = 0; i < share->count; i++) {
        atomic_init(&share->stretches[i].next, (int)((int64_t)tasks * i / share->count));
        share->stretches[i].end = (int)((int64_t)tasks * (i + 1) / share->count);
    }
}

static bool is_worth_sharing(const sned_context *context, const struct shared_work *work, int threads)
{
    return threads > 1 && work->nanoseconds * (threads - 1) / threads >= context->worth_sharing;
}

int sned_share(const sned_context *context, const struct shared_work *work)
{
    const int threads = threads_for(context, work);
    if (!is_worth_sharing(context, work, threads)) {
        if (work->tasks > 0)
            work->run(work->argument, 0, 0, work->tasks);
        return 1;
    }
    struct work_share share;
    share.work = work;
    share.count = threads < STRETCHES ? threads : STRETCHES;
    share.least = least_chunk(context, work);
    divide(&share, work->tasks);
    context->run_tasks(context->user, threads, take_part, &share);
    return threads;
}
