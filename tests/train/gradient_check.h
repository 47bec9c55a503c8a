/*
 * gradient_check.h - every gradient of a graph against central finite differences.
 *
 * The function differentiated is sum(output * direction) with a random direction; every parameter and the
 * input are checked element by element. In float32 a difference carries rounding noise of about 1e-7 |f| /
 * STEP and a curvature error of STEP^2; the two meet near STEP 1e-2 for values around 1.
 */
#ifndef SNED_TESTS_TRAIN_GRADIENT_CHECK_H
#define SNED_TESTS_TRAIN_GRADIENT_CHECK_H

#include "tests/common/train_networks.h"

#include "train/executor/executor.h"
#include "train/executor/openmp.h"

static const float STEP = 1e-2f;
static const double TOLERANCE = 1e-2; /* of a difference, relative to the largest gradient of its tensor */
enum { BATCH = 3, CHECKED = 24 };     /* elements of each tensor that are checked, evenly spread */

struct check {
    struct graph *graph;
    struct executor *executor;
    float *input, *direction;
    size_t inputs, outputs;
    uint64_t iteration; /* that every pass is made to be: dropout's choice stays */
};

static inline double value(struct check *c)
{
    double sum = 0;
    must(executor_load(c->executor, error));
    executor_set_iteration(c->executor, c->iteration);
    must(executor_forward(c->executor, c->input, BATCH, error));
    for (size_t i = 0; i < c->outputs; i++)
        sum += (double)executor_output(c->executor, 0)[i] * c->direction[i];
    return sum;
}

static inline void check_elements(struct check *c, float *elements, size_t count, const float *gradient,
                                  const char *what)
{
    double largest = 1e-2;
    for (size_t i = 0; i < count; i++)
        largest = fmax(largest, fabs(gradient[i]));
    size_t stride = count > CHECKED ? count / CHECKED : 1;
    for (size_t i = 0; i < count; i += stride) {
        float old = elements[i];
        elements[i] = old + STEP;
        double above = value(c);
        elements[i] = old - STEP;
        double below = value(c);
        elements[i] = old;
        double expected = (above - below) / (2.0 * STEP);
        if (fabs(expected - gradient[i]) > TOLERANCE * largest)
            fail_msg("%s[%zu]: gradient %g, difference %g", what, i, gradient[i], expected);
    }
}

/* Values at least `gap` apart, so that a maximum or a kink is not crossed by a step. */
static inline void distinct_input(struct check *c, uint32_t seed)
{
    const float gap = 4 * STEP;
    for (size_t i = 0; i < c->inputs; i++)
        c->input[i] = ((float)i - (float)c->inputs / 2 + 0.5f) * gap * (c->inputs > 200 ? 0.7f : 1);
    for (size_t i = c->inputs - 1; i > 0; i--) {
        size_t j = (size_t)((lcg_next(&seed) + 1) / 2 * (float)(i + 1));
        float other = c->input[j];
        c->input[j] = c->input[i];
        c->input[i] = other;
    }
}

enum input_kind { INPUT_RANDOM, INPUT_DISTINCT };

/* Gradient of the input and of every constant of the graph, which is freed. */
static inline void check_gradients(struct graph *graph, enum input_kind kind)
{
    struct check c = {.graph = graph, .iteration = 5};
    uint32_t seed = 77;
    struct executor_options options = {
        .batch = BATCH, .training = true, .threads = 2, .input_gradient = true};
    must(executor_new(&c.executor, graph, &options, error));
    c.inputs = BATCH * sned_shape_elements(&graph->tensors[graph->input].shape);
    c.outputs = BATCH * sned_shape_elements(&graph->tensors[graph->outputs[0]].shape);
    c.input = malloc(c.inputs * sizeof(float));
    c.direction = malloc(c.outputs * sizeof(float));
    lcg_fill(&seed, c.input, c.inputs, 1);
    lcg_fill(&seed, c.direction, c.outputs, 1);
    if (kind == INPUT_DISTINCT)
        distinct_input(&c, 5);
    value(&c);
    must(executor_set_output_gradient(c.executor, c.direction, error));
    must(executor_backward(c.executor, error));

    float **gradients = calloc((size_t)graph->tensor_count, sizeof *gradients);
    for (int t = 0; t < graph->tensor_count; t++) {
        bool input = t == graph->input;
        if (!input && !graph->tensors[t].data)
            continue;
        size_t count = input ? c.inputs : sned_shape_elements(&graph->tensors[t].shape);
        gradients[t] = malloc(count * sizeof(float));
        if (executor_gradient(c.executor, t, gradients[t], NULL) != SNED_OK) { /* a running statistic */
            free(gradients[t]);
            gradients[t] = NULL;
        }
    }
    assert_non_null(gradients[graph->input]);
    for (int t = 0; t < graph->tensor_count; t++) {
        if (!gradients[t])
            continue;
        if (t == graph->input)
            check_elements(&c, c.input, c.inputs, gradients[t], "input");
        else
            check_elements(&c, graph->tensors[t].data, sned_shape_elements(&graph->tensors[t].shape),
                           gradients[t], graph->tensors[t].name);
        free(gradients[t]);
    }
    free(gradients);
    free(c.input);
    free(c.direction);
    executor_free(c.executor);
    sned_graph_free(graph);
}

static inline struct shape image(int channels, int height, int width)
{
    return sned_shape(4, (int64_t)1, (int64_t)channels, (int64_t)height, (int64_t)width);
}

#endif
