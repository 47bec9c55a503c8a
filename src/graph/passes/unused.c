/*
 * unused.c - nodes, states and tensors go that no output depends on.
 *
 * A node stays whole: of a Split one of whose outputs is needed, the others stay too.
 */
#include "base/memory.h"
#include "graph/passes/passes.h"

struct leftovers {
    const struct graph *graph;
    const int *producer; /* [tensor] */
    uint8_t *needed;     /* [node]: an output depends on it, in this run or, by a state, in a later one */
    bool keeps_state[GRAPH_MAX_STATES];
    int *stack, depth; /* [node]: needed ones whose inputs are still to be looked at */
};

static void need_tensor(struct leftovers *leftovers, int tensor);

/* A state is needed where it is read, and with it what it becomes. */
static void need_state(struct leftovers *leftovers, int tensor)
{
    const struct graph *graph = leftovers->graph;
    for (int k = 0; k < graph->state_count; k++)
        if (graph->states[k].tensor == tensor && !leftovers->keeps_state[k]) {
            leftovers->keeps_state[k] = true;
            need_tensor(leftovers, graph->states[k].next);
        }
}

static void need_tensor(struct leftovers *leftovers, int tensor)
{
    const int node = tensor < 0 ? -1 : leftovers->producer[tensor];
    if (node < 0) {
        need_state(leftovers, tensor);
    } else if (!leftovers->needed[node]) {
        leftovers->needed[node] = 1;
        leftovers->stack[leftovers->depth++] = node;
    }
}

static void find_needed(struct leftovers *leftovers)
{
    const struct graph *graph = leftovers->graph;
    for (int k = 0; k < graph->output_count; k++)
        need_tensor(leftovers, graph->outputs[k]);
    while (leftovers->depth > 0) {
        const struct node *node = &graph->nodes[leftovers->stack[--leftovers->depth]];
        for (int k = 0; k < node->input_count; k++)
            need_tensor(leftovers, node->inputs[k]);
    }
}

static void remove_nodes(struct graph *graph, const struct leftovers *leftovers)
{
    int kept = 0;
    for (int i = 0; i < graph->node_count; i++)
        if (!leftovers->needed[i])
            sned_node_remove(&graph->nodes[i]);
    sned_graph_close_gaps(graph);
    for (int k = 0; k < graph->state_count; k++)
        if (leftovers->keeps_state[k])
            graph->states[kept++] = graph->states[k];
    graph->state_count = kept;
}

/* Each index of a tensor that the graph has, but for -1. */
static void for_each_index(struct graph *graph, void (*visit)(int *index, int *new_index), int *new_index)
{
    for (int i = 0; i < graph->node_count; i++) {
        struct node *node = &graph->nodes[i];
        for (int k = 0; k < node->output_count; k++)
            visit(&node->outputs[k], new_index);
        for (int k = 0; k < node->input_count; k++)
            if (node->inputs[k] >= 0)
                visit(&node->inputs[k], new_index);
    }
    for (int k = 0; k < graph->output_count; k++)
        if (graph->outputs[k] >= 0)
            visit(&graph->outputs[k], new_index);
    for (int k = 0; k < graph->state_count; k++) {
        visit(&graph->states[k].tensor, new_index);
        visit(&graph->states[k].next, new_index);
    }
    if (graph->input >= 0)
        visit(&graph->input, new_index);
}

static void mark_index(int *index, int *new_index)
{
    new_index[*index] = 0;
}

static void renumber_index(int *index, int *new_index)
{
    *index = new_index[*index];
}

/* new_index [tensor]: where it goes; -1: nothing needs it. */
static void remove_tensors(struct graph *graph, int *new_index)
{
    int kept = 0;
    for (int i = 0; i < graph->tensor_count; i++)
        new_index[i] = -1;
    for_each_index(graph, mark_index, new_index);
    for (int i = 0; i < graph->tensor_count; i++) {
        struct tensor *tensor = &graph->tensors[i];
        if (new_index[i] < 0) {
            sned_free(tensor->name);
            sned_free(tensor->data);
            sned_free(tensor->mask);
        } else {
            new_index[i] = kept;
            graph->tensors[kept++] = *tensor;
        }
    }
    graph->tensor_count = kept;
    for_each_index(graph, renumber_index, new_index);
}

static sned_status check_ends(const struct graph *graph, sned_error *error)
{
    bool fits = graph->input < graph->tensor_count;
    for (int k = 0; k < graph->output_count; k++)
        fits &= graph->outputs[k] < graph->tensor_count;
    for (int k = 0; k < graph->state_count; k++)
        fits &= graph->states[k].tensor >= 0 && graph->states[k].tensor < graph->tensor_count &&
                graph->states[k].next >= 0 && graph->states[k].next < graph->tensor_count;
    if (fits)
        return SNED_OK;
    return sned_fail(error, SNED_ERROR_FORMAT, "network '%.80s': input, output or state out of range",
                     graph->name);
}

sned_status sned_graph_remove_unused(struct graph *graph, sned_error *error)
{
    sned_status status;
    struct uses uses = {0};
    struct leftovers leftovers = {.graph = graph};
    int *new_index = NULL;
    for (int i = 0; i < graph->node_count; i++)
        SNED_TRY(sned_node_check_indices(graph, &graph->nodes[i], error));
    SNED_TRY(check_ends(graph, error));
    SNED_TRY_DONE(sned_uses_find(&uses, graph, error));
    SNED_TRY_DONE(sned_alloc(&leftovers.needed, (size_t)graph->node_count, 1, error));
    SNED_TRY_DONE(sned_alloc(&leftovers.stack, (size_t)graph->node_count, sizeof *leftovers.stack, error));
    SNED_TRY_DONE(sned_alloc(&new_index, (size_t)graph->tensor_count, sizeof *new_index, error));
    leftovers.producer = uses.producer;
    find_needed(&leftovers);
    remove_nodes(graph, &leftovers);
    remove_tensors(graph, new_index);
done:
    sned_free(new_index);
    sned_free(leftovers.stack);
    sned_free(leftovers.needed);
    sned_uses_free(&uses);
    return status;
}
