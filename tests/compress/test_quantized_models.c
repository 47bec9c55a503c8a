/*
 * test_quantized_models.c - real networks in integers against ONNX Runtime's float scores, and on real
 * images.
 *
 * Skipped by name where the models or the data are not there.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "compress/quantize/quantize.h"
#include "io/onnx/onnx.h"
#include "runtime/runtime.h"
#include "train/train.h"

#define must(call)                                                                                           \
    do {                                                                                                     \
        sned_error error_ = {0}, *error = &error_;                                                           \
        if ((call) != SNED_OK)                                                                               \
            fail_msg("%s: %s", #call, error_.message);                                                       \
    } while (0)

/* Tolerances: the integer scores' root mean squared difference as a share of the float scores' own size. */
static const double score_tolerance = 0.08;
enum { STORED = 4, TEST_IMAGES = 40 };
static const double accuracy_tolerance = 3; /* points, on that few images */

/* The path of a file of the shared data; the test is skipped where it is not there. */
static const char *data_path(const char *name)
{
    static char path[1024];
    const char *root = getenv("SNED_DATA");
    snprintf(path, sizeof path, "%s/%s", root ? root : "../shared", name);
    if (access(path, R_OK) != 0) {
        print_message("skipped: %s is not there\n", path);
        skip();
    }
    return path;
}

/* The float32 elements of a .npy file: `count` of them at its end, after a header. */
static float *read_npy(const char *path, size_t count)
{
    struct file_map map;
    must(sned_file_map(&map, path, error));
    assert_true(map.size > count * sizeof(float));
    float *values = malloc(count * sizeof *values);
    assert_non_null(values);
    memcpy(values, map.data + map.size - count * sizeof *values, count * sizeof *values);
    sned_file_unmap(&map);
    return values;
}

static struct graph *prepared(const char *name)
{
    char path[256];
    struct graph *graph;
    snprintf(path, sizeof path, "models/%s/%s.onnx", name, name);
    must(onnx_read(&graph, data_path(path), error));
    must(sned_graph_prepare(graph, error));
    return graph;
}

static int best(const float *scores, int classes)
{
    int top = 0;
    for (int i = 1; i < classes; i++)
        if (scores[i] > scores[top])
            top = i;
    return top;
}

/* Calibrated on the stored images, the integer network gives the stored scores of the first `images`. */
static void check_stored_scores(const char *name, int images)
{
    char in_path[256], out_path[256];
    struct graph *graph = prepared(name), *integer;
    const size_t elements = sned_shape_elements(&graph->tensors[graph->input].shape);
    const int classes = (int)sned_shape_elements(&graph->tensors[graph->outputs[0]].shape);
    const struct calibration_options options = {.batch = STORED};
    snprintf(in_path, sizeof in_path, "models/%s/%s.in.npy", name, name);
    snprintf(out_path, sizeof out_path, "models/%s/%s.out.npy", name, name);
    float *values = read_npy(data_path(in_path), STORED * elements);
    float *exact = read_npy(data_path(out_path), STORED * (size_t)classes);
    float *scores = malloc((size_t)(STORED * classes) * sizeof *scores);
    sned_model *model;
    sned_context *context;
    must(quantize_calibrate(graph, &(struct calibration_images){.values = values, .count = STORED}, &options,
                            error));
    must(quantize_lower(&integer, graph, error));
    must(sned_model_from_graph(&model, integer, error));
    must(sned_context_new(&context, model, error));
    must(sned_run_values(context, values, (size_t)images, scores, error));
    double difference = 0, size = 0;
    for (int i = 0; i < images * classes; i++) {
        difference += pow((double)scores[i] - exact[i], 2);
        size += pow(exact[i], 2);
    }
    if (!(sqrt(difference / size) < score_tolerance))
        fail_msg("%s: scores differ by %.3f of their size", name, sqrt(difference / size));
    for (int i = 0; i < images; i++)
        assert_int_equal(best(scores + i * classes, classes), best(exact + i * classes, classes));
    sned_context_free(context);
    sned_close(model);
    sned_graph_free(graph);
    free(values);
    free(exact);
    free(scores);
}

static void squeezenet_in_integers_gives_the_stored_scores(void **state)
{
    check_stored_scores("squeezenet", 2);
}

static void resnet20_in_integers_gives_the_stored_scores(void **state)
{
    check_stored_scores("resnet20-cifar10", STORED);
}

/* The first test images, and the calibration on the images after them. */
static void resnet20_in_integers_keeps_its_accuracy_on_cifar10(void **state)
{
    uint32_t indices[2 * TEST_IMAGES];
    const struct calibration_options calibration = {.images = TEST_IMAGES};
    struct graph *graph = prepared("resnet20-cifar10"), *integer;
    const struct dataset_options options = {
        .split = SPLIT_TEST, .form = input_form_of(graph), .classes = 10, .limit = 2 * TEST_IMAGES};
    struct evaluation before, after;
    struct dataset *dataset;
    must(dataset_open(&dataset, data_path("data/cifar10"), &options, error));
    for (uint32_t i = 0; i < 2 * TEST_IMAGES; i++)
        indices[i] = i;
    must(evaluate_network(graph, dataset, indices, TEST_IMAGES, &(struct evaluate_options){0}, &before,
                          error));
    const struct calibration_images seen = {
        .dataset = dataset, .indices = indices + TEST_IMAGES, .count = TEST_IMAGES};
    must(quantize_calibrate(graph, &seen, &calibration, error));
    must(quantize_lower(&integer, graph, error));
    must(evaluate_integer(integer, dataset, indices, TEST_IMAGES, &(struct evaluate_options){0}, &after,
                          error));
    assert_int_equal(after.images, TEST_IMAGES);
    assert_true(after.top1 >= before.top1 - accuracy_tolerance);
    dataset_free(dataset);
    sned_graph_free(integer);
    sned_graph_free(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(squeezenet_in_integers_gives_the_stored_scores),
        cmocka_unit_test(resnet20_in_integers_gives_the_stored_scores),
        cmocka_unit_test(resnet20_in_integers_keeps_its_accuracy_on_cifar10),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
