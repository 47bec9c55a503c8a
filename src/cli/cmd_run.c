/*
 * cmd_run.c - sned run: name what is in some pictures, or in samples of values.
 */
#include "base/memory.h"
#include "cli/options/command.h"
#include "cli/common/input_size.h"
#include "cli/terminal/json.h"
#include "cli/common/model.h"
#include "cli/common/picture_files.h"
#include "cli/common/preflight.h"
#include "cli/terminal/print.h"
#include "cli/terminal/progress.h"
#include "cli/common/raw.h"
#include "cli/common/session.h"

#include <stdio.h>
#include <stdlib.h>

/* The class with the highest score that is below `previous` in the order (score, then lower index). */
static int next_best(const float *scores, int classes, int previous)
{
    int best = -1;
    for (int i = 0; i < classes; i++) {
        bool after =
            previous < 0 || scores[i] < scores[previous] || (scores[i] == scores[previous] && i > previous);
        if (after && (best < 0 || scores[i] > scores[best]))
            best = i;
    }
    return best;
}

/* The top classes of the image just run: printed, or appended to `images`. */
static sned_status show(const struct session *session, const char *path, int top, json_t *images,
                        sned_error *error)
{
    json_t *list = images ? json_array() : NULL;
    if (!images)
        print_line("%s", path);
    sned_status status = SNED_OK;
    for (int k = 0, best = -1; k < top && k < session->kind.classes && status == SNED_OK; k++) {
        best = next_best(session->scores, session->kind.classes, best);
        if (best < 0)
            break;
        const char *label = graph_label(session->graph, best);
        char number[16];
        snprintf(number, sizeof number, "%d", best);
        if (images)
            status = json_append(list,
                                 json_pack("{s:i, s:s, s:f}", "class", best, "label", label ? label : number,
                                           "score", (double)session->scores[best]),
                                 error, "%s: the score or label of class %d", path, best);
        else
            print_line("  %6.2f %%  %-4d %s", 100 * (double)session->scores[best], best, label ? label : "");
    }
    if (images && status == SNED_OK)
        return json_append(images, json_pack("{s:s, s:o}", "file", path, "top", list), error, "%s", path);
    json_decref(list);
    return status;
}

/* A run over pictures and samples, some of which may fail. */
struct inputs_run {
    const struct options *options;
    const struct reporter *reporter;
    struct model model;
    struct session session;
    struct raw raw;
    int top;
    json_t *images, *failed; /* with --json: what was named, and what could not be */
    size_t inputs, failures;
};

/* What the session just answered of the input called `name`. */
static sned_status give(struct inputs_run *pass, const char *name, sned_error *error)
{
    pass->inputs++;
    if (pass->options->raw)
        SNED_TRY(raw_add(&pass->raw, name, pass->session.raw, error));
    return show(&pass->session, name, pass->top, pass->images, error);
}

static sned_status run_picture(struct inputs_run *pass, const char *path, sned_error *error)
{
    char hint[INPUT_HINT];
    if (!pass->model.graph->rule.is_image)
        return sned_fail(error, SNED_ERROR_UNSUPPORTED,
                         "%s: takes no pictures, and %s is no array of values (.npy, .npz)%s",
                         pass->model.path, path, input_size_hint(hint, pass->model.graph));
    SNED_TRY(session_picture(&pass->session, path, error));
    return give(pass, path, error);
}

/* Every sample of x.npy or a.npz. */
static sned_status run_arrays(struct inputs_run *pass, const char *spec, sned_error *error)
{
    struct images samples = {0};
    void *item = NULL;
    char name[4096];
    int32_t label;
    size_t got;
    sned_status status;
    SNED_TRY_DONE(
        images_open_pictures(&samples, spec, SPLIT_TEST, &pass->model, pass->options, pass->reporter, error));
    SNED_TRY_DONE(sned_alloc(&item, 1, dataset_item_size(samples.dataset), error));
    for (uint32_t i = 0; i < samples.count; i++) {
        dataset_where(samples.dataset, i, name, sizeof name);
        SNED_TRY_DONE(dataset_read(samples.dataset, &i, 1, item, &label, &got, error));
        status = session_item(&pass->session, dataset_item_type(samples.dataset), item, error);
        SNED_TRY_DONE(sned_error_context(error, status, "%s", name));
        SNED_TRY_DONE(give(pass, name, error));
    }
done:
    free(item);
    images_free(&samples);
    return status;
}

/* What cannot be named is said and counted; the others go on. Only memory that is out ends all. */
static sned_status note_failure(struct inputs_run *pass, const char *path, const sned_error *why,
                                sned_error *error)
{
    pass->inputs++;
    pass->failures++;
    fprintf(stderr, "sned run: %s\n", why->message);
    if (!pass->failed)
        return SNED_OK;
    return json_append(pass->failed, json_pack("{s:s, s:s}", "file", path, "error", why->message), error,
                       "%s", path);
}

static bool has_pictures(const struct name_list *files)
{
    for (size_t i = 0; i < files->count; i++)
        if (!spec_names_arrays(files->names[i]))
            return true;
    return false;
}

static sned_status run_files(struct inputs_run *pass, const struct name_list *files, sned_error *error)
{
    for (size_t i = 0; i < files->count; i++) {
        const char *path = files->names[i];
        sned_error why = {0};
        sned_status status =
            spec_names_arrays(path) ? run_arrays(pass, path, &why) : run_picture(pass, path, &why);
        if (status != SNED_OK && (files->count == 1 || status == SNED_ERROR_MEMORY))
            return sned_fail(error, status, "%s", why.message);
        if (status != SNED_OK)
            SNED_TRY(note_failure(pass, path, &why, error));
    }
    return SNED_OK;
}

/* The JSON object and the raw output, also where some inputs failed; these are an error in the end. */
static sned_status finish(struct inputs_run *pass, sned_error *error)
{
    /* Rows of a .npy have no names that would tell which are missing. */
    if (pass->options->raw && (pass->failures == 0 || pass->raw.is_npz))
        SNED_TRY(raw_write(&pass->raw, error));
    if (pass->images)
        SNED_TRY(print_json(json_pack("{s:O, s:O}", "images", pass->images, "failed", pass->failed), error));
    return pass->failures == 0
               ? SNED_OK
               : sned_fail(error, SNED_ERROR_DATA, "%zu of %zu inputs could not be classified%s%s",
                           pass->failures, pass->inputs,
                           pass->options->raw && !pass->raw.is_npz ? ", so without " : "",
                           pass->options->raw && !pass->raw.is_npz ? pass->options->raw : "");
}

/* A result that is no classification is an error; with --raw it is written, and no class named. */
static sned_status check_classes(struct inputs_run *pass, sned_error *error)
{
    sned_error why = {0};
    sned_status status = sned_graph_check_scores(pass->model.graph, &why);
    if (status != SNED_OK && !pass->options->raw)
        return sned_fail(error, status, "%s: %s", pass->model.path, why.message);
    if (status != SNED_OK) {
        pass->top = 0;
        sned_report(pass->reporter, "%s: no classes are named: %s", pass->model.path, why.message);
    }
    return SNED_OK;
}

static sned_status run_run(const struct options *options, sned_error *error)
{
    struct display display;
    struct reporter reporter = display_reporter(&display, options->quiet);
    struct name_list files = {0};
    struct inputs_run pass = {.options = options,
                              .reporter = &reporter,
                              .top = options->top > 0 ? (int)options->top : 5,
                              .images = options->json ? json_array() : NULL,
                              .failed = options->json ? json_array() : NULL};
    sned_status status;
    SNED_TRY_DONE(check_raw(options, error));
    SNED_TRY_DONE(
        picture_files_find(&files, options->arguments + 1, options->argument_count - 1, &reporter, error));
    SNED_TRY_DONE(model_load(&pass.model, options->arguments[0], options, &reporter, error));
    SNED_TRY_DONE(check_classes(&pass, error));
    if (options->raw)
        SNED_TRY_DONE(raw_open(&pass.raw, options->raw, pass.model.graph, error));
    if (has_pictures(&files)) /* before the session folds what the network itself scales */
        model_assume_pictures(&pass.model, &reporter);
    SNED_TRY_DONE(session_new(&pass.session, pass.model.graph, options, error));
    SNED_TRY_DONE(run_files(&pass, &files, error));
    status = finish(&pass, error);
done:
    json_decref(pass.images);
    json_decref(pass.failed);
    raw_free(&pass.raw);
    session_free(&pass.session);
    model_free(&pass.model);
    name_list_free(&files);
    return status;
}

const struct command command_run = {
    .name = "run",
    .arguments = "MODEL IMAGE|FOLDER|VALUES...",
    .summary = "Classify pictures, or samples of values",
    .text =
        "IMAGE is a JPEG or PNG file, FOLDER all that lie below it (.jpg, .jpeg, .png). What cannot be "
        "classified is named and left out, and makes the exit status 1. A picture of another size than "
        "the network's input is brought to it as the model says, or --resize. VALUES is a .npy or .npz file "
        "of NumPy's with samples, [N] in front: float32 is the network's input as it is, after mean and "
        "scale; uint8 is pixels where the network takes pictures, else numbers. Scores are probabilities "
        "in percent; --raw writes what the network gives.",
    .argument_min = 2,
    .argument_max = 1 << 20,
    .keys = {OPTION_TOP, OPTION_RAW, OPTION_LABELS, OPTION_HEAD, OPTION_INPUT, OPTION_COLOR, OPTION_MEAN,
             OPTION_SCALE, OPTION_RESIZE, OPTION_THREADS},
    .run = run_run,
};
