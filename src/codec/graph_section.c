/*
 * graph_section.c - the GRAPH section: the network's input, its rule, and the nodes in their order
 * (node_record.c).
 *
 * Tensors are not listed: activation 0 is the input, activation i + 1 what node i makes. Shapes follow from
 * the input's, and names from the nodes'.
 */
#include "base/names.h"
#include "codec/sections.h"

#include <stdio.h>
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
    sned_write_string(writer, input->name);
    sned_write_u8(writer, (uint8_t)input->shape.rank);
    for (int i = 1; i < input->shape.rank; i++)
        sned_write_varint(writer, (uint64_t)input->shape.dim[i]);
    sned_write_u8(writer, (uint8_t)sned_quantization_code(&input->quantization));
    if (input->quantization.scale != 0)
        sned_write_f32(writer, input->quantization.scale);
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
    char *longer;
    if (asprintf(&longer, "%s#%d", *name, node) < 0)
        return sned_fail(error, SNED_ERROR_MEMORY, "out of memory for the name of node %d", node);
    free(*name);
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

sned_status sned_write_graph_section(struct writer *writer, const struct graph *graph, sned_error *error)
{
    sned_status status;
    int *activation = NULL;
    char **names = NULL;
    SNED_TRY_DONE(sned_alloc(&activation, (size_t)graph->tensor_count, sizeof *activation, error));
    SNED_TRY_DONE(sned_alloc(&names, (size_t)graph->node_count, sizeof *names, error));
    SNED_TRY_DONE(make_names(graph, names, error));
    for (int i = 0; i < graph->node_count; i++)
        activation[graph->nodes[i].outputs[0]] = i + 1; /* and the input is 0 */

    sned_write_string(writer, graph->name);
    write_input(writer, graph);
    sned_write_string(writer, graph->tensors[graph->outputs[0]].name);
    sned_write_varint(writer, (uint64_t)(graph->node_count - activation[graph->outputs[0]]));
    sned_write_varint(writer, (uint64_t)graph->node_count);
    for (int i = 0; i < graph->node_count; i++)
        sned_write_node(writer, graph, i, names[i], activation);
done:
    for (int i = 0; names && i < graph->node_count; i++)
        free(names[i]);
    free(names);
    free(activation);
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

static sned_status read_input(struct reader *reader, struct graph *graph, sned_error *error)
{
    sned_status status;
    struct shape shape = {0};
    char *name = NULL, *color = NULL;
    SNED_TRY_DONE(sned_read_string(reader, SNED_MAX_STRING, &name, error));
    shape.rank = sned_read_u8(reader);
    if (shape.rank < 2 || shape.rank > GRAPH_MAX_RANK) {
        status = sned_fail(error, SNED_ERROR_FORMAT, "the input has %d dimensions", shape.rank);
        goto done;
    }
    shape.dim[0] = 1;
    for (int i = 1; i < shape.rank; i++)
        shape.dim[i] = sned_read_integer(reader, 1, GRAPH_MAX_DIM);
    SNED_TRY_DONE(sned_graph_add_tensor(graph, name, TENSOR_F32, &shape, NULL, &graph->input, error));
    int code = sned_read_u8(reader);
    if (code > QUANTIZED_S16)
        reader->failed = true;
    else
        graph->tensors[graph->input].quantization = sned_read_quantization(reader, code);
    uint8_t is_image = sned_read_u8(reader);
    if (is_image > 1)
        reader->failed = true;
    graph->rule.is_image = is_image == 1;
    if (graph->rule.is_image) {
        SNED_TRY_DONE(sned_read_string(reader, sizeof graph->rule.color - 1, &color, error));
        memcpy(graph->rule.color, color, strlen(color));
        read_input_rule(reader, &shape, &graph->rule);
    }
    graph->rule.label_offset = (int)sned_read_zigzag(reader, INT32_MIN, INT32_MAX);
    status = reader->failed ? sned_fail_damaged("the input", error) : SNED_OK;
done:
    free(name);
    free(color);
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
    free(names);
    return status;
}

static sned_status read_graph(struct reader *reader, struct graph *graph, sned_error *error)
{
    sned_status status;
    char *output = NULL;
    int *activation = NULL;
    SNED_TRY_DONE(read_input(reader, graph, error));
    SNED_TRY_DONE(sned_read_string(reader, SNED_MAX_STRING, &output, error));
    int64_t back = sned_read_integer(reader, 0, GRAPH_MAX_NODES);
    int nodes = (int)sned_read_integer(reader, 1, GRAPH_MAX_NODES);
    if (reader->failed || back >= nodes || (size_t)nodes > sned_reader_left(reader) / MIN_NODE_BYTES) {
        status = sned_fail_damaged("the count of nodes", error);
        goto done;
    }
    SNED_TRY_DONE(sned_alloc(&activation, (size_t)nodes + 1, sizeof *activation, error));
    activation[0] = graph->input;
    for (int i = 0; i < nodes; i++) {
        status = sned_read_node(reader, graph, i, activation, error);
        if (status != SNED_OK) {
            sned_error_context(error, status, "node %d of %d", i, nodes);
            goto done;
        }
    }
    graph->outputs[0] = activation[nodes - back];
    free(graph->tensors[graph->outputs[0]].name);
    graph->tensors[graph->outputs[0]].name = output;
    output = NULL;
    status = check_names(graph, error);
done:
    free(output);
    free(activation);
    return status;
}

sned_status sned_read_graph_section(struct reader *reader, struct graph **graph, sned_error *error)
{
    char *name;
    *graph = NULL;
    SNED_TRY(sned_read_string(reader, SNED_MAX_STRING, &name, error));
    sned_status status = sned_graph_new(graph, name, error);
    free(name);
    SNED_TRY(status);
    (*graph)->integer = true;
    status = read_graph(reader, *graph, error);
    if (status == SNED_OK && sned_reader_left(reader) > 0)
        status = sned_fail(error, SNED_ERROR_FORMAT, "%zu bytes too many", sned_reader_left(reader));
    if (status != SNED_OK) {
        sned_graph_free(*graph);
        *graph = NULL;
    }
    return status;
}
