/*
 * target.c - what was asked for: whether it can be, whether a point has it, which of two comes nearer.
 *
 * Accuracy is asked for as a drop or as a value; both become points below the reference. Of a point two drops
 * are known: the one that was counted on the held-out images, and the estimate that takes the loss in as well
 * (judge.c). Steering goes by the estimate, which is the steadier one; a target is met by both.
 */
#include "compress/quantize/quantize.h"
#include "compress/search/search.h"
#include "graph/passes/compact.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct target target_find(const struct compress_options *options, const struct measure *reference)
{
    const bool any = options->max_bytes > 0 || options->min_accuracy > 0;
    struct target target = {.bytes = options->max_bytes, .drop = INFINITY};
    if (options->max_drop >= 0)
        target.drop = options->max_drop;
    else if (!any)
        target.drop = options->recipe.max_drop;
    if (options->min_accuracy >
        0) /* above a reference that fell when the network forgot: nothing may be lost */
        target.drop = fmin(target.drop, fmax(0, reference->accuracy - options->min_accuracy));
    return target;
}

bool search_seeks_accuracy(const struct rate_search *search)
{
    return search->target.bytes == 0 && search->options.recipe.train.lambda == 0;
}

double search_drop(const struct rate_search *search, const struct curve_point *point)
{
    const struct measure measure = {point->accuracy, point->loss};
    return compression_drop(&search->compression, &measure);
}

double search_slack(const struct rate_search *search, const struct curve_point *point)
{
    const double counted = search->compression.reference.accuracy - point->accuracy;
    return search->target.drop - fmax(counted, search_drop(search, point));
}

/* Points by which a point loses more than is allowed; 0: none. */
static double excess(const struct rate_search *search, const struct curve_point *point)
{
    return fmax(0, -search_slack(search, point));
}

static bool is_small_enough(const struct rate_search *search, const struct curve_point *point)
{
    return search->target.bytes == 0 || point->bytes <= search->target.bytes;
}

bool target_is_met(const struct rate_search *search, const struct curve_point *point)
{
    return is_small_enough(search, point) && excess(search, point) == 0;
}

/* The size comes first, since it is a promise to the byte; then the accuracy that was asked for; then what
 * was not: fewer bytes where the accuracy was, accuracy where the bytes were. */
bool target_prefers(const struct rate_search *search, const struct curve_point *point,
                    const struct curve_point *other)
{
    const bool small = is_small_enough(search, point), small_too = is_small_enough(search, other);
    const double missing = excess(search, point), missing_too = excess(search, other);
    if (small != small_too)
        return small;
    if (!small)
        return point->bytes < other->bytes;
    if (missing != missing_too)
        return missing < missing_too;
    if (search->target.bytes > 0)
        return search_drop(search, point) < search_drop(search, other);
    return point->bytes < other->bytes;
}

void target_tell_missed(const struct rate_search *search, char *line, size_t size)
{
    const struct compress_result *result = search->compression.result;
    const struct curve_point *best = &result->points[search->best];
    const double counted = search->compression.reference.accuracy - best->accuracy;
    if (!is_small_enough(search, best))
        snprintf(line, size,
                 "%.0f bytes were asked for, and %.0f are the fewest that were reached, at %.2f %%: more "
                 "epochs or a larger --time-budget reach fewer",
                 search->target.bytes, best->bytes, best->accuracy);
    else
        snprintf(line, size,
                 "a drop of at most %.2f points was asked for, and %.2f (%.2f with the loss taken in) is the "
                 "least that was reached, with %.0f bytes",
                 search->target.drop, counted, search_drop(search, best), best->bytes);
}

/* ---- before the work ---- */

/* As training leaves it: with a step a layer its filters have one scaling. */
static void share_scaling(struct node *node)
{
    for (int k = 1; sned_node_has_weights(node) && k < node->rules[0].scaling_count; k++)
        node->rules[0].scalings[k] = node->rules[0].scalings[0];
}

sned_status target_bare_bytes(double *bytes, const struct graph *integer,
                              const struct compress_options *options, sned_error *error)
{
    struct graph *empty = NULL;
    struct buffer file = {0};
    sned_status status;
    SNED_TRY_DONE(sned_graph_copy(&empty, integer, error));
    for (int t = 0; t < empty->tensor_count; t++) {
        struct tensor *tensor = &empty->tensors[t];
        if (tensor->data && tensor->type == TENSOR_I8)
            memset(tensor->data, 0, sned_shape_elements(&tensor->shape));
        if (tensor->data && tensor->type == TENSOR_I32)
            memset(tensor->data, 0, sned_shape_elements(&tensor->shape) * sizeof(int32_t));
    }
    for (int n = 0; n < empty->node_count; n++)
        share_scaling(&empty->nodes[n]);
    SNED_TRY_DONE(compress_pack(&file, empty, options->format, options->open_ms, NULL, NULL, error));
    *bytes = (double)file.size;
done:
    sned_graph_free(empty);
    sned_buffer_free(&file);
    return status;
}

/* Weights and biases, before scales are found, which take fewest bytes of activations that are all 0. */
static void clear_parameters(struct graph *graph)
{
    for (int n = 0; n < graph->node_count; n++) {
        const int parameters[] = {node_weights(&graph->nodes[n], 0), node_bias(&graph->nodes[n], 0)};
        for (int i = 0; i < 2; i++)
            if (parameters[i] >= 0 && graph->tensors[parameters[i]].data)
                memset(graph->tensors[parameters[i]].data, 0,
                       sned_shape_elements(&graph->tensors[parameters[i]].shape) * sizeof(float));
    }
}

/* The least that there is: of the last unit in each layer, which training leaves whatever it does. */
static sned_status narrowest_bytes(double *bytes, const struct graph *graph,
                                   const struct compress_options *options, struct dataset *dataset,
                                   sned_error *error)
{
    const uint32_t first[] = {0, 1};
    const struct calibration_options how = {.images = 2, .batch = 2, .threads = options->threads};
    const struct calibration_images images = {.dataset = dataset, .indices = first, .count = 2};
    struct graph *narrow = NULL, *integer = NULL;
    sned_status status;
    SNED_TRY_DONE(sned_graph_copy(&narrow, graph, error));
    SNED_TRY_DONE(sned_graph_prepare(narrow, error));
    SNED_TRY_DONE(sned_graph_narrow(narrow, 0, NULL, error));
    clear_parameters(narrow);
    SNED_TRY_DONE(quantize_calibrate(narrow, &images, &how, error));
    SNED_TRY_DONE(quantize_lower(&integer, narrow, error));
    status = target_bare_bytes(bytes, integer, options, error);
done:
    sned_graph_free(narrow);
    sned_graph_free(integer);
    return status;
}

/* Of a network with several outputs units stay (shrink.h). */
static sned_status check_bytes(const struct compress_options *options, const struct graph *graph,
                               const struct graph *integer, struct dataset *dataset, sned_error *error)
{
    const bool narrows = graph->output_count == 1;
    double least;
    SNED_TRY(target_bare_bytes(&least, integer, options, error));
    if (options->max_bytes < least && narrows)
        SNED_TRY(narrowest_bytes(&least, graph, options, dataset, error));
    if (options->max_bytes >= least)
        return SNED_OK;
    return sned_fail(error, SNED_ERROR_LIMIT,
                     "--max-bytes %.0f: the file of this network takes %.0f bytes even with %severy weight 0",
                     options->max_bytes, least, narrows ? "one unit in each layer and " : "");
}

static sned_status check_accuracy(const struct compress_options *options, struct graph *graph,
                                  struct dataset *dataset, sned_error *error)
{
    const struct recipe *recipe = &options->recipe;
    const struct evaluate_options how = {.threads = options->threads, .reporter = options->reporter};
    const size_t count = dataset_size(dataset);
    struct evaluation evaluation;
    uint32_t *indices = NULL;
    sned_status status;
    SNED_TRY_DONE(sned_alloc(&indices, count, sizeof *indices, error));
    const size_t train = compress_split(indices, count, recipe->holdout, (size_t)recipe->holdout_images);
    SNED_TRY_DONE(evaluate_network(graph, dataset, indices + train, count - train, &how, &evaluation, error));
    if (options->min_accuracy > evaluation.top1)
        status =
            sned_fail(error, SNED_ERROR_LIMIT,
                      "--min-accuracy %g: the network itself has %.2f %% on the held-out images; ask for "
                      "less than that",
                      options->min_accuracy, evaluation.top1);
done:
    free(indices);
    return status;
}

sned_status search_check_targets(const struct compress_options *options, struct graph *graph,
                                 const struct graph *integer, struct dataset *dataset, sned_error *error)
{
    if (options->max_bytes > 0)
        SNED_TRY(check_bytes(options, graph, integer, dataset, error));
    return options->min_accuracy > 0 ? check_accuracy(options, graph, dataset, error) : SNED_OK;
}
