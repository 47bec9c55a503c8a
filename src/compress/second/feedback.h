/*
 * feedback.h - what a layer's inputs say of errors of its weights: how later weights make good those before.
 */
#ifndef SNED_COMPRESS_SECOND_FEEDBACK_H
#define SNED_COMPRESS_SECOND_FEEDBACK_H

#include "compress/quantize/moments.h"

/* Of one layer; a block is of moments.h, [groups * blocks]. */
struct feedback {
    struct moments moments; /* without the second ones, which became factors, where not `sparse` */
    int **order;            /* of a block: its columns as they are rounded, those that vary most first */
    float **factor;         /* of a block: of its second moments in that order (damped_factor.h) */
    bool sparse;            /* some weights are 0 and stay so: a filter gets a factor of its others alone */
    double share; /* what of the squared errors is left where weights are rounded with feedback, of 1 */
};

/* Of `node`, from the moments of what it reads, which are empty afterwards. feedback_free afterwards in any
 * case. */
sned_status feedback_make(struct feedback *feedback, struct moments *moments, const struct graph *graph,
                          const struct node *node, sned_error *error);
/* Whether second moments are covariances: of a layer with biases, which take the mean of what is left. */
bool feedback_is_centred(const struct node *node);
/* diagonal [columns of the block]: of the inverse of its second moments, damped. */
sned_status feedback_inverse_diagonal(const struct feedback *feedback, int block, double *diagonal,
                                      sned_error *error);
void feedback_free(struct feedback *feedback);

/* *feedback [node_count]: of all Convs and Gemms of a calibrated float graph that have weights and biases of
 * their own; of other nodes empty. feedback_free_all afterwards in any case. */
sned_status feedback_measure(struct feedback **feedback, struct graph *graph,
                             const struct calibration_images *images,
                             const struct calibration_options *options, sned_error *error);
void feedback_free_all(struct feedback *feedback, int node_count); /* NULL is fine */

#endif
