/*
 * cmd_compress.c - sned compress: the whole method, from a trained network to a small file.
 */
#include "cli/options/command.h"
#include "cli/common/outcome.h"
#include "cli/common/preflight.h"
#include "cli/report/gather.h"
#include "cli/report/story.h"
#include "cli/terminal/progress.h"
#include "cli/options/choices.h"
#include "compress/search/search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

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

/* ---- what the command line asks for ---- */

/* What --target runs fast, where the recipe says nothing else. The CPU's kernels gain from each zero by
 * itself; the accelerator's lanes multiply two filters at a time. */
static sned_status aim_recipe(struct recipe *recipe, const struct options *options, sned_error *error)
{
    enum { TARGET_CPU, TARGET_ZCU104 };
    int target = TARGET_CPU;
    if (options->target)
        SNED_TRY(choice_find(&target, OPTION_TARGET, options->target, error));
    recipe->conv_pairs = target == TARGET_ZCU104;
    return SNED_OK;
}

/* A recipe's or, without one, method rate's. --no-labels is a teacher with all the weight. */
static sned_status make_recipe(struct recipe *recipe, const struct options *options,
                               const struct reporter *reporter, sned_error *error)
{
    recipe_defaults(recipe, METHOD_RATE);
    if (options->recipe)
        SNED_TRY(recipe_read(recipe, options->recipe, error));
    if (recipe->implied_by[0])
        sned_report(reporter, "%s: names no method, and %s is a key of method: paper; so it is that",
                    options->recipe, recipe->implied_by);
    if (options->no_labels)
        recipe->distill.weight = 1;
    return aim_recipe(recipe, options, error);
}

static sned_status check_targets(const struct options *options, const struct recipe *recipe,
                                 sned_error *error)
{
    const bool size = !isnan(options->max_bytes), accuracy = !isnan(options->min_accuracy);
    if (recipe->method == METHOD_PAPER && (size || accuracy))
        return sned_fail(
            error, SNED_ERROR_ARGUMENT,
            "--%s: method: paper searches within --max-drop alone; leave the recipe's keys of it "
            "out for method: rate",
            size ? "max-bytes" : "min-accuracy");
    if (recipe->distill.weight == 1 && accuracy)
        return sned_fail(error, SNED_ERROR_ARGUMENT,
                         "--no-labels goes with --max-bytes and --max-drop (of agreement with the network as "
                         "given): without labels no --min-accuracy can be known");
    return SNED_OK;
}

static double given(double number, double otherwise)
{
    return isnan(number) ? otherwise : number;
}

static sned_status compress_options_make(struct compress_options *compress, const struct options *options,
                                         const char *checkpoint, const struct reporter *reporter,
                                         sned_error *error)
{
    *compress =
        (struct compress_options){.max_drop = given(options->max_drop, -1),
                                  .max_bytes = given(options->max_bytes, 0),
                                  .min_accuracy = given(options->min_accuracy, 0),
                                  .time_budget = given(options->time_budget, 0) - report_seconds(options),
                                  .format = -1,
                                  .open_ms = given(options->open_ms, 0),
                                  .seed = (uint64_t)options->seed,
                                  .threads = option_threads(options),
                                  .checkpoint = checkpoint,
                                  .reporter = reporter};
    if (options->format)
        SNED_TRY(choice_find(&compress->format, OPTION_FORMAT, options->format, error));
    SNED_TRY(make_recipe(&compress->recipe, options, reporter, error));
    return check_targets(options, &compress->recipe, error);
}

static sned_status check_arguments(const struct options *options, sned_error *error)
{
    if (!options->data)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "--data D is missing: retraining needs images");
    return outcome_check(options, error);
}

/* ---- the run ---- */

struct job {
    const struct options *options;
    struct reporter reporter;
    struct model model;
    struct images images, tests;
    struct compress_options compress;
    struct compress_result result;
    struct graph *integer;
    struct outcome outcome;
    struct report_facts report;
    char *checkpoint;
};

static void job_free(struct job *job)
{
    compress_result_free(&job->result);
    recipe_free(&job->compress.recipe);
    outcome_free(&job->outcome);
    report_facts_free(&job->report);
    sned_graph_free(job->integer);
    images_free(&job->images);
    images_free(&job->tests);
    model_free(&job->model);
    free(job->checkpoint);
}

/* The network and its images, as training wants them; what came of it says where it came from. */
static sned_status load(struct job *job, sned_error *error)
{
    const struct options *options = job->options;
    struct model *model = &job->model;
    sned_status (*const open)(struct images *, const char *, enum split, struct model *,
                              const struct options *, const struct reporter *, sned_error *) =
        options->no_labels ? images_open_pictures : images_open;
    SNED_TRY(model_load(model, options->arguments[0], options, &job->reporter, error));
    if (model->graph->integer)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "%s: is packed already; compress the .onnx it came from",
                         model->path);
    SNED_TRY(open(&job->images, options->data, SPLIT_TRAIN, model, options, &job->reporter, error));
    SNED_TRY(open(&job->tests, options->data, SPLIT_TEST, model, options, &job->reporter, error));
    SNED_TRY(model_name_classes(model->graph, job->images.dataset, &job->reporter, error));
    job->outcome.weights = outcome_weights(model->graph);
    job->outcome.bytes_before = sned_graph_parameter_bytes(model->graph);
    job->outcome.accuracy_on = dataset_split_name(job->tests.dataset);
    job->outcome.is_agreement = options->no_labels;
    SNED_TRY(report_begin(&job->report, "compress", model, options, error));
    SNED_TRY(set_provenance(model->graph, "compress", model->path, options, error));
    return dataset_item_type(job->images.dataset) == ITEM_PIXELS
               ? sned_graph_absorb_input(model->graph, error)
               : SNED_OK;
}

/* What would be found wrong after hours otherwise. */
static sned_status rehearse(const struct job *job, sned_error *error)
{
    const struct graph *graph = job->model.graph;
    struct graph *integer = NULL;
    uint64_t checkpoint, bytes;
    sned_status status;
    SNED_TRY_DONE(images_check(&job->tests, job->options->data, &graph->rule, error));
    SNED_TRY_DONE(
        compress_rehearse(&integer, &checkpoint, graph, job->images.dataset, &job->compress, error));
    SNED_TRY_DONE(outcome_rehearse(&bytes, integer, job->options, error));
    SNED_TRY_DONE(
        search_check_targets(&job->compress, job->model.graph, integer, job->images.dataset, error));
    status = check_space(job->options->output, bytes, job->compress.checkpoint, checkpoint, error);
done:
    sned_graph_free(integer);
    return status;
}

/* The network as given on the test images; without labels its answers are what is right from here on. */
static sned_status test_before(struct job *job, sned_error *error)
{
    struct evaluation evaluation;
    int32_t *answers = NULL;
    sned_status status;
    if (job->options->no_labels) {
        SNED_TRY_DONE(sned_alloc(&answers, job->tests.count, sizeof *answers, error));
        memset(answers, 0xff, job->tests.count * sizeof *answers); /* -1: not seen */
    }
    SNED_TRY_DONE(model_evaluate(job->model.graph, &job->tests, job->options, &job->reporter, answers,
                                 &evaluation, error));
    job->outcome.top1_before = answers ? 100 : evaluation.top1;
    if (answers)
        dataset_relabel(job->tests.dataset, answers);
done:
    free(answers);
    return status;
}

static sned_status test_after(struct job *job, sned_error *error)
{
    struct evaluation evaluation;
    SNED_TRY(
        model_evaluate(job->integer, &job->tests, job->options, &job->reporter, NULL, &evaluation, error));
    job->outcome.top1_after = evaluation.top1;
    return SNED_OK;
}

static sned_status compress_by_method(struct job *job, sned_error *error)
{
    sned_status (*const method)(struct graph **, struct graph *, struct dataset *,
                                const struct compress_options *, struct compress_result *, sned_error *) =
        job->compress.recipe.method == METHOD_PAPER ? compress_paper : compress_rate;
    return method(&job->integer, job->model.graph, job->images.dataset, &job->compress, &job->result, error);
}

/* Bits are tried on the images that steered. */
static sned_status report(struct job *job, sned_error *error)
{
    struct images held = job->images;
    const size_t trained =
        compress_split(held.indices, held.count, COMPRESS_HELD_SHARE, COMPRESS_HELD_IMAGES);
    held.indices += trained;
    held.count -= trained;
    SNED_TRY(story_of_compress(&job->report, &job->result, &job->compress, error));
    return report_finish(&job->report, &job->outcome, job->integer, &held, job->options, &job->reporter,
                         error);
}

static sned_status print(const struct job *job, sned_error *error)
{
    json_t *extra = NULL;
    if (job->options->json)
        SNED_TRY(extra_json(&extra, &job->result, error));
    SNED_TRY(outcome_print(&job->outcome, job->integer, job->options, extra, error));
    if (!job->result.missed[0])
        return SNED_OK;
    return sned_fail(error, SNED_ERROR_LIMIT, "%s is written, and is not what was asked for: %s",
                     job->options->output, job->result.missed);
}

static sned_status run_compress(const struct options *options, sned_error *error)
{
    struct display display;
    struct job job = {.options = options,
                      .reporter = display_reporter(&display, options->quiet),
                      .outcome = {.top1_before = -1, .top1_after = -1}};
    sned_status status;
    SNED_TRY_DONE(check_arguments(options, error));
    SNED_TRY_DONE(checkpoint_path(&job.checkpoint, options, error));
    SNED_TRY_DONE(compress_options_make(&job.compress, options, job.checkpoint, &job.reporter, error));
    SNED_TRY_DONE(load(&job, error));
    SNED_TRY_DONE(rehearse(&job, error));
    SNED_TRY_DONE(test_before(&job, error));
    SNED_TRY_DONE(compress_by_method(&job, error));
    SNED_TRY_DONE(test_after(&job, error));
    display_finish(&display);
    SNED_TRY_DONE(outcome_write(&job.outcome, job.integer, options, error));
    checkpoint_remove(job.checkpoint);
    SNED_TRY_DONE(report(&job, error));
    status = print(&job, error);
done:
    display_finish(&display);
    job_free(&job);
    return status;
}

const struct command command_compress = {
    .name = "compress",
    .arguments = "MODEL.onnx --data D -o MODEL.sned",
    .summary = "Train a network into a small file",
    .text =
        "One of --max-bytes, --max-drop and --min-accuracy says what is wanted, or several that go together. "
        "Weights are put on a grid and trained with the bytes that they take in the loss "
        "(docs/method.md); the curve of bytes against accuracy is printed as it goes. A tenth of the "
        "training images is held out to steer; the test split is only looked at for the result. Where "
        "the target is not met the nearest network is written, and the status is 1. A recipe may "
        "choose method: paper instead: reversed-pruning from the last layer to the first, "
        "peak-pruning, 8 bits. The whole way is gone in small first, so that what cannot work is said "
        "in the first seconds. After an interruption the same command goes on where it was and ends "
        "with the same file.",
    .argument_min = 1,
    .argument_max = 1,
    .keys = {OPTION_DATA,         OPTION_OUTPUT,      OPTION_RECIPE,       OPTION_MAX_BYTES, OPTION_MAX_DROP,
             OPTION_MIN_ACCURACY, OPTION_TIME_BUDGET, OPTION_NO_LABELS,    OPTION_FORMAT,    OPTION_OPEN_MS,
             OPTION_CHECKPOINT,   OPTION_LIMIT,       OPTION_INPUT,        OPTION_COLOR,     OPTION_MEAN,
             OPTION_SCALE,        OPTION_RESIZE,      OPTION_LABEL_OFFSET, OPTION_LABELS,    OPTION_HEAD,
             OPTION_REPORT,       OPTION_TARGET,      OPTION_SEED,         OPTION_THREADS},
    .run = run_compress,
};
