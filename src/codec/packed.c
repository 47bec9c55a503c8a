/*
 * packed.c - a layer's weights out of the file, by blocks of rows.
 *
 * Filters that are all zero may be left out of a file. Then a part of the decoder, so many rows one behind
 * the other, becomes more rows: it goes from its first row to the first one of the next part. A block is a
 * part, or several.
 */
#include "codec/packed.h"
#include "codec/sections.h"
#include "base/system.h"
#include "base/thread.h"

#include <string.h>

enum {
    PART_WEIGHTS = 1 << 16,  /* of a part of weights that lie in memory, about */
    JOINED_WEIGHTS = 1 << 21 /* of a block of several parts, at most: there is room for one for each thread */
};

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

/* ---- parts ---- */

/* Where a part begins; the one behind the last: where all ends. */
static size_t part_first(const struct weight_rows *rows, size_t part)
{
    if (part == rows->parts)
        return rows->rows;
    return rows->dense ? part * rows->part_rows : rows->first[part];
}

/* The weight with which a part begins, of those that the file has. */
static size_t part_begin(const struct weight_rows *rows, size_t part)
{
    const size_t begin = part * rows->part_rows * rows->columns;
    return begin < rows->stream.count ? begin : rows->stream.count;
}

static sned_status read_part(const struct weight_rows *rows, size_t part, int8_t *room, sned_error *error)
{
    const size_t first = part_first(rows, part);
    size_t live;
    if (rows->places) {
        struct weight_place place = rows->places[part];
        const size_t begin = part_begin(rows, part), end = part_begin(rows, part + 1);
        live = (end - begin) / rows->columns;
        SNED_TRY(sned_weights_decode_part(&rows->stream, &place, begin, end, room, error));
    } else {
        live = rans_block_height(&rows->decoder.layer, part);
        SNED_TRY(sned_rans_decode_block(&rows->decoder, part, room, error));
    }
    spread_filters(rows->packed, room, first, part_first(rows, part + 1) - first, live, rows->columns);
    return SNED_OK;
}

/* Blocks of so many parts; the last one has up to half as many more, or less. */
static void join_parts(struct weight_rows *rows, size_t joined)
{
    rows->joined = joined;
    rows->blocks = (rows->parts + joined / 2) / joined;
    rows->blocks += !rows->blocks;
    rows->most_rows = 0;
    for (size_t b = 0; b < rows->blocks; b++)
        if (sned_weight_rows_count(rows, b) > rows->most_rows)
            rows->most_rows = sned_weight_rows_count(rows, b);
}

/* ---- opening ---- */

static size_t rows_of(size_t weights, size_t columns)
{
    return columns < weights ? weights / columns : 1;
}

static void open_dense(struct weight_rows *rows, const int8_t *weights)
{
    rows->dense = weights;
    rows->part_rows = rows_of(PART_WEIGHTS, rows->columns);
    rows->parts = (rows->rows + rows->part_rows - 1) / rows->part_rows;
    join_parts(rows, 1);
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

/* Where the parts of a decoder, of part_rows of the rows that the file has, begin among all rows. */
static sned_status find_parts(struct weight_rows *rows, size_t part_rows, size_t filters, sned_error *error)
{
    rows->part_rows = part_rows;
    rows->parts = (filters + part_rows - 1) / part_rows;
    SNED_TRY(sned_alloc(&rows->first, rows->parts + 1, sizeof *rows->first, error));
    for (size_t row = 0, live = 0; row < rows->rows; row++)
        if (is_live(rows->packed, row) && live++ % part_rows == 0)
            rows->first[(live - 1) / part_rows] = row;
    rows->first[0] = 0;
    rows->first[rows->parts] = rows->rows;
    join_parts(rows, 1);
    return SNED_OK;
}

/* Finds the parts' places, by which the whole stream is proved to be sound. */
static sned_status open_parts(struct weight_rows *rows, sned_error *error)
{
    struct weight_place place = {0};
    SNED_TRY(
        find_parts(rows, rows_of(sned_system_piece(), rows->columns), (size_t)rows->stream.shape[0], error));
    SNED_TRY(sned_alloc(&rows->places, rows->parts, sizeof *rows->places, error));
    for (size_t p = 0; p < rows->parts; p++) {
        rows->places[p] = place;
        SNED_TRY(sned_weights_decode_part(&rows->stream, &place, part_begin(rows, p), part_begin(rows, p + 1),
                                          NULL, error));
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
    return find_parts(rows, rows->decoder.layer.block_rows, (size_t)packed->filters, error);
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

void sned_weight_rows_join(struct weight_rows *rows, size_t unit)
{
    size_t joined = 1;
    while (joined < unit && (unit - joined * rows->part_rows % unit) % unit * 16 > joined * rows->part_rows)
        joined++;
    join_parts(rows, joined);
    if (rows->most_rows * rows->columns > JOINED_WEIGHTS)
        join_parts(rows, 1);
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

static size_t block_part(const struct weight_rows *rows, size_t block)
{
    return block < rows->blocks ? block * rows->joined : rows->parts;
}

size_t sned_weight_rows_first(const struct weight_rows *rows, size_t block)
{
    return part_first(rows, block_part(rows, block));
}

size_t sned_weight_rows_count(const struct weight_rows *rows, size_t block)
{
    return sned_weight_rows_first(rows, block + 1) - sned_weight_rows_first(rows, block);
}

sned_status sned_weight_rows_read(const struct weight_rows *rows, size_t block, int8_t *room,
                                  const int8_t **weights, sned_error *error)
{
    const size_t first = sned_weight_rows_first(rows, block), end = block_part(rows, block + 1);
    *weights = rows->dense ? rows->dense + first * rows->columns : room;
    for (size_t part = block_part(rows, block); !rows->dense && part < end; part++)
        SNED_TRY(read_part(rows, part, room + (part_first(rows, part) - first) * rows->columns, error));
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
