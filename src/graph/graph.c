/*
 * graph.c - making a graph, taking it apart, copying it, and the small questions about it.
 *
 * Tensors and nodes lie in two growing arrays and refer to each other by index, so that a graph can be
 * copied, written and checked without following pointers.
 */
#include "base/format.h"
#include "base/memory.h"
#include "graph/inner.h"
#include "graph/operator.h"

#include <stdarg.h>
#include <string.h>

/* ---- making ---- */

sned_status sned_graph_new(struct graph **graph, const char *name, sned_error *error)
{
    *graph = NULL;
    struct graph *made = NULL;
    SNED_TRY(sned_alloc(&made, 1, sizeof *made, error));
    made->input = made->outputs[0] = -1;
    made->output_count = 1;
    sned_status status = sned_strdup(&made->name, name ? name : "", error);
    if (status != SNED_OK) {
        sned_graph_free(made);
        return status;
    }
    *graph = made;
    return SNED_OK;
}

/* Room for one more element of `size` bytes in an array of *capacity, at most `limit`. */
static sned_status grow(void *array, int count, int *capacity, size_t size, int limit, const char *what,
                        const struct graph *graph, sned_error *error)
{
    if (count < *capacity)
        return SNED_OK;
    if (count >= limit)
        return sned_fail(error, SNED_ERROR_UNSUPPORTED, "network '%.80s' has more than %d %s", graph->name,
                         limit, what);
    int larger = count < 16 ? 16 : count * 2 < limit ? count * 2 : limit;
    SNED_TRY(sned_resize(array, (size_t)larger, size, error));
    *capacity = larger;
    return SNED_OK;
}

sned_status sned_graph_add_tensor(struct graph *graph, const char *name, enum tensor_type type,
                                  const struct shape *shape, void *data, int *index, sned_error *error)
{
    sned_status status;
    struct tensor tensor = {.type = type, .shape = *shape, .data = data};
    SNED_TRY_DONE(grow(&graph->tensors, graph->tensor_count, &graph->tensor_capacity, sizeof tensor,
                       GRAPH_MAX_TENSORS, "tensors", graph, error));
    SNED_TRY_DONE(sned_strdup(&tensor.name, name ? name : "", error));
    *index = graph->tensor_count++;
    graph->tensors[*index] = tensor;
    return SNED_OK;
done:
    sned_free(data);
    return status;
}

static void node_free(struct node *node)
{
    sned_free(node->name);
    sned_free(node->inputs);
    sned_free(node->outputs);
    if (node->op == OP_SPLIT)
        sned_free(node->u.split.sizes);
    for (int i = 0; i < GRAPH_MAX_WEIGHTS; i++) {
        sned_free(node->rules[i].scalings);
        sned_free(node->rules[i].counts);
    }
}

void sned_node_remove(struct node *node)
{
    node_free(node);
    *node = (struct node){.op = OP_COUNT};
}

void sned_graph_close_gaps(struct graph *graph)
{
    int kept = 0;
    for (int i = 0; i < graph->node_count; i++)
        if (graph->nodes[i].op != OP_COUNT)
            graph->nodes[kept++] = graph->nodes[i];
    graph->node_count = kept;
}

sned_status sned_graph_add_node(struct graph *graph, const char *name, enum op op, const int *inputs,
                                int input_count, int output, struct node **node, sned_error *error)
{
    return sned_graph_add_node_outputs(graph, name, op, inputs, input_count, &output, 1, node, error);
}

sned_status sned_graph_add_node_outputs(struct graph *graph, const char *name, enum op op, const int *inputs,
                                        int input_count, const int *outputs, int output_count,
                                        struct node **node, sned_error *error)
{
    sned_status status;
    struct node made = {.op = op, .input_count = input_count, .output_count = output_count};
    if (node)
        *node = NULL;
    if (input_count < 0 || output_count < 1)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "node '%.80s': %d inputs, %d outputs", name ? name : "",
                         input_count, output_count);
    made.activation.kind = sned_operator(op)->activation;
    SNED_TRY_DONE(grow(&graph->nodes, graph->node_count, &graph->node_capacity, sizeof made, GRAPH_MAX_NODES,
                       "nodes", graph, error));
    SNED_TRY_DONE(sned_strdup(&made.name, name ? name : "", error));
    SNED_TRY_DONE(sned_alloc(&made.inputs, (size_t)input_count, sizeof *inputs, error));
    SNED_TRY_DONE(sned_alloc(&made.outputs, (size_t)output_count, sizeof *outputs, error));
    if (input_count > 0)
        memcpy(made.inputs, inputs, (size_t)input_count * sizeof *inputs);
    memcpy(made.outputs, outputs, (size_t)output_count * sizeof *outputs);
    graph->nodes[graph->node_count] = made;
    if (node)
        *node = &graph->nodes[graph->node_count];
    graph->node_count++;
    return SNED_OK;
done:
    node_free(&made);
    return status;
}

sned_status sned_graph_set_outputs(struct graph *graph, const int *outputs, int count, sned_error *error)
{
    if (count < 1 || count > GRAPH_MAX_OUTPUTS)
        return sned_fail(error, SNED_ERROR_UNSUPPORTED, "network '%.80s' has %d outputs; 1 to %d are handled",
                         graph->name, count, GRAPH_MAX_OUTPUTS);
    memcpy(graph->outputs, outputs, (size_t)count * sizeof *outputs);
    graph->output_count = count;
    return SNED_OK;
}

static void labels_free(char **labels, int count)
{
    for (int i = 0; labels && i < count; i++)
        sned_free(labels[i]);
    sned_free(labels);
}

sned_status sned_graph_set_labels(struct graph *graph, const char *const *labels, int count,
                                  sned_error *error)
{
    sned_status status;
    char **copies = NULL;
    if (count < 0)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "network '%.80s': %d labels", graph->name, count);
    if (count > 0)
        SNED_TRY(sned_alloc(&copies, (size_t)count, sizeof *copies, error));
    for (int i = 0; i < count; i++)
        SNED_TRY_DONE(sned_strdup(&copies[i], labels[i], error));
    labels_free(graph->labels, graph->label_count);
    graph->labels = copies;
    graph->label_count = count;
    return SNED_OK;
done:
    labels_free(copies, count);
    return status;
}

/* ---- taking apart ---- */

void sned_graph_free(struct graph *graph)
{
    if (!graph)
        return;
    for (int i = 0; i < graph->tensor_count; i++) {
        sned_free(graph->tensors[i].name);
        sned_free(graph->tensors[i].data);
        sned_free(graph->tensors[i].mask);
    }
    for (int i = 0; i < graph->node_count; i++)
        node_free(&graph->nodes[i]);
    labels_free(graph->labels, graph->label_count);
    sned_free(graph->tensors);
    sned_free(graph->nodes);
    sned_free(graph->provenance);
    sned_free(graph->name);
    sned_free(graph);
}

/* ---- copying ---- */

/* out: T** */
static sned_status copy_bytes(void *out, const void *from, size_t count, size_t size, sned_error *error)
{
    void *copy = NULL;
    SNED_TRY(sned_alloc(&copy, count, size, error));
    if (count > 0)
        memcpy(copy, from, count * size);
    memcpy(out, &copy, sizeof copy);
    return SNED_OK;
}

static sned_status copy_tensor(struct graph *to, const struct tensor *tensor, sned_error *error)
{
    void *data = NULL;
    int index;
    size_t elements = sned_shape_elements(&tensor->shape);
    if (tensor->data)
        SNED_TRY(copy_bytes(&data, tensor->data, elements, sned_type_size(tensor->type), error));
    SNED_TRY(sned_graph_add_tensor(to, tensor->name, tensor->type, &tensor->shape, data, &index, error));
    to->tensors[index].quantization = tensor->quantization;
    to->tensors[index].structure = tensor->structure;
    if (tensor->mask)
        SNED_TRY(copy_bytes(&to->tensors[index].mask, tensor->mask, elements, 1, error));
    return SNED_OK;
}

static sned_status copy_rule(struct integer_rule *copy, const struct integer_rule *rule, sned_error *error)
{
    const size_t count = rule->scaling_count > 0 ? (size_t)rule->scaling_count : 0;
    *copy = *rule;
    copy->scalings = NULL;
    copy->counts = NULL;
    if (rule->scalings)
        SNED_TRY(copy_bytes(&copy->scalings, rule->scalings, count, sizeof *rule->scalings, error));
    if (rule->counts)
        SNED_TRY(copy_bytes(&copy->counts, rule->counts, count, sizeof *rule->counts, error));
    return SNED_OK;
}

sned_status sned_node_copy_attributes(struct node *to, const struct node *from, sned_error *error)
{
    to->activation = from->activation;
    to->u = from->u;
    if (from->op != OP_SPLIT)
        return SNED_OK;
    to->u.split.sizes = NULL;
    return copy_bytes(&to->u.split.sizes, from->u.split.sizes, (size_t)from->output_count,
                      sizeof *from->u.split.sizes, error);
}

sned_status sned_node_copy(struct graph *to, const struct node *node, sned_error *error)
{
    struct node *made;
    SNED_TRY(sned_graph_add_node_outputs(to, node->name, node->op, node->inputs, node->input_count,
                                         node->outputs, node->output_count, &made, error));
    SNED_TRY(sned_node_copy_attributes(made, node, error));
    for (int i = 0; i < GRAPH_MAX_WEIGHTS; i++)
        SNED_TRY(copy_rule(&made->rules[i], &node->rules[i], error));
    return SNED_OK;
}

sned_status sned_graph_copy(struct graph **copy, const struct graph *graph, sned_error *error)
{
    sned_status status;
    struct graph *made = NULL;
    *copy = NULL;
    SNED_TRY_DONE(sned_graph_new(&made, graph->name, error));
    for (int i = 0; i < graph->tensor_count; i++)
        SNED_TRY_DONE(copy_tensor(made, &graph->tensors[i], error));
    for (int i = 0; i < graph->node_count; i++)
        SNED_TRY_DONE(sned_node_copy(made, &graph->nodes[i], error));
    SNED_TRY_DONE(sned_graph_set_labels(made, (const char *const *)graph->labels, graph->label_count, error));
    if (graph->provenance)
        SNED_TRY_DONE(sned_strdup(&made->provenance, graph->provenance, error));
    made->input = graph->input;
    made->output_count = graph->output_count;
    memcpy(made->outputs, graph->outputs, sizeof made->outputs);
    made->state_count = graph->state_count;
    memcpy(made->states, graph->states, sizeof made->states);
    made->integer = graph->integer;
    made->rule = graph->rule;
    made->given = graph->given;
    *copy = made;
    return SNED_OK;
done:
    sned_graph_free(made);
    return status;
}

/* ---- questions ---- */

int sned_graph_producer(const struct graph *graph, int tensor)
{
    for (int i = 0; i < graph->node_count; i++)
        for (int k = 0; k < graph->nodes[i].output_count; k++)
            if (graph->nodes[i].outputs[k] == tensor)
                return i;
    return -1;
}

bool sned_graph_is_output(const struct graph *graph, int tensor)
{
    bool is = false;
    for (int k = 0; k < graph->output_count; k++)
        is = is || graph->outputs[k] == tensor;
    return is;
}

bool sned_graph_is_state(const struct graph *graph, int tensor)
{
    bool is = false;
    for (int k = 0; k < graph->state_count; k++)
        is = is || graph->states[k].tensor == tensor;
    return is;
}

bool sned_tensor_is_given(const struct graph *graph, int tensor)
{
    return tensor == graph->input || tensor_is_constant(graph, tensor) || sned_graph_is_state(graph, tensor);
}

int sned_graph_outer_readers(const struct graph *graph, int tensor)
{
    int count = 0;
    for (int k = 0; k < graph->output_count; k++)
        count += graph->outputs[k] == tensor;
    for (int k = 0; k < graph->state_count; k++)
        count += graph->states[k].next == tensor;
    return count;
}

int sned_graph_consumers(const struct graph *graph, int tensor)
{
    int count = sned_graph_outer_readers(graph, tensor);
    for (int i = 0; i < graph->node_count; i++) {
        const struct node *node = &graph->nodes[i];
        bool reads = false;
        for (int k = 0; k < node->input_count && !reads; k++)
            reads = node->inputs[k] == tensor;
        count += reads;
    }
    return count;
}

sned_status sned_uses_find(struct uses *uses, const struct graph *graph, sned_error *error)
{
    sned_status status;
    int *reader = NULL; /* [tensor_count]: 1 + the node counted last, so that reading twice counts once */
    size_t count = (size_t)graph->tensor_count;
    *uses = (struct uses){0};
    SNED_TRY_DONE(sned_alloc(&uses->producer, count, sizeof(int), error));
    SNED_TRY_DONE(sned_alloc(&uses->consumers, count, sizeof(int), error));
    SNED_TRY_DONE(sned_alloc(&reader, count, sizeof(int), error));
    for (int i = 0; i < graph->tensor_count; i++)
        uses->producer[i] = -1;
    for (int i = 0; i < graph->node_count; i++) {
        const struct node *node = &graph->nodes[i];
        for (int k = 0; k < node->output_count; k++)
            uses->producer[node->outputs[k]] = i;
        for (int k = 0; k < node->input_count; k++) {
            int tensor = node->inputs[k];
            if (tensor >= 0 && reader[tensor] != i + 1) {
                uses->consumers[tensor]++;
                reader[tensor] = i + 1;
            }
        }
    }
    for (int k = 0; k < graph->output_count; k++)
        if (graph->outputs[k] >= 0 && graph->outputs[k] < graph->tensor_count)
            uses->consumers[graph->outputs[k]]++;
    for (int k = 0; k < graph->state_count; k++)
        if (graph->states[k].next >= 0 && graph->states[k].next < graph->tensor_count)
            uses->consumers[graph->states[k].next]++;
done:
    sned_free(reader);
    if (status != SNED_OK)
        sned_uses_free(uses);
    return status;
}

void sned_uses_free(struct uses *uses)
{
    sned_free(uses->producer);
    sned_free(uses->consumers);
    *uses = (struct uses){0};
}

sned_status sned_node_fail(sned_error *error, sned_status status, const struct node *node, const char *format,
                           ...)
{
    char message[400];
    va_list arguments;
    va_start(arguments, format);
    sned_format_list(message, sizeof message, format, arguments);
    va_end(arguments);
    return sned_fail(error, status, "node '%.80s' (%s): %s", node->name ? node->name : "",
                     sned_op_name(node->op), message);
}

sned_status sned_node_context(sned_error *error, sned_status status, const struct node *node)
{
    return sned_error_context(error, status, "node '%.80s' (%s)", node->name ? node->name : "",
                              sned_op_name(node->op));
}
