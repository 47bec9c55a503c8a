/*
 * same.c - operators that leave the shape as it is: activations, endings, Add and Mul, Dropout.
 */
#include "graph/operators/functions.h"

sned_status sned_infer_same(const struct graph *graph, const struct node *node, struct shape *outputs,
                            sned_error *error)
{
    *outputs = graph->tensors[node->inputs[0]].shape;
    return SNED_OK;
}

sned_status sned_infer_softmax(const struct graph *graph, const struct node *node, struct shape *outputs,
                               sned_error *error)
{
    const struct shape *x = &graph->tensors[node->inputs[0]].shape;
    int axis;
    *outputs = *x;
    return sned_resolve_axis(node->u.softmax.axis, x->rank, &axis, error);
}

sned_status sned_infer_binary(const struct graph *graph, const struct node *node, struct shape *outputs,
                              sned_error *error)
{
    const struct shape *x = &graph->tensors[node->inputs[0]].shape;
    const struct tensor *other = &graph->tensors[node->inputs[1]];
    *outputs = *x;
    if (!other->data) {
        if (sned_shape_equal(x, &other->shape))
            return SNED_OK;
        return sned_fail(error, SNED_ERROR_SHAPE, "the shapes of '%.60s' and '%.60s' differ",
                         graph->tensors[node->inputs[0]].name, other->name);
    }
    SNED_TRY(sned_need_rank(x, 2, GRAPH_MAX_RANK, error));
    if (other->shape.rank == 1 && (other->shape.dim[0] == 1 || other->shape.dim[0] == x->dim[1]))
        return SNED_OK;
    return sned_fail(error, SNED_ERROR_SHAPE, "the constant '%.60s' must be [1] or [%lld]", other->name,
                     (long long)x->dim[1]);
}

sned_status sned_check_dropout(const struct graph *graph, const struct node *node, sned_error *error)
{
    if (node->u.dropout.ratio >= 0.0f && node->u.dropout.ratio < 1.0f)
        return SNED_OK;
    return sned_fail(error, SNED_ERROR_FORMAT, "the ratio must be from 0 to below 1");
}
