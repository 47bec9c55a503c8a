/*
 * saliency_obs.c - Optimal Brain Surgeon (Hassibi and Stork 1993) on a layer's own inputs, as in Optimal
 * Brain Compression (Frantar and Alistarh 2022).
 *
 * With H = E[x x^T] of what a filter reads, cutting weight i and letting the others make good for it costs
 * w_i^2 / (2 [H^-1]_ii); the score is its root. After a cut of many the others are moved column by column,
 * each making good what the cut ones before it have left (SparseGPT, Frantar and Alistarh 2023), which is
 * exact for the last and near for the first.
 */
#include "base/memory.h"
#include "compress/prune/prepared.h"
#include "compress/second/round_weights.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Of one node; the others' moments are given back. */
static sned_status measure_feedback(struct feedback *feedback, struct graph *graph, int node,
                                    const struct calibration_images *images, int threads, sned_error *error)
{
    const struct calibration_options how = {.threads = threads};
    struct moments *moments = NULL;
    *feedback = (struct feedback){0};
    sned_status status = moments_measure(&moments, graph, images, &how, error);
    if (status == SNED_OK)
        status = feedback_make(feedback, &moments[node], graph, &graph->nodes[node], error);
    for (int n = 0; moments && n < graph->node_count; n++)
        moments_free(&moments[n]);
    free(moments);
    return status;
}

/* Of the filters that read one block. */
static sned_status score_block(const struct feedback *feedback, int block, const float *weights,
                               float *scores, sned_error *error)
{
    const struct moments *moments = &feedback->moments;
    const size_t each = (size_t)(moments->filters / moments->groups), columns = (size_t)moments->columns;
    const int blocks = moments_blocks(moments), start = moments_start(moments, block % blocks);
    const int size = moments_start(moments, block % blocks + 1) - start;
    double *diagonal;
    SNED_TRY(sned_alloc(&diagonal, (size_t)size, sizeof *diagonal, error));
    const sned_status status = feedback_inverse_diagonal(feedback, block, diagonal, error);
    for (size_t k = (size_t)(block / blocks) * each;
         status == SNED_OK && k < (size_t)(block / blocks + 1) * each; k++)
        for (int i = 0; i < size; i++) {
            const size_t at = k * columns + (size_t)(start + i);
            scores[at] = (float)(fabs((double)weights[at]) / sqrt(2 * diagonal[i]));
        }
    free(diagonal);
    return status;
}

static sned_status score_obs(const struct saliency_context *context, const struct node *node,
                             const struct tensor *weights, float *scores, sned_error *error)
{
    struct feedback feedback = {0};
    struct prepared prepared;
    sned_status status;
    (void)weights;
    SNED_TRY_DONE(prepared_make(&prepared, context, node, error));
    SNED_TRY_DONE(measure_feedback(&feedback, prepared.graph, prepared.node, &prepared.images,
                                   context->threads, error));
    const int blocks = feedback.moments.groups * moments_blocks(&feedback.moments);
    for (int i = 0; i < blocks; i++)
        SNED_TRY_DONE(score_block(&feedback, i, prepared.weights->data, scores, error));
done:
    feedback_free(&feedback);
    prepared_free(&prepared);
    return status;
}

static sned_status adjust_obs(const struct saliency_context *context, struct graph *graph,
                              const struct node *node, const float *before, sned_error *error)
{
    const struct calibration_images images = {
        .dataset = context->dataset, .indices = context->indices, .count = context->count};
    struct tensor *weights = &graph->tensors[node_weights(node, 0)];
    struct feedback feedback;
    sned_status status =
        measure_feedback(&feedback, graph, (int)(node - graph->nodes), &images, context->threads, error);
    if (status == SNED_OK) {
        memcpy(weights->data, before, sned_shape_elements(&weights->shape) * sizeof *before);
        status = cut_layer(graph, node, &feedback, context->threads, error);
    }
    feedback_free(&feedback);
    return status;
}

const struct saliency saliency_obs = {.name = "obs", .score = score_obs, .adjust = adjust_obs};
