/*
 * regrow.h - weights that were cut come back while the network is retrained, and as many others go.
 *
 * A cut goes by weights as they were before it; what is left of the network may need others. Now and then in
 * a retraining the smallest weights that are kept are cut, and as many of those that are cut come back as
 * zeros: those whose gradients are largest, since they would lower the loss fastest (RigL, Evci et al. 2020).
 * A layer keeps as many weights as before, in its structure.
 *
 *     share of the retraining    0 ... 3/32 ... 6/32 ........ 24/32 .......... 1
 *     exchanged                  share  less (half a cosine) ...        none
 */
#ifndef SNED_COMPRESS_PRUNE_REGROW_H
#define SNED_COMPRESS_PRUNE_REGROW_H

#include "train/train.h"

struct regrowth {
    struct graph *graph; /* that is retrained; borrowed */
    const int *tensors;  /* its weights that may be exchanged: [count]; borrowed */
    int count;
    double share;  /* of what a layer keeps, the first time */
    uint64_t done; /* exchanges so far */
};
/* For train_options; the regrowth is borrowed and changed. */
struct train_guide regrow_guide(struct regrowth *regrowth);

/* One exchange: a share of what the mask keeps. Of weights without a mask, or of a balanced layer whose
 * filters keep unequal numbers, nothing. gradients: one for each weight. */
sned_status regrow_exchange(struct tensor *weights, const float *gradients, double share, sned_error *error);

#endif
