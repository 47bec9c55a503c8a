/*
 * onnx_run.c - other people's ONNX files with other people's numbers: does sned compute what they say?
 *
 *     onnx_run [--of-largest=SHARE] MODEL.onnx...
 *
 * Beside each model lie test_data_set_0, _1, ... with input_0.pb and, for every output of the network,
 * output_0.pb, output_1.pb, ..., as in ONNX's own backend tests; an output whose file says a name must have
 * it. The model goes through onnx_read and the float executor, its batch being the input's first dimension.
 * One line a model: "pass MODEL: nodes and the largest difference", "refused MODEL: why" where the reader
 * says no, "wrong MODEL: where" where shapes or numbers differ, by ONNX's tolerance or, for whole networks,
 * by more than SHARE of the largest number wanted. Exits 0 if all pass. tests/onnx/onnx_backend.py and
 * bench/torch_exports.py drive it.
 */
#include "io/onnx/onnx.h"
#include "onnx.pb-c.h"
#include "train/executor/executor.h"

#include "base/file.h"
#include "base/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What ONNX's runner of these tests allows (onnx.backend.test.runner). */
static const float RELATIVE_TOLERANCE = 1e-3f, ABSOLUTE_TOLERANCE = 1e-7f;

/* Reads a float TensorProto, by protobuf-c alone. */
static sned_status read_tensor(const char *path, Onnx__TensorProto **tensor, sned_error *error)
{
    struct file_map map;
    *tensor = NULL;
    SNED_TRY(sned_file_map(&map, path, error));
    *tensor = onnx__tensor_proto__unpack(NULL, map.size, map.data);
    sned_file_unmap(&map);
    if (*tensor && (*tensor)->data_type == ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT)
        return SNED_OK;
    return sned_fail(error, SNED_ERROR_FORMAT, "%s is not a tensor of floats", path);
}

static const float *tensor_values(const Onnx__TensorProto *tensor)
{
    return tensor->raw_data.len > 0 ? (const float *)tensor->raw_data.data : tensor->float_data;
}

static size_t tensor_elements(const Onnx__TensorProto *tensor)
{
    return tensor->raw_data.len > 0 ? tensor->raw_data.len / sizeof(float) : tensor->n_float_data;
}

/* Is `tensor` [batch] + shape without its first dimension, and are all its elements there? */
static sned_status check_shape(const Onnx__TensorProto *tensor, const struct shape *shape, int64_t batch,
                               const char *what, sned_error *error)
{
    bool same = tensor->n_dims == (size_t)shape->rank && tensor->dims[0] == batch;
    size_t elements = sned_shape_elements(shape) * (size_t)batch;
    for (int i = 1; same && i < shape->rank; i++)
        same = tensor->dims[i] == shape->dim[i];
    if (same && tensor_elements(tensor) == elements)
        return SNED_OK;
    return sned_fail(error, SNED_ERROR_SHAPE, "the %s has another shape: %d dimensions, %zu elements", what,
                     shape->rank, elements);
}

/* What is allowed and what was met. */
struct comparison {
    float of_largest; /* 0: ONNX's tolerance, number by number */
    float difference; /* the largest, as a share of the largest number wanted */
};

static sned_status compare(struct comparison *comparison, const float *values,
                           const Onnx__TensorProto *expected, sned_error *error)
{
    const float *wanted = tensor_values(expected);
    float largest = 0;
    for (size_t i = 0; i < tensor_elements(expected); i++)
        largest = fmaxf(largest, fabsf(wanted[i]));
    for (size_t i = 0; i < tensor_elements(expected); i++) {
        float allowed = comparison->of_largest > 0
                            ? comparison->of_largest * largest
                            : ABSOLUTE_TOLERANCE + RELATIVE_TOLERANCE * fabsf(wanted[i]);
        float difference = fabsf(values[i] - wanted[i]);
        if (!(difference <= allowed))
            return sned_fail(error, SNED_ERROR_FORMAT, "element %zu is %.9g instead of %.9g", i, values[i],
                             wanted[i]);
        if (largest > 0)
            comparison->difference = fmaxf(comparison->difference, difference / largest);
    }
    return SNED_OK;
}

/* The inputs as the graph has them, from the file's own order; owned, free(). */
static sned_status turn_inputs(const struct graph *graph, const Onnx__TensorProto *input, int batch,
                               float **values, sned_error *error)
{
    size_t size = sned_shape_elements(&graph->tensors[graph->input].shape);
    SNED_TRY(sned_alloc(values, size * (size_t)batch, sizeof **values, error));
    for (size_t i = 0; i < (size_t)batch; i++)
        sned_given_turn(&graph->given, sned_shape_extent(&graph->tensors[graph->input].shape),
                        tensor_values(input) + i * size, *values + i * size);
    return SNED_OK;
}

/* What a folder beside the model holds. */
struct data_set {
    Onnx__TensorProto *input, *outputs[GRAPH_MAX_OUTPUTS];
    int output_count;
};

static void data_set_free(struct data_set *set)
{
    for (int i = 0; i < set->output_count; i++)
        onnx__tensor_proto__free_unpacked(set->outputs[i], NULL);
    if (set->input)
        onnx__tensor_proto__free_unpacked(set->input, NULL);
}

/* *found: false where there is no such folder. */
static sned_status data_set_read(struct data_set *set, bool *found, const char *model, int number,
                                 sned_error *error)
{
    const char *slash = strrchr(model, '/');
    const int folder = slash ? (int)(slash - model) + 1 : 0;
    char path[1024];
    snprintf(path, sizeof path, "%.*stest_data_set_%d/input_0.pb", folder, model, number);
    *found = access(path, R_OK) == 0;
    if (!*found)
        return SNED_OK;
    SNED_TRY(read_tensor(path, &set->input, error));
    while (set->output_count < GRAPH_MAX_OUTPUTS) {
        snprintf(path, sizeof path, "%.*stest_data_set_%d/output_%d.pb", folder, model, number,
                 set->output_count);
        if (access(path, R_OK) != 0)
            break;
        SNED_TRY(read_tensor(path, &set->outputs[set->output_count], error));
        set->output_count++;
    }
    return SNED_OK;
}

/* Do the outputs that are wanted have the graph's number, names and shapes? */
static sned_status check_outputs(const struct graph *graph, const struct data_set *set, int batch,
                                 sned_error *error)
{
    if (set->output_count != graph->output_count)
        return sned_fail(error, SNED_ERROR_FORMAT, "%d outputs instead of %d", graph->output_count,
                         set->output_count);
    for (int i = 0; i < graph->output_count; i++) {
        const struct tensor *tensor = &graph->tensors[graph->outputs[i]];
        const char *wanted = set->outputs[i]->name;
        SNED_TRY(check_shape(set->outputs[i], &tensor->shape, batch, "output", error));
        if (wanted && wanted[0] && strcmp(tensor->name, wanted) != 0)
            return sned_fail(error, SNED_ERROR_FORMAT, "output %d is '%s' instead of '%s'", i, tensor->name,
                             wanted);
    }
    return SNED_OK;
}

static sned_status run_data(struct graph *graph, struct comparison *comparison, const struct data_set *set,
                            sned_error *error)
{
    struct executor *executor = NULL;
    const int batch = set->input->n_dims > 0 ? (int)set->input->dims[0] : 0;
    struct executor_options options = {.batch = batch, .threads = 1};
    const struct shape *given = &graph->given.shape;
    float *values = NULL;
    sned_status status;
    SNED_TRY_DONE(check_shape(set->input, given->rank > 0 ? given : &graph->tensors[graph->input].shape,
                              batch, "input", error));
    SNED_TRY_DONE(check_outputs(graph, set, batch, error));
    SNED_TRY_DONE(turn_inputs(graph, set->input, batch, &values, error));
    SNED_TRY_DONE(executor_new(&executor, graph, &options, error));
    SNED_TRY_DONE(executor_forward(executor, values, (size_t)batch, error));
    for (int i = 0; i < set->output_count; i++)
        SNED_TRY_DONE(sned_error_context(
            error, compare(comparison, executor_output(executor, i), set->outputs[i], error), "output %d",
            i));
    status = SNED_OK;
done:
    executor_free(executor);
    free(values);
    return status;
}

/* Every test_data_set_N beside the model; there must be one. */
static sned_status run_sets(struct graph *graph, struct comparison *comparison, const char *model,
                            sned_error *error)
{
    sned_status status = SNED_OK;
    bool found = true;
    for (int number = 0; status == SNED_OK && found; number++) {
        struct data_set set = {0};
        status = data_set_read(&set, &found, model, number, error);
        if (status == SNED_OK && found)
            status = run_data(graph, comparison, &set, error);
        if (status == SNED_OK && !found && number == 0)
            status = sned_fail(error, SNED_ERROR_IO, "no test_data_set_0 beside it");
        data_set_free(&set);
    }
    return status;
}

static bool run_model(const char *model, float of_largest)
{
    struct graph *graph = NULL;
    struct comparison comparison = {.of_largest = of_largest};
    sned_error error = {0};
    bool is_read = onnx_read(&graph, model, &error) == SNED_OK;
    bool passes = is_read && run_sets(graph, &comparison, model, &error) == SNED_OK;
    if (passes)
        printf("pass %s: %d nodes, differs by %.3g\n", model, graph->node_count, comparison.difference);
    else
        printf("%s %s: %s\n", is_read ? "wrong" : "refused", model, error.message);
    sned_graph_free(graph);
    return passes;
}

int main(int argc, char **argv)
{
    static const char option[] = "--of-largest=";
    float of_largest = 0;
    int first = 1;
    if (argc > 1 && strncmp(argv[1], option, sizeof option - 1) == 0) {
        of_largest = strtof(argv[1] + sizeof option - 1, NULL);
        first = 2;
    }
    bool all = argc > first;
    for (int i = first; i < argc; i++)
        all &= run_model(argv[i], of_largest);
    return all ? 0 : 1;
}
