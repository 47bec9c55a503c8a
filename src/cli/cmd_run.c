/*
 * cmd_run.c - sned run: name what is in some pictures.
 */
#include "cli/command.h"
#include "cli/json.h"
#include "cli/model.h"
#include "cli/picture_files.h"
#include "cli/print.h"
#include "cli/progress.h"
#include "cli/session.h"

#include <stdio.h>

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
    for (int k = 0, best = -1; k < top && k < session->classes && status == SNED_OK; k++) {
        best = next_best(session->scores, session->classes, best);
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

/* A run over pictures, some of which may fail. */
struct pass {
    struct session session;
    int top;
    json_t *images, *failed; /* with --json: what was named, and what could not be */
    size_t failures;
};

/* A picture that cannot be named is said and counted; the others go on. Only memory that is out ends all. */
static sned_status note_failure(struct pass *pass, const char *path, const sned_error *why, sned_error *error)
{
    pass->failures++;
    fprintf(stderr, "sned run: %s\n", why->message);
    if (!pass->failed)
        return SNED_OK;
    return json_append(pass->failed, json_pack("{s:s, s:s}", "file", path, "error", why->message), error,
                       "%s", path);
}

static sned_status run_pictures(struct pass *pass, const struct name_list *files, sned_error *error)
{
    for (size_t i = 0; i < files->count; i++) {
        const char *path = files->names[i];
        sned_error why = {0};
        sned_status status = session_picture(&pass->session, path, &why);
        if (status != SNED_OK && (files->count == 1 || status == SNED_ERROR_MEMORY))
            return sned_fail(error, status, "%s", why.message);
        SNED_TRY(status == SNED_OK ? show(&pass->session, path, pass->top, pass->images, error)
                                   : note_failure(pass, path, &why, error));
    }
    return SNED_OK;
}

/* The JSON object, also where pictures failed; these are an error in the end. */
static sned_status finish(struct pass *pass, size_t count, sned_error *error)
{
    if (pass->images)
        SNED_TRY(print_json(json_pack("{s:O, s:O}", "images", pass->images, "failed", pass->failed), error));
    return pass->failures == 0
               ? SNED_OK
               : sned_fail(error, SNED_ERROR_DATA, "%zu of %zu pictures could not be classified",
                           pass->failures, count);
}

static sned_status run_run(const struct options *options, sned_error *error)
{
    struct display display;
    struct reporter reporter = display_reporter(&display, options->quiet);
    struct model model = {0};
    struct name_list files = {0};
    struct pass pass = {.top = options->top > 0 ? (int)options->top : 5,
                        .images = options->json ? json_array() : NULL,
                        .failed = options->json ? json_array() : NULL};
    sned_status status;
    SNED_TRY_DONE(
        picture_files_find(&files, options->arguments + 1, options->argument_count - 1, &reporter, error));
    SNED_TRY_DONE(model_load(&model, options->arguments[0], options, &reporter, error));
    if (!model.graph->rule.is_image) {
        status = sned_fail(error, SNED_ERROR_UNSUPPORTED, "%s: does not take images", model.path);
        goto done;
    }
    SNED_TRY_DONE(model_name_classes(model.graph, NULL, options, error));
    SNED_TRY_DONE(session_new(&pass.session, model.graph, options, error));
    SNED_TRY_DONE(run_pictures(&pass, &files, error));
    status = finish(&pass, files.count, error);
done:
    json_decref(pass.images);
    json_decref(pass.failed);
    session_free(&pass.session);
    model_free(&model);
    name_list_free(&files);
    return status;
}

const struct command command_run = {
    .name = "run",
    .arguments = "MODEL IMAGE|FOLDER...",
    .summary = "Classify pictures",
    .text = "IMAGE is a JPEG or PNG file, FOLDER all that lie below it (.jpg, .jpeg, .png). What cannot be "
            "classified is named and left out, and makes the exit status 1. A picture of another size than "
            "the network's input is brought to "
            "it as the model says, or --resize. "
            "Scores are probabilities in percent.",
    .argument_min = 2,
    .argument_max = 1 << 20,
    .keys = {OPTION_TOP, OPTION_LABELS, OPTION_INPUT, OPTION_COLOR, OPTION_MEAN, OPTION_SCALE, OPTION_RESIZE,
             OPTION_THREADS},
    .run = run_run,
};
