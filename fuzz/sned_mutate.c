/*
 * sned_mutate.c - libFuzzer's mutator for sned_content: a change inside one section, and a whole container
 * around it.
 *
 * WEIGHTS has to fit GRAPH to the last byte, so that nearly every change of a graph's shapes would end
 * there. So one time in two, where the changed GRAPH can be read, WEIGHTS is made anew for it. In a coded
 * file the sections lie in MIXED, where a changed byte garbles all that follow: one time in three its bytes
 * are changed all the same, else what they say, which is then coded anew.
 */
#include "base/random.h"
#include "codec/sections.h"
#include "graph/operator.h"

#include <stdlib.h>
#include <string.h>

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size); /* libFuzzer's own */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

enum { GRAPH, WEIGHTS, STATES, OUTPUTS, MIXED, LABELS, PROVENANCE, RESIZE, PARTS };
enum { MOST_WEIGHTS = 1 << 14 };
static const uint8_t kinds[PARTS] = {SECTION_GRAPH, SECTION_WEIGHTS, SECTION_STATES,     SECTION_OUTPUTS,
                                     SECTION_MIXED, SECTION_LABELS,  SECTION_PROVENANCE, SECTION_RESIZE};

struct parts {
    struct section sections[PARTS];
    uint8_t *owned[PARTS]; /* where a section's data were changed */
    struct mixed *mixed;   /* of a coded file: holds the sections that lie in MIXED */
    uint8_t minor;
};

/* False where `data` is no whole file: then the bytes are mutated as they are. */
static bool take_apart(struct parts *parts, const uint8_t *data, size_t size)
{
    struct container container;

    *parts = (struct parts){0};
    if (sned_container_read(&container, data, size, NULL) != SNED_OK)
        return false;
    if (container.mixed.data && sned_read_mixed_small(&parts->mixed, &container, NULL) != SNED_OK) {
        sned_mixed_free(parts->mixed);
        return false;
    }
    parts->sections[GRAPH] = container.graph;
    parts->sections[WEIGHTS] = container.weights;
    parts->sections[STATES] = container.states;
    parts->sections[OUTPUTS] = container.outputs;
    parts->sections[MIXED] = container.mixed;
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
        if (parts->sections[i].data && (!parts->mixed || i == MIXED || i == WEIGHTS))
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

/* A format for each layer; NULL where there is no memory. */
static struct layer_storage *choose_formats(const struct graph *graph, bool coded, struct random *random)
{
    static const enum weight_format formats[] = {FORMAT_MIXED, FORMAT_MIXED, FORMAT_RANS, FORMAT_GAP16,
                                                 FORMAT_DENSE8};
    struct layer_storage *layers;
    int count = 0;

    for (int i = 0; i < graph->node_count; i++)
        count += sned_node_weight_count(&graph->nodes[i]);
    if (sned_alloc(&layers, (size_t)count, sizeof *layers, NULL) != SNED_OK)
        return NULL;
    for (int i = 0, layer = 0; i < graph->node_count; i++)
        for (int w = 0; w < sned_node_weight_count(&graph->nodes[i]); w++, layer++) {
            layers[layer].node = i;
            layers[layer].format =
                formats[coded ? sned_random_below(random, 5) : 2 + sned_random_below(random, 3)];
        }
    return layers;
}

static bool write_plain(struct parts *parts, const struct graph *graph, struct layer_storage *layers)
{
    struct writer weights = {0};

    if (sned_write_weights_section(&weights, graph, layers, NULL) != SNED_OK || !weights.buffer.data) {
        sned_writer_free(&weights);
        return false;
    }
    set_section(parts, WEIGHTS, weights.buffer.data, weights.buffer.size);
    return true;
}

/* The small sections as they are, the layers of `graph`, which may have none: then the file ends too
 * early. */
static bool write_coded(struct parts *parts, const struct graph *graph, struct layer_storage *layers)
{
    struct writer weights = {0}, mixed = {0};
    struct container small = {.graph = parts->sections[GRAPH],
                              .states = parts->sections[STATES],
                              .outputs = parts->sections[OUTPUTS],
                              .labels = parts->sections[LABELS],
                              .provenance = parts->sections[PROVENANCE],
                              .resize = parts->sections[RESIZE]};

    if (sned_write_mixed_section(&mixed, &weights, &small, graph, layers, NULL) != SNED_OK) {
        sned_writer_free(&weights);
        sned_writer_free(&mixed);
        return false;
    }
    set_section(parts, MIXED, mixed.buffer.data, mixed.buffer.size);
    set_section(parts, WEIGHTS, weights.buffer.data, weights.buffer.size);
    return true;
}

/* Weights that fit GRAPH, where it can be read. A coded file is coded anew in any case. */
static void renew_weights(struct parts *parts, struct random *random)
{
    const struct container container = {.graph = parts->sections[GRAPH],
                                        .states = parts->sections[STATES],
                                        .outputs = parts->sections[OUTPUTS]};
    struct graph *graph = NULL, *none = NULL;
    struct layer_storage *layers = NULL;
    bool written = false;

    if (sned_read_graph(&container, &graph, NULL) == SNED_OK && fill_graph(graph, random))
        layers = choose_formats(graph, parts->mixed != NULL, random);
    if (layers)
        written = (parts->mixed ? write_coded : write_plain)(parts, graph, layers);
    if (parts->mixed && !written && sned_graph_new(&none, "none", NULL) == SNED_OK)
        write_coded(parts, none, NULL);
    free(layers);
    sned_graph_free(none);
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

/* Most often GRAPH, which says most. */
static int pick_section(const struct parts *parts, struct random *random)
{
    static const int others[] = {STATES, OUTPUTS, LABELS, PROVENANCE, RESIZE};
    const uint32_t pick = sned_random_below(random, 16);

    if (parts->mixed && sned_random_below(random, 3) == 0)
        return parts->sections[WEIGHTS].size && sned_random_below(random, 2) ? WEIGHTS : MIXED;
    return pick < 9 ? GRAPH : pick < 12 && !parts->mixed ? WEIGHTS : others[sned_random_below(random, 5)];
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    struct parts parts;
    struct random random;

    sned_random_seed(&random, seed, 0);
    if (!take_apart(&parts, data, size))
        return LLVMFuzzerMutate(data, size, max_size);
    const int index = pick_section(&parts, &random);
    mutate_section(&parts, index, max_size);
    if (parts.mixed ? index != MIXED && index != WEIGHTS : index == GRAPH && sned_random_below(&random, 2))
        renew_weights(&parts, &random);
    size_t made = put_together(&parts, data, max_size);
    for (int i = 0; i < PARTS; i++)
        free(parts.owned[i]);
    sned_mixed_free(parts.mixed);
    return made ? made : size;
}
