/*
 * test_pool.c - threads that wait for work: each item is done once, nobody looks for ever; and where threads
 * run beside other programs. ./check runs this under ThreadSanitizer too.
 */
#include "base/pool.h"

#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { MOST_THREADS = 5 };

/* ---- work ---- */

static void count_call(void *argument, int index)
{
    atomic_int *calls = argument;
    atomic_fetch_add(&calls[index], 1);
}

/* Loop after loop, at once or when all have gone to sleep, of more items than threads and of fewer. */
static void a_pool_does_every_item_once(void **state)
{
    enum { ITEMS = 9, LOOPS = 3000 };
    for (int threads = 1; threads <= MOST_THREADS; threads++) {
        void *memory = aligned_alloc(64, sned_pool_size(threads));
        struct thread_pool *pool = sned_pool_start(memory, threads);
        for (int loop = 0; loop < LOOPS; loop++) {
            atomic_int calls[ITEMS] = {0};
            const int count = loop % (ITEMS + 1);
            if (loop % 500 == 0)
                usleep(2000);
            sned_pool_run(pool, count, count_call, calls);
            for (int i = 0; i < ITEMS; i++)
                assert_int_equal(calls[i], i < count);
        }
        sned_pool_stop(pool);
        free(memory);
    }
}

/* What the system says of a thread of this process: R, it runs or could; S, it sleeps; 0, nothing. */
static char thread_state(const char *id)
{
    char path[300], state = 0;
    snprintf(path, sizeof path, "/proc/self/task/%s/stat", id);
    FILE *file = id[0] == '.' ? NULL : fopen(path, "r");
    if (!file)
        return 0;
    if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
        state = 0;
    fclose(file);
    return state;
}

static int busy_threads(void)
{
    DIR *folder = opendir("/proc/self/task");
    int busy = 0;
    for (const struct dirent *entry; (entry = readdir(folder));)
        busy += thread_state(entry->d_name) == 'R';
    closedir(folder);
    return busy;
}

/* As long as it takes on a machine with other work; a thread that looked for ever would never. */
static void threads_without_work_go_to_sleep(void **state)
{
    void *memory = aligned_alloc(64, sned_pool_size(MOST_THREADS));
    struct thread_pool *pool = sned_pool_start(memory, MOST_THREADS);
    atomic_int calls[MOST_THREADS] = {0};
    sned_pool_run(pool, MOST_THREADS, count_call, calls);
    while (busy_threads() > 1)
        usleep(1000);
    sned_pool_stop(pool);
    free(memory);
}

/* ---- where its threads run ---- */

/* A pool of two threads beside another program's, on two processors: the caller on `here`, the other one on
 * `there`. */
struct crowd {
    struct thread_pool *pool;
    void *memory;
    pthread_t other;
    cpu_set_t all, both, here, there;
    int here_number;
    atomic_bool stop;
    int runs;
    atomic_int began;         /* item 1, in so many runs */
    atomic_int id, processor; /* of the pool's thread */
};

static void *be_busy(void *argument)
{
    struct crowd *crowd = argument;
    while (!atomic_load(&crowd->stop))
        ;
    return NULL;
}

/* Item 0 ends when the pool's thread has begun item 1, which takes its time. */
static void meet(void *argument, int index)
{
    struct crowd *crowd = argument;
    if (index == 0) {
        while (atomic_load(&crowd->began) < crowd->runs)
            ;
        return;
    }
    atomic_store(&crowd->id, gettid());
    atomic_store(&crowd->processor, sched_getcpu());
    atomic_fetch_add(&crowd->began, 1);
    usleep(1000);
}

static void let_it_sleep(const struct crowd *crowd)
{
    char id[16];
    snprintf(id, sizeof id, "%d", crowd->id);
    while (thread_state(id) != 'S')
        usleep(500);
}

static void crowd_run(struct crowd *crowd)
{
    crowd->runs++;
    sned_pool_run(crowd->pool, 2, meet, crowd);
}

static void crowd_start(struct crowd *crowd)
{
    int numbers[2], count = 0;
    memset(crowd, 0, sizeof *crowd);
    sched_getaffinity(0, sizeof crowd->all, &crowd->all);
    for (int i = 0; i < CPU_SETSIZE && count < 2; i++)
        if (CPU_ISSET((size_t)i, &crowd->all))
            numbers[count++] = i;
    if (count < 2)
        skip();
    CPU_SET((size_t)numbers[0], &crowd->here);
    CPU_SET((size_t)numbers[1], &crowd->there);
    CPU_OR(&crowd->both, &crowd->here, &crowd->there);
    crowd->here_number = numbers[0];
    sched_setaffinity(0, sizeof crowd->both, &crowd->both);
    crowd->memory = aligned_alloc(64, sned_pool_size(2));
    crowd->pool = sned_pool_start(crowd->memory, 2);
    sched_setaffinity(0, sizeof crowd->here, &crowd->here);
    pthread_create(&crowd->other, NULL, be_busy, crowd);
    pthread_setaffinity_np(crowd->other, sizeof crowd->there, &crowd->there);
    crowd_run(crowd);
}

static void crowd_end(struct crowd *crowd)
{
    atomic_store(&crowd->stop, true);
    pthread_join(crowd->other, NULL);
    sned_pool_stop(crowd->pool);
    free(crowd->memory);
    sched_setaffinity(0, sizeof crowd->all, &crowd->all);
}

/* The system wakes a thread where it slept, if all processors are busy. */
static void a_thread_does_not_stay_on_the_callers_processor(void **state)
{
    enum { ROUNDS = 10 };
    struct crowd crowd;
    int elsewhere = 0;
    crowd_start(&crowd);
    for (int i = 0; i < ROUNDS; i++) {
        sched_setaffinity(crowd.id, sizeof crowd.here, &crowd.here);
        crowd_run(&crowd);
        sched_setaffinity(crowd.id, sizeof crowd.both, &crowd.both);
        let_it_sleep(&crowd);
        crowd_run(&crowd);
        elsewhere += crowd.processor != crowd.here_number;
    }
    crowd_end(&crowd);
    assert_in_range(elsewhere, ROUNDS / 2, ROUNDS);
}

/* The caller has waited for it so long that it fetched it. */
static void a_thread_may_run_where_it_might_before(void **state)
{
    struct crowd crowd;
    cpu_set_t after;
    crowd_start(&crowd);
    for (int i = 0; i < 10; i++) {
        crowd_run(&crowd);
        do /* on its way from the caller's processor it may be yet */
            assert_int_equal(sched_getaffinity(crowd.id, sizeof after, &after), 0);
        while (!CPU_EQUAL(&after, &crowd.both));
    }
    crowd_end(&crowd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pool_does_every_item_once),
        cmocka_unit_test(threads_without_work_go_to_sleep),
        cmocka_unit_test(a_thread_does_not_stay_on_the_callers_processor),
        cmocka_unit_test(a_thread_may_run_where_it_might_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
