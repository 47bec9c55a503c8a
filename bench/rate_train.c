/*
 * rate_train.c - rate-aware training alone (src/compress/rate), as experiments want it:
 *
 *   rate_train MODEL.onnx DATA [epochs=30] [lambda=6e-6] [bytes=0] [rate=1e-3] [steps=1] [batch=128] [sgd=0]
 *              [shift=1] [flip=0] [seed=1] [threads=1] [budget=0] [taught=0] [weights=0] [test=0]
 *              [structure=unstructured] [out=FILE.sned]
 *
 * Trains on DATA's training images less those that sned compress holds out (bytes=: to a file of that size),
 * packs, and prints as JSON the bytes and the integer network's error on the held-out images, or, with
 * test=1, on the test images. With weights=N the network is narrowed to so many before. structure= is a
 * recipe's (docs/recipe.md), of all layers; "filled" is the share of the weights that it lets live which do.
 */
#include "base/file.h"
#include "codec/codec.h"
#include "compress/compress.h"
#include "compress/quantize/quantize.h"
#include "compress/prune/structure.h"
#include "compress/rate/rate.h"
#include "graph/passes/compact.h"
#include "io/onnx/onnx.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct experiment {
    int count;
    char **words;
    struct graph *graph, *teacher, *integer;
    struct dataset *dataset;
    uint32_t *indices;
    size_t train, held;
    struct rate_result result;
};

static const char *word(const struct experiment *e, const char *name, const char *otherwise)
{
    for (int i = 0; i < e->count; i++)
        if (strncmp(e->words[i], name, strlen(name)) == 0 && e->words[i][strlen(name)] == '=')
            return e->words[i] + strlen(name) + 1;
    return otherwise;
}

static double number(const struct experiment *e, const char *name, double otherwise)
{
    const char *text = word(e, name, NULL);
    return text ? atof(text) : otherwise;
}

/* struct rate_options: the whole file. */
static sned_status measure_file(void *context, const struct graph *graph, double *bytes, sned_error *error)
{
    struct graph *copy = NULL, *integer = NULL;
    struct buffer file = {0};
    sned_status status;
    SNED_TRY_DONE(sned_graph_copy(&copy, graph, error));
    SNED_TRY_DONE(sned_graph_compact(copy, NULL, error));
    SNED_TRY_DONE(quantize_lower(&integer, copy, error));
    SNED_TRY_DONE(compress_pack(&file, integer, -1, 0, NULL, NULL, error));
    *bytes = (double)file.size;
done:
    sned_graph_free(copy);
    sned_graph_free(integer);
    sned_buffer_free(&file);
    return status;
}

static struct rate_options options_of(const struct experiment *e)
{
    struct rate_options o = rate_defaults();
    o.epochs = number(e, "epochs", 30);
    o.batch = (int)number(e, "batch", 128);
    o.rate = (float)number(e, "rate", 1e-3);
    o.step_rate = (float)number(e, "steps", 1);
    o.optimizer = number(e, "sgd", 0) > 0 ? OPTIMIZER_SGD : OPTIMIZER_ADAM;
    o.lambda = number(e, "lambda", 6e-6);
    o.target_bytes = number(e, "bytes", 0);
    o.measure_bytes = measure_file;
    o.augmentation = (struct augmentation){number(e, "flip", 0) > 0, (int)number(e, "shift", 1)};
    o.seed = (uint64_t)number(e, "seed", 1);
    o.threads = (int)number(e, "threads", 1);
    o.time_budget = number(e, "budget", 0);
    o.teacher_weight = number(e, "taught", 0);
    o.teacher = e->teacher;
    o.checkpoint = word(e, "checkpoint", NULL);
    return o;
}

static sned_status open_data(struct experiment *e, const char *spec, enum split split, sned_error *error)
{
    const struct dataset_options how = {.split = split, .form = input_form_of(e->graph)};
    SNED_TRY(dataset_open(&e->dataset, spec, &how, error));
    const size_t count = dataset_size(e->dataset);
    free(e->indices);
    SNED_TRY(sned_alloc(&e->indices, count, sizeof *e->indices, error));
    e->train = compress_split(e->indices, count, COMPRESS_HELD_SHARE, COMPRESS_HELD_IMAGES);
    e->held = count - e->train;
    return SNED_OK;
}

static void print_layers(const struct graph *graph)
{
    for (int n = 0; n < graph->node_count; n++)
        if (sned_node_has_weights(&graph->nodes[n])) {
            const struct shape *shape = &graph->tensors[node_weights(&graph->nodes[n], 0)].shape;
            fprintf(stderr, "%s %lld x %lld\n", graph->nodes[n].name, (long long)shape->dim[0],
                    (long long)shape->dim[1]);
        }
}

static sned_status give_structure(const struct experiment *e, sned_error *error)
{
    const char *words = word(e, "structure", "unstructured");
    struct structure structure;
    if (!structure_parse(&structure, words))
        return sned_fail(error, SNED_ERROR_ARGUMENT, "structure: '%s' is not %s", words, structure_words());
    for (int n = 0; n < e->graph->node_count; n++)
        if (sned_node_has_weights(&e->graph->nodes[n]))
            e->graph->tensors[node_weights(&e->graph->nodes[n], 0)].structure = structure;
    return SNED_OK;
}

/* Of the masks that training left. */
static double filled(const struct graph *graph)
{
    double kept = 0, allowed = 0;
    for (int n = 0; n < graph->node_count; n++) {
        if (!sned_node_has_weights(&graph->nodes[n]))
            continue;
        const struct tensor *weights = &graph->tensors[node_weights(&graph->nodes[n], 0)];
        kept += (double)sned_tensor_kept(weights);
        for (size_t i = 0, count = sned_shape_elements(&weights->shape); i < count; i++)
            allowed += weights->mask[i];
    }
    return kept / allowed;
}

static sned_status train(struct experiment *e, sned_error *error)
{
    const struct calibration_images images = {
        .dataset = e->dataset, .indices = e->indices, .count = e->train};
    const struct calibration_options how = {.threads = 1};
    SNED_TRY(sned_graph_prepare(e->graph, error));
    SNED_TRY(sned_graph_copy(&e->teacher, e->graph, error));
    if (number(e, "weights", 0) > 0)
        SNED_TRY(sned_graph_narrow(e->graph, (uint64_t)number(e, "weights", 0), NULL, error));
    print_layers(e->graph);
    SNED_TRY(give_structure(e, error));
    SNED_TRY(quantize_calibrate(e->graph, &images, &how, error));
    const struct rate_options options = options_of(e);
    return rate_train(e->graph, e->dataset, e->indices, e->train, &options, &e->result, error);
}

static sned_status report(struct experiment *e, const char *spec, sned_error *error)
{
    struct buffer file = {0};
    struct evaluation evaluation;
    size_t first = e->train, count = e->held;
    sned_status status;
    SNED_TRY_DONE(sned_graph_compact(e->graph, NULL, error));
    print_layers(e->graph);
    SNED_TRY_DONE(quantize_lower(&e->integer, e->graph, error));
    SNED_TRY_DONE(compress_pack(&file, e->integer, -1, 0, NULL, NULL, error));
    if (word(e, "out", NULL))
        SNED_TRY_DONE(sned_file_write(word(e, "out", NULL), file.data, file.size, error));
    if (number(e, "test", 0) > 0) {
        dataset_free(e->dataset);
        e->dataset = NULL;
        SNED_TRY_DONE(open_data(e, spec, SPLIT_TEST, error));
        first = 0;
        count = e->train + e->held;
    }
    SNED_TRY_DONE(evaluate_integer(e->integer, e->dataset, e->indices + first, count,
                                   &(struct evaluate_options){.threads = 1}, &evaluation, error));
    uint64_t kept = 0;
    for (int n = 0; n < e->integer->node_count; n++)
        kept += sned_node_kept(e->integer, &e->integer->nodes[n]);
    printf("{\"estimate\": %.0f, \"file\": %zu, \"kept\": %llu, \"filled\": %.3f, \"error\": %.3f, \"of\": "
           "\"%s\", \"loss\": "
           "%.4f, "
           "\"train_loss\": %.4f, \"lambda\": %.3g, \"seconds\": %.1f, \"epoch_seconds\": %.2f}\n",
           e->result.bytes, file.size, (unsigned long long)kept, filled(e->graph), 100 - evaluation.top1,
           number(e, "test", 0) > 0 ? "test" : "held-out", evaluation.loss, e->result.loss, e->result.lambda,
           e->result.seconds, e->result.epoch_seconds);
done:
    sned_buffer_free(&file);
    return status;
}

int main(int argc, char **argv)
{
    struct experiment e = {.count = argc - 3, .words = argv + 3};
    sned_error error = {0};
    if (argc < 3) {
        fprintf(stderr, "usage: rate_train MODEL.onnx DATA [name=value]...\n");
        return 2;
    }
    sned_status status = onnx_read(&e.graph, argv[1], &error);
    if (status == SNED_OK)
        status = open_data(&e, argv[2], SPLIT_TRAIN, &error);
    if (status == SNED_OK)
        status = train(&e, &error);
    if (status == SNED_OK)
        status = report(&e, argv[2], &error);
    if (status != SNED_OK)
        fprintf(stderr, "%s\n", error.message);
    sned_graph_free(e.graph);
    sned_graph_free(e.teacher);
    sned_graph_free(e.integer);
    dataset_free(e.dataset);
    free(e.indices);
    return status != SNED_OK;
}
