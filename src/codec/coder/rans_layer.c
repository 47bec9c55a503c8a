/*
 * rans_layer.c - what stands before the blocks of a layer: how many rows a block has, the classes of rows and
 * of columns, the cells' tables.
 */
#include "codec/coder/rans.h"

void sned_rans_layer_free(struct rans_layer *layer)
{
    sned_free(layer->row_class);
    sned_free(layer->column_class);
    sned_free(layer->tables);
    *layer = (struct rans_layer){0};
}

/* Bits that tell one of `count` from the others. */
static int bits_for(int count)
{
    int bits = 0;
    while (1 << bits < count)
        bits++;
    return bits;
}

/* Fields of `bits` bits from the least significant bit of each byte upwards; those that fill the last are
 * 0. */
static void write_fields(struct writer *writer, const uint8_t *fields, size_t count, int bits)
{
    unsigned pending = 0;
    int held = 0;
    for (size_t i = 0; i < count && bits > 0; i++) {
        pending |= (unsigned)fields[i] << held;
        for (held += bits; held >= 8; held -= 8, pending >>= 8)
            sned_write_u8(writer, (uint8_t)pending);
    }
    if (held > 0)
        sned_write_u8(writer, (uint8_t)pending);
}

/* count fields below `limit`. */
static void read_fields(struct reader *reader, uint8_t *fields, size_t count, int limit)
{
    const int bits = bits_for(limit);
    const size_t size = (count * (size_t)bits + 7) / 8; /* count is that of an array in memory */
    const uint8_t *data = sned_read_bytes(reader, size);
    unsigned pending = 0;
    int held = 0;
    if (!data || bits == 0)
        return; /* the fields are 0 */
    for (size_t i = 0; i < count; i++) {
        if (held < bits) {
            pending |= (unsigned)*data++ << held;
            held += 8;
        }
        fields[i] = (uint8_t)(pending & ((1u << bits) - 1));
        pending >>= bits;
        held -= bits;
        if (fields[i] >= limit)
            reader->failed = true;
    }
    if (pending)
        reader->failed = true;
}

void sned_rans_write_layer(struct writer *writer, const struct rans_layer *layer)
{
    sned_write_varint(writer, layer->block_rows);
    sned_write_u8(writer, (uint8_t)layer->row_classes);
    sned_write_u8(writer, (uint8_t)layer->column_classes);
    sned_write_u8(writer, (uint8_t)layer->table_count);
    write_fields(writer, layer->row_class, layer->rows, bits_for(layer->row_classes));
    write_fields(writer, layer->column_class, layer->columns, bits_for(layer->column_classes));
    for (int i = 0; i < layer->row_classes; i++)
        write_fields(writer, layer->map[i], (size_t)layer->column_classes, bits_for(layer->table_count));
    for (int t = 0; t < layer->table_count; t++)
        sned_rans_write_table(writer, &layer->tables[t]);
}

static int read_count(struct reader *reader, int most)
{
    const int count = sned_read_u8(reader);
    if (count < 1 || count > most)
        reader->failed = true;
    return reader->failed ? 1 : count;
}

sned_status sned_rans_read_layer(struct reader *reader, struct rans_layer *layer, sned_error *error)
{
    const uint64_t block_rows = sned_read_varint(reader);
    layer->row_classes = read_count(reader, RANS_CLASSES);
    layer->column_classes = read_count(reader, RANS_CLASSES);
    layer->table_count = read_count(reader, RANS_TABLES);
    if (block_rows < 1 || block_rows > (layer->rows ? layer->rows : 1))
        reader->failed = true;
    if (reader->failed)
        return sned_fail(error, SNED_ERROR_FORMAT, "rans: the head of the stream is damaged");
    layer->block_rows = (size_t)block_rows;
    SNED_TRY(sned_alloc(&layer->row_class, layer->rows, 1, error));
    SNED_TRY(sned_alloc(&layer->column_class, layer->columns, 1, error));
    SNED_TRY(sned_alloc(&layer->tables, (size_t)layer->table_count, sizeof *layer->tables, error));
    read_fields(reader, layer->row_class, layer->rows, layer->row_classes);
    read_fields(reader, layer->column_class, layer->columns, layer->column_classes);
    for (int i = 0; i < layer->row_classes; i++)
        read_fields(reader, layer->map[i], (size_t)layer->column_classes, layer->table_count);
    if (reader->failed)
        return sned_fail(error, SNED_ERROR_FORMAT, "rans: the classes of rows and columns are damaged");
    for (int t = 0; t < layer->table_count; t++)
        if (!sned_rans_read_table(reader, &layer->tables[t]))
            return sned_fail(error, SNED_ERROR_FORMAT, "rans: table %d is damaged", t);
    return SNED_OK;
}

sned_status sned_rans_order_columns(const struct rans_layer *layer, uint32_t **columns,
                                    size_t first[RANS_CLASSES + 1], sned_error *error)
{
    size_t at = 0;
    SNED_TRY(sned_alloc(columns, layer->columns, sizeof **columns, error));
    for (int k = 0; k < layer->column_classes; k++) {
        first[k] = at;
        for (size_t c = 0; c < layer->columns; c++)
            if (layer->column_class[c] == k)
                (*columns)[at++] = (uint32_t)c;
    }
    first[layer->column_classes] = at;
    return SNED_OK;
}
