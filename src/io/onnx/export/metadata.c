/*
 * metadata.c - preprocessing, labels and provenance into metadata_props; import/metadata.c lists the keys.
 */
#include "io/onnx/export/export.h"

#include <string.h>

/* Nine digits bring every float back. */
static char *numbers(struct exporter *exporter, const float *values, int count)
{
    char *text = NULL;
    for (int i = 0; i < count; i++)
        text = export_format(exporter, "%s%s%.9g", text ? text : "", i > 0 ? "," : "", values[i]);
    return text;
}

static void write_rule(struct exporter *exporter)
{
    const struct graph *graph = exporter->graph;
    const struct input_rule *rule = &graph->rule;
    char resize[RESIZE_TEXT];
    struct extent extent = sned_shape_extent(&graph->tensors[graph->input].shape);
    if (rule->is_image && extent.channels <= GRAPH_MAX_CHANNELS_MEAN) {
        export_property(exporter, "input.layout", "NCHW");
        export_property(exporter, "input.color", rule->color);
        export_property(exporter, "input.mean", numbers(exporter, rule->mean, extent.channels));
        export_property(exporter, "input.scale", numbers(exporter, rule->scale, extent.channels));
        if (rule->resize.kind != RESIZE_AUTO)
            export_property(exporter, "input.resize",
                            export_format(exporter, "%s", sned_resize_text(resize, rule->resize)));
        export_property(exporter, "input.size",
                        extent.height == extent.width
                            ? export_format(exporter, "%d", extent.height)
                            : export_format(exporter, "%dx%d", extent.height, extent.width));
    }
    export_property(exporter, "labels.offset", export_format(exporter, "%d", rule->label_offset));
}

/* Between commas, as most tools write them; one a line where a name has a comma or could pass for a title. */
static void write_labels(struct exporter *exporter)
{
    const struct graph *graph = exporter->graph;
    size_t size = 1;
    bool is_plain = true;
    for (int i = 0; i < graph->label_count; i++) {
        size += strlen(graph->labels[i]) + 1;
        is_plain &= strpbrk(graph->labels[i], ",:\n") == NULL;
    }
    char *text = graph->label_count > 0 ? export_take(exporter, size, 1) : NULL, *at = text;
    for (int i = 0; text && i < graph->label_count; i++) {
        for (const char *from = graph->labels[i]; *from; from++)
            *at++ = *from == '\n' ? ' ' : *from;
        *at++ = is_plain ? ',' : '\n';
    }
    if (text == NULL)
        return;
    if (is_plain)
        at[-1] = 0;
    export_property(exporter, "labels", text);
}

void export_metadata(struct exporter *exporter)
{
    write_rule(exporter);
    write_labels(exporter);
    if (exporter->graph->provenance)
        export_property(exporter, "sned.provenance", exporter->graph->provenance);
}
