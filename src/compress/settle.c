/*
 * settle.c - what the network's accuracy is worth: the reference that every drop is counted from.
 *
 * The held-out images are training images, and the given network has most likely been trained on them. Its
 * accuracy there is then that of learning by heart (99.9 % where 98.6 % of new images are right), no
 * retraining without them can keep it, and every cut would look like a loss. So the whole network is first
 * retrained on the other images, in passes, until it has forgotten; the mean of the last two passes is the
 * reference. A network that never saw the held-out images does not fall in the first pass, and its own
 * accuracy is the reference.
 */
#include "compress/phases.h"

/* Points: a first pass that loses no more than this has nothing to forget. */
static const double forgotten = 0.1;

sned_status settle_reference(struct compression *compression, sned_error *error)
{
    const struct recipe_settle *settle = &compression->recipe->settle;
    struct measure before = compression->baseline;
    for (int pass = 0; pass < settle->passes && settle->epochs > 0; pass++) {
        if (!compression_has_time(compression, settle->epochs))
            break;
        before = compression->current;
        SNED_TRY(step_retrain(compression, "settle", settle->epochs, compression->recipe->retrain.rate, true,
                              error));
        if (pass == 0 && compression->current.accuracy >= compression->baseline.accuracy - forgotten)
            break;
        compression->reference = compression->current;
        if (pass > 0)
            compression->reference = (struct measure){(compression->current.accuracy + before.accuracy) / 2,
                                                      (compression->current.loss + before.loss) / 2};
    }
    compression->lowest_loss =
        compression->current.loss; /* a loss on images learnt by heart is no measure either */
    if (journal_is_at_end(&compression->journal))
        sned_report(compression->options->reporter, "reference: accuracy %.2f %%, loss %.4f",
                    compression->reference.accuracy, compression->reference.loss);
    return SNED_OK;
}
