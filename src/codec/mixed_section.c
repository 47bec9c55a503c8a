/*
 * mixed_section.c - the MIXED section: one coded stream of what plain files have in sections (since 1.3).
 *
 * First the bytes of the small sections, which the same functions write and read as in a plain file. Then,
 * in the order of the nodes, the tables, and of each layer whether its weights lie here or in WEIGHTS, the
 * weights if here, its biases and scalings.
 */
#include "codec/coder/bytes_model.h"
#include "codec/coder/constants_model.h"
#include "codec/coder/mixer.h"
#include "codec/coder/weights_model.h"
#include "codec/sections.h"
#include "graph/operator.h"

#include <string.h>

/* How many bytes the small sections may have together: so many, and so many for each byte of the stream. */
enum { SMALL_FREE = 1 << 20, SMALL_PER_BYTE = 64 };

struct mixed {
    struct coder coder;
    struct bytes_model *bytes;
    struct weights_model *weights;
    struct constants_model constants;
    struct numbers_model pictures;
    uint32_t is_mixed; /* a counter: do a layer's weights lie here */
    uint64_t spent,
        told_bytes; /* on layers so far: in bits / COST_ONE, and as the bytes that they were told */
};

static sned_status mixed_new(struct mixed **out, sned_error *error)
{
    struct mixed *mixed;
    *out = NULL;
    SNED_TRY(sned_alloc(&mixed, 1, sizeof *mixed, error));
    sned_status status = sned_bytes_model_new(&mixed->bytes, error);
    if (status == SNED_OK)
        status = sned_weights_model_new(&mixed->weights, error);
    sned_constants_model_start(&mixed->constants);
    sned_numbers_model_start(&mixed->pictures);
    mixed->is_mixed = COUNTER_NEW;
    if (status == SNED_OK)
        *out = mixed;
    else
        sned_mixed_free(mixed);
    return status;
}

void sned_mixed_free(struct mixed *mixed)
{
    if (!mixed)
        return;
    sned_coder_free(&mixed->coder);
    sned_bytes_model_free(mixed->bytes);
    sned_weights_model_free(mixed->weights);
    sned_free(mixed);
}

/* ---- the small sections ---- */

/* As a varint, byte by byte. */
static sned_status code_size(struct mixed *mixed, size_t *size, sned_error *error)
{
    uint64_t coded = 0, left = *size;
    for (int shift = 0; shift < 63; shift += 7, left >>= 7) {
        const uint8_t byte = (uint8_t)((left & 0x7f) | (left >> 7 ? 0x80 : 0));
        SNED_TRY(sned_bytes_model_code(mixed->bytes, &mixed->coder, &byte, 1, error));
        const struct buffer *history = sned_bytes_model_history(mixed->bytes);
        const uint8_t last = history->data[history->size - 1];
        coded |= (uint64_t)(last & 0x7f) << shift;
        if (last < 0x80)
            break;
    }
    *size = (size_t)coded;
    return SNED_OK;
}

/* A byte that has a bit for each section which is there, then of each its size and its bytes. */
static sned_status code_small(struct mixed *mixed, struct container *container, sned_error *error)
{
    struct section *const sections[] = {&container->graph,  &container->states,     &container->outputs,
                                        &container->labels, &container->provenance, &container->resize};
    enum { COUNT = sizeof sections / sizeof *sections };
    struct coder *coder = &mixed->coder;
    const struct buffer *history = sned_bytes_model_history(mixed->bytes);
    const size_t start = history->size, most = SMALL_FREE + SMALL_PER_BYTE * coder->size;
    size_t places[COUNT];
    uint8_t present = 0;
    for (int i = 0; i < COUNT; i++)
        present |= (uint8_t)((sections[i]->data != NULL) << i);
    SNED_TRY(sned_bytes_model_code(mixed->bytes, coder, &present, 1, error));
    present = history->data[history->size - 1];
    for (int i = 0; i < COUNT; i++) {
        if (!(present >> i & 1))
            continue;
        SNED_TRY(code_size(mixed, &sections[i]->size, error));
        places[i] = history->size;
        if (coder->decoding && (sections[i]->size > most || places[i] - start > most - sections[i]->size))
            return sned_fail(error, SNED_ERROR_FORMAT, "it announces %zu bytes of records, too many for %zu",
                             sections[i]->size, coder->size);
        SNED_TRY(sned_bytes_model_code(mixed->bytes, coder, sections[i]->data, sections[i]->size, error));
    }
    for (int i = 0; i < COUNT && coder->decoding; i++)
        if (present >> i & 1)
            sections[i]->data = history->data + places[i];
    return SNED_OK;
}

/* ---- layers ---- */

/* Of a Gemm that reads a picture laid flat the picture's height and width, else 1 and 1. */
static void find_picture(const struct graph *graph, const struct node *node, int channels, int size[2])
{
    const int maker = sned_graph_producer(graph, node->inputs[0]);
    size[0] = size[1] = 1;
    if (maker < 0 || !sned_op_is(graph->nodes[maker].op, OPERATOR_RESHAPES))
        return;
    const struct shape *picture = &graph->tensors[graph->nodes[maker].inputs[0]].shape;
    if (picture->rank != 4 || picture->dim[1] * picture->dim[2] * picture->dim[3] != channels)
        return;
    size[0] = (int)picture->dim[2];
    size[1] = (int)picture->dim[3];
}

/* The shape that the model of weights sees, [K][C][R][S]. A Gemm's R and S, a picture's, are told. */
static sned_status code_shape(struct mixed *mixed, const struct graph *graph, const struct node *node,
                              int index, int shape[4], sned_error *error)
{
    int size[2] = {1, 1};
    sned_layer_shape(&graph->tensors[node_weights(node, index)], shape);
    if (node->op != OP_GEMM)
        return SNED_OK;
    if (!mixed->coder.decoding)
        find_picture(graph, node, shape[1], size);
    for (int i = 0; i < 2; i++) {
        const int64_t sides = 1 + sned_numbers_model_code(&mixed->pictures, &mixed->coder, size[i] - 1);
        if (sides < 1 || shape[1] % sides != 0)
            return sned_fail(error, SNED_ERROR_FORMAT, "a picture that %d inputs are not", shape[1]);
        shape[2 + i] = (int)sides;
        shape[1] /= (int)sides;
    }
    return SNED_OK;
}

static sned_status make_room(const struct mixed *mixed, struct tensor *tensor, sned_error *error)
{
    return mixed->coder.decoding ? sned_alloc(&tensor->data, sned_shape_elements(&tensor->shape),
                                              sned_type_size(tensor->type), error)
                                 : SNED_OK;
}

/* sned_write_layer_stream, told by those who encode, so that a program that only reads is linked without. */
typedef sned_status layer_stream_writer(struct writer *writer, const struct tensor *weights,
                                        struct layer_storage *storage, sned_error *error);

/* Where the streams of layers that are not mixed lie, one behind the other: the WEIGHTS section. */
struct streams {
    struct reader *reader;         /* decoding */
    struct packed_weights *packed; /* decoding, [tensor_count]: what is found there */
    struct writer *writer;         /* encoding */
    layer_stream_writer *write;    /* encoding */
};

static sned_status code_weights(struct mixed *mixed, const struct graph *graph, const struct node *node,
                                int index, struct streams streams, struct layer_storage *storage,
                                sned_error *error)
{
    struct coder *coder = &mixed->coder;
    const int tensor = node_weights(node, index);
    struct tensor *weights = &graph->tensors[tensor];
    int shape[4];
    coder->spent_on = SPENT_OTHER;
    if (!counter_code(coder, storage->format == FORMAT_MIXED, &mixed->is_mixed)) {
        if (coder->decoding)
            return sned_find_layer_stream(streams.reader, weights, &streams.packed[tensor], storage, error);
        return streams.write(streams.writer, weights, storage, error);
    }
    storage->format = FORMAT_MIXED;
    SNED_TRY(code_shape(mixed, graph, node, index, shape, error));
    SNED_TRY(make_room(mixed, weights, error));
    return sned_weights_model_code(mixed->weights, coder, weights->data, shape, error);
}

static sned_status code_biases_and_scalings(struct mixed *mixed, const struct graph *graph, struct node *node,
                                            int index, sned_error *error)
{
    struct coder *coder = &mixed->coder;
    struct integer_rule *rule = &node->rules[index];
    const size_t filters = (size_t)graph->tensors[node_weights(node, index)].shape.dim[0];
    const int bias = node_bias(node, index);
    if (bias >= 0) {
        SNED_TRY(make_room(mixed, &graph->tensors[bias], error));
        SNED_TRY(
            sned_constants_code_biases(&mixed->constants, coder, graph->tensors[bias].data, filters, error));
    }
    if (coder->decoding) {
        SNED_TRY(sned_alloc(&rule->scalings, filters, sizeof *rule->scalings, error));
        rule->scaling_count = (int)filters;
    }
    return sned_constants_code_scalings(&mixed->constants, coder, rule->scalings, filters, error);
}

/* What has been spent on a layer since `before`, by part, and in whole bytes, which over all layers lose
 * little. */
static void describe(struct mixed *mixed, const uint64_t before[SPENT_COUNT], struct layer_storage *storage)
{
    static const struct {
        enum spent_on spent;
        enum byte_part part;
    } kinds[] = {{SPENT_POSITIONS, PART_POSITIONS},
                 {SPENT_SIGNS, PART_SIGNS},
                 {SPENT_MAGNITUDES, PART_MAGNITUDES},
                 {SPENT_BIASES, PART_BIASES},
                 {SPENT_SCALINGS, PART_SCALES}};
    const uint64_t byte = 8 * (uint64_t)COST_ONE;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const uint64_t spent = mixed->coder.spent[kinds[i].spent] - before[kinds[i].spent];
        mixed->spent += spent;
        storage->parts[kinds[i].part] += (double)spent / (double)byte;
    }
    const uint64_t bytes = (mixed->spent + byte / 2) / byte - mixed->told_bytes;
    mixed->told_bytes += bytes;
    storage->bytes += bytes;
}

static sned_status code_layer(struct mixed *mixed, const struct graph *graph, struct node *node, int index,
                              struct streams streams, struct layer_storage *storage, sned_error *error)
{
    const uint64_t decisions = mixed->coder.decisions;
    uint64_t before[SPENT_COUNT];
    memcpy(before, mixed->coder.spent, sizeof before);
    SNED_TRY(code_weights(mixed, graph, node, index, streams, storage, error));
    SNED_TRY(code_biases_and_scalings(mixed, graph, node, index, error));
    storage->decisions = mixed->coder.decisions - decisions;
    describe(mixed, before, storage);
    return SNED_OK;
}

static sned_status code_table(struct mixed *mixed, struct tensor *table, sned_error *error)
{
    SNED_TRY(make_room(mixed, table, error));
    return sned_constants_code_table(&mixed->constants, &mixed->coder, table->data,
                                     (size_t)table->shape.dim[0], error);
}

static sned_status code_layers(struct mixed *mixed, const struct graph *graph, struct streams streams,
                               struct layer_storage *storage, sned_error *error)
{
    for (int i = 0; i < graph->node_count; i++) {
        struct node *node = &graph->nodes[i];
        const int table = sned_node_table(node);
        sned_status status = SNED_OK;
        if (table >= 0)
            status = code_table(mixed, &graph->tensors[table], error);
        for (int w = 0; w < sned_node_weight_count(node) && status == SNED_OK; w++)
            status = code_layer(mixed, graph, node, w, streams, storage++, error);
        if (status != SNED_OK)
            return sned_error_context(error, status, "layer '%.80s'", node->name);
    }
    return SNED_OK;
}

/* ---- the section ---- */

sned_status sned_write_mixed_section(struct writer *writer, struct writer *weights, struct container *small,
                                     const struct graph *graph, struct layer_storage *storage,
                                     sned_error *error)
{
    const struct streams streams = {.writer = weights, .write = sned_write_layer_stream};
    struct mixed *mixed;
    sned_status status;
    SNED_TRY(mixed_new(&mixed, error));
    sned_coder_encode(&mixed->coder);
    SNED_TRY_DONE(code_small(mixed, small, error));
    SNED_TRY_DONE(code_layers(mixed, graph, streams, storage, error));
    SNED_TRY_DONE(sned_coder_finish(&mixed->coder, error));
    sned_write_bytes(writer, mixed->coder.writer.buffer.data, mixed->coder.writer.buffer.size);
    if (writer->status != SNED_OK || weights->status != SNED_OK)
        status = sned_fail(error, SNED_ERROR_MEMORY, "out of memory for the file");
done:
    sned_mixed_free(mixed);
    return status;
}

sned_status sned_read_mixed_small(struct mixed **mixed, struct container *container, sned_error *error)
{
    SNED_TRY(mixed_new(mixed, error));
    sned_coder_decode(&(*mixed)->coder, container->mixed.data, container->mixed.size);
    return code_small(*mixed, container, error);
}

sned_status sned_read_mixed_layers(struct mixed *mixed, struct reader *weights, struct graph *graph,
                                   struct packed_weights *packed, struct layer_storage *storage,
                                   sned_error *error)
{
    const struct streams streams = {.reader = weights, .packed = packed};
    SNED_TRY(sned_check_weights(graph, mixed->coder.size + sned_reader_left(weights), error));
    SNED_TRY(code_layers(mixed, graph, streams, storage, error));
    return sned_coder_finish(&mixed->coder, error);
}
