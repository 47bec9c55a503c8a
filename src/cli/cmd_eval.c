/*
 * cmd_eval.c - sned eval: how many images a model names rightly.
 */
#include "cli/choices.h"
#include "cli/command.h"
#include "cli/layers.h"
#include "cli/model.h"
#include "cli/progress.h"

#include <stdio.h>

static sned_status parse_split(enum split *split, const char *name, sned_error *error)
{
    int index = SPLIT_TEST;
    if (name)
        SNED_TRY(choice_find(&index, OPTION_SPLIT, name, error));
    *split = (enum split)index;
    return SNED_OK;
}

static sned_status run_eval(const struct options *options, sned_error *error)
{
    struct display display;
    struct reporter reporter = display_reporter(&display, options->quiet);
    struct model model = {0};
    struct images images = {0};
    struct evaluation evaluation;
    enum split split;
    sned_status status = parse_split(&split, options->split, error);
    if (status == SNED_OK && !options->data)
        status = sned_fail(error, SNED_ERROR_ARGUMENT, "--data D is missing: which images?");
    if (status != SNED_OK)
        goto done;
    SNED_TRY_DONE(model_load(&model, options->arguments[0], options, &reporter, error));
    SNED_TRY_DONE(images_open(&images, options->data, split, model.graph, options, &reporter, error));
    SNED_TRY_DONE(model_evaluate(model.graph, &images, options, &reporter, &evaluation, error));
    display_finish(&display);
    if (options->json)
        status = print_json(json_pack("{s:f, s:f, s:f, s:I, s:I, s:f}", "top1", evaluation.top1, "top5",
                                      evaluation.top5, "loss", evaluation.loss, "images",
                                      (json_int_t)evaluation.images, "skipped",
                                      (json_int_t)evaluation.skipped, "seconds", evaluation.seconds),
                            error);
    else
        printf("%s: top-1 %.2f %%, top-5 %.2f %% of %zu images, %zu skipped, %.1f s\n", model.path,
               evaluation.top1, evaluation.top5, evaluation.images, evaluation.skipped, evaluation.seconds);
done:
    display_finish(&display);
    images_free(&images);
    model_free(&model);
    return status;
}

const struct command command_eval = {
    .name = "eval",
    .arguments = "MODEL --data D",
    .summary = "Measure a model's accuracy",
    .text = "MODEL is an .onnx file, run in float, or a .sned file, run in integers. Images that cannot be "
            "decoded are named and "
            "skipped; more than one in a hundred is an error.",
    .argument_min = 1,
    .argument_max = 1,
    .keys = {OPTION_DATA, OPTION_SPLIT, OPTION_LIMIT, OPTION_COLOR, OPTION_MEAN, OPTION_SCALE,
             OPTION_LABEL_OFFSET, OPTION_THREADS},
    .run = run_eval,
};
