/*
 * teach.c - distillation: the network as it was given teaches what is left of it.
 *
 * Every retraining then also pulls the pruned network's scores towards the unpruned one's (struct teaching).
 * At weight 1 the labels of the data are not used at all: the images that steer are judged by the teacher's
 * answers too, so that accuracy on them is agreement with it. That is what makes a handful of unlabelled
 * images enough.
 */
#include "compress/session.h"

#include <stdlib.h>
#include <string.h>

static sned_status answer_images(struct session *session, sned_error *error)
{
    struct evaluate_options how = {.threads = session->options->threads};
    struct evaluation evaluation;
    const size_t images = dataset_size(session->dataset);
    sned_status status;
    SNED_TRY(sned_alloc(&how.answers, images, sizeof *how.answers, error));
    memset(how.answers, 0xff, images * sizeof *how.answers); /* -1: not seen */
    SNED_TRY_DONE(evaluate_network(session->teacher, session->dataset, session->indices, images, &how,
                                   &evaluation, error));
    dataset_relabel(session->dataset, how.answers);
done:
    free(how.answers);
    return status;
}

sned_status session_find_teacher(struct session *session, sned_error *error)
{
    if (session->recipe->distill.weight == 0)
        return SNED_OK;
    SNED_TRY(sned_graph_copy(&session->teacher, session->graph, error));
    SNED_TRY(sned_graph_prepare(session->teacher, error));
    return session->recipe->distill.weight < 1 ? SNED_OK : answer_images(session, error);
}
