/*
 * head.c - see head.h.
 */
#include "cli/common/head.h"
#include "base/text.h"

#include <string.h>

enum { NAMES_SHOWN = 160 };

static const char *output_name(const struct graph *graph, int index)
{
    const char *name = graph->tensors[graph->outputs[index]].name;
    return name ? name : "";
}

sned_status head_take(struct graph *graph, const char *name, sned_error *error)
{
    int chosen = 0;
    while (chosen < graph->output_count && strcmp(output_name(graph, chosen), name) != 0)
        chosen++;
    if (chosen == graph->output_count) {
        char names[NAMES_SHOWN] = "";
        for (int i = 0; i < graph->output_count; i++)
            sned_text_list(names, sizeof names, output_name(graph, i));
        return sned_fail(error, SNED_ERROR_ARGUMENT, "--head: '%.80s' is none of its %d outputs: %s", name,
                         graph->output_count, names);
    }
    if (chosen == 0)
        return SNED_OK;
    const int first = graph->outputs[chosen];
    memmove(graph->outputs + 1, graph->outputs, (size_t)chosen * sizeof *graph->outputs);
    graph->outputs[0] = first;
    return sned_graph_set_labels(graph, NULL, 0, error);
}

void head_tell(const struct graph *graph, const struct reporter *reporter)
{
    if (graph->output_count > 1)
        sned_report(reporter, "the labels are for output '%.80s', the first of %d (--head takes another)",
                    output_name(graph, 0), graph->output_count);
}
