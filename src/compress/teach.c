/*
 * teach.c - distillation: the network as it was given teaches what is left of it.
 *
 * Every retraining then also pulls the pruned network's scores towards the unpruned one's (struct teaching).
 * At weight 1 the labels of the data are not used at all: the images that steer are judged by the teacher's
 * answers too, so that accuracy on them is agreement with it. That is what makes a handful of unlabelled
 * images enough.
 */
#include "compress/compression.h"

#include <stdlib.h>
#include <string.h>

static sned_status answer_images(struct compression *compression, sned_error *error)
{
    struct evaluate_options how = {.threads = compression->options->threads};
    struct evaluation evaluation;
    const size_t images = dataset_size(compression->dataset);
    sned_status status;
    SNED_TRY(sned_alloc(&how.answers, images, sizeof *how.answers, error));
    memset(how.answers, 0xff, images * sizeof *how.answers); /* -1: not seen */
    SNED_TRY_DONE(evaluate_network(compression->teacher, compression->dataset, compression->indices, images,
                                   &how, &evaluation, error));
    dataset_relabel(compression->dataset, how.answers);
done:
    free(how.answers);
    return status;
}

sned_status compression_find_teacher(struct compression *compression, sned_error *error)
{
    if (compression->recipe->distill.weight <= 0)
        return SNED_OK;
    SNED_TRY(sned_graph_copy(&compression->teacher, compression->graph, error));
    SNED_TRY(sned_graph_prepare(compression->teacher, error));
    return compression->recipe->distill.weight < 1 ? SNED_OK : answer_images(compression, error);
}
