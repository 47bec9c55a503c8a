/*
 * cmd_pack.c - sned pack: quantise a network as it is and write its .sned file.
 */
#include "cli/options/command.h"
#include "cli/common/outcome.h"
#include "cli/report/gather.h"
#include "cli/terminal/progress.h"
#include "cli/terminal/json.h"
#include "compress/second/to_target.h"
#include "graph/passes/compact.h"

#include <math.h>
#include <stdlib.h>

/* Calibration images: the data's training split, or noise where no data is given. */
static const char *calibration_data(const struct options *options)
{
    return options->data ? options->data : "noise:32";
}

/* Accuracy of either kind of graph on the test split; -1, and nothing done, where no data is given. */
static sned_status measure(double *top1, struct graph *graph, struct images *tests,
                           const struct options *options, const struct reporter *reporter, sned_error *error)
{
    struct evaluation evaluation = {.top1 = -1};
    if (tests->dataset)
        SNED_TRY(model_evaluate(graph, tests, options, reporter, NULL, &evaluation, error));
    *top1 = evaluation.top1;
    return SNED_OK;
}

static bool has_target(const struct options *options)
{
    return !isnan(options->max_bytes) || !isnan(options->max_drop);
}

static sned_status file_bytes(void *context, const struct graph *integer, uint64_t *bytes, sned_error *error)
{
    return outcome_rehearse(bytes, integer, context, error);
}

/* Noise says how large activations become, but not which errors of weights matter: those need pictures. */
static sned_status quantize(struct graph *graph, const struct images *images, const struct options *options,
                            const struct calibration_options *calibration, struct size_result *result,
                            sned_error *error)
{
    const struct calibration_images seen = {
        .dataset = images->dataset, .indices = images->indices, .count = images->count};
    const struct size_target target = {.max_bytes = isnan(options->max_bytes) ? 0 : options->max_bytes,
                                       .max_drop = isnan(options->max_drop) ? -1 : options->max_drop,
                                       .seed = (uint64_t)options->seed,
                                       .bytes = file_bytes,
                                       .context = (void *)options};
    if (!options->data)
        return quantize_calibrate(graph, &seen, calibration, error);
    SNED_TRY(quantize_to_target(graph, &seen, calibration, &target, result, error));
    sned_report(calibration->reporter,
                "%zu images that set nothing: %.2f %% have the class that they had, %.2f points are "
                "estimated to be lost",
                result->agreement.images, result->agreement.same, result->agreement.drop);
    if (graph->output_count > 1)
        sned_report(
            calibration->reporter,
            "that is judged by output '%.80s' alone, the first of %d: what the others lose is not known "
            "(another with --head NAME)",
            graph->tensors[graph->outputs[0]].name, graph->output_count);
    return SNED_OK;
}

/* What quantising found, for --json; NULL where there were no data. */
static sned_status result_json(json_t **object, const struct size_result *result,
                               const struct options *options, sned_error *error)
{
    *object = NULL;
    if (!options->data)
        return SNED_OK;
    *object = json_pack("{s:f, s:I, s:f, s:f, s:f}", "lambda", result->lambda, "judged",
                        (json_int_t)result->agreement.images, "agreement", result->agreement.same,
                        "estimated_drop", result->agreement.drop, "divergence", result->agreement.divergence);
    return *object ? SNED_OK : sned_fail(error, SNED_ERROR_DATA, "JSON cannot hold the result");
}

/* Written as it is, and said to be too little. */
static sned_status check_met(const struct size_result *result, const struct options *options,
                             sned_error *error)
{
    if (!has_target(options) || result->met)
        return SNED_OK;
    return sned_fail(error, SNED_ERROR_DATA,
                     "%s: the targets are not met together without retraining: at %llu bytes %.2f points are "
                     "estimated to be lost; the file is written as it is",
                     options->output, (unsigned long long)result->bytes, result->agreement.drop);
}

static sned_status check_options(const struct options *options, sned_error *error)
{
    if (has_target(options) && !options->data)
        return sned_fail(error, SNED_ERROR_ARGUMENT,
                         "--max-bytes and --max-drop need --data: pictures that show which weights matter");
    return outcome_check(options, error);
}

/* The network, ready to be quantised, and its images; tests where they have labels. */
static sned_status load(struct model *model, struct images *images, struct images *tests,
                        const struct options *options, const struct reporter *reporter, sned_error *error)
{
    SNED_TRY(model_load(model, options->arguments[0], options, reporter, error));
    if (model->graph->integer)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "%s: is packed already", model->path);
    SNED_TRY(images_open_pictures(images, calibration_data(options), SPLIT_TRAIN, model, options, reporter,
                                  error));
    if (options->data && !dataset_has_labels(images->dataset))
        sned_report(reporter, "%s: has no labels; accuracy is not measured", options->data);
    else if (options->data)
        SNED_TRY(images_open(tests, options->data, SPLIT_TEST, model, options, reporter, error));
    SNED_TRY(model_name_classes(model->graph, images->dataset, reporter, error));
    return set_provenance(model->graph, "pack", model->path, options, error);
}

static sned_status run_pack(const struct options *options, sned_error *error)
{
    struct display display;
    struct reporter reporter = display_reporter(&display, options->quiet);
    struct model model = {0};
    struct images images = {0}, tests = {0};
    struct graph *integer = NULL;
    struct outcome outcome = {0};
    struct report_facts report = {0};
    struct size_result result = {0};
    json_t *extra = NULL;
    const struct calibration_options calibration = {
        .images = options->calibration > 0 ? (size_t)options->calibration : 500,
        .threads = option_threads(options),
        .reporter = &reporter};
    sned_status status;
    SNED_TRY_DONE(check_options(options, error));
    SNED_TRY_DONE(load(&model, &images, &tests, options, &reporter, error));
    SNED_TRY_DONE(report_begin(&report, "pack", &model, options, error));
    report_listen(&report, &reporter, options);
    outcome.bytes_before = sned_graph_parameter_bytes(model.graph);
    if (tests.dataset)
        outcome.accuracy_on = dataset_split_name(tests.dataset);
    if (dataset_item_type(images.dataset) == ITEM_PIXELS)
        SNED_TRY_DONE(sned_graph_absorb_input(model.graph, error));
    SNED_TRY_DONE(sned_graph_prepare(model.graph, error));
    outcome.weights = outcome_weights(model.graph); /* before those that do nothing leave */
    SNED_TRY_DONE(sned_graph_compact(model.graph, NULL, error));
    /* Before calibration: a calibrated graph is evaluated with its activations rounded. */
    SNED_TRY_DONE(measure(&outcome.top1_before, model.graph, &tests, options, &reporter, error));
    SNED_TRY_DONE(quantize(model.graph, &images, options, &calibration, &result, error));
    SNED_TRY_DONE(quantize_lower(&integer, model.graph, error));
    SNED_TRY_DONE(measure(&outcome.top1_after, integer, &tests, options, &reporter, error));
    display_finish(&display);
    SNED_TRY_DONE(outcome_write(&outcome, integer, options, error));
    SNED_TRY_DONE(result_json(&extra, &result, options, error));
    SNED_TRY_DONE(outcome_print(&outcome, integer, options, extra, error));
    SNED_TRY_DONE(
        report_finish(&report, &outcome, integer, options->data ? &images : NULL, options, &reporter, error));
    status = check_met(&result, options, error);
done:
    report_facts_free(&report);
    display_finish(&display);
    outcome_free(&outcome);
    sned_graph_free(integer);
    images_free(&images);
    images_free(&tests);
    model_free(&model);
    return status;
}

const struct command command_pack = {
    .name = "pack",
    .arguments = "MODEL.onnx [--data D] -o MODEL.sned",
    .summary = "Quantise a network as it is and pack it",
    .text =
        "No pruning and no retraining. Scales are set and weights rounded to lose least on images of "
        "D's training split, without their labels: each layer in steps as large as its weights "
        "allow. Some of the images set nothing and judge, by the network's answers before and after, "
        "how large steps may become: so that nothing is lost by that can be seen, or up to "
        "--max-drop, or until the file has --max-bytes. (What a network was trained on it knows by heart: on "
        "such images it seems to lose less than on others.) Accuracy is measured on the test split, where "
        "it has labels, and steers nothing. Without --data the scales come from noise, pictures of it "
        "or values as the network takes them: good for sizes and speeds, not for accuracy.",
    .argument_min = 1,
    .argument_max = 1,
    .keys = {OPTION_DATA, OPTION_OUTPUT, OPTION_MAX_BYTES, OPTION_MAX_DROP, OPTION_CALIBRATION, OPTION_FORMAT,
             OPTION_OPEN_MS, OPTION_LIMIT, OPTION_INPUT, OPTION_COLOR, OPTION_MEAN, OPTION_SCALE,
             OPTION_RESIZE, OPTION_LABEL_OFFSET, OPTION_LABELS, OPTION_HEAD, OPTION_REPORT, OPTION_SEED,
             OPTION_THREADS},
    .run = run_pack,
};
