/*
 * train_data.h - for the tests of training: a data set that can be learned (bright squares in four places, on
 * noise), written as IDX files into a folder of its own, and a network with every kind of state that training
 * has.
 */
#ifndef SNED_TESTS_TRAIN_TRAIN_DATA_H
#define SNED_TESTS_TRAIN_TRAIN_DATA_H

#include "tests/common/train_networks.h"

#include "train/checkpoint.h"
#include "train/executor/openmp.h"
#include "train/train.h"

#include <limits.h>
#include <unistd.h>

enum { SIDE = 8, CLASSES = 4, IMAGES = 512 };

static inline void write_idx(const char *folder, const char *name, uint32_t magic, const uint32_t *dims,
                             int rank, const uint8_t *bytes, size_t size)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    for (int i = -1; i < rank; i++) {
        uint32_t word = i < 0 ? magic : dims[i];
        uint8_t big_endian[4] = {(uint8_t)(word >> 24), (uint8_t)(word >> 16), (uint8_t)(word >> 8),
                                 (uint8_t)word};
        assert_int_equal(fwrite(big_endian, 4, 1, file), 1);
    }
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* `split`: "train" or "t10k". */
static inline void write_split(const char *folder, const char *split)
{
    char name[64];
    static uint8_t pixels[IMAGES * SIDE * SIDE], labels[IMAGES];
    uint32_t state = 99;
    for (int n = 0; n < IMAGES; n++) {
        int label = labels[n] = (uint8_t)(n % CLASSES);
        for (int i = 0; i < SIDE * SIDE; i++) {
            bool inside = (i / SIDE >= SIDE / 2) == (label >> 1) && (i % SIDE >= SIDE / 2) == (label & 1);
            pixels[n * SIDE * SIDE + i] = (uint8_t)((lcg_next(&state) + 1) * 80 + (inside ? 60 : 0));
        }
    }
    snprintf(name, sizeof name, "%s-images-idx3-ubyte", split);
    write_idx(folder, name, 0x803, (uint32_t[]){IMAGES, SIDE, SIDE}, 3, pixels, sizeof pixels);
    snprintf(name, sizeof name, "%s-labels-idx1-ubyte", split);
    write_idx(folder, name, 0x801, (uint32_t[]){IMAGES}, 1, labels, sizeof labels);
}

static char folder[64]; /* of this run of the tests */

static inline struct dataset *open_data(const char *where)
{
    struct dataset *dataset;
    struct dataset_options options = {
        .split = SPLIT_TRAIN, .form = {.input = {1, SIDE, SIDE}, .color = "gray"}, .threads = 1};
    must(dataset_open(&dataset, where, &options, error));
    return dataset;
}

static inline const uint32_t *all_images(void)
{
    static uint32_t indices[IMAGES];
    for (uint32_t i = 0; i < IMAGES; i++)
        indices[i] = i;
    return indices;
}

/* Conv, BatchNormalization, Relu, MaxPool, Dropout, Gemm: what training has state of. *trunk: what MaxPool
 * gives. */
static inline struct builder build_network(int *trunk)
{
    struct builder b = build_new(sned_shape(4, (int64_t)1, (int64_t)1, (int64_t)SIDE, (int64_t)SIDE), 11);
    build_conv(&b, (struct conv_setup){.in = 1, .out = 8, .window = square_window(3, 1, 1)});
    build_batch_normalization(&b, 8);
    build_activation(&b, OP_RELU);
    build_pool(&b, OP_MAX_POOL, square_window(2, 2, 0));
    *trunk = b.last;
    build_flatten(&b);
    build_unary(&b, OP_DROPOUT)->u.dropout.ratio = 0.2f;
    build_gemm(&b, 8 * SIDE * SIDE / 4, CLASSES);
    b.graph->rule.is_image = true;
    b.graph->rule.mean[0] = 100;
    b.graph->rule.scale[0] = 1.0f / 60;
    strcpy(b.graph->rule.color, "gray");
    return b;
}

static inline struct graph *new_network(void)
{
    int trunk;
    struct builder b = build_network(&trunk);
    return build_graph(&b);
}

/* The same with a second head on its trunk: Conv, BatchNormalization, Relu, Gemm, Sigmoid, of 3 numbers. */
static inline struct graph *new_network_of_two_heads(void)
{
    int trunk;
    struct builder b = build_network(&trunk);
    const int first = b.last;
    b.last = trunk;
    build_conv(&b, (struct conv_setup){.in = 8, .out = 6, .window = square_window(3, 1, 1)});
    build_batch_normalization(&b, 6);
    build_activation(&b, OP_RELU);
    build_flatten(&b);
    build_gemm(&b, 6 * SIDE * SIDE / 4, 3);
    build_unary(&b, OP_SIGMOID);
    const int outputs[] = {first, b.last};
    build_graph(&b);
    must(sned_graph_set_outputs(b.graph, outputs, 2, error));
    must(sned_graph_check(b.graph, error));
    return b.graph;
}

static inline struct train_options options_for(double epochs)
{
    struct train_options options = train_defaults();
    options.epochs = epochs;
    options.batch = 32;
    options.rate = 0.02f;
    options.threads = 2;
    options.seed = 5;
    options.augmentation = (struct augmentation){.flip = false, .shift = 1};
    return options;
}

static inline sned_status train(struct graph *graph, const char *where, const struct train_options *options,
                                struct train_result *result, sned_error *error)
{
    struct dataset *dataset = open_data(where);
    sned_status status = train_network(graph, dataset, all_images(), IMAGES, options, result, error);
    dataset_free(dataset);
    return status;
}

/* The graph, trained and freed. */
static inline uint64_t hash_of_trained(struct graph *graph, const struct train_options *options)
{
    struct train_result result;
    must(train(graph, folder, options, &result, error));
    uint64_t hash = graph_state_hash(graph);
    sned_graph_free(graph);
    return hash;
}

static inline uint64_t trained_hash(const struct train_options *options)
{
    return hash_of_trained(new_network(), options);
}

struct observer {
    size_t calls, messages, last_done, last_total;
    char first_message[256];
};

static inline void observe(void *argument, const struct progress *progress)
{
    struct observer *observer = argument;
    observer->calls++;
    observer->last_done = progress->done;
    observer->last_total = progress->total;
    assert_true(progress->done <= progress->total);
    assert_non_null(strstr(progress->task, "epoch "));
}

static inline void hear(void *argument, const char *line)
{
    struct observer *observer = argument;
    if (observer->messages++ == 0)
        snprintf(observer->first_message, sizeof observer->first_message, "%s", line);
}

static inline int make_folder(void **state)
{
    strcpy(folder, "/tmp/sned-test-train-XXXXXX");
    assert_non_null(mkdtemp(folder));
    write_split(folder, "train");
    return 0;
}

static inline int remove_folder(void **state)
{
    const char *names[] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "checkpoint"};
    char path[PATH_MAX];
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    return rmdir(folder);
}

#endif
