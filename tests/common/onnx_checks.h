/*
 * onnx_checks.h - what the tests of ONNX files share: importing a built model, and comparing graphs.
 */
#ifndef SNED_TESTS_COMMON_ONNX_CHECKS_H
#define SNED_TESTS_COMMON_ONNX_CHECKS_H

#include "io/onnx/onnx.h"
#include "tests/common/onnx_builder.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

static inline sned_status read_bytes(const void *data, size_t size, struct graph **graph, sned_error *error)
{
    char path[] = P_tmpdir "/sned-test-onnx-XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(write(file, data, size), (ssize_t)size);
    close(file);
    sned_status status = onnx_read(graph, path, error);
    unlink(path);
    return status;
}

static inline sned_status read_model(struct builder *model, struct graph **graph, sned_error *error)
{
    model_finish(model);
    sned_status status = read_bytes(model->file.data, model->file.size, graph, error);
    sned_buffer_free(&model->file);
    return status;
}

static inline struct graph *import(struct builder *model)
{
    struct graph *graph;
    sned_error error = {0};
    if (read_model(model, &graph, &error) != SNED_OK)
        fail_msg("%s", error.message);
    return graph;
}

/* The import fails with one line that has `part` in it, and leaves no graph. */
static inline void refuse(struct builder *model, sned_status status, const char *part)
{
    struct graph *graph;
    sned_error error = {0};
    assert_int_equal(read_model(model, &graph, &error), status);
    assert_null(graph);
    assert_null(strchr(error.message, '\n'));
    if (strstr(error.message, part) == NULL)
        fail_msg("'%s' is not in '%s'", part, error.message);
}

static inline const struct node *node_at(const struct graph *graph, int index, enum op op)
{
    assert_true(index < graph->node_count);
    assert_string_equal(sned_op_name(graph->nodes[index].op), sned_op_name(op));
    return &graph->nodes[index];
}

static inline const struct tensor *input_of(const struct graph *graph, const struct node *node, int index)
{
    assert_true(index < node->input_count && node->inputs[index] >= 0);
    return &graph->tensors[node->inputs[index]];
}

static inline void assert_shape(const struct shape *shape, const char *expected)
{
    char text[128] = "";
    for (int i = 0; i < shape->rank; i++)
        snprintf(text + strlen(text), 20, "%s%lld", i ? "," : "", (long long)shape->dim[i]);
    assert_string_equal(text, expected);
}

static inline void assert_output(const struct graph *graph, const char *expected)
{
    assert_shape(&graph->tensors[graph->outputs[0]].shape, expected);
}

static inline void assert_floats(const struct tensor *tensor, const float *expected, size_t count)
{
    assert_int_equal(sned_shape_elements(&tensor->shape), count);
    for (size_t i = 0; i < count; i++)
        assert_float_equal(((const float *)tensor->data)[i], expected[i], 0);
}

static inline void assert_same_tensor(const struct graph *a, int tensor_a, const struct graph *b,
                                      int tensor_b)
{
    if (tensor_a < 0 || tensor_b < 0) {
        assert_int_equal(tensor_a, tensor_b);
        return;
    }
    const struct tensor *x = &a->tensors[tensor_a], *y = &b->tensors[tensor_b];
    assert_string_equal(x->name, y->name);
    assert_true(sned_shape_equal(&x->shape, &y->shape));
    assert_int_equal(x->data != NULL, y->data != NULL);
    if (x->data)
        assert_memory_equal(x->data, y->data, sned_shape_elements(&x->shape) * sizeof(float));
}

static inline void assert_same_tensors(const struct graph *a, const int *tensors_a, int count_a,
                                       const struct graph *b, const int *tensors_b, int count_b)
{
    assert_int_equal(count_a, count_b);
    for (int i = 0; i < count_a; i++)
        assert_same_tensor(a, tensors_a[i], b, tensors_b[i]);
}

static inline void assert_same_attributes(const struct node *a, const struct node *b)
{
    if (a->op == OP_SPLIT) {
        assert_int_equal(a->u.split.axis, b->u.split.axis);
        assert_memory_equal(a->u.split.sizes, b->u.split.sizes,
                            (size_t)a->output_count * sizeof *a->u.split.sizes);
    } else {
        assert_memory_equal(&a->u, &b->u, sizeof a->u);
    }
    assert_memory_equal(&a->activation, &b->activation, sizeof a->activation);
}

static inline void assert_same_graph(const struct graph *a, const struct graph *b)
{
    assert_string_equal(a->name, b->name);
    assert_int_equal(a->node_count, b->node_count);
    assert_same_tensor(a, a->input, b, b->input);
    assert_same_tensors(a, a->outputs, a->output_count, b, b->outputs, b->output_count);
    for (int i = 0; i < a->node_count; i++) {
        const struct node *x = &a->nodes[i], *y = &b->nodes[i];
        assert_string_equal(x->name, y->name);
        assert_int_equal(x->op, y->op);
        assert_same_tensors(a, x->inputs, x->input_count, b, y->inputs, y->input_count);
        assert_same_tensors(a, x->outputs, x->output_count, b, y->outputs, y->output_count);
        assert_same_attributes(x, y);
    }
    assert_memory_equal(&a->rule, &b->rule, sizeof a->rule);
    assert_int_equal(a->label_count, b->label_count);
    for (int i = 0; i < a->label_count; i++)
        assert_string_equal(a->labels[i], b->labels[i]);
    assert_int_equal(a->provenance != NULL, b->provenance != NULL);
    if (a->provenance)
        assert_string_equal(a->provenance, b->provenance);
}

static inline struct graph *write_and_read(const struct graph *graph)
{
    char path[] = P_tmpdir "/sned-test-onnx-XXXXXX";
    struct graph *again;
    sned_error error = {0};
    close(mkstemp(path));
    if (onnx_write(graph, path, &error) != SNED_OK || onnx_read(&again, path, &error) != SNED_OK)
        fail_msg("%s", error.message);
    unlink(path);
    return again;
}

/* Writing and reading gives the graph back; frees it. */
static inline void assert_round_trip(struct graph *graph)
{
    struct graph *again = write_and_read(graph);
    assert_same_graph(graph, again);
    sned_graph_free(again);
    sned_graph_free(graph);
}

#endif
