/*
 * graph_section.c - the GRAPH section: the network's input, its rule, and the nodes in their order
 * (node_record.c).
 *
 * What nodes make is not listed: its shapes follow from the input's, and its names from the nodes'.
 */
#include "base/format.h"
#include "base/names.h"
#include "codec/sections.h"

#include <stdlib.h>
#include <string.h>

enum { MIN_NODE_BYTES = 6 }; /* operator, flags, a name of one letter, one input */

/* ---- writing ---- */

static int rule_channels(const struct shape *input)
{
    return input->dim[1] < GRAPH_MAX_CHANNELS_MEAN ? (int)input->dim[1] : GRAPH_MAX_CHANNELS_MEAN;
}

static void write_input(struct writer *writer, const struct graph *graph)
{
    const struct tensor *input = &graph->tensors[graph->input];
    const struct input_rule *rule = &graph->rule;
    sned_write_activation(writer, input);
    sned_write_u8(writer, rule->is_image);
    if (rule->is_image) {
        sned_write_string(writer, rule->color);
        for (int c = 0; c < rule_channels(&input->shape); c++) {
            sned_write_f32(writer, rule->mean[c]);
            sned_write_f32(writer, rule->scale[c]);
            sned_write_zigzag(writer, rule->integer[c].multiplier);
            sned_write_zigzag(writer, rule->integer[c].offset);
            sned_write_u8(writer, rule->integer[c].shift);
        }
    }
    sned_write_zigzag(writer, rule->label_offset);
}

/* Appends the node's number, which makes an empty name one, and a name that is taken another. */
static sned_status lengthen(char **name, int node, sned_error *error)
{
    const size_t size = strlen(*name) + sizeof "#-2147483648";
    char *longer = NULL;
    SNED_TRY(sned_resize(&longer, size, 1, error));
    sned_format(longer, size, "%s#%d", *name, node);
    sned_free(*name);
    *name = longer;
    return SNED_OK;
}

/* Names as they go into the file: UTF-8, none empty, none twice. */
static sned_status make_names(const struct graph *graph, char **names, sned_error *error)
{
    struct name_map taken = {0};
    sned_status status = SNED_OK;
    for (int i = 0; i < graph->node_count; i++) {
        bool is_new = false;
        int other;
        SNED_TRY_DONE(sned_strdup(&names[i], graph->nodes[i].name, error));
        sned_text_repair(names[i], strlen(names[i]));
        if (!names[i][0])
            SNED_TRY_DONE(lengthen(&names[i], i, error));
        for (;;) {
            SNED_TRY_DONE(sned_names_add(&taken, names[i], i, &other, &is_new, error));
            if (is_new)
                break;
            SNED_TRY_DONE(lengthen(&names[i], i, error)); /* the new name may be taken, too */
        }
    }
done:
    sned_names_free(&taken);
    return status;
}

sned_status sned_write_graph_section(struct writer *writer, const struct graph *graph,
                                     const struct activations *activations, sned_error *error)
{
    sned_status status;
    char **names = NULL;
    int newest = graph->state_count;
    SNED_TRY_DONE(sned_alloc(&names, (size_t)graph->node_count, sizeof *names, error));
    SNED_TRY_DONE(make_names(graph, names, error));
    sned_write_string(writer, graph->name);
    write_input(writer, graph);
    sned_write_string(writer, graph->tensors[graph->outputs[0]].name);
    sned_write_back(writer, activations, activations->count - 1, graph->outputs[0]);
    sned_write_varint(writer, (uint64_t)graph->node_count);
    for (int i = 0; i < graph->node_count; newest += graph->nodes[i++].output_count)
        sned_write_node(writer, graph, i, names[i], activations, newest);
done:
    for (int i = 0; names && i < graph->node_count; i++)
        sned_free(names[i]);
    sned_free(names);
    return status;
}

/* ---- reading ---- */

static void read_input_rule(struct reader *reader, const struct shape *input, struct input_rule *rule)
{
    for (int c = 0; c < rule_channels(input); c++) {
        rule->mean[c] = sned_read_finite(reader);
        rule->scale[c] = sned_read_finite(reader);
        rule->integer[c].multiplier = (int32_t)sned_read_zigzag(reader, INT32_MIN, INT32_MAX);
        rule->integer[c].offset = (int32_t)sned_read_zigzag(reader, INT32_MIN, INT32_MAX);
        rule->integer[c].shift = sned_read_u8(reader);
        if (rule->integer[c].shift < SNED_MIN_SHIFT || rule->integer[c].shift > SNED_MAX_SHIFT)
            reader->failed = true;
    }
}

static sned_status read_input(struct reader *reader, struct graph *graph, struct activations *activations,
                              sned_error *error)
{
    sned_status status;
    char *color = NULL;
    SNED_TRY_DONE(sned_read_activation(reader, graph, activations, &graph->input, error));
    uint8_t is_image = sned_read_u8(reader);
    if (is_image > 1)
        reader->failed = true;
    graph->rule.is_image = is_image == 1;
    if (graph->rule.is_image) {
        SNED_TRY_DONE(sned_read_string(reader, sizeof graph->rule.color - 1, &color, error));
        memcpy(graph->rule.color, color, strlen(color));
        read_input_rule(reader, &graph->tensors[graph->input].shape, &graph->rule);
    }
    graph->rule.label_offset = (int)sned_read_zigzag(reader, INT32_MIN, INT32_MAX);
    status = reader->failed ? sned_fail_damaged("the input", error) : SNED_OK;
done:
    sned_free(color);
    return status;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static sned_status check_names(const struct graph *graph, sned_error *error)
{
    const char **names;
    sned_status status = SNED_OK;
    SNED_TRY(sned_alloc(&names, (size_t)graph->node_count, sizeof *names, error));
    for (int i = 0; i < graph->node_count; i++)
        names[i] = graph->nodes[i].name;
    qsort(names, (size_t)graph->node_count, sizeof *names, compare_names);
    for (int i = 1; i < graph->node_count && status == SNED_OK; i++) {
        if (strcmp(names[i - 1], names[i]) == 0)
            status = sned_fail(error, SNED_ERROR_FORMAT, "two nodes are named '%.80s'", names[i]);
    }
    sned_free(names);
    return status;
}

/* The output's place is told before the nodes, as a distance from the last of what they make. */
static sned_status read_nodes(struct reader *reader, struct graph *graph, struct activations *activations,
                              sned_error *error)
{
    const int given = activations->count;
    sned_status status;
    char *output = NULL;
    SNED_TRY_DONE(sned_read_string(reader, SNED_MAX_STRING, &output, error));
    const int64_t back = sned_read_integer(reader, 0, GRAPH_MAX_TENSORS);
    const int nodes = (int)sned_read_integer(reader, 1, GRAPH_MAX_NODES);
    if (reader->failed || (size_t)nodes > sned_reader_left(reader) / MIN_NODE_BYTES) {
        status = sned_fail_damaged("the count of nodes", error);
        goto done;
    }
    for (int i = 0; i < nodes; i++) {
        status = sned_read_node(reader, graph, activations, error);
        if (status != SNED_OK) {
            sned_error_context(error, status, "node %d of %d", i, nodes);
            goto done;
        }
    }
    if (back >= activations->count - given) {
        status = sned_fail_damaged("the place of the output", error);
        goto done;
    }
    graph->outputs[0] = activations->tensors[activations->count - 1 - back];
    sned_free(graph->tensors[graph->outputs[0]].name);
    graph->tensors[graph->outputs[0]].name = output;
    output = NULL;
    SNED_TRY_DONE(check_names(graph, error));
    if (sned_reader_left(reader) > 0)
        status = sned_fail(error, SNED_ERROR_FORMAT, "%zu bytes too many", sned_reader_left(reader));
done:
    sned_free(output);
    return status;
}

static sned_status read_states(const struct section *section, struct graph *graph,
                               struct activations *activations, sned_error *error)
{
    struct reader reader;
    if (!section->data)
        return SNED_OK;
    sned_reader_init(&reader, section->data, section->size);
    return sned_error_context(error, sned_read_states_section(&reader, graph, activations, error),
                              "section STATES");
}

static sned_status read_outputs(const struct section *section, struct graph *graph,
                                const struct activations *activations, sned_error *error)
{
    struct reader reader;
    if (!section->data)
        return SNED_OK;
    sned_reader_init(&reader, section->data, section->size);
    return sned_error_context(error, sned_read_outputs_section(&reader, graph, activations, error),
                              "section OUTPUTS");
}

static sned_status read_head(struct reader *reader, struct graph **graph, struct activations *activations,
                             sned_error *error)
{
    char *name;
    SNED_TRY(sned_read_string(reader, SNED_MAX_STRING, &name, error));
    sned_status status = sned_graph_new(graph, name, error);
    sned_free(name);
    SNED_TRY(status);
    (*graph)->integer = true;
    return read_input(reader, *graph, activations, error);
}

sned_status sned_read_graph(const struct container *container, struct graph **graph, sned_error *error)
{
    struct activations activations = {0};
    struct graph *made = NULL;
    struct reader reader;
    sned_status status;
    *graph = NULL;
    sned_reader_init(&reader, container->graph.data, container->graph.size);
    SNED_TRY_DONE(sned_error_context(error, read_head(&reader, &made, &activations, error), "section GRAPH"));
    SNED_TRY_DONE(read_states(&container->states, made, &activations, error));
    SNED_TRY_DONE(sned_error_context(error, read_nodes(&reader, made, &activations, error), "section GRAPH"));
    SNED_TRY_DONE(sned_error_context(error, sned_join_states(made, &activations, error), "section STATES"));
    SNED_TRY_DONE(read_outputs(&container->outputs, made, &activations, error));
    *graph = made;
    made = NULL;
done:
    sned_graph_free(made);
    sned_activations_free(&activations);
    return status;
}
