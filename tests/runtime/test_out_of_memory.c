/*
 * test_out_of_memory.c - every allocation fails once: an error, no crash, no leak; and running allocates
 * nothing.
 */
#include "tests/runtime/failing_memory.h"

#include "tests/common/onnx_checks.h"
#include "tests/common/sned_files.h"
#include "train/executor/executor.h"

#include <stdlib.h>

enum { MAX_INPUT = 28 * 28, MAX_CLASSES = 10, MOST_THREADS = 8 };

static void make_file(const struct buffer *file, char *path)
{
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, file->data, file->size), file->size);
    close(descriptor);
}

/* ---- include/sned.h ---- */

static sned_status run_once(const sned_model *model, sned_error *error)
{
    static const uint8_t pixels[MAX_INPUT] = {200, 100, 50};
    float scores[MAX_CLASSES];
    sned_context *context;
    sned_status status = sned_context_new(&context, model, error);
    if (status == SNED_OK)
        status = sned_run_pixels(context, pixels, 1, scores, error);
    else
        assert_null(context);
    sned_context_free(context);
    return status;
}

static sned_status open_bytes_and_run(void *argument, sned_error *error)
{
    const struct buffer *file = argument;
    sned_model *model;
    sned_status status = sned_open_memory(&model, file->data, file->size, error);
    if (status == SNED_OK)
        status = run_once(model, error);
    else
        assert_null(model);
    sned_close(model);
    return status;
}

static sned_status open_path_and_run(void *argument, sned_error *error)
{
    sned_model *model;
    sned_status status = sned_open(&model, argument, error);
    if (status == SNED_OK)
        status = run_once(model, error);
    else
        assert_null(model);
    sned_close(model);
    return status;
}

static sned_status open_and_run_on_threads(void *argument, sned_error *error)
{
    static const uint8_t pixels[4 * MAX_INPUT] = {200, 100, 50};
    const sned_context_options options = {.threads = 2, .by_image = 1};
    const struct buffer *file = argument;
    float scores[4 * MAX_CLASSES];
    sned_model *model;
    sned_context *context = NULL;
    sned_status status = sned_open_memory(&model, file->data, file->size, error);
    if (status == SNED_OK)
        status = sned_context_new_with(&context, model, &options, error);
    assert_true((status == SNED_OK) == (context != NULL));
    if (status == SNED_OK)
        status = sned_run_pixels(context, pixels, 4, scores, error);
    sned_context_free(context);
    sned_close(model);
    return status;
}

static void a_context_with_threads_survives_every_failed_allocation(void **state)
{
    struct buffer file = pack_new(small_graph, 0.3f, 1);
    survives_every_failure(open_and_run_on_threads, &file);
    sned_buffer_free(&file);
}

/* Where the system gives no thread, the caller does the work. */
static void a_context_works_without_the_threads_it_asked_for(void **state)
{
    const sned_context_options options = {.threads = 4, .by_image = 1};
    static const uint8_t pixels[5 * MAX_INPUT] = {200, 100, 50};
    float scores[2][5 * MAX_CLASSES] = {{0}};
    struct buffer file = pack_new(small_graph, 1, 1);
    sned_model *model;
    sned_context *context;
    assert_int_equal(sned_open_memory(&model, file.data, file.size, NULL), SNED_OK);
    for (int i = 0; i < 2; i++) {
        heap.no_threads = i == 1;
        assert_int_equal(sned_context_new_with(&context, model, &options, NULL), SNED_OK);
        assert_int_equal(sned_run_pixels(context, pixels, 5, scores[i], NULL), SNED_OK);
        sned_context_free(context);
    }
    heap.no_threads = false;
    assert_memory_equal(scores[0], scores[1], sizeof scores[0]);
    sned_close(model);
    sned_buffer_free(&file);
}

static void opening_bytes_survives_every_failed_allocation(void **state)
{
    for (int i = 0; i < MAKERS; i++) {
        /* LeNet-5 mixed would be a second's work, again and again. */
        struct buffer file = makers[i] == lenet_graph ? pack_new_as(lenet_graph, 0.3f, 1, FORMAT_GAP16)
                                                      : pack_new(makers[i], 0.3f, 1);
        survives_every_failure(open_bytes_and_run, &file);
        sned_buffer_free(&file);
    }
}

/* Weights that are decoded by rows, and by the layer. */
static void opening_packed_layers_survives_every_failed_allocation(void **state)
{
    struct buffer file = pack_new_as(lenet_graph, 0.05f, 1, FORMAT_RANS);
    survives_every_failure(open_bytes_and_run, &file);
    sned_buffer_free(&file);
}

/* Each form that a layer can have is made, and run. */
static void a_measured_plan_survives_every_failed_allocation(void **state)
{
    struct buffer file = pack_new(small_graph, 0.3f, 1);
    assert_int_equal(setenv("SNED_PLAN", "measured", 1), 0);
    survives_every_failure(open_bytes_and_run, &file);
    assert_int_equal(setenv("SNED_PLAN", "builtin", 1), 0);
    sned_buffer_free(&file);
}

static void opening_a_path_survives_every_failed_allocation(void **state)
{
    char path[] = P_tmpdir "/sned-test-memory-XXXXXX";
    struct buffer file = pack_new(every_operator_graph, 0.3f, 1);
    make_file(&file, path);
    survives_every_failure(open_path_and_run, path);
    unlink(path);
    sned_buffer_free(&file);
}

static void count_step(void *user, const sned_step_time *time)
{
    ++*(int *)user;
}

static sned_status run_without_memory(void *argument, sned_error *error)
{
    static const uint8_t pixels[3 * MAX_INPUT] = {200, 100, 50};
    static const float values[3 * MAX_INPUT] = {1, 2, 3};
    float scores[3 * MAX_CLASSES];
    sned_context *context = argument;
    SNED_TRY(sned_run_pixels(context, pixels, 3, scores, error));
    return sned_run_values(context, values, 3, scores, error);
}

/* Nor do its threads, of which the system may give fewer than were asked for, nor whoever times steps. */
static void running_allocates_nothing(void **state)
{
    const sned_context_options options[] = {
        {0}, {.threads = 3}, {.threads = 3, .by_image = 1}, {.threads = MOST_THREADS}};
    for (int i = 0; i < MAKERS; i++) {
        struct buffer file = pack_new_as(makers[i], 0.3f, 1, FORMAT_GAP16);
        sned_model *model;
        sned_error error = {0};
        assert_int_equal(sned_open_memory(&model, file.data, file.size, &error), SNED_OK);
        for (size_t k = 0; k < sizeof options / sizeof *options; k++) {
            sned_context *context;
            assert_int_equal(sned_context_new_with(&context, model, &options[k], &error), SNED_OK);
            assert_int_equal(task_watched(run_without_memory, context, 0, &error), SNED_OK);
            assert_int_equal(heap.calls, 0);
            int steps = 0;
            assert_int_equal(sned_context_set_step_done(context, count_step, &steps, NULL), SNED_OK);
            assert_int_equal(task_watched(run_without_memory, context, 0, &error), SNED_OK);
            assert_int_equal(heap.calls, 0);
            assert_true(steps > 0);
            sned_context_free(context);
        }
        sned_close(model);
        sned_buffer_free(&file);
    }
}

static void a_context_in_the_callers_memory_allocates_nothing(void **state)
{
    struct buffer file = pack_new(small_graph, 1, 1);
    sned_model *model;
    sned_context *context;
    assert_int_equal(sned_open_memory(&model, file.data, file.size, NULL), SNED_OK);
    size_t size = (sned_memory_needed(model) + 63) / 64 * 64;
    void *place = aligned_alloc(64, size);
    heap.calls = 0;
    heap.watched = true;
    assert_int_equal(sned_context_place(&context, model, place, size, NULL), SNED_OK);
    sned_context_free(context);
    heap.watched = false;
    assert_int_equal(heap.calls, 0);
    free(place);
    sned_close(model);
    sned_buffer_free(&file);
}

/* ---- the tool's part ---- */

static sned_status pack_graph(void *argument, sned_error *error)
{
    struct buffer file = {0};
    struct layer_storage *storage = NULL;
    int count = 0;
    sned_status status = sned_pack(argument, NULL, &file, &storage, &count, error);
    free(storage);
    sned_buffer_free(&file);
    return status;
}

static void packing_survives_every_failed_allocation(void **state)
{
    for (int i = 0; i < MAKERS - 1; i++) {
        struct graph *graph = makers[i](0.3f, 1);
        survives_every_failure(pack_graph, graph);
        sned_graph_free(graph);
    }
}

/* Every kind of thing that an ONNX file names: attributes, initializers, folded constants, metadata. */
static struct buffer onnx_file(void)
{
    struct builder model = {.opset = 11};
    model_input(&model, "x", "batch,3,4,4");
    model_floats(&model, "w", "2,3,3,3");
    model_floats(&model, "b", "2");
    model_floats(&model, "fc", "5,32");
    model_tensor(&model, "zero", 7, "", (int64_t[]){0}, 8);
    model_ints(&model, "rest", "-1");
    model_node(&model, "Conv", "conv", "x w b", "h", "pads=[1,1,1,1]");
    model_node(&model, "Relu", "relu", "h", "r", "");
    model_node(&model, "Shape", "s", "r", "shape", "");
    model_node(&model, "Gather", "g", "shape zero", "n", "axis=0");
    model_node(&model, "Unsqueeze", "u", "n", "n1", "axes=[0]");
    model_node(&model, "Concat", "c", "n1 rest", "to", "axis=0");
    model_node(&model, "Reshape", "flat", "r to", "f", "");
    model_node(&model, "Gemm", "gemm", "f fc", "y", "transB=1");
    model_node(&model, "Softmax", "softmax", "y", "p", "axis=1");
    model_output(&model, "p");
    model_property(&model, "producer", "a test");
    model_finish(&model);
    return model.file;
}

static sned_status read_onnx(void *argument, sned_error *error)
{
    struct graph *graph;
    sned_status status = onnx_read(&graph, argument, error);
    assert_true((status == SNED_OK) == (graph != NULL));
    sned_graph_free(graph);
    return status;
}

static void reading_onnx_survives_every_failed_allocation(void **state)
{
    char path[] = P_tmpdir "/sned-test-memory-XXXXXX";
    struct buffer file = onnx_file();
    make_file(&file, path);
    survives_every_failure(read_onnx, path);
    unlink(path);
    sned_buffer_free(&file);
}

static struct graph *float_network(void)
{
    char path[] = P_tmpdir "/sned-test-memory-XXXXXX";
    struct buffer file = onnx_file();
    struct graph *graph;
    make_file(&file, path);
    assert_int_equal(onnx_read(&graph, path, NULL), SNED_OK);
    unlink(path);
    sned_buffer_free(&file);
    return graph;
}

static sned_status make_executor(void *argument, sned_error *error)
{
    static const struct executor_options options = {.batch = 2, .training = true, .threads = 1};
    struct executor *executor;
    sned_status status = executor_new(&executor, argument, &options, error);
    assert_true((status == SNED_OK) == (executor != NULL));
    executor_free(executor);
    return status;
}

static void making_an_executor_survives_every_failed_allocation(void **state)
{
    struct graph *graph = float_network();
    survives_every_failure(make_executor, graph);
    sned_graph_free(graph);
}

static sned_status prepare_copy(void *argument, sned_error *error)
{
    struct graph *copy;
    sned_status status = sned_graph_copy(&copy, argument, error);
    if (status == SNED_OK)
        status = sned_graph_prepare(copy, error);
    sned_graph_free(copy);
    return status;
}

static void copying_and_preparing_a_graph_survives_every_failed_allocation(void **state)
{
    struct graph *graph = float_network();
    survives_every_failure(prepare_copy, graph);
    sned_graph_free(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opening_bytes_survives_every_failed_allocation),
        cmocka_unit_test(opening_packed_layers_survives_every_failed_allocation),
        cmocka_unit_test(a_measured_plan_survives_every_failed_allocation),
        cmocka_unit_test(opening_a_path_survives_every_failed_allocation),
        cmocka_unit_test(a_context_with_threads_survives_every_failed_allocation),
        cmocka_unit_test(a_context_works_without_the_threads_it_asked_for),
        cmocka_unit_test(running_allocates_nothing),
        cmocka_unit_test(a_context_in_the_callers_memory_allocates_nothing),
        cmocka_unit_test(packing_survives_every_failed_allocation),
        cmocka_unit_test(reading_onnx_survives_every_failed_allocation),
        cmocka_unit_test(making_an_executor_survives_every_failed_allocation),
        cmocka_unit_test(copying_and_preparing_a_graph_survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
