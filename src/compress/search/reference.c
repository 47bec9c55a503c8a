/*
 * reference.c - what the accuracy of the network as given is worth on the held-out images.
 *
 * They are training images, and a network that learnt them by heart is better on them than it is
 * (docs/method.md, "Images that steer"). Three ways to know, the cheapest first:
 *
 *     no accuracy was asked for                nothing is counted from it: as it is
 *     the network is better on the images that train than on those held out
 *                                              it knows the former and not the latter: as it is
 *     as good on both                          it knows both, or neither: it is trained on for a while on the
 *                                              former. Where it then falls on the latter it had known them,
 *                                              and what is left is the reference
 *
 * With the network as its own teacher everything is agreement with it, by heart or not.
 */
#include "compress/search/search.h"
#include "compress/step.h"

#include <math.h>

/* Better by so many standard errors of the difference. */
static const double significant = 2.5;
/* Epochs of that training, and points that it may lose by chance. */
static const double settling = 2, forgotten = 0.1;

/* How much better the network is on images that train, as many as steer, than on those; in points. */
static sned_status measure_gap(const struct rate_search *search, double *gap, sned_error *error)
{
    const struct compression *compression = &search->compression;
    const struct evaluate_options how = {.threads = search->options.threads};
    const size_t train = compression->train_count, held = compression->held_count;
    struct evaluation evaluation = {0};
    SNED_TRY(evaluate_network(compression->graph, compression->dataset, compression->indices,
                              train < held ? train : held, &how, &evaluation, error));
    *gap = evaluation.top1 - compression->baseline.accuracy;
    return SNED_OK;
}

static bool asks_for_accuracy(const struct compress_options *options)
{
    return options->max_drop >= 0 || options->min_accuracy > 0 || options->max_bytes == 0;
}

sned_status search_reference(struct rate_search *search, sned_error *error)
{
    struct compression *compression = &search->compression;
    double gap = 0;
    if (!asks_for_accuracy(&search->options) || compression->recipe->distill.weight == 1)
        return SNED_OK;
    SNED_TRY(measure_gap(search, &gap, error));
    if (gap > significant * sqrt(2) * compression_noise(compression))
        return SNED_OK;
    SNED_TRY(step_retrain(compression, "settle", settling, compression->recipe->retrain.rate, true, error));
    if (compression->current.accuracy < compression->baseline.accuracy - forgotten)
        compression->reference = compression->current;
    compression->lowest_loss = compression->reference.loss;
    if (journal_is_at_end(&compression->journal))
        sned_report(search->options.reporter, "reference: accuracy %.2f %%, loss %.4f",
                    compression->reference.accuracy, compression->reference.loss);
    return SNED_OK;
}
