/*
 * rans_encode.c - a layer's weights to a stream of rANS.
 *
 * The weights of a block are first listed as the symbols that the decoder will take, in its order. The lists
 * of all blocks are counted, which gives the frequencies; then each is coded from its end, since rANS is a
 * stack: what goes in last comes out first.
 */
#include "codec/coder/rans.h"

#include <string.h>

enum { BLOCK_WEIGHTS = 1 << 18 }; /* a block's weights, about: they and their lists stay in a cache */

struct symbol {
    uint8_t table, lane, is_value, symbol; /* a run, or a value's byte */
};

struct encoder {
    struct rans_layer layer;
    const int8_t *weights;
    uint32_t *columns; /* by class: rans_decoder has the same */
    size_t first[RANS_CLASSES + 1];
    struct symbol *symbols; /* of one block */
    size_t symbol_count, capacity;
    uint16_t *words;            /* of one block, the last first */
    uint16_t (*starts)[2][256]; /* [table_count]: where the slots of a symbol begin */
};

/* ---- symbols of a block ---- */

static sned_status add_symbol(struct encoder *encoder, int table, int lane, bool is_value, uint8_t symbol,
                              sned_error *error)
{
    if (encoder->symbol_count == encoder->capacity) {
        const size_t capacity = encoder->capacity ? 2 * encoder->capacity : 4096;
        SNED_TRY(sned_resize(&encoder->symbols, capacity, sizeof *encoder->symbols, error));
        encoder->capacity = capacity;
    }
    encoder->symbols[encoder->symbol_count++] =
        (struct symbol){(uint8_t)table, (uint8_t)lane, is_value, symbol};
    return SNED_OK;
}

/* A run of zeros in front of a value, or of the end. */
static sned_status add_run(struct encoder *encoder, int table, int pair, size_t run, sned_error *error)
{
    const size_t most = (size_t)encoder->layer.tables[table].runs;
    for (; run >= most; run -= most)
        SNED_TRY(add_symbol(encoder, table, 2 * pair, false, (uint8_t)most, error));
    return add_symbol(encoder, table, 2 * pair, false, (uint8_t)run, error);
}

/* A cell of a block: where row class and column class meet. */
struct crossing {
    size_t first_row, height;
    int row_class, column_class, table;
};

static sned_status list_runs(struct encoder *encoder, const struct crossing *cell, sned_error *error)
{
    const uint32_t *columns = encoder->columns;
    const size_t begin = encoder->first[cell->column_class], end = encoder->first[cell->column_class + 1];
    size_t zeros = 0, rows = 0;
    int pair = 0;
    for (size_t r = cell->first_row; r < cell->first_row + cell->height; r++) {
        const int8_t *row = encoder->weights + r * encoder->layer.columns;
        if (encoder->layer.row_class[r] != cell->row_class)
            continue;
        rows++;
        for (size_t c = begin; c < end; c++) {
            const int8_t weight = row[columns[c]];
            if (weight == 0) {
                zeros++;
                continue;
            }
            SNED_TRY(add_run(encoder, cell->table, pair, zeros, error));
            SNED_TRY(add_symbol(encoder, cell->table, 2 * pair + 1, true, (uint8_t)weight, error));
            zeros = 0;
            pair = (pair + 1) % (RANS_LANES / 2);
        }
    }
    /* Zeros to the end, unless a weight is the last: the decoder sees for itself that it stands there. */
    return zeros > 0 ? add_run(encoder, cell->table, pair, zeros, error) : SNED_OK;
}

static sned_status list_direct(struct encoder *encoder, const struct crossing *cell, sned_error *error)
{
    const size_t begin = encoder->first[cell->column_class], end = encoder->first[cell->column_class + 1];
    for (size_t r = cell->first_row; r < cell->first_row + cell->height; r++) {
        const int8_t *row = encoder->weights + r * encoder->layer.columns;
        if (encoder->layer.row_class[r] != cell->row_class)
            continue;
        for (size_t c = begin; c < end; c++)
            SNED_TRY(add_symbol(encoder, cell->table, (int)((c - begin) % RANS_LANES), true,
                                (uint8_t)row[encoder->columns[c]], error));
    }
    return SNED_OK;
}

static sned_status list_block(struct encoder *encoder, size_t block, sned_error *error)
{
    const struct rans_layer *layer = &encoder->layer;
    struct crossing cell = {.first_row = block * layer->block_rows,
                            .height = rans_block_height(layer, block)};
    encoder->symbol_count = 0;
    for (cell.row_class = 0; cell.row_class < layer->row_classes; cell.row_class++)
        for (cell.column_class = 0; cell.column_class < layer->column_classes; cell.column_class++) {
            cell.table = layer->map[cell.row_class][cell.column_class];
            const enum rans_kind kind = layer->tables[cell.table].kind;
            if (kind == RANS_RUN)
                SNED_TRY(list_runs(encoder, &cell, error));
            else if (kind == RANS_DIRECT)
                SNED_TRY(list_direct(encoder, &cell, error));
        }
    return SNED_OK;
}

/* ---- frequencies ---- */

struct counts {
    uint64_t run[RANS_RUNS + 1], value[256];
};

/* What is too rare for a slot of its own is escaped. */
static void set_frequencies(struct rans_table *table, struct counts *counts)
{
    uint64_t total = 0;
    for (int i = 0; i < 256; i++)
        total += counts->value[i];
    for (int i = 0; i < 256; i++)
        if (i != RANS_ESCAPE && counts->value[i] * 2 * RANS_TOTAL < total) {
            counts->value[RANS_ESCAPE] += counts->value[i];
            counts->value[i] = 0;
        }
    sned_rans_normalize(table->run, counts->run, table->runs + 1);
    sned_rans_normalize(table->value, counts->value, 256);
}

static void set_starts(uint16_t starts[2][256], const struct rans_table *table)
{
    unsigned run = 0, value = 0;
    for (int i = 0; i <= table->runs; run += table->run[i], i++)
        starts[0][i] = (uint16_t)run;
    for (int k = 0; k < 255; value += table->value[rans_value(k)], k++)
        starts[1][rans_value(k)] = (uint16_t)value;
    starts[1][RANS_ESCAPE] = (uint16_t)value;
}

static sned_status make_frequencies(struct encoder *encoder, sned_error *error)
{
    struct rans_layer *layer = &encoder->layer;
    struct counts *counts;
    sned_status status;
    SNED_TRY(sned_alloc(&counts, (size_t)layer->table_count, sizeof *counts, error));
    SNED_TRY_DONE(sned_alloc(&encoder->starts, (size_t)layer->table_count, sizeof *encoder->starts, error));
    for (size_t b = 0; b < rans_blocks(layer); b++) {
        SNED_TRY_DONE(list_block(encoder, b, error));
        for (size_t i = 0; i < encoder->symbol_count; i++) {
            const struct symbol *symbol = &encoder->symbols[i];
            struct counts *of = &counts[symbol->table];
            (symbol->is_value ? of->value : of->run)[symbol->symbol]++;
        }
    }
    for (int t = 0; t < layer->table_count; t++) {
        set_frequencies(&layer->tables[t], &counts[t]);
        set_starts(encoder->starts[t], &layer->tables[t]);
    }
    status = SNED_OK;
done:
    sned_free(counts);
    return status;
}

/* ---- coding ---- */

/* The inverse of the decoder's pop_symbol; a state that would leave 32 bits gives a word away first. */
static void push(uint32_t *state, uint32_t start, uint32_t frequency, uint16_t **words)
{
    if (*state >= (uint64_t)frequency << (32 - RANS_BITS)) {
        *(*words)++ = (uint16_t)*state;
        *state >>= 16;
    }
    *state = *state / frequency * RANS_TOTAL + *state % frequency + start;
}

static uint16_t *code_symbol(const struct encoder *encoder, const struct symbol *symbol, uint32_t *states,
                             uint16_t *words)
{
    const struct rans_table *table = &encoder->layer.tables[symbol->table];
    const uint16_t *frequencies = symbol->is_value ? table->value : table->run;
    const uint16_t *starts = encoder->starts[symbol->table][symbol->is_value];
    uint32_t *state = &states[symbol->lane];
    uint8_t coded = symbol->symbol;
    if (frequencies[coded] == 0) { /* a value without slots */
        push(state, 16u * coded, 16, &words);
        coded = RANS_ESCAPE;
    }
    push(state, starts[coded], frequencies[coded], &words);
    return words;
}

/* The states, then the words, in the decoder's order; the number of words. */
static size_t code_block(const struct encoder *encoder, struct writer *writer)
{
    uint32_t states[RANS_LANES];
    uint16_t *words = encoder->words;
    for (int lane = 0; lane < RANS_LANES; lane++)
        states[lane] = RANS_LOW;
    for (size_t i = encoder->symbol_count; i > 0; i--)
        words = code_symbol(encoder, &encoder->symbols[i - 1], states, words);
    for (int lane = 0; lane < RANS_LANES; lane++)
        sned_write_u32(writer, states[lane]);
    const size_t count = (size_t)(words - encoder->words);
    while (words > encoder->words)
        sned_write_u16(writer, *--words);
    return count;
}

static sned_status code_blocks(struct encoder *encoder, struct writer *writer, sned_error *error)
{
    struct writer blocks = {0};
    sned_status status = SNED_OK;
    for (size_t b = 0; b < rans_blocks(&encoder->layer); b++) {
        SNED_TRY_DONE(list_block(encoder, b, error));
        SNED_TRY_DONE(sned_resize(&encoder->words, 2 * encoder->symbol_count, sizeof *encoder->words, error));
        sned_write_varint(writer, code_block(encoder, &blocks));
    }
    sned_write_bytes(writer, blocks.buffer.data, blocks.buffer.size);
    if (blocks.status != SNED_OK)
        status = sned_fail(error, blocks.status, "out of memory for weights");
done:
    sned_writer_free(&blocks);
    return status;
}

/* ---- */

sned_status sned_rans_encode(struct writer *writer, const int8_t *weights, size_t rows, size_t columns,
                             sned_error *error)
{
    struct encoder encoder = {.layer = {.rows = rows, .columns = columns}, .weights = weights};
    struct rans_layer *layer = &encoder.layer;
    sned_status status;
    layer->block_rows = BLOCK_WEIGHTS / columns > 0 ? BLOCK_WEIGHTS / columns : 1;
    layer->block_rows = layer->block_rows < rows ? layer->block_rows : rows ? rows : 1;
    SNED_TRY_DONE(sned_rans_classify(layer, weights, error));
    SNED_TRY_DONE(sned_rans_order_columns(layer, &encoder.columns, encoder.first, error));
    SNED_TRY_DONE(make_frequencies(&encoder, error));
    sned_rans_write_layer(writer, layer);
    SNED_TRY_DONE(code_blocks(&encoder, writer, error));
done:
    sned_rans_layer_free(layer);
    sned_free(encoder.columns);
    sned_free(encoder.symbols);
    sned_free(encoder.words);
    sned_free(encoder.starts);
    return status;
}
