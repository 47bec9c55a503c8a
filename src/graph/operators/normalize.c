/*
 * normalize.c - BatchNormalization, and LRN, which divides a number by those beside it in other channels.
 */
#include "graph/operators/functions.h"

sned_status sned_infer_batch_normalization(const struct graph *graph, const struct node *node,
                                           struct shape *outputs, sned_error *error)
{
    const struct shape *x = &graph->tensors[node->inputs[0]].shape;
    SNED_TRY(sned_need_rank(x, 2, GRAPH_MAX_RANK, error));
    for (int i = 1; i <= 4; i++)
        SNED_TRY(sned_need_vector(graph, node, i, x->dim[1], error));
    *outputs = *x;
    return SNED_OK;
}

sned_status sned_check_batch_normalization(const struct graph *graph, const struct node *node,
                                           sned_error *error)
{
    float epsilon = node->u.batch_normalization.epsilon;
    const struct tensor *variance = &graph->tensors[node->inputs[4]];
    const float *values = variance->data;
    if (epsilon < 0.0f)
        return sned_fail(error, SNED_ERROR_FORMAT, "epsilon %g makes no sense", epsilon);
    if (variance->type != TENSOR_F32)
        return SNED_OK; /* the types of constants are looked at elsewhere */
    for (int64_t c = 0; c < variance->shape.dim[0]; c++)
        if (values[c] < 0.0f || values[c] + epsilon <= 0.0f)
            return sned_fail(error, SNED_ERROR_FORMAT, "the variance of channel %lld is %g", (long long)c,
                             values[c]);
    return SNED_OK;
}

sned_status sned_infer_lrn(const struct graph *graph, const struct node *node, struct shape *outputs,
                           sned_error *error)
{
    const struct shape *x = &graph->tensors[node->inputs[0]].shape;
    SNED_TRY(sned_need_rank(x, 4, 4, error));
    SNED_TRY(sned_need_vector(graph, node, 1, LRN_TABLE_SIZE, error));
    *outputs = *x;
    return SNED_OK;
}

sned_status sned_check_lrn(const struct graph *graph, const struct node *node, sned_error *error)
{
    float alpha = node->u.lrn.alpha, beta = node->u.lrn.beta, bias = node->u.lrn.bias;
    if (alpha >= 0.0f && bias > 0.0f)
        return SNED_OK;
    return sned_fail(error, SNED_ERROR_FORMAT, "alpha %g, beta %g and bias %g make no sense", alpha, beta,
                     bias);
}
