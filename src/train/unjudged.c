/*
 * unjudged.c - of a network with several outputs, what training leaves as it is.
 */
#include "base/memory.h"
#include "base/text.h"
#include "train/train.h"

#include <stdlib.h>

enum { NAMES_SHOWN = 160 };

static bool have_weights_in_common(const struct node *a, const struct node *b)
{
    for (int i = 0; i < sned_node_weight_count(a); i++)
        for (int j = 0; j < sned_node_weight_count(b); j++)
            if (node_weights(a, i) == node_weights(b, j))
                return true;
    return false;
}

/* Whether node `n` has weights that change: what is judged reads them. */
static bool shares_weights(const struct graph *graph, const bool *judged, int n)
{
    for (int m = 0; m < graph->node_count; m++)
        if (judged[m] && have_weights_in_common(&graph->nodes[n], &graph->nodes[m]))
            return true;
    return false;
}

/* Lists those with weights that are not judged, in names [NAMES_SHOWN]; how many there are. */
static int list_layers(char *names, const struct graph *graph, const bool *judged)
{
    int count = 0;
    names[0] = 0;
    for (int n = 0; n < graph->node_count; n++) {
        if (judged[n] || !sned_node_has_weights(&graph->nodes[n]) || shares_weights(graph, judged, n))
            continue;
        sned_text_list(names, NAMES_SHOWN, graph->nodes[n].name);
        count++;
    }
    return count;
}

sned_status train_tell_unjudged(const struct graph *graph, const struct reporter *reporter, sned_error *error)
{
    char names[NAMES_SHOWN];
    bool *judged = NULL;
    SNED_TRY(sned_alloc(&judged, (size_t)graph->node_count, sizeof *judged, error));
    sned_status status = sned_graph_depends(graph, graph->outputs[0], judged, error);
    const int count = status == SNED_OK ? list_layers(names, graph, judged) : 0;
    if (count > 0)
        sned_report(reporter, "output '%.80s' does not depend on %d %s, which training leaves alone: %s",
                    graph->tensors[graph->outputs[0]].name, count,
                    sned_text_noun((size_t)count, "layer", "layers"), names);
    free(judged);
    return status;
}
