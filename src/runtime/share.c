/*
 * share.c - how threads share work: each has a stretch of the tasks, and helps the others when it is done.
 *
 * A stretch is the same part of the work for every step, the first, the second: so what a thread made in one
 * step, rows of an image mostly, it reads in the next, from its own caches. To fetch it from another
 * processor's takes longer than many a step. Who has finished its stretch takes chunks of the next one's, a
 * part of what is left there, so that nobody waits long for the one that ends last, whatever the tasks cost
 * and whoever is held up. A chunk is no smaller than what makes up for taking it.
 *
 * Work that is not worth the threads' meeting is done by the caller alone. What a meeting costs depends on
 * the machine, and on what else it does just now: a fifth of a microsecond where threads are looking for
 * work, ten and more where they must be woken, milliseconds where other programs have their processors. So a
 * context counts, image by image, the time that its caller spends on waking threads and waiting for them, or
 * by how much the image took longer than the fastest one would have on one thread, and shares what brings
 * more than that costs. While it therefore shares nothing, it forgets, and after some time tries again. No
 * result depends on it: those of shared work are the same.
 */
#include "base/pool.h"
#include "runtime/context.h"

#include <stdatomic.h>

/* Nanoseconds of work: the time that a context remembers, while it shares, and until it has forgotten. */
static const double REMEMBERS = 50e6, FORGETS = 3e9;
/* What the fastest image of late is taken for, with each that comes: processors too become slower. */
static const double SLOWER = 1.01;
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

/* ---- tasks ---- */

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

/* ---- what pays ---- */

static double part_of(double work, double all)
{
    return work < all ? work / all : 1;
}

/* By what others take of it. Twice the cost: what is lost is not all seen. */
static bool is_worth_sharing(sned_context *context, const struct shared_work *work, int threads)
{
    struct meetings *meetings = &context->meetings;
    if (threads < 2)
        return false;
    const double gain = work->nanoseconds * (threads - 1) / threads;
    if (gain < context->worth_sharing)
        return false;
    if (gain >= context->worth_sharing + 2 * meetings->cost)
        return true;
    meetings->skipped += work->nanoseconds;
    return false;
}

static void count_meeting(struct meetings *meetings, const struct shared_work *work)
{
    meetings->count++;
    meetings->shared += work->nanoseconds;
    meetings->ends += work->nanoseconds / work->tasks;
}

/* What this image's meetings cost, together. */
static double all_cost(const sned_context *context, double waited, double nanoseconds)
{
    const struct meetings *meetings = &context->meetings;
    const double wait = waited - meetings->waited - meetings->ends;
    const double late = nanoseconds - context->threads * meetings->fastest;
    const double more = wait > late ? wait : late;
    return more > 0 ? more : 0;
}

void sned_share_learn(sned_context *context, double nanoseconds)
{
    struct meetings *meetings = &context->meetings;
    const double waited = 1e9 * sned_pool_waited(context->pool), fastest = meetings->fastest * SLOWER;
    double cost = meetings->cost;
    if (meetings->count && fastest > 0)
        cost += part_of(meetings->shared, REMEMBERS) *
                (all_cost(context, waited, nanoseconds) / meetings->count - cost);
    cost -= part_of(meetings->skipped, FORGETS) * cost;
    *meetings = (struct meetings){.cost = cost,
                                  .fastest = fastest > 0 && fastest < nanoseconds ? fastest : nanoseconds,
                                  .waited = waited};
}

/* ---- sharing ---- */

int sned_share(sned_context *context, const struct shared_work *work)
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
    count_meeting(&context->meetings, work);
    return threads;
}
