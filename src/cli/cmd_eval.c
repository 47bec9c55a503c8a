/*
 * cmd_eval.c - sned eval: how many images a model names rightly.
 */
#include "base/memory.h"
#include "base/text.h"
#include "cli/options/choices.h"
#include "cli/options/command.h"
#include "cli/terminal/json.h"
#include "cli/common/model.h"
#include "cli/terminal/print.h"
#include "cli/terminal/progress.h"

#include <stdlib.h>

/* No image has an answer yet. */
static sned_status answers_new(int32_t **answers, size_t count, sned_error *error)
{
    SNED_TRY(sned_alloc(answers, count, sizeof **answers, error));
    for (size_t i = 0; i < count; i++)
        (*answers)[i] = -1;
    return SNED_OK;
}

static sned_status parse_split(enum split *split, const char *name, sned_error *error)
{
    int index = SPLIT_TEST;
    if (name)
        SNED_TRY(choice_find(&index, OPTION_SPLIT, name, error));
    *split = (enum split)index;
    return SNED_OK;
}

/* Answers of --against's model to its own view of the same images, which may have another size and colour
 * order. */
static sned_status ask_other(int32_t **answers, size_t *count, const struct options *options,
                             enum split split, const struct reporter *reporter, sned_error *error)
{
    struct model model = {0};
    struct images images = {0};
    struct evaluation evaluation;
    sned_status status;
    SNED_TRY_DONE(model_load(&model, options->against, options, reporter, error));
    SNED_TRY_DONE(images_open(&images, options->data, split, &model, options, reporter, error));
    *count = images.count;
    SNED_TRY_DONE(answers_new(answers, images.count, error));
    status = model_evaluate(model.graph, &images, options, reporter, *answers, &evaluation, error);
done:
    images_free(&images);
    model_free(&model);
    return status;
}

/* Percent of the images, of those that both have seen, that both put in one class. */
static double agreement(const int32_t *answers, const int32_t *others, size_t count)
{
    size_t seen = 0, alike = 0;
    for (size_t i = 0; i < count; i++) {
        seen += answers[i] >= 0 && others[i] >= 0;
        alike += answers[i] >= 0 && answers[i] == others[i];
    }
    return seen ? 100 * (double)alike / (double)seen : 0;
}

static sned_status print_evaluation(const struct options *options, const struct evaluation *evaluation,
                                    size_t ignored, double agreed, sned_error *error)
{
    if (options->json) {
        json_t *object = json_pack("{s:f, s:f, s:f, s:I, s:I, s:I, s:f}", "top1", evaluation->top1, "top5",
                                   evaluation->top5, "loss", evaluation->loss, "images",
                                   (json_int_t)evaluation->images, "skipped", (json_int_t)evaluation->skipped,
                                   "ignored", (json_int_t)ignored, "seconds", evaluation->seconds);
        if (object && options->against && json_object_set_new(object, "agreement", json_real(agreed)) != 0) {
            json_decref(object);
            object = NULL;
        }
        return print_json(object, error);
    }
    print_line("%s: top-1 %.2f %%, top-5 %.2f %% of %zu %s, %zu skipped, %.1f s", options->arguments[0],
               evaluation->top1, evaluation->top5, evaluation->images,
               sned_text_noun(evaluation->images, "image", "images"), evaluation->skipped,
               evaluation->seconds);
    if (options->against)
        print_line("%s: the same answer for %.2f %% of them", options->against, agreed);
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
    int32_t *answers = NULL, *others = NULL;
    size_t other_count = 0;
    double agreed = 0;
    sned_status status = parse_split(&split, options->split, error);
    if (status == SNED_OK && !options->data)
        status = sned_fail(error, SNED_ERROR_ARGUMENT, "--data D is missing: which images?");
    if (status != SNED_OK)
        goto done;
    SNED_TRY_DONE(model_load(&model, options->arguments[0], options, &reporter, error));
    SNED_TRY_DONE(images_open(&images, options->data, split, &model, options, &reporter, error));
    if (options->against) {
        SNED_TRY_DONE(answers_new(&answers, images.count, error));
        SNED_TRY_DONE(ask_other(&others, &other_count, options, split, &reporter, error));
    }
    SNED_TRY_DONE(model_evaluate(model.graph, &images, options, &reporter, answers, &evaluation, error));
    if (options->against)
        agreed = agreement(answers, others, images.count < other_count ? images.count : other_count);
    display_finish(&display);
    status = print_evaluation(options, &evaluation, dataset_ignored(images.dataset), agreed, error);
done:
    display_finish(&display);
    free(answers);
    free(others);
    images_free(&images);
    model_free(&model);
    return status;
}

const struct command command_eval = {
    .name = "eval",
    .arguments = "MODEL --data D",
    .summary = "Measure a model's accuracy",
    .text =
        "MODEL is an .onnx file, run in float, or a .sned file, run in integers. Images that cannot be "
        "decoded are named and skipped; more than one in a hundred is an error. Every folder of class "
        "folders is a class: that of its name where the network names its classes (or --labels does), else "
        "in the order of their names as bytes, as torchvision and Keras have them, and then there must be as "
        "many as the network has classes. docs/data.md has the rules. With several outputs, the first is "
        "measured, or the one that --head names.",
    .argument_min = 1,
    .argument_max = 1,
    .keys = {OPTION_DATA, OPTION_SPLIT, OPTION_AGAINST, OPTION_LIMIT, OPTION_INPUT, OPTION_COLOR, OPTION_MEAN,
             OPTION_SCALE, OPTION_RESIZE, OPTION_LABEL_OFFSET, OPTION_LABELS, OPTION_HEAD, OPTION_THREADS},
    .run = run_eval,
};
