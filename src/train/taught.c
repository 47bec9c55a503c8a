/*
 * taught.c - see taught.h.
 */
#include "train/taught.h"
#include "base/memory.h"
#include "train/mix.h"

#include <math.h>
#include <stdlib.h>

static sned_status check_teacher(const struct graph *graph, const struct train_options *options,
                                 sned_error *error)
{
    const struct graph *teacher = options->teacher;
    const struct scores own = sned_graph_scores(graph), its = sned_graph_scores(teacher);
    if (!sned_shape_equal(&teacher->tensors[teacher->input].shape, &graph->tensors[graph->input].shape) ||
        its.count != own.count || its.is_apart != own.is_apart)
        return sned_fail(error, SNED_ERROR_SHAPE, "the teacher %s has another input or other classes",
                         teacher->name);
    if (!(options->teacher_weight > 0 && options->teacher_weight <= 1) || !(options->temperature > 0) ||
        !(options->mix >= 0 && options->mix <= 1))
        return sned_fail(error, SNED_ERROR_ARGUMENT,
                         "a teacher's weight and the share of mixtures are 0 to 1, its temperature above 0");
    return SNED_OK;
}

sned_status taught_open(struct taught *taught, const struct graph *graph, const struct train_options *options,
                        sned_error *error)
{
    const struct executor_options how = {
        .batch = options->batch, .overwrite = true, .threads = options->threads};
    const size_t batch = (size_t)options->batch;
    *taught =
        (struct taught){.options = options, .size = sned_shape_elements(&graph->tensors[graph->input].shape)};
    if (!options->teacher || options->teacher_weight == 0)
        return SNED_OK;
    SNED_TRY(check_teacher(graph, options, error));
    SNED_TRY(
        sned_alloc(&taught->scores, batch, (size_t)sned_graph_scores(graph).count * sizeof(float), error));
    if (options->mix > 0)
        SNED_TRY(sned_alloc(&taught->mixed, batch, taught->size * sizeof(float), error));
    return executor_new(&taught->teacher, options->teacher, &how, error);
}

void taught_close(struct taught *taught)
{
    executor_free(taught->teacher);
    free(taught->scores);
    free(taught->mixed);
    *taught = (struct taught){0};
}

static size_t mixtures(const struct taught *taught)
{
    return taught->mixed ? (size_t)lround(taught->options->mix * taught->options->batch) : 0;
}

const float *taught_batch(const struct taught *taught, const float *values, uint64_t step)
{
    if (!taught->mixed)
        return values;
    mix_images(values, (size_t)taught->options->batch, taught->size, mixtures(taught), taught->options->seed,
               step, taught->mixed);
    return taught->mixed;
}

sned_status taught_ask(const struct taught *taught, const float *values, sned_error *error)
{
    if (!taught->teacher)
        return SNED_OK;
    SNED_TRY(executor_forward(taught->teacher, values, (size_t)taught->options->batch, error));
    return executor_logits(taught->teacher, taught->scores, error);
}

sned_status taught_loss(const struct taught *taught, struct executor *executor, const int32_t *labels,
                        double *loss, size_t *correct, sned_error *error)
{
    const struct teaching teaching = {taught->scores, taught->options->teacher_weight,
                                      taught->options->temperature, mixtures(taught)};
    return executor_loss_taught(executor, labels, taught->teacher ? &teaching : NULL, loss, correct, error);
}
