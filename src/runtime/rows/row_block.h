/*
 * row_block.h - some rows of a fully connected layer, in the form in which they are multiplied.
 *
 * At batch 1 each weight is used once, so that what counts is how few bytes go through memory, and how few
 * instructions each takes. Of the forms that the micro-kernels have (micro.h) each block of rows takes the
 * one that costs least by the column's costs:
 *
 *     ROWS_DENSE     every weight, with the input widened to 16 bits
 *     ROWS_BYTES     every weight, with the input in bytes
 *     ROWS_MASKED    a bit for every weight, and those that are not 0; the input in bytes
 *     ROWS_SPANS     those that are not 0, of 16 rows side by side, with their places within a span of
 *                    columns that moves along; the input in bytes
 *     ROWS_LISTED    those that are not 0 with their columns; the input widened
 */
#ifndef SNED_RUNTIME_ROWS_ROW_BLOCK_H
#define SNED_RUNTIME_ROWS_ROW_BLOCK_H

#include "base/error.h"
#include "runtime/micro/micro.h"

enum row_form { ROWS_DENSE, ROWS_BYTES, ROWS_MASKED, ROWS_SPANS, ROWS_LISTED, ROW_FORMS };

struct row_block {
    enum row_form form;
    double cost; /* of the form, in the unit of the costs; 0 where it was not chosen by them */
    size_t rows;
    void *memory; /* owned; the others point into it */
    const int8_t *values;
    const uint64_t *masks;   /* ROWS_MASKED */
    struct span_list spans;  /* ROWS_SPANS */
    const uint32_t *first;   /* ROWS_LISTED: [rows + 1] */
    const uint16_t *columns; /* ROWS_LISTED */
};

/* How a layer's blocks are made. */
struct row_plan {
    const struct micro_kernels *micro;
    size_t columns;
    bool bytes;       /* the input has 8 bits, and the column has kernels for some of them */
    bool streamed;    /* the layer is too large to stay in a processor's cache */
    bool tries_forms; /* work is what running it takes, not what the column's costs say */
};

/* Of rows * columns weights; and in a form that is wanted, whatever it costs. */
sned_status sned_row_block_make(struct row_block *block, const struct row_plan *plan, const int8_t *weights,
                                size_t rows, sned_error *error);
sned_status sned_row_block_make_as(struct row_block *block, const struct row_plan *plan, enum row_form form,
                                   const int8_t *weights, size_t rows, sned_error *error);
void sned_row_block_free(struct row_block *block);
/* sums[r] = the sum of row r's weights times the input, modulo 2^32; `bytes` and `wide` are the input as the
 * forms take it. */
void sned_row_block_run(const struct row_block *block, const struct row_plan *plan, const uint8_t *bytes,
                        const int16_t *wide, int32_t *sums);

static inline bool row_form_takes_bytes(enum row_form form)
{
    return form == ROWS_BYTES || form == ROWS_MASKED || form == ROWS_SPANS;
}

#endif
