/*
 * rans.h - a layer's weights by static, interleaved rANS: small, fast, and any block of rows by itself
 * (docs/format.md, "Format 4, rans").
 *
 * A layer is a matrix, a row a filter. Rows are divided into a few classes of like density and magnitude,
 * and so are columns; where a class of rows meets a class of columns is a cell, whose weights are alike.
 * Each cell has a table of frequencies (cells may share one), and its weights are read row by row as one
 * sequence:
 *
 *            columns                         sequence of cell A, of a table with runs:
 *           B A A B A
 *          +---------+                         (zeros before a weight, weight) ... (zeros to the end)
 *        1 |. x y . z|   cell A of rows 1:
 *        2 |. . . . .|     x y z u v w       of a table without: every weight, zeros too
 *        1 |. u v . w|                       of an empty table: nothing, all of it is zero
 *          +---------+
 *
 * The symbols are coded with their frequencies in 4096 by rANS (Duda, "Asymmetric numeral systems", 2013), 8
 * states side by side that take 16-bit words from one stream (Giesen, "Interleaved entropy coders", 2014): a
 * processor works on all eight at once. Rows that follow each other, a quarter of a million weights, are a
 * block with states and words of its own, found by an index.
 */
#ifndef SNED_CODEC_CODER_RANS_H
#define SNED_CODEC_CODER_RANS_H

#include "base/bytes.h"

enum {
    RANS_BITS = 12, /* of a frequency */
    RANS_TOTAL = 1 << RANS_BITS,
    RANS_LOW = 1 << 16, /* states are at least that, and where nothing is coded exactly that */
    RANS_LANES = 8,
    RANS_CLASSES = 16, /* of rows, of columns: at most */
    RANS_TABLES = 64,  /* at most */
    RANS_RUNS = 254,   /* symbols of runs, at most; the one behind them goes on: so many zeros, and more */
    RANS_ESCAPE = 128, /* in place of a value's byte, which is not -128: the byte itself follows */
};

/* The frequencies of a cell's symbols. */
enum rans_kind { RANS_EMPTY, RANS_DIRECT, RANS_RUN };
struct rans_table {
    enum rans_kind kind;
    int runs;                    /* of RANS_RUN: symbols 0 .. runs - 1 are runs, `runs` goes on */
    uint16_t run[RANS_RUNS + 1]; /* [runs + 1], in 4096 */
    uint16_t value[256];         /* by the value's byte; [RANS_ESCAPE]: not in the table */
};

/* What stands before the blocks of a layer. */
struct rans_layer {
    size_t rows, columns;
    size_t block_rows; /* rows of a block; of the last, what is left */
    int row_classes, column_classes, table_count;
    uint8_t *row_class, *column_class;       /* [rows], [columns]; owned */
    uint8_t map[RANS_CLASSES][RANS_CLASSES]; /* cell to table */
    struct rans_table *tables;               /* [table_count]; owned */
};
static inline size_t rans_blocks(const struct rans_layer *layer)
{
    return (layer->rows + layer->block_rows - 1) / layer->block_rows;
}
/* Rows of a block, which begins at row block * layer->block_rows. */
static inline size_t rans_block_height(const struct rans_layer *layer, size_t block)
{
    const size_t left = layer->rows - block * layer->block_rows;
    return left < layer->block_rows ? left : layer->block_rows;
}
void sned_rans_layer_free(struct rans_layer *layer);

/* rans_layer.c: what stands before the index. Reading trusts nothing; rows and columns are set before. */
void sned_rans_write_layer(struct writer *writer, const struct rans_layer *layer);
sned_status sned_rans_read_layer(struct reader *reader, struct rans_layer *layer, sned_error *error);
/* The columns of class 0, then of class 1, ...; class k's begin at first[k]. The caller frees *columns. */
sned_status sned_rans_order_columns(const struct rans_layer *layer, uint32_t **columns,
                                    size_t first[RANS_CLASSES + 1], sned_error *error);

/* rans_table.c: the k-th value that a table lists: 0 (RANS_DIRECT alone), 1, -1, 2, -2 ...; its byte. Symbols
 * lie in 4096 slots in that order, the escape last. */
static inline uint8_t rans_value(int k)
{
    return (uint8_t)(k & 1 ? (k + 1) / 2 : -(k / 2));
}
void sned_rans_write_table(struct writer *writer, const struct rans_table *table);
bool sned_rans_read_table(struct reader *reader, struct rans_table *table); /* false: damaged */
/* Frequencies of `count` symbols in proportion to how often they occur, with the sum RANS_TOTAL, none that
 * occurs below 1. All 0: all stay 0. */
void sned_rans_normalize(uint16_t *frequencies, const uint64_t *occur, int count);

/* rans_classes.c: the classes of rows and columns and the cells' tables that make `weights` [rows][columns]
 * small; the tables' kinds and runs are set, not their frequencies. By integers alone: the same
 * everywhere. */
sned_status sned_rans_classify(struct rans_layer *layer, const int8_t *weights, sned_error *error);

/* rans_encode.c: the whole stream of a layer. */
sned_status sned_rans_encode(struct writer *writer, const int8_t *weights, size_t rows, size_t columns,
                             sned_error *error);

/* rans_decode.c: an untrusted stream, opened once; then its blocks in any order, from any threads. */
struct rans_decoder {
    struct rans_layer layer;
    uint32_t *slots;                /* [table_count][2][RANS_TOTAL]: of runs, of values; owned */
    uint32_t *columns;              /* [columns], by class; owned */
    size_t first[RANS_CLASSES + 1]; /* where in it a class begins */
    size_t *offsets;                /* [blocks + 1]: into `data`; owned */
    const uint8_t *data;            /* borrowed: of the blocks */
};
sned_status sned_rans_open(struct rans_decoder *decoder, const uint8_t *data, size_t size, size_t rows,
                           size_t columns, sned_error *error);
/* Writes all of block `block`: [rans_block_height][columns]. */
sned_status sned_rans_decode_block(const struct rans_decoder *decoder, size_t block, int8_t *weights,
                                   sned_error *error);
void sned_rans_close(struct rans_decoder *decoder);

#endif
