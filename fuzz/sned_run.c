/*
 * sned_run.c - sned_run.h: all that libsned offers for a file, where the file opens.
 *
 * A file may ask for any amount of memory and time; a host sets limits, or looks at what the model says of
 * itself before it runs it, and so does this.
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

static const sned_limits small = {.memory = MOST_MEMORY, .operations = MOST_WORK};

static uint64_t output_values(const sned_model *model)
{
    sned_output output = {0};
    uint64_t values = 0;

    for (int k = 0; sned_model_get_output(model, k, &output) == SNED_OK; k++)
        values += output.elements;
    return values;
}

static bool is_small(const sned_model *model)
{
    const sned_model_info *info = sned_model_get_info(model);

    return info->memory <= small.memory && info->operations <= small.operations &&
           info->weights <= MOST_WEIGHTS && output_values(model) <= MOST_VALUES &&
           (int64_t)info->channels * info->height <= MOST_VALUES / info->width;
}

/* Limits let through what costs no more, and that alone. */
static void open_within_limits(const uint8_t *data, size_t size, const sned_model *model)
{
    const sned_model_info *info = sned_model_get_info(model);
    const bool fits = info->memory <= small.memory && info->operations <= small.operations;
    sned_model *within = NULL;
    sned_error error = {0};

    sned_status status = sned_open_memory_with(&within, data, size, &small, &error);
    fuzz_require_outcome(status, within, &error);
    fuzz_require(status == (fits ? SNED_OK : SNED_ERROR_LIMIT), "a limit is what a model says of itself");
    sned_close(within);
}

static void describe(const sned_model *model)
{
    const sned_model_info *info = sned_model_get_info(model);
    sned_layer layer;
    sned_output output;

    fuzz_require(info->channels > 0 && info->height > 0 && info->width > 0 && info->classes > 0,
                 "an open network takes and gives something");
    fuzz_require(info->kept <= info->weights, "no more weights are kept than there are");
    for (int i = 0; i < info->layers; i++)
        fuzz_require(sned_model_get_layer(model, i, &layer) == SNED_OK && layer.name && layer.format &&
                         layer.kept <= layer.weights,
                     "every layer is described");
    fuzz_require(sned_model_get_layer(model, info->layers, &layer) == SNED_ERROR_ARGUMENT,
                 "there are no more layers than that");
    for (int k = 0; k < info->outputs; k++)
        fuzz_require(sned_model_get_output(model, k, &output) == SNED_OK && output.elements > 0 &&
                         sned_model_find_output(model, output.name) == k,
                     "every output is described, and found by its name");
    for (int i = -1; i <= info->classes && i < 1000; i++)
        (void)sned_model_get_label(model, i);
}

/* Buffers for all outputs of a model, one behind the other in `values`. */
static float *new_outputs(const sned_model *model, float **outputs)
{
    float *values = calloc(output_values(model), sizeof *values), *next = values;
    sned_output output;

    for (int k = 0; sned_model_get_output(model, k, &output) == SNED_OK; next += output.elements, k++)
        outputs[k] = next;
    return values;
}

/* Twice, in contexts that lie differently in memory, of weights that came by blocks and of those that lie in
 * the graph: what a network computes does not depend on it. Two images, for the sake of states. */
static void run_twice(const sned_model *model, const sned_model *whole, const uint8_t *pixels,
                      const float *values)
{
    enum { MOST_OUTPUTS = 64 };
    const int outputs = sned_model_get_info(model)->outputs;
    const size_t size = output_values(model) * sizeof(float);
    float *first[MOST_OUTPUTS], *second[MOST_OUTPUTS];
    sned_context *packed = NULL, *kept = NULL;

    float *one = new_outputs(model, first), *other = new_outputs(model, second);
    fuzz_require(sned_context_new(&packed, model, NULL) == SNED_OK, "there is memory for a context");
    fuzz_require(sned_context_new_keep(&kept, whole, NULL) == SNED_OK, "there is memory for a context");
    for (int run = 0; run < 2; run++) {
        fuzz_require(sned_run_values_outputs(packed, values, 1, first, outputs, NULL) == SNED_OK,
                     "an open network runs");
        fuzz_require(sned_run_values_outputs(kept, values, 1, second, outputs, NULL) == SNED_OK,
                     "an open network runs");
        fuzz_require(memcmp(one, other, size) == 0, "the place of an activation does not change the scores");
    }
    if (sned_model_graph(model)->rule.is_image) {
        sned_context_reset(packed);
        sned_context_reset(kept);
        sned_status status = sned_run_pixels_outputs(packed, pixels, 1, first, outputs, NULL);
        fuzz_require(sned_run_pixels_outputs(kept, pixels, 1, second, outputs, NULL) == status,
                     "runs end the same way");
        fuzz_require(status != SNED_OK || memcmp(one, other, size) == 0, "the same on pixels");
    }
    sned_context_free(packed);
    sned_context_free(kept);
    free(one);
    free(other);
}

static void run(const sned_model *model, const sned_model *whole)
{
    const sned_model_info *info = sned_model_get_info(model);
    size_t count = (size_t)info->channels * (size_t)info->height * (size_t)info->width;
    float *values = malloc(count * sizeof *values);
    uint8_t *pixels = malloc(count);

    for (size_t i = 0; i < count; i++) {
        pixels[i] = (uint8_t)(i * 37 + 11);
        values[i] = ((float)pixels[i] - 128.0f) * (i % 7 ? 0.1f : 1e30f);
    }
    run_twice(model, whole, pixels, values);
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

/* The same file with its weights in the graph: whatever opens can be unpacked, and the other way round. */
static sned_model *open_whole(const uint8_t *data, size_t size, bool opens)
{
    struct graph *graph = NULL;
    sned_model *whole = NULL;
    sned_error error = {0};

    sned_status status = sned_unpack(&graph, data, size, NULL, NULL, &error);
    fuzz_require_outcome(status, graph, &error);
    fuzz_require(status == SNED_OK || !opens, "what opens can be unpacked");
    if (status == SNED_OK)
        status = sned_model_from_graph(&whole, graph, &error);
    fuzz_require((status == SNED_OK) == opens, "what can be unpacked and run opens");
    return whole;
}

/* Several threads come to the same end. */
static void open_on_threads(const uint8_t *data, size_t size, sned_status expected, const sned_error *why)
{
    const sned_limits limits = {.threads = 3};
    sned_model *model = NULL;
    sned_error error = {0};

    fuzz_require(sned_open_memory_with(&model, data, size, &limits, &error) == expected,
                 "threads open what one opens");
    fuzz_require(strcmp(error.message, why->message) == 0, "and say the same");
    sned_close(model);
}

void fuzz_sned(const uint8_t *data, size_t size)
{
    sned_model *model = NULL;
    sned_error error = {0};

    sned_status status = sned_open_memory(&model, data, size, &error);
    fuzz_require_outcome(status, model, &error);
    open_on_threads(data, size, status, &error);
    sned_model *whole = open_whole(data, size, status == SNED_OK);
    if (status != SNED_OK)
        return;
    describe(model);
    open_within_limits(data, size, model);
    if (is_small(model)) {
        run(model, whole);
        write_again(sned_model_graph(whole));
    }
    sned_close(whole);
    sned_close(model);
}
