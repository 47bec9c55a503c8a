/*
 * judge.c - what a measure on the held-out images is worth, and the log of what was decided by it.
 *
 * A drop of 0.1 point is five of 5,000 images, less than what chance moves the accuracy by from one
 * retraining to the next; the loss, in which every image counts and not only those near the edge, is far
 * steadier, and near the baseline mistakes grow about as the loss does. So the drop is estimated from both:
 * mistakes that were counted, and those expected from how far the loss is above the lowest of any accepted
 * state.
 */
#include "compress/compression.h"

#include <math.h>

/* Share of the counted mistakes in the estimate of the drop; the rest is the loss's. */
static const double accuracy_weight = 0.25;

double compression_drop(const struct compression *compression, const struct measure *measure)
{
    const double by_accuracy = compression->reference.accuracy - measure->accuracy;
    double mistakes = 100 - compression->reference.accuracy, by_loss = 0;
    if (mistakes < 0.1)
        mistakes = 0.1;
    if (compression->lowest_loss > 0)
        by_loss = mistakes * (measure->loss / compression->lowest_loss - 1);
    return accuracy_weight * by_accuracy + (1 - accuracy_weight) * by_loss;
}

double compression_noise(const struct compression *compression)
{
    const double right = compression->reference.accuracy;
    return sqrt(fmax(right * (100 - right), 1) / (double)compression->held_count);
}

sned_status compression_decide(struct compression *compression, const struct decision *decision,
                               const struct measure *after, const char *verdict, sned_error *error)
{
    struct compress_result *result = compression->result;
    SNED_TRY(sned_resize(&result->decisions, (size_t)result->decision_count + 1, sizeof *result->decisions,
                         error));
    result->decisions[result->decision_count++] = *decision;
    if (verdict)
        sned_report(
            compression->options->reporter,
            "%-8s %-12s density %.4f -> %.4f, accuracy %.2f cut, %.2f retrained (loss %.4f, drop %.2f): %s",
            decision->phase, decision->layer, decision->density_from, decision->density_to,
            decision->accuracy_pruned, decision->accuracy_retrained, after->loss,
            compression_drop(compression, after), verdict);
    return SNED_OK;
}
