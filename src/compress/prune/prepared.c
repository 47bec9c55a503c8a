/*
 * prepared.c - see prepared.h. The layer is found again by its name.
 */
#include "compress/prune/prepared.h"
#include "compress/quantize/filter_scale.h"

#include <string.h>

void prepared_free(struct prepared *prepared)
{
    sned_graph_free(prepared->graph);
    *prepared = (struct prepared){0};
}

sned_status prepared_make(struct prepared *prepared, const struct saliency_context *context,
                          const struct node *node, sned_error *error)
{
    const struct tensor *weights = &context->graph->tensors[node_weights(node, 0)];
    *prepared = (struct prepared){
        .images = {.dataset = context->dataset, .indices = context->indices, .count = context->count}};
    SNED_TRY(sned_graph_copy(&prepared->graph, context->graph, error));
    SNED_TRY(sned_graph_prepare(prepared->graph, error));
    for (int n = 0; n < prepared->graph->node_count; n++) {
        const struct node *other = &prepared->graph->nodes[n];
        if (!has_filters(other) || strcmp(other->name, node->name) != 0)
            continue;
        prepared->node = n;
        prepared->weights = &prepared->graph->tensors[node_weights(other, 0)];
    }
    if (prepared->weights && sned_shape_equal(&prepared->weights->shape, &weights->shape))
        return SNED_OK;
    return sned_fail(error, SNED_ERROR_UNSUPPORTED,
                     "node '%.80s' (%s): is no longer itself once the network is prepared; choose saliency: "
                     "magnitude",
                     node->name, sned_op_name(node->op));
}
