/*
 * test_api.c - include/sned.h as its users meet it: opening, asking, running, and every way to get it wrong.
 */
#include "tests/common/random_graphs.h"

#include "base/file.h"
#include "codec/codec.h"
#include "runtime/runtime.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

enum { CLASSES = 7, PIXELS = 3 * 12 * 10 };

/* A small image network with labels and an ending, OP_IDENTITY for none, as the bytes of a file. */
static struct buffer packed_network(enum op ending)
{
    static const char *const labels[CLASSES] = {"a", "b", "c", "d", "e", "f", "g"};
    const struct window window = {{3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}};
    struct buffer file = {0};
    struct random random;
    sned_error error = {0};
    sned_random_seed(&random, 21, 0);
    struct graph *graph = new_graph(sned_shape(4, (int64_t)1, (int64_t)3, (int64_t)12, (int64_t)10), signed8);
    graph->rule = (struct input_rule){
        .is_image = true, .color = "BGR", .resize = {RESIZE_SIDE, 14}, .scale = {1, 1, 1}};
    for (int c = 0; c < 3; c++) { /* q = 3/4 pixel - 75 */
        graph->rule.integer[c].multiplier = 3 << 20;
        graph->rule.integer[c].offset = -300 * (1 << 20);
        graph->rule.integer[c].shift = 22;
    }
    random_conv(graph, &random, &window, 1, 5, unsigned8);
    assert_int_equal(sned_graph_infer(graph, NULL), SNED_OK);
    add_node(graph, OP_FLATTEN, &graph->outputs[0], 1, unsigned8)->u.flatten.axis = 1;
    assert_int_equal(sned_graph_infer(graph, NULL), SNED_OK);
    random_gemm(graph, &random, CLASSES, wide16);
    for (int n = 0; n < 3; n += 2) { /* whatever density was drawn */
        const struct tensor *weights = &graph->tensors[graph->nodes[n].inputs[1]];
        for (size_t i = 0; i < sned_shape_elements(&weights->shape); i += 3)
            ((int8_t *)weights->data)[i] = (int8_t)(i % 101 + 1);
    }
    if (ending != OP_IDENTITY) {
        struct node *node = add_node(graph, ending, &graph->outputs[0], 1, (struct quantization){0});
        node->rules[0].low = node->rules[0].high = 0;
        node->u.softmax.axis = 1;
    }
    assert_int_equal(sned_graph_infer(graph, NULL), SNED_OK);
    assert_int_equal(sned_graph_set_labels(graph, labels, CLASSES, NULL), SNED_OK);
    if (sned_pack(graph, NULL, &file, NULL, NULL, &error) != SNED_OK)
        fail_msg("%s", error.message);
    sned_graph_free(graph);
    return file;
}

static sned_model *open_network(enum op ending)
{
    struct buffer file = packed_network(ending);
    sned_model *model;
    sned_error error = {0};
    if (sned_open_memory(&model, file.data, file.size, &error) != SNED_OK)
        fail_msg("%s", error.message);
    sned_buffer_free(&file);
    return model;
}

static void fill_pixels(uint8_t *pixels, size_t count, uint32_t seed)
{
    for (size_t i = 0; i < count; i++) {
        seed = seed * 1664525u + 1013904223u;
        pixels[i] = (uint8_t)(seed >> 24);
    }
}

static sned_context *new_context(const sned_model *model)
{
    sned_context *context;
    assert_int_equal(sned_context_new(&context, model, NULL), SNED_OK);
    return context;
}

/* ---- what a model tells ---- */

static void a_model_tells_what_it_takes_and_gives(void **state)
{
    sned_model *model = open_network(OP_IDENTITY);
    const sned_model_info *info = sned_model_get_info(model);
    assert_int_equal(info->channels, 3);
    assert_int_equal(info->height, 12);
    assert_int_equal(info->width, 10);
    assert_int_equal(info->classes, CLASSES);
    assert_string_equal(info->color, "BGR");
    assert_string_equal(info->resize, "14");
    assert_int_equal(info->layers, 2);
    assert_int_equal(info->weights, 5 * 27 + CLASSES * 600);
    assert_true(info->kept > 0 && info->kept <= info->weights);
    assert_int_equal(info->macs, 120 * 5 * 27 + CLASSES * 600);
    struct buffer file = packed_network(OP_IDENTITY);
    assert_int_equal(info->bytes, file.size);
    sned_buffer_free(&file);
    sned_close(model);
}

static void a_model_tells_its_layers(void **state)
{
    sned_model *model = open_network(OP_IDENTITY);
    sned_layer conv, gemm;
    assert_int_equal(sned_model_get_layer(model, 0, &conv), SNED_OK);
    assert_int_equal(sned_model_get_layer(model, 1, &gemm), SNED_OK);
    assert_string_equal(conv.op, "Conv");
    assert_string_equal(gemm.op, "Gemm");
    const int conv_shape[4] = {5, 3, 3, 3}, gemm_shape[4] = {CLASSES, 600, 1, 1};
    assert_memory_equal(conv.shape, conv_shape, sizeof conv_shape);
    assert_memory_equal(gemm.shape, gemm_shape, sizeof gemm_shape);
    assert_int_equal(conv.bits, 8);
    assert_true(conv.bytes > 0 && gemm.bytes > 0);
    assert_non_null(gemm.format);
    assert_int_equal(sned_model_get_info(model)->kept, conv.kept + gemm.kept);
    assert_int_equal(sned_model_get_layer(model, 2, &conv), SNED_ERROR_ARGUMENT);
    assert_int_equal(sned_model_get_layer(model, -1, &conv), SNED_ERROR_ARGUMENT);
    assert_int_equal(sned_model_get_layer(model, 0, NULL), SNED_ERROR_ARGUMENT);
    sned_close(model);
}

static void labels_are_there_for_the_classes_only(void **state)
{
    sned_model *model = open_network(OP_IDENTITY);
    assert_string_equal(sned_model_get_label(model, 0), "a");
    assert_string_equal(sned_model_get_label(model, CLASSES - 1), "g");
    assert_null(sned_model_get_label(model, CLASSES));
    assert_null(sned_model_get_label(model, -1));
    sned_close(model);
}

static void a_model_tells_its_outputs(void **state)
{
    sned_model *model = open_network(OP_SIGMOID);
    const char *name = sned_model_graph(model)->tensors[sned_model_graph(model)->outputs[0]].name;
    sned_output output;
    assert_int_equal(sned_model_get_info(model)->outputs, 1);
    assert_int_equal(sned_model_get_output(model, 0, &output), SNED_OK);
    assert_string_equal(output.name, name);
    assert_int_equal(output.elements, CLASSES);
    assert_int_equal(output.rank, 1);
    assert_int_equal(output.shape[0], CLASSES);
    assert_int_equal(output.ending, SNED_ENDING_SIGMOID);
    assert_int_equal(sned_model_find_output(model, name), 0);
    assert_int_equal(sned_model_find_output(model, "no such output"), -1);
    assert_int_equal(sned_model_get_output(model, 1, &output), SNED_ERROR_ARGUMENT);
    assert_int_equal(sned_model_get_output(model, -1, &output), SNED_ERROR_ARGUMENT);
    sned_close(model);
}

/* What a later version adds there is then not there. */
static void reserved_space_is_zero(void **state)
{
    const uint64_t zeros[16] = {0};
    sned_model *model = open_network(OP_IDENTITY);
    sned_layer layer;
    sned_output output;
    memset(&layer, 0x5a, sizeof layer);
    memset(&output, 0x5a, sizeof output);
    assert_int_equal(sned_model_get_layer(model, 0, &layer), SNED_OK);
    assert_int_equal(sned_model_get_output(model, 0, &output), SNED_OK);
    assert_memory_equal(layer.reserved, zeros, sizeof layer.reserved);
    assert_memory_equal(output.reserved, zeros, sizeof output.reserved);
    assert_memory_equal(sned_model_get_info(model)->reserved, zeros, sizeof(uint64_t[3]));
    sned_close(model);
}

static void the_library_says_the_headers_version(void **state)
{
    char text[32];
    snprintf(text, sizeof text, "%d.%d.%d", SNED_VERSION / 10000, SNED_VERSION / 100 % 100,
             SNED_VERSION % 100);
    assert_string_equal(sned_version(), text);
    assert_int_equal(sned_version_number(), SNED_VERSION);
}

/* ---- opening ---- */

static void expect_open_fails(const char *path, sned_status status)
{
    sned_model *model = (sned_model *)1;
    sned_error error = {0};
    assert_int_equal(sned_open(&model, path, &error), status);
    assert_null(model);
    assert_int_equal(error.status, status);
    if (!strstr(error.message, path) || strchr(error.message, '\n'))
        fail_msg("'%s' does not name the file in one line", error.message);
}

static void a_file_that_is_not_there_is_an_io_error(void **state)
{
    expect_open_fails("/nonexistent/net.sned", SNED_ERROR_IO);
}

/* A file's head is looked at before all of it is read. */
static void a_large_file_that_opens_leaves_no_error(void **state)
{
    enum { LARGE = 10000 };
    char path[] = "/tmp/sned-test-XXXXXX";
    struct buffer file = packed_network(OP_SOFTMAX), large = {0};
    struct graph *graph;
    sned_model *model;
    sned_error error = {0};
    assert_int_equal(sned_unpack(&graph, file.data, file.size, NULL, NULL, NULL), SNED_OK);
    assert_int_equal(sned_alloc(&graph->provenance, LARGE + 1, 1, NULL), SNED_OK);
    memset(graph->provenance, ' ', LARGE);
    assert_int_equal(sned_pack(graph, NULL, &large, NULL, NULL, NULL), SNED_OK);
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, large.data, large.size), large.size);
    close(descriptor);
    assert_int_equal(sned_open(&model, path, &error), SNED_OK);
    assert_int_equal(error.status, SNED_OK);
    assert_string_equal(error.message, "");
    unlink(path);
    sned_close(model);
    sned_graph_free(graph);
    sned_buffer_free(&large);
    sned_buffer_free(&file);
}

static void a_path_and_memory_give_the_same_scores(void **state)
{
    char path[] = "/tmp/sned-test-XXXXXX";
    struct buffer file = packed_network(OP_SOFTMAX);
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, file.data, file.size), file.size);
    close(descriptor);
    sned_model *models[2];
    float scores[2][CLASSES];
    uint8_t pixels[PIXELS];
    sned_error error = {0};
    assert_int_equal(sned_open(&models[0], path, &error), SNED_OK);
    assert_int_equal(sned_open_memory(&models[1], file.data, file.size, &error), SNED_OK);
    memset(file.data, 0, file.size); /* nothing of it is used any more */
    sned_buffer_free(&file);
    unlink(path);
    fill_pixels(pixels, PIXELS, 5);
    for (int i = 0; i < 2; i++) {
        sned_context *context = new_context(models[i]);
        assert_int_equal(sned_run_pixels(context, pixels, 1, scores[i], &error), SNED_OK);
        sned_context_free(context);
        sned_close(models[i]);
    }
    assert_memory_equal(scores[0], scores[1], sizeof scores[0]);
}

static void an_empty_file_is_refused(void **state)
{
    char path[] = "/tmp/sned-test-XXXXXX";
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    close(descriptor);
    expect_open_fails(path, SNED_ERROR_TRUNCATED);
    unlink(path);
}

static void a_file_of_another_kind_is_refused(void **state)
{
    char path[] = "/tmp/sned-test-XXXXXX";
    char text[4096];
    memset(text, 'x', sizeof text);
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, text, sizeof text), sizeof text);
    close(descriptor);
    expect_open_fails(path, SNED_ERROR_FORMAT);
    unlink(path);
}

static void every_truncation_is_refused(void **state)
{
    struct buffer file = packed_network(OP_SOFTMAX);
    for (size_t size = 0; size < file.size; size += size < 200 ? 1 : 37) {
        sned_model *model;
        sned_error error = {0};
        uint8_t *part = malloc(size ? size : 1); /* of exactly that size, for the sanitizer */
        memcpy(part, file.data, size);
        assert_int_not_equal(sned_open_memory(&model, part, size, &error), SNED_OK);
        assert_null(model);
        assert_true(error.message[0] != 0);
        free(part);
    }
    sned_buffer_free(&file);
}

static void a_flipped_byte_is_refused_or_harmless(void **state)
{
    struct buffer file = packed_network(OP_SOFTMAX);
    uint8_t pixels[PIXELS];
    float scores[CLASSES];
    fill_pixels(pixels, PIXELS, 5);
    for (size_t at = 0; at < file.size; at += at < 300 ? 1 : 53) {
        sned_model *model;
        file.data[at] ^= 0x81;
        if (sned_open_memory(&model, file.data, file.size, NULL) == SNED_OK) {
            sned_context *context = new_context(model);
            if (sned_model_get_info(model)->classes == CLASSES &&
                strcmp(sned_model_get_info(model)->color, "BGR") == 0)
                sned_run_pixels(context, pixels, 1, scores, NULL);
            sned_context_free(context);
            sned_close(model);
        }
        file.data[at] ^= 0x81;
    }
    sned_buffer_free(&file);
}

static void null_is_an_argument_error_not_a_crash(void **state)
{
    sned_model *model;
    sned_context *context;
    sned_layer layer;
    sned_output output;
    float scores[CLASSES], *outputs[1] = {scores};
    uint8_t pixels[PIXELS] = {0};
    assert_int_equal(sned_open_with(NULL, "x", NULL, NULL), SNED_ERROR_ARGUMENT);
    assert_int_equal(sned_open_memory_with(&model, NULL, 1, NULL, NULL), SNED_ERROR_ARGUMENT);
    assert_int_equal(sned_run_pixels_outputs(NULL, pixels, 1, outputs, 1, NULL), SNED_ERROR_ARGUMENT);
    assert_int_equal(sned_run_values_outputs(NULL, NULL, 1, outputs, 1, NULL), SNED_ERROR_ARGUMENT);
    assert_int_equal(sned_model_get_output(NULL, 0, &output), SNED_ERROR_ARGUMENT);
    assert_int_equal(sned_model_find_output(NULL, "x"), -1);
    sned_context_reset(NULL);
    assert_int_equal(sned_open(NULL, "x", NULL), SNED_ERROR_ARGUMENT);
    assert_int_equal(sned_open(&model, NULL, NULL), SNED_ERROR_ARGUMENT);
    assert_null(model);
    assert_int_equal(sned_open_memory(NULL, "x", 1, NULL), SNED_ERROR_ARGUMENT);
    assert_int_equal(sned_open_memory(&model, NULL, 1, NULL), SNED_ERROR_ARGUMENT);
    assert_int_equal(sned_context_new(NULL, NULL, NULL), SNED_ERROR_ARGUMENT);
    context = (sned_context *)outputs; /* anything but NULL */
    assert_int_equal(sned_context_new(&context, NULL, NULL), SNED_ERROR_ARGUMENT);
    assert_null(context);
    context = (sned_context *)outputs;
    assert_int_equal(sned_context_place(&context, NULL, outputs, sizeof outputs, NULL), SNED_ERROR_ARGUMENT);
    assert_null(context);
    assert_int_equal(sned_run_pixels(NULL, pixels, 1, scores, NULL), SNED_ERROR_ARGUMENT);
    assert_null(sned_model_get_info(NULL));
    assert_null(sned_model_get_label(NULL, 0));
    assert_int_equal(sned_model_get_layer(NULL, 0, &layer), SNED_ERROR_ARGUMENT);
    assert_int_equal(sned_memory_needed(NULL), 0);
    sned_close(NULL);
    sned_context_free(NULL);
    model = open_network(OP_IDENTITY);
    context = new_context(model);
    assert_int_equal(sned_run_pixels(context, NULL, 1, scores, NULL), SNED_ERROR_ARGUMENT);
    assert_int_equal(sned_run_values(context, NULL, 1, scores, NULL), SNED_ERROR_ARGUMENT);
    assert_int_equal(sned_run_pixels(context, pixels, 1, NULL, NULL), SNED_ERROR_ARGUMENT);
    assert_int_equal(sned_run_pixels(context, NULL, 0, NULL, NULL), SNED_OK);
    assert_int_equal(sned_model_get_output(model, 0, NULL), SNED_ERROR_ARGUMENT);
    assert_int_equal(sned_model_find_output(model, NULL), -1);
    sned_context_free(context);
    sned_close(model);
}

/* ---- contexts ---- */

static void a_context_lives_in_the_callers_memory(void **state)
{
    sned_model *model = open_network(OP_SOFTMAX);
    sned_context *placed, *own = new_context(model);
    const size_t size = sned_memory_needed(model);
    uint8_t *memory, pixels[PIXELS];
    float scores[2][CLASSES];
    sned_error error = {0};
    memory = aligned_alloc(64, (size + 63) / 64 * 64 + 64);
    memset(memory + size, 0x5A, 64);
    fill_pixels(pixels, PIXELS, 6);
    assert_int_equal(sned_context_place(&placed, model, memory, size - 1, &error), SNED_ERROR_ARGUMENT);
    assert_null(placed);
    assert_int_equal(sned_context_place(&placed, model, memory + 8, size, &error), SNED_ERROR_ARGUMENT);
    assert_int_equal(sned_context_place(&placed, model, NULL, size, &error), SNED_ERROR_ARGUMENT);
    assert_int_equal(sned_context_place(&placed, model, memory, size, &error), SNED_OK);
    assert_int_equal(sned_run_pixels(placed, pixels, 1, scores[0], &error), SNED_OK);
    assert_int_equal(sned_run_pixels(own, pixels, 1, scores[1], &error), SNED_OK);
    assert_memory_equal(scores[0], scores[1], sizeof scores[0]);
    for (int i = 0; i < 64; i++)
        assert_int_equal(memory[size + i], 0x5A);
    sned_context_free(placed);
    sned_context_free(own);
    sned_close(model);
    free(memory);
}

static void a_batch_is_its_images_one_by_one(void **state)
{
    sned_model *model = open_network(OP_IDENTITY);
    sned_context *context = new_context(model);
    uint8_t pixels[3 * PIXELS];
    float together[3 * CLASSES], single[CLASSES];
    fill_pixels(pixels, sizeof pixels, 7);
    assert_int_equal(sned_run_pixels(context, pixels, 3, together, NULL), SNED_OK);
    for (int i = 2; i >= 0; i--) {
        assert_int_equal(sned_run_pixels(context, pixels + i * PIXELS, 1, single, NULL), SNED_OK);
        assert_memory_equal(single, together + i * CLASSES, sizeof single);
    }
    sned_context_free(context);
    sned_close(model);
}

static void values_beyond_the_range_are_clamped_and_nan_is_zero(void **state)
{
    sned_model *model = open_network(OP_IDENTITY);
    sned_context *context = new_context(model);
    static float extreme[PIXELS], clamped[PIXELS];
    float scores[2][CLASSES];
    for (int i = 0; i < PIXELS; i++) {
        extreme[i] = i % 3 == 0 ? 1e30f : i % 3 == 1 ? -INFINITY : NAN;
        clamped[i] = i % 3 == 0 ? 127 * signed8.scale : i % 3 == 1 ? -128 * signed8.scale : 0;
    }
    assert_int_equal(sned_run_values(context, extreme, 1, scores[0], NULL), SNED_OK);
    assert_int_equal(sned_run_values(context, clamped, 1, scores[1], NULL), SNED_OK);
    assert_memory_equal(scores[0], scores[1], sizeof scores[0]);
    sned_context_free(context);
    sned_close(model);
}

static void softmax_gives_probabilities_in_the_order_of_the_scores(void **state)
{
    sned_model *models[2] = {open_network(OP_IDENTITY), open_network(OP_SOFTMAX)};
    uint8_t pixels[PIXELS];
    float scores[2][CLASSES], sum = 0;
    fill_pixels(pixels, PIXELS, 8);
    for (int i = 0; i < 2; i++) {
        sned_context *context = new_context(models[i]);
        assert_int_equal(sned_run_pixels(context, pixels, 1, scores[i], NULL), SNED_OK);
        sned_context_free(context);
        sned_close(models[i]);
    }
    for (int k = 0; k < CLASSES; k++) {
        sum += scores[1][k];
        for (int other = 0; other < CLASSES; other++)
            if (scores[0][k] > scores[0][other])
                assert_true(scores[1][k] >= scores[1][other]);
    }
    assert_true(fabsf(sum - 1) < 1e-5f);
}

static void an_ending_is_computed_from_the_logits(void **state)
{
    const enum op endings[4] = {OP_IDENTITY, OP_SOFTMAX, OP_LOG_SOFTMAX, OP_SIGMOID};
    uint8_t pixels[PIXELS];
    float scores[4][CLASSES];
    double sum = 0;
    fill_pixels(pixels, PIXELS, 12);
    for (int i = 0; i < 4; i++) {
        sned_model *model = open_network(endings[i]);
        sned_context *context = new_context(model);
        assert_int_equal(sned_run_pixels(context, pixels, 1, scores[i], NULL), SNED_OK);
        sned_context_free(context);
        sned_close(model);
    }
    for (int k = 0; k < CLASSES; k++)
        sum += exp(scores[0][k]);
    for (int k = 0; k < CLASSES; k++) {
        const double logit = scores[0][k];
        assert_true(fabs(scores[1][k] - exp(logit) / sum) < 1e-6);
        assert_true(fabs(scores[2][k] - (logit - log(sum))) < 1e-5);
        assert_true(fabs(scores[3][k] - 1 / (1 + exp(-logit))) < 1e-6);
    }
}

/* The minor version says that an old reader may not know what is in it; a file without it is as it was. */
static void only_a_new_ending_makes_a_file_of_version_1_1(void **state)
{
    const enum op endings[4] = {OP_IDENTITY, OP_SOFTMAX, OP_LOG_SOFTMAX, OP_SIGMOID};
    for (int i = 0; i < 4; i++) {
        struct buffer file = packed_network(endings[i]), plain = {0};
        struct graph *graph;
        assert_int_equal(sned_unpack(&graph, file.data, file.size, NULL, NULL, NULL), SNED_OK);
        graph->rule.resize = (struct resize){RESIZE_AUTO, 0}; /* another way is of version 1.1 as well */
        int force[16];                                        /* mixed would be of version 1.3 */
        for (int n = 0; n < 16; n++)
            force[n] = FORMAT_GAP16;
        assert_int_equal(sned_pack(graph, &(struct pack_options){.force = force}, &plain, NULL, NULL, NULL),
                         SNED_OK);
        assert_int_equal(plain.data[6], 1);
        assert_int_equal(plain.data[7], i >= 2);
        sned_buffer_free(&file);
        sned_buffer_free(&plain);
        sned_graph_free(graph);
    }
}

/* ---- where the time goes ---- */

struct steps_seen {
    int calls, conv, gemm;
    uint64_t macs, products;
    bool in_order;
};

static void see_step(void *user, const sned_step_time *time)
{
    struct steps_seen *seen = user;
    seen->in_order = seen->in_order && time->index == seen->calls++ && time->kernel[0] && time->name &&
                     time->threads >= 1 && time->nanoseconds < 1000000000000;
    seen->conv += !strcmp(time->op, "Conv");
    seen->gemm += !strcmp(time->op, "Gemm");
    seen->macs += time->macs;
    seen->products += time->products;
}

static void each_step_is_told_with_its_time(void **state)
{
    sned_model *model = open_network(OP_SOFTMAX);
    const sned_model_info *info = sned_model_get_info(model);
    sned_context *context = new_context(model);
    struct steps_seen seen = {.in_order = true};
    uint8_t pixels[PIXELS] = {0};
    float scores[CLASSES];
    uint64_t products = 0;
    for (int i = 0; i < info->layers; i++) {
        sned_layer layer;
        assert_int_equal(sned_model_get_layer(model, i, &layer), SNED_OK);
        products += layer.macs / layer.weights * layer.kept; /* every weight works for as many pixels */
    }
    assert_int_equal(sned_context_set_step_done(NULL, see_step, &seen, NULL), SNED_ERROR_ARGUMENT);
    assert_int_equal(sned_context_set_step_done(context, see_step, &seen, NULL), SNED_OK);
    assert_int_equal(sned_run_pixels(context, pixels, 1, scores, NULL), SNED_OK);
    assert_true(seen.in_order);
    assert_int_equal(seen.calls, info->steps);
    assert_int_equal(seen.conv, 1);
    assert_int_equal(seen.gemm, 1);
    assert_int_equal(seen.macs, info->macs);
    assert_in_range(seen.products, products - 2, products);
    assert_true(products < info->macs);
    assert_int_equal(sned_context_set_step_done(context, NULL, NULL, NULL), SNED_OK);
    assert_int_equal(sned_run_pixels(context, pixels, 1, scores, NULL), SNED_OK);
    assert_int_equal(seen.calls, info->steps);
    sned_context_free(context);
    sned_close(model);
}

/* Plain C is always there; a model has the last of those that this machine runs. */
static void instruction_sets_are_named(void **state)
{
    sned_model *model = open_network(OP_IDENTITY);
    const char *best = NULL, *wanted = getenv("SNED_CPU");
    int runs = 0, count = 0;
    assert_string_equal(sned_instructions(0, &runs), "portable");
    assert_int_equal(runs, 1);
    for (const char *name; (name = sned_instructions(count, &runs)); count++)
        best = runs ? name : best;
    if (!wanted)
        assert_string_equal(sned_model_get_instructions(model), best);
    assert_null(sned_instructions(count, &runs));
    assert_int_equal(runs, 0);
    assert_null(sned_instructions(-1, NULL));
    assert_null(sned_model_get_instructions(NULL));
    sned_close(model);
}

struct runner {
    const sned_model *model;
    uint8_t pixels[PIXELS];
    float scores[CLASSES];
};

static void *run_often(void *argument)
{
    struct runner *runner = argument;
    sned_context *context;
    if (sned_context_new(&context, runner->model, NULL) != SNED_OK)
        return NULL;
    for (int i = 0; i < 50; i++)
        sned_run_pixels(context, runner->pixels, 1, runner->scores, NULL);
    sned_context_free(context);
    return NULL;
}

static void threads_share_a_model(void **state)
{
    sned_model *model = open_network(OP_SOFTMAX);
    struct runner runners[3];
    pthread_t threads[2];
    for (int i = 0; i < 3; i++) {
        runners[i].model = model;
        fill_pixels(runners[i].pixels, PIXELS, 9);
    }
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run_often, &runners[i]), 0);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    run_often(&runners[2]);
    for (int i = 0; i < 2; i++)
        assert_memory_equal(runners[i].scores, runners[2].scores, sizeof runners[2].scores);
    sned_close(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_tells_what_it_takes_and_gives),
        cmocka_unit_test(a_model_tells_its_layers),
        cmocka_unit_test(a_model_tells_its_outputs),
        cmocka_unit_test(reserved_space_is_zero),
        cmocka_unit_test(the_library_says_the_headers_version),
        cmocka_unit_test(labels_are_there_for_the_classes_only),
        cmocka_unit_test(a_file_that_is_not_there_is_an_io_error),
        cmocka_unit_test(a_path_and_memory_give_the_same_scores),
        cmocka_unit_test(a_large_file_that_opens_leaves_no_error),
        cmocka_unit_test(an_empty_file_is_refused),
        cmocka_unit_test(a_file_of_another_kind_is_refused),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(a_flipped_byte_is_refused_or_harmless),
        cmocka_unit_test(null_is_an_argument_error_not_a_crash),
        cmocka_unit_test(a_context_lives_in_the_callers_memory),
        cmocka_unit_test(a_batch_is_its_images_one_by_one),
        cmocka_unit_test(an_ending_is_computed_from_the_logits),
        cmocka_unit_test(only_a_new_ending_makes_a_file_of_version_1_1),
        cmocka_unit_test(values_beyond_the_range_are_clamped_and_nan_is_zero),
        cmocka_unit_test(softmax_gives_probabilities_in_the_order_of_the_scores),
        cmocka_unit_test(each_step_is_told_with_its_time),
        cmocka_unit_test(instruction_sets_are_named),
        cmocka_unit_test(threads_share_a_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
