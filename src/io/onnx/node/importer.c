/*
 * importer.c - the node in hand by name, in errors and in what is made of it.
 */
#include "io/onnx/node/importer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void name_of(const Onnx__NodeProto *node, int index, char *name, size_t size)
{
    if (node->name && node->name[0])
        snprintf(name, size, "%s", node->name);
    else
        snprintf(name, size, "%s_%d", node->op_type ? node->op_type : "node", index);
}

void onnx_name_in_hand(const struct importer *importer, char *name, size_t size)
{
    name_of(importer->node, importer->node_index, name, size);
}

void onnx_node_name(const struct importer *importer, const struct onnx_value *value, char *name, size_t size)
{
    if (value->node < 0)
        snprintf(name, size, "%s", value->name);
    else
        name_of(importer->proto->node[value->node], value->node, name, size);
}

sned_status onnx_fail(struct importer *importer, sned_status status, const char *format, ...)
{
    char message[384], name[128];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    if (importer->node == NULL)
        return sned_fail(importer->error, status, "%s", message);
    onnx_name_in_hand(importer, name, sizeof name);
    return sned_fail(importer->error, status, "node '%s' (%s, opset %d): %s", name,
                     importer->node->op_type ? importer->node->op_type : "", importer->opset, message);
}

struct onnx_value *onnx_find_value(struct importer *importer, const char *name)
{
    struct onnx_value *value = &importer->values[sned_names_find(&importer->names, name)];
    while (value->alias >= 0)
        value = &importer->values[value->alias];
    return value;
}

sned_status onnx_axis(struct importer *importer, int64_t axis, int rank, int *resolved)
{
    if (axis < -rank || axis >= rank)
        return onnx_fail(importer, SNED_ERROR_SHAPE, "axis %lld of a tensor of %d dimensions",
                         (long long)axis, rank);
    *resolved = (int)(axis < 0 ? axis + rank : axis);
    return SNED_OK;
}
