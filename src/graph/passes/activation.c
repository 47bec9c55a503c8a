/*
 * activation.c - Relu, Clip and LeakyRelu go into the node before them.
 *
 * Clip and Relu are clamps, and a clamp after a clamp is a clamp. Rising functions change places with
 * MaxPool: the largest of the clamped is the clamped largest; so an activation after a pool goes into the
 * Conv before the pool.
 */
#include "base/memory.h"
#include "graph/operator.h"
#include "graph/passes/passes.h"

#include <float.h>
#include <math.h>

/* ---- two activations as one ---- */

static bool is_clamp(const struct activation *activation)
{
    return activation->kind == ACTIVATION_RELU || activation->kind == ACTIVATION_CLIP;
}

static float lowest(const struct activation *clamp)
{
    return clamp->kind == ACTIVATION_RELU ? 0.0f : clamp->low;
}

static float highest(const struct activation *clamp)
{
    return clamp->kind == ACTIVATION_RELU ? FLT_MAX : clamp->high;
}

static struct activation clamp_between(float low, float high)
{
    struct activation clamp = {.kind = ACTIVATION_CLIP, .low = low, .high = high};
    if (high >= FLT_MAX && low == 0.0f)
        clamp = (struct activation){.kind = ACTIVATION_RELU};
    else if (high >= FLT_MAX && low <= -FLT_MAX)
        clamp = (struct activation){.kind = ACTIVATION_NONE};
    return clamp;
}

/* The simplest form of one activation: Clip from 0 upwards is Relu, and so is LeakyRelu of slope 0. */
static struct activation simplest(const struct activation *activation)
{
    if (activation->kind == ACTIVATION_CLIP)
        return clamp_between(activation->low, activation->high);
    if (activation->kind == ACTIVATION_LEAKY_RELU && activation->slope == 0.0f)
        return (struct activation){.kind = ACTIVATION_RELU};
    return *activation;
}

/* `second` after `first` as one activation; false where that is none of the kinds there are. */
static bool combine(const struct activation *first, const struct activation *second, struct activation *both)
{
    if (first->kind == ACTIVATION_NONE || second->kind == ACTIVATION_NONE) {
        *both = first->kind == ACTIVATION_NONE ? *second : *first;
        return true;
    }
    if (is_clamp(first) && is_clamp(second)) {
        float low = lowest(second), high = highest(second);
        *both =
            clamp_between(fminf(fmaxf(lowest(first), low), high), fminf(fmaxf(highest(first), low), high));
        return true;
    }
    if (is_clamp(first) && second->kind == ACTIVATION_LEAKY_RELU && lowest(first) >= 0.0f) {
        *both = *first; /* nothing negative is left for the slope */
        return true;
    }
    if (first->kind == ACTIVATION_LEAKY_RELU && first->slope >= 0.0f && is_clamp(second) &&
        lowest(second) >= 0.0f) {
        *both = *second; /* the slope leaves negative values below the bound */
        return true;
    }
    return false;
}

static bool rises(const struct activation *activation)
{
    return is_clamp(activation) || (activation->kind == ACTIVATION_LEAKY_RELU && activation->slope >= 0.0f);
}

/* ---- the pass ---- */

/* Gives `activation` to a node as what comes after it; false where the node cannot take it. */
static bool take(struct node *node, const struct activation *activation)
{
    bool own = sned_operator(node->op)->activation != ACTIVATION_NONE;
    struct activation both;
    if ((!own && !sned_op_is(node->op, OPERATOR_FUSES)) || !combine(&node->activation, activation, &both))
        return false;
    if (own && both.kind == ACTIVATION_NONE)
        return false;
    node->activation = both;
    if (own)
        node->op = both.kind == ACTIVATION_RELU   ? OP_RELU
                   : both.kind == ACTIVATION_CLIP ? OP_CLIP
                                                  : OP_LEAKY_RELU;
    return true;
}

/* The node that makes x, where nobody else reads x; else -1. */
static int only_producer(const struct uses *uses, int x)
{
    return uses->consumers[x] == 1 ? uses->producer[x] : -1;
}

static void fuse_node(struct graph *graph, struct uses *uses, int index)
{
    struct node *node = &graph->nodes[index];
    struct activation activation = simplest(&node->activation);
    int before = only_producer(uses, node->inputs[0]), target = before;
    while (target >= 0 && graph->nodes[target].op == OP_MAX_POOL && rises(&activation))
        target = only_producer(uses, graph->nodes[target].inputs[0]);
    if (target >= 0 && take(&graph->nodes[target], &activation)) {
        graph->nodes[before].outputs[0] = node->outputs[0];
        uses->producer[node->outputs[0]] = before;
        sned_node_remove(node);
    } else if (activation.kind != ACTIVATION_NONE) {
        node->activation = activation;
        node->op = activation.kind == ACTIVATION_RELU ? OP_RELU : node->op;
    }
}

sned_status sned_graph_fuse_activations(struct graph *graph, sned_error *error)
{
    struct uses uses = {0};
    if (graph->integer)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "network '%.80s' is an integer network already",
                         graph->name);
    SNED_TRY(sned_graph_sort(graph, error));
    SNED_TRY(sned_graph_infer(graph, error));
    SNED_TRY(sned_uses_find(&uses, graph, error));
    for (int i = 0; i < graph->node_count; i++)
        if (sned_operator(graph->nodes[i].op)->activation != ACTIVATION_NONE)
            fuse_node(graph, &uses, i);
    sned_uses_free(&uses);
    sned_graph_close_gaps(graph);
    return sned_graph_remove_unused(graph, error);
}
