/*
 * cmd_compress.c - sned compress: the whole method, from a trained network to a small file.
 */
#include "cli/options/command.h"
#include "cli/common/outcome.h"
#include "cli/common/preflight.h"
#include "cli/terminal/progress.h"
#include "compress/compress.h"

#include <math.h>
#include <stdlib.h>

static sned_status decisions_json(json_t *array, const struct compress_result *result, sned_error *error)
{
    for (int i = 0; i < result->decision_count; i++) {
        const struct decision *d = &result->decisions[i];
        json_t *item = json_pack("{s:s, s:s, s:f, s:f, s:f, s:f, s:b, s:f, s:f}", "layer", d->layer, "phase",
                                 d->phase, "density_from", d->density_from, "density_to", d->density_to,
                                 "accuracy_pruned", d->accuracy_pruned, "accuracy_retrained",
                                 d->accuracy_retrained, "accepted", (int)d->accepted, "seconds_cut",
                                 d->seconds_cut, "seconds_retrained", d->seconds_retrained);
        SNED_TRY(json_append(array, item, error, "the decision on layer '%s'", d->layer));
    }
    return SNED_OK;
}

static sned_status points_json(json_t *array, const struct compress_result *result, sned_error *error)
{
    for (int i = 0; i < result->point_count; i++) {
        const struct curve_point *p = &result->points[i];
        json_t *item = json_pack("{s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:b}", "bytes", p->bytes, "accuracy",
                                 p->accuracy, "loss", p->loss, "wanted", p->wanted, "lambda", p->lambda,
                                 "epochs", p->epochs, "seconds", p->seconds, "chosen", (int)p->chosen);
        SNED_TRY(json_append(array, item, error, "point %d of the curve", i + 1));
    }
    return SNED_OK;
}

static sned_status unjudged_json(json_t *array, const struct compress_result *result, sned_error *error)
{
    for (int i = 0; i < result->unjudged_count; i++)
        SNED_TRY(json_append(array, json_string(result->unjudged[i]), error, "the name of layer '%s'",
                             result->unjudged[i]));
    return SNED_OK;
}

static sned_status extra_json(json_t **extra, const struct compress_result *result, sned_error *error)
{
    json_t *decisions = json_array(), *points = json_array(), *unjudged = json_array();
    sned_status status;
    SNED_TRY_DONE(decisions_json(decisions, result, error));
    SNED_TRY_DONE(points_json(points, result, error));
    SNED_TRY_DONE(unjudged_json(unjudged, result, error));
    *extra =
        json_pack("{s:f, s:f, s:f, s:f, s:O, s:O, s:O}", "heldout_before", result->accuracy_before,
                  "heldout_after", result->accuracy_after, "epoch_seconds", result->epoch_seconds, "seconds",
                  result->seconds, "decisions", decisions, "points", points, "unjudged", unjudged);
    if (!*extra)
        status =
            sned_fail(error, SNED_ERROR_DATA, "JSON cannot hold the result: a number of it is not finite");
done:
    json_decref(decisions);
    json_decref(points);
    json_decref(unjudged);
    return status;
}

static sned_status top1(double *percent, struct graph *graph, struct images *tests,
                        const struct options *options, const struct reporter *reporter, sned_error *error)
{
    struct evaluation evaluation;
    SNED_TRY(model_evaluate(graph, tests, options, reporter, NULL, &evaluation, error));
    *percent = evaluation.top1;
    return SNED_OK;
}

static sned_status compress_options_make(struct compress_options *compress, const struct options *options,
                                         const char *checkpoint, const struct reporter *reporter,
                                         sned_error *error)
{
    *compress =
        (struct compress_options){.max_drop = isnan(options->max_drop) ? -1 : options->max_drop,
                                  .time_budget = isnan(options->time_budget) ? 0 : options->time_budget,
                                  .seed = (uint64_t)options->seed,
                                  .threads = option_threads(options),
                                  .checkpoint = checkpoint,
                                  .reporter = reporter};
    if (options->recipe)
        return recipe_read(&compress->recipe, options->recipe, error);
    recipe_defaults(&compress->recipe);
    return SNED_OK;
}

/* What would be found wrong after hours otherwise. */
static sned_status rehearse(const struct graph *graph, const struct images *images,
                            const struct images *tests, const struct compress_options *compress,
                            const struct options *options, sned_error *error)
{
    struct graph *integer = NULL;
    uint64_t checkpoint, bytes;
    sned_status status;
    SNED_TRY_DONE(images_check(tests, options->data, &graph->rule, error));
    SNED_TRY_DONE(compress_rehearse(&integer, &checkpoint, graph, images->dataset, compress, error));
    SNED_TRY_DONE(outcome_rehearse(&bytes, integer, options, error));
    status = check_space(options->output, bytes, compress->checkpoint, checkpoint, error);
done:
    sned_graph_free(integer);
    return status;
}

/* The network and its images, as training wants them; what came of it says where it came from. */
static sned_status load(struct model *model, struct images *images, struct images *tests,
                        const struct options *options, const struct reporter *reporter, sned_error *error)
{
    SNED_TRY(model_load(model, options->arguments[0], options, reporter, error));
    if (model->graph->integer)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "%s: is packed already; compress the .onnx it came from",
                         model->path);
    SNED_TRY(images_open(images, options->data, SPLIT_TRAIN, model, options, reporter, error));
    SNED_TRY(images_open(tests, options->data, SPLIT_TEST, model, options, reporter, error));
    SNED_TRY(model_name_classes(model->graph, images->dataset, reporter, error));
    return set_provenance(model->graph, "compress", model->path, options, error);
}

static sned_status check_arguments(const struct options *options, sned_error *error)
{
    if (!options->data)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "--data D is missing: retraining needs images");
    return outcome_check(options, error);
}

static sned_status run_compress(const struct options *options, sned_error *error)
{
    struct display display;
    struct reporter reporter = display_reporter(&display, options->quiet);
    struct model model = {0};
    struct images images = {0}, tests = {0};
    struct graph *integer = NULL;
    struct outcome outcome = {.top1_before = -1, .top1_after = -1};
    struct compress_options compress = {0};
    struct compress_result result = {0};
    json_t *extra = NULL;
    char *checkpoint = NULL;
    sned_status status;
    SNED_TRY_DONE(check_arguments(options, error));
    SNED_TRY_DONE(checkpoint_path(&checkpoint, options, error));
    SNED_TRY_DONE(compress_options_make(&compress, options, checkpoint, &reporter, error));
    SNED_TRY_DONE(load(&model, &images, &tests, options, &reporter, error));
    outcome.bytes_before = sned_graph_parameter_bytes(model.graph);
    if (dataset_item_type(images.dataset) == ITEM_PIXELS)
        SNED_TRY_DONE(sned_graph_absorb_input(model.graph, error));
    SNED_TRY_DONE(rehearse(model.graph, &images, &tests, &compress, options, error));
    SNED_TRY_DONE(top1(&outcome.top1_before, model.graph, &tests, options, &reporter, error));
    SNED_TRY_DONE(compress_network(&integer, model.graph, images.dataset, &compress, &result, error));
    SNED_TRY_DONE(top1(&outcome.top1_after, integer, &tests, options, &reporter, error));
    outcome.accuracy_on = dataset_split_name(tests.dataset);
    display_finish(&display);
    SNED_TRY_DONE(outcome_write(&outcome, integer, options, error));
    checkpoint_remove(checkpoint);
    if (options->json)
        SNED_TRY_DONE(extra_json(&extra, &result, error));
    status = outcome_print(&outcome, integer, options, extra, error);
done:
    display_finish(&display);
    compress_result_free(&result);
    recipe_free(&compress.recipe);
    outcome_free(&outcome);
    sned_graph_free(integer);
    images_free(&images);
    images_free(&tests);
    model_free(&model);
    free(checkpoint);
    return status;
}

const struct command command_compress = {
    .name = "compress",
    .arguments = "MODEL.onnx --data D -o MODEL.sned",
    .summary = "Prune, retrain, quantise and pack a network",
    .text = "Reversed-pruning from the last layer to the first, peak-pruning after it, then 8-bit "
            "quantisation with retraining (docs/method.md). A tenth of the training images is held out "
            "to steer; the test split is only looked at for the result. --recipe chooses everything per "
            "layer or kind. The whole way is gone in small first, so that what cannot work is said in "
            "the first seconds. After an interruption the same command goes on where it was and ends "
            "with the same file.",
    .argument_min = 1,
    .argument_max = 1,
    .keys = {OPTION_DATA, OPTION_OUTPUT, OPTION_RECIPE, OPTION_MAX_DROP, OPTION_TIME_BUDGET, OPTION_FORMAT,
             OPTION_CHECKPOINT, OPTION_LIMIT, OPTION_INPUT, OPTION_COLOR, OPTION_MEAN, OPTION_SCALE,
             OPTION_RESIZE, OPTION_LABEL_OFFSET, OPTION_LABELS, OPTION_HEAD, OPTION_SEED, OPTION_THREADS},
    .run = run_compress,
};
