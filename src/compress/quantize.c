/*
 * quantize.c - from the pruned float network to the integer network.
 *
 * Calibration gives every activation its range; a short retraining lets the weights feel the rounding; both
 * results are measured as integer inference would give them, and the better one is lowered.
 */
#include "base/clock.h"
#include "compress/phases.h"
#include "compress/quantize/quantize.h"

#include <string.h>

/* The integer runtime is exact but plain: it measures as many held-out images as this many MACs are. */
static const double integer_work = 4e10;

static sned_status measure_integer(const struct compression *compression, const struct graph *integer,
                                   double *accuracy, size_t *images, sned_error *error)
{
    struct evaluation evaluation = {0};
    double macs = 1;
    for (int n = 0; n < integer->node_count; n++)
        macs += (double)sned_node_macs(integer, &integer->nodes[n]);
    *images = compression->held_count;
    if ((double)*images * macs > integer_work)
        *images = (size_t)(integer_work / macs) + 1;
    if (*images > compression->held_count)
        *images = compression->held_count;
    const struct evaluate_options how = {.threads = compression->options->threads};
    SNED_TRY(evaluate_integer(integer, compression->dataset, compression->indices + compression->train_count,
                              *images, &how, &evaluation, error));
    *accuracy = evaluation.top1;
    return SNED_OK;
}

/* Retrains a copy with rounding in the forward pass; *graph is replaced where that is better. */
static sned_status retrain_quantized(struct compression *compression, struct graph **graph, double epochs,
                                     struct measure *best, double *seconds, sned_error *error)
{
    struct train_result trained = {0};
    struct measure after;
    struct graph *copy = NULL;
    sned_status status = SNED_OK;
    SNED_TRY_DONE(sned_graph_copy(&copy, *graph, error));
    status = compression_train(compression, copy, epochs, compression->recipe->quantize.rate, true, &trained,
                               error);
    if (status == SNED_ERROR_DIVERGED) {
        status = SNED_OK;
        goto done;
    }
    SNED_TRY_DONE(status);
    *seconds = trained.seconds;
    SNED_TRY_DONE(compression_measure(compression, copy, 0, true, &after, error));
    if (compression_drop(compression, &after) < compression_drop(compression, best)) {
        struct graph *other = *graph;
        *graph = copy;
        copy = other;
        *best = after;
    }
done:
    sned_graph_free(copy);
    return status;
}

/* The prepared graph calibrated, and retrained where that helps: measured before and after. */
static sned_status quantize_float(struct compression *compression, struct graph **graph,
                                  struct measure *plain, struct measure *best, struct decision *decision,
                                  sned_error *error)
{
    const struct recipe *recipe = compression->recipe;
    const struct calibration_options how = {.images = (size_t)recipe->quantize.images,
                                            .batch = recipe->retrain.batch,
                                            .threads = compression->options->threads,
                                            .reporter = compression->options->reporter};
    const struct calibration_images images = {
        .dataset = compression->dataset, .indices = compression->indices, .count = compression->train_count};
    const double epochs = compression_quantize_epochs(compression), started = sned_clock();
    SNED_TRY(quantize_calibrate(*graph, &images, &how, error));
    decision->seconds_cut = sned_clock() - started;
    SNED_TRY(compression_measure(compression, *graph, 0, true, plain, error));
    *best = *plain;
    if (epochs <= 0)
        return SNED_OK;
    return retrain_quantized(compression, graph, epochs, best, &decision->seconds_retrained, error);
}

/* The integer network's accuracy as the result, or the simulation's where too few images could be asked. */
static sned_status judge_integer(struct compression *compression, const struct graph *integer,
                                 const struct measure *simulated, sned_error *error)
{
    double accuracy;
    size_t images;
    SNED_TRY(measure_integer(compression, integer, &accuracy, &images, error));
    compression->result->accuracy_after = accuracy;
    if (images == compression->held_count)
        return SNED_OK;
    sned_report(compression->options->reporter,
                "quantize: integer accuracy %.2f %% on %zu of the held-out images, %.2f %% simulated on all",
                accuracy, images, simulated->accuracy);
    compression->result->accuracy_after = simulated->accuracy;
    return SNED_OK;
}

sned_status quantize_pruned(struct compression *compression, struct graph **integer, sned_error *error)
{
    const double density = compression_density(compression, -1);
    struct decision decision = {.layer = "all",
                                .phase = "quantize",
                                .density_from = density,
                                .density_to = density,
                                .accepted = true};
    struct measure plain, best;
    struct graph *prepared = NULL;
    sned_status status;
    *integer = NULL;
    SNED_TRY_DONE(compression_catch_up(compression, error));
    SNED_TRY_DONE(sned_graph_copy(&prepared, compression->graph, error));
    SNED_TRY_DONE(sned_graph_prepare(prepared, error));
    SNED_TRY_DONE(quantize_float(compression, &prepared, &plain, &best, &decision, error));
    SNED_TRY_DONE(quantize_lower(integer, prepared, error));
    SNED_TRY_DONE(judge_integer(compression, *integer, &best, error));
    decision.accuracy_pruned = plain.accuracy;
    decision.accuracy_retrained = compression->result->accuracy_after;
    status = compression_decide(compression, &decision, &best, "kept", error);
done:
    sned_graph_free(prepared);
    if (status != SNED_OK) {
        sned_graph_free(*integer);
        *integer = NULL;
    }
    return status;
}
