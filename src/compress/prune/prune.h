/*
 * prune.h - cutting: from scores to masks, and from a total to a share for each layer.
 */
#ifndef SNED_COMPRESS_PRUNE_PRUNE_H
#define SNED_COMPRESS_PRUNE_PRUNE_H

#include "base/error.h"
#include "graph/graph.h"

/* The number of weights that a density leaves of `count`: rounded, at least 1. */
size_t prune_keep_count(size_t count, double density);

/*
 * Leaves the `keep` weights of highest score among those that the tensor's mask still keeps; the others
 * become zero in weights and mask. Of equal scores the lower index stays. scores: one for each element.
 */
sned_status prune_tensor(struct tensor *weights, const float *scores, size_t keep, sned_error *error);

/* One layer's part in dividing a total. */
struct prune_share {
    const float *scores; /* [count]; borrowed */
    const uint8_t *mask; /* [count] or NULL; borrowed */
    size_t count;
    size_t least; /* never fewer than these (where it still has them) */
    size_t keep;  /* out */
};

/*
 * Divides `total` kept weights over the layers by one threshold for all of them on layer-adaptive scores
 * (LAMP, Lee et al. 2021): s^2 over the sum of the squares of the layer's scores that are not smaller. The
 * best weight of each layer scores 1, so that no layer vanishes. The keeps sum up to `total`, or as near as
 * `least` and what the masks still keep allow.
 */
sned_status prune_divide(struct prune_share *shares, int share_count, size_t total, sned_error *error);

#endif
