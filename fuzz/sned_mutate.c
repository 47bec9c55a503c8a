/*
 * sned_mutate.c - libFuzzer's mutator for sned_content: a change inside one section, and a whole container
 * around it.
 *
 * WEIGHTS has to fit GRAPH to the last byte, so that nearly every change of a graph's shapes would end there.
 * So one time in two, where the changed GRAPH can be read, WEIGHTS is made anew for it.
 */
#include "base/random.h"
#include "codec/sections.h"

#include <stdlib.h>
#include <string.h>

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size); /* libFuzzer's own */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

enum { KINDS = 5, MOST_WEIGHTS = 1 << 14 };

struct parts {
    struct section sections[KINDS];
    uint8_t *owned[KINDS]; /* where a section's data were changed */
};

/* False where `data` is no whole file: then the bytes are mutated as they are. */
static bool take_apart(struct parts *parts, const uint8_t *data, size_t size)
{
    struct container container;

    *parts = (struct parts){0};
    if (sned_container_read(&container, data, size, NULL) != SNED_OK)
        return false;
    parts->sections[0] = container.graph;
    parts->sections[1] = container.weights;
    parts->sections[2] = container.labels;
    parts->sections[3] = container.provenance;
    parts->sections[4] = container.resize;
    return true;
}

static void set_section(struct parts *parts, int index, uint8_t *data, size_t size)
{
    static const uint8_t kinds[KINDS] = {SECTION_GRAPH, SECTION_WEIGHTS, SECTION_LABELS, SECTION_PROVENANCE,
                                         SECTION_RESIZE};

    free(parts->owned[index]);
    parts->owned[index] = data;
    parts->sections[index] = (struct section){kinds[index], data, size};
}

static size_t put_together(const struct parts *parts, uint8_t *data, size_t max_size)
{
    struct section present[KINDS];
    struct buffer file = {0};
    int count = 0;

    for (int i = 0; i < KINDS; i++)
        if (parts->sections[i].data)
            present[count++] = parts->sections[i];
    size_t size = 0;
    if (sned_container_write(present, count, &file, NULL) == SNED_OK && file.size <= max_size) {
        memcpy(data, file.data, file.size);
        size = file.size;
    }
    sned_buffer_free(&file);
    return size;
}

/* ---- weights for a graph ---- */

static bool fill_layer(struct graph *graph, struct node *node, struct random *random)
{
    struct tensor *weights = &graph->tensors[node->inputs[1]];
    size_t count = sned_shape_elements(&weights->shape), filters = (size_t)weights->shape.dim[0];
    int8_t *values;
    int32_t *biases;

    if (count > MOST_WEIGHTS || sned_alloc(&values, count, 1, NULL) != SNED_OK)
        return false;
    weights->data = values;
    for (size_t i = 0; i < count; i++)
        values[i] = sned_random_below(random, 3) ? 0 : (int8_t)((int)sned_random_below(random, 255) - 127);
    if (node->inputs[2] >= 0) {
        if (sned_alloc(&biases, filters, sizeof *biases, NULL) != SNED_OK)
            return false;
        graph->tensors[node->inputs[2]].data = biases;
        for (size_t k = 0; k < filters; k++)
            biases[k] = (int32_t)sned_random_next(random) >> sned_random_below(random, 32);
    }
    if (sned_alloc(&node->rules[0].scalings, filters, sizeof *node->rules[0].scalings, NULL) != SNED_OK)
        return false;
    node->rules[0].scaling_count = (int)filters;
    for (size_t k = 0; k < filters; k++)
        node->rules[0].scalings[k] = (struct scaling){(uint16_t)(32768 + sned_random_below(random, 32768)),
                                                      (uint8_t)(16 + sned_random_below(random, 24))};
    return true;
}

static bool fill_table(struct tensor *tensor, struct random *random)
{
    uint16_t *table;

    if (sned_alloc(&table, LRN_TABLE_SIZE, sizeof *table, NULL) != SNED_OK)
        return false;
    tensor->data = table;
    for (int i = 0; i < LRN_TABLE_SIZE; i++)
        table[i] = (uint16_t)sned_random_next(random);
    return true;
}

static bool fill_graph(struct graph *graph, struct random *random)
{
    for (int i = 0; i < graph->node_count; i++) {
        struct node *node = &graph->nodes[i];
        if (node->op == OP_LRN && !fill_table(&graph->tensors[node->inputs[1]], random))
            return false;
        if (sned_node_has_weights(node) && !fill_layer(graph, node, random))
            return false;
    }
    return true;
}

static void renew_weights(struct parts *parts, struct random *random)
{
    struct graph *graph = NULL;
    struct reader reader;
    struct writer writer = {0};

    sned_reader_init(&reader, parts->sections[0].data, parts->sections[0].size);
    if (sned_read_graph_section(&reader, &graph, NULL) == SNED_OK && fill_graph(graph, random) &&
        sned_write_weights_section(&writer, graph, NULL, NULL, NULL) == SNED_OK && writer.buffer.data)
        set_section(parts, 1, writer.buffer.data, writer.buffer.size);
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
    int index = pick < 10 ? 0 : pick < 14 ? 1 : 2 + (int)sned_random_below(&random, KINDS - 2);
    mutate_section(&parts, index, max_size);
    if (index == 0 && sned_random_below(&random, 2))
        renew_weights(&parts, &random);
    size_t made = put_together(&parts, data, max_size);
    for (int i = 0; i < KINDS; i++)
        free(parts.owned[i]);
    return made ? made : size;
}
