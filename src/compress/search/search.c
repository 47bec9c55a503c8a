/*
 * search.c - method rate in the order of its steps: see search.h.
 */
#include "compress/search/search.h"
#include "compress/step.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Loss for a bit that training begins with, where it shall find the one that leads to a size. */
static const double first_lambda = 1e-6;

static sned_status open_search(struct rate_search *search, struct graph *graph, struct dataset *dataset,
                               const struct compress_options *options, struct compress_result *result,
                               sned_error *error)
{
    search->options = *options;
    if (options->checkpoint && asprintf(&search->inner_checkpoint, "%s.training", options->checkpoint) < 0) {
        search->inner_checkpoint = NULL;
        return sned_fail(error, SNED_ERROR_MEMORY, "out of memory");
    }
    search->best = -1;
    search->lambda = options->recipe.train.lambda > 0 ? options->recipe.train.lambda : first_lambda;
    search->said_epochs = options->recipe.train.epochs;
    SNED_TRY(sned_graph_prepare(graph, error));
    SNED_TRY(
        plan_training(&search->options.recipe, graph, dataset_size(dataset), options->max_bytes > 0, error));
    return compression_open(&search->compression, graph, dataset, &search->options, result, error);
}

/* The points until the search ends, from that of the network without training. */
static sned_status walk(struct rate_search *search, sned_error *error)
{
    struct aim aim = {0};
    SNED_TRY(search_point(search, &aim, error));
    while (search_next(search, &aim))
        SNED_TRY(search_point(search, &aim, error));
    return compression_catch_up(&search->compression, error);
}

static void conclude(struct rate_search *search)
{
    struct compression *compression = &search->compression;
    struct compress_result *result = compression->result;
    struct curve_point *best = &result->points[search->best];
    best->chosen = true;
    result->accuracy_after = best->accuracy;
    if (!target_is_met(search, best))
        target_tell_missed(search, result->missed, sizeof result->missed);
    result->seconds = compression_elapsed(compression);
}

sned_status compress_rate(struct graph **integer, struct graph *graph, struct dataset *dataset,
                          const struct compress_options *options, struct compress_result *result,
                          sned_error *error)
{
    struct rate_search search = {0};
    sned_status status;
    *integer = NULL;
    *result = (struct compress_result){0};
    SNED_TRY_DONE(open_search(&search, graph, dataset, options, result, error));
    SNED_TRY_DONE(compression_tell_unjudged(&search.compression, error));
    SNED_TRY_DONE(step_baseline(&search.compression, error));
    SNED_TRY_DONE(search_reference(&search, error));
    result->accuracy_before = search.compression.reference.accuracy;
    search.target = target_find(&search.options, &search.compression.reference);
    SNED_TRY_DONE(search_narrow(&search, error));
    SNED_TRY_DONE(walk(&search, error));
    SNED_TRY_DONE(search_lower(&search, integer, error));
    conclude(&search);
    if (search.inner_checkpoint) /* all that it led to is in the journal */
        unlink(search.inner_checkpoint);
done:
    free(search.inner_checkpoint);
    compression_close(&search.compression);
    return status;
}
