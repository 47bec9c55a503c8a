/*
 * compress_quantize.c - from the pruned float network to the integer network.
 *
 * Calibration gives every activation its range; a short retraining lets the weights feel the rounding; both
 * results are measured as integer inference would give them, and the better one is lowered.
 */
#include "base/clock.h"
#include "compress/session.h"
#include "compress/quantize/quantize.h"

#include <string.h>

/* The integer runtime is exact but plain: it measures as many held-out images as this many MACs are. */
static const double integer_work = 4e10;

static sned_status measure_integer(const struct session *session, const struct graph *integer,
                                   double *accuracy, size_t *images, sned_error *error)
{
    struct evaluation evaluation = {0};
    double macs = 1;

    for (int n = 0; n < integer->node_count; n++)
        macs += (double)sned_node_macs(integer, &integer->nodes[n]);
    *images = session->held_count;
    if ((double)*images * macs > integer_work)
        *images = (size_t)(integer_work / macs) + 1;
    if (*images > session->held_count)
        *images = session->held_count;
    const struct evaluate_options how = {.threads = session->options->threads};
    SNED_TRY(evaluate_integer(integer, session->dataset, session->indices + session->train_count, *images,
                              &how, &evaluation, error));
    *accuracy = evaluation.top1;
    return SNED_OK;
}

/* Retrains a copy with rounding in the forward pass; *graph is replaced where that is better. */
static sned_status retrain_quantized(struct session *session, struct graph **graph, double epochs,
                                     struct measure *best, double *seconds, sned_error *error)
{
    struct train_result trained = {0};
    struct measure after;
    struct graph *copy = NULL;
    sned_status status = SNED_OK;

    SNED_TRY_DONE(sned_graph_copy(&copy, *graph, error));
    status = session_train(session, copy, epochs, session->recipe->quantize.rate, true, &trained, error);
    if (status == SNED_ERROR_DIVERGED) {
        status = SNED_OK;
        goto done;
    }
    SNED_TRY_DONE(status);
    *seconds = trained.seconds;
    SNED_TRY_DONE(session_measure(session, copy, 0, true, &after, error));
    if (session_drop(session, &after) < session_drop(session, best)) {
        struct graph *other = *graph;
        *graph = copy;
        copy = other;
        *best = after;
    }
done:
    sned_graph_free(copy);
    return status;
}

sned_status quantize_session(struct session *session, struct graph **integer, sned_error *error)
{
    const struct reporter *reporter = session->options->reporter;
    const struct calibration_options calibration = {.images = (size_t)session->recipe->quantize.images,
                                                    .batch = session->recipe->retrain.batch,
                                                    .threads = session->options->threads,
                                                    .reporter = reporter};
    const struct calibration_images images_seen = {
        .dataset = session->dataset, .indices = session->indices, .count = session->train_count};
    double epochs = session_quantize_epochs(session), density = session_density(session, -1), accuracy;
    struct decision decision = {.layer = "all",
                                .phase = "quantize",
                                .density_from = density,
                                .density_to = density,
                                .accepted = true};
    struct measure plain, best;
    struct graph *prepared = NULL;
    size_t images;
    sned_status status = SNED_OK;

    *integer = NULL;
    SNED_TRY_DONE(session_catch_up(session, error));
    SNED_TRY_DONE(sned_graph_copy(&prepared, session->graph, error));
    SNED_TRY_DONE(sned_graph_prepare(prepared, error));
    const double started = sned_clock();
    SNED_TRY_DONE(quantize_calibrate(prepared, &images_seen, &calibration, error));
    decision.seconds_cut = sned_clock() - started;
    SNED_TRY_DONE(session_measure(session, prepared, 0, true, &plain, error));
    best = plain;
    if (epochs > 0)
        SNED_TRY_DONE(
            retrain_quantized(session, &prepared, epochs, &best, &decision.seconds_retrained, error));
    SNED_TRY_DONE(quantize_lower(integer, prepared, error));
    SNED_TRY_DONE(measure_integer(session, *integer, &accuracy, &images, error));
    session->result->accuracy_after = accuracy;
    if (images < session->held_count)
        sned_report(
            reporter,
            "quantize: integer accuracy %.2f %% on %zu of the held-out images, %.2f %% simulated on all",
            accuracy, images, best.accuracy);
    if (images < session->held_count)
        session->result->accuracy_after = best.accuracy;
    decision.accuracy_pruned = plain.accuracy;
    decision.accuracy_retrained = session->result->accuracy_after;
    SNED_TRY_DONE(session_decide(session, &decision, &best, "kept", error));
done:
    sned_graph_free(prepared);
    if (status != SNED_OK) {
        sned_graph_free(*integer);
        *integer = NULL;
    }
    return status;
}
