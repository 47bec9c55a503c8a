/*
 * feedback.h - what a layer's inputs say of errors of its weights: how later weights make good those before.
 */
#ifndef SNED_COMPRESS_SECOND_FEEDBACK_H
#define SNED_COMPRESS_SECOND_FEEDBACK_H

#include "compress/quantize/moments.h"

/* Of one layer; a block is of moments.h, [groups * blocks]. */
struct feedback {
    struct moments moments; /* without the second ones, which became factors */
    int **order;            /* of a block: its columns as they are rounded, those that vary most first */
    float **factor;         /* of a block: of its second moments in that order (damped_factor.h) */
    double share; /* what of the squared errors is left where weights are rounded with feedback, of 1 */
};

/* Takes the moments, which are empty afterwards. centred: the layer has biases, which take the mean of what
 * rounding leaves. feedback_free afterwards in either case. */
sned_status feedback_make(struct feedback *feedback, struct moments *moments, const struct node *node,
                          bool centred, sned_error *error);
/* diagonal [columns of the block]: of the inverse of its second moments, damped. */
sned_status feedback_inverse_diagonal(const struct feedback *feedback, int block, double *diagonal,
                                      sned_error *error);
void feedback_free(struct feedback *feedback);

#endif
