/*
 * compress.c - the whole method, in the order of its phases.
 */
#include "compress/phases.h"

#include <stdlib.h>

void compress_result_free(struct compress_result *result)
{
    if (!result)
        return;
    free(result->points);
    free(result->decisions);
    free(result->unjudged);
    *result = (struct compress_result){0};
}

static sned_status prune(struct compression *compression, sned_error *error)
{
    const struct recipe *recipe = compression->recipe;
    if (recipe->target_kept > 0)
        return prune_to_target(compression, error);
    SNED_TRY(prune_search(compression, error));
    if (recipe->peak)
        SNED_TRY(prune_peak(compression, error));
    if (!compression_has_time(compression, recipe->retrain.epochs))
        sned_report(compression->options->reporter,
                    "time budget: the search stops here, with %.4f of the weights",
                    compression_density(compression, -1));
    return SNED_OK;
}

sned_status compress_paper(struct graph **integer, struct graph *graph, struct dataset *dataset,
                           const struct compress_options *options, struct compress_result *result,
                           sned_error *error)
{
    struct compression compression = {0};
    sned_status status = SNED_OK;
    *integer = NULL;
    *result = (struct compress_result){0};
    SNED_TRY_DONE(compression_open(&compression, graph, dataset, options, result, error));
    SNED_TRY_DONE(compression_tell_unjudged(&compression, error));
    SNED_TRY_DONE(step_baseline(&compression, error));
    SNED_TRY_DONE(settle_reference(&compression, error));
    result->accuracy_before = compression.reference.accuracy;
    SNED_TRY_DONE(prune(&compression, error));
    double epochs = compression_finish_epochs(&compression);
    if (epochs > 0)
        SNED_TRY_DONE(
            step_retrain(&compression, "finish", epochs, options->recipe.finish.rate, false, error));
    SNED_TRY_DONE(quantize_pruned(&compression, integer, error));
    if (result->accuracy_before - result->accuracy_after > compression.max_drop)
        sned_report(
            options->reporter,
            "accuracy on the held-out images is %.2f points below the start, more than the %.2f allowed",
            result->accuracy_before - result->accuracy_after, compression.max_drop);
    if (compression.images_per_second > 0)
        result->epoch_seconds = (double)compression.train_count / compression.images_per_second;
    result->seconds = compression_elapsed(&compression);
done:
    compression_close(&compression);
    return status;
}
