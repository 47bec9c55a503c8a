/*
 * accel_check.h - a network that is compiled and executed by the golden model gives the runtime's scores, in
 * every order in which the units may work.
 *
 * Compiler and golden model share one idea of where bytes lie, so the model alone would not find what the
 * compiler places wrongly: scores are held against the runtime, which knows nothing of places.
 */
#ifndef SNED_TESTS_ACCEL_ACCEL_CHECK_H
#define SNED_TESTS_ACCEL_ACCEL_CHECK_H

#include "tests/common/accel_networks.h"

#include "accel/golden/golden.h"

enum { CHECK_MOST_IMAGES = 5 };

static inline const struct accel_config *config_named(const char *name)
{
    const struct accel_config *config;
    assert_int_equal(accel_config_find(&config, name, NULL), SNED_OK);
    return config;
}

/* ---- other orders of a list ---- */

/* Of the units one whose next descriptor in `list` finds its tokens; next[unit]: its index, or -1. */
static inline int random_unit(const struct descriptor *list, const int next[CODE_COUNT],
                              int tokens[CODE_COUNT][CODE_COUNT], struct random *random)
{
    int can[CODE_COUNT], count = 0;
    for (int unit = 0; unit < CODE_COUNT; unit++) {
        bool ready = next[unit] >= 0;
        for (int from = 0; ready && from < CODE_COUNT; from++)
            ready = !(list[next[unit]].wait >> from & 1) || tokens[from][unit] > 0;
        if (ready)
            can[count++] = unit;
    }
    assert_true(count > 0);
    return can[random_range(random, 0, count - 1)];
}

static inline int next_of(const struct descriptor *list, int count, int unit, int from)
{
    while (from < count && (int)list[from].unit != unit)
        from++;
    return from < count ? from : -1;
}

/* Any order that the tokens allow is one in which the units may work. */
static inline void shuffle(struct accel_program *program, struct random *random)
{
    const int count = program->descriptor_count - 1; /* without the end */
    uint8_t *bytes = program->image.data + program->list;
    struct descriptor *list = calloc((size_t)count, sizeof *list);
    uint8_t *order = calloc((size_t)count, DESCRIPTOR_BYTES);
    int tokens[CODE_COUNT][CODE_COUNT] = {0}, next[CODE_COUNT];
    for (int d = 0; d < count; d++)
        assert_true(descriptor_unpack(&list[d], bytes + d * DESCRIPTOR_BYTES));
    for (int unit = 0; unit < CODE_COUNT; unit++)
        next[unit] = next_of(list, count, unit, 0);
    for (int d = 0; d < count; d++) {
        const int unit = random_unit(list, next, tokens, random);
        const struct descriptor *taken = &list[next[unit]];
        for (int other = 0; other < CODE_COUNT; other++) {
            tokens[other][unit] -= taken->wait >> other & 1;
            tokens[unit][other] += taken->post >> other & 1;
        }
        memcpy(order + d * DESCRIPTOR_BYTES, bytes + next[unit] * DESCRIPTOR_BYTES, DESCRIPTOR_BYTES);
        next[unit] = next_of(list, count, unit, next[unit] + 1);
    }
    memcpy(bytes, order, (size_t)count * DESCRIPTOR_BYTES);
    free(order);
    free(list);
}

/* ---- networks ---- */

/* What the compiler made of networks. */
struct seen {
    int parts;  /* Convs that begin behind a raster's first pixel */
    int strips; /* networks with strips, and with more than one stretch of them */
    int stretches;
    int outputs; /* networks with several */
};

static inline void look_at(struct seen *seen, const struct accel_program *program)
{
    int joins = 0;
    for (int d = 0; d < program->descriptor_count; d++) {
        struct descriptor descriptor;
        assert_true(
            descriptor_unpack(&descriptor, program->image.data + program->list + d * DESCRIPTOR_BYTES));
        seen->parts += descriptor.unit == CODE_CONV && descriptor.u.conv.first > 0;
    }
    for (int l = 0; l < program->layer_count; l++)
        joins += strcmp(program->layers[l].name, "join") == 0;
    seen->strips += joins > 0;
    seen->stretches += joins > 1;
    seen->outputs += program->output_count > 1;
}

/* Of all images, in the list's order and in two others. */
static inline void check_results(struct accel_program *program, const uint8_t *inputs,
                                 const struct accel_picture *expected, struct random *random)
{
    const size_t images = (size_t)program->images, out = (size_t)program->output_bytes;
    const size_t count = accel_result_elements(program);
    uint8_t *outputs = calloc(images, out);
    int16_t *results = calloc(count, sizeof *results);
    sned_error error = {0};
    for (int order = 0; order < 3; order++) {
        memset(outputs, 0x5a, images * out);
        if (golden_run(program, inputs, outputs, &error) != SNED_OK)
            fail_msg("%s", error.message);
        for (size_t i = 0; i < images; i++) {
            accel_unpack_results(results, program, outputs + i * out);
            for (size_t k = 0; k < count; k++)
                if (results[k] != expected[i].results[k])
                    fail_msg(
                        "image %zu, element %zu of the results, order %d: %d instead of the runtime's %d", i,
                        k, order, results[k], expected[i].results[k]);
        }
        shuffle(program, random);
    }
    free(outputs);
    free(results);
}

/* Random pictures through a program. */
static inline void check_pictures(struct accel_program *program, const sned_model *model,
                                  struct random *random)
{
    const size_t in = (size_t)program->input.bytes;
    uint8_t *inputs = calloc((size_t)program->images, in);
    struct accel_picture pictures[CHECK_MOST_IMAGES];
    for (int i = 0; i < program->images; i++) {
        pictures[i] = accel_picture_new(program, model, random);
        memcpy(inputs + (size_t)i * in, pictures[i].block, in);
    }
    check_results(program, inputs, pictures, random);
    for (int i = 0; i < program->images; i++)
        accel_picture_free(&pictures[i]);
    free(inputs);
}

/* False where the compiler says that it cannot. */
static inline bool check_model(const sned_model *model, const struct accel_config *config,
                               const struct accel_request *request, struct seen *seen, struct random *random)
{
    struct accel_program program;
    sned_error error = {0};
    const sned_status status = accel_compile(&program, sned_model_graph(model), config, request, &error);
    if (status == SNED_OK) {
        look_at(seen, &program);
        check_pictures(&program, model, random);
        accel_program_free(&program);
    } else if (status != SNED_ERROR_UNSUPPORTED) {
        fail_msg("%s", error.message);
    }
    return status == SNED_OK;
}

/* The graph becomes the check's. */
static inline bool check_network(struct graph *graph, const struct accel_config *config,
                                 const struct accel_request *request, struct seen *seen,
                                 struct random *random)
{
    sned_model *model;
    sned_error error = {0};
    if (sned_model_from_graph(&model, graph, &error) != SNED_OK)
        fail_msg("%s", error.message);
    const bool compiled = check_model(model, config, request, seen, random);
    sned_close(model);
    return compiled;
}

/* ---- what is left to the host ---- */

/* Gives the host's nodes what the program made, and runs them. */
static inline void resume_host(sned_context *context, const struct accel_program *program,
                               const struct graph *graph, const uint8_t *blocks)
{
    int16_t *elements = calloc(accel_result_elements(program), sizeof *elements);
    float *scores = calloc(sned_shape_elements(&graph->tensors[graph->outputs[0]].shape), sizeof *scores);
    for (int k = 0; k < program->output_count; k++) {
        const struct program_output *output = &program->outputs[k];
        layout_unpack(elements, &output->layout, blocks + output->offset);
        assert_int_equal(sned_context_give(context, output->tensor, elements, NULL), SNED_OK);
    }
    assert_int_equal(sned_context_resume(context, program->host_first, scores, NULL), SNED_OK);
    free(elements);
    free(scores);
}

/* The host's nodes on the accelerator's results give what the runtime gives for the picture. */
static inline void check_part(const struct accel_program *program, const sned_model *model,
                              struct random *random)
{
    const struct graph *graph = sned_model_graph(model);
    struct accel_picture picture = accel_picture_new(program, model, random);
    uint8_t *blocks = calloc((size_t)program->output_bytes, 1);
    sned_context *context;
    assert_int_equal(golden_run(program, picture.block, blocks, NULL), SNED_OK);
    assert_int_equal(sned_context_new_keep(&context, model, NULL), SNED_OK);
    resume_host(context, program, graph, blocks);
    for (int i = 0; i < graph->output_count; i++) {
        const int last = accel_last_integers(graph, i);
        const size_t count = sned_shape_elements(&graph->tensors[last].shape);
        assert_memory_equal(sned_context_activation(context, last),
                            sned_context_activation(picture.context, last), count * sizeof(int32_t));
    }
    sned_context_free(context);
    accel_picture_free(&picture);
    free(blocks);
}

#endif
