/*
 * write.c - onnx_write: the message tree over a graph, streamed into a file.
 */
#include "io/onnx/onnx.h"

#include "base/file.h"
#include "io/onnx/export/export.h"

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

/* ---- nodes and attributes ---- */

enum { MOST_ATTRIBUTES = 8 };

Onnx__NodeProto *export_node(struct exporter *exporter, const char *op, const char *wanted, int inputs,
                             const char *output)
{
    Onnx__GraphProto *graph = &exporter->proto;
    Onnx__NodeProto *node = export_take(exporter, 1, sizeof *node);
    char **lists = export_take(exporter, (size_t)inputs + 1, sizeof *lists);
    void **attributes = export_take(exporter, MOST_ATTRIBUTES, sizeof *attributes);
    const char *name = unique(exporter, &exporter->node_names, wanted);
    void **nodes = grow(exporter, (void **)graph->node, graph->n_node, &exporter->node_capacity);
    if (exporter->status != SNED_OK)
        return NULL;
    onnx__node_proto__init(node);
    node->op_type = (char *)op;
    node->name = (char *)name;
    node->n_output = 1;
    node->output = lists;
    node->output[0] = (char *)output;
    node->input = lists + 1;
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
    const char *name = unique(exporter, &exporter->names, wanted);
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

/* ---- the model ---- */

/* A float tensor with a batch of any size. */
static Onnx__ValueInfoProto **value_info(struct exporter *exporter, int tensor)
{
    const struct shape *shape = &exporter->graph->tensors[tensor].shape;
    struct info {
        Onnx__ValueInfoProto value, *list[1];
        Onnx__TypeProto type;
        Onnx__TypeProto__Tensor tensor;
        Onnx__TensorShapeProto shape;
        Onnx__TensorShapeProto__Dimension dims[GRAPH_MAX_RANK], *dim_list[GRAPH_MAX_RANK];
    } *info = export_take(exporter, 1, sizeof *info);
    if (info == NULL)
        return NULL;
    onnx__value_info_proto__init(&info->value);
    onnx__type_proto__init(&info->type);
    onnx__type_proto__tensor__init(&info->tensor);
    onnx__tensor_shape_proto__init(&info->shape);
    for (int i = 0; i < shape->rank; i++) {
        Onnx__TensorShapeProto__Dimension *dim = info->dim_list[i] = &info->dims[i];
        onnx__tensor_shape_proto__dimension__init(dim);
        dim->value_case = i == 0 ? ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM
                                 : ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
        if (i == 0)
            dim->dim_param = (char *)"N";
        else
            dim->dim_value = shape->dim[i];
    }
    info->shape.dim = info->dim_list;
    info->shape.n_dim = (size_t)shape->rank;
    info->tensor.has_elem_type = 1;
    info->tensor.elem_type = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
    info->tensor.shape = &info->shape;
    info->type.value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
    info->type.tensor_type = &info->tensor;
    info->value.name = (char *)exporter->tensor_names[tensor];
    info->value.type = &info->type;
    info->list[0] = &info->value;
    return info->list;
}

static void build_model(struct exporter *exporter)
{
    const struct graph *graph = exporter->graph;
    struct opset {
        Onnx__OperatorSetIdProto set, *list[1];
    } *opset = export_take(exporter, 1, sizeof *opset);
    onnx__model_proto__init(&exporter->model);
    onnx__graph_proto__init(&exporter->proto);
    exporter->tensor_names =
        export_take(exporter, (size_t)graph->tensor_count, sizeof *exporter->tensor_names);
    exporter->written_rank =
        export_take(exporter, (size_t)graph->tensor_count, sizeof *exporter->written_rank);
    if (exporter->status != SNED_OK)
        return;
    onnx__operator_set_id_proto__init(&opset->set);
    opset->set.domain = (char *)"";
    opset->set.has_version = 1;
    opset->set.version = ONNX_WRITTEN_OPSET;
    opset->list[0] = &opset->set;
    exporter->model.has_ir_version = 1;
    exporter->model.ir_version = ONNX_WRITTEN_IR_VERSION;
    exporter->model.producer_name = (char *)"sned";
    exporter->model.producer_version = (char *)sned_version();
    exporter->model.n_opset_import = 1;
    exporter->model.opset_import = opset->list;
    exporter->model.graph = &exporter->proto;
    exporter->proto.name = graph->name && graph->name[0] ? graph->name : (char *)"network";
    for (int i = 0; i < graph->tensor_count; i++)
        if (graph->tensors[i].data == NULL)
            exporter->tensor_names[i] = unique(exporter, &exporter->names, graph->tensors[i].name);
    export_nodes(exporter);
    exporter->proto.input = value_info(exporter, graph->input);
    exporter->proto.output = value_info(exporter, graph->outputs[0]);
    exporter->proto.n_input = exporter->proto.n_output = 1;
    export_metadata(exporter);
}

/* protobuf-c's sink: what it packs goes to the file; the first failure is kept. */
struct file_sink {
    ProtobufCBuffer base;
    struct output *output;
    sned_status status;
    sned_error *error;
};

static void append_to_file(ProtobufCBuffer *buffer, size_t size, const uint8_t *data)
{
    struct file_sink *sink = (struct file_sink *)buffer;
    if (sink->status == SNED_OK && size > 0)
        sink->status = sned_output_write(sink->output, data, size, sink->error);
}

static sned_status write_model(const struct exporter *exporter, const char *path)
{
    struct output output = {0};
    struct file_sink sink = {{append_to_file}, &output, SNED_OK, exporter->error};
    size_t size = protobuf_c_message_get_packed_size(&exporter->model.base);
    if (size > INT32_MAX)
        return sned_fail(exporter->error, SNED_ERROR_UNSUPPORTED,
                         "%s: %zu bytes; an ONNX file holds at most 2 GiB", path, size);
    SNED_TRY(sned_output_open(&output, path, exporter->error));
    protobuf_c_message_pack_to_buffer(&exporter->model.base, &sink.base);
    sned_status status = sink.status;
    if (status == SNED_OK)
        status = sned_output_commit(&output, exporter->error);
    sned_output_abort(&output);
    return status;
}

static void exporter_free(struct exporter *exporter)
{
    for (int i = 0; i < exporter->block_count; i++)
        free(exporter->blocks[i]);
    free(exporter->blocks);
    sned_unique_free(&exporter->names);
    sned_unique_free(&exporter->node_names);
}

/* Builds the model, and writes it unless `path` is only named in messages. */
static sned_status build_and_write(const struct graph *graph, const char *path, bool write, sned_error *error)
{
    struct exporter exporter = {.graph = graph, .error = error};
    if (graph->integer)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "%s: an integer network is not written as float ONNX",
                         path);
    build_model(&exporter);
    sned_status status = exporter.status;
    if (status != SNED_OK)
        sned_error_context(error, status, "%s", path);
    else if (write)
        status = write_model(&exporter, path);
    exporter_free(&exporter);
    return status;
}

sned_status onnx_write(const struct graph *graph, const char *path, sned_error *error)
{
    return build_and_write(graph, path, true, error);
}

sned_status onnx_check_writable(const struct graph *graph, const char *path, sned_error *error)
{
    return build_and_write(graph, path, false, error);
}
