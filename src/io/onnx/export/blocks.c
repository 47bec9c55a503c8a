/*
 * blocks.c - the message tree of a model, block by block.
 */
#include "io/onnx/export/blocks.h"

#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- blocks of the tree ---- */

void *export_take(struct exporter *exporter, size_t count, size_t size)
{
    if (exporter->status != SNED_OK)
        return NULL;
    if (exporter->block_count == exporter->block_capacity) {
        int capacity = exporter->block_capacity ? 2 * exporter->block_capacity : 256;
        exporter->status = sned_resize(&exporter->blocks, (size_t)capacity, sizeof(void *), exporter->error);
        if (exporter->status != SNED_OK)
            return NULL;
        exporter->block_capacity = capacity;
    }
    void *block = NULL;
    exporter->status = sned_alloc(&block, count, size, exporter->error);
    if (exporter->status == SNED_OK)
        exporter->blocks[exporter->block_count++] = block;
    return block;
}

char *export_format(struct exporter *exporter, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *text = length < 0 ? NULL : export_take(exporter, (size_t)length + 1, 1);
    if (text) {
        va_start(arguments, format);
        vsnprintf(text, (size_t)length + 1, format, arguments);
        va_end(arguments);
    }
    return text;
}

/* Room for one more pointer in a list of the tree. The old, smaller list stays with the exporter. */
static void **grow(struct exporter *exporter, void **list, size_t count, int *capacity)
{
    if (count < (size_t)*capacity)
        return list;
    int larger = *capacity ? 2 * *capacity : 64;
    void **grown = export_take(exporter, (size_t)larger, sizeof *grown);
    if (grown == NULL)
        return NULL;
    if (count > 0)
        memcpy(grown, list, count * sizeof *grown);
    *capacity = larger;
    return grown;
}

static const char *unique(struct exporter *exporter, struct unique_names *names, const char *wanted)
{
    const char *name = NULL;
    if (exporter->status == SNED_OK)
        exporter->status = sned_unique_name(names, wanted ? wanted : "", &name, exporter->error);
    return name;
}

const char *export_name(struct exporter *exporter, const char *wanted)
{
    return unique(exporter, &exporter->names, wanted);
}

/* ---- nodes and attributes ---- */

enum { MOST_ATTRIBUTES = 8 };

Onnx__NodeProto *export_node(struct exporter *exporter, const char *op, const char *wanted, int inputs,
                             int outputs)
{
    Onnx__GraphProto *graph = &exporter->proto;
    Onnx__NodeProto *node = export_take(exporter, 1, sizeof *node);
    char **lists = export_take(exporter, (size_t)(inputs + outputs), sizeof *lists);
    void **attributes = export_take(exporter, MOST_ATTRIBUTES, sizeof *attributes);
    const char *name = unique(exporter, &exporter->node_names, wanted);
    void **nodes = grow(exporter, (void **)graph->node, graph->n_node, &exporter->node_capacity);
    if (exporter->status != SNED_OK)
        return NULL;
    onnx__node_proto__init(node);
    node->op_type = (char *)op;
    node->name = (char *)name;
    node->output = lists;
    node->input = lists + outputs;
    node->attribute = (Onnx__AttributeProto **)attributes;
    graph->node = (Onnx__NodeProto **)nodes;
    graph->node[graph->n_node++] = node;
    return node;
}

void export_input(Onnx__NodeProto *node, const char *name)
{
    if (node)
        node->input[node->n_input++] = (char *)(name ? name : "");
}

void export_output(Onnx__NodeProto *node, const char *name)
{
    if (node)
        node->output[node->n_output++] = (char *)name;
}

static Onnx__AttributeProto *add_attribute(struct exporter *exporter, Onnx__NodeProto *node, const char *name,
                                           Onnx__AttributeProto__AttributeType type)
{
    Onnx__AttributeProto *attribute = export_take(exporter, 1, sizeof *attribute);
    if (attribute == NULL || node == NULL || node->n_attribute == MOST_ATTRIBUTES)
        return NULL;
    onnx__attribute_proto__init(attribute);
    attribute->name = (char *)name;
    attribute->has_type = 1;
    attribute->type = type;
    node->attribute[node->n_attribute++] = attribute;
    return attribute;
}

void export_int(struct exporter *exporter, Onnx__NodeProto *node, const char *name, int64_t value)
{
    Onnx__AttributeProto *attribute =
        add_attribute(exporter, node, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT);
    if (attribute) {
        attribute->has_i = 1;
        attribute->i = value;
    }
}

void export_float(struct exporter *exporter, Onnx__NodeProto *node, const char *name, float value)
{
    Onnx__AttributeProto *attribute =
        add_attribute(exporter, node, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT);
    if (attribute) {
        attribute->has_f = 1;
        attribute->f = value;
    }
}

void export_ints(struct exporter *exporter, Onnx__NodeProto *node, const char *name, const int64_t *values,
                 int count)
{
    int64_t *copy = export_take(exporter, (size_t)count, sizeof *copy);
    Onnx__AttributeProto *attribute =
        add_attribute(exporter, node, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS);
    if (copy && attribute) {
        memcpy(copy, values, (size_t)count * sizeof *copy);
        attribute->ints = copy;
        attribute->n_ints = (size_t)count;
    }
}

void export_string(struct exporter *exporter, Onnx__NodeProto *node, const char *name, const char *text)
{
    Onnx__AttributeProto *attribute =
        add_attribute(exporter, node, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING);
    if (attribute) {
        attribute->has_s = 1;
        attribute->s = (ProtobufCBinaryData){strlen(text), (uint8_t *)(uintptr_t)text};
    }
}

/* ---- initialisers and metadata ---- */

const char *export_initializer(struct exporter *exporter, const char *wanted, int type,
                               const struct shape *shape, const void *data)
{
    Onnx__GraphProto *graph = &exporter->proto;
    Onnx__TensorProto *tensor = export_take(exporter, 1, sizeof *tensor);
    int64_t *dims = export_take(exporter, GRAPH_MAX_RANK, sizeof *dims);
    const char *name = export_name(exporter, wanted);
    void **tensors =
        grow(exporter, (void **)graph->initializer, graph->n_initializer, &exporter->initializer_capacity);
    if (exporter->status != SNED_OK)
        return NULL;
    onnx__tensor_proto__init(tensor);
    memcpy(dims, shape->dim, sizeof shape->dim);
    tensor->dims = dims;
    tensor->n_dims = (size_t)shape->rank;
    tensor->name = (char *)name;
    tensor->has_data_type = 1;
    tensor->data_type = type;
    tensor->has_raw_data = 1;
    tensor->raw_data.data = (uint8_t *)(uintptr_t)data;
    tensor->raw_data.len = sned_shape_elements(shape) *
                           (type == ONNX__TENSOR_PROTO__DATA_TYPE__INT64 ? sizeof(int64_t) : sizeof(float));
    graph->initializer = (Onnx__TensorProto **)tensors;
    graph->initializer[graph->n_initializer++] = tensor;
    return name;
}

const char *export_int_list(struct exporter *exporter, const char *wanted, const int64_t *values, int count)
{
    struct shape shape = sned_shape(1, (int64_t)count);
    int64_t *copy = export_take(exporter, (size_t)count, sizeof *copy);
    if (copy == NULL)
        return NULL;
    memcpy(copy, values, (size_t)count * sizeof *copy);
    return export_initializer(exporter, wanted, ONNX__TENSOR_PROTO__DATA_TYPE__INT64, &shape, copy);
}

const char *export_number(struct exporter *exporter, const char *wanted, float value)
{
    struct shape scalar = {.rank = 0};
    float *copy = export_take(exporter, 1, sizeof *copy);
    if (copy == NULL)
        return NULL;
    *copy = value;
    return export_initializer(exporter, wanted, ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT, &scalar, copy);
}

void export_property(struct exporter *exporter, const char *key, const char *value)
{
    Onnx__ModelProto *model = &exporter->model;
    Onnx__StringStringEntryProto *entry = export_take(exporter, 1, sizeof *entry);
    void **entries =
        grow(exporter, (void **)model->metadata_props, model->n_metadata_props, &exporter->metadata_capacity);
    if (exporter->status != SNED_OK)
        return;
    onnx__string_string_entry_proto__init(entry);
    entry->key = (char *)key;
    entry->value = (char *)value;
    model->metadata_props = (Onnx__StringStringEntryProto **)entries;
    model->metadata_props[model->n_metadata_props++] = entry;
}
