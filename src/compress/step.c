/*
 * step.c - see step.h: the network measured as it is, a cut with the retraining after it, a retraining alone.
 *
 * Each is in two halves. The first does the work and makes the record; it is passed over where the journal
 * has the record. The second makes of the record what the phases see: measures, densities, a line of the log.
 */
#include "compress/step.h"
#include "base/clock.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* A retraining that diverged and went on at a lower rate: later ones start there. */
static void take_rollbacks(struct compression *compression, int rollbacks)
{
    compression->rate_factor *= pow(0.25, rollbacks);
}

/* What every accepted measure changes. */
static void take_measure(struct compression *compression, const struct measure *measure)
{
    compression->current = *measure;
    if (compression->lowest_loss == 0 || measure->loss < compression->lowest_loss)
        compression->lowest_loss = measure->loss;
}

/* ---- the baseline ---- */

sned_status step_baseline(struct compression *compression, sned_error *error)
{
    struct record fresh = {.kind = RECORD_BASELINE};
    struct measure *measure = &fresh.u.baseline.measure;
    const struct record *done;
    SNED_TRY(compression_replay(compression, RECORD_BASELINE, &done, error));
    if (done) {
        *measure = done->u.baseline.measure;
    } else {
        SNED_TRY(compression_measure(compression, compression->graph, 0, false, measure, error));
        SNED_TRY(compression_record(compression, &fresh, error));
        sned_report(compression->options->reporter,
                    "baseline: accuracy %.2f %%, loss %.4f on %zu held-out %s; %zu train", measure->accuracy,
                    measure->loss, compression->held_count,
                    sned_text_noun(compression->held_count, "image", "images"), compression->train_count);
    }
    compression->baseline = compression->reference = *measure;
    take_measure(compression, measure);
    return SNED_OK;
}

/* ---- cuts: the work ---- */

static bool is_in_cut(const struct compression *compression, const struct cut *cut, int layer)
{
    return cut->layer >= 0 ? cut->layer == layer : layer_is_searched(&compression->layers[layer]);
}

/* How many weights the layers of this cut may keep together. */
static size_t cut_total(const struct compression *compression, const struct cut *cut)
{
    size_t count = 0, others = 0;
    if (cut->layer >= 0)
        return prune_keep_count(compression->layers[cut->layer].count, cut->density);
    for (int i = 0; i < compression->layer_count; i++) {
        count += compression->layers[i].count;
        if (!is_in_cut(compression, cut, i))
            others += compression->layers[i].kept;
    }
    const size_t total = prune_keep_count(count, cut->density);
    return total > others ? total - others : 0;
}

static sned_status cut_one(struct compression *compression, const struct cut *cut, sned_error *error)
{
    float *scores = NULL;
    sned_status status = compression_scores(compression, cut->layer, &scores, error);
    if (status == SNED_OK)
        status = compression_cut(compression, cut->layer, scores, cut_total(compression, cut), error);
    free(scores);
    return status;
}

static sned_status cut_together(struct compression *compression, const struct cut *cut, sned_error *error)
{
    struct division division;
    sned_status status;
    SNED_TRY_DONE(divide_layers(&division, compression, cut_total(compression, cut), error));
    for (int i = 0; i < division.count; i++)
        SNED_TRY_DONE(compression_cut(compression, division.layers[i], division.shares[i].scores,
                                      division.shares[i].keep, error));
done:
    division_free(&division);
    return status;
}

static enum cut_outcome judge(const struct compression *compression, const struct cut *cut, bool trained,
                              const struct measure *measure)
{
    const double drop = compression_drop(compression, measure);
    if (cut->always)
        return CUT_KEPT;
    if (!trained || !isfinite(measure->loss))
        return CUT_TAKEN_BACK;
    if (drop <= cut->allowance)
        return CUT_KEPT;
    if (cut->trial && !compression->on_trial && drop <= cut->allowance + compression_noise(compression) / 2)
        return CUT_ON_TRIAL;
    return CUT_TAKEN_BACK;
}

/* Prunes, measures, retrains, measures. A retraining that diverges is a cut that failed. */
static sned_status work_cut(struct compression *compression, const struct cut *cut, struct cut_record *record,
                            struct decision *decision, sned_error *error)
{
    const double started = sned_clock();
    struct train_result trained = {0};
    SNED_TRY(cut->layer >= 0 ? cut_one(compression, cut, error) : cut_together(compression, cut, error));
    SNED_TRY(compression_measure(compression, compression->graph, 0, false, &record->pruned, error));
    const sned_status status = compression_recover(compression, &trained, error);
    if (status != SNED_OK && (status != SNED_ERROR_DIVERGED || cut->always))
        return sned_error_context(error, status, "retraining after a cut");
    SNED_TRY(compression_measure(compression, compression->graph, 0, false, &record->retrained, error));
    record->rollbacks = trained.rollbacks;
    record->outcome = judge(compression, cut, status == SNED_OK, &record->retrained);
    decision->seconds_retrained = trained.seconds;
    decision->seconds_cut = sned_clock() - started - trained.seconds;
    return SNED_OK;
}

/* Makes the state between steps what the outcome says. */
static sned_status conclude(struct compression *compression, enum cut_outcome outcome, sned_error *error)
{
    if (outcome == CUT_TAKEN_BACK) {
        if (compression->on_trial)
            compression_leave_trial(compression, true);
        return compression_take_back(compression, error);
    }
    if (outcome == CUT_ON_TRIAL)
        compression_begin_trial(compression);
    else
        compression_leave_trial(compression, false);
    return compression_accept(compression, error);
}

/* ---- cuts: the step ---- */

static sned_status decide_cut(struct compression *compression, const struct cut *cut,
                              struct decision *decision, const struct cut_record *record, bool live,
                              sned_error *error)
{
    static const char *const verdicts[] = {
        [CUT_TAKEN_BACK] = "taken back", [CUT_KEPT] = "kept", [CUT_ON_TRIAL] = "on trial"};
    const char *layer = cut->layer >= 0 ? compression->layers[cut->layer].name : "all";
    if (record->outcome == CUT_KEPT)
        take_measure(compression, &record->retrained);
    snprintf(decision->layer, sizeof decision->layer, "%s", layer);
    snprintf(decision->phase, sizeof decision->phase, "%s", cut->phase);
    decision->density_to =
        record->outcome != CUT_TAKEN_BACK ? compression_density(compression, cut->layer) : cut->density;
    decision->accuracy_pruned = record->pruned.accuracy;
    decision->accuracy_retrained = record->retrained.accuracy;
    decision->accepted = record->outcome == CUT_KEPT;
    return compression_decide(compression, decision, &record->retrained,
                              live ? verdicts[record->outcome] : NULL, error);
}

sned_status step_cut(struct compression *compression, const struct cut *cut, enum cut_outcome *outcome,
                     sned_error *error)
{
    struct record fresh = {.kind = RECORD_CUT};
    struct cut_record *record = &fresh.u.cut;
    struct decision decision = {.density_from = compression_density(compression, cut->layer)};
    const struct record *done;
    compression_remember(compression);
    SNED_TRY(compression_replay(compression, RECORD_CUT, &done, error));
    if (done) {
        *record = done->u.cut;
        compression->on_trial = record->outcome == CUT_ON_TRIAL;
    } else {
        SNED_TRY(work_cut(compression, cut, record, &decision, error));
        SNED_TRY(conclude(compression, record->outcome, error));
        SNED_TRY(compression_record(compression, &fresh, error));
    }
    *outcome = record->outcome;
    take_rollbacks(compression, record->rollbacks);
    return decide_cut(compression, cut, &decision, record, !done, error);
}

sned_status step_end_trial(struct compression *compression, sned_error *error)
{
    if (!compression->on_trial)
        return SNED_OK;
    compression_leave_trial(compression, true);
    return compression->restored ? compression_take_back(compression, error) : SNED_OK;
}

/* ---- retraining without a cut ---- */

static sned_status work_retraining(struct compression *compression, double epochs, float rate, bool always,
                                   struct retraining_record *record, double *seconds, sned_error *error)
{
    struct train_result trained = {0};
    const sned_status status =
        compression_train(compression, compression->graph, epochs, rate, false, &trained, error);
    if (status != SNED_OK && status != SNED_ERROR_DIVERGED)
        return status;
    record->before = compression->current;
    SNED_TRY(compression_measure(compression, compression->graph, 0, false, &record->after, error));
    const double most = compression_drop(compression, &record->before) + compression_noise(compression) / 2;
    record->kept = status == SNED_OK && isfinite(record->after.loss) &&
                   (always || compression_drop(compression, &record->after) <= most);
    record->rollbacks = trained.rollbacks;
    *seconds = trained.seconds;
    return record->kept ? compression_accept(compression, error) : compression_take_back(compression, error);
}

sned_status step_retrain(struct compression *compression, const char *phase, double epochs, float rate,
                         bool always, sned_error *error)
{
    const double density = compression_density(compression, -1);
    struct record fresh = {.kind = RECORD_RETRAINING};
    struct retraining_record *record = &fresh.u.retraining;
    struct decision decision = {.layer = "all", .density_from = density, .density_to = density};
    const struct record *done;
    SNED_TRY(compression_replay(compression, RECORD_RETRAINING, &done, error));
    if (done) {
        *record = done->u.retraining;
    } else {
        SNED_TRY(sned_error_context(
            error,
            work_retraining(compression, epochs, rate, always, record, &decision.seconds_retrained, error),
            "retraining (%s)", phase));
        SNED_TRY(compression_record(compression, &fresh, error));
    }
    take_rollbacks(compression, record->rollbacks);
    if (record->kept)
        take_measure(compression, &record->after);
    snprintf(decision.phase, sizeof decision.phase, "%s", phase);
    decision.accuracy_pruned = record->before.accuracy;
    decision.accuracy_retrained = record->after.accuracy;
    decision.accepted = record->kept;
    const char *const verdict = record->kept ? "kept" : "taken back";
    return compression_decide(compression, &decision, &record->after, done ? NULL : verdict, error);
}
