/*
 * session.c - pictures into a model, scores out of it.
 */
#include "cli/common/session.h"
#include "base/memory.h"
#include "base/random.h"
#include "io/pictures/image.h"

#include <stdlib.h>
#include <string.h>

void session_free(struct session *session)
{
    sned_context_free(session->context);
    sned_close(session->model);
    executor_free(session->executor);
    free(session->pixels);
    free(session->values);
    for (int k = 0; session->raw && k < session->graph->output_count; k++)
        free(session->raw[k]);
    free(session->raw);
    free(session->scores);
    *session = (struct session){0};
}

static size_t output_elements(const struct graph *graph, int index)
{
    return sned_shape_elements(&graph->tensors[graph->outputs[index]].shape);
}

static sned_status new_outputs(struct session *session, sned_error *error)
{
    const struct graph *graph = session->graph;
    SNED_TRY(sned_alloc(&session->raw, (size_t)graph->output_count, sizeof *session->raw, error));
    for (int k = 0; k < graph->output_count; k++)
        SNED_TRY(sned_alloc(&session->raw[k], output_elements(graph, k), sizeof **session->raw, error));
    return SNED_OK;
}

sned_status session_new(struct session *session, struct graph *graph, const struct options *options,
                        sned_error *error)
{
    sned_status status;
    *session = (struct session){.graph = graph,
                                .input = sned_shape_extent(&graph->tensors[graph->input].shape),
                                .kind = sned_graph_scores(graph)};
    size_t size = sned_shape_elements(&graph->tensors[graph->input].shape);
    SNED_TRY_DONE(sned_alloc(&session->pixels, size, 1, error));
    SNED_TRY_DONE(sned_alloc(&session->values, size, sizeof(float), error));
    SNED_TRY_DONE(new_outputs(session, error));
    SNED_TRY_DONE(sned_alloc(&session->scores, (size_t)session->kind.classes, sizeof(float), error));
    if (graph->integer) {
        struct graph *copy;
        SNED_TRY_DONE(sned_graph_copy(&copy, graph, error));
        SNED_TRY_DONE(sned_model_from_graph(&session->model, copy, error));
        const sned_context_options wanted = {.threads = option_threads(options)};
        status = sned_context_new_with(&session->context, session->model, &wanted, error);
    } else {
        struct executor_options wanted = {.batch = 1, .threads = option_threads(options)};
        SNED_TRY_DONE(sned_graph_prepare(graph, error));
        status = executor_new(&session->executor, graph, &wanted, error);
    }
done:
    if (status != SNED_OK)
        session_free(session);
    return status;
}

void session_normalize(struct session *session)
{
    const struct input_rule *rule = &session->graph->rule;
    size_t plane = (size_t)session->input.height * (size_t)session->input.width;
    for (size_t i = 0; i < plane * (size_t)session->input.channels; i++) {
        size_t c = i / plane;
        session->values[i] = ((float)session->pixels[i] - rule->mean[c]) * rule->scale[c];
    }
}

enum item_type session_noise(struct session *session, uint64_t seed)
{
    const bool is_image = session->graph->rule.is_image;
    const size_t size = sned_shape_elements(&session->graph->tensors[session->graph->input].shape);
    struct random random;
    sned_random_seed(&random, seed, 0);
    for (size_t i = 0; i < size; i++) {
        session->pixels[i] = (uint8_t)sned_random_next(&random);
        session->values[i] = session->pixels[i];
    }
    if (is_image)
        session_normalize(session);
    return is_image ? ITEM_PIXELS : ITEM_VALUES;
}

static sned_status run_values(struct session *session, sned_error *error)
{
    const int outputs = session->graph->output_count;
    if (session->model)
        return sned_run_values_outputs(session->context, session->values, 1, session->raw, outputs, error);
    SNED_TRY(executor_forward(session->executor, session->values, 1, error));
    for (int k = 0; k < outputs; k++)
        memcpy(session->raw[k], executor_output(session->executor, k),
               output_elements(session->graph, k) * sizeof(float));
    return SNED_OK;
}

sned_status session_run(struct session *session, enum item_type type, sned_error *error)
{
    const bool pixels = session->model && type == ITEM_PIXELS;
    SNED_TRY(pixels ? sned_run_pixels_outputs(session->context, session->pixels, 1, session->raw,
                                              session->graph->output_count, error)
                    : run_values(session, error));
    memcpy(session->scores, session->raw[0], output_elements(session->graph, 0) * sizeof(float));
    return SNED_OK;
}

/* What is in pixels or values; the scores become probabilities. */
static sned_status answer(struct session *session, enum item_type type, sned_error *error)
{
    if (type == ITEM_PIXELS)
        session_normalize(session);
    SNED_TRY(session_run(session, type, error));
    SNED_TRY(evaluation_check(session->raw[0], session->kind.count, error));
    sned_scores_probabilities(&session->kind, session->raw[0], session->scores);
    return SNED_OK;
}

sned_status session_picture(struct session *session, const char *path, sned_error *error)
{
    struct input_form form = input_form_of(session->graph);
    SNED_TRY(image_read(path, &form, session->pixels, error));
    return sned_error_context(error, answer(session, ITEM_PIXELS, error), "%s", path);
}

sned_status session_item(struct session *session, enum item_type type, const void *item, sned_error *error)
{
    size_t elements = sned_shape_elements(&session->graph->tensors[session->graph->input].shape);
    if (type == ITEM_PIXELS)
        memcpy(session->pixels, item, elements);
    else
        memcpy(session->values, item, elements * sizeof(float));
    return answer(session, type, error);
}
