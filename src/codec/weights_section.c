/*
 * weights_section.c - the WEIGHTS section: a record for all weights of each node that has some (weights,
 * biases, scalings), and the tables.
 *
 *     form    7      6    4 3      0
 *            +------+------+--------+
 *            |dead  |coding| format |    dead: filters that are all zero are left out, a bit map tells which
 *            +------+------+--------+    coding: 0, plain; others are kept for entropy coding
 */
#include "codec/sections.h"
#include "graph/operator.h"

#include <string.h>

enum { FORMAT_MASK = 15, CODING_SHIFT = 4, CODING_MASK = 7, FORM_DEAD = 0x80 };

/* How many weights a file may claim, against what its bytes could reasonably hold: docs/format.md. */
#define FREE_WEIGHTS ((size_t)1 << 27)
enum { WEIGHTS_PER_BYTE = 16384 };

/* [K][C][R][S]; a Gemm's R and S are 1. */
void sned_layer_shape(const struct tensor *weights, int shape[4])
{
    for (int i = 0; i < 4; i++)
        shape[i] = i < weights->shape.rank ? (int)weights->shape.dim[i] : 1;
}

static size_t bitmap_size(const int shape[4])
{
    return ((size_t)shape[0] + 7) / 8;
}

static size_t varint_size(uint64_t value)
{
    size_t size = 1;
    for (; value >= 0x80; value >>= 7)
        size++;
    return size;
}

/* What is known of the bytes of a layer's weights: an entry of a sparse format is half position, half
 * value; an eighth of a value is its sign. */
static void describe_stream(struct layer_storage *storage, enum weight_format format, size_t bytes,
                            size_t stream)
{
    const bool sparse = format == FORMAT_CCOO16 || format == FORMAT_GAP16;
    const double values = (double)stream / (sparse ? 2 : 1);
    *storage = (struct layer_storage){.node = storage->node, .format = format, .bytes = bytes};
    storage->parts[PART_POSITIONS] = (double)bytes - values;
    storage->parts[PART_SIGNS] = values / 8;
    storage->parts[PART_MAGNITUDES] = values - values / 8;
}

/* What is behind them. */
static void describe_constants(struct layer_storage *storage, size_t biases, size_t scalings)
{
    storage->bytes += biases + scalings;
    storage->parts[PART_BIASES] = (double)biases;
    storage->parts[PART_SCALES] = (double)scalings;
}

/* ---- writing ---- */

/* A layer's weights, and the same without the filters that are all zero. */
struct filters {
    const int8_t *all;
    int8_t *live; /* owned; NULL where no filter is dead */
    uint8_t *bitmap;
    int shape[4], live_shape[4];
};

static void filters_free(struct filters *filters)
{
    sned_free(filters->live);
    sned_free(filters->bitmap);
}

static sned_status split_filters(struct filters *filters, const struct tensor *weights, sned_error *error)
{
    sned_layer_shape(weights, filters->shape);
    filters->all = weights->data;
    size_t size = sned_shape_elements(&weights->shape) / (size_t)filters->shape[0];
    SNED_TRY(sned_alloc(&filters->bitmap, bitmap_size(filters->shape), 1, error));
    int live = 0;
    for (int k = 0; k < filters->shape[0]; k++) {
        const int8_t *filter = filters->all + (size_t)k * size;
        if (filter[0] == 0 && memcmp(filter, filter + 1, size - 1) == 0)
            continue; /* its first weight is 0, and each equals the next */
        filters->bitmap[k / 8] |= (uint8_t)(1u << (k % 8));
        live++;
    }
    if (live == filters->shape[0])
        return SNED_OK;
    memcpy(filters->live_shape, filters->shape, sizeof filters->shape);
    filters->live_shape[0] = live;
    SNED_TRY(sned_alloc(&filters->live, (size_t)live, size, error));
    for (int k = 0, at = 0; k < filters->shape[0]; k++) {
        if (filters->bitmap[k / 8] >> (k % 8) & 1)
            memcpy(filters->live + size * (size_t)at++, filters->all + size * (size_t)k, size);
    }
    return SNED_OK;
}

/* One way to write a layer's weights. */
struct candidate {
    uint8_t form;
    size_t cost; /* bytes of bit map, size and stream */
    struct buffer stream;
};

/* Keeps the cheaper of *best and `format` with or without dead filters; the first of equally small ones. */
static sned_status try_format(const struct filters *filters, enum weight_format format, bool without_dead,
                              struct candidate *best, sned_error *error)
{
    struct candidate tried = {.form = (uint8_t)(format | (without_dead ? FORM_DEAD : 0))};
    sned_status status =
        sned_weights_encode(format, without_dead ? filters->live : filters->all,
                            without_dead ? filters->live_shape : filters->shape, &tried.stream, error);
    if (status == SNED_OK) {
        tried.cost = tried.stream.size + varint_size(tried.stream.size) +
                     (without_dead ? bitmap_size(filters->shape) : 0);
        if (best->cost == 0 || tried.cost < best->cost) {
            struct candidate worse = *best;
            *best = tried;
            tried = worse;
        }
    }
    sned_buffer_free(&tried.stream);
    return status;
}

sned_status sned_write_layer_stream(struct writer *writer, const struct tensor *weights,
                                    struct layer_storage *storage, sned_error *error)
{
    sned_status status;
    struct filters filters = {0};
    struct candidate best = {0};
    SNED_TRY_DONE(split_filters(&filters, weights, error));
    for (int without_dead = 0; without_dead <= (filters.live != NULL); without_dead++)
        SNED_TRY_DONE(try_format(&filters, storage->format, without_dead, &best, error));
    const size_t start = writer->buffer.size;
    sned_write_u8(writer, best.form);
    if (best.form & FORM_DEAD)
        sned_write_bytes(writer, filters.bitmap, bitmap_size(filters.shape));
    sned_write_varint(writer, best.stream.size);
    sned_write_bytes(writer, best.stream.data, best.stream.size);
    describe_stream(storage, storage->format, writer->buffer.size - start, best.stream.size);
    if (writer->status != SNED_OK)
        status = sned_fail(error, writer->status, "out of memory for a layer's weights");
done:
    sned_buffer_free(&best.stream);
    filters_free(&filters);
    return status;
}

/* Weights `index` of a node, with their biases and scalings. */
static sned_status write_layer(struct writer *writer, const struct graph *graph, const struct node *node,
                               int index, struct layer_storage *storage, sned_error *error)
{
    const struct tensor *weights = &graph->tensors[node_weights(node, index)];
    const int bias = node_bias(node, index);
    const struct integer_rule *rule = &node->rules[index];
    SNED_TRY(sned_write_layer_stream(writer, weights, storage, error));
    const size_t start = writer->buffer.size;
    if (bias >= 0) {
        const int32_t *biases = graph->tensors[bias].data;
        for (int64_t k = 0; k < weights->shape.dim[0]; k++)
            sned_write_zigzag(writer, biases[k]);
    }
    const size_t end = writer->buffer.size;
    sned_write_scalings(writer, rule->scalings, (size_t)rule->scaling_count);
    describe_constants(storage, end - start, writer->buffer.size - end);
    return SNED_OK;
}

static void write_table(struct writer *writer, const uint16_t *table, int count)
{
    for (int i = 0; i < count; i++)
        sned_write_zigzag(writer, (int32_t)table[i] - (i ? table[i - 1] : 0));
}

int sned_node_table(const struct node *node)
{
    return sned_table_size(node->op) > 0 ? node->inputs[node->input_count - 1] : -1;
}

sned_status sned_write_weights_section(struct writer *writer, const struct graph *graph,
                                       struct layer_storage *storage, sned_error *error)
{
    for (int i = 0; i < graph->node_count; i++) {
        const struct node *node = &graph->nodes[i];
        if (sned_node_table(node) >= 0)
            write_table(writer, graph->tensors[sned_node_table(node)].data, sned_table_size(node->op));
        for (int w = 0; w < sned_node_weight_count(node); w++) {
            sned_status status = write_layer(writer, graph, node, w, storage++, error);
            if (status != SNED_OK)
                return sned_error_context(error, status, "layer '%.80s'", node->name);
        }
    }
    return writer->status == SNED_OK
               ? SNED_OK
               : sned_fail(error, writer->status, "out of memory for the weights' section");
}

/* ---- reading ---- */

/* How many filters the bit map keeps; all of them where there is none. */
static sned_status read_bitmap(struct reader *reader, const int shape[4], bool has_map,
                               const uint8_t **bitmap, int *live, sned_error *error)
{
    *live = shape[0];
    *bitmap = NULL;
    if (!has_map)
        return SNED_OK;
    *bitmap = sned_read_bytes(reader, bitmap_size(shape));
    if (!*bitmap)
        return sned_fail_damaged("the map of filters", error);
    *live = 0;
    for (size_t i = 0; i < bitmap_size(shape); i++)
        *live += __builtin_popcount((*bitmap)[i]);
    if (shape[0] % 8 && (*bitmap)[shape[0] / 8] >> (shape[0] % 8))
        return sned_fail(error, SNED_ERROR_FORMAT, "the map names filters past the last of %d", shape[0]);
    return SNED_OK;
}

sned_status sned_find_layer_stream(struct reader *reader, const struct tensor *weights,
                                   struct packed_weights *packed, struct layer_storage *storage,
                                   sned_error *error)
{
    const size_t start = reader->position;
    int shape[4];
    sned_layer_shape(weights, shape);
    const uint8_t form = sned_read_u8(reader);
    if (form >> CODING_SHIFT & CODING_MASK)
        return sned_fail(error, SNED_ERROR_UNSUPPORTED,
                         "weights in coding %d are not known; a newer version of sned may read them",
                         form >> CODING_SHIFT & CODING_MASK);
    packed->format = (enum weight_format)(form & FORMAT_MASK);
    SNED_TRY(read_bitmap(reader, shape, form & FORM_DEAD, &packed->live, &packed->filters, error));
    packed->size = (size_t)sned_read_integer(reader, 0, INT64_MAX);
    packed->data = sned_read_bytes(reader, packed->size);
    if (reader->failed)
        return sned_fail_damaged("the stream of weights", error);
    describe_stream(storage, packed->format, reader->position - start, packed->size);
    return SNED_OK;
}

static sned_status read_biases(struct reader *reader, struct tensor *tensor, sned_error *error)
{
    size_t count = sned_shape_elements(&tensor->shape);
    int32_t *biases;
    if (count > sned_reader_left(reader))
        return sned_fail_damaged("the list of biases", error);
    SNED_TRY(sned_alloc(&biases, count, sizeof *biases, error));
    tensor->data = biases;
    for (size_t k = 0; k < count; k++)
        biases[k] = (int32_t)sned_read_zigzag(reader, INT32_MIN, INT32_MAX);
    return reader->failed ? sned_fail_damaged("the list of biases", error) : SNED_OK;
}

static sned_status read_layer(struct reader *reader, struct graph *graph, struct node *node, int index,
                              struct packed_weights *packed, struct layer_storage *storage, sned_error *error)
{
    const int tensor = node_weights(node, index);
    const struct tensor *weights = &graph->tensors[tensor];
    SNED_TRY(sned_find_layer_stream(reader, weights, &packed[tensor], storage, error));
    const size_t start = reader->position, count = (size_t)weights->shape.dim[0];
    if (node_bias(node, index) >= 0)
        SNED_TRY(read_biases(reader, &graph->tensors[node_bias(node, index)], error));
    const size_t end = reader->position;
    SNED_TRY(sned_read_scalings(reader, &node->rules[index].scalings, count, error));
    node->rules[index].scaling_count = (int)count;
    describe_constants(storage, end - start, reader->position - end);
    return SNED_OK;
}

static sned_status read_table(struct reader *reader, struct tensor *tensor, sned_error *error)
{
    const int count = (int)tensor->shape.dim[0];
    uint16_t *table;
    SNED_TRY(sned_alloc(&table, (size_t)count, sizeof *table, error));
    tensor->data = table;
    for (int i = 0, before = 0; i < count; i++, before = table[i - 1])
        table[i] = (uint16_t)(before + sned_read_zigzag(reader, -before, UINT16_MAX - before));
    return reader->failed ? sned_fail_damaged("the table", error) : SNED_OK;
}

sned_status sned_check_weights(const struct graph *graph, size_t bytes, sned_error *error)
{
    size_t total = 0, limit = FREE_WEIGHTS;
    limit = bytes < SNED_MAX_WEIGHTS / WEIGHTS_PER_BYTE ? limit + bytes * WEIGHTS_PER_BYTE : SNED_MAX_WEIGHTS;
    limit = limit < SNED_MAX_WEIGHTS ? limit : SNED_MAX_WEIGHTS;
    for (int i = 0; i < graph->node_count; i++) {
        const struct node *node = &graph->nodes[i];
        for (int w = 0; w < sned_node_weight_count(node); w++) {
            const size_t weights = sned_shape_elements(&graph->tensors[node_weights(node, w)].shape);
            if (weights > limit - total)
                return sned_fail(error, SNED_ERROR_FORMAT,
                                 "layer '%.80s' brings the weights to more than %zu, too many for %zu bytes",
                                 node->name, limit, bytes);
            total += weights;
        }
    }
    return SNED_OK;
}

sned_status sned_read_weights_section(struct reader *reader, struct graph *graph,
                                      struct packed_weights *packed, struct layer_storage *storage,
                                      sned_error *error)
{
    SNED_TRY(sned_check_weights(graph, sned_reader_left(reader), error));
    for (int i = 0; i < graph->node_count; i++) {
        struct node *node = &graph->nodes[i];
        sned_status status = SNED_OK;
        if (sned_node_table(node) >= 0)
            status = read_table(reader, &graph->tensors[sned_node_table(node)], error);
        for (int w = 0; w < sned_node_weight_count(node) && status == SNED_OK; w++) {
            status = read_layer(reader, graph, node, w, packed, storage++, error);
        }
        if (status != SNED_OK)
            return sned_error_context(error, status, "layer '%.80s'", node->name);
    }
    return sned_reader_left(reader) == 0
               ? SNED_OK
               : sned_fail(error, SNED_ERROR_FORMAT, "%zu bytes too many", sned_reader_left(reader));
}
