/*
 * output.c - the graph's outputs, from the file's list.
 */
#include "io/onnx/import/import.h"

#include "io/onnx/node/emit.h"
#include "io/onnx/node/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static sned_status rename_tensor(struct importer *importer, int tensor, const char *name)
{
    free(importer->graph->tensors[tensor].name);
    importer->graph->tensors[tensor].name = NULL;
    return sned_strdup(&importer->graph->tensors[tensor].name, name, importer->error);
}

/* An output that is another value by another name (a Cast) gets its own. */
static sned_status name_output(struct importer *importer, const struct onnx_value *value)
{
    const char *name;
    if (strcmp(importer->graph->tensors[value->tensor].name, value->name) == 0)
        return SNED_OK;
    SNED_TRY(sned_unique_name(&importer->tensor_names, value->name, &name, importer->error));
    return rename_tensor(importer, value->tensor, name);
}

/* The tensor that was viewed may bear the output's name: what is straightened takes it over. */
static sned_status straighten_output(struct importer *importer, struct onnx_value *value)
{
    int viewed = value->tensor;
    const char *name;
    char wanted[256];
    SNED_TRY(onnx_straighten(importer, value));
    if (value->tensor == viewed || viewed == importer->graph->input ||
        strcmp(importer->graph->tensors[viewed].name, value->name) != 0)
        return SNED_OK;
    snprintf(wanted, sizeof wanted, "%.200s/unturned", value->name);
    SNED_TRY(sned_unique_name(&importer->tensor_names, wanted, &name, importer->error));
    SNED_TRY(rename_tensor(importer, viewed, name));
    return rename_tensor(importer, value->tensor, value->name);
}

/* A network that does nothing has one node that says so. */
static sned_status emit_identity(struct importer *importer, struct onnx_value *value)
{
    struct node *node;
    char name[256];
    onnx_node_name(importer, value, name, sizeof name);
    return onnx_emit_named(importer, OP_IDENTITY, &value->tensor, &value->shape, value->name, name, &node);
}

sned_status onnx_make_output(struct importer *importer)
{
    const char *name = importer->proto->output[0]->name;
    struct onnx_value *value = &importer->values[sned_names_find(&importer->names, name)];
    if (value->kind != VALUE_ACTIVATION)
        return sned_fail(importer->error, SNED_ERROR_FORMAT, "the output '%s' does not depend on the input",
                         name);
    SNED_TRY(straighten_output(importer, value));
    if (value->tensor == importer->graph->input)
        SNED_TRY(emit_identity(importer, value));
    SNED_TRY(name_output(importer, value));
    importer->graph->outputs[0] = value->tensor;
    return SNED_OK;
}
