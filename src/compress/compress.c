/*
 * compress.c - the whole method, in the order of its phases.
 */
#include "compress/phases.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

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

/* Which layers stay as they are, because nothing would tell what a cut of them costs. */
static sned_status tell_unjudged(const struct compression *compression, sned_error *error)
{
    const struct graph *graph = compression->graph;
    const size_t layers = (size_t)compression->layer_count;
    struct compress_result *result = compression->result;
    char names[200] = "";
    SNED_TRY(sned_resize(&result->unjudged, layers, sizeof *result->unjudged, error));
    for (size_t i = 0; i < layers; i++) {
        const struct layer *layer = &compression->layers[i];
        if (layer->judged)
            continue;
        memcpy(result->unjudged[result->unjudged_count++], layer->name, sizeof layer->name);
        sned_text_list(names, sizeof names, layer->name);
    }
    const size_t count = (size_t)result->unjudged_count;
    if (count > 0)
        sned_report(
            compression->options->reporter,
            "%zu %s (%s) %s neither cut nor retrained: accuracy is that of output '%.80s', which does "
            "not depend on %s",
            count, sned_text_noun(count, "layer", "layers"), names, sned_text_noun(count, "is", "are"),
            graph->tensors[graph->outputs[0]].name, sned_text_noun(count, "it", "them"));
    return SNED_OK;
}

sned_status compress_network(struct graph **integer, struct graph *graph, struct dataset *dataset,
                             const struct compress_options *options, struct compress_result *result,
                             sned_error *error)
{
    struct compression compression = {0};
    sned_status status = SNED_OK;
    *integer = NULL;
    *result = (struct compress_result){0};
    SNED_TRY_DONE(compression_open(&compression, graph, dataset, options, result, error));
    SNED_TRY_DONE(tell_unjudged(&compression, error));
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
