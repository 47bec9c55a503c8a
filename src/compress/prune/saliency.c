/*
 * saliency.c - the list of criteria, and the oldest of them: magnitude (Han et al. 2015).
 */
#include "compress/prune/saliency.h"

#include <math.h>
#include <string.h>

static sned_status score_magnitude(const struct saliency_context *context, const struct node *node,
                                   const struct tensor *weights, float *scores, sned_error *error)
{
    const float *values = weights->data;
    size_t n = sned_shape_elements(&weights->shape);
    (void)error;
    for (size_t i = 0; i < n; i++)
        scores[i] = fabsf(values[i]);
    return SNED_OK;
}

const struct saliency saliency_magnitude = {.name = "magnitude", .score = score_magnitude};

static const struct saliency *const criteria[] = {&saliency_magnitude, &saliency_fisher, &saliency_obs};

const struct saliency *saliency_find(const char *name)
{
    for (size_t i = 0; i < sizeof criteria / sizeof *criteria; i++)
        if (strcmp(criteria[i]->name, name) == 0)
            return criteria[i];
    return NULL;
}

const char *saliency_names(void)
{
    return "magnitude, fisher, obs";
}
