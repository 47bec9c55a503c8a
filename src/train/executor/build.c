/*
 * build.c - the plan of a whole graph: which tensors share an edge, which activations are done in place,
 * which gradients are wanted; then every operator forward, and every operator backward.
 */
#include "base/memory.h"
#include "graph/operator.h"
#include "train/executor/plan.h"
#include "train/executor/pointwise.h"

#include <stdlib.h>

static bool is_activation(const struct executor *executor, int tensor)
{
    return tensor >= 0 && !executor->graph->tensors[tensor].data;
}

/* In training, nodes that the loss does not depend on have nothing to do; `uses` then no longer counts them,
 * nor the outputs that the loss is not of. */
static sned_status skip_what_is_not_judged(struct executor *executor, struct uses *uses, sned_error *error)
{
    const struct graph *graph = executor->graph;
    bool *judged = NULL;
    SNED_TRY(sned_alloc(&judged, (size_t)graph->node_count, sizeof *judged, error));
    sned_status status = sned_graph_depends(graph, graph->outputs[0], judged, error);
    for (int i = 0; i < graph->node_count && status == SNED_OK; i++) {
        const struct node *node = &graph->nodes[i];
        executor->work[i].skipped = !judged[i];
        for (int k = 0; !judged[i] && k < node->input_count; k++)
            if (node->inputs[k] >= 0)
                uses->consumers[node->inputs[k]]--;
    }
    for (int i = 1; i < graph->output_count; i++)
        uses->consumers[graph->outputs[i]]--;
    free(judged);
    return status;
}

static bool passes_through(const struct executor *executor, const struct node *node)
{
    const bool drops = node->op == OP_DROPOUT && executor->options.training;
    if (!sned_op_is(node->op, OPERATOR_PASSES) || drops)
        return false;
    const struct tensor *tensors = executor->graph->tensors;
    const float scale = tensors[node->outputs[0]].quantization.scale;
    return scale == 0 || scale == tensors[node->inputs[0]].quantization.scale;
}

/* Whose output a lone Relu, Clip or LeakyRelu may overwrite: the only reader of it, and nothing done yet. */
static struct work *absorbing_work(struct executor *executor, const struct uses *uses,
                                   const struct node *node)
{
    if (sned_operator(node->op)->activation == ACTIVATION_NONE)
        return NULL;
    if (!executor->options.training && !executor->options.overwrite)
        return NULL;
    int input = node->inputs[0], producer = uses->producer[input];
    if (producer < 0 || uses->consumers[input] != 1 ||
        executor->graph->tensors[input].quantization.scale != 0)
        return NULL;
    struct work *work = &executor->work[producer];
    if (sned_op_is(work->node->op, OPERATOR_ENDING)) /* its backward pass needs its own output */
        return NULL;
    if (work->node->output_count > 1) /* an activation is behind all outputs of a node */
        return NULL;
    if (!pointwise_keeps_zero(&node->activation) && !sned_op_is(work->node->op, OPERATOR_FUSES))
        return NULL;
    return work->skipped || work->activation.kind != ACTIVATION_NONE ? NULL : work;
}

/* An input that shares its edge with a later tensor must not be read by anybody else: roots are found in
 * order. */
static void share_edge(struct executor *executor, const struct uses *uses, struct work *work)
{
    const struct node *node = work->node;
    struct work *before = absorbing_work(executor, uses, node);
    work->activation = node->activation;
    if (passes_through(executor, node)) {
        work->skipped = true;
        executor->root[node->outputs[0]] = executor->root[node->inputs[0]];
    } else if (before) {
        work->skipped = true;
        before->activation = node->activation;
        executor->root[node->inputs[0]] = node->outputs[0];
        executor->absorbed[node->inputs[0]] = true;
    }
}

static sned_status share_edges(struct executor *executor, sned_error *error)
{
    const struct graph *graph = executor->graph;
    struct uses uses = {0};
    sned_status status;
    SNED_TRY_DONE(sned_uses_find(&uses, graph, error));
    if (executor->options.training)
        SNED_TRY_DONE(skip_what_is_not_judged(executor, &uses, error));
    for (int t = 0; t < graph->tensor_count; t++)
        executor->root[t] = t;
    for (int i = 0; i < graph->node_count; i++) {
        struct work *work = &executor->work[i];
        work->node = &graph->nodes[i];
        if (work->skipped)
            continue;
        work->index = executor->judged++;
        share_edge(executor, &uses, work);
    }
done:
    sned_uses_free(&uses);
    return status;
}

static bool is_trained(const struct executor *executor, const struct node *node, int slot)
{
    const struct operator_plan *plan = operator_find(node->op);
    const bool is_statistic = plan && plan->statistics > 0 && slot >= plan->statistics;
    return !is_activation(executor, node->inputs[slot]) && !is_statistic;
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
            if (is_trained(executor, node, slot))
                edge->wants_gradient = true;
            wanted |= edge->wants_gradient;
        }
        for (int slot = 0; slot < node->output_count; slot++)
            plan_edge(executor, node->outputs[slot])->wants_gradient = wanted;
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
    for (int i = 0; i < work->node->output_count; i++) {
        const int tensor = executor->root[work->node->outputs[i]];
        struct edge *edge = &executor->edges[tensor];
        if (edge->is_rounded)
            pointwise_quantize(&executor->graph->tensors[tensor].quantization, &work->activation,
                               layout_data(edge->value), edge->pass_codes, layout_floats(&edge->desc));
    }
    return SNED_OK;
}

static sned_status call_quantize_backward(struct executor *executor, struct work *work, sned_error *error)
{
    for (int i = 0; i < work->node->output_count; i++) {
        struct edge *edge = plan_edge(executor, work->node->outputs[i]);
        if (edge->pass_codes && edge->gradient_begun)
            pointwise_quantize_backward(&work->activation, edge->pass_codes, layout_data(edge->gradient),
                                        layout_floats(&edge->desc));
    }
    return SNED_OK;
}

/* Operators that only move numbers, or choose among them, leave them rounded where input and output share a
 * scale. */
static bool is_rounded_already(const struct executor *executor, const struct work *work, int tensor)
{
    const struct quantization *to = &executor->graph->tensors[tensor].quantization;
    if (!sned_op_is(work->node->op, OPERATOR_KEEPS_QUANTIZATION))
        return false;
    for (int i = 0; i < work->node->input_count; i++) {
        const struct quantization *from = &executor->graph->tensors[work->node->inputs[i]].quantization;
        if (from->scale != to->scale || from->bits != to->bits || from->is_signed != to->is_signed)
            return false;
    }
    return work->activation.kind == ACTIVATION_NONE;
}

static sned_status plan_after(struct executor *executor, struct work *work, sned_error *error)
{
    bool rounds = false;
    if (work->activation.kind != ACTIVATION_NONE && !work->activation_done)
        SNED_TRY(plan_call(executor, &executor->forward, work, call_activate, error));
    for (int i = 0; i < work->node->output_count; i++) {
        const int tensor = executor->root[work->node->outputs[i]];
        struct edge *edge = &executor->edges[tensor];
        edge->is_rounded = executor->graph->tensors[tensor].quantization.scale != 0 &&
                           !is_rounded_already(executor, work, tensor);
        if (edge->is_rounded && edge->wants_gradient)
            SNED_TRY(sned_alloc(&edge->pass_codes, layout_floats(&edge->desc), 1, error));
        rounds |= edge->is_rounded;
    }
    return rounds ? plan_call(executor, &executor->forward, work, call_quantize, error) : SNED_OK;
}

static sned_status plan_forward(struct executor *executor, struct work *work, sned_error *error)
{
    const enum op op = work->node->op;
    const struct operator_plan *plan = operator_find(op);
    if (!plan || executor->graph->integer)
        return sned_fail(error, SNED_ERROR_UNSUPPORTED, "not an operator of a float network");
    if (!is_activation(executor, work->node->inputs[0]) && sned_input_role(op, 1) != INPUT_OPERAND)
        return sned_fail(error, SNED_ERROR_UNSUPPORTED, "its data input is a constant; fold it first");
    if (work->activation.kind == ACTIVATION_LEAKY_RELU && work->activation.slope < 0)
        return sned_fail(error, SNED_ERROR_UNSUPPORTED, "a negative slope cannot be trained");
    plan_work_begins(executor);
    SNED_TRY(plan->forward(executor, work, error));
    return plan_after(executor, work, error);
}

static sned_status plan_before(struct executor *executor, struct work *work, bool rounded, sned_error *error)
{
    if (rounded)
        return plan_call(executor, &executor->backward, work, call_quantize_backward, error);
    if (work->activation.kind != ACTIVATION_NONE)
        return plan_call(executor, &executor->backward, work, call_activate_backward, error);
    return SNED_OK;
}

static sned_status plan_backward(struct executor *executor, struct work *work, sned_error *error)
{
    const struct node *node = work->node;
    bool begun = false, rounded = false;
    for (int i = 0; i < node->output_count; i++) {
        const struct edge *edge = plan_edge(executor, node->outputs[i]);
        begun |= edge->wants_gradient && edge->gradient_begun;
        rounded |= edge->pass_codes != NULL;
    }
    work->backward_begin = executor->backward.count;
    if (begun) {
        plan_work_begins(executor);
        SNED_TRY(plan_before(executor, work, rounded, error));
        SNED_TRY(operator_find(node->op)->backward(executor, work, error));
    }
    for (int i = 0; i < node->output_count; i++)
        if (plan_edge(executor, node->outputs[i])->gradient)
            plan_give_back(executor, plan_edge(executor, node->outputs[i])->gradient);
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

static sned_status plan_graph_output(struct executor *executor, int index, sned_error *error)
{
    const struct graph *graph = executor->graph;
    struct edge *edge = plan_edge(executor, graph->outputs[index]);
    if (!edge->value)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "graph %s: nothing computes its output %s", graph->name,
                         graph->tensors[graph->outputs[index]].name);
    dnnl_memory_desc_t plain = layout_plain_like(&edge->desc);
    plan_work_begins(executor);
    return plan_convert(executor, &executor->forward, edge->value, &plain, true, &executor->outputs[index],
                        error);
}

static sned_status plan_graph_outputs(struct executor *executor, sned_error *error)
{
    const struct graph *graph = executor->graph;
    const int computed = executor->options.training ? 1 : graph->output_count;
    SNED_TRY(sned_alloc(&executor->outputs, (size_t)graph->output_count, sizeof *executor->outputs, error));
    for (int i = 0; i < computed; i++)
        SNED_TRY(plan_graph_output(executor, i, error));
    const size_t floats = layout_floats(layout_of(executor->outputs[0]));
    executor->scores = sned_graph_scores(graph);
    SNED_TRY(sned_alloc(&executor->loss_scores, floats, sizeof(float), error));
    return sned_alloc(&executor->loss_gradient, floats, sizeof(float), error);
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
        if (sned_op_is(work->node->op, OPERATOR_ENDING) && work->node->outputs[0] == graph->outputs[0])
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
    SNED_TRY(share_edges(executor, error));
    executor->channels_last = layout_wastes_blocks(executor);
    want_gradients(executor);
    SNED_TRY(plan_graph_input(executor, error));
    for (int i = 0; i < graph->node_count; i++) {
        struct work *work = &executor->work[i];
        sned_status status = work->skipped ? SNED_OK : plan_forward(executor, work, error);
        if (status != SNED_OK)
            return sned_error_context(error, status, "node %s (%s)", work->node->name,
                                      sned_op_name(work->node->op));
    }
    SNED_TRY(plan_graph_outputs(executor, error));
    if (executor->options.training)
        SNED_TRY(plan_all_backward(executor, error));
    return buffers_settle(&executor->buffers, error);
}
