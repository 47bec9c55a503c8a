/*
 * check_ends.c - where a graph begins and ends: its input and what becomes of a picture, its outputs and
 * their endings, and the states, which are both.
 */
#include "graph/inner.h"
#include "graph/operator.h"

#include <math.h>
#include <string.h>

/* ---- before the nodes: indices and kinds ---- */

static bool is_activation(const struct graph *graph, int tensor)
{
    return tensor >= 0 && tensor < graph->tensor_count && !tensor_is_constant(graph, tensor);
}

static sned_status check_input(const struct graph *graph, sned_error *error)
{
    if (!is_activation(graph, graph->input))
        return sned_fail(error, SNED_ERROR_FORMAT, "network '%.80s' has no input", graph->name);
    const struct tensor *input = &graph->tensors[graph->input];
    if (input->shape.rank < 2 || input->shape.dim[0] != 1)
        return sned_fail(error, SNED_ERROR_SHAPE, "input '%.80s': the shape must begin with 1, the batch",
                         input->name);
    if (graph->integer && (input->quantization.scale == 0.0f || input->quantization.bits != 8))
        return sned_fail(error, SNED_ERROR_FORMAT, "input '%.80s': an integer network's input has 8 bits",
                         input->name);
    return SNED_OK;
}

static sned_status check_output(const struct graph *graph, int index, sned_error *error)
{
    const int output = graph->outputs[index];
    if (!is_activation(graph, output))
        return sned_fail(error, SNED_ERROR_FORMAT, "network '%.80s' has no output %d: tensor %d is none",
                         graph->name, index, output);
    if (sned_tensor_is_given(graph, output))
        return sned_fail(error, SNED_ERROR_FORMAT,
                         "network '%.80s' computes nothing: its output '%.80s' is its %s", graph->name,
                         graph->tensors[output].name, output == graph->input ? "input" : "state");
    for (int k = 0; k < index; k++)
        if (graph->outputs[k] == output)
            return sned_fail(error, SNED_ERROR_FORMAT, "network '%.80s': outputs %d and %d are both '%.80s'",
                             graph->name, k, index, graph->tensors[output].name);
    return SNED_OK;
}

static sned_status check_state(const struct graph *graph, int index, sned_error *error)
{
    const struct state_tensor *state = &graph->states[index];
    if (!is_activation(graph, state->tensor) || state->tensor == graph->input)
        return sned_fail(error, SNED_ERROR_FORMAT,
                         "network '%.80s': state %d is tensor %d, which cannot be one", graph->name, index,
                         state->tensor);
    const char *name = graph->tensors[state->tensor].name;
    if (!is_activation(graph, state->next) || sned_graph_is_state(graph, state->next))
        return sned_fail(error, SNED_ERROR_FORMAT, "state '%.80s' becomes tensor %d, which nothing computes",
                         name, state->next);
    for (int k = 0; k < index; k++)
        if (graph->states[k].tensor == state->tensor)
            return sned_fail(error, SNED_ERROR_FORMAT, "state '%.80s' is there twice", name);
    return SNED_OK;
}

sned_status sned_graph_check_ends(const struct graph *graph, sned_error *error)
{
    if (graph->output_count < 1 || graph->output_count > GRAPH_MAX_OUTPUTS || graph->state_count < 0 ||
        graph->state_count > GRAPH_MAX_STATES)
        return sned_fail(error, SNED_ERROR_FORMAT, "network '%.80s' has %d outputs and %d states",
                         graph->name, graph->output_count, graph->state_count);
    SNED_TRY(check_input(graph, error));
    for (int k = 0; k < graph->state_count; k++)
        SNED_TRY(check_state(graph, k, error));
    for (int k = 0; k < graph->output_count; k++)
        SNED_TRY(check_output(graph, k, error));
    return SNED_OK;
}

/* ---- behind the nodes ---- */

/* An ending makes an output, which nobody else reads; a Softmax of floats may stand anywhere. */
sned_status sned_graph_check_endings(const struct graph *graph, sned_error *error)
{
    sned_status status;
    struct uses uses;
    SNED_TRY(sned_uses_find(&uses, graph, error));
    for (int i = 0; i < graph->node_count; i++) {
        const struct node *node = &graph->nodes[i];
        const int made = node->outputs[0];
        if (!sned_op_is(node->op, OPERATOR_ENDING) || (node->op == OP_SOFTMAX && !graph->integer) ||
            (sned_graph_is_output(graph, made) && uses.consumers[made] == 1))
            continue;
        status =
            sned_node_fail(error, SNED_ERROR_UNSUPPORTED, node, "is handled at the end of a network only");
        goto done;
    }
    status = SNED_OK;
done:
    sned_uses_free(&uses);
    return status;
}

sned_status sned_graph_check_states(const struct graph *graph, sned_error *error)
{
    for (int k = 0; k < graph->state_count; k++) {
        const struct tensor *state = &graph->tensors[graph->states[k].tensor];
        const struct tensor *next = &graph->tensors[graph->states[k].next];
        const struct quantization *a = &state->quantization, *b = &next->quantization;
        if (!sned_shape_equal(&state->shape, &next->shape))
            return sned_fail(error, SNED_ERROR_SHAPE,
                             "state '%.80s' becomes '%.80s', which has another shape", state->name,
                             next->name);
        if (graph->integer && a->scale == 0.0f)
            return sned_fail(error, SNED_ERROR_FORMAT, "state '%.80s' has no quantization", state->name);
        if (graph->integer && (a->scale != b->scale || a->bits != b->bits || a->is_signed != b->is_signed))
            return sned_fail(error, SNED_ERROR_FORMAT,
                             "state '%.80s' becomes '%.80s', which has another quantization", state->name,
                             next->name);
    }
    return SNED_OK;
}

/* ---- the input rule ---- */

sned_status sned_graph_check_rule(const struct graph *graph, sned_error *error)
{
    const struct input_rule *rule = &graph->rule;
    const struct shape *shape = &graph->tensors[graph->input].shape;
    if (rule->label_offset > GRAPH_MAX_DIM || rule->label_offset < -GRAPH_MAX_DIM)
        return sned_fail(error, SNED_ERROR_FORMAT, "input rule: the label offset %d makes no sense",
                         rule->label_offset);
    if (!memchr(rule->color, 0, sizeof rule->color))
        return sned_fail(error, SNED_ERROR_FORMAT, "input rule: the color does not end");
    if (!rule->is_image)
        return SNED_OK;
    bool gray = strcmp(rule->color, "gray") == 0;
    if (!gray && strcmp(rule->color, "RGB") != 0 && strcmp(rule->color, "BGR") != 0)
        return sned_fail(error, SNED_ERROR_FORMAT, "input rule: the color '%s' is not RGB, BGR or gray",
                         rule->color);
    if (shape->rank != 4 || shape->dim[1] != (gray ? 1 : 3))
        return sned_fail(error, SNED_ERROR_SHAPE,
                         "input rule: a %s image has %d channels, the network's input not", rule->color,
                         gray ? 1 : 3);
    SNED_TRY(sned_resize_check(rule->resize, sned_shape_extent(shape), error));
    for (int c = 0; c < shape->dim[1]; c++) {
        if (!isfinite(rule->mean[c]) || !isfinite(rule->scale[c]) || rule->scale[c] == 0.0f)
            return sned_fail(error, SNED_ERROR_FORMAT,
                             "input rule: mean %g and scale %g of channel %d make no sense", rule->mean[c],
                             rule->scale[c], c);
        if (graph->integer && (rule->integer[c].shift < 1 || rule->integer[c].shift > 62))
            return sned_fail(error, SNED_ERROR_FORMAT,
                             "input rule: the shift %d of channel %d is not from 1 to 62",
                             rule->integer[c].shift, c);
    }
    return SNED_OK;
}
