/*
 * file.c - an integer graph to the bytes of a .sned file, and back.
 *
 * Packing ends by reading the new file: whatever a reader would refuse (a name of 100 KB, more weights than
 * a file may claim) is found now, not when the network is to run.
 */
#include "codec/packed.h"
#include "codec/sections.h"
#include "graph/operator.h"

#include <string.h>

static int count_layers(const struct graph *graph)
{
    int count = 0;
    for (int i = 0; i < graph->node_count; i++)
        count += sned_node_weight_count(&graph->nodes[i]);
    return count;
}

/* An entry for each, its node set. */
static sned_status list_layers(struct layer_storage **layers, const struct graph *graph, sned_error *error)
{
    SNED_TRY(sned_alloc(layers, (size_t)count_layers(graph), sizeof **layers, error));
    for (int i = 0, layer = 0; i < graph->node_count; i++)
        for (int w = 0; w < sned_node_weight_count(&graph->nodes[i]); w++)
            (*layers)[layer++].node = i;
    return SNED_OK;
}

/* ---- packing ---- */

static sned_status check_packable(const struct graph *graph, sned_error *error)
{
    SNED_TRY(sned_graph_check(graph, error));
    if (!graph->integer)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "network '%.80s' is float; quantise it before packing",
                         graph->name);
    return SNED_OK;
}

static void write_labels(struct writer *writer, const struct graph *graph)
{
    sned_write_varint(writer, (uint64_t)graph->label_count);
    for (int i = 0; i < graph->label_count; i++)
        sned_write_string(writer, graph->labels[i]);
}

static bool has_resize(const struct graph *graph)
{
    return graph->rule.is_image && graph->rule.resize.kind != RESIZE_AUTO;
}

static void write_resize(struct writer *writer, struct resize resize)
{
    sned_write_u8(writer, (uint8_t)resize.kind);
    if (resize.kind == RESIZE_SIDE)
        sned_write_varint(writer, (uint64_t)resize.side);
}

/* The sections in their order, and a writer for each. */
enum file_part { GRAPH, WEIGHTS, STATES, OUTPUTS, MIXED, LABELS, PROVENANCE, RESIZE, PARTS };
static const uint8_t part_kinds[PARTS] = {SECTION_GRAPH, SECTION_WEIGHTS, SECTION_STATES,     SECTION_OUTPUTS,
                                          SECTION_MIXED, SECTION_LABELS,  SECTION_PROVENANCE, SECTION_RESIZE};

static bool has_part(const struct graph *graph, enum file_part part)
{
    switch (part) {
    case STATES:
        return graph->state_count > 0;
    case OUTPUTS:
        return graph->output_count > 1;
    case LABELS:
        return graph->labels != NULL;
    case PROVENANCE:
        return graph->provenance != NULL;
    case RESIZE:
        return has_resize(graph);
    default:
        return part == GRAPH;
    }
}

/* All but the weights. */
static sned_status write_small_sections(struct writer writers[PARTS], const struct graph *graph,
                                        sned_error *error)
{
    struct activations activations;
    sned_status status;
    SNED_TRY_DONE(sned_activations_list(&activations, graph, error));
    SNED_TRY_DONE(sned_write_graph_section(&writers[GRAPH], graph, &activations, error));
    if (has_part(graph, STATES))
        sned_write_states_section(&writers[STATES], graph, &activations);
    if (has_part(graph, OUTPUTS))
        SNED_TRY_DONE(sned_write_outputs_section(&writers[OUTPUTS], graph, &activations, error));
    if (has_part(graph, LABELS))
        write_labels(&writers[LABELS], graph);
    if (has_part(graph, PROVENANCE))
        sned_write_text(&writers[PROVENANCE], graph->provenance);
    if (has_part(graph, RESIZE))
        write_resize(&writers[RESIZE], graph->rule.resize);
    for (int i = 0; i < PARTS && status == SNED_OK; i++)
        if (writers[i].status != SNED_OK)
            status = sned_fail(error, writers[i].status, "out of memory for the file");
done:
    sned_activations_free(&activations);
    return status;
}

static struct section make_section(const struct writer *writer, enum file_part part)
{
    static const uint8_t nothing = 0;
    const struct buffer *buffer = &writer->buffer;
    return (struct section){part_kinds[part], buffer->size ? buffer->data : &nothing, buffer->size};
}

/* The small sections become part of MIXED; WEIGHTS is there if it has to be. */
static sned_status mix_sections(struct section sections[PARTS], int *count, struct writer writers[PARTS],
                                const struct graph *graph, struct layer_storage *layers,
                                const struct pack_options *options, sned_error *error)
{
    const int layer_count = count_layers(graph);
    bool again;
    struct container small = {0};
    struct section *const places[PARTS] = {
        [GRAPH] = &small.graph,   [STATES] = &small.states,         [OUTPUTS] = &small.outputs,
        [LABELS] = &small.labels, [PROVENANCE] = &small.provenance, [RESIZE] = &small.resize};
    for (int i = 0; i < PARTS; i++)
        if (has_part(graph, (enum file_part)i))
            *places[i] = make_section(&writers[i], (enum file_part)i);
    SNED_TRY(sned_write_mixed_section(&writers[MIXED], &writers[WEIGHTS], &small, graph, layers, error));
    SNED_TRY(sned_choose_again(&again, layers, layer_count, graph, options, error));
    if (again) {
        writers[MIXED].buffer.size = writers[WEIGHTS].buffer.size = 0;
        for (int i = 0; i < layer_count; i++)
            layers[i] = (struct layer_storage){.node = layers[i].node, .format = layers[i].format};
        SNED_TRY(sned_write_mixed_section(&writers[MIXED], &writers[WEIGHTS], &small, graph, layers, error));
    }
    if (writers[WEIGHTS].buffer.size > 0)
        sections[(*count)++] = make_section(&writers[WEIGHTS], WEIGHTS);
    sections[(*count)++] = make_section(&writers[MIXED], MIXED);
    return SNED_OK;
}

static sned_status list_sections(struct section sections[PARTS], int *count, struct writer writers[PARTS],
                                 const struct graph *graph, struct layer_storage *layers,
                                 const struct pack_options *options, sned_error *error)
{
    SNED_TRY(sned_write_weights_section(&writers[WEIGHTS], graph, layers, error));
    for (int i = 0; i < PARTS; i++)
        if (i == WEIGHTS || has_part(graph, (enum file_part)i))
            sections[(*count)++] = make_section(&writers[i], (enum file_part)i);
    return SNED_OK;
}

/* 16 bits anywhere but on the way out: before 1.2 Conv, Gemm and the average pools made them, for what only
 * gives them another shape or order, and for endings. */
static bool is_wide_inside(const struct graph *graph, const struct node *node)
{
    const bool passes = sned_op_is(node->op, OPERATOR_RESHAPES) || node->op == OP_TRANSPOSE;
    const bool makes = sned_node_has_weights(node) || sned_op_is(node->op, OPERATOR_AVERAGES);
    bool inside = false;
    if (passes || sned_op_is(node->op, OPERATOR_ENDING))
        return false;
    for (int i = 0; i < node->input_count; i++)
        inside = inside || (node->inputs[i] >= 0 && graph->tensors[node->inputs[i]].quantization.bits == 16);
    return inside || (!makes && graph->tensors[node->outputs[0]].quantization.bits == 16);
}

static bool has_format(const struct layer_storage *layers, const struct graph *graph,
                       enum weight_format format)
{
    bool has = false;
    for (int i = 0; i < count_layers(graph); i++)
        has = has || layers[i].format == format;
    return has;
}

/* Whether all is to be coded together, and not just written one section after the other: unless every layer
 * is forced into another format. */
static bool is_mixed(const struct graph *graph, const struct layer_storage *layers,
                     const struct pack_options *options)
{
    bool mixed = !options || !options->force || has_format(layers, graph, FORMAT_MIXED);
    for (int i = 0; i < count_layers(graph); i++)
        mixed = mixed || options->force[layers[i].node] < 0;
    return mixed;
}

/* The lowest that has all that is used, so that a file which uses nothing new is as it always was. */
static uint8_t minor_version(const struct graph *graph, bool is_new)
{
    uint8_t minor = is_new                                                ? 3
                    : has_part(graph, STATES) || has_part(graph, OUTPUTS) ? 2
                    : has_part(graph, RESIZE)                             ? 1
                                                                          : 0;
    for (int n = 0; n < graph->node_count; n++) {
        const struct node *node = &graph->nodes[n];
        const uint8_t needed = is_wide_inside(graph, node) ? 2 : sned_operator_minor(node->op);
        minor = needed > minor ? needed : minor;
    }
    return minor;
}

sned_status sned_pack(const struct graph *graph, const struct pack_options *options, struct buffer *out,
                      struct layer_storage **storage, int *storage_count, sned_error *error)
{
    sned_status status;
    struct writer writers[PARTS] = {0};
    struct section sections[PARTS];
    struct layer_storage *layers = NULL;
    struct graph *again = NULL;
    size_t start = out->size;
    int count = 0;
    if (storage)
        *storage = NULL;
    SNED_TRY_DONE(check_packable(graph, error));
    SNED_TRY_DONE(list_layers(&layers, graph, error));
    SNED_TRY_DONE(write_small_sections(writers, graph, error));
    sned_choose_formats(layers, count_layers(graph), graph, options);
    const bool mixed = is_mixed(graph, layers, options);
    SNED_TRY_DONE(
        (mixed ? mix_sections : list_sections)(sections, &count, writers, graph, layers, options, error));
    SNED_TRY_DONE(sned_container_write(
        sections, count, minor_version(graph, mixed || has_format(layers, graph, FORMAT_RANS)), out, error));
    status = sned_unpack(&again, out->data + start, out->size - start, NULL, NULL, error);
    if (status != SNED_OK) {
        out->size = start;
        sned_error_context(error, status, "network '%.80s' cannot be packed", graph->name);
        goto done;
    }
    if (storage) {
        *storage = layers;
        *storage_count = count_layers(graph);
        layers = NULL;
    }
done:
    for (int i = 0; i < PARTS; i++)
        sned_writer_free(&writers[i]);
    sned_graph_free(again);
    sned_free(layers);
    return status;
}

/* ---- unpacking ---- */

static sned_status read_labels(const struct section *section, struct graph *graph, sned_error *error)
{
    struct reader reader;
    sned_reader_init(&reader, section->data, section->size);
    int64_t count = sned_read_integer(&reader, 0, INT32_MAX);
    if (reader.failed || (uint64_t)count > sned_reader_left(&reader))
        return sned_fail(error, SNED_ERROR_FORMAT, "it announces more names than it holds");
    SNED_TRY(sned_alloc(&graph->labels, (size_t)count, sizeof *graph->labels, error));
    for (; graph->label_count < count; graph->label_count++)
        SNED_TRY(sned_read_string(&reader, SNED_MAX_STRING, &graph->labels[graph->label_count], error));
    return sned_reader_left(&reader) == 0
               ? SNED_OK
               : sned_fail(error, SNED_ERROR_FORMAT, "%zu bytes too many", sned_reader_left(&reader));
}

static sned_status read_provenance(const struct section *section, struct graph *graph, sned_error *error)
{
    if (!sned_text_is_valid(section->data, section->size))
        return sned_fail(error, SNED_ERROR_FORMAT, "it is not UTF-8");
    SNED_TRY(sned_alloc(&graph->provenance, section->size + 1, 1, error));
    if (section->size)
        memcpy(graph->provenance, section->data, section->size);
    return SNED_OK;
}

/* Whether the side covers the input is for sned_graph_check. */
static sned_status read_resize(const struct section *section, struct graph *graph, sned_error *error)
{
    struct reader reader;
    struct resize resize = {0};
    sned_reader_init(&reader, section->data, section->size);
    resize.kind = (enum resize_kind)sned_read_u8(&reader);
    if (resize.kind == RESIZE_SIDE)
        resize.side = (int)sned_read_integer(&reader, 1, GRAPH_MAX_PICTURE);
    if (reader.failed || resize.kind == RESIZE_AUTO || resize.kind > RESIZE_SIDE ||
        sned_reader_left(&reader) > 0)
        return sned_fail_damaged("the way of resizing", error);
    if (!graph->rule.is_image)
        return sned_fail(error, SNED_ERROR_FORMAT, "the network takes no pictures");
    graph->rule.resize = resize;
    return SNED_OK;
}

/* Sections that lie in MIXED stand in `container` from then on. */
static sned_status read_layers(const struct container *container, struct mixed *mixed,
                               struct packed_file *packed, sned_error *error)
{
    struct reader reader;
    sned_status status;
    sned_reader_init(&reader, container->weights.data, container->weights.size);
    if (mixed) {
        status =
            sned_read_mixed_layers(mixed, &reader, packed->graph, packed->weights, packed->storage, error);
        return sned_error_context(error, status, "section MIXED");
    }
    status = sned_read_weights_section(&reader, packed->graph, packed->weights, packed->storage, error);
    return sned_error_context(error, status, "section WEIGHTS");
}

static sned_status read_sections(struct container *container, struct mixed *mixed, const sned_limits *limits,
                                 struct packed_file *packed, sned_error *error)
{
    sned_status status;
    SNED_TRY(sned_read_graph(container, &packed->graph, error));
    struct graph *graph = packed->graph;
    SNED_TRY(sned_check_limits(graph, limits, error));
    SNED_TRY(list_layers(&packed->storage, graph, error));
    packed->storage_count = count_layers(graph);
    SNED_TRY(sned_alloc(&packed->weights, (size_t)graph->tensor_count, sizeof *packed->weights, error));
    if (container->labels.data)
        SNED_TRY(sned_error_context(error, read_labels(&container->labels, graph, error), "section LABELS"));
    if (container->provenance.data) {
        status = read_provenance(&container->provenance, graph, error);
        SNED_TRY(sned_error_context(error, status, "section PROVENANCE"));
    }
    if (container->resize.data)
        SNED_TRY(sned_error_context(error, read_resize(&container->resize, graph, error), "section RESIZE"));
    return read_layers(container, mixed, packed, error);
}

void sned_packed_free(struct packed_file *packed)
{
    sned_graph_free(packed->graph);
    sned_free(packed->weights);
    sned_free(packed->storage);
    *packed = (struct packed_file){0};
}

sned_status sned_unpack_apart(struct packed_file *packed, const void *data, size_t size,
                              const sned_limits *limits, sned_error *error)
{
    sned_status status;
    struct container container;
    struct mixed *mixed = NULL;
    *packed = (struct packed_file){0};
    SNED_TRY_DONE(sned_container_read(&container, data, size, error));
    if (container.mixed.data)
        SNED_TRY_DONE(
            sned_error_context(error, sned_read_mixed_small(&mixed, &container, error), "section MIXED"));
    SNED_TRY_DONE(read_sections(&container, mixed, limits, packed, error));
    SNED_TRY_DONE(sned_graph_infer(packed->graph, error));
    SNED_TRY_DONE(sned_graph_check_apart(packed->graph, error));
done:
    sned_mixed_free(mixed);
    if (status != SNED_OK)
        sned_packed_free(packed);
    return status;
}

/* The weights of all layers into the graph. */
static sned_status unpack_weights(const struct packed_file *packed, sned_error *error)
{
    const struct graph *graph = packed->graph;
    for (int i = 0; i < graph->node_count; i++) {
        const struct node *node = &graph->nodes[i];
        for (int w = 0; w < sned_node_weight_count(node); w++)
            SNED_TRY(sned_unpack_weights(packed, node, w, 1, error));
    }
    return SNED_OK;
}

sned_status sned_unpack(struct graph **graph, const void *data, size_t size, struct layer_storage **storage,
                        int *storage_count, sned_error *error)
{
    sned_status status;
    struct packed_file packed;
    *graph = NULL;
    if (storage)
        *storage = NULL;
    SNED_TRY_DONE(sned_unpack_apart(&packed, data, size, NULL, error));
    SNED_TRY_DONE(unpack_weights(&packed, error));
    if (storage) {
        *storage = packed.storage;
        *storage_count = packed.storage_count;
        packed.storage = NULL;
    }
    *graph = packed.graph;
    packed.graph = NULL;
done:
    sned_packed_free(&packed);
    return status;
}
