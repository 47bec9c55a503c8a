/*
 * point.c - a point of the curve: trained, made into a file, measured; once, then a record of the journal.
 *
 * Where the integer runtime would take too long over the held-out images, the executor simulates it, rounding
 * as it does.
 */
#include "base/clock.h"
#include "compress/search/search.h"

#include <math.h>
#include <stdlib.h>
#include <stdio.h>

/* Multiply-accumulates that the integer runtime may take for a point: some tens of seconds. */
static const double integer_work = 2e11;

/* struct rate_options: the file's bytes less those that it has without weights. */
static sned_status measure_bytes(void *context, const struct graph *graph, double *bytes, sned_error *error)
{
    const struct rate_search *search = context;
    SNED_TRY(search_bytes(search, graph, bytes, error));
    *bytes = fmax(1, *bytes - search->bare);
    return SNED_OK;
}

/* ---- what it is worth ---- */

static double macs_of(const struct graph *graph)
{
    double macs = 0;
    for (int n = 0; n < graph->node_count; n++)
        macs += (double)sned_node_macs(graph, &graph->nodes[n]);
    return macs;
}

static sned_status measure(const struct rate_search *search, const struct graph *integer,
                           struct measure *measured, sned_error *error)
{
    const struct compression *compression = &search->compression;
    const struct evaluate_options how = {.threads = search->options.threads};
    struct evaluation evaluation = {0};
    if (macs_of(integer) * (double)compression->held_count > integer_work)
        return compression_measure(compression, compression->graph, 0, true, measured, error);
    SNED_TRY(evaluate_integer(integer, compression->dataset, compression->indices + compression->train_count,
                              compression->held_count, &how, &evaluation, error));
    *measured = (struct measure){evaluation.top1, evaluation.loss};
    return SNED_OK;
}

static sned_status fill_record(const struct rate_search *search, struct point_record *record,
                               sned_error *error)
{
    const double started = sned_clock();
    struct graph *integer = NULL;
    struct buffer file = {0};
    sned_status status;
    SNED_TRY_DONE(search_lower(search, &integer, error));
    SNED_TRY_DONE(
        compress_pack(&file, integer, search->options.format, search->options.open_ms, NULL, NULL, error));
    SNED_TRY_DONE(target_bare_bytes(&record->bare, integer, &search->options, error));
    SNED_TRY_DONE(measure(search, integer, &record->measure, error));
    record->bytes = (double)file.size;
    record->elapsed = compression_elapsed(&search->compression);
    record->measuring = sned_clock() - started;
done:
    sned_graph_free(integer);
    sned_buffer_free(&file);
    return status;
}

/* ---- training ---- */

/* What a file may grow by when its activations are calibrated for the last time. */
static const double just_below = 0.999;

/* Zeros of the training before may become weights again: they cost what they cost. */
static void free_zeros(struct graph *graph)
{
    for (int t = 0; t < graph->tensor_count; t++) {
        free(graph->tensors[t].mask);
        graph->tensors[t].mask = NULL;
    }
}

/* Training knows what the file takes; what it ends off by is believed this far, as a short one may have been
 * on its way still. */
static double bytes_to_ask_for(const struct rate_search *search, double wanted)
{
    const double least = 0.85, most = 1.1;
    return fmax(1, fmin(fmax(size_aim_ask(&search->sizes, wanted), least * wanted), most * wanted));
}

/* A deep network that has been trained to a size and is corrected goes on at a quarter of the rate: at the
 * whole of it AlexNet, for 0.2 % of its bytes, lost more than a point that the end of the cosine gave. */
static float correction(const struct rate_search *search)
{
    const bool corrects = search->target.bytes > 0 && search->compression.result->point_count > 1;
    return corrects && search->compression.teacher ? 0.25f : 1;
}

static sned_status train(struct rate_search *search, const struct aim *aim, struct point_record *record,
                         sned_error *error)
{
    struct compression *compression = &search->compression;
    struct rate_options how = plan_rate_options(search);
    struct rate_result result = {0};
    struct reporter quiet = {0}; /* the bar, but no line an epoch */
    if (search->options.reporter)
        quiet = *search->options.reporter;
    quiet.message = NULL;
    how.reporter = &quiet;
    how.rate *= correction(search);
    how.epochs = aim->epochs;
    how.time_budget = aim->seconds;
    how.checkpoint = search->inner_checkpoint;
    how.measure_bytes = measure_bytes;
    how.measure_context = search;
    if (search->options.recipe.train.lambda == 0)
        how.target_bytes = record->asked = bytes_to_ask_for(search, aim->bytes - search->bare);
    if (how.target_bytes > 0 && search->target.bytes > 0)
        how.most_bytes = fmax(1, just_below * search->target.bytes - search->bare);
    free_zeros(compression->graph);
    SNED_TRY(rate_train(compression->graph, compression->dataset, compression->indices,
                        compression->train_count, &how, &result, error));
    record->lambda = result.lambda;
    record->epoch_seconds = result.epoch_seconds;
    record->epochs =
        aim->seconds > 0 ? fmin(aim->epochs, result.seconds / result.epoch_seconds) : aim->epochs;
    return SNED_OK;
}

/* ---- a step ---- */

static struct curve_point make_point(const struct rate_search *search, const struct aim *aim,
                                     const struct point_record *record)
{
    const struct compress_result *result = search->compression.result;
    return (struct curve_point){.bytes = record->bytes,
                                .accuracy = record->measure.accuracy,
                                .loss = record->measure.loss,
                                .wanted = aim->bytes,
                                .lambda = record->lambda,
                                .epochs = record->epochs +
                                          (search->best >= 0 ? result->points[search->best].epochs : 0),
                                .seconds = record->elapsed};
}

static bool is_better(const struct rate_search *search, const struct curve_point *point)
{
    return search->best < 0 ||
           target_prefers(search, point, &search->compression.result->points[search->best]);
}

static sned_status work(struct rate_search *search, const struct aim *aim, struct point_record *record,
                        sned_error *error)
{
    struct compression *compression = &search->compression;
    struct record fresh = {.kind = RECORD_POINT};
    SNED_TRY(aim->epochs > 0    ? train(search, aim, record, error)
             : search->best < 0 ? search_start(search, &record->lambda, error)
                                : search_round(search, &record->lambda, error));
    SNED_TRY(fill_record(search, record, error));
    const struct curve_point point = make_point(search, aim, record);
    SNED_TRY(is_better(search, &point) ? compression_accept(compression, error)
                                       : compression_take_back(compression, error));
    fresh.u.point = *record;
    return compression_record(compression, &fresh, error);
}

static void tell(const struct rate_search *search, const struct curve_point *point, bool better)
{
    char wanted[48] = "";
    if (point->wanted > 0)
        snprintf(wanted, sizeof wanted, " (aimed at %.0f)", point->wanted);
    sned_report(search->options.reporter,
                "point %d: %.0f bytes%s, accuracy %.2f %%, loss %.4f, drop %.2f; %.3g epochs, %.0f s: %s",
                search->compression.result->point_count, point->bytes, wanted, point->accuracy, point->loss,
                search_drop(search, point), point->epochs, point->seconds,
                !better                        ? "no better"
                : target_is_met(search, point) ? "best, as asked for"
                                               : "best so far");
}

/* What the next aim goes by. Training begins at the price at which the one before ended. One that looks for
 * an accuracy begins at the highest at which a network was got that was better: of its rounding, or of its
 * training, which may have had time to spare and ended at next to nothing. A deep one begins at no more than
 * the price of its rounding: at 1e-6 the bits of an AlexNet are thirty nats, and it went from 3.6 to 2.0 MB
 * before the controller knew, where 3.7 had been asked for. */
static void learn(struct rate_search *search, const struct point_record *record, bool better)
{
    search->elapsed = record->elapsed;
    search->measuring = record->measuring;
    search->bare = record->bare;
    if (search_seeks_accuracy(search))
        search->lambda = better ? fmax(search->lambda, record->lambda) : search->lambda;
    else if (record->epochs > 0)
        search->lambda = record->lambda;
    else if (search->compression.teacher && search->options.recipe.train.lambda == 0)
        search->lambda = fmin(search->lambda, record->lambda);
    if (record->asked > 0 && record->bytes > record->bare)
        size_aim_tried(&search->sizes, record->asked, record->bytes - record->bare);
    if (record->epoch_seconds > 0)
        search->compression.result->epoch_seconds = record->epoch_seconds;
}

sned_status search_point(struct rate_search *search, const struct aim *aim, sned_error *error)
{
    struct compression *compression = &search->compression;
    struct compress_result *result = compression->result;
    struct point_record fresh = {0};
    const struct record *done;
    SNED_TRY(compression_replay(compression, RECORD_POINT, &done, error));
    if (!done)
        SNED_TRY(work(search, aim, &fresh, error));
    const struct point_record *record = done ? &done->u.point : &fresh;
    const struct curve_point point = make_point(search, aim, record);
    const bool better = is_better(search, &point);
    SNED_TRY(sned_resize(&result->points, (size_t)result->point_count + 1, sizeof point, error));
    result->points[result->point_count++] = point;
    if (better)
        search->best = result->point_count - 1;
    learn(search, record, better);
    if (!done)
        tell(search, &point, better);
    return SNED_OK;
}
