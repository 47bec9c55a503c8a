/*
 * compaction.c - what was taken out of a network, layer by layer (compact.h).
 */
#include "base/memory.h"
#include "graph/passes/compact.h"
#include "graph/passes/units.h"

#include <string.h>

void sned_compaction_free(struct compaction *report)
{
    for (int i = 0; i < report->count; i++) {
        sned_free(report->layers[i].filter);
        sned_free(report->layers[i].column);
    }
    sned_free(report->layers);
    *report = (struct compaction){0};
}

static sned_status report_layer(struct compaction *report, const struct graph *graph,
                                const struct units *units, const struct rearrangement *arrangement, int index,
                                sned_error *error)
{
    const struct node *node = &graph->nodes[index];
    const struct filter_bank filters = sned_node_filters(graph, node);
    const int in = node->inputs[0], out = node->outputs[0];
    const bool all_columns = filters.groups > 1;
    struct compacted_layer layer = {
        .node = index,
        .filters = filters.count,
        .columns = filters.columns,
        .kept_filters = arrangement->kept[out],
        .kept_columns = all_columns ? filters.columns : arrangement->kept[in],
    };
    if (layer.filters == layer.kept_filters && layer.columns == layer.kept_columns)
        return SNED_OK;
    SNED_TRY(sned_alloc(&layer.filter, (size_t)layer.kept_filters, sizeof(int), error));
    report->layers[report->count++] = layer; /* what is owned is freed from here on */
    SNED_TRY(sned_alloc(&report->layers[report->count - 1].column, (size_t)layer.kept_columns, sizeof(int),
                        error));
    memcpy(layer.filter, arrangement->channel + units->channels.first[out],
           (size_t)layer.kept_filters * sizeof(int));
    for (int i = 0; i < layer.kept_columns; i++)
        report->layers[report->count - 1].column[i] =
            all_columns ? i : arrangement->channel[units->channels.first[in] + i];
    return SNED_OK;
}

sned_status sned_compaction_report(struct compaction *report, const struct graph *graph,
                                   const struct units *units, const struct rearrangement *arrangement,
                                   sned_error *error)
{
    *report = (struct compaction){0};
    sned_status status = SNED_OK;
    SNED_TRY(sned_alloc(&report->layers, (size_t)graph->node_count, sizeof *report->layers, error));
    for (int n = 0; n < graph->node_count; n++)
        if (sned_node_has_filters(&graph->nodes[n]))
            SNED_TRY_DONE(report_layer(report, graph, units, arrangement, n, error));
done:
    if (status != SNED_OK)
        sned_compaction_free(report);
    return status;
}
