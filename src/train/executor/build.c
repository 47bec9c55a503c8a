/*
 * build.c - the plan of a whole graph: which tensors share an edge, which activations are done in place,
 * which gradients are wanted; then every operator forward, and every operator backward.
 */
#include "base/memory.h"
#include "train/executor/plan.h"
#include "train/executor/pointwise.h"

#include <stdlib.h>

static bool is_activation(const struct executor *executor, int tensor)
{
    return tensor >= 0 && !executor->graph->tensors[tensor].data;
}

static bool passes_through(const struct executor *executor, const struct node *node)
{
    if (node->op != OP_IDENTITY && !(node->op == OP_DROPOUT && !executor->options.training))
        return false;
    const struct tensor *tensors = executor->graph->tensors;
    const float scale = tensors[node->outputs[0]].quantization.scale;
    return scale == 0 || scale == tensors[node->inputs[0]].quantization.scale;
}

/* Whose output a lone Relu, Clip or LeakyRelu may overwrite: the only reader of it, and nothing done yet. */
static struct work *absorbing_work(struct executor *executor, const struct uses *uses,
                                   const struct node *node)
{
    if (node->op != OP_RELU && node->op != OP_CLIP && node->op != OP_LEAKY_RELU)
        return NULL;
    if (!executor->options.training && !executor->options.overwrite)
        return NULL;
    int input = node->inputs[0], producer = uses->producer[input];
    if (producer < 0 || uses->consumers[input] != 1 ||
        executor->graph->tensors[input].quantization.scale != 0)
        return NULL;
    struct work *work = &executor->work[producer];
    if (sned_op_is_ending(work->node->op)) /* its backward pass needs its own output */
        return NULL;
    return work->skipped || work->activation.kind != ACTIVATION_NONE ? NULL : work;
}

/* An input that shares its edge with a later tensor must not be read by anybody else: roots are found in
 * order. */
static sned_status share_edges(struct executor *executor, sned_error *error)
{
    const struct graph *graph = executor->graph;
    struct uses uses;
    SNED_TRY(sned_uses_find(&uses, graph, error));
    for (int t = 0; t < graph->tensor_count; t++)
        executor->root[t] = t;
    for (int i = 0; i < graph->node_count; i++) {
        const struct node *node = &graph->nodes[i];
        struct work *work = &executor->work[i], *before = absorbing_work(executor, &uses, node);
        work->index = i;
        work->node = node;
        work->activation = node->activation;
        work->output = node->outputs[0];
        if (passes_through(executor, node)) {
            work->skipped = true;
            executor->root[node->outputs[0]] = executor->root[node->inputs[0]];
        } else if (before) {
            work->skipped = true;
            before->activation = node->activation;
            before->output = node->outputs[0];
            executor->root[node->inputs[0]] = node->outputs[0];
            executor->absorbed[node->inputs[0]] = true;
        }
    }
    sned_uses_free(&uses);
    return SNED_OK;
}

static bool is_statistic(const struct node *node, int slot)
{
    return node->op == OP_BATCH_NORMALIZATION && slot >= 3;
}

static void want_gradients(struct executor *executor)
{
    const struct graph *graph = executor->graph;
    if (!executor->options.training)
        return;
    executor->edges[graph->input].wants_gradient = executor->options.input_gradient;
    for (int i = 0; i < graph->node_count; i++) {
        const struct node *node = &graph->nodes[i];
        if (executor->work[i].skipped)
            continue;
        bool wanted = false;
        for (int slot = 0; slot < node->input_count; slot++) {
            struct edge *edge = plan_edge(executor, node->inputs[slot]);
            if (!edge)
                continue;
            if (!is_activation(executor, node->inputs[slot]) && !is_statistic(node, slot))
                edge->wants_gradient = true;
            wanted |= edge->wants_gradient;
        }
        executor->edges[executor->work[i].output].wants_gradient = wanted;
    }
}

/* ---- what follows every operator: its activation, and rounding ---- */

static sned_status call_activate(struct executor *executor, struct work *work, sned_error *error)
{
    struct edge *edge = plan_output_edge(executor, work);
    pointwise_activate(&work->activation, layout_data(edge->value), layout_floats(&edge->desc));
    return SNED_OK;
}

static sned_status call_activate_backward(struct executor *executor, struct work *work, sned_error *error)
{
    struct edge *edge = plan_output_edge(executor, work);
    pointwise_activate_backward(&work->activation, layout_data(edge->value), layout_data(edge->gradient),
                                layout_floats(&edge->desc));
    return SNED_OK;
}

static sned_status call_quantize(struct executor *executor, struct work *work, sned_error *error)
{
    struct edge *edge = plan_output_edge(executor, work);
    pointwise_quantize(&executor->graph->tensors[work->output].quantization, &work->activation,
                       layout_data(edge->value), edge->pass_codes, layout_floats(&edge->desc));
    return SNED_OK;
}

static sned_status call_quantize_backward(struct executor *executor, struct work *work, sned_error *error)
{
    struct edge *edge = plan_output_edge(executor, work);
    pointwise_quantize_backward(&work->activation, edge->pass_codes, layout_data(edge->gradient),
                                layout_floats(&edge->desc));
    return SNED_OK;
}

/* Operators that only move numbers leave them rounded where input and output share a scale. */
static bool is_rounded_already(const struct executor *executor, const struct work *work)
{
    switch (work->node->op) {
    case OP_MAX_POOL:
    case OP_CONCAT:
    case OP_SLICE:
    case OP_PAD:
    case OP_FLATTEN:
    case OP_RESHAPE:
    case OP_TRANSPOSE:
    case OP_IDENTITY:
        break;
    default:
        return false;
    }
    const struct quantization *to = &executor->graph->tensors[work->output].quantization;
    for (int i = 0; i < work->node->input_count; i++) {
        const struct quantization *from = &executor->graph->tensors[work->node->inputs[i]].quantization;
        if (from->scale != to->scale || from->bits != to->bits || from->is_signed != to->is_signed)
            return false;
    }
    return work->activation.kind == ACTIVATION_NONE;
}

static sned_status plan_after(struct executor *executor, struct work *work, sned_error *error)
{
    struct edge *edge = plan_output_edge(executor, work);
    if (work->activation.kind != ACTIVATION_NONE && !work->activation_done)
        SNED_TRY(plan_call(executor, &executor->forward, work, call_activate, error));
    if (executor->graph->tensors[work->output].quantization.scale == 0 || is_rounded_already(executor, work))
        return SNED_OK;
    if (edge->wants_gradient)
        SNED_TRY(sned_alloc(&edge->pass_codes, layout_floats(&edge->desc), 1, error));
    return plan_call(executor, &executor->forward, work, call_quantize, error);
}

static sned_status plan_forward(struct executor *executor, struct work *work, sned_error *error)
{
    const struct operator_plan *plan = operator_find(work->node->op);
    if (!plan || executor->graph->integer)
        return sned_fail(error, SNED_ERROR_UNSUPPORTED, "not an operator of a float network");
    if (!is_activation(executor, work->node->inputs[0]) && work->node->op != OP_ADD &&
        work->node->op != OP_MUL)
        return sned_fail(error, SNED_ERROR_UNSUPPORTED, "its data input is a constant; fold it first");
    if (work->activation.kind == ACTIVATION_LEAKY_RELU && work->activation.slope < 0)
        return sned_fail(error, SNED_ERROR_UNSUPPORTED, "a negative slope cannot be trained");
    plan_work_begins(executor);
    SNED_TRY(plan->forward(executor, work, error));
    return plan_after(executor, work, error);
}

static sned_status plan_backward(struct executor *executor, struct work *work, sned_error *error)
{
    struct edge *edge = plan_output_edge(executor, work);
    work->backward_begin = executor->backward.count;
    if (edge->wants_gradient && edge->gradient_begun) {
        plan_work_begins(executor);
        if (edge->pass_codes)
            SNED_TRY(plan_call(executor, &executor->backward, work, call_quantize_backward, error));
        else if (work->activation.kind != ACTIVATION_NONE)
            SNED_TRY(plan_call(executor, &executor->backward, work, call_activate_backward, error));
        SNED_TRY(operator_find(work->node->op)->backward(executor, work, error));
    }
    if (edge->gradient)
        plan_give_back(executor, edge->gradient);
    work->backward_end = executor->backward.count;
    return SNED_OK;
}

/* ---- the ends: input, output and loss ---- */

static sned_status plan_graph_input(struct executor *executor, sned_error *error)
{
    int rank;
    dnnl_dims_t dims;
    struct edge *edge = &executor->edges[executor->graph->input];
    SNED_TRY(layout_dims(executor, executor->graph->input, &rank, dims, error));
    edge->desc = edge->gradient_desc = layout_plain(rank, dims);
    return plan_memory(executor, &edge->desc, &edge->value, error);
}

static sned_status plan_graph_output(struct executor *executor, sned_error *error)
{
    const struct graph *graph = executor->graph;
    struct edge *edge = plan_edge(executor, graph->outputs[0]);
    if (!edge->value)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "graph %s: nothing computes its output", graph->name);
    dnnl_memory_desc_t plain = layout_plain_like(&edge->desc);
    plan_work_begins(executor);
    SNED_TRY(plan_convert(executor, &executor->forward, edge->value, &plain, true, &executor->output, error));
    executor->scores = sned_graph_scores(graph);
    SNED_TRY(sned_alloc(&executor->loss_scores, layout_floats(&plain), sizeof(float), error));
    return sned_alloc(&executor->loss_gradient, layout_floats(&plain), sizeof(float), error);
}

static sned_status plan_all_backward(struct executor *executor, sned_error *error)
{
    const struct graph *graph = executor->graph;
    struct edge *edge = plan_edge(executor, graph->outputs[0]);
    SNED_TRY(plan_gradient_memory(executor, edge, error));
    edge->gradient_begun = true;
    for (int i = graph->node_count - 1; i >= 0; i--) {
        struct work *work = &executor->work[i];
        if (work->skipped)
            continue;
        sned_status status = plan_backward(executor, work, error);
        if (status != SNED_OK)
            return sned_error_context(error, status, "training node %s (%s)", work->node->name,
                                      sned_op_name(work->node->op));
        if (sned_op_is_ending(work->node->op) && work->node->outputs[0] == graph->outputs[0])
            executor->loss_begin = work->backward_end;
    }
    return SNED_OK;
}

sned_status plan_build(struct executor *executor, sned_error *error)
{
    const struct graph *graph = executor->graph;
    SNED_TRY(sned_alloc(&executor->root, (size_t)graph->tensor_count, sizeof *executor->root, error));
    SNED_TRY(sned_alloc(&executor->absorbed, (size_t)graph->tensor_count, sizeof *executor->absorbed, error));
    SNED_TRY(sned_alloc(&executor->edges, (size_t)graph->tensor_count, sizeof *executor->edges, error));
    SNED_TRY(sned_alloc(&executor->work, (size_t)graph->node_count, sizeof *executor->work, error));
    executor->channels_last = layout_wastes_blocks(graph);
    SNED_TRY(share_edges(executor, error));
    want_gradients(executor);
    SNED_TRY(plan_graph_input(executor, error));
    for (int i = 0; i < graph->node_count; i++) {
        struct work *work = &executor->work[i];
        sned_status status = work->skipped ? SNED_OK : plan_forward(executor, work, error);
        if (status != SNED_OK)
            return sned_error_context(error, status, "node %s (%s)", work->node->name,
                                      sned_op_name(work->node->op));
    }
    SNED_TRY(plan_graph_output(executor, error));
    if (executor->options.training)
        SNED_TRY(plan_all_backward(executor, error));
    return buffers_settle(&executor->buffers, error);
}
