/*
 * test_models.c - whole networks imported, prepared and run in float: the numbers are those of ONNX Runtime.
 *
 * ../shared/models holds, beside each network, preprocessed images and what ONNX Runtime 1.30 made of them.
 */
#include "io/onnx/onnx.h"
#include "train/executor/executor.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const float RELATIVE_TOLERANCE = 1e-4f; /* of the largest output */

/* ../shared/models/`name` in `path`; false, after saying so, where it is absent. */
static bool find_model(const char *name, char path[512])
{
    const char *data = getenv("SNED_DATA");
    snprintf(path, 512, "%s/models/%s", data ? data : "../shared", name);
    if (access(path, R_OK) == 0)
        return true;
    print_message("skipped: %s is absent\n", path);
    return false;
}

/* The last `count` floats of a file: .npy and TensorProto both end in their data. */
static float *read_floats(const char *name, size_t count)
{
    char path[512];
    assert_true(find_model(name, path));
    FILE *file = fopen(path, "rb");
    float *values = malloc(count * sizeof *values);
    assert_non_null(file);
    assert_int_equal(fseek(file, -(long)(count * sizeof *values), SEEK_END), 0);
    assert_int_equal(fread(values, sizeof *values, count, file), count);
    fclose(file);
    return values;
}

static void assert_outputs(struct graph *graph, const float *inputs, const float *expected, int count)
{
    size_t classes = sned_shape_elements(&graph->tensors[graph->outputs[0]].shape);
    struct executor_options options = {.batch = count, .threads = 1};
    struct executor *executor;
    sned_error error = {0};
    float largest = 0;
    if (executor_new(&executor, graph, &options, &error) != SNED_OK ||
        executor_forward(executor, inputs, (size_t)count, &error) != SNED_OK)
        fail_msg("%s", error.message);
    for (size_t i = 0; i < (size_t)count * classes; i++)
        largest = fmaxf(largest, fabsf(expected[i]));
    for (size_t i = 0; i < (size_t)count * classes; i++)
        if (!(fabsf(executor_output(executor, 0)[i] - expected[i]) <= RELATIVE_TOLERANCE * largest))
            fail_msg("output %zu is %g instead of %g", i, executor_output(executor, 0)[i], expected[i]);
    executor_free(executor);
}

/* As imported, and again with norms folded and activations fused. */
static void check_model(const char *model, const char *inputs, const char *outputs, int count)
{
    char path[512];
    struct graph *graph;
    sned_error error = {0};
    if (!find_model(model, path))
        skip();
    if (onnx_read(&graph, path, &error) != SNED_OK)
        fail_msg("%s", error.message);
    size_t pixels = sned_shape_elements(&graph->tensors[graph->input].shape);
    size_t classes = sned_shape_elements(&graph->tensors[graph->outputs[0]].shape);
    float *values = read_floats(inputs, (size_t)count * pixels);
    float *expected = read_floats(outputs, (size_t)count * classes);
    assert_outputs(graph, values, expected, count);
    if (sned_graph_prepare(graph, &error) != SNED_OK)
        fail_msg("%s", error.message);
    assert_outputs(graph, values, expected, count);
    free(values);
    free(expected);
    sned_graph_free(graph);
}

static void squeezenet_gives_onnx_runtimes_numbers(void **state)
{
    check_model("squeezenet/squeezenet.onnx", "squeezenet/squeezenet.in.npy", "squeezenet/squeezenet.out.npy",
                4);
}

static void resnet20_gives_onnx_runtimes_numbers(void **state)
{
    check_model("resnet20-cifar10/resnet20-cifar10.onnx", "resnet20-cifar10/resnet20-cifar10.in.npy",
                "resnet20-cifar10/resnet20-cifar10.out.npy", 4);
}

static void resnet56_gives_onnx_runtimes_numbers(void **state)
{
    check_model("resnet56-cifar10/resnet56-cifar10.onnx", "resnet56-cifar10/resnet56-cifar10.in.npy",
                "resnet56-cifar10/resnet56-cifar10.out.npy", 4);
}

static void mnist_8_gives_the_model_zoos_numbers(void **state)
{
    check_model("mnist-8/mnist-8.onnx", "mnist-8/mnist-8.input_0.pb", "mnist-8/mnist-8.output_0.pb", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(squeezenet_gives_onnx_runtimes_numbers),
        cmocka_unit_test(resnet20_gives_onnx_runtimes_numbers),
        cmocka_unit_test(resnet56_gives_onnx_runtimes_numbers),
        cmocka_unit_test(mnist_8_gives_the_model_zoos_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
