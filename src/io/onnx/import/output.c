/*
 * output.c - the graph's outputs, from the file's list: those that the network computes, in the file's order.
 *
 * Each is a tensor of its own, by its name in the file. An output that does not depend on the input is known
 * without a network: it is left out, with a message, where there are others.
 */
#include "io/onnx/import/import.h"

#include "io/onnx/node/emit.h"
#include "io/onnx/node/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- names ---- */

static sned_status rename_tensor(struct importer *importer, int tensor, const char *name)
{
    free(importer->graph->tensors[tensor].name);
    importer->graph->tensors[tensor].name = NULL;
    return sned_strdup(&importer->graph->tensors[tensor].name, name, importer->error);
}

/* A tensor that bears an output's name gets another: the output takes it over. */
static sned_status give_up_name(struct importer *importer, int tensor)
{
    char wanted[256];
    const char *name;
    snprintf(wanted, sizeof wanted, "%.200s/unturned", importer->graph->tensors[tensor].name);
    SNED_TRY(sned_unique_name(&importer->tensor_names, wanted, &name, importer->error));
    return rename_tensor(importer, tensor, name);
}

/* The input keeps its name: an output that is the input is a copy of it, by a name of its own. */
static sned_status report_renamed(struct importer *importer, const struct onnx_value *value)
{
    sned_report(importer->options.reporter, "%s: the output '%s' is the input: here it is called '%s'",
                importer->path, value->name, importer->graph->tensors[value->tensor].name);
    return SNED_OK;
}

/* An output that is another value by another name (a Cast), or a view of a tensor that bears its name, gets
 * it; but not from the input. */
static sned_status name_output(struct importer *importer, const struct onnx_value *value)
{
    const struct graph *graph = importer->graph;
    const char *claimed;
    if (strcmp(graph->tensors[value->tensor].name, value->name) == 0)
        return SNED_OK;
    for (int i = 0; i < graph->tensor_count; i++) {
        if (strcmp(graph->tensors[i].name, value->name) != 0)
            continue;
        if (i == graph->input)
            return report_renamed(importer, value);
        SNED_TRY(give_up_name(importer, i));
    }
    SNED_TRY(sned_unique_name(&importer->tensor_names, value->name, &claimed, importer->error));
    return rename_tensor(importer, value->tensor, value->name);
}

/* ---- outputs ---- */

/* What is an output already, or the input, is one once more by a node that does nothing. */
static sned_status emit_identity(struct importer *importer, struct onnx_value *value)
{
    struct node *node;
    char name[256];
    onnx_node_name(importer, value, name, sizeof name);
    return onnx_emit_named(importer, OP_IDENTITY, &value->tensor, &value->shape, value->name, name, &node);
}

static bool is_among(const int *outputs, int count, int tensor)
{
    for (int i = 0; i < count; i++)
        if (outputs[i] == tensor)
            return true;
    return false;
}

/* An activation as output `count`, behind `outputs` [count]. */
static sned_status make_output(struct importer *importer, struct onnx_value *value, int *outputs, int count)
{
    SNED_TRY(onnx_straighten(importer, value));
    if (value->tensor == importer->graph->input || is_among(outputs, count, value->tensor))
        SNED_TRY(emit_identity(importer, value));
    outputs[count] = value->tensor;
    return name_output(importer, value);
}

static sned_status fail_output(struct importer *importer, const struct onnx_value *value)
{
    char node[128];
    if (value->kind == VALUE_POWER)
        return sned_fail(importer->error, SNED_ERROR_UNSUPPORTED,
                         "the output '%s' is a power other than 1 and 2", value->name);
    onnx_node_name(importer, value, node, sizeof node);
    return sned_fail(importer->error, SNED_ERROR_UNSUPPORTED,
                     "the output '%s' is not computed: of node '%s' the first output alone is handled",
                     value->name, node);
}

/* The output that the caller wants first, the others in their order behind it. */
static void bring_to_front(const struct importer *importer, int *outputs, int count)
{
    const char *head = importer->options.head;
    for (int i = 1; head && i < count; i++) {
        const int tensor = outputs[i];
        if (strcmp(importer->graph->tensors[tensor].name, head) != 0)
            continue;
        memmove(outputs + 1, outputs, (size_t)i * sizeof *outputs);
        outputs[0] = tensor;
        return;
    }
}

sned_status onnx_make_outputs(struct importer *importer)
{
    const Onnx__GraphProto *proto = importer->proto;
    int outputs[GRAPH_MAX_OUTPUTS], count = 0;
    importer->node = NULL;
    for (size_t i = 0; i < proto->n_output; i++) {
        struct onnx_value *value =
            &importer->values[sned_names_find(&importer->names, proto->output[i]->name)];
        const struct onnx_value *known = onnx_find_value(importer, proto->output[i]->name);
        if (onnx_is_constant(known) || known->initializer) {
            if (proto->n_output > 1)
                sned_report(importer->options.reporter,
                            "%s: the output '%s' does not depend on the input: left out", importer->path,
                            value->name);
            continue;
        }
        if (value->kind != VALUE_ACTIVATION)
            return fail_output(importer, value);
        sned_status status = make_output(importer, value, outputs, count++);
        if (status != SNED_OK)
            return sned_error_context(importer->error, status, "output '%s'", value->name);
    }
    if (count == 0)
        return sned_fail(importer->error, SNED_ERROR_FORMAT, "the output '%s' does not depend on the input",
                         proto->output[0]->name);
    bring_to_front(importer, outputs, count);
    return sned_graph_set_outputs(importer->graph, outputs, count, importer->error);
}
