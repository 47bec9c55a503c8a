/*
 * compress_step.c - the steps that compression is made of, each done once and then remembered.
 */
#include "base/clock.h"
#include "compress/session.h"
#include "compress/prune/prune.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a record's values are. */
enum { CUT_ACCURACY, CUT_LOSS, ACCURACY, LOSS, ACCEPTED, FIRST, ROLLBACKS };

enum { SCAN_IMAGES = 2000 };
static const double scan_factor = 0.75, scan_lowest = 0.02;

/* A retraining that diverged and went on at a lower rate: later ones start there. */
static void take_rollbacks(struct session *session, const double *values)
{
    session->rate_factor *= pow(0.25, values[ROLLBACKS]);
}

/* What every accepted measure changes. */
static void take_measure(struct session *session, const struct measure *measure)
{
    session->current = *measure;
    if (session->lowest_loss == 0 || measure->loss < session->lowest_loss)
        session->lowest_loss = measure->loss;
}

sned_status session_baseline(struct session *session, sned_error *error)
{
    double fresh[RECORD_VALUES] = {0};
    const double *values;
    struct measure measure;
    bool live = !session_replay(session, &values);

    if (live) {
        SNED_TRY(session_measure(session, session->graph, 0, false, &measure, error));
        fresh[ACCURACY] = measure.accuracy;
        fresh[LOSS] = measure.loss;
        SNED_TRY(session_record(session, fresh, error));
        values = fresh;
    }
    session->baseline = (struct measure){values[ACCURACY], values[LOSS]};
    session->reference = session->baseline;
    take_measure(session, &session->baseline);
    if (live)
        sned_report(session->options->reporter,
                    "baseline: accuracy %.2f %%, loss %.4f on %zu held-out images; %zu train",
                    values[ACCURACY], values[LOSS], session->held_count, session->train_count);
    return SNED_OK;
}

/* ---- the sensitivity scan ---- */

sned_status session_scores(const struct session *session, int index, float **scores, sned_error *error)
{
    const struct layer *layer = &session->layers[index];
    const struct saliency_context context = {.graph = session->graph,
                                             .dataset = session->dataset,
                                             .indices = session->indices,
                                             .count = session->train_count,
                                             .threads = session->options->threads,
                                             .seed = session->options->seed};

    SNED_TRY(sned_alloc(scores, layer->count, sizeof(**scores), error));
    return session->saliency->score(&context, &session->graph->nodes[layer->node], *scores, error);
}

/* The lowest density of a ladder at which the loss, without retraining, stays within the recipe's bound. */
static sned_status scan_layer(struct session *session, int index, double loss, double *density,
                              sned_error *error)
{
    const struct layer *layer = &session->layers[index];
    struct tensor *weights = &session->graph->tensors[layer->tensor];
    double bound = loss * (1 + session->recipe->search.first);
    double start = (double)layer->kept / (double)layer->count;
    struct measure measure;
    float *scores = NULL;
    sned_status status = SNED_OK;

    *density = start;
    SNED_TRY_DONE(session_scores(session, index, &scores, error));
    for (double d = start * scan_factor; d > scan_lowest; d *= scan_factor) {
        SNED_TRY_DONE(prune_tensor(weights, scores, prune_keep_count(layer->count, d), error));
        SNED_TRY_DONE(session_measure(session, session->graph, SCAN_IMAGES, false, &measure, error));
        if (!(measure.loss <= bound))
            break;
        *density = d;
    }
done:
    free(scores);
    if (status == SNED_OK)
        status = session_take_back(session, error);
    return status;
}

sned_status session_scan(struct session *session, sned_error *error)
{
    struct measure measure = {0};

    for (int i = 0; i < session->layer_count; i++) {
        struct layer *layer = &session->layers[i];
        double fresh[RECORD_VALUES] = {0};
        const double *values = fresh;
        if (layer->skip || layer->fixed > 0)
            continue;
        if (!session_replay(session, &values)) {
            SNED_TRY(session_catch_up(session, error));
            if (measure.loss == 0)
                SNED_TRY(session_measure(session, session->graph, SCAN_IMAGES, false, &measure, error));
            SNED_TRY(scan_layer(session, i, measure.loss, &fresh[FIRST], error));
            SNED_TRY(session_record(session, fresh, error));
            values = fresh;
            sned_report(session->options->reporter, "%-8s %-12s may start at density %.4f", "scan",
                        layer->name, values[FIRST]);
        }
        layer->first = values[FIRST];
    }
    return SNED_OK;
}

/* ---- cuts ---- */

static bool in_cut(const struct session *session, const struct cut *cut, int layer)
{
    if (cut->layer >= 0)
        return cut->layer == layer;
    return !session->layers[layer].skip && session->layers[layer].fixed == 0;
}

/* How many weights the layers of this cut may keep together. */
static size_t cut_total(const struct session *session, const struct cut *cut)
{
    size_t count = 0, others = 0;

    if (cut->layer >= 0)
        return prune_keep_count(session->layers[cut->layer].count, cut->density);
    for (int i = 0; i < session->layer_count; i++) {
        count += session->layers[i].count;
        if (!in_cut(session, cut, i))
            others += session->layers[i].kept;
    }
    size_t total = prune_keep_count(count, cut->density);
    return total > others ? total - others : 0;
}

static sned_status apply_cut(struct session *session, const struct cut *cut, sned_error *error)
{
    struct prune_share *shares = NULL;
    float **scores = NULL;
    int *layers = NULL, count = 0;
    sned_status status = SNED_OK;

    SNED_TRY_DONE(sned_alloc(&shares, (size_t)session->layer_count, sizeof(*shares), error));
    SNED_TRY_DONE(sned_alloc(&scores, (size_t)session->layer_count, sizeof(*scores), error));
    SNED_TRY_DONE(sned_alloc(&layers, (size_t)session->layer_count, sizeof(*layers), error));
    for (int i = 0; i < session->layer_count; i++) {
        const struct layer *layer = &session->layers[i];
        if (!in_cut(session, cut, i))
            continue;
        SNED_TRY_DONE(session_scores(session, i, &scores[count], error));
        shares[count] = (struct prune_share){.scores = scores[count],
                                             .mask = session->graph->tensors[layer->tensor].mask,
                                             .count = layer->count,
                                             .least = prune_keep_count(layer->count, layer->least)};
        layers[count++] = i;
    }
    if (cut->layer >= 0)
        shares[0].keep = cut_total(session, cut);
    else
        SNED_TRY_DONE(prune_divide(shares, count, cut_total(session, cut), error));
    for (int i = 0; i < count; i++)
        SNED_TRY_DONE(prune_tensor(&session->graph->tensors[session->layers[layers[i]].tensor], scores[i],
                                   shares[i].keep, error));
done:
    for (int i = 0; scores != NULL && i < count + 1 && i < session->layer_count; i++)
        free(scores[i]);
    free(scores);
    free(shares);
    free(layers);
    return status;
}

static enum cut_outcome judge(const struct session *session, const struct cut *cut, bool trained,
                              const struct measure *measure)
{
    double drop = session_drop(session, measure);

    if (cut->always)
        return CUT_KEPT;
    if (!trained || !isfinite(measure->loss))
        return CUT_TAKEN_BACK;
    if (drop <= cut->allowance)
        return CUT_KEPT;
    if (cut->trial && !session->on_trial && drop <= cut->allowance + session_noise(session) / 2)
        return CUT_ON_TRIAL;
    return CUT_TAKEN_BACK;
}

/* Prunes, measures, retrains, measures. A retraining that diverges is a cut that failed. */
static sned_status work_cut(struct session *session, const struct cut *cut, double *values,
                            struct decision *decision, sned_error *error)
{
    struct measure pruned, retrained;
    struct train_result trained = {0};
    const double started = sned_clock();

    SNED_TRY(apply_cut(session, cut, error));
    SNED_TRY(session_measure(session, session->graph, 0, false, &pruned, error));
    sned_status status = session_train(session, session->graph, session->recipe->retrain.epochs,
                                       session->recipe->retrain.rate, false, &trained, error);
    if (status != SNED_OK && (status != SNED_ERROR_DIVERGED || cut->always))
        return sned_error_context(error, status, "retraining after a cut");
    SNED_TRY(session_measure(session, session->graph, 0, false, &retrained, error));
    decision->seconds_retrained = trained.seconds;
    decision->seconds_cut = sned_clock() - started - trained.seconds;
    values[ROLLBACKS] = trained.rollbacks;
    values[CUT_ACCURACY] = pruned.accuracy;
    values[CUT_LOSS] = pruned.loss;
    values[ACCURACY] = retrained.accuracy;
    values[LOSS] = retrained.loss;
    values[ACCEPTED] = judge(session, cut, status == SNED_OK, &retrained);
    return SNED_OK;
}

/* Makes the state between steps what the outcome says. */
static sned_status conclude(struct session *session, enum cut_outcome outcome, sned_error *error)
{
    if (outcome == CUT_TAKEN_BACK) {
        if (session->on_trial)
            session_leave_trial(session, true);
        return session_take_back(session, error);
    }
    if (outcome == CUT_ON_TRIAL)
        session_begin_trial(session);
    else
        session_leave_trial(session, false);
    return session_accept(session, error);
}

/* The same for a step that the journal answers, whose record has set each layer's kept weights. */
static void conclude_replayed(struct session *session, enum cut_outcome outcome, const size_t *kept_before)
{
    session->on_trial = outcome == CUT_ON_TRIAL;
    for (int i = 0; i < session->layer_count && session->on_trial; i++)
        session->fallback_kept[i] = kept_before[i];
}

sned_status session_end_trial(struct session *session, sned_error *error)
{
    if (!session->on_trial)
        return SNED_OK;
    session_leave_trial(session, true);
    return session->restored ? session_take_back(session, error) : SNED_OK;
}

static sned_status decide_cut(struct session *session, const struct cut *cut, struct decision *decision,
                              const double *values, bool live, sned_error *error)
{
    static const char *const verdicts[] = {"taken back", "kept", "on trial"};
    enum cut_outcome outcome = (enum cut_outcome)values[ACCEPTED];
    struct measure measure = {values[ACCURACY], values[LOSS]};

    if (outcome == CUT_KEPT)
        take_measure(session, &measure);
    snprintf(decision->layer, sizeof(decision->layer), "%s",
             cut->layer >= 0 ? session->layers[cut->layer].name : "all");
    snprintf(decision->phase, sizeof(decision->phase), "%s", cut->phase);
    decision->density_to = outcome != CUT_TAKEN_BACK ? session_density(session, cut->layer) : cut->density;
    decision->accuracy_pruned = values[CUT_ACCURACY];
    decision->accuracy_retrained = values[ACCURACY];
    decision->accepted = outcome == CUT_KEPT;
    return session_decide(session, decision, &measure, live ? verdicts[outcome] : NULL, error);
}

sned_status session_cut(struct session *session, const struct cut *cut, enum cut_outcome *outcome,
                        sned_error *error)
{
    double fresh[RECORD_VALUES] = {0};
    const double *values = fresh;
    size_t *kept = NULL;
    struct decision decision = {.density_from = session_density(session, cut->layer)};
    sned_status status = SNED_OK;

    SNED_TRY_DONE(sned_alloc(&kept, (size_t)session->layer_count, sizeof(*kept), error));
    for (int i = 0; i < session->layer_count; i++)
        kept[i] = session->layers[i].kept;
    bool live = !session_replay(session, &values);
    if (live) {
        SNED_TRY_DONE(session_catch_up(session, error));
        SNED_TRY_DONE(work_cut(session, cut, fresh, &decision, error));
        SNED_TRY_DONE(conclude(session, (enum cut_outcome)fresh[ACCEPTED], error));
        SNED_TRY_DONE(session_record(session, fresh, error));
    } else {
        conclude_replayed(session, (enum cut_outcome)values[ACCEPTED], kept);
    }
    *outcome = (enum cut_outcome)values[ACCEPTED];
    take_rollbacks(session, values);
    SNED_TRY_DONE(decide_cut(session, cut, &decision, values, live, error));
done:
    free(kept);
    return status;
}

/* ---- retraining without a cut ---- */

sned_status session_retrain(struct session *session, const char *phase, double epochs, float rate,
                            bool always, sned_error *error)
{
    double fresh[RECORD_VALUES] = {0};
    const double *values;
    struct train_result trained = {0};
    double density = session_density(session, -1);
    struct decision decision = {.layer = "all", .density_from = density, .density_to = density};
    bool live = !session_replay(session, &values);

    if (live) {
        struct measure after;
        SNED_TRY(session_catch_up(session, error));
        sned_status status = session_train(session, session->graph, epochs, rate, false, &trained, error);
        if (status != SNED_OK && status != SNED_ERROR_DIVERGED)
            return sned_error_context(error, status, "retraining (%s)", phase);
        SNED_TRY(session_measure(session, session->graph, 0, false, &after, error));
        fresh[ROLLBACKS] = trained.rollbacks;
        fresh[CUT_ACCURACY] = session->current.accuracy;
        fresh[CUT_LOSS] = session->current.loss;
        fresh[ACCURACY] = after.accuracy;
        fresh[LOSS] = after.loss;
        fresh[ACCEPTED] =
            status == SNED_OK && isfinite(after.loss) &&
            (always || session_drop(session, &after) <=
                           session_drop(session, &session->current) + session_noise(session) / 2);
        if (fresh[ACCEPTED] != 0)
            SNED_TRY(session_accept(session, error));
        else
            SNED_TRY(session_take_back(session, error));
        SNED_TRY(session_record(session, fresh, error));
        values = fresh;
    }
    take_rollbacks(session, values);
    if (values[ACCEPTED] != 0)
        take_measure(session, &(struct measure){values[ACCURACY], values[LOSS]});
    snprintf(decision.phase, sizeof(decision.phase), "%s", phase);
    decision.accuracy_pruned = values[CUT_ACCURACY];
    decision.accuracy_retrained = values[ACCURACY];
    decision.seconds_retrained = trained.seconds;
    decision.accepted = values[ACCEPTED] != 0;
    const char *verdict = decision.accepted ? "kept" : "taken back";
    return session_decide(session, &decision, &(struct measure){values[ACCURACY], values[LOSS]},
                          live ? verdict : NULL, error);
}
