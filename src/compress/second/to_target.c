/*
 * to_target.c - see to_target.h. Bytes fall and answers worsen as lambda grows, so it is found by halving an
 * interval of its logarithm. Sizes are guessed from the weights' entropy, which costs nothing, and the guess
 * is mended by the files that are made: three or four of them are enough.
 */
#include "compress/second/to_target.h"
#include "base/memory.h"
#include "compress/aim/bracket.h"
#include "compress/aim/size.h"
#include "compress/second/second_order.h"

#include <math.h>
#include <stdlib.h>

enum {
    JUDGES = 1000,          /* images that judge, at most ... */
    MOST_ANSWERS = 1 << 25, /* ... and numbers that a network says of them */
    REHEARSED_IMAGES = 4,
    MAX_FILES = 12,
    HALVINGS = 40,
    DEFAULT_IMAGES = 500
};
/* Between them every network's: steps of a 127th of the largest weight, and of the largest weight. */
static const double least_lambda = 1e-12, most_lambda = 1;
/* Lambdas so near to each other differ by a percent in bytes. */
static const double near = 1.1, stride = 1.3;
/* A file this little below what was asked for is near enough. */
static const double slack = 0.005;
/* What answers may move by, in nats an image, beside what rounding to 8 bits moves them by: on CIFAR-10's
 * networks about a tenth of a point. */
static const double unnoticed = 0.003;

struct sizing {
    struct graph *graph; /* as calibrated */
    const struct calibration_options *calibration;
    const struct size_target *target;
    struct calibration_images seen, judges;
    uint32_t *indices; /* of both, owned */
    struct scores scores;
    struct answers before;
    struct second_order *second;
    struct agreement plain; /* 8 bits, a scale a filter */
    double lambda;          /* the best so far; 0: none */
};

static void sizing_close(struct sizing *sizing)
{
    second_order_free(sizing->second);
    answers_free(&sizing->before);
    free(sizing->indices);
}

/* ---- images ---- */

/* Of a large set those that judge lie between those that are seen; a quarter of a small one; of a few images,
 * all do both. */
static sned_status divide_images(struct sizing *sizing, const struct calibration_images *images,
                                 sned_error *error)
{
    const size_t wanted = sizing->calibration->images ? sizing->calibration->images : DEFAULT_IMAGES;
    const size_t count = images->count < wanted + JUDGES ? images->count : wanted + JUDGES;
    const size_t most = MOST_ANSWERS / (size_t)sizing->scores.count + 1;
    const size_t fit = most < JUDGES ? most : JUDGES;
    const size_t judges = count / 4 < fit && count < wanted + JUDGES ? count / 4 : fit;
    sizing->seen = sizing->judges = *images;
    if (!images->dataset || judges == 0)
        return SNED_OK;
    SNED_TRY(sned_alloc(&sizing->indices, count, sizeof *sizing->indices, error));
    uint32_t *judge = sizing->indices, *see = judge + judges;
    for (size_t i = 0; i < count; i++) {
        const uint32_t index = images->indices[(size_t)((double)i * (double)images->count / (double)count)];
        if ((i + 1) * judges / count > i * judges / count)
            *judge++ = index;
        else
            *see++ = index;
    }
    sizing->judges.indices = sizing->indices;
    sizing->judges.count = judges;
    sizing->seen.indices = sizing->indices + judges;
    sizing->seen.count = count - judges;
    return SNED_OK;
}

/* ---- what can be had at all ---- */

static sned_status file_bytes(const struct sizing *sizing, const struct graph *graph, uint64_t *bytes,
                              sned_error *error)
{
    struct graph *integer;
    SNED_TRY(quantize_lower(&integer, graph, error));
    const sned_status status = sizing->target->bytes(sizing->target->context, integer, bytes, error);
    sned_graph_free(integer);
    return status;
}

/* The largest weight of each layer for a step. */
static void coarsest_steps(struct graph *graph)
{
    for (int n = 0; n < graph->node_count; n++) {
        const int tensor = node_weights(&graph->nodes[n], 0);
        float largest = 0;
        if (tensor < 0)
            continue;
        const float *values = graph->tensors[tensor].data;
        for (size_t i = 0; i < sned_shape_elements(&graph->tensors[tensor].shape); i++)
            largest = fmaxf(largest, fabsf(values[i]));
        graph->tensors[tensor].quantization = (struct quantization){largest, 8, true};
    }
}

/* Scales of a few images' activations do for a size. */
static sned_status check_bytes(const struct sizing *sizing, sned_error *error)
{
    struct calibration_options few = *sizing->calibration;
    struct graph *copy;
    uint64_t bytes = 0;
    sned_status status;
    few.images = few.batch = REHEARSED_IMAGES;
    few.reporter = NULL;
    SNED_TRY(sned_graph_copy(&copy, sizing->graph, error));
    SNED_TRY_DONE(quantize_calibrate(copy, &sizing->seen, &few, error));
    coarsest_steps(copy);
    SNED_TRY_DONE(file_bytes(sizing, copy, &bytes, error));
    if ((double)bytes > sizing->target->max_bytes)
        status = sned_fail(error, SNED_ERROR_DATA,
                           "%.0f bytes cannot be met without retraining: the smallest file of this network "
                           "has %llu",
                           sizing->target->max_bytes, (unsigned long long)bytes);
done:
    sned_graph_free(copy);
    return status;
}

static sned_status judge(const struct sizing *sizing, struct graph *graph, struct agreement *agreement,
                         sned_error *error)
{
    struct answers after;
    sned_status status = answers_take(&after, graph, &sizing->judges, sizing->judges.count, true,
                                      sizing->calibration->threads, error);
    if (status == SNED_OK)
        *agreement = answers_compare(&sizing->scores, &sizing->before, &after);
    answers_free(&after);
    return status;
}

static sned_status check_drop(const struct sizing *sizing, sned_error *error)
{
    if (sizing->target->max_drop < 0 || sizing->plain.drop <= sizing->target->max_drop)
        return SNED_OK;
    return sned_fail(error, SNED_ERROR_DATA,
                     "a drop of %g points cannot be met without retraining: rounding to 8 bits alone is "
                     "estimated to take %.2f, on %zu images",
                     sizing->target->max_drop, sizing->plain.drop, sizing->plain.images);
}

static sned_status sizing_open(struct sizing *sizing, const struct calibration_images *images,
                               sned_error *error)
{
    const struct second_order_options how = {.seed = sizing->target->seed};
    struct graph *graph = sizing->graph;
    sizing->scores = sned_graph_scores(graph);
    SNED_TRY(divide_images(sizing, images, error));
    if (sizing->target->max_bytes > 0)
        SNED_TRY(check_bytes(sizing, error));
    SNED_TRY(answers_take(&sizing->before, graph, &sizing->judges, sizing->judges.count, false,
                          sizing->calibration->threads, error));
    SNED_TRY(quantize_equalize(graph, &sizing->seen, sizing->calibration, error));
    SNED_TRY(quantize_calibrate(graph, &sizing->seen, sizing->calibration, error));
    SNED_TRY(judge(sizing, graph, &sizing->plain, error));
    SNED_TRY(check_drop(sizing, error));
    return second_order_open(&sizing->second, graph, &sizing->seen, sizing->calibration, &how, error);
}

/* ---- a number of bytes ---- */

/* The lambda at which the entropy is so many bytes, or as near as there is. */
static sned_status lambda_of(const struct sizing *sizing, double bytes, double *lambda, double *entropy,
                             sned_error *error)
{
    double low = least_lambda, high = most_lambda;
    for (int i = 0; i < HALVINGS; i++) {
        *lambda = sqrt(low * high);
        SNED_TRY(second_order_entropy(sizing->second, sizing->graph, *lambda, entropy, error));
        if (*entropy > bytes)
            low = *lambda;
        else
            high = *lambda;
    }
    return SNED_OK;
}

static void tell_bytes(const struct sizing *sizing, double lambda, uint64_t bytes, bool within)
{
    sned_report(sizing->calibration->reporter, "lambda %.3g: %llu bytes, %s", lambda,
                (unsigned long long)bytes, within ? "few enough" : "too many");
}

/* Makes the file; the lambda is the best so far where it is small enough and less than those before. */
static sned_status try_bytes(struct sizing *sizing, double lambda, double *bytes, sned_error *error)
{
    struct graph *copy;
    uint64_t whole = 0;
    SNED_TRY(sned_graph_copy(&copy, sizing->graph, error));
    sned_status status = second_order_apply(sizing->second, copy, lambda, error);
    if (status == SNED_OK)
        status = file_bytes(sizing, copy, &whole, error);
    sned_graph_free(copy);
    SNED_TRY(status);
    *bytes = (double)whole;
    const bool within = *bytes <= sizing->target->max_bytes;
    if (within)
        sizing->lambda = fmin(sizing->lambda, lambda);
    tell_bytes(sizing, lambda, whole, within);
    return SNED_OK;
}

/* The least lambda whose file is no larger, but for the slack. */
static sned_status search_bytes(struct sizing *sizing, sned_error *error)
{
    const double wanted = sizing->target->max_bytes, aim = wanted * (1 - slack / 2);
    struct size_aim sizes = {0}; /* entropies for files */
    double lambda = 0, entropy, bytes = 0;
    sizing->lambda = most_lambda;
    for (int i = 0; i < MAX_FILES && !(bytes <= wanted && bytes > wanted * (1 - slack)); i++) {
        SNED_TRY(lambda_of(sizing, size_aim_ask(&sizes, aim), &lambda, &entropy, error));
        SNED_TRY(try_bytes(sizing, lambda, &bytes, error));
        if (entropy <= 0 || (bytes <= wanted && lambda <= 2 * least_lambda)) /* no more to be had */
            break;
        size_aim_tried(&sizes, entropy, bytes);
    }
    while (sizing->lambda == most_lambda && lambda < most_lambda) { /* guesses that never came below */
        lambda = fmin(lambda * stride, most_lambda);
        SNED_TRY(try_bytes(sizing, lambda, &bytes, error));
    }
    return SNED_OK;
}

/* ---- answers ---- */

static void tell_agreement(const struct sizing *sizing, double lambda, const struct agreement *agreement,
                           bool within)
{
    sned_report(sizing->calibration->reporter,
                "lambda %.3g: of %zu images that set nothing %.2f %% keep their class, divergence %.4f, %.2f "
                "points estimated to be lost: %s",
                lambda, agreement->images, agreement->same, agreement->divergence, agreement->drop,
                within ? "good enough" : "too much");
}

static sned_status is_within(const struct sizing *sizing, double lambda, bool *within, sned_error *error)
{
    const double max_drop = sizing->target->max_drop;
    struct agreement agreement = {0};
    struct graph *copy;
    SNED_TRY(sned_graph_copy(&copy, sizing->graph, error));
    sned_status status = second_order_apply(sizing->second, copy, lambda, error);
    if (status == SNED_OK)
        status = judge(sizing, copy, &agreement, error);
    sned_graph_free(copy);
    SNED_TRY(status);
    *within = max_drop >= 0 ? agreement.drop <= max_drop
                            : agreement.divergence <= sizing->plain.divergence + unnoticed;
    tell_agreement(sizing, lambda, &agreement, *within);
    return SNED_OK;
}

/* The largest lambda by which answers stay within; 0 where none does. */
static sned_status search_answers(struct sizing *sizing, sned_error *error)
{
    struct bracket lambdas = {.held = least_lambda, .failed = most_lambda};
    while (!bracket_is_narrow(&lambdas, near)) {
        const double lambda = bracket_between(&lambdas, 0.5);
        bool within;
        SNED_TRY(is_within(sizing, lambda, &within, error));
        bracket_tried(&lambdas, lambda, within);
        if (within)
            sizing->lambda = lambda;
    }
    return SNED_OK;
}

/* Divergence is of classes. Of numbers that are none, or of other outputs than the first, it says nothing:
 * they could be lost unnoticed. */
static bool answers_are_all(const struct sizing *sizing)
{
    const struct graph *graph = sizing->graph;
    const bool classes = graph->label_count > 0 || sizing->scores.ending != OP_IDENTITY ||
                         (sizing->seen.dataset && dataset_has_labels(sizing->seen.dataset));
    return classes && graph->output_count == 1;
}

/* Without a target. */
static sned_status search_unnoticed(struct sizing *sizing, sned_error *error)
{
    if (answers_are_all(sizing))
        return search_answers(sizing, error);
    sned_report(sizing->calibration->reporter,
                "%s: weights keep 8 bits each; --max-bytes makes the file smaller",
                sizing->graph->output_count > 1 ? "the network has other outputs than the one that is judged"
                                                : "nothing says that what the network gives are classes");
    return SNED_OK;
}

/* The result, in the graph itself. */
static sned_status finish(struct sizing *sizing, struct size_result *result, sned_error *error)
{
    const struct size_target *target = sizing->target;
    SNED_TRY(second_order_apply(sizing->second, sizing->graph,
                                sizing->lambda > 0 ? sizing->lambda : least_lambda, error));
    result->lambda = sizing->lambda;
    SNED_TRY(judge(sizing, sizing->graph, &result->agreement, error));
    SNED_TRY(file_bytes(sizing, sizing->graph, &result->bytes, error));
    result->met = (target->max_bytes <= 0 || (double)result->bytes <= target->max_bytes) &&
                  (target->max_drop < 0 || result->agreement.drop <= target->max_drop);
    return SNED_OK;
}

sned_status quantize_to_target(struct graph *graph, const struct calibration_images *images,
                               const struct calibration_options *calibration,
                               const struct size_target *target, struct size_result *result,
                               sned_error *error)
{
    struct sizing sizing = {.graph = graph, .calibration = calibration, .target = target};
    sned_status status;
    SNED_TRY_DONE(sizing_open(&sizing, images, error));
    SNED_TRY_DONE(target->max_bytes > 0   ? search_bytes(&sizing, error)
                  : target->max_drop >= 0 ? search_answers(&sizing, error)
                                          : search_unnoticed(&sizing, error));
    status = finish(&sizing, result, error);
done:
    sizing_close(&sizing);
    return status;
}
