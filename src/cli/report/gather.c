/*
 * gather.c - see gather.h.
 */
#include "cli/report/gather.h"
#include "base/clock.h"
#include "cli/report/page.h"
#include "cli/report/sensitivity.h"
#include "compress/quantize/quantize.h"

#include <math.h>
#include <string.h>

/* ---- before ---- */

static sned_status copy_text(char **copy, const char *text, sned_error *error)
{
    *copy = NULL;
    return text ? sned_strdup(copy, text, error) : SNED_OK;
}

static void copy_shape(int shape[4], const struct graph *graph, const struct node *node)
{
    const struct shape *from = &graph->tensors[node_weights(node, 0)].shape;
    for (int i = 0; i < 4; i++)
        shape[i] = i < from->rank ? (int)from->dim[i] : 1;
}

static sned_status add_layer(struct report_facts *facts, const struct graph *graph, const struct node *node,
                             sned_error *error)
{
    struct report_layer *layer = &facts->layers[facts->layer_count];
    SNED_TRY(copy_text(&layer->name, node->name, error));
    facts->layer_count++;
    layer->op = sned_op_name(node->op);
    layer->format = "";
    layer->divergence = layer->changed = NAN;
    layer->weights_before = sned_node_weights(graph, node);
    copy_shape(layer->shape_before, graph, node);
    histogram_make(&layer->before, graph, node, 0);
    return SNED_OK;
}

/* The layers of the network as it will be packed. */
static sned_status add_layers(struct report_facts *facts, const struct graph *graph, sned_error *error)
{
    struct graph *prepared = NULL;
    sned_status status;
    SNED_TRY_DONE(sned_graph_copy(&prepared, graph, error));
    if (prepared->rule.is_image)
        SNED_TRY_DONE(sned_graph_absorb_input(prepared, error));
    SNED_TRY_DONE(sned_graph_prepare(prepared, error));
    SNED_TRY_DONE(sned_alloc(&facts->layers, (size_t)prepared->node_count, sizeof *facts->layers, error));
    for (int i = 0; i < prepared->node_count; i++)
        if (sned_node_has_weights(&prepared->nodes[i]))
            SNED_TRY_DONE(add_layer(facts, prepared, &prepared->nodes[i], error));
done:
    sned_graph_free(prepared);
    return status;
}

double report_seconds(const struct options *options)
{
    const double share = 0.05;
    return options->report && !isnan(options->time_budget) ? share * options->time_budget : 0;
}

sned_status report_begin(struct report_facts *facts, const char *command, const struct model *model,
                         const struct options *options, sned_error *error)
{
    const char *name = model->graph->name ? model->graph->name : model->path;
    if (!options->report)
        return SNED_OK;
    *facts = (struct report_facts){.command = command,
                                   .began = sned_clock(),
                                   .seed = options->seed,
                                   .threads = option_threads(options),
                                   .repeats = isnan(options->time_budget),
                                   .measuring_seconds = report_seconds(options),
                                   .steered_before = NAN,
                                   .wanted_bytes = NAN,
                                   .wanted_accuracy = NAN};
    SNED_TRY(copy_text(&facts->network, name, error));
    SNED_TRY(copy_text(&facts->model, model->path, error));
    SNED_TRY(copy_text(&facts->data, options->data, error));
    SNED_TRY(copy_text(&facts->output, options->output, error));
    SNED_TRY(copy_text(&facts->command_line, options->command_line, error));
    return add_layers(facts, model->graph, error);
}

/* ---- on the way ---- */

static void hear(void *argument, const char *line)
{
    struct report_facts *facts = argument;
    sned_report(&facts->listened, "%s", line);
    if (facts->heard == SNED_OK)
        facts->heard = report_tell(facts, NULL, "%s", line);
}

static void pass_progress(void *argument, const struct progress *progress)
{
    sned_report_progress(&((const struct report_facts *)argument)->listened, progress);
}

void report_listen(struct report_facts *facts, struct reporter *reporter, const struct options *options)
{
    if (!options->report)
        return;
    facts->listened = *reporter;
    *reporter = (struct reporter){.progress = pass_progress, .message = hear, .argument = facts};
}

/* ---- after ---- */

static void end_layer(struct report_layer *layer, const struct graph *integer, int index,
                      const struct outcome *outcome)
{
    const struct node *node = &integer->nodes[index];
    for (int i = 0; i < outcome->storage_count; i++) {
        if (outcome->storage[i].node == index) {
            layer->format = sned_format_name(outcome->storage[i].format);
            layer->bytes = outcome->storage[i].bytes;
            memcpy(layer->parts, outcome->storage[i].parts, sizeof layer->parts);
        }
    }
    layer->weights = sned_node_weights(integer, node);
    layer->kept = sned_node_kept(integer, node);
    copy_shape(layer->shape, integer, node);
    histogram_make(&layer->after, integer, node, 0);
    if (layer->after.width > layer->before.width)
        histogram_widen(&layer->before, layer->after.width);
    else
        histogram_make(&layer->after, integer, node, layer->before.width);
}

/* What the file holds. */
static void end(struct report_facts *facts, const struct outcome *outcome, const struct graph *integer)
{
    facts->seconds = sned_clock() - facts->began;
    facts->bytes_before = outcome->bytes_before;
    facts->bytes = outcome->bytes;
    facts->kept = outcome->kept;
    facts->accuracy_on = outcome->accuracy_on;
    facts->is_agreement = outcome->is_agreement;
    facts->top1_before = outcome->top1_before;
    facts->top1 = outcome->top1_after;
    for (int i = 0; i < integer->node_count; i++) {
        const struct node *node = &integer->nodes[i];
        struct report_layer *layer = report_layer_find(facts, node->name);
        if (layer && sned_node_has_weights(node))
            end_layer(layer, integer, i, outcome);
    }
}

sned_status report_finish(struct report_facts *facts, const struct outcome *outcome,
                          const struct graph *integer, const struct images *images,
                          const struct options *options, const struct reporter *reporter, sned_error *error)
{
    if (!options->report)
        return SNED_OK;
    if (facts->heard != SNED_OK)
        return sned_fail(error, facts->heard, "%s: out of memory for what was said", options->report);
    end(facts, outcome, integer);
    if (images)
        SNED_TRY(sensitivity_measure(facts, integer, images, reporter, error));
    SNED_TRY(report_write(options->report, facts, error));
    sned_report(reporter, "%s: written", options->report);
    return SNED_OK;
}
