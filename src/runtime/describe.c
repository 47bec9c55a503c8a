/*
 * describe.c - what a model tells about itself: its input, its outputs, its layers, its cost.
 */
#include "runtime/model.h"
#include "base/memory.h"

#include <string.h>

/* What sned.h promises of its structs: a size that no version changes. */
_Static_assert(sizeof(void *) != 8 || sizeof(sned_model_info) == 128, "sned_model_info grew");
_Static_assert(sizeof(void *) != 8 || sizeof(sned_layer) == 128, "sned_layer grew");
_Static_assert(sizeof(void *) != 8 || sizeof(sned_output) == 128, "sned_output grew");
_Static_assert(sizeof(void *) != 8 || sizeof(sned_step_time) == 128, "sned_step_time grew");
_Static_assert(sizeof(sned_limits) == 64, "sned_limits grew");
_Static_assert(sizeof(sned_error) == sizeof(sned_status) + 512, "sned_error grew");
_Static_assert((int)SNED_MAX_RANK >= (int)GRAPH_MAX_RANK, "sned_output.shape is too short");

/* ---- layers ---- */

/* Without a file: what the layer would take as dense bytes. */
static uint64_t dense_bytes(const struct graph *graph, const struct node *node)
{
    const uint64_t filters = (uint64_t)graph->tensors[node_weights(node, 0)].shape.dim[0];
    return sned_node_weights(graph, node) + filters * ((node_bias(node, 0) >= 0 ? 4 : 0) + 3);
}

static void describe_layer(sned_layer *layer, const struct graph *graph, const struct node *node,
                           const uint64_t *kept)
{
    const struct shape *shape = &graph->tensors[node_weights(node, 0)].shape;
    layer->name = node->name;
    layer->op = sned_op_name(node->op);
    for (int i = 0; i < 4; i++)
        layer->shape[i] = i < shape->rank ? (int)shape->dim[i] : 1;
    layer->weights = sned_node_weights(graph, node);
    for (int w = 0; w < sned_node_weight_count(node); w++)
        layer->kept += kept[node_weights(node, w)];
    layer->bits = 8;
    layer->format = sned_format_name(FORMAT_DENSE8);
    layer->bytes = dense_bytes(graph, node);
    layer->macs = sned_node_macs(graph, node);
}

static sned_status describe_layers(sned_model *model, const struct layer_storage *storage, int storage_count,
                                   const uint64_t *kept, sned_error *error)
{
    const struct graph *graph = model->graph;
    sned_model_info *info = &model->info;
    SNED_TRY(sned_alloc(&model->layers, graph->node_count, sizeof *model->layers, error));
    for (int n = 0; n < graph->node_count; n++) {
        if (!sned_node_has_weights(&graph->nodes[n]))
            continue;
        sned_layer *layer = &model->layers[info->layers];
        describe_layer(layer, graph, &graph->nodes[n], kept);
        if (info->layers < storage_count && storage[info->layers].node == n) {
            layer->format = sned_format_name(storage[info->layers].format);
            layer->bytes = storage[info->layers].bytes;
        }
        info->weights += layer->weights;
        info->kept += layer->kept;
        info->layers++;
    }
    return SNED_OK;
}

/* ---- the model ---- */

sned_status sned_model_describe(sned_model *model, const struct layer_storage *storage, int storage_count,
                                const uint64_t *kept, uint64_t bytes, sned_error *error)
{
    const struct graph *graph = model->graph;
    const struct shape *shape = &graph->tensors[graph->input].shape;
    const struct extent input = sned_shape_extent(shape);
    sned_model_info *info = &model->info;
    *info = (sned_model_info){.channels = input.channels, .height = input.height};
    /* Whoever sizes a buffer by the product has room for all, of inputs of more dimensions too. */
    info->width = (int)(sned_shape_elements(shape) / ((size_t)input.channels * (size_t)input.height));
    info->classes = (int)model->results[0].elements;
    info->outputs = graph->output_count;
    info->color = graph->rule.is_image ? graph->rule.color : "";
    info->resize = graph->rule.is_image ? sned_resize_text(model->resize, graph->rule.resize) : "";
    info->bytes = bytes;
    info->macs = sned_graph_macs(graph);
    info->operations = sned_graph_operations(graph);
    info->memory = sned_graph_constant_bytes(graph) + sned_memory_needed(model);
    info->state_bytes = sned_states_size(graph);
    info->steps = (uint64_t)model->plan.step_count;
    return describe_layers(model, storage, storage_count, kept, error);
}

/* ---- questions ---- */

const char *sned_model_get_instructions(const sned_model *model)
{
    return model ? model->plan.micro->name : NULL;
}

const char *sned_instructions(int index, int *runs)
{
    const struct micro_kernels *column = sned_micro_column(index);
    if (runs)
        *runs = sned_micro_runs(index);
    return column ? column->name : NULL;
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

static sned_ending ending_of(enum op op)
{
    return op == OP_SOFTMAX       ? SNED_ENDING_SOFTMAX
           : op == OP_LOG_SOFTMAX ? SNED_ENDING_LOG_SOFTMAX
           : op == OP_SIGMOID     ? SNED_ENDING_SIGMOID
                                  : SNED_ENDING_NONE;
}

sned_status sned_model_get_output(const sned_model *model, int index, sned_output *output)
{
    if (!model || !output || index < 0 || index >= model->info.outputs)
        return SNED_ERROR_ARGUMENT;
    const struct tensor *tensor = &model->graph->tensors[model->graph->outputs[index]];
    *output = (sned_output){.name = tensor->name,
                            .elements = sned_shape_elements(&tensor->shape),
                            .rank = tensor->shape.rank - 1,
                            .ending = ending_of(model->results[index].ending)};
    for (int axis = 1; axis < tensor->shape.rank; axis++)
        output->shape[axis - 1] = (int)tensor->shape.dim[axis];
    return SNED_OK;
}

int sned_model_find_output(const sned_model *model, const char *name)
{
    for (int k = 0; model && name && k < model->info.outputs; k++)
        if (strcmp(model->graph->tensors[model->graph->outputs[k]].name, name) == 0)
            return k;
    return -1;
}

const char *sned_model_get_label(const sned_model *model, int index)
{
    return model && index >= 0 && index < model->graph->label_count ? model->graph->labels[index] : NULL;
}
