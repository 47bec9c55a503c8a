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
#include "compress/session.h"

/* Points: a first pass that loses no more than this has nothing to forget. */
static const double forgotten = 0.1;

sned_status settle_reference(struct session *session, sned_error *error)
{
    const struct recipe_settle *settle = &session->recipe->settle;
    struct measure before = session->baseline;

    for (int pass = 0; pass < settle->passes && settle->epochs > 0; pass++) {
        if (!session_has_time(session, settle->epochs))
            break;
        before = session->current;
        SNED_TRY(
            session_retrain(session, "settle", settle->epochs, session->recipe->retrain.rate, true, error));
        if (pass == 0 && session->current.accuracy >= session->baseline.accuracy - forgotten)
            break;
        session->reference = session->current;
        if (pass > 0)
            session->reference = (struct measure){(session->current.accuracy + before.accuracy) / 2,
                                                  (session->current.loss + before.loss) / 2};
    }
    session->lowest_loss = session->current.loss; /* a loss on images learnt by heart is no measure either */
    if (session->step == session->recorded)
        sned_report(session->options->reporter, "reference: accuracy %.2f %%, loss %.4f",
                    session->reference.accuracy, session->reference.loss);
    return SNED_OK;
}
