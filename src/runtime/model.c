/*
 * model.c - opening a packed network: unpack, check, plan; and what a model tells about itself.
 */
#include "runtime/model.h"
#include "base/file.h"
#include "base/memory.h"

#include <stdlib.h>

enum {
    MAX_NODES = 1 << 14,  /* planning takes the square of it where all activations live at once */
    HEAD_BYTES = 1 << 12, /* enough to see that a file is none of ours */
};

/* What sned_graph_check, which has passed, leaves open. */
static sned_status check_runnable(const struct graph *graph, sned_error *error)
{
    if (!graph->integer)
        return sned_fail(error, SNED_ERROR_FORMAT, "network '%s' is not an integer network", graph->name);
    if (graph->node_count > MAX_NODES)
        return sned_fail(error, SNED_ERROR_UNSUPPORTED, "network '%s' has %d nodes, at most %d can be run",
                         graph->name, graph->node_count, MAX_NODES);
    SNED_TRY(sned_graph_check_ending(graph, error));
    for (int n = 0; n < graph->node_count; n++)
        if (sned_runtime_reason(graph->nodes[n].op))
            return sned_fail(error, SNED_ERROR_UNSUPPORTED, "node '%s' (%s): %s", graph->nodes[n].name,
                             sned_op_name(graph->nodes[n].op), sned_runtime_reason(graph->nodes[n].op));
    return SNED_OK;
}

/* Without a file: what the layer would take as dense bytes. */
static uint64_t dense_bytes(const struct graph *graph, const struct node *node)
{
    const bool bias = node->input_count > 2 && node->inputs[2] >= 0;
    const uint64_t filters = (uint64_t)graph->tensors[node->inputs[1]].shape.dim[0];
    return sned_node_weights(graph, node) + filters * ((bias ? 4 : 0) + 3);
}

static void describe_layer(sned_layer *layer, const struct graph *graph, const struct node *node)
{
    const struct shape *shape = &graph->tensors[node->inputs[1]].shape;
    layer->name = node->name;
    layer->op = sned_op_name(node->op);
    for (int i = 0; i < 4; i++)
        layer->shape[i] = i < shape->rank ? (int)shape->dim[i] : 1;
    layer->weights = sned_node_weights(graph, node);
    layer->kept = sned_node_kept(graph, node);
    layer->bits = 8;
    layer->format = sned_format_name(FORMAT_DENSE8);
    layer->bytes = dense_bytes(graph, node);
    layer->macs = sned_node_macs(graph, node);
}

static sned_status describe(sned_model *model, const struct layer_storage *storage, int storage_count,
                            uint64_t bytes, sned_error *error)
{
    const struct graph *graph = model->graph;
    const struct extent input = sned_shape_extent(&graph->tensors[graph->input].shape);
    sned_model_info *info = &model->info;
    *info = (sned_model_info){.channels = input.channels, .height = input.height, .width = input.width};
    info->classes = model->scores.count;
    info->color = graph->rule.is_image ? graph->rule.color : "";
    info->resize = graph->rule.is_image ? sned_resize_text(model->resize, graph->rule.resize) : "";
    info->bytes = bytes;
    SNED_TRY(sned_alloc(&model->layers, graph->node_count, sizeof *model->layers, error));
    for (int n = 0; n < graph->node_count; n++) {
        if (!sned_node_has_weights(&graph->nodes[n]))
            continue;
        sned_layer *layer = &model->layers[info->layers];
        describe_layer(layer, graph, &graph->nodes[n]);
        if (info->layers < storage_count && storage[info->layers].node == n) {
            layer->format = sned_format_name(storage[info->layers].format);
            layer->bytes = storage[info->layers].bytes;
        }
        info->weights += layer->weights;
        info->kept += layer->kept;
        info->macs += layer->macs;
        info->layers++;
    }
    return SNED_OK;
}

/* Takes the graph over, also on failure. */
static sned_status model_new(sned_model **out, struct graph *graph, const struct layer_storage *storage,
                             int storage_count, uint64_t bytes, sned_error *error)
{
    sned_model *model = NULL;
    sned_status status;
    *out = NULL;
    status = sned_alloc(&model, 1, sizeof *model, error);
    if (status != SNED_OK) {
        sned_graph_free(graph);
        return status;
    }
    model->graph = graph;
    SNED_TRY_DONE(check_runnable(graph, error));
    model->scores = sned_graph_scores(graph);
    SNED_TRY_DONE(describe(model, storage, storage_count, bytes, error));
    SNED_TRY_DONE(sned_plan_make(&model->plan, graph, false, error));
done:
    if (status == SNED_OK)
        *out = model;
    else
        sned_close(model);
    return status;
}

sned_status sned_model_from_graph(sned_model **model, struct graph *graph, sned_error *error)
{
    sned_status status = sned_graph_check(graph, error);
    *model = NULL;
    if (status != SNED_OK) {
        sned_graph_free(graph);
        return status;
    }
    return model_new(model, graph, NULL, 0, 0, error);
}

sned_status sned_open_memory(sned_model **model, const void *data, size_t size, sned_error *error)
{
    struct graph *graph = NULL;
    struct layer_storage *storage = NULL;
    int storage_count = 0;
    if (!model)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "sned_open_memory: model is NULL");
    *model = NULL;
    if (!data && size)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "sned_open_memory: data is NULL");
    sned_status status = sned_unpack(&graph, data, size, &storage, &storage_count, error);
    if (status == SNED_OK)
        status = model_new(model, graph, storage, storage_count, size, error);
    free(storage);
    return status;
}

sned_status sned_open(sned_model **model, const char *path, sned_error *error)
{
    struct buffer file = {0};
    sned_status status;
    if (model)
        *model = NULL;
    if (!model || !path)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "sned_open: model or path is NULL");
    /* The head first: what is no .sned file is refused before gigabytes of it are read. */
    SNED_TRY_DONE(sned_file_read(&file, path, HEAD_BYTES, error));
    status = sned_error_context(error, sned_open_memory(model, file.data, file.size, error), "%s", path);
    if (status == SNED_ERROR_TRUNCATED && file.size == HEAD_BYTES) {
        file.size = 0;
        SNED_TRY_DONE(sned_file_read(&file, path, SIZE_MAX, error));
        status = sned_error_context(error, sned_open_memory(model, file.data, file.size, error), "%s", path);
    }
done:
    sned_buffer_free(&file);
    return status;
}

void sned_close(sned_model *model)
{
    if (!model)
        return;
    sned_plan_free(&model->plan);
    free(model->layers);
    sned_graph_free(model->graph);
    free(model);
}

const struct graph *sned_model_graph(const sned_model *model)
{
    return model ? model->graph : NULL;
}

const sned_model_info *sned_model_get_info(const sned_model *model)
{
    return model ? &model->info : NULL;
}

sned_status sned_model_get_layer(const sned_model *model, int index, sned_layer *layer)
{
    if (!model || !layer || index < 0 || index >= model->info.layers)
        return SNED_ERROR_ARGUMENT;
    *layer = model->layers[index];
    return SNED_OK;
}

const char *sned_model_get_label(const sned_model *model, int index)
{
    return model && index >= 0 && index < model->graph->label_count ? model->graph->labels[index] : NULL;
}
