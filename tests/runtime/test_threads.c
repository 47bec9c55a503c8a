/*
 * test_threads.c - one model, many threads: each with a context of its own gets the scores that one thread
 * gets. ./check runs this under ThreadSanitizer too.
 */
#include "tests/common/sned_files.h"

#include "base/thread.h"

#include <pthread.h>
#include <stdlib.h>

enum { THREADS = 8, IMAGES = 24, MAX_CLASSES = 10 };

/* What all threads read: a model, images, and the scores that a single thread got for them. */
struct shared {
    const sned_model *model;
    struct buffer file;
    size_t pixels, classes; /* of one image */
    uint8_t *images;
    float *scores;
    pthread_barrier_t start; /* nobody is done before the last has begun */
};

static const sned_model *open_model(const struct buffer *file)
{
    sned_model *model;
    sned_error error = {0};
    if (sned_open_memory(&model, file->data, file->size, &error) != SNED_OK)
        fail_msg("%s", error.message);
    return model;
}

static void shared_open(struct shared *shared, graph_maker make)
{
    struct random random;
    sned_context *context;
    shared->file = pack_new(make, 0.3f, 7);
    shared->model = open_model(&shared->file);
    const sned_model_info *info = sned_model_get_info(shared->model);
    shared->pixels = (size_t)info->channels * info->height * info->width;
    shared->classes = (size_t)info->classes;
    shared->images = malloc(IMAGES * shared->pixels);
    shared->scores = malloc(IMAGES * shared->classes * sizeof(float));
    sned_random_seed(&random, 5, 0);
    for (size_t i = 0; i < IMAGES * shared->pixels; i++)
        shared->images[i] = (uint8_t)sned_random_below(&random, 256);
    assert_int_equal(sned_context_new(&context, shared->model, NULL), SNED_OK);
    for (size_t i = 0; i < IMAGES; i++) {
        sned_context_reset(context);
        assert_int_equal(sned_run_pixels(context, shared->images + i * shared->pixels, 1,
                                         shared->scores + i * shared->classes, NULL),
                         SNED_OK);
    }
    sned_context_free(context);
    pthread_barrier_init(&shared->start, NULL, THREADS);
}

static void shared_close(struct shared *shared)
{
    pthread_barrier_destroy(&shared->start);
    free(shared->images);
    free(shared->scores);
    sned_close((sned_model *)shared->model);
    sned_buffer_free(&shared->file);
}

/* Image `index` by this context has the single thread's scores. */
static bool scores_agree(const struct shared *shared, sned_context *context, size_t index)
{
    float scores[MAX_CLASSES];
    sned_context_reset(context);
    return sned_run_pixels(context, shared->images + index * shared->pixels, 1, scores, NULL) == SNED_OK &&
           !memcmp(scores, shared->scores + index * shared->classes, shared->classes * sizeof(float));
}

/* One thread; cmocka's asserts belong to the main one, so that it only counts. */
struct worker {
    struct shared *shared;
    size_t number, wrong;
    pthread_t thread;
};

static void on_all_threads(struct shared *shared, void *(*body)(void *worker))
{
    struct worker workers[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.shared = shared, .number = i};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, body, &workers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(workers[i].thread, NULL);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(workers[i].wrong, 0);
}

/* ---- one model, a context a thread ---- */

/* Every thread runs every image, each from another one on. */
static void *run_all_images(void *argument)
{
    struct worker *worker = argument;
    const struct shared *shared = worker->shared;
    sned_context *context = NULL;
    pthread_barrier_wait(&worker->shared->start);
    worker->wrong = sned_context_new(&context, shared->model, NULL) != SNED_OK;
    for (size_t i = 0; i < IMAGES && context; i++)
        worker->wrong += !scores_agree(shared, context, (i + worker->number * IMAGES / THREADS) % IMAGES);
    sned_context_free(context);
    return NULL;
}

static void threads_that_share_a_model_get_one_threads_scores(void **state)
{
    for (int i = 0; i < MAKERS; i++) {
        struct shared shared = {0};
        shared_open(&shared, makers[i]);
        on_all_threads(&shared, run_all_images);
        shared_close(&shared);
    }
}

/* Contexts come and go, and the model is asked about itself, while others run. */
static void *ask_and_renew_contexts(void *argument)
{
    struct worker *worker = argument;
    const sned_model *model = worker->shared->model;
    const sned_model_info *info = sned_model_get_info(model);
    pthread_barrier_wait(&worker->shared->start);
    for (size_t i = 0; i < IMAGES; i++) {
        sned_context *context = NULL;
        sned_layer layer;
        worker->wrong += sned_context_new(&context, model, NULL) != SNED_OK;
        worker->wrong += context && !scores_agree(worker->shared, context, i);
        sned_context_free(context);
        worker->wrong += sned_model_get_layer(model, (int)i % info->layers, &layer) != SNED_OK;
        worker->wrong += !layer.name || layer.kept > layer.weights;
        worker->wrong += !sned_model_get_label(model, (int)i % info->classes);
    }
    return NULL;
}

static void contexts_come_and_go_while_others_run(void **state)
{
    struct shared shared = {0};
    shared_open(&shared, small_graph);
    on_all_threads(&shared, ask_and_renew_contexts);
    shared_close(&shared);
}

/* ---- models of their own ---- */

static void *open_run_close(void *argument)
{
    struct worker *worker = argument;
    const struct shared *shared = worker->shared;
    pthread_barrier_wait(&worker->shared->start);
    for (size_t i = 0; i < IMAGES / 4; i++) {
        sned_model *model = NULL;
        sned_context *context = NULL;
        worker->wrong += sned_open_memory(&model, shared->file.data, shared->file.size, NULL) != SNED_OK;
        worker->wrong += !model || sned_context_new(&context, model, NULL) != SNED_OK;
        worker->wrong += context && !scores_agree(shared, context, i);
        sned_context_free(context);
        sned_close(model);
    }
    return NULL;
}

static void models_open_and_close_side_by_side(void **state)
{
    for (int i = 0; i < MAKERS - 1; i++) {
        struct shared shared = {0};
        shared_open(&shared, makers[i]);
        on_all_threads(&shared, open_run_close);
        shared_close(&shared);
    }
}

/* The odd threads open damaged bytes: each failure has the words of its own thread. */
static void *open_damaged_or_run(void *argument)
{
    struct worker *worker = argument;
    const struct shared *shared = worker->shared;
    if (worker->number % 2 == 0)
        return open_run_close(argument);
    pthread_barrier_wait(&worker->shared->start);
    for (size_t i = 0; i < IMAGES; i++) {
        sned_model *model;
        sned_error error = {0};
        size_t size = shared->file.size * (i + 1) / (IMAGES + 1);
        sned_status status = sned_open_memory(&model, shared->file.data, size, &error);
        worker->wrong += status == SNED_OK || model || error.status != status || !error.message[0];
    }
    return NULL;
}

static void opening_fails_in_some_threads_and_not_in_others(void **state)
{
    struct shared shared = {0};
    shared_open(&shared, small_graph);
    on_all_threads(&shared, open_damaged_or_run);
    shared_close(&shared);
}

/* ---- the parallel loop ---- */

static sned_status visit(void *argument, size_t index, sned_error *error)
{
    uint8_t *visited = argument;
    visited[index]++;
    return SNED_OK;
}

static void a_parallel_loop_visits_every_index_once(void **state)
{
    uint8_t visited[1000] = {0};
    assert_int_equal(sned_parallel_for(THREADS, sizeof visited, visit, visited, NULL), SNED_OK);
    for (size_t i = 0; i < sizeof visited; i++)
        assert_int_equal(visited[i], 1);
}

static sned_status fail_from_100(void *argument, size_t index, sned_error *error)
{
    return index < 100 ? SNED_OK : sned_fail(error, SNED_ERROR_DATA, "item %zu", index);
}

static void a_parallel_loop_reports_a_failure_of_many(void **state)
{
    sned_error error = {0};
    assert_int_equal(sned_parallel_for(THREADS, 1000, fail_from_100, NULL, &error), SNED_ERROR_DATA);
    assert_string_equal(error.message, "item 100");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_that_share_a_model_get_one_threads_scores),
        cmocka_unit_test(contexts_come_and_go_while_others_run),
        cmocka_unit_test(models_open_and_close_side_by_side),
        cmocka_unit_test(opening_fails_in_some_threads_and_not_in_others),
        cmocka_unit_test(a_parallel_loop_visits_every_index_once),
        cmocka_unit_test(a_parallel_loop_reports_a_failure_of_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
