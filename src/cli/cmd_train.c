/*
 * cmd_train.c - sned train: a network's weights from labelled images.
 */
#include "cli/options/choices.h"
#include "cli/options/command.h"
#include "cli/terminal/json.h"
#include "cli/common/model.h"
#include "cli/common/preflight.h"
#include "cli/terminal/print.h"
#include "cli/terminal/progress.h"
#include "compress/compress.h"
#include "io/onnx/onnx.h"
#include "train/settings.h"

#include <math.h>
#include <stdlib.h>

static sned_status parse_schedule(enum schedule *schedule, const char *name, sned_error *error)
{
    int index;
    SNED_TRY(choice_find(&index, OPTION_SCHEDULE, name, error));
    *schedule = (enum schedule)index;
    return SNED_OK;
}

/* Options in place of what settings.h chooses. */
static sned_status override(struct train_options *train, const struct options *options, sned_error *error)
{
    if (!isnan(options->epochs))
        train->epochs = options->epochs;
    if (options->batch > 0)
        train->batch = (int)options->batch;
    if (!isnan(options->rate))
        train->rate = (float)options->rate;
    if (!isnan(options->momentum))
        train->momentum = (float)options->momentum;
    if (!isnan(options->decay))
        train->decay = (float)options->decay;
    if (options->step_epochs > 0)
        train->step_epochs = (int)options->step_epochs;
    if (!isnan(options->step_factor))
        train->step_factor = (float)options->step_factor;
    if (!isnan(options->time_budget))
        train->time_budget = options->time_budget;
    if (options->flip || options->no_flip)
        train->augmentation.flip = options->flip;
    if (options->shift >= 0)
        train->augmentation.shift = (int)options->shift;
    train->seed = (uint64_t)options->seed;
    train->threads = option_threads(options);
    return options->schedule ? parse_schedule(&train->schedule, options->schedule, error) : SNED_OK;
}

/* What is wrong with them whatever the network is. */
static sned_status check_options(const struct options *options, sned_error *error)
{
    struct train_options ignored = train_defaults();
    if (!options->data)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "--data D is missing: which images?");
    SNED_TRY(override(&ignored, options, error));
    if (options->flip && options->no_flip)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "--flip and --no-flip contradict each other");
    if ((options->step_epochs > 0 || !isnan(options->step_factor)) &&
        (!options->schedule || ignored.schedule != SCHEDULE_STEP))
        return sned_fail(error, SNED_ERROR_ARGUMENT,
                         "--step-epochs and --step-factor mean something with --schedule step alone");
    return check_output(options, true, error);
}

/* One line: all that training goes by, and what chose it where no option did. */
static void tell_settings(const struct train_options *train, const struct graph *graph, size_t images,
                          bool trained, const struct reporter *reporter)
{
    const struct extent input = sned_shape_extent(&graph->tensors[graph->input].shape);
    sned_report(
        reporter,
        "training for %g epochs at rate %g, %s, batch %d, momentum %g, decay %g, shift %d, %s: what no "
        "option says is the default for %zu inputs of %d x %d x %d and a network that is %s",
        train->epochs, (double)train->rate, choice_words(OPTION_SCHEDULE)[train->schedule], train->batch,
        (double)train->momentum, (double)train->decay, train->augmentation.shift,
        train->augmentation.flip ? "flip" : "no flip", images, input.channels, input.height, input.width,
        trained ? "trained already" : "new");
}

/* A network is looked at only where that would change something. */
static sned_status choose_settings(struct train_options *train, struct graph *graph,
                                   const struct images *images, const struct options *options,
                                   const struct reporter *reporter, sned_error *error)
{
    bool trained = false;
    if (isnan(options->epochs) || isnan(options->rate) || !options->schedule)
        SNED_TRY(train_is_trained(&trained, graph, images->dataset, images->indices, images->count,
                                  option_threads(options), error));
    SNED_TRY(train_settings(train, graph, images->count, trained, error));
    SNED_TRY(override(train, options, error));
    tell_settings(train, graph, images->count, trained, reporter);
    return SNED_OK;
}

static sned_status print_result(const struct options *options, const struct train_result *result,
                                const struct evaluation *evaluation, sned_error *error)
{
    if (options->json)
        return print_json(json_pack("{s:s, s:f, s:f, s:f, s:I, s:f, s:f, s:i}", "output", options->output,
                                    "loss", result->loss, "train_top1", result->accuracy, "top1",
                                    evaluation->top1, "images", (json_int_t)evaluation->images, "seconds",
                                    result->seconds, "images_per_second", result->images_per_second,
                                    "rollbacks", result->rollbacks),
                          error);
    if (!options->quiet)
        print_line("%s: %.2f %% of %zu test images, trained in %.0f s (%.0f images/s)", options->output,
                   evaluation->top1, evaluation->images, result->seconds, result->images_per_second);
    return SNED_OK;
}

/* Leaves out the images that sned compress holds out to steer by: it can then tell what the network is
 * worth. */
static void leave_out(struct images *images, const struct options *options)
{
    double share = isnan(options->holdout) ? COMPRESS_HELD_SHARE : options->holdout;
    if (share > 0)
        images->count = compress_split(images->indices, images->count, share, COMPRESS_HELD_IMAGES);
}

/* What would be found wrong after hours otherwise. Besides parameters (and masks) a checkpoint has
 * momentum. */
static sned_status rehearse(const struct graph *graph, const struct images *tests, const char *checkpoint,
                            const struct options *options, sned_error *error)
{
    const uint64_t bytes = sned_graph_parameter_bytes(graph);
    SNED_TRY(images_check(tests, options->data, &graph->rule, error));
    SNED_TRY(onnx_check_writable(graph, options->output, error));
    return check_space(options->output, bytes + bytes / 16, checkpoint, 2 * bytes + bytes / 4, error);
}

static sned_status run_train(const struct options *options, sned_error *error)
{
    struct display display;
    struct reporter reporter = display_reporter(&display, options->quiet);
    struct model model = {0};
    struct images images = {0}, tests = {0};
    struct train_options train;
    struct train_result result;
    struct evaluation evaluation = {0};
    char *checkpoint = NULL;
    sned_status status = check_options(options, error);
    if (status != SNED_OK)
        goto done;
    SNED_TRY_DONE(checkpoint_path(&checkpoint, options, error));
    SNED_TRY_DONE(model_load(&model, options->arguments[0], options, &reporter, error));
    if (model.graph->integer) {
        status = sned_fail(error, SNED_ERROR_UNSUPPORTED,
                           "%s: a packed network cannot be trained; train the .onnx it came "
                           "from",
                           model.path);
        goto done;
    }
    SNED_TRY_DONE(images_open(&images, options->data, SPLIT_TRAIN, &model, options, &reporter, error));
    SNED_TRY_DONE(images_open(&tests, options->data, SPLIT_TEST, &model, options, &reporter, error));
    SNED_TRY_DONE(model_name_classes(model.graph, images.dataset, &reporter, error));
    leave_out(&images, options);
    if (!images.count) {
        status = sned_fail(error, SNED_ERROR_DATA, "%s: too few images to leave some out; try --holdout 0",
                           options->data);
        goto done;
    }
    SNED_TRY_DONE(rehearse(model.graph, &tests, checkpoint, options, error));
    SNED_TRY_DONE(train_tell_unjudged(model.graph, &reporter, error));
    SNED_TRY_DONE(choose_settings(&train, model.graph, &images, options, &reporter, error));
    train.checkpoint = checkpoint;
    train.reporter = &reporter;
    SNED_TRY_DONE(
        train_network(model.graph, images.dataset, images.indices, images.count, &train, &result, error));
    SNED_TRY_DONE(model_evaluate(model.graph, &tests, options, &reporter, NULL, &evaluation, error));
    display_finish(&display);
    SNED_TRY_DONE(onnx_write(model.graph, options->output, error));
    checkpoint_remove(checkpoint);
    status = print_result(options, &result, &evaluation, error);
done:
    display_finish(&display);
    images_free(&images);
    images_free(&tests);
    model_free(&model);
    free(checkpoint);
    return status;
}

const struct command command_train = {
    .name = "train",
    .arguments = "NET.onnx --data D -o TRAINED.onnx",
    .summary = "Train a network on labelled images",
    .text =
        "Stochastic gradient descent with momentum on the training split, less the tenth that sned "
        "compress will steer by (--holdout); the test split is only looked at once, at the end. What no "
        "option says is chosen by the network and the number of images (docs/training.md), and told at the "
        "start. Weights that a mask holds at zero stay zero. Of a network with several outputs the first "
        "is trained, or the one that --head names; layers that it does not depend on stay as they are. "
        "After an interruption the same command goes on from the last epoch and ends with the same result. "
        "If the loss runs away, training goes back to the last good epoch and on with a quarter of the "
        "rate. Class folders are numbered by their names as bytes, as torchvision and Keras do, or matched "
        "with the names that the network has; their names go into TRAINED.onnx.",
    .argument_min = 1,
    .argument_max = 1,
    .keys = {OPTION_DATA,         OPTION_OUTPUT,  OPTION_EPOCHS,   OPTION_BATCH,       OPTION_RATE,
             OPTION_MOMENTUM,     OPTION_DECAY,   OPTION_SCHEDULE, OPTION_STEP_EPOCHS, OPTION_STEP_FACTOR,
             OPTION_FLIP,         OPTION_NO_FLIP, OPTION_SHIFT,    OPTION_HOLDOUT,     OPTION_LIMIT,
             OPTION_INPUT,        OPTION_COLOR,   OPTION_MEAN,     OPTION_SCALE,       OPTION_RESIZE,
             OPTION_LABEL_OFFSET, OPTION_LABELS,  OPTION_HEAD,     OPTION_CHECKPOINT,  OPTION_TIME_BUDGET,
             OPTION_SEED,         OPTION_THREADS},
    .run = run_train,
};
