/*
 * compress.c - the whole method, in the order of its phases.
 */
#include "compress/session.h"

#include <stdlib.h>

void compress_result_free(struct compress_result *result)
{
    if (result == NULL)
        return;
    free(result->decisions);
    *result = (struct compress_result){0};
}

static sned_status prune(struct session *session, sned_error *error)
{
    const struct recipe *recipe = session->recipe;

    if (recipe->target_kept > 0)
        return prune_to_target(session, error);
    SNED_TRY(prune_search(session, error));
    if (recipe->peak)
        SNED_TRY(peak_prune(session, error));
    if (!session_has_time(session, recipe->retrain.epochs))
        sned_report(session->options->reporter,
                    "time budget: the search stops here, with %.4f of the weights",
                    session_density(session, -1));
    return SNED_OK;
}

sned_status compress_network(struct graph **integer, struct graph *graph, struct dataset *dataset,
                             const struct compress_options *options, struct compress_result *result,
                             sned_error *error)
{
    struct session session = {0};
    sned_status status = SNED_OK;

    *integer = NULL;
    *result = (struct compress_result){0};
    SNED_TRY_DONE(session_open(&session, graph, dataset, options, result, error));
    SNED_TRY_DONE(session_baseline(&session, error));
    SNED_TRY_DONE(settle_reference(&session, error));
    result->accuracy_before = session.reference.accuracy;
    SNED_TRY_DONE(prune(&session, error));
    double epochs = session_finish_epochs(&session);
    if (epochs > 0)
        SNED_TRY_DONE(session_retrain(&session, "finish", epochs, options->recipe.finish.rate, false, error));
    SNED_TRY_DONE(quantize_session(&session, integer, error));
    if (result->accuracy_before - result->accuracy_after > session.max_drop)
        sned_report(
            options->reporter,
            "accuracy on the held-out images is %.2f points below the start, more than the %.2f allowed",
            result->accuracy_before - result->accuracy_after, session.max_drop);
    if (session.images_per_second > 0)
        result->epoch_seconds = (double)session.train_count / session.images_per_second;
    result->seconds = session_elapsed(&session);
done:
    session_close(&session);
    return status;
}
