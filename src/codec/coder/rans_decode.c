/*
 * rans_decode.c - the blocks of a stream back to weights.
 *
 * A symbol of a cell is taken from one of eight states, in turn, and what a state then lacks it reads from
 * the words that all of them share. take_symbol is the whole of the decoder; `step_runs` and `decode_direct`
 * say which symbol means what. take_eight is the same for eight symbols at once, on copies of the states,
 * which are undone and left to the plain one wherever anything is unusual: an escape, the end of a row, few
 * words left. So what goes by it checks nothing but that.
 */
#include "codec/coder/rans.h"

#include <string.h>

/* A slot:  31       20 19       8 7      0
 *         +-----------+----------+--------+
 *         |slot less  |frequency |symbol  |
 *         |the first  |less 1    |        |
 *         +-----------+----------+--------+
 */
enum { SYMBOL_BITS = 8, FIRST_SHIFT = 20, STATES_SIZE = 4 * RANS_LANES, GROUP_BYTES = 2 * RANS_LANES };

/* ---- opening ---- */

static uint32_t *fill_slots(uint32_t *slots, uint8_t symbol, unsigned frequency)
{
    for (unsigned i = 0; i < frequency; i++)
        *slots++ = i << FIRST_SHIFT | (frequency - 1) << SYMBOL_BITS | symbol;
    return slots;
}

static void make_slots(uint32_t *slots, const struct rans_table *table)
{
    uint32_t *runs = slots, *values = slots + RANS_TOTAL;
    for (int i = 0; table->kind == RANS_RUN && i <= table->runs; i++)
        runs = fill_slots(runs, (uint8_t)i, table->run[i]);
    for (int k = 0; table->kind != RANS_EMPTY && k < 255; k++)
        values = fill_slots(values, rans_value(k), table->value[rans_value(k)]);
    if (table->kind != RANS_EMPTY)
        fill_slots(values, RANS_ESCAPE, table->value[RANS_ESCAPE]);
}

static sned_status read_index(struct reader *reader, struct rans_decoder *decoder, sned_error *error)
{
    const size_t blocks = rans_blocks(&decoder->layer);
    size_t offset = 0;
    if (blocks > sned_reader_left(reader))
        return sned_fail(error, SNED_ERROR_FORMAT, "rans: %zu blocks announced, %zu bytes left", blocks,
                         sned_reader_left(reader));
    SNED_TRY(sned_alloc(&decoder->offsets, blocks + 1, sizeof *decoder->offsets, error));
    for (size_t b = 0; b < blocks; b++) {
        const uint64_t words = sned_read_varint(reader);
        if (words > sned_reader_left(reader) / 2)
            reader->failed = true;
        offset += reader->failed ? 0 : STATES_SIZE + 2 * (size_t)words;
        decoder->offsets[b + 1] = offset;
        if (offset > sned_reader_left(reader))
            reader->failed = true;
    }
    decoder->data = reader->data + reader->position;
    if (reader->failed || offset != sned_reader_left(reader))
        return sned_fail(error, SNED_ERROR_FORMAT, "rans: the index of blocks does not fit the stream");
    return SNED_OK;
}

sned_status sned_rans_open(struct rans_decoder *decoder, const uint8_t *data, size_t size, size_t rows,
                           size_t columns, sned_error *error)
{
    struct reader reader;
    *decoder = (struct rans_decoder){.layer = {.rows = rows, .columns = columns}};
    struct rans_layer *layer = &decoder->layer;
    sned_status status;
    sned_reader_init(&reader, data, size);
    SNED_TRY_DONE(sned_rans_read_layer(&reader, layer, error));
    SNED_TRY_DONE(read_index(&reader, decoder, error));
    SNED_TRY_DONE(sned_rans_order_columns(layer, &decoder->columns, decoder->first, error));
    SNED_TRY_DONE(sned_alloc(&decoder->slots, (size_t)layer->table_count * 2 * RANS_TOTAL,
                             sizeof *decoder->slots, error));
    for (int t = 0; t < layer->table_count; t++)
        make_slots(decoder->slots + (size_t)t * 2 * RANS_TOTAL, &layer->tables[t]);
done:
    if (status != SNED_OK)
        sned_rans_close(decoder);
    return status;
}

void sned_rans_close(struct rans_decoder *decoder)
{
    sned_rans_layer_free(&decoder->layer);
    sned_free(decoder->slots);
    sned_free(decoder->columns);
    sned_free(decoder->offsets);
    *decoder = (struct rans_decoder){0};
}

/* ---- a symbol ---- */

struct rans_stream {
    uint32_t states[RANS_LANES];
    const uint8_t *words, *end;
    bool failed;
};

/* The state without its symbol; below RANS_LOW it needs a word. */
static inline uint32_t pop_symbol(uint32_t slot, uint32_t state)
{
    const uint32_t high = state >> RANS_BITS;
    return high * (slot >> SYMBOL_BITS & (RANS_TOTAL - 1)) + high + (slot >> FIRST_SHIFT);
}

static inline uint32_t read_word(const uint8_t *words)
{
    return (uint32_t)words[0] | (uint32_t)words[1] << 8;
}

static void refill(struct rans_stream *stream, uint32_t *state)
{
    if (*state >= RANS_LOW)
        return;
    if (stream->end - stream->words < 2) {
        stream->failed = true;
        return;
    }
    *state = *state << 16 | read_word(stream->words);
    stream->words += 2;
}

static uint8_t take_symbol(struct rans_stream *stream, int lane, const uint32_t *slots)
{
    uint32_t *state = &stream->states[lane];
    const uint32_t slot = slots[*state & (RANS_TOTAL - 1)];
    *state = pop_symbol(slot, *state);
    refill(stream, state);
    return (uint8_t)slot;
}

/* A byte of which nothing is known: 256 symbols of frequency 16. */
static uint8_t take_byte(struct rans_stream *stream, int lane)
{
    uint32_t *state = &stream->states[lane];
    const uint32_t slot = *state & (RANS_TOTAL - 1);
    *state = 16 * (*state >> RANS_BITS) + slot % 16;
    refill(stream, state);
    return (uint8_t)(slot / 16);
}

static uint8_t take_value(struct rans_stream *stream, int lane, const uint32_t *values)
{
    const uint8_t symbol = take_symbol(stream, lane, values);
    return symbol == RANS_ESCAPE ? take_byte(stream, lane) : symbol;
}

/* Eight symbols at once, from two tables in turn: no end to look for, and no branch, which a processor could
 * not foresee. What comes back is behind the words that were read. Unrolled, all of it is in registers. */
static inline const uint8_t *take_eight(uint32_t states[RANS_LANES], const uint32_t *even,
                                        const uint32_t *odd, const uint8_t *words,
                                        uint32_t symbols[RANS_LANES])
{
    for (int lane = 0; lane < RANS_LANES; lane++) {
        const uint32_t slot = (lane % 2 ? odd : even)[states[lane] & (RANS_TOTAL - 1)];
        const uint32_t state = pop_symbol(slot, states[lane]), lacks = state < RANS_LOW;
        symbols[lane] = slot & 255;
        states[lane] = state << (lacks << 4) | (read_word(words) & -lacks);
        words += 2 * lacks;
    }
    return words;
}

/* ---- a cell ---- */

/* Where a cell's next weight goes. */
struct cell {
    const uint8_t *classes; /* of the block's rows */
    size_t height, stride;  /* of the block: rows; from row to row */
    int row_class;          /* of this cell */
    const uint32_t *columns;
    size_t width; /* of the cell */
    int8_t *weights;
    size_t row, column; /* row == height: the cell's end */
};

static void next_row(struct cell *cell)
{
    while (cell->row < cell->height && cell->classes[cell->row] != cell->row_class)
        cell->row++;
}

/* False: past the end. Just behind the last weight is no error yet. */
static bool move_on(struct cell *cell, size_t weights)
{
    cell->column += weights;
    while (cell->column >= cell->width && cell->row < cell->height) {
        cell->column -= cell->width;
        cell->row++;
        next_row(cell);
    }
    return cell->row < cell->height || cell->column == 0;
}

/* Zeros, then a value, or the end of the cell. False: damaged. */
static bool step_runs(struct rans_stream *stream, int pair, const uint32_t *slots, int goes_on,
                      struct cell *cell)
{
    int run;
    do {
        run = take_symbol(stream, 2 * pair, slots);
        if (!move_on(cell, (size_t)run) || stream->failed)
            return false;
    } while (run == goes_on);
    if (cell->row == cell->height)
        return true;
    const uint8_t value = take_value(stream, 2 * pair + 1, slots + RANS_TOTAL);
    cell->weights[cell->row * cell->stride + cell->columns[cell->column]] = (int8_t)value;
    return value != 0 && value != RANS_ESCAPE && !stream->failed && move_on(cell, 1);
}

/* Four pairs of run and value at once, as long as all four lie in the row where `cell` stands. */
static void group_runs(struct rans_stream *stream, const uint32_t *slots, uint32_t goes_on, struct cell *cell)
{
    const uint32_t *columns = cell->columns;
    const uint8_t *words = stream->words;
    int8_t *row = cell->weights + cell->row * cell->stride;
    uint32_t states[RANS_LANES], symbols[RANS_LANES];
    memcpy(states, stream->states, sizeof states);
    while (stream->end - words >= GROUP_BYTES) {
        size_t at[RANS_LANES / 2], column = cell->column;
        bool escapes = false;
        words = take_eight(states, slots, slots + RANS_TOTAL, words, symbols);
        for (int pair = 0; pair < RANS_LANES / 2; pair++) {
            escapes |= (symbols[2 * pair] == goes_on) | (symbols[2 * pair + 1] == RANS_ESCAPE);
            at[pair] = column + symbols[2 * pair];
            column = at[pair] + 1;
        }
        if (escapes || column >= cell->width)
            break;
        for (int pair = 0; pair < RANS_LANES / 2; pair++)
            row[columns[at[pair]]] = (int8_t)symbols[2 * pair + 1];
        cell->column = column;
        memcpy(stream->states, states, sizeof states);
        stream->words = words;
    }
}

static bool decode_runs(struct rans_stream *stream, const uint32_t *slots, int goes_on, struct cell *cell)
{
    while (cell->row < cell->height) {
        group_runs(stream, slots, (uint32_t)goes_on, cell);
        for (int pair = 0; pair < RANS_LANES / 2; pair++) {
            if (!step_runs(stream, pair, slots, goes_on, cell))
                return false;
            if (cell->row == cell->height)
                break;
        }
    }
    return true;
}

/* Eight weights of a row at once, as long as none is escaped; how many. */
static size_t group_direct(struct rans_stream *stream, const uint32_t *values, const uint32_t *columns,
                           size_t width, int8_t *row)
{
    const uint8_t *words = stream->words;
    uint32_t states[RANS_LANES], symbols[RANS_LANES];
    size_t c = 0;
    memcpy(states, stream->states, sizeof states);
    while (width - c >= RANS_LANES && stream->end - words >= GROUP_BYTES) {
        bool escapes = false;
        words = take_eight(states, values, values, words, symbols);
        for (int lane = 0; lane < RANS_LANES; lane++)
            escapes |= symbols[lane] == RANS_ESCAPE;
        if (escapes)
            break;
        for (int lane = 0; lane < RANS_LANES; lane++)
            row[columns[c + (size_t)lane]] = (int8_t)symbols[lane];
        c += RANS_LANES;
        memcpy(stream->states, states, sizeof states);
        stream->words = words;
    }
    return c;
}

/* One row of a cell without runs: each weight a symbol, zeros too. */
static bool decode_direct(struct rans_stream *stream, const uint32_t *values, const uint32_t *columns,
                          size_t width, int8_t *row)
{
    for (size_t c = 0; c < width;) {
        c += group_direct(stream, values, columns + c, width - c, row);
        for (int lane = 0; lane < RANS_LANES && c < width; lane++, c++) {
            const uint8_t value = take_value(stream, lane, values);
            if (value == RANS_ESCAPE || stream->failed)
                return false;
            row[columns[c]] = (int8_t)value;
        }
    }
    return true;
}

/* ---- a block ---- */

static bool decode_cell(const struct rans_decoder *decoder, int column_class, struct rans_stream *stream,
                        struct cell *cell)
{
    const int table = decoder->layer.map[cell->row_class][column_class];
    const struct rans_table *of = &decoder->layer.tables[table];
    const uint32_t *slots = decoder->slots + (size_t)table * 2 * RANS_TOTAL;
    cell->columns = decoder->columns + decoder->first[column_class];
    cell->width = decoder->first[column_class + 1] - decoder->first[column_class];
    cell->row = cell->column = 0;
    if (cell->width == 0 || of->kind == RANS_EMPTY)
        return true;
    next_row(cell);
    if (of->kind == RANS_RUN)
        return decode_runs(stream, slots, of->runs, cell);
    for (; cell->row < cell->height; cell->row++, next_row(cell))
        if (!decode_direct(stream, slots + RANS_TOTAL, cell->columns, cell->width,
                           cell->weights + cell->row * cell->stride))
            return false;
    return true;
}

/* All words are read, and the states are where the encoder began. */
static bool is_done(const struct rans_stream *stream)
{
    bool done = stream->words == stream->end;
    for (int lane = 0; lane < RANS_LANES; lane++)
        done = done && stream->states[lane] == RANS_LOW;
    return done;
}

sned_status sned_rans_decode_block(const struct rans_decoder *decoder, size_t block, int8_t *weights,
                                   sned_error *error)
{
    const struct rans_layer *layer = &decoder->layer;
    const uint8_t *data = decoder->data + decoder->offsets[block];
    struct rans_stream stream = {.words = data + STATES_SIZE,
                                 .end = decoder->data + decoder->offsets[block + 1]};
    struct cell cell = {.classes = layer->row_class + block * layer->block_rows,
                        .height = rans_block_height(layer, block),
                        .stride = layer->columns,
                        .weights = weights};
    bool good = true;
    memset(weights, 0, cell.height * cell.stride);
    for (int lane = 0; lane < RANS_LANES; lane++) {
        const uint8_t *state = data + 4 * lane;
        stream.states[lane] = read_word(state) | read_word(state + 2) << 16;
        good = good && stream.states[lane] >= RANS_LOW;
    }
    for (cell.row_class = 0; cell.row_class < layer->row_classes; cell.row_class++)
        for (int k = 0; k < layer->column_classes && good; k++)
            good = decode_cell(decoder, k, &stream, &cell);
    if (!good || !is_done(&stream))
        return sned_fail(error, SNED_ERROR_FORMAT, "rans: block %zu is damaged", block);
    return SNED_OK;
}
