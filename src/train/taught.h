/*
 * taught.h - a batch as a network under a teacher is trained on it: mixtures of images among them (mix.h),
 * what the teacher says of each, and the loss by that.
 *
 *     values --taught_batch--> images, mixtures --taught_ask--> the teacher's scores --taught_loss--> loss
 *
 * Without a teacher images are as they are, and the loss is that of the labels.
 */
#ifndef SNED_TRAIN_TAUGHT_H
#define SNED_TRAIN_TAUGHT_H

#include "train/train.h"

struct taught {
    const struct train_options *options; /* borrowed; batch and threads resolved */
    size_t size;                         /* numbers of an image */
    struct executor *teacher;            /* owned; NULL: none */
    float *scores;                       /* owned; [batch][count], of the current batch */
    float *mixed;                        /* owned; [batch][size]; NULL: images are not mixed */
};

/* SNED_ERROR_SHAPE where the teacher has another input or other classes than the graph. */
sned_status taught_open(struct taught *taught, const struct graph *graph, const struct train_options *options,
                        sned_error *error);
void taught_close(struct taught *taught);

/* The batch [batch][size] of this step as it is trained on: the caller's, or one of its own. */
const float *taught_batch(const struct taught *taught, const float *values, uint64_t step);
sned_status taught_ask(const struct taught *taught, const float *values, sned_error *error);
/* The loss of the executor's last forward pass, on the batch that the teacher was asked of. */
sned_status taught_loss(const struct taught *taught, struct executor *executor, const int32_t *labels,
                        double *loss, size_t *correct, sned_error *error);

#endif
