/*
 * cmd_run.c - sned run: name what is in some pictures.
 */
#include "cli/command.h"
#include "cli/json.h"
#include "cli/model.h"
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

static sned_status run_run(const struct options *options, sned_error *error)
{
    struct display display;
    struct reporter reporter = display_reporter(&display, options->quiet);
    struct model model = {0};
    struct session session = {0};
    int top = options->top > 0 ? (int)options->top : 5;
    json_t *images = options->json ? json_array() : NULL;
    sned_status status;
    SNED_TRY_DONE(model_load(&model, options->arguments[0], options, &reporter, error));
    if (!model.graph->rule.is_image) {
        status = sned_fail(error, SNED_ERROR_UNSUPPORTED, "%s: does not take images", model.path);
        goto done;
    }
    SNED_TRY_DONE(model_name_classes(model.graph, NULL, options, error));
    SNED_TRY_DONE(session_new(&session, model.graph, options, error));
    for (int i = 1; i < options->argument_count; i++) {
        SNED_TRY_DONE(session_picture(&session, options->arguments[i], error));
        SNED_TRY_DONE(show(&session, options->arguments[i], top, images, error));
    }
    if (images) {
        status = print_json(json_pack("{s:O}", "images", images), error);
    }
done:
    json_decref(images);
    session_free(&session);
    model_free(&model);
    return status;
}

const struct command command_run = {
    .name = "run",
    .arguments = "MODEL IMAGE...",
    .summary = "Classify pictures",
    .text = "IMAGE is a JPEG or PNG file. A picture of another size than the network's input is brought to "
            "it as the model says, or --resize. "
            "Scores are probabilities in percent.",
    .argument_min = 2,
    .argument_max = 1 << 20,
    .keys = {OPTION_TOP, OPTION_LABELS, OPTION_COLOR, OPTION_MEAN, OPTION_SCALE, OPTION_RESIZE,
             OPTION_THREADS},
    .run = run_run,
};
