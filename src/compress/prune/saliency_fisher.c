/*
 * saliency_fisher.c - what the loss itself says of cutting a weight: F w^2 / 2, F being the diagonal of
 * Fisher's information (Theis et al. 2018; LeCun et al. 1990 with the Hessian's). The score is its root.
 */
#include "compress/prune/prepared.h"
#include "compress/second/fisher.h"

#include <math.h>

enum { IMAGES = 256 };

static sned_status score_fisher(const struct saliency_context *context, const struct node *node,
                                const struct tensor *weights, float *scores, sned_error *error)
{
    const size_t count = sned_shape_elements(&weights->shape);
    const struct fisher_options how = {.images = IMAGES, .seed = context->seed, .threads = context->threads};
    struct fisher fisher = {0};
    struct prepared prepared;
    sned_status status;
    SNED_TRY_DONE(prepared_make(&prepared, context, node, error));
    SNED_TRY_DONE(fisher_measure(&fisher, prepared.graph, &prepared.images, &how, error));
    const float *values = prepared.weights->data;
    const float *information = fisher.values[prepared.weights - prepared.graph->tensors];
    for (size_t i = 0; i < count; i++) /* what the first output does not depend on has none */
        scores[i] = fabsf(values[i]) * (information ? sqrtf(information[i] / 2) : 1);
done:
    fisher_free(&fisher);
    prepared_free(&prepared);
    return status;
}

const struct saliency saliency_fisher = {.name = "fisher", .score = score_fisher};
