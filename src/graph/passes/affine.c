/*
 * affine.c - y = scale[c] * x + shift[c] goes into the weights before it.
 *
 * Batch normalization in inference is such a function of each channel (Ioffe and Szegedy 2015):
 *     y = gamma (x - mean) / sqrt(variance + epsilon) + beta,
 * and so are Mul and Add with a constant. Where a Conv or Gemm makes x, and nobody else reads x, its filters
 * take the scale and its biases the shift. Elsewhere the function becomes a depthwise 1x1 Conv, which every
 * executor, the quantizer and the file format know already.
 */
#include "base/format.h"
#include "base/memory.h"
#include "base/names.h"
#include "graph/operator.h"
#include "graph/passes/passes.h"

#include <math.h>
#include <string.h>

/* What the pass keeps up to date while it changes the graph. */
struct pass {
    struct graph *graph;
    struct uses uses; /* of the first `known` tensors; those that the pass adds have one reader each */
    int known;
    struct unique_names names; /* of tensors */
};

struct affine {
    int channels;
    double *scale, *shift; /* [channels] */
};

static void affine_free(struct affine *affine)
{
    sned_free(affine->scale);
    sned_free(affine->shift);
}

static bool is_affine(const struct graph *graph, const struct node *node)
{
    if (node->activation.kind != ACTIVATION_NONE)
        return false;
    if (node->op == OP_BATCH_NORMALIZATION)
        return true;
    return (node->op == OP_ADD || node->op == OP_MUL) && tensor_is_constant(graph, node->inputs[1]);
}

static sned_status need_floats(const struct graph *graph, const struct node *node, sned_error *error)
{
    for (int i = 1; i < node->input_count; i++) {
        const struct tensor *tensor = node->inputs[i] < 0 ? NULL : &graph->tensors[node->inputs[i]];
        if (tensor && (!tensor->data || tensor->type != TENSOR_F32))
            return sned_node_fail(error, SNED_ERROR_FORMAT, node, "'%.80s' must be a float32 constant",
                                  tensor->name);
    }
    return SNED_OK;
}

static const float *constant(const struct graph *graph, const struct node *node, int input)
{
    return graph->tensors[node->inputs[input]].data;
}

static sned_status affine_of(const struct graph *graph, const struct node *node, struct affine *affine,
                             sned_error *error)
{
    affine->channels = (int)graph->tensors[node->inputs[0]].shape.dim[1];
    SNED_TRY(need_floats(graph, node, error));
    SNED_TRY(sned_alloc(&affine->scale, (size_t)affine->channels, sizeof(double), error));
    SNED_TRY(sned_alloc(&affine->shift, (size_t)affine->channels, sizeof(double), error));
    for (int c = 0; c < affine->channels; c++) {
        affine->scale[c] = 1.0;
        if (node->op == OP_BATCH_NORMALIZATION) {
            double variance = (double)constant(graph, node, 4)[c] + node->u.batch_normalization.epsilon;
            affine->scale[c] = constant(graph, node, 1)[c] / sqrt(variance);
            affine->shift[c] = constant(graph, node, 2)[c] - affine->scale[c] * constant(graph, node, 3)[c];
        } else {
            bool single = graph->tensors[node->inputs[1]].shape.dim[0] == 1;
            double value = constant(graph, node, 1)[single ? 0 : c];
            *(node->op == OP_MUL ? &affine->scale[c] : &affine->shift[c]) = value;
        }
        /* As float32, which the weights are: a channel must not become infinite. */
        if (!isfinite((float)affine->scale[c]) || !isfinite((float)affine->shift[c]))
            return sned_node_fail(error, SNED_ERROR_FORMAT, node,
                                  "scale %g and shift %g of channel %d are no floats", affine->scale[c],
                                  affine->shift[c], c);
    }
    return SNED_OK;
}

/* ---- constants that a pass may write to ---- */

/* A tensor called after `node`, of a name that no other tensor has. Takes `data` over. */
static sned_status add_named(struct pass *pass, int node, const char *suffix, const struct shape *shape,
                             void *data, int *index, sned_error *error)
{
    const char *name = NULL;
    char wanted[256];
    sned_format(wanted, sizeof wanted, "%.200s.%s", pass->graph->nodes[node].name, suffix);
    sned_status status = sned_unique_name(&pass->names, wanted, &name, error);
    if (status != SNED_OK) {
        sned_free(data);
        return status;
    }
    return sned_graph_add_tensor(pass->graph, name, TENSOR_F32, shape, data, index, error);
}

/* The node reads its constants no longer. */
static void release_constants(struct pass *pass, const struct node *node)
{
    for (int k = 1; k < node->input_count; k++) {
        bool again = node->inputs[k] == node->inputs[0];
        for (int before = 1; before < k; before++)
            again |= node->inputs[before] == node->inputs[k];
        if (!again && node->inputs[k] >= 0 && node->inputs[k] < pass->known)
            pass->uses.consumers[node->inputs[k]]--;
    }
}

/* Makes constant input `input` of a node its own: a copy where other nodes read it too. */
static sned_status own_constant(struct pass *pass, int node, int input, sned_error *error)
{
    struct graph *graph = pass->graph;
    int tensor = graph->nodes[node].inputs[input], index;
    if (tensor >= pass->known || pass->uses.consumers[tensor] <= 1)
        return SNED_OK;
    struct shape shape = graph->tensors[tensor].shape;
    size_t elements = sned_shape_elements(&shape);
    float *data = NULL;
    SNED_TRY(sned_alloc(&data, elements, sizeof *data, error));
    memcpy(data, graph->tensors[tensor].data, elements * sizeof *data);
    SNED_TRY(add_named(pass, node, "own", &shape, data, &index, error));
    graph->nodes[node].inputs[input] = index;
    pass->uses.consumers[tensor]--;
    graph->tensors[index].structure = graph->tensors[tensor].structure;
    if (!graph->tensors[tensor].mask)
        return SNED_OK;
    SNED_TRY(sned_alloc(&graph->tensors[index].mask, elements, 1, error));
    memcpy(graph->tensors[index].mask, graph->tensors[tensor].mask, elements);
    return SNED_OK;
}

static sned_status set_inputs(struct node *node, int x, int weights, int bias, sned_error *error)
{
    int *inputs = NULL;
    SNED_TRY(sned_alloc(&inputs, 3, sizeof *inputs, error));
    inputs[0] = x;
    inputs[1] = weights;
    inputs[2] = bias;
    sned_free(node->inputs);
    node->inputs = inputs;
    node->input_count = 3;
    return SNED_OK;
}

/* Gives a Conv or Gemm a bias [channels] of zeros where it has none, or its own copy of a shared one. */
static sned_status own_bias(struct pass *pass, int node, int channels, sned_error *error)
{
    struct graph *graph = pass->graph;
    if (node_bias(&graph->nodes[node], 0) >= 0)
        return own_constant(pass, node, sned_node_bias_input(&graph->nodes[node], 0), error);
    struct shape shape = sned_shape(1, (int64_t)channels);
    float *data = NULL;
    int index;
    SNED_TRY(sned_alloc(&data, (size_t)channels, sizeof *data, error));
    SNED_TRY(add_named(pass, node, "bias", &shape, data, &index, error));
    struct node *to = &graph->nodes[node];
    return set_inputs(to, to->inputs[0], node_weights(to, 0), index, error);
}

/* ---- into the producer ---- */

/* Sums over filters, with nothing behind them yet. */
static bool accepts(const struct graph *graph, const struct uses *uses, int producer, int x)
{
    return producer >= 0 && uses->consumers[x] == 1 &&
           sned_operator(graph->nodes[producer].op)->integer == INTEGER_FILTERS &&
           graph->nodes[producer].activation.kind == ACTIVATION_NONE;
}

static sned_status fold_into(struct pass *pass, int producer, const struct affine *affine, sned_error *error)
{
    struct graph *graph = pass->graph;
    SNED_TRY(need_floats(graph, &graph->nodes[producer], error));
    SNED_TRY(own_constant(pass, producer, sned_node_weights_input(&graph->nodes[producer], 0), error));
    SNED_TRY(own_bias(pass, producer, affine->channels, error));
    const struct node *node = &graph->nodes[producer];
    struct tensor *weights = &graph->tensors[node_weights(node, 0)];
    float *values = weights->data, *bias = graph->tensors[node_bias(node, 0)].data;
    size_t length = sned_shape_elements(&weights->shape) / (size_t)affine->channels;
    bool finite = true;
    for (int k = 0; k < affine->channels; k++) {
        float *filter = values + (size_t)k * length;
        for (size_t i = 0; i < length; i++) {
            /* A weight that is zero stays +0, whatever the sign of the scale. */
            filter[i] = filter[i] == 0.0f ? 0.0f : (float)(filter[i] * affine->scale[k]);
            finite &= isfinite(filter[i]) != 0;
        }
        bias[k] = (float)(bias[k] * affine->scale[k] + affine->shift[k]);
        finite &= isfinite(bias[k]) != 0;
    }
    if (!finite)
        return sned_node_fail(error, SNED_ERROR_FORMAT, node,
                              "the normalization after it makes infinite weights");
    return SNED_OK;
}

/* ---- or a Conv of its own ---- */

/* A Reshape at the end of the nodes (sorting puts it right) from tensor x to *to; -1: a new tensor. */
static sned_status add_reshape(struct pass *pass, int node, const char *suffix, int x,
                               const struct shape *shape, int *to, sned_error *error)
{
    struct graph *graph = pass->graph;
    char name[256];
    struct node *made;
    sned_format(name, sizeof name, "%.200s.%s", graph->nodes[node].name, suffix);
    if (*to < 0)
        SNED_TRY(add_named(pass, node, suffix, shape, NULL, to, error));
    SNED_TRY(sned_graph_add_node(graph, name, OP_RESHAPE, &x, 1, *to, &made, error));
    made->u.reshape.shape = *shape;
    return SNED_OK;
}

/* Puts an input of another rank than 4 into the shape [1][C][1][rest], and the result back. */
static sned_status reshape_around(struct pass *pass, int node, sned_error *error)
{
    struct graph *graph = pass->graph;
    int x = graph->nodes[node].inputs[0], y = graph->nodes[node].outputs[0], inner_x = -1, inner_y;
    struct shape outer = graph->tensors[x].shape;
    size_t rest = sned_shape_elements(&outer) / (size_t)outer.dim[1];
    struct shape inner = sned_shape(4, (int64_t)1, outer.dim[1], (int64_t)1, (int64_t)rest);
    if (outer.rank == 4)
        return SNED_OK;
    SNED_TRY(add_reshape(pass, node, "before", x, &inner, &inner_x, error));
    SNED_TRY(add_named(pass, node, "result", &inner, NULL, &inner_y, error));
    SNED_TRY(add_reshape(pass, node, "after", inner_y, &outer, &y, error));
    graph->nodes[node].inputs[0] = inner_x;
    graph->nodes[node].outputs[0] = inner_y;
    return SNED_OK;
}

static sned_status become_conv(struct pass *pass, int index, const struct affine *affine, sned_error *error)
{
    struct graph *graph = pass->graph;
    struct shape weights_shape = sned_shape(4, (int64_t)affine->channels, (int64_t)1, (int64_t)1, (int64_t)1);
    struct shape bias_shape = sned_shape(1, (int64_t)affine->channels);
    float *weights = NULL, *bias = NULL;
    int weights_index, bias_index;
    SNED_TRY(reshape_around(pass, index, error));
    SNED_TRY(sned_alloc(&weights, (size_t)affine->channels, sizeof *weights, error));
    for (int c = 0; c < affine->channels; c++)
        weights[c] = (float)affine->scale[c];
    SNED_TRY(add_named(pass, index, "weight", &weights_shape, weights, &weights_index, error));
    SNED_TRY(sned_alloc(&bias, (size_t)affine->channels, sizeof *bias, error));
    for (int c = 0; c < affine->channels; c++)
        bias[c] = (float)affine->shift[c];
    SNED_TRY(add_named(pass, index, "bias", &bias_shape, bias, &bias_index, error));
    struct node *node = &graph->nodes[index];
    release_constants(pass, node);
    SNED_TRY(set_inputs(node, node->inputs[0], weights_index, bias_index, error));
    node->op = OP_CONV;
    memset(&node->u, 0, sizeof node->u);
    node->u.conv.groups = affine->channels;
    node->u.conv.window = (struct window){.kernel = {1, 1}, .stride = {1, 1}, .dilation = {1, 1}};
    return SNED_OK;
}

/* ---- the pass ---- */

static sned_status fold_node(struct pass *pass, int index, sned_error *error)
{
    sned_status status;
    struct graph *graph = pass->graph;
    struct affine affine = {0};
    int x = graph->nodes[index].inputs[0];
    int producer = pass->uses.producer[x];
    SNED_TRY_DONE(affine_of(graph, &graph->nodes[index], &affine, error));
    if (accepts(graph, &pass->uses, producer, x)) {
        SNED_TRY_DONE(fold_into(pass, producer, &affine, error));
        int y = graph->nodes[index].outputs[0];
        graph->nodes[producer].outputs[0] = y;
        pass->uses.producer[y] = producer;
        release_constants(pass, &graph->nodes[index]);
        sned_node_remove(&graph->nodes[index]);
    } else {
        int y = graph->nodes[index].outputs[0];
        SNED_TRY_DONE(become_conv(pass, index, &affine, error));
        /* What comes after may go into the new Conv, unless a Reshape stands between. */
        pass->uses.producer[y] = graph->nodes[index].outputs[0] == y ? index : -1;
    }
done:
    affine_free(&affine);
    return status;
}

static sned_status take_names(struct pass *pass, sned_error *error)
{
    const char *name;
    for (int i = 0; i < pass->graph->tensor_count; i++)
        SNED_TRY(sned_unique_name(&pass->names, pass->graph->tensors[i].name, &name, error));
    return SNED_OK;
}

sned_status sned_graph_fold_affine(struct graph *graph, sned_error *error)
{
    sned_status status;
    struct pass pass = {.graph = graph, .known = graph->tensor_count};
    if (graph->integer)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "network '%.80s' is an integer network already",
                         graph->name);
    SNED_TRY(sned_graph_sort(graph, error));
    SNED_TRY(sned_graph_infer(graph, error));
    SNED_TRY_DONE(sned_uses_find(&pass.uses, graph, error));
    SNED_TRY_DONE(take_names(&pass, error));
    int count = graph->node_count; /* Reshapes are added behind it */
    for (int i = 0; i < count; i++)
        if (is_affine(graph, &graph->nodes[i]))
            SNED_TRY_DONE(fold_node(&pass, i, error));
    sned_graph_close_gaps(graph);
    SNED_TRY_DONE(sned_graph_remove_unused(graph, error));
    SNED_TRY_DONE(sned_graph_sort(graph, error));
    status = sned_graph_infer(graph, error);
done:
    if (status != SNED_OK)
        sned_graph_close_gaps(graph);
    sned_unique_free(&pass.names);
    sned_uses_free(&pass.uses);
    return status;
}
