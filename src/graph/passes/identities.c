/*
 * identities.c - Dropout and Identity go: who read their output reads their input.
 *
 * A tensor that is known from outside, an output of the graph or what a state becomes, keeps its name: what
 * the identity read is then called so everywhere. Where that is such a tensor itself, the input or a state,
 * nothing can be renamed; a Reshape to the same shape, which every stage knows, takes the identity's place.
 */
#include "base/memory.h"
#include "graph/operator.h"
#include "graph/passes/passes.h"

struct names {
    int *alias;  /* [tensor]: the tensor that holds the same values and stays */
    int *called; /* [tensor]: what it is called at the end */
};

static bool is_fixed(const struct graph *graph, const struct names *names, int tensor)
{
    return sned_tensor_is_given(graph, tensor) || sned_graph_outer_readers(graph, tensor) > 0 ||
           names->called[tensor] != tensor;
}

static void stay(const struct graph *graph, struct node *node)
{
    const struct shape *shape = &graph->tensors[node->inputs[0]].shape;
    if (!sned_shape_valid(shape))
        return; /* not known yet */
    node->op = OP_RESHAPE;
    node->u.reshape.shape = *shape;
}

static void bypass(struct graph *graph, struct names *names, struct node *node)
{
    const int made = node->outputs[0], from = node->inputs[0];
    if (sned_graph_outer_readers(graph, made) > 0) {
        if (is_fixed(graph, names, from)) {
            stay(graph, node);
            return;
        }
        names->called[from] = made;
        if (graph->tensors[made].quantization.scale == 0.0f)
            graph->tensors[made].quantization = graph->tensors[from].quantization;
    }
    names->alias[made] = from;
    sned_node_remove(node);
}

static void rename_all(struct graph *graph, const struct names *names)
{
    for (int i = 0; i < graph->node_count; i++) {
        struct node *node = &graph->nodes[i];
        for (int k = 0; k < node->input_count; k++)
            if (node->inputs[k] >= 0)
                node->inputs[k] = names->called[node->inputs[k]];
        for (int k = 0; k < node->output_count; k++)
            node->outputs[k] = names->called[node->outputs[k]];
    }
}

static void remove_identities(struct graph *graph, struct names *names)
{
    for (int i = 0; i < graph->tensor_count; i++)
        names->alias[i] = names->called[i] = i;
    for (int i = 0; i < graph->node_count; i++) {
        struct node *node = &graph->nodes[i];
        for (int k = 0; k < node->input_count; k++)
            if (node->inputs[k] >= 0)
                node->inputs[k] = names->alias[node->inputs[k]];
        if (sned_op_is(node->op, OPERATOR_PASSES))
            bypass(graph, names, node);
    }
    sned_graph_close_gaps(graph);
    rename_all(graph, names);
}

static sned_status check_outputs(const struct graph *graph, sned_error *error)
{
    for (int k = 0; k < graph->output_count; k++)
        if (graph->outputs[k] < 0 || graph->outputs[k] >= graph->tensor_count)
            return sned_fail(error, SNED_ERROR_FORMAT, "network '%.80s' has no output", graph->name);
    return SNED_OK;
}

sned_status sned_graph_remove_identities(struct graph *graph, sned_error *error)
{
    sned_status status;
    struct names names = {0};
    SNED_TRY(sned_graph_sort(graph, error));
    for (int i = 0; i < graph->node_count; i++)
        SNED_TRY(sned_node_check_tensors(graph, &graph->nodes[i], error));
    SNED_TRY(check_outputs(graph, error));
    SNED_TRY_DONE(sned_alloc(&names.alias, (size_t)graph->tensor_count, sizeof *names.alias, error));
    SNED_TRY_DONE(sned_alloc(&names.called, (size_t)graph->tensor_count, sizeof *names.called, error));
    remove_identities(graph, &names);
    status = sned_graph_remove_unused(graph, error);
done:
    sned_free(names.alias);
    sned_free(names.called);
    return status;
}
