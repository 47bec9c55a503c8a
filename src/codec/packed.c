/*
 * packed.c - a layer's weights out of the file, by blocks of rows.
 *
 * Filters that are all zero may be left out of a file. Then a block of the decoder, so many rows one behind
 * the other, becomes more rows: it goes from its first row to the first one of the next block.
 */
#include "codec/packed.h"
#include "codec/sections.h"
#include "base/system.h"
#include "base/thread.h"

#include <string.h>

enum { BLOCK_WEIGHTS = 1 << 16 /* of a block of weights that lie in memory, about */ };

static bool is_live(const struct packed_weights *packed, size_t row)
{
    return !packed->live || packed->live[row / 8] >> (row % 8) & 1;
}

/* `live` filters one behind the other to their places among [first, first + count), from the last; zeros for
 * those left out. */
static void spread_filters(const struct packed_weights *packed, int8_t *weights, size_t first, size_t count,
                           size_t live, size_t columns)
{
    for (size_t k = count; packed->live && k-- > 0;) {
        int8_t *place = weights + k * columns;
        if (is_live(packed, first + k))
            memmove(place, weights + --live * columns, columns);
        else
            memset(place, 0, columns);
    }
}

/* ---- opening ---- */

static size_t rows_of(size_t weights, size_t columns)
{
    return columns < weights ? weights / columns : 1;
}

static void open_dense(struct weight_rows *rows, const int8_t *weights)
{
    rows->dense = weights;
    rows->block_rows = rows_of(BLOCK_WEIGHTS, rows->columns);
    rows->most_rows = rows->block_rows < rows->rows ? rows->block_rows : rows->rows;
    rows->blocks = (rows->rows + rows->block_rows - 1) / rows->block_rows;
}

static void set_size(struct weight_rows *rows, const struct tensor *weights)
{
    *rows = (struct weight_rows){.rows = (size_t)weights->shape.dim[0]};
    rows->columns = sned_shape_elements(&weights->shape) / rows->rows;
}

void sned_weight_rows_of(struct weight_rows *rows, const struct tensor *weights)
{
    set_size(rows, weights);
    open_dense(rows, weights->data);
}

static sned_status open_decoded(struct weight_rows *rows, const struct packed_weights *packed,
                                const int shape[4], sned_error *error)
{
    SNED_TRY(sned_alloc_unset(&rows->decoded, rows->rows, rows->columns, error));
    SNED_TRY(sned_weights_decode(packed->format, packed->data, packed->size, shape, rows->decoded, error));
    spread_filters(packed, rows->decoded, 0, rows->rows, (size_t)shape[0], rows->columns);
    open_dense(rows, rows->decoded);
    return SNED_OK;
}

/* Where the blocks of a decoder, of block_rows of the rows that the file has, begin among all rows, and which
 * is the largest. */
static sned_status find_blocks(struct weight_rows *rows, size_t block_rows, size_t filters, sned_error *error)
{
    rows->block_rows = block_rows;
    rows->blocks = (filters + block_rows - 1) / block_rows;
    SNED_TRY(sned_alloc(&rows->first, rows->blocks + 1, sizeof *rows->first, error));
    for (size_t row = 0, live = 0; row < rows->rows; row++)
        if (is_live(rows->packed, row) && live++ % block_rows == 0)
            rows->first[(live - 1) / block_rows] = row;
    rows->first[0] = 0;
    rows->first[rows->blocks] = rows->rows;
    for (size_t b = 0; b < rows->blocks; b++)
        if (sned_weight_rows_count(rows, b) > rows->most_rows)
            rows->most_rows = sned_weight_rows_count(rows, b);
    return SNED_OK;
}

/* The weight with which a block begins, of those that the file has. */
static size_t block_begin(const struct weight_rows *rows, size_t block)
{
    const size_t begin = block * rows->block_rows * rows->columns;
    return begin < rows->stream.count ? begin : rows->stream.count;
}

/* Finds the blocks' places, by which the whole stream is proved to be sound. */
static sned_status open_parts(struct weight_rows *rows, sned_error *error)
{
    struct weight_place place = {0};
    SNED_TRY(
        find_blocks(rows, rows_of(sned_system_piece(), rows->columns), (size_t)rows->stream.shape[0], error));
    SNED_TRY(sned_alloc(&rows->places, rows->blocks, sizeof *rows->places, error));
    for (size_t b = 0; b < rows->blocks; b++) {
        rows->places[b] = place;
        SNED_TRY(sned_weights_decode_part(&rows->stream, &place, block_begin(rows, b),
                                          block_begin(rows, b + 1), NULL, error));
    }
    return SNED_OK;
}

static sned_status open_packed(struct weight_rows *rows, const struct packed_weights *packed,
                               const struct tensor *weights, sned_error *error)
{
    struct weight_stream *stream = &rows->stream;
    *stream = (struct weight_stream){.format = packed->format, .data = packed->data, .size = packed->size};
    sned_layer_shape(weights, stream->shape);
    stream->shape[0] = packed->filters;
    rows->packed = packed;
    if (packed->filters == 0)
        return open_decoded(rows, packed, stream->shape, error);
    SNED_TRY(sned_weights_check(stream->format, stream->shape, &stream->count, error));
    if (sned_weights_have_parts(stream))
        return open_parts(rows, error);
    SNED_TRY(sned_rans_open(&rows->decoder, stream->data, stream->size, (size_t)packed->filters,
                            rows->columns, error));
    return find_blocks(rows, rows->decoder.layer.block_rows, (size_t)packed->filters, error);
}

sned_status sned_weight_rows_open(struct weight_rows *rows, const struct packed_file *packed,
                                  const struct node *node, int index, sned_error *error)
{
    const int tensor = node_weights(node, index);
    const struct tensor *weights = &packed->graph->tensors[tensor];
    set_size(rows, weights);
    if (weights->data) {
        open_dense(rows, weights->data);
        return SNED_OK;
    }
    const sned_status status = open_packed(rows, &packed->weights[tensor], weights, error);
    if (status != SNED_OK)
        sned_weight_rows_close(rows);
    return sned_error_context(error, status, "layer '%.80s'", node->name);
}

void sned_weight_rows_close(struct weight_rows *rows)
{
    sned_rans_close(&rows->decoder);
    sned_free(rows->decoded);
    sned_free(rows->first);
    sned_free(rows->places);
    *rows = (struct weight_rows){0};
}

/* ---- blocks ---- */

size_t sned_weight_rows_first(const struct weight_rows *rows, size_t block)
{
    return rows->dense ? block * rows->block_rows : rows->first[block];
}

size_t sned_weight_rows_count(const struct weight_rows *rows, size_t block)
{
    const size_t end = block + 1 < rows->blocks ? sned_weight_rows_first(rows, block + 1) : rows->rows;
    return end - sned_weight_rows_first(rows, block);
}

sned_status sned_weight_rows_read(const struct weight_rows *rows, size_t block, int8_t *room,
                                  const int8_t **weights, sned_error *error)
{
    const size_t first = sned_weight_rows_first(rows, block);
    size_t live;
    if (rows->dense) {
        *weights = rows->dense + first * rows->columns;
        return SNED_OK;
    }
    *weights = room;
    if (rows->places) {
        struct weight_place place = rows->places[block];
        const size_t begin = block_begin(rows, block), end = block_begin(rows, block + 1);
        live = (end - begin) / rows->columns;
        SNED_TRY(sned_weights_decode_part(&rows->stream, &place, begin, end, room, error));
    } else {
        live = rans_block_height(&rows->decoder.layer, block);
        SNED_TRY(sned_rans_decode_block(&rows->decoder, block, room, error));
    }
    spread_filters(rows->packed, room, first, sned_weight_rows_count(rows, block), live, rows->columns);
    return SNED_OK;
}

/* ---- a whole layer ---- */

struct unpacking {
    const struct graph *graph;
    const struct node *node;
    int index;
    struct weight_rows rows;
    int8_t *to; /* [rows][columns] */
};

static sned_status unpack_block(void *argument, size_t block, sned_error *error)
{
    const struct unpacking *unpacking = argument;
    const struct weight_rows *rows = &unpacking->rows;
    const size_t first = sned_weight_rows_first(rows, block), count = sned_weight_rows_count(rows, block);
    int8_t *to = unpacking->to + first * rows->columns;
    const int8_t *weights;
    SNED_TRY(sned_weight_rows_read(rows, block, to, &weights, error)); /* there, or decoded to there */
    return sned_node_check_rows(unpacking->graph, unpacking->node, unpacking->index, first, count, to, error);
}

sned_status sned_unpack_weights(const struct packed_file *packed, const struct node *node, int index,
                                int threads, sned_error *error)
{
    struct tensor *weights = &packed->graph->tensors[node_weights(node, index)];
    struct unpacking unpacking = {.graph = packed->graph, .node = node, .index = index};
    sned_status status;
    if (weights->data)
        return SNED_OK;
    SNED_TRY(sned_weight_rows_open(&unpacking.rows, packed, node, index, error));
    unpacking.to = unpacking.rows.decoded;
    unpacking.rows.decoded = NULL;
    if (!unpacking.to)
        SNED_TRY_DONE(sned_alloc_unset(&unpacking.to, unpacking.rows.rows, unpacking.rows.columns, error));
    status = sned_parallel_for(threads, unpacking.rows.blocks, unpack_block, &unpacking, error);
    sned_error_context(error, status, "layer '%.80s'", node->name);
done:
    sned_weight_rows_close(&unpacking.rows);
    if (status == SNED_OK)
        weights->data = unpacking.to;
    else
        sned_free(unpacking.to);
    return status;
}
