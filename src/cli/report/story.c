/*
 * story.c - see story.h.
 *
 * Method rate leaves the points of its curve. Method paper leaves decisions; how many of all weights each of
 * them would have kept makes a curve of them, too.
 */
#include "cli/report/story.h"
#include "cli/report/words.h"
#include "cli/terminal/table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static sned_status add_point(struct report_facts *facts, const struct curve_point *point, sned_error *error)
{
    SNED_TRY(sned_resize(&facts->points, (size_t)facts->point_count + 1, sizeof *facts->points, error));
    facts->points[facts->point_count++] = *point;
    return SNED_OK;
}

/* ---- method rate ---- */

static sned_status tell_point(struct report_facts *facts, const struct curve_point *point, sned_error *error)
{
    char bytes[32], wanted[32];
    const int number = facts->point_count + 1;
    SNED_TRY(add_point(facts, point, error));
    format_count(bytes, (uint64_t)point->bytes);
    format_count(wanted, (uint64_t)point->wanted);
    const char *end = point->chosen ? ", and became the result" : "";
    if (point->wanted > 0)
        return report_tell(
            facts, error,
            "Network %d was trained towards %s bytes: its file has %s, and is right on %.2f %% "
            "of the held-out images%s.",
            number, wanted, bytes, point->accuracy, end);
    return report_tell(
        facts, error,
        "Network %d is the one given, rounded: its file has %s bytes, and is right on %.2f %% of "
        "the held-out images%s.",
        number, bytes, point->accuracy, end);
}

static sned_status tell_targets(struct report_facts *facts, const struct compress_options *options,
                                sned_error *error)
{
    char bytes[32];
    if (options->max_bytes > 0)
        SNED_TRY(report_tell(facts, error, "Asked for: at most %s bytes.",
                             format_count(bytes, (uint64_t)options->max_bytes)));
    if (options->max_drop >= 0)
        SNED_TRY(report_tell(facts, error, "Asked for: at most %.2f points of the held-out accuracy lost.",
                             options->max_drop));
    if (options->min_accuracy > 0)
        SNED_TRY(report_tell(facts, error, "Asked for: at least %.2f %% of the held-out images right.",
                             options->min_accuracy));
    facts->wanted_bytes = options->max_bytes > 0 ? options->max_bytes : NAN;
    facts->wanted_accuracy = options->min_accuracy > 0 ? options->min_accuracy
                             : options->max_drop >= 0  ? facts->steered_before - options->max_drop
                                                       : NAN;
    return SNED_OK;
}

/* ---- method paper ---- */

static const char *phase_text(const char *phase)
{
    static const char *const words[][2] = {{"reversed", "Reversed-pruning"},
                                           {"forward", "Pruning, first to last"},
                                           {"joint", "Pruning, all together"},
                                           {"peak", "Peak-pruning"},
                                           {"quantize", "8 bits"},
                                           {"settle", "Retraining before all cuts"},
                                           {"finish", "Retraining after them"}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcmp(words[i][0], phase))
            return words[i][1];
    return phase;
}

/* Not kept, and yet where the next cut of the layer begins. */
static bool is_on_trial(const struct compress_result *result, int index)
{
    const struct decision *decision = &result->decisions[index], *next = decision + 1;
    return !decision->accepted && index + 1 < result->decision_count && decision->density_to < 1 &&
           !strcmp(decision->layer, next->layer) && decision->density_to == next->density_from;
}

static const char *verdict(const struct compress_result *result, int index)
{
    return result->decisions[index].accepted ? "kept"
           : is_on_trial(result, index)      ? "on trial"
                                             : "taken back";
}

static sned_status tell_decision(struct report_facts *facts, const struct compress_result *result, int index,
                                 sned_error *error)
{
    const struct decision *decision = &result->decisions[index];
    const double seconds = decision->seconds_cut + decision->seconds_retrained;
    const char *phase = phase_text(decision->phase), *end = verdict(result, index);
    char took[40] = "", time[32];
    if (seconds > 0)
        snprintf(took, sizeof took, " in %s", time_text(time, seconds));
    if (decision->density_from == decision->density_to)
        return report_tell(facts, error, "%s, %s: %.2f %% right before, %.2f %% retrained%s: %s.", phase,
                           decision->layer, decision->accuracy_pruned, decision->accuracy_retrained, took,
                           end);
    return report_tell(facts, error,
                       "%s, %s: from %.2f to %.2f %% of its weights; %.2f %% right when cut, %.2f %% "
                       "retrained%s: %s.",
                       phase, decision->layer, 100 * decision->density_from, 100 * decision->density_to,
                       decision->accuracy_pruned, decision->accuracy_retrained, took, end);
}

static double all_weights(const struct report_facts *facts)
{
    double all = 0;
    for (int i = 0; i < facts->layer_count; i++)
        all += (double)facts->layers[i].weights_before;
    return all;
}

/* Weights that are left where a layer, or "all", of a network of `kept` goes from one density to another. */
static double weights_left(const struct report_facts *facts, const struct decision *decision, double kept,
                           double from)
{
    for (int i = 0; i < facts->layer_count; i++)
        if (!strncmp(facts->layers[i].name, decision->layer, sizeof decision->layer - 1))
            return kept + (double)facts->layers[i].weights_before * (decision->density_to - from);
    return all_weights(facts) * decision->density_to;
}

static sned_status tell_decisions(struct report_facts *facts, const struct compress_result *result,
                                  sned_error *error)
{
    double kept = all_weights(facts), from = 1, seconds = 0;
    facts->points_are_weights = true;
    for (int i = 0; i < result->decision_count; i++) {
        const struct decision *decision = &result->decisions[i];
        if (i == 0 || !is_on_trial(result, i - 1))
            from = decision->density_from;
        struct curve_point point = {.bytes = weights_left(facts, decision, kept, from),
                                    .accuracy = decision->accuracy_retrained,
                                    .chosen = i == result->decision_count - 1};
        point.seconds = seconds += decision->seconds_cut + decision->seconds_retrained;
        SNED_TRY(add_point(facts, &point, error));
        SNED_TRY(tell_decision(facts, result, i, error));
        kept = decision->accepted ? point.bytes : kept;
    }
    return SNED_OK;
}

/* ---- either ---- */

sned_status story_of_compress(struct report_facts *facts, const struct compress_result *result,
                              const struct compress_options *options, sned_error *error)
{
    if (!facts->command)
        return SNED_OK;
    facts->steered_before = result->accuracy_before;
    SNED_TRY(report_tell(facts, error, "The network as given is right on %.2f %% of the held-out images.",
                         result->accuracy_before));
    SNED_TRY(tell_targets(facts, options, error));
    for (int i = 0; i < result->unjudged_count; i++)
        SNED_TRY(report_tell(facts, error, "%s: no accuracy judges it, so it was neither cut nor retrained.",
                             result->unjudged[i]));
    for (int i = 0; i < result->point_count; i++)
        SNED_TRY(tell_point(facts, &result->points[i], error));
    if (result->decision_count > 0)
        SNED_TRY(tell_decisions(facts, result, error));
    return result->missed[0] ? report_tell(facts, error, "What was asked for is not met: %s.", result->missed)
                             : SNED_OK;
}
