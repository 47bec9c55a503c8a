/*
 * order.c - nodes in topological order: behind those that make what they read.
 */
#include "base/memory.h"
#include "graph/passes/passes.h"

#include <string.h>

sned_status sned_node_check_indices(const struct graph *graph, const struct node *node, sned_error *error)
{
    for (int k = 0; k < node->input_count; k++)
        if (node->inputs[k] < -1 || node->inputs[k] >= graph->tensor_count)
            return sned_node_fail(error, SNED_ERROR_FORMAT, node, "input %d is tensor %d of %d", k,
                                  node->inputs[k], graph->tensor_count);
    for (int k = 0; k < node->output_count; k++)
        if (node->outputs[k] < 0 || node->outputs[k] >= graph->tensor_count)
            return sned_node_fail(error, SNED_ERROR_FORMAT, node, "output %d is tensor %d of %d", k,
                                  node->outputs[k], graph->tensor_count);
    return SNED_OK;
}

/* Each activation is made once: not by two nodes, nor as two outputs of one. */
static sned_status check_producers(const struct graph *graph, sned_error *error)
{
    sned_status status;
    uint8_t *there = NULL; /* [tensor] */
    SNED_TRY_DONE(sned_alloc(&there, (size_t)graph->tensor_count, 1, error));
    for (int i = 0; i < graph->tensor_count; i++)
        there[i] = sned_tensor_is_given(graph, i);
    for (int i = 0; i < graph->node_count; i++) {
        const struct node *node = &graph->nodes[i];
        for (int k = 0; k < node->output_count; k++) {
            if (there[node->outputs[k]]) {
                status =
                    sned_node_fail(error, SNED_ERROR_FORMAT, node, "makes '%.80s', which is there already",
                                   graph->tensors[node->outputs[k]].name);
                goto done;
            }
            there[node->outputs[k]] = 1;
        }
    }
    status = SNED_OK;
done:
    sned_free(there);
    return status;
}

/* A depth-first walk against the direction of the data, without recursion: chains may be of any length. */
struct walk {
    const struct graph *graph;
    const int *producer;
    int *next;  /* [node]: the input to look at next; -1: not entered; input_count: left */
    int *stack; /* [node] */
    int *order; /* [node]: nodes, in the order in which they were left */
    int left;
};

enum { NOT_ENTERED = -1 };

/* Looks at one more input of the node on top of the stack: enters its producer, or leaves the node. */
static sned_status walk_step(struct walk *walk, int *depth, sned_error *error)
{
    int top = walk->stack[*depth - 1];
    const struct node *node = &walk->graph->nodes[top];
    if (walk->next[top] == node->input_count) {
        walk->order[walk->left++] = top;
        walk->next[top]++;
        --*depth;
        return SNED_OK;
    }
    int tensor = node->inputs[walk->next[top]++];
    if (tensor < 0 || sned_tensor_is_given(walk->graph, tensor))
        return SNED_OK;
    int from = walk->producer[tensor];
    if (from < 0)
        return sned_node_fail(error, SNED_ERROR_FORMAT, node, "reads '%.80s', which no node makes",
                              walk->graph->tensors[tensor].name);
    if (walk->next[from] == NOT_ENTERED) {
        walk->next[from] = 0;
        walk->stack[(*depth)++] = from;
    } else if (walk->next[from] <= walk->graph->nodes[from].input_count) {
        return sned_node_fail(error, SNED_ERROR_FORMAT, node, "the network has a cycle through this node");
    }
    return SNED_OK;
}

static sned_status walk_all(struct walk *walk, sned_error *error)
{
    for (int i = 0; i < walk->graph->node_count; i++) {
        int depth = 0;
        if (walk->next[i] != NOT_ENTERED)
            continue;
        walk->next[i] = 0;
        walk->stack[depth++] = i;
        while (depth > 0)
            SNED_TRY(walk_step(walk, &depth, error));
    }
    return SNED_OK;
}

/* Nodes that are in order already stay as they are. */
sned_status sned_graph_sort(struct graph *graph, sned_error *error)
{
    sned_status status;
    struct uses uses = {0};
    struct walk walk = {.graph = graph};
    struct node *sorted = NULL;
    size_t count = (size_t)graph->node_count;
    for (int i = 0; i < graph->node_count; i++)
        SNED_TRY(sned_node_check_indices(graph, &graph->nodes[i], error));
    SNED_TRY_DONE(sned_uses_find(&uses, graph, error));
    SNED_TRY_DONE(check_producers(graph, error));
    SNED_TRY_DONE(sned_alloc(&walk.next, count, sizeof *walk.next, error));
    SNED_TRY_DONE(sned_alloc(&walk.stack, count, sizeof *walk.stack, error));
    SNED_TRY_DONE(sned_alloc(&walk.order, count, sizeof *walk.order, error));
    SNED_TRY_DONE(sned_alloc(&sorted, count, sizeof *sorted, error));
    walk.producer = uses.producer;
    for (size_t i = 0; i < count; i++)
        walk.next[i] = NOT_ENTERED;
    SNED_TRY_DONE(walk_all(&walk, error));
    for (size_t i = 0; i < count; i++)
        sorted[i] = graph->nodes[walk.order[i]];
    if (count > 0)
        memcpy(graph->nodes, sorted, count * sizeof *sorted);
done:
    sned_free(sorted);
    sned_free(walk.order);
    sned_free(walk.stack);
    sned_free(walk.next);
    sned_uses_free(&uses);
    return status;
}
