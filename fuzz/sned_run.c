/*
 * sned_run.c - sned_run.h: all that libsned offers for a file, where the file opens.
 *
 * A file may ask for any amount of memory and time; a host looks at sned_memory_needed and the
 * multiply-accumulates before it runs a network, and so does this. Pools and LRN are no multiply-accumulates,
 * but cost what their windows hold.
 */
#include "sned_run.h"

#include "codec/codec.h"
#include "compress/quantize/quantize.h"
#include "runtime/runtime.h"
#include "target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_MEMORY = 1 << 24, MOST_WEIGHTS = 1 << 22, MOST_VALUES = 1 << 18 };
#define MOST_WORK ((uint64_t)1 << 23)

/* Elements that one output element looks at. */
static uint64_t node_window(const struct graph *graph, const struct node *node)
{
    const struct tensor *input = &graph->tensors[node->inputs[0]];

    switch (node->op) {
    case OP_MAX_POOL:
    case OP_AVERAGE_POOL:
        return (uint64_t)node->u.pool.window.kernel[0] * (uint64_t)node->u.pool.window.kernel[1];
    case OP_GLOBAL_AVERAGE_POOL:
        return sned_shape_elements(&input->shape) / (uint64_t)input->shape.dim[1];
    case OP_LRN:
        return (uint64_t)node->u.lrn.size;
    default:
        return 1;
    }
}

static bool is_small(const sned_model *model)
{
    const struct graph *graph = sned_model_graph(model);
    const sned_model_info *info = sned_model_get_info(model);
    uint64_t work = info->macs;

    for (int i = 0; i < graph->node_count; i++) {
        const struct node *node = &graph->nodes[i];
        work += sned_shape_elements(&graph->tensors[node->outputs[0]].shape) * node_window(graph, node);
        if (work > MOST_WORK)
            return false;
    }
    return sned_memory_needed(model) <= MOST_MEMORY && info->weights <= MOST_WEIGHTS &&
           info->classes <= MOST_VALUES &&
           (int64_t)info->channels * info->height <= MOST_VALUES / info->width;
}

static void describe(const sned_model *model)
{
    const sned_model_info *info = sned_model_get_info(model);
    sned_layer layer;

    fuzz_require(info->channels > 0 && info->height > 0 && info->width > 0 && info->classes > 0,
                 "an open network takes and gives something");
    fuzz_require(info->kept <= info->weights, "no more weights are kept than there are");
    for (int i = 0; i < info->layers; i++)
        fuzz_require(sned_model_get_layer(model, i, &layer) == SNED_OK && layer.name && layer.format &&
                         layer.kept <= layer.weights,
                     "every layer is described");
    fuzz_require(sned_model_get_layer(model, info->layers, &layer) == SNED_ERROR_ARGUMENT,
                 "there are no more layers than that");
    for (int i = -1; i <= info->classes && i < 1000; i++)
        (void)sned_model_get_label(model, i);
}

/* Twice, in contexts that lie differently in memory: what a network computes does not depend on where. */
static void run_twice(const sned_model *model, const uint8_t *pixels, const float *values)
{
    size_t size = (size_t)sned_model_get_info(model)->classes * sizeof(float);
    sned_context *packed = NULL, *kept = NULL;
    float *first = malloc(size), *second = malloc(size);

    fuzz_require(sned_context_new(&packed, model, NULL) == SNED_OK, "there is memory for a context");
    fuzz_require(sned_context_new_keep(&kept, model, NULL) == SNED_OK, "there is memory for a context");
    fuzz_require(sned_run_values(packed, values, 1, first, NULL) == SNED_OK, "an open network runs");
    fuzz_require(sned_run_values(kept, values, 1, second, NULL) == SNED_OK, "an open network runs");
    fuzz_require(memcmp(first, second, size) == 0, "the place of an activation does not change the scores");
    if (sned_model_graph(model)->rule.is_image) {
        sned_status status = sned_run_pixels(packed, pixels, 1, first, NULL);
        fuzz_require(sned_run_pixels(kept, pixels, 1, second, NULL) == status, "runs end the same way");
        fuzz_require(status != SNED_OK || memcmp(first, second, size) == 0, "the same on pixels");
    }
    sned_context_free(packed);
    sned_context_free(kept);
    free(first);
    free(second);
}

static void run(const sned_model *model)
{
    const sned_model_info *info = sned_model_get_info(model);
    size_t count = (size_t)info->channels * (size_t)info->height * (size_t)info->width;
    float *values = malloc(count * sizeof *values);
    uint8_t *pixels = malloc(count);

    for (size_t i = 0; i < count; i++) {
        pixels[i] = (uint8_t)(i * 37 + 11);
        values[i] = ((float)pixels[i] - 128.0f) * (i % 7 ? 0.1f : 1e30f);
    }
    run_twice(model, pixels, values);
    free(values);
    free(pixels);
}

/* Whatever was read can be written, and turned back into floats or refused in words. */
static void write_again(const struct graph *graph)
{
    struct buffer file = {0};
    struct graph *raised = NULL;
    sned_error error = {0};

    sned_status status = sned_pack(graph, NULL, &file, NULL, NULL, &error);
    if (status != SNED_OK)
        fprintf(stderr, "%s\n", error.message);
    fuzz_require(status == SNED_OK, "what was unpacked can be packed");
    status = quantize_raise(&raised, graph, &error);
    fuzz_require_outcome(status, raised, &error);
    sned_graph_free(raised);
    sned_buffer_free(&file);
}

void fuzz_sned(const uint8_t *data, size_t size)
{
    sned_model *model = NULL;
    sned_error error = {0};

    sned_status status = sned_open_memory(&model, data, size, &error);
    fuzz_require_outcome(status, model, &error);
    if (status != SNED_OK)
        return;
    describe(model);
    if (is_small(model)) {
        run(model);
        write_again(sned_model_graph(model));
    }
    sned_close(model);
}
