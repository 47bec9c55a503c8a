/*
 * passes.c - from a graph as imported to one that inference wants: order, without identities and leftovers.
 *
 * The two passes that change constants and operators have files of their own: passes_affine.c, and
 * activation.c. Each pass leaves a graph that sned_graph_check accepts.
 */
#include "base/memory.h"
#include "graph/inner.h"

#include <stdlib.h>
#include <string.h>

/* ---- topological order ---- */

static sned_status check_indices(const struct graph *graph, const struct node *node, sned_error *error)
{
    for (int k = 0; k < node->input_count; k++)
        if (node->inputs[k] < -1 || node->inputs[k] >= graph->tensor_count)
            return sned_node_fail(error, SNED_ERROR_FORMAT, node, "input %d is tensor %d of %d", k,
                                  node->inputs[k], graph->tensor_count);
    if (node->outputs[0] < 0 || node->outputs[0] >= graph->tensor_count)
        return sned_node_fail(error, SNED_ERROR_FORMAT, node, "the output is tensor %d of %d",
                              node->outputs[0], graph->tensor_count);
    return SNED_OK;
}

static sned_status check_producers(const struct graph *graph, const int *producer, sned_error *error)
{
    for (int i = 0; i < graph->node_count; i++) {
        const struct node *node = &graph->nodes[i];
        if (producer[node->outputs[0]] != i || node->outputs[0] == graph->input ||
            tensor_is_constant(graph, node->outputs[0]))
            return sned_node_fail(error, SNED_ERROR_FORMAT, node, "makes '%.80s', which is there already",
                                  graph->tensors[node->outputs[0]].name);
    }
    return SNED_OK;
}

/* A depth-first walk against the direction of the data, without recursion: a file may chain nodes as it
 * likes. */
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
    if (tensor < 0 || tensor == walk->graph->input || tensor_is_constant(walk->graph, tensor))
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
        SNED_TRY(check_indices(graph, &graph->nodes[i], error));
    SNED_TRY_DONE(sned_uses_find(&uses, graph, error));
    SNED_TRY_DONE(check_producers(graph, uses.producer, error));
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
    free(sorted);
    free(walk.order);
    free(walk.stack);
    free(walk.next);
    sned_uses_free(&uses);
    return status;
}

/* ---- identities ---- */

/* The last identity's input takes the place of the graph's output, which keeps its name. */
static void move_output(struct graph *graph, int made)
{
    for (int i = 0; i < graph->node_count; i++) {
        struct node *node = &graph->nodes[i];
        if (node->op == OP_COUNT)
            continue;
        for (int k = 0; k < node->input_count; k++)
            if (node->inputs[k] == made)
                node->inputs[k] = graph->outputs[0];
        if (node->outputs[0] == made)
            node->outputs[0] = graph->outputs[0];
    }
    if (graph->tensors[graph->outputs[0]].quantization.scale == 0.0f)
        graph->tensors[graph->outputs[0]].quantization = graph->tensors[made].quantization;
}

static void bypass_identities(struct graph *graph, int *alias)
{
    for (int i = 0; i < graph->node_count; i++) {
        struct node *node = &graph->nodes[i];
        for (int k = 0; k < node->input_count; k++)
            if (node->inputs[k] >= 0)
                node->inputs[k] = alias[node->inputs[k]];
        if (node->op != OP_DROPOUT && node->op != OP_IDENTITY)
            continue;
        if (node->outputs[0] == graph->outputs[0] && node->inputs[0] == graph->input)
            continue; /* a network that does nothing keeps the one node that says so */
        alias[node->outputs[0]] = node->inputs[0];
        sned_node_remove(node);
    }
    if (alias[graph->outputs[0]] != graph->outputs[0])
        move_output(graph, alias[graph->outputs[0]]);
}

sned_status sned_graph_remove_identities(struct graph *graph, sned_error *error)
{
    int *alias = NULL; /* [tensor]: the tensor that holds the same values */
    SNED_TRY(sned_graph_sort(graph, error));
    for (int i = 0; i < graph->node_count; i++)
        SNED_TRY(sned_node_check_tensors(graph, &graph->nodes[i], error));
    if (graph->outputs[0] < 0 || graph->outputs[0] >= graph->tensor_count)
        return sned_fail(error, SNED_ERROR_FORMAT, "network '%.80s' has no output", graph->name);
    SNED_TRY(sned_alloc(&alias, (size_t)graph->tensor_count, sizeof *alias, error));
    for (int i = 0; i < graph->tensor_count; i++)
        alias[i] = i;
    bypass_identities(graph, alias);
    free(alias);
    sned_graph_compact(graph);
    return sned_graph_remove_unused(graph, error);
}

/* ---- leftovers ---- */

/* Marks in needed[] the nodes that the output depends on. */
static void mark_needed(const struct graph *graph, const int *producer, uint8_t *needed, int *stack)
{
    int depth = 0;
    if (graph->outputs[0] >= 0 && producer[graph->outputs[0]] >= 0) {
        stack[depth++] = producer[graph->outputs[0]];
        needed[stack[0]] = 1;
    }
    while (depth > 0) {
        const struct node *node = &graph->nodes[stack[--depth]];
        for (int k = 0; k < node->input_count; k++) {
            int from = node->inputs[k] < 0 ? -1 : producer[node->inputs[k]];
            if (from >= 0 && !needed[from]) {
                needed[from] = 1;
                stack[depth++] = from;
            }
        }
    }
}

/* new_index[t] is where tensor t goes; -1: nothing needs it. */
static void number_tensors(const struct graph *graph, int *new_index)
{
    int kept = 0;
    for (int i = 0; i < graph->tensor_count; i++)
        new_index[i] = i == graph->input || i == graph->outputs[0] ? 0 : -1;
    for (int i = 0; i < graph->node_count; i++) {
        const struct node *node = &graph->nodes[i];
        new_index[node->outputs[0]] = 0;
        for (int k = 0; k < node->input_count; k++)
            if (node->inputs[k] >= 0)
                new_index[node->inputs[k]] = 0;
    }
    for (int i = 0; i < graph->tensor_count; i++)
        if (new_index[i] == 0)
            new_index[i] = kept++;
}

static void move_tensors(struct graph *graph, const int *new_index)
{
    int kept = 0;
    for (int i = 0; i < graph->tensor_count; i++) {
        struct tensor *tensor = &graph->tensors[i];
        if (new_index[i] >= 0) {
            graph->tensors[kept++] = *tensor;
            continue;
        }
        free(tensor->name);
        free(tensor->data);
        free(tensor->mask);
    }
    graph->tensor_count = kept;
    for (int i = 0; i < graph->node_count; i++) {
        struct node *node = &graph->nodes[i];
        node->outputs[0] = new_index[node->outputs[0]];
        for (int k = 0; k < node->input_count; k++)
            if (node->inputs[k] >= 0)
                node->inputs[k] = new_index[node->inputs[k]];
    }
    graph->input = graph->input < 0 ? -1 : new_index[graph->input];
    graph->outputs[0] = graph->outputs[0] < 0 ? -1 : new_index[graph->outputs[0]];
}

sned_status sned_graph_remove_unused(struct graph *graph, sned_error *error)
{
    sned_status status;
    struct uses uses = {0};
    uint8_t *needed = NULL;
    int *stack = NULL, *new_index = NULL;
    for (int i = 0; i < graph->node_count; i++)
        SNED_TRY(check_indices(graph, &graph->nodes[i], error));
    if (graph->input >= graph->tensor_count || graph->outputs[0] >= graph->tensor_count)
        return sned_fail(error, SNED_ERROR_FORMAT, "network '%.80s': input or output out of range",
                         graph->name);
    SNED_TRY_DONE(sned_uses_find(&uses, graph, error));
    SNED_TRY_DONE(sned_alloc(&needed, (size_t)graph->node_count, 1, error));
    SNED_TRY_DONE(sned_alloc(&stack, (size_t)graph->node_count, sizeof *stack, error));
    SNED_TRY_DONE(sned_alloc(&new_index, (size_t)graph->tensor_count, sizeof *new_index, error));
    mark_needed(graph, uses.producer, needed, stack);
    for (int i = 0; i < graph->node_count; i++)
        if (!needed[i])
            sned_node_remove(&graph->nodes[i]);
    sned_graph_compact(graph);
    number_tensors(graph, new_index);
    move_tensors(graph, new_index);
done:
    free(new_index);
    free(stack);
    free(needed);
    sned_uses_free(&uses);
    return status;
}

/* ---- all of them ---- */

sned_status sned_graph_prepare(struct graph *graph, sned_error *error)
{
    SNED_TRY(sned_graph_sort(graph, error));
    SNED_TRY(sned_graph_infer(graph, error));
    SNED_TRY(sned_graph_remove_identities(graph, error));
    SNED_TRY(sned_graph_fold_affine(graph, error));
    SNED_TRY(sned_graph_fuse_activations(graph, error));
    SNED_TRY(sned_graph_remove_unused(graph, error));
    return sned_graph_infer(graph, error);
}
