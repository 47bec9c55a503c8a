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

/* ---- the model ---- */

/* A float tensor with a batch of any size. */
static Onnx__ValueInfoProto *value_info(struct exporter *exporter, int tensor)
{
    const struct shape *shape = &exporter->graph->tensors[tensor].shape;
    struct info {
        Onnx__ValueInfoProto value;
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
    return &info->value;
}

/* So many of the graph's tensors, as the model's inputs or outputs. */
static Onnx__ValueInfoProto **value_list(struct exporter *exporter, const int *tensors, int count)
{
    Onnx__ValueInfoProto **list = export_take(exporter, (size_t)count, sizeof *list);
    for (int i = 0; list && i < count; i++)
        list[i] = value_info(exporter, tensors[i]);
    return list;
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
            exporter->tensor_names[i] = export_name(exporter, graph->tensors[i].name);
    export_nodes(exporter);
    opset->set.version = exporter->opset;
    exporter->proto.input = value_list(exporter, &graph->input, 1);
    exporter->proto.n_input = 1;
    exporter->proto.output = value_list(exporter, graph->outputs, graph->output_count);
    exporter->proto.n_output = (size_t)graph->output_count;
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
    struct exporter exporter = {.graph = graph, .error = error, .opset = ONNX_WRITTEN_OPSET};
    if (graph->integer)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "%s: an integer network is not written as float ONNX",
                         path);
    if (graph->state_count > 0)
        return sned_fail(
            error, SNED_ERROR_UNSUPPORTED,
            "%s: the network has states, values that outlive a run, which are not written as ONNX", path);
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
