/*
 * compress_fixture.h - for the tests of the method: data and a network so small that all of it takes a
 * moment.
 *
 * The data are 12 x 12 pictures of three kinds (a horizontal, a vertical, a diagonal bar on noise), written
 * as IDX files so that they come through the real loader; the network is a convolution and two Gemm.
 */
#ifndef SNED_TESTS_COMPRESS_COMPRESS_FIXTURE_H
#define SNED_TESTS_COMPRESS_COMPRESS_FIXTURE_H

#include "base/random.h"
#include "codec/codec.h"
#include "compress/compress.h"
#include "compress/compression.h"
#include "train/checkpoint.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { SIDE = 12, CLASSES = 3, TRAIN = 900, TEST = 300, FILTERS = 4, HIDDEN = 16 };

static char folder[64], checkpoint[96];
static struct dataset *dataset;
static struct graph *trained; /* what every test starts from, by a copy */

/* ---- data ---- */

static inline void put_u32(FILE *file, uint32_t value)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        fputc((int)(value >> shift & 255), file);
}

static inline void draw(struct random *random, int label, uint8_t *pixels)
{
    int at = 2 + (int)sned_random_below(random, SIDE - 4);

    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            bool on = label == 0 ? y == at : label == 1 ? x == at : x == y;
            pixels[y * SIDE + x] = (uint8_t)(sned_random_below(random, 90) + (on ? 130 : 0));
        }
}

static inline void write_split(const char *name, int count, uint64_t stream)
{
    char path[160];
    struct random random;
    uint8_t pixels[SIDE * SIDE];

    snprintf(path, sizeof(path), "%s/%s-images-idx3-ubyte", folder, name);
    FILE *images = fopen(path, "wb");
    snprintf(path, sizeof(path), "%s/%s-labels-idx1-ubyte", folder, name);
    FILE *labels = fopen(path, "wb");
    assert_true(images != NULL && labels != NULL);
    put_u32(images, 0x803);
    put_u32(images, (uint32_t)count);
    put_u32(images, SIDE);
    put_u32(images, SIDE);
    put_u32(labels, 0x801);
    put_u32(labels, (uint32_t)count);
    sned_random_seed(&random, 7, stream);
    for (int i = 0; i < count; i++) {
        int label = (int)sned_random_below(&random, CLASSES);
        draw(&random, label, pixels);
        fwrite(pixels, 1, sizeof(pixels), images);
        fputc(label, labels);
    }
    fclose(images);
    fclose(labels);
}

static inline void remove_data(void)
{
    static const char *const names[] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                                        "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"};
    char path[160];

    for (int i = 0; i < 4; i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        unlink(path);
    }
    rmdir(folder);
}

/* ---- the network ---- */

static inline int add(struct graph *graph, const char *name, struct shape shape, void *data)
{
    int index;

    assert_int_equal(sned_graph_add_tensor(graph, name, TENSOR_F32, &shape, data, &index, NULL), SNED_OK);
    return index;
}

static inline int constant(struct graph *graph, const char *name, struct shape shape, float spread,
                           uint64_t stream)
{
    size_t count = sned_shape_elements(&shape);
    struct random random;
    float *values = NULL;

    assert_int_equal(sned_alloc(&values, count, sizeof(float), NULL), SNED_OK);
    sned_random_seed(&random, 3, stream);
    for (size_t i = 0; i < count; i++)
        values[i] = spread * sned_random_normal(&random);
    return add(graph, name, shape, values);
}

static inline struct graph *make_network(void)
{
    struct graph *graph;
    struct node *node;
    struct shape features = sned_shape(4, (int64_t)1, (int64_t)FILTERS, (int64_t)SIDE - 2, (int64_t)SIDE - 2);
    int flat = FILTERS * (SIDE - 2) * (SIDE - 2);

    assert_int_equal(sned_graph_new(&graph, "bars", NULL), SNED_OK);
    int input =
        add(graph, "input", sned_shape(4, (int64_t)1, (int64_t)1, (int64_t)SIDE, (int64_t)SIDE), NULL);
    int w1 = constant(graph, "conv.weight",
                      sned_shape(4, (int64_t)FILTERS, (int64_t)1, (int64_t)3, (int64_t)3), 0.4f, 1);
    int b1 = constant(graph, "conv.bias", sned_shape(1, (int64_t)FILTERS), 0, 2);
    int w2 = constant(graph, "fc1.weight", sned_shape(2, (int64_t)HIDDEN, (int64_t)flat), 0.07f, 3);
    int b2 = constant(graph, "fc1.bias", sned_shape(1, (int64_t)HIDDEN), 0, 4);
    int w3 = constant(graph, "fc2.weight", sned_shape(2, (int64_t)CLASSES, (int64_t)HIDDEN), 0.3f, 5);
    int b3 = constant(graph, "fc2.bias", sned_shape(1, (int64_t)CLASSES), 0, 6);
    int y1 = add(graph, "y1", features, NULL), y2 = add(graph, "y2", features, NULL);
    int y3 = add(graph, "y3", sned_shape(2, (int64_t)1, (int64_t)flat), NULL);
    int y4 = add(graph, "y4", sned_shape(2, (int64_t)1, (int64_t)HIDDEN), NULL);
    int y5 = add(graph, "y5", sned_shape(2, (int64_t)1, (int64_t)HIDDEN), NULL);
    int y6 = add(graph, "y6", sned_shape(2, (int64_t)1, (int64_t)CLASSES), NULL);

    sned_graph_add_node(graph, "conv", OP_CONV, (int[]){input, w1, b1}, 3, y1, &node, NULL);
    node->u.conv.groups = 1;
    node->u.conv.window = (struct window){.kernel = {3, 3}, .stride = {1, 1}, .dilation = {1, 1}};
    sned_graph_add_node(graph, "relu1", OP_RELU, &y1, 1, y2, &node, NULL);
    node->activation.kind = ACTIVATION_RELU;
    sned_graph_add_node(graph, "flatten", OP_FLATTEN, &y2, 1, y3, &node, NULL);
    node->u.flatten.axis = 1;
    sned_graph_add_node(graph, "fc1", OP_GEMM, (int[]){y3, w2, b2}, 3, y4, &node, NULL);
    sned_graph_add_node(graph, "relu2", OP_RELU, &y4, 1, y5, &node, NULL);
    node->activation.kind = ACTIVATION_RELU;
    sned_graph_add_node(graph, "fc2", OP_GEMM, (int[]){y5, w3, b3}, 3, y6, &node, NULL);
    graph->input = input;
    graph->outputs[0] = y6;
    graph->rule = (struct input_rule){.is_image = true, .color = "gray", .mean = {45}, .scale = {1.0f / 128}};
    assert_int_equal(sned_graph_infer(graph, NULL), SNED_OK);
    return graph;
}

static inline int setup(void **state)
{
    struct train_options options = train_defaults();
    struct train_result result;
    struct dataset_options data = {.split = SPLIT_TRAIN, .form = {.input = {1, SIDE, SIDE}, .color = "gray"}};
    uint32_t indices[TRAIN];
    sned_error error = {0};

    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/sned-compress-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(checkpoint, sizeof(checkpoint), "%s.checkpoint", folder);
    write_split("train", TRAIN, 1);
    write_split("t10k", TEST, 2);
    if (dataset_open(&dataset, folder, &data, &error) != SNED_OK)
        fail_msg("%s", error.message);
    trained = make_network();
    for (uint32_t i = 0; i < TRAIN; i++)
        indices[i] = i;
    options.epochs = 12;
    options.batch = 32;
    options.rate = 0.05f;
    options.momentum = 0.9f;
    options.decay = 1e-4f;
    options.threads = 1;
    if (train_network(trained, dataset, indices, TRAIN, &options, &result, &error) != SNED_OK)
        fail_msg("%s", error.message);
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    sned_graph_free(trained);
    dataset_free(dataset);
    unlink(checkpoint);
    remove_data();
    return 0;
}

/* ---- running it ---- */

static inline struct compress_options quick(void)
{
    struct compress_options options = {.max_drop = -1, .seed = 5, .threads = 1};

    recipe_defaults(&options.recipe, METHOD_PAPER);
    options.recipe.max_drop = 1;
    options.recipe.holdout = 0.2;
    options.recipe.retrain.epochs = 1;
    options.recipe.retrain.batch = 32;
    options.recipe.retrain.rate = 0.02f;
    options.recipe.search.rounds = 1;
    options.recipe.search.saving = 0;
    options.recipe.settle.passes = 1;
    options.recipe.finish.epochs = 2;
    options.recipe.quantize.images = 100;
    options.recipe.quantize.epochs = 1;
    return options;
}

/* What a run left: the float network, the integer network, the log. */
struct outcome {
    struct graph *graph, *integer;
    struct compress_result result;
};

static inline struct outcome run(const struct compress_options *options)
{
    struct outcome outcome = {0};
    sned_error error = {0};

    assert_int_equal(sned_graph_copy(&outcome.graph, trained, NULL), SNED_OK);
    if (compress_paper(&outcome.integer, outcome.graph, dataset, options, &outcome.result, &error) != SNED_OK)
        fail_msg("%s", error.message);
    return outcome;
}

static inline void outcome_free(struct outcome *outcome)
{
    sned_graph_free(outcome->graph);
    sned_graph_free(outcome->integer);
    compress_result_free(&outcome->result);
}

static inline sned_status run_failing(const struct compress_options *options, struct dataset *images,
                                      sned_error *error)
{
    struct outcome outcome = {0};

    assert_int_equal(sned_graph_copy(&outcome.graph, trained, NULL), SNED_OK);
    sned_status status =
        compress_paper(&outcome.integer, outcome.graph, images, options, &outcome.result, error);
    assert_null(outcome.integer);
    outcome_free(&outcome);
    return status;
}

static inline const struct node *find(const struct graph *graph, const char *name)
{
    for (int i = 0; i < graph->node_count; i++)
        if (strcmp(graph->nodes[i].name, name) == 0)
            return &graph->nodes[i];
    fail_msg("no node %s", name);
    return NULL;
}

static inline void assert_same_file(const struct graph *a, const struct graph *b)
{
    struct buffer first = {0}, second = {0};

    assert_int_equal(sned_pack(a, NULL, &first, NULL, NULL, NULL), SNED_OK);
    assert_int_equal(sned_pack(b, NULL, &second, NULL, NULL, NULL), SNED_OK);
    assert_int_equal(first.size, second.size);
    assert_memory_equal(first.data, second.data, first.size);
    sned_buffer_free(&first);
    sned_buffer_free(&second);
}

static inline double density(const struct graph *graph, const char *name)
{
    const struct node *node = find(graph, name);

    return (double)sned_node_kept(graph, node) / (double)sned_node_weights(graph, node);
}

static inline uint64_t kept(const struct graph *graph)
{
    return sned_node_kept(graph, find(graph, "conv")) + sned_node_kept(graph, find(graph, "fc1")) +
           sned_node_kept(graph, find(graph, "fc2"));
}

/* The first decision of a phase on a layer, or -1. */
static inline int first_decision(const struct compress_result *result, const char *phase, const char *layer)
{
    for (int i = 0; i < result->decision_count; i++)
        if (strcmp(result->decisions[i].phase, phase) == 0 && strcmp(result->decisions[i].layer, layer) == 0)
            return i;
    return -1;
}

/* ---- interruptions ---- */

struct bomb {
    int messages_left;
};

static inline void count_down(void *argument, const char *line)
{
    struct bomb *bomb = argument;

    (void)line;
    if (--bomb->messages_left < 0)
        _exit(9); /* as kill -9 would: nothing is cleaned up */
}

typedef sned_status compress_function(struct graph **integer, struct graph *graph, struct dataset *dataset,
                                      const struct compress_options *options, struct compress_result *result,
                                      sned_error *error);

/* Runs until the n-th line of the log, in a process that then dies. False where it finished before. */
static inline bool die_after(compress_function *compress, struct compress_options options, int n)
{
    struct bomb bomb = {n};
    struct reporter reporter = {.message = count_down, .argument = &bomb};
    int result = 0;

    pid_t child = fork();
    if (child == 0) {
        struct graph *graph = NULL, *integer = NULL;
        struct compress_result outcome;
        options.reporter = &reporter;
        if (sned_graph_copy(&graph, trained, NULL) != SNED_OK)
            _exit(1);
        compress(&integer, graph, dataset, &options, &outcome, NULL);
        _exit(0);
    }
    assert_true(child > 0 && waitpid(child, &result, 0) == child && WIFEXITED(result));
    return WEXITSTATUS(result) == 9;
}

#endif
