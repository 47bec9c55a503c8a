/*
 * sned_mutate.c - libFuzzer's mutator for sned_content: a change inside one section, and a whole container
 * around it.
 *
 * WEIGHTS has to fit GRAPH to the last byte, so that nearly every change of a graph's shapes would end there.
 * So one time in two, where the changed GRAPH can be read, WEIGHTS is made anew for it.
 */
#include "base/random.h"
#include "codec/sections.h"
#include "graph/operator.h"

#include <stdlib.h>
#include <string.h>

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size); /* libFuzzer's own */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

enum { GRAPH, WEIGHTS, STATES, OUTPUTS, LABELS, PROVENANCE, RESIZE, PARTS };
enum { MOST_WEIGHTS = 1 << 14 };
static const uint8_t kinds[PARTS] = {SECTION_GRAPH,  SECTION_WEIGHTS,    SECTION_STATES, SECTION_OUTPUTS,
                                     SECTION_LABELS, SECTION_PROVENANCE, SECTION_RESIZE};

struct parts {
    struct section sections[PARTS];
    uint8_t *owned[PARTS]; /* where a section's data were changed */
    uint8_t minor;
};

/* False where `data` is no whole file: then the bytes are mutated as they are. */
static bool take_apart(struct parts *parts, const uint8_t *data, size_t size)
{
    struct container container;

    *parts = (struct parts){0};
    if (sned_container_read(&container, data, size, NULL) != SNED_OK)
        return false;
    parts->sections[GRAPH] = container.graph;
    parts->sections[WEIGHTS] = container.weights;
    parts->sections[STATES] = container.states;
    parts->sections[OUTPUTS] = container.outputs;
    parts->sections[LABELS] = container.labels;
    parts->sections[PROVENANCE] = container.provenance;
    parts->sections[RESIZE] = container.resize;
    parts->minor = data[7];
    return true;
}

static void set_section(struct parts *parts, int index, uint8_t *data, size_t size)
{
    free(parts->owned[index]);
    parts->owned[index] = data;
    parts->sections[index] = (struct section){kinds[index], data, size};
}

static size_t put_together(const struct parts *parts, uint8_t *data, size_t max_size)
{
    struct section present[PARTS];
    struct buffer file = {0};
    int count = 0;

    for (int i = 0; i < PARTS; i++)
        if (parts->sections[i].data)
            present[count++] = parts->sections[i];
    size_t size = 0;
    if (sned_container_write(present, count, parts->minor, &file, NULL) == SNED_OK && file.size <= max_size) {
        memcpy(data, file.data, file.size);
        size = file.size;
    }
    sned_buffer_free(&file);
    return size;
}

/* ---- weights for a graph ---- */

static bool fill_layer(struct graph *graph, struct node *node, int index, struct random *random)
{
    struct tensor *weights = &graph->tensors[node_weights(node, index)];
    struct integer_rule *rule = &node->rules[index];
    const int bias = node_bias(node, index);
    size_t count = sned_shape_elements(&weights->shape), filters = (size_t)weights->shape.dim[0];
    int8_t *values;
    int32_t *biases;

    if (count > MOST_WEIGHTS || sned_alloc(&values, count, 1, NULL) != SNED_OK)
        return false;
    weights->data = values;
    for (size_t i = 0; i < count; i++)
        values[i] = sned_random_below(random, 3) ? 0 : (int8_t)((int)sned_random_below(random, 255) - 127);
    if (bias >= 0) {
        if (sned_alloc(&biases, filters, sizeof *biases, NULL) != SNED_OK)
            return false;
        graph->tensors[bias].data = biases;
        for (size_t k = 0; k < filters; k++)
            biases[k] = (int32_t)sned_random_next(random) >> sned_random_below(random, 32);
    }
    if (sned_alloc(&rule->scalings, filters, sizeof *rule->scalings, NULL) != SNED_OK)
        return false;
    rule->scaling_count = (int)filters;
    for (size_t k = 0; k < filters; k++)
        rule->scalings[k] = (struct scaling){(uint16_t)(32768 + sned_random_below(random, 32768)),
                                             (uint8_t)(16 + sned_random_below(random, 24))};
    return true;
}

static bool fill_table(struct tensor *tensor, struct random *random)
{
    uint16_t *table;

    if (sned_alloc(&table, (size_t)tensor->shape.dim[0], sizeof *table, NULL) != SNED_OK)
        return false;
    tensor->data = table;
    for (int64_t i = 0; i < tensor->shape.dim[0]; i++)
        table[i] = (uint16_t)sned_random_next(random);
    return true;
}

static bool fill_graph(struct graph *graph, struct random *random)
{
    for (int i = 0; i < graph->node_count; i++) {
        struct node *node = &graph->nodes[i];
        if (sned_table_size(node->op) > 0 &&
            !fill_table(&graph->tensors[node->inputs[node->input_count - 1]], random))
            return false;
        for (int w = 0; w < sned_node_weight_count(node); w++)
            if (!fill_layer(graph, node, w, random))
                return false;
    }
    return true;
}

static void renew_weights(struct parts *parts, struct random *random)
{
    const struct container container = {.graph = parts->sections[GRAPH],
                                        .states = parts->sections[STATES],
                                        .outputs = parts->sections[OUTPUTS]};
    struct graph *graph = NULL;
    struct writer writer = {0};

    if (sned_read_graph(&container, &graph, NULL) == SNED_OK && fill_graph(graph, random) &&
        sned_write_weights_section(&writer, graph, NULL, NULL, NULL) == SNED_OK && writer.buffer.data)
        set_section(parts, WEIGHTS, writer.buffer.data, writer.buffer.size);
    else
        sned_writer_free(&writer);
    sned_graph_free(graph);
}

/* ---- a mutation ---- */

static void mutate_section(struct parts *parts, int index, size_t max_size)
{
    struct section *section = &parts->sections[index];
    size_t room = section->size + 64 < max_size ? section->size + 64 : max_size;
    uint8_t *data = malloc(room + 1);

    if (section->size)
        memcpy(data, section->data, section->size);
    size_t size = LLVMFuzzerMutate(data, section->size, room);
    set_section(parts, index, data, size);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    struct parts parts;
    struct random random;

    sned_random_seed(&random, seed, 0);
    if (!take_apart(&parts, data, size))
        return LLVMFuzzerMutate(data, size, max_size);
    uint32_t pick = sned_random_below(&random, 16);
    int index = pick < 9    ? GRAPH
                : pick < 12 ? WEIGHTS
                            : STATES + (int)sned_random_below(&random, PARTS - STATES);
    mutate_section(&parts, index, max_size);
    if (index == GRAPH && sned_random_below(&random, 2))
        renew_weights(&parts, &random);
    size_t made = put_together(&parts, data, max_size);
    for (int i = 0; i < PARTS; i++)
        free(parts.owned[i]);
    return made ? made : size;
}
