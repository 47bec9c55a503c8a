/*
 * layers.c - see layers.h.
 */
#include "compress/rate/layers.h"
#include "base/memory.h"
#include "graph/operator.h"
#include "train/executor/pointwise.h"
#include "train/executor/round_blocks.h"

#include <math.h>
#include <stdlib.h>

static const float first_largest = 7; /* integers at the start, of weights that have no step */
static const double bias_bits = 7;    /* of a filter that is not all 0 */
static const double bias_steps = 2, score_steps = 128; /* of the output, of 8 bits or 16 */

/* ---- finding ---- */

/* Positions of each channel among the inputs of a Gemm: those of the picture that is flattened before it. */
static int64_t flattened_positions(const struct graph *graph, int tensor)
{
    for (;;) {
        const struct shape *shape = &graph->tensors[tensor].shape;
        const int producer = sned_graph_producer(graph, tensor);
        if (shape->rank > 2)
            return (int64_t)sned_shape_elements(shape) / shape->dim[1];
        if (producer < 0 ||
            !sned_op_is(graph->nodes[producer].op, OPERATOR_RESHAPES | OPERATOR_POINTWISE | OPERATOR_PASSES))
            return 1;
        tensor = graph->nodes[producer].inputs[0];
    }
}

/* The weights as the coder sees them. A Gemm's inputs are grouped by channel where its blocks do not reach
 * across them. */
static struct block_grid grid_of(const struct graph *graph, const struct tensor *weights, int input)
{
    struct block_grid grid = sned_block_grid(&weights->structure, &weights->shape);
    if (weights->shape.rank > 2 || grid.width > 1)
        return grid;
    const size_t positions = (size_t)flattened_positions(graph, input);
    if (grid.channels % positions == 0) {
        grid.positions = positions;
        grid.channels /= positions;
    }
    return grid;
}

static sned_status add_layer(struct rate_layers *layers, const struct graph *graph, const struct node *node,
                             int index, sned_error *error)
{
    const int tensor = node_weights(node, index);
    struct rate_layer *layer = &layers->layers[layers->count];
    for (int i = 0; i < layers->count; i++)
        if (layers->layers[i].tensor == tensor)
            return SNED_OK;
    const struct tensor *weights = &graph->tensors[tensor];
    const struct block_grid grid = grid_of(graph, weights, node->inputs[0]);
    layer->tensor = tensor;
    layer->bias = node_bias(node, index);
    layer->input = node->inputs[0];
    layer->output = node->outputs[0];
    layers->count++;
    return sned_cost_new(&layer->cost, &grid, weights->structure.kind == STRUCTURE_BALANCED, error);
}

sned_status rate_layers_find(struct rate_layers *layers, const struct graph *graph, sned_error *error)
{
    bool *judged = NULL;
    size_t most = 0, largest = 0;
    sned_status status;
    layers->fine_bits = INFINITY;
    for (int n = 0; n < graph->node_count; n++)
        most += (size_t)sned_node_weight_count(&graph->nodes[n]);
    SNED_TRY_DONE(sned_alloc(&layers->layers, most, sizeof *layers->layers, error));
    SNED_TRY_DONE(sned_alloc(&judged, (size_t)graph->node_count, sizeof *judged, error));
    SNED_TRY_DONE(sned_graph_depends(graph, graph->outputs[0], judged, error));
    for (int n = 0; n < graph->node_count; n++)
        for (int i = 0; judged[n] && i < sned_node_weight_count(&graph->nodes[n]); i++)
            SNED_TRY_DONE(add_layer(layers, graph, &graph->nodes[n], i, error));
    for (int i = 0; i < layers->count; i++) {
        const size_t elements = sned_shape_elements(&graph->tensors[layers->layers[i].tensor].shape);
        largest = elements > largest ? elements : largest;
    }
    status = sned_alloc(&layers->integers, largest, 1, error);
done:
    free(judged);
    return status;
}

void rate_layers_free(struct rate_layers *layers)
{
    for (int i = 0; i < layers->count; i++)
        sned_cost_free(&layers->layers[i].cost);
    free(layers->layers);
    free(layers->integers);
    *layers = (struct rate_layers){0};
}

/* ---- steps and costs ---- */

static float largest_weight(const struct tensor *tensor)
{
    const float *weights = tensor->data;
    float largest = 0;
    for (size_t i = 0, count = sned_shape_elements(&tensor->shape); i < count; i++)
        largest = fmaxf(largest, fabsf(weights[i]));
    return largest;
}

void rate_layers_give_steps(const struct rate_layers *layers, struct graph *graph)
{
    for (int i = 0; i < layers->count; i++) {
        struct tensor *tensor = &graph->tensors[layers->layers[i].tensor];
        if (tensor->quantization.scale > 0)
            continue;
        const float largest = largest_weight(tensor);
        tensor->quantization = (struct quantization){largest > 0 ? largest / first_largest : 1, 8, true};
    }
}

void rate_layers_give_bias_steps(const struct rate_layers *layers, struct graph *graph)
{
    for (int i = 0; i < layers->count; i++) {
        const struct rate_layer *layer = &layers->layers[i];
        const struct quantization out = graph->tensors[layer->output].quantization;
        const double unit = (double)graph->tensors[layer->input].quantization.scale *
                            graph->tensors[layer->tensor].quantization.scale;
        const double steps = out.bits == 16 ? score_steps : bias_steps;
        const double filters = fmax((double)layer->cost.live_filters, 1);
        const double most = out.scale * steps / fmax(layer->cost.bits / filters / layers->fine_bits, 1);
        if (layer->bias >= 0 && unit > 0)
            graph->tensors[layer->bias].quantization =
                (struct quantization){(float)(unit * exp2(fmax(floor(log2(most / unit)), 0))), 32, true};
    }
}

sned_status rate_layers_look(struct rate_layers *layers, struct executor *executor, sned_error *error)
{
    for (int i = 0; i < layers->count; i++) {
        struct rate_layer *layer = &layers->layers[i];
        executor_integers(executor, layer->tensor, layers->integers);
        SNED_TRY(sned_cost_update(&layer->cost, layers->integers, error));
        executor_set_cost(executor, layer->tensor, &layer->cost);
    }
    return SNED_OK;
}

double rate_layers_bytes(const struct rate_layers *layers)
{
    double bits = 0;
    for (int i = 0; i < layers->count; i++)
        bits += layers->layers[i].cost.bits + bias_bits * (double)layers->layers[i].cost.live_filters;
    return bits / 8;
}

sned_status rate_layers_count(struct rate_layers *layers, const struct graph *graph, sned_error *error)
{
    for (int i = 0; i < layers->count; i++) {
        const struct tensor *tensor = &graph->tensors[layers->layers[i].tensor];
        const float step = tensor->quantization.scale, *weights = tensor->data;
        for (size_t k = 0, count = sned_shape_elements(&tensor->shape); k < count; k++)
            layers->integers[k] = (int8_t)pointwise_integer(weights[k] / step);
        round_blocks(tensor, weights, step, layers->integers, 1);
        SNED_TRY(sned_cost_update(&layers->layers[i].cost, layers->integers, error));
    }
    return SNED_OK;
}

/* ---- what is made of them ---- */

void rate_layers_round(const struct rate_layers *layers, struct graph *graph)
{
    for (int i = 0; i < layers->count; i++) {
        struct tensor *tensor = &graph->tensors[layers->layers[i].tensor];
        const float step = tensor->quantization.scale;
        float *weights = tensor->data;
        round_blocks(tensor, weights, step, weights, sizeof *weights);
        for (size_t k = 0, count = sned_shape_elements(&tensor->shape); k < count; k++)
            weights[k] = pointwise_integer(weights[k] / step) * step;
    }
}

void rate_layers_round_biases(const struct rate_layers *layers, struct graph *graph)
{
    for (int i = 0; i < layers->count; i++) {
        if (layers->layers[i].bias < 0)
            continue;
        struct tensor *tensor = &graph->tensors[layers->layers[i].bias];
        pointwise_round(tensor->data, tensor->data, sned_shape_elements(&tensor->shape),
                        tensor->quantization.scale);
    }
}
