/*
 * read.c - onnx_read: from a file's bytes to a checked graph.
 *
 * The order of the steps bounds the memory: the file is mapped and parsed (the file's pages and the parsed
 * copy are in memory), unmapped at once, and then every weight moves from the parsed message into the graph.
 */
#include "io/onnx/onnx.h"

#include "base/file.h"
#include "io/onnx/import/import.h"
#include "io/onnx/import/wire.h"
#include "io/onnx/node/tensor.h"

#include <stdlib.h>
#include <string.h>

/* protobuf-c gives NULL for a damaged message and for want of memory alike: this tells them apart. */
static void *parser_alloc(void *ran_out, size_t size)
{
    void *block = malloc(size);
    if (!block)
        *(bool *)ran_out = true;
    return block;
}

static void parser_free(void *unused, void *block)
{
    free(block);
}

static void free_model(Onnx__ModelProto *model)
{
    ProtobufCAllocator allocator = {.free = parser_free};
    if (model)
        onnx__model_proto__free_unpacked(model, &allocator);
}

static sned_status parse_bytes(const struct file_map *map, Onnx__ModelProto **model, sned_error *error)
{
    bool ran_out = false;
    ProtobufCAllocator allocator = {parser_alloc, parser_free, &ran_out};
    SNED_TRY(onnx_scan(map->data, map->size, error));
    *model = onnx__model_proto__unpack(&allocator, map->size, map->data);
    if (!*model && ran_out)
        return sned_fail(error, SNED_ERROR_MEMORY, "out of memory for its %zu bytes", map->size);
    return *model ? SNED_OK : sned_fail(error, SNED_ERROR_FORMAT, "not an ONNX file");
}

static sned_status parse_file(const char *path, Onnx__ModelProto **model, size_t *size, sned_error *error)
{
    struct file_map map;
    *model = NULL;
    SNED_TRY(sned_file_map(&map, path, error));
    *size = map.size;
    sned_status status = parse_bytes(&map, model, error);
    sned_file_unmap(&map);
    return sned_error_context(error, status, "%s", path);
}

/* What the file says of itself before any node is looked at. */
static sned_status check_model(struct importer *importer)
{
    const Onnx__ModelProto *model = importer->model;
    const Onnx__GraphProto *graph = model->graph;
    if (graph == NULL || model->n_opset_import == 0)
        return sned_fail(importer->error, SNED_ERROR_FORMAT, "not an ONNX model, or cut short: it has no %s",
                         graph ? "opset version" : "graph");
    int64_t opset = -1;
    for (size_t i = 0; i < model->n_opset_import; i++)
        if (onnx_is_standard_domain(model->opset_import[i]->domain))
            opset = model->opset_import[i]->version;
    if (opset < ONNX_MIN_OPSET || opset > ONNX_MAX_OPSET)
        return sned_fail(importer->error, SNED_ERROR_UNSUPPORTED, "opset %lld; %d to %d are read",
                         (long long)opset, ONNX_MIN_OPSET, ONNX_MAX_OPSET);
    importer->opset = (int)opset;
    if (graph->n_sparse_initializer > 0)
        return sned_fail(importer->error, SNED_ERROR_UNSUPPORTED, "sparse initialisers; store them dense");
    if (graph->n_node > ONNX_MAX_NODES)
        return sned_fail(importer->error, SNED_ERROR_UNSUPPORTED, "%zu nodes; at most %d are handled",
                         graph->n_node, ONNX_MAX_NODES);
    if (graph->n_output > GRAPH_MAX_OUTPUTS)
        return sned_fail(importer->error, SNED_ERROR_UNSUPPORTED, "%zu outputs; at most %d are handled",
                         graph->n_output, GRAPH_MAX_OUTPUTS);
    if (graph->n_node == 0 || graph->n_output == 0)
        return sned_fail(importer->error, SNED_ERROR_FORMAT, "the graph has no %s",
                         graph->n_node ? "outputs" : "nodes");
    return SNED_OK;
}

/* ---- the whole ---- */

static sned_status import_model(struct importer *importer)
{
    SNED_TRY(check_model(importer));
    SNED_TRY(onnx_define_names(importer));
    SNED_TRY(onnx_order_nodes(importer));
    SNED_TRY(onnx_check_operators(importer));
    const char *name = importer->proto->name;
    SNED_TRY(sned_graph_new(&importer->graph, name && name[0] ? name : "network", importer->error));
    SNED_TRY(onnx_make_input(importer));
    for (int i = 0; i < importer->order_count; i++) {
        importer->node_index = importer->order[i];
        importer->node = importer->proto->node[importer->node_index];
        SNED_TRY(onnx_import_node(importer));
    }
    SNED_TRY(onnx_make_outputs(importer));
    SNED_TRY(sned_graph_remove_unused(importer->graph, importer->error));
    SNED_TRY(sned_graph_sort(importer->graph, importer->error));
    SNED_TRY(sned_graph_infer(importer->graph, importer->error));
    SNED_TRY(sned_graph_move_ending(importer->graph, importer->error));
    SNED_TRY(onnx_read_metadata(importer));
    return sned_graph_check(importer->graph, importer->error);
}

static void importer_free(struct importer *importer)
{
    for (int i = 0; i < importer->value_count; i++)
        if (importer->values[i].kind != VALUE_ACTIVATION && importer->values[i].tensor < 0)
            free(importer->values[i].data);
    free(importer->values);
    free(importer->order);
    sned_names_free(&importer->names);
    sned_unique_free(&importer->tensor_names);
    sned_unique_free(&importer->node_names);
    onnx_external_close(importer);
    free_model(importer->model);
}

/* Once a model: its numbers are not rounded as the file would have them. */
static void tell_of_rounding(const struct importer *importer)
{
    if (importer->narrow_casts == 0 && !importer->is_input_narrow)
        return;
    sned_report(
        importer->options.reporter,
        "%s: computed in float32; the file has its input in %s and casts to 16-bit floats at %d places",
        importer->path, importer->is_input_narrow ? "a 16-bit float" : "float32", importer->narrow_casts);
}

sned_status onnx_read_with(struct graph **graph, const char *path, const struct onnx_options *options,
                           uint64_t *bytes, sned_error *error)
{
    struct importer importer = {
        .path = path, .options = *options, .error = error, .external_room = ONNX_EXTERNAL_OVERLAP};
    size_t size;
    *graph = NULL;
    SNED_TRY(parse_file(path, &importer.model, &size, error));
    importer.proto = importer.model->graph;
    importer.fold_budget = ONNX_FOLD_BUDGET + size;
    sned_status status = sned_error_context(error, import_model(&importer), "%s", path);
    if (status == SNED_OK)
        *graph = importer.graph;
    else
        sned_graph_free(importer.graph);
    if (status == SNED_OK)
        tell_of_rounding(&importer);
    if (bytes)
        *bytes = size + onnx_external_bytes(&importer);
    importer_free(&importer);
    return status;
}

sned_status onnx_read(struct graph **graph, const char *path, sned_error *error)
{
    static const struct onnx_options nothing_known;
    return onnx_read_with(graph, path, &nothing_known, NULL, error);
}
