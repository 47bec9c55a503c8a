/*
 * test_forward.c - networks as their files have them, batch norms and all, give ONNX Runtime's outputs.
 */
#include "tests/common/train_networks.h"

#include "base/file.h"
#include "io/onnx/onnx.h"
#include "train/executor/executor.h"
#include "train/executor/openmp.h"

#include <limits.h>
#include <unistd.h>

static const float FORWARD_TOLERANCE = 1e-4f; /* relative to the largest output: sums in another order */

static const char *data_folder(void)
{
    const char *folder = getenv("SNED_DATA");
    return folder && *folder ? folder : "../shared";
}

/* ---- reading references ---- */

/* The floats of a little-endian float32 C-order .npy file. */
static float *read_npy(const char *path, size_t *count)
{
    struct file_map map;
    must(sned_file_map(&map, path, error));
    assert_true(map.size > 10 && memcmp(map.data, "\x93NUMPY\x01", 7) == 0);
    size_t header = 10 + map.data[8] + 256 * (size_t)map.data[9];
    assert_true(header < map.size);
    assert_non_null(memmem(map.data, header, "'<f4'", 5));
    assert_non_null(memmem(map.data, header, "'fortran_order': False", 22));
    *count = (map.size - header) / sizeof(float);
    float *values = malloc(*count * sizeof *values);
    memcpy(values, map.data + header, *count * sizeof *values);
    sned_file_unmap(&map);
    return values;
}

/* The floats at the end of an ONNX TensorProto whose raw_data is its last field. */
static float *read_tensor_proto(const char *path, size_t count)
{
    struct file_map map;
    must(sned_file_map(&map, path, error));
    assert_true(map.size > count * sizeof(float));
    float *values = malloc(count * sizeof *values);
    memcpy(values, map.data + map.size - count * sizeof *values, count * sizeof *values);
    sned_file_unmap(&map);
    return values;
}

static void check_close(const float *actual, const float *expected, size_t count)
{
    float largest = 0;
    for (size_t i = 0; i < count; i++)
        largest = fmaxf(largest, fabsf(expected[i]));
    for (size_t i = 0; i < count; i++)
        if (!(fabsf(actual[i] - expected[i]) <= FORWARD_TOLERANCE * largest))
            fail_msg("output %zu is %g, expected %g", i, actual[i], expected[i]);
}

static void check_forward(struct graph *graph, const float *input, const float *expected, int batch)
{
    struct executor *executor;
    struct executor_options options = {.batch = batch, .threads = 2};
    size_t outputs = sned_shape_elements(&graph->tensors[graph->outputs[0]].shape);
    must(executor_new(&executor, graph, &options, error));
    must(executor_forward(executor, input, (size_t)batch, error));
    check_close(executor_output(executor, 0), expected, outputs * (size_t)batch);
    executor_free(executor);
}

/* The graph of shared model `name`, or NULL and a skipped test. */
static struct graph *read_model(const char *name)
{
    char path[PATH_MAX];
    struct graph *graph;
    snprintf(path, sizeof path, "%s/models/%s/%s.onnx", data_folder(), name, name);
    if (access(path, R_OK) != 0) {
        print_message("skipped: %s is absent\n", path);
        skip();
    }
    must(onnx_read(&graph, path, error));
    return graph;
}

/* Both as imported and prepared. */
static void check_model(const char *name)
{
    struct graph *graph = read_model(name);
    char path[PATH_MAX];
    size_t inputs, outputs;
    snprintf(path, sizeof path, "%s/models/%s/%s.in.npy", data_folder(), name, name);
    float *input = read_npy(path, &inputs);
    snprintf(path, sizeof path, "%s/models/%s/%s.out.npy", data_folder(), name, name);
    float *expected = read_npy(path, &outputs);
    int batch = (int)(inputs / sned_shape_elements(&graph->tensors[graph->input].shape));
    assert_int_equal(outputs, (size_t)batch * sned_shape_elements(&graph->tensors[graph->outputs[0]].shape));
    check_forward(graph, input, expected, batch);
    must(sned_graph_prepare(graph, error));
    check_forward(graph, input, expected, batch);
    free(input);
    free(expected);
    sned_graph_free(graph);
}

static void squeezenet_gives_the_reference_output(void **state)
{
    check_model("squeezenet");
}

static void resnet20_gives_the_reference_output(void **state)
{
    check_model("resnet20-cifar10");
}

static void resnet56_gives_the_reference_output(void **state)
{
    check_model("resnet56-cifar10");
}

static void mnist_8_gives_the_reference_output(void **state)
{
    struct graph *graph = read_model("mnist-8");
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/models/mnist-8/mnist-8.input_0.pb", data_folder());
    float *input = read_tensor_proto(path, 28 * 28);
    snprintf(path, sizeof path, "%s/models/mnist-8/mnist-8.output_0.pb", data_folder());
    float *expected = read_tensor_proto(path, 10);
    check_forward(graph, input, expected, 1);
    must(sned_graph_prepare(graph, error));
    check_forward(graph, input, expected, 1);
    free(input);
    free(expected);
    sned_graph_free(graph);
}

int main(int argc, char **argv)
{
    openmp_wait_briefly(argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(squeezenet_gives_the_reference_output),
        cmocka_unit_test(resnet20_gives_the_reference_output),
        cmocka_unit_test(resnet56_gives_the_reference_output),
        cmocka_unit_test(mnist_8_gives_the_reference_output),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
