/*
 * test_pools.c - a context with several threads, its own or the caller's: the scores of one thread, to the
 * bit. ./check runs this under ThreadSanitizer too.
 */
#include "tests/common/sned_files.h"

#include "base/thread.h"
#include "runtime/context.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>

enum { IMAGES = 7, MOST_THREADS = 5, RUNNERS = 4 };

/* A network, images of noise, and the scores that a thread alone gives them, one after the other. */
struct fixture {
    struct buffer file;
    sned_model *model;
    const sned_model_info *info;
    uint8_t *pixels; /* [IMAGES] */
    float *scores;   /* [IMAGES][classes] */
};

/* Shares whatever can be, in the smallest parts, though none of these networks has a step that is worth it.
 */
static void share_everything(sned_context *context)
{
    context->worth_sharing = -INFINITY;
    context->worth_taking = 0;
}

static size_t scores_size(const struct fixture *fixture)
{
    return (size_t)IMAGES * (size_t)fixture->info->classes * sizeof(float);
}

static struct fixture fixture_new(graph_maker make)
{
    struct fixture fixture = {.file = pack_new_as(make, 0.3f, 3, FORMAT_GAP16)};
    struct random random;
    sned_context *context;
    assert_int_equal(sned_open_memory(&fixture.model, fixture.file.data, fixture.file.size, NULL), SNED_OK);
    fixture.info = sned_model_get_info(fixture.model);
    const size_t size = (size_t)fixture.info->channels * fixture.info->height * fixture.info->width;
    fixture.pixels = malloc(IMAGES * size);
    fixture.scores = malloc(scores_size(&fixture));
    sned_random_seed(&random, 8, 0);
    for (size_t i = 0; i < IMAGES * size; i++)
        fixture.pixels[i] = (uint8_t)sned_random_below(&random, 256);
    assert_int_equal(sned_context_new(&context, fixture.model, NULL), SNED_OK);
    assert_int_equal(sned_run_pixels(context, fixture.pixels, IMAGES, fixture.scores, NULL), SNED_OK);
    sned_context_free(context);
    return fixture;
}

static void fixture_free(struct fixture *fixture)
{
    sned_close(fixture->model);
    sned_buffer_free(&fixture->file);
    free(fixture->pixels);
    free(fixture->scores);
}

/* A new sequence of all images has the scores of one thread. */
static bool scores_agree(const struct fixture *fixture, sned_context *context)
{
    float *scores = malloc(scores_size(fixture));
    sned_context_reset(context);
    const bool agree = sned_run_pixels(context, fixture->pixels, IMAGES, scores, NULL) == SNED_OK &&
                       !memcmp(scores, fixture->scores, scores_size(fixture));
    free(scores);
    return agree;
}

static sned_context *new_context(const struct fixture *fixture, const sned_context_options *options)
{
    sned_context *context;
    sned_error error;
    if (sned_context_new_with(&context, fixture->model, options, &error) != SNED_OK)
        fail_msg("%s", error.message);
    share_everything(context);
    return context;
}

/* ---- a context's own threads ---- */

static void scores_are_the_same_whatever_the_number_of_threads(void **state)
{
    for (int i = 0; i < MAKERS; i++) {
        struct fixture fixture = fixture_new(makers[i]);
        for (int threads = 0; threads <= MOST_THREADS; threads++)
            for (int by_image = 0; by_image < 2; by_image++) {
                const sned_context_options options = {.threads = threads, .by_image = by_image};
                sned_context *context = new_context(&fixture, &options);
                for (int again = 0; again < 3; again++)
                    assert_true(scores_agree(&fixture, context));
                sned_context_free(context);
            }
        fixture_free(&fixture);
    }
}

/* As it is shared where only what pays is. */
static void scores_are_the_same_where_little_is_shared(void **state)
{
    struct fixture fixture = fixture_new(lenet_graph);
    sned_context *context;
    const sned_context_options options = {.threads = 3};
    assert_int_equal(sned_context_new_with(&context, fixture.model, &options, NULL), SNED_OK);
    assert_true(scores_agree(&fixture, context));
    sned_context_free(context);
    fixture_free(&fixture);
}

struct runner {
    const struct fixture *fixture;
    pthread_t thread;
    int number, wrong;
};

/* Contexts with pools come and go while those of other threads run the same model. */
static void *renew_contexts(void *argument)
{
    struct runner *runner = argument;
    for (int i = 0; i < 12; i++) {
        const sned_context_options options = {.threads = 1 + (i + runner->number) % 3, .by_image = i % 2};
        sned_context *context;
        if (sned_context_new_with(&context, runner->fixture->model, &options, NULL) != SNED_OK)
            return runner->wrong++, NULL;
        share_everything(context);
        runner->wrong += !scores_agree(runner->fixture, context);
        sned_context_free(context);
    }
    return NULL;
}

static void pools_of_many_contexts_run_side_by_side(void **state)
{
    for (int i = 0; i < 2; i++) {
        struct fixture fixture = fixture_new(makers[i]);
        struct runner runners[RUNNERS];
        for (int k = 0; k < RUNNERS; k++) {
            runners[k] = (struct runner){.fixture = &fixture, .number = k};
            assert_int_equal(pthread_create(&runners[k].thread, NULL, renew_contexts, &runners[k]), 0);
        }
        for (int k = 0; k < RUNNERS; k++) {
            pthread_join(runners[k].thread, NULL);
            assert_int_equal(runners[k].wrong, 0);
        }
        fixture_free(&fixture);
    }
}

/* ---- the caller's threads ---- */

struct call {
    void (*task)(void *argument, int index);
    void *argument;
    int calls;
};

static sned_status call_task(void *argument, size_t index, sned_error *error)
{
    const struct call *call = argument;
    call->task(call->argument, (int)index);
    return SNED_OK;
}

static void run_on_new_threads(void *user, int count, void (*task)(void *argument, int index), void *argument)
{
    struct call call = {.task = task, .argument = argument};
    ++*(int *)user;
    sned_parallel_for(count, (size_t)count, call_task, &call, NULL);
}

static void run_backwards(void *user, int count, void (*task)(void *argument, int index), void *argument)
{
    ++*(int *)user;
    assert_in_range(count, 1, MOST_THREADS);
    for (int index = count - 1; index >= 0; index--)
        task(argument, index);
}

static void the_callers_threads_give_the_same_scores(void **state)
{
    for (int i = 0; i < MAKERS; i++) {
        struct fixture fixture = fixture_new(makers[i]);
        for (int by_image = 0; by_image < 2; by_image++)
            for (int backwards = 0; backwards < 2; backwards++) {
                int calls = 0;
                const sned_context_options options = {.threads = MOST_THREADS,
                                                      .by_image = by_image,
                                                      .run_tasks =
                                                          backwards ? run_backwards : run_on_new_threads,
                                                      .user = &calls};
                sned_context *context = new_context(&fixture, &options);
                assert_true(scores_agree(&fixture, context));
                assert_true(calls > 0);
                sned_context_free(context);
            }
        fixture_free(&fixture);
    }
}

/* ---- what is worth sharing ---- */

static void do_nothing(void *argument, int thread, int first, int end)
{
}

static sned_context two_callers_threads(int *calls)
{
    return (sned_context){
        .threads = 2, .worth_sharing = 1000, .worth_taking = 1000, .run_tasks = run_backwards, .user = calls};
}

static void each_thread_has_something_to_do(void **state)
{
    int calls = 0;
    sned_context context = two_callers_threads(&calls);
    context.threads = MOST_THREADS;
    const struct {
        int tasks, threads;
        double nanoseconds;
    } shared[] = {{100, 5, 100e3}, {100, 3, 3500}, {100, 2, 2000},
                  {100, 1, 1900},  {2, 2, 100e3},  {1, 1, 100e3}};
    for (size_t i = 0; i < sizeof shared / sizeof *shared; i++) {
        const struct shared_work work = {shared[i].tasks, shared[i].nanoseconds, do_nothing, NULL};
        assert_int_equal(sned_share(&context, &work), shared[i].threads);
    }
    assert_int_equal(calls, 4);
}

static void what_is_too_short_is_not_shared(void **state)
{
    int calls = 0;
    sned_context context = two_callers_threads(&calls);
    const struct shared_work work = {.tasks = 2, .nanoseconds = 100e3, .run = do_nothing};
    context.worth_sharing = 51e3; /* the other thread takes 50,000 */
    assert_int_equal(sned_share(&context, &work), 1);
    context.worth_sharing = 50e3;
    assert_int_equal(sned_share(&context, &work), 2);
}

/* ---- whether threads are worth it at all ---- */

/* So many images, each of which takes so long by all threads or by one: how many were by one. */
static int compare_images(struct comparison *comparison, int count, double by_all, double by_one)
{
    int alone = 0;
    for (int i = 0; i < count; i++) {
        const bool is_alone = comparison->way == BY_ONE;
        alone += is_alone;
        sned_compare(comparison, is_alone ? by_one : by_all);
    }
    return alone;
}

static void threads_that_make_images_faster_are_kept(void **state)
{
    struct comparison comparison = {0};
    sned_compare(&comparison, 1e9); /* the first image is no measure */
    assert_in_range(compare_images(&comparison, 100000, 60e3, 110e3), 1, 1000);
    assert_int_equal(comparison.way, BY_ALL);
    assert_in_range(compare_images(&comparison, 1000, 90e3, 110e3), 0, 100);
}

/* As where another program has the processor of one of them. */
static void threads_that_hold_images_up_are_left(void **state)
{
    struct comparison comparison = {0};
    compare_images(&comparison, 1000, 60e3, 110e3);
    assert_in_range(compare_images(&comparison, 10000, 8e6, 110e3), 9980, 9999);
}

static void and_are_taken_again_when_they_no_longer_do(void **state)
{
    struct comparison comparison = {0};
    compare_images(&comparison, 10000, 8e6, 110e3);
    assert_int_equal(comparison.way, BY_ONE);
    const int alone = compare_images(&comparison, 200000, 60e3, 110e3);
    assert_int_equal(comparison.way, BY_ALL);
    assert_in_range(alone, 1, 100000);
}

/* Ten seconds an image: two are a trial. */
static void of_long_images_two_are_a_trial(void **state)
{
    struct comparison comparison = {0};
    assert_int_equal(compare_images(&comparison, 2, 5e9, 10e9), 0);
    assert_int_equal(compare_images(&comparison, 2, 5e9, 10e9), 2);
    assert_int_equal(compare_images(&comparison, 64, 5e9, 10e9), 0);
    assert_int_equal(compare_images(&comparison, 2, 5e9, 10e9), 2);
}

static void one_thread_alone_gives_the_same_scores(void **state)
{
    for (int i = 0; i < MAKERS; i++) {
        struct fixture fixture = fixture_new(makers[i]);
        int calls = 0;
        float scores[2][16];
        const sned_context_options options = {.threads = 2, .run_tasks = run_backwards, .user = &calls};
        sned_context *context = new_context(&fixture, &options);
        assert_in_range(fixture.info->classes, 1, 16);
        for (int image = 0; image < 2; image++) { /* states go on from one to the other */
            context->comparison = (struct comparison){.way = BY_ONE};
            const uint8_t *pixels = fixture.pixels + (size_t)image * fixture.info->channels *
                                                         fixture.info->height * fixture.info->width;
            assert_int_equal(sned_run_pixels(context, pixels, 1, scores[image], NULL), SNED_OK);
            assert_memory_equal(scores[image], fixture.scores + (size_t)image * fixture.info->classes,
                                fixture.info->classes * sizeof(float));
        }
        assert_int_equal(calls, 0);
        sned_context_free(context);
        fixture_free(&fixture);
    }
}

/* ---- memory ---- */

static void threads_keep_to_the_callers_memory(void **state)
{
    struct fixture fixture = fixture_new(every_operator_graph);
    for (int by_image = 0; by_image < 2; by_image++) {
        sned_context_options options = {.threads = 3, .by_image = by_image};
        const size_t size = sned_memory_needed_with(fixture.model, &options);
        assert_true(size > sned_memory_needed(fixture.model));
        uint8_t *memory = aligned_alloc(64, (size + 63) / 64 * 64 + 64);
        memset(memory + size, 0x5A, 64);
        options.memory = memory;
        options.memory_size = size - 1;
        sned_context *context;
        assert_int_equal(sned_context_new_with(&context, fixture.model, &options, NULL), SNED_ERROR_ARGUMENT);
        options.memory_size = size;
        context = new_context(&fixture, &options);
        assert_true(scores_agree(&fixture, context));
        sned_context_free(context);
        for (int i = 0; i < 64; i++)
            assert_int_equal(memory[size + i], 0x5A);
        free(memory);
    }
    fixture_free(&fixture);
}

static void by_image_each_thread_has_the_memory_of_a_context(void **state)
{
    struct fixture fixture = fixture_new(lenet_graph), states = fixture_new(several_ends_graph);
    const sned_context_options options = {.threads = 4, .by_image = 1}, inside = {.threads = 4};
    const size_t one = sned_memory_needed(fixture.model);
    assert_in_range(sned_memory_needed_with(fixture.model, &options), 3 * one, 4 * one + 4096);
    assert_true(sned_memory_needed_with(fixture.model, &inside) <
                sned_memory_needed_with(fixture.model, &options));
    /* Moments of a sequence cannot be side by side. */
    assert_int_equal(sned_memory_needed_with(states.model, &options),
                     sned_memory_needed_with(states.model, &inside));
    fixture_free(&fixture);
    fixture_free(&states);
}

static void options_that_cannot_be_are_refused(void **state)
{
    struct fixture fixture = fixture_new(small_graph);
    uint8_t byte;
    const sned_context_options wrong[] = {{.threads = -1},
                                          {.threads = 1025},
                                          {.reserved = {0, 0, 0, 1}},
                                          {.memory = &byte},
                                          {.memory_size = 1 << 20}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        sned_context *context = (sned_context *)&byte;
        sned_error error = {0};
        assert_int_equal(sned_context_new_with(&context, fixture.model, &wrong[i], &error),
                         SNED_ERROR_ARGUMENT);
        assert_null(context);
        assert_non_null(strstr(error.message, "sned_context_options"));
        assert_int_equal(sned_memory_needed_with(fixture.model, &wrong[i]), 0);
    }
    assert_int_equal(sned_memory_needed_with(NULL, NULL), 0);
    assert_int_equal(sned_memory_needed_with(fixture.model, NULL), sned_memory_needed(fixture.model));
    fixture_free(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scores_are_the_same_whatever_the_number_of_threads),
        cmocka_unit_test(scores_are_the_same_where_little_is_shared),
        cmocka_unit_test(pools_of_many_contexts_run_side_by_side),
        cmocka_unit_test(the_callers_threads_give_the_same_scores),
        cmocka_unit_test(each_thread_has_something_to_do),
        cmocka_unit_test(what_is_too_short_is_not_shared),
        cmocka_unit_test(threads_that_make_images_faster_are_kept),
        cmocka_unit_test(threads_that_hold_images_up_are_left),
        cmocka_unit_test(and_are_taken_again_when_they_no_longer_do),
        cmocka_unit_test(of_long_images_two_are_a_trial),
        cmocka_unit_test(one_thread_alone_gives_the_same_scores),
        cmocka_unit_test(threads_keep_to_the_callers_memory),
        cmocka_unit_test(by_image_each_thread_has_the_memory_of_a_context),
        cmocka_unit_test(options_that_cannot_be_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
